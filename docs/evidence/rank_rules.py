"""Which rank rule should a library use? The counts, the table and the figure of `docs/rank.md`.

    python docs/evidence/rank_rules.py           # counts into results/rank/, then draws: four minutes
    python docs/evidence/rank_rules.py --quick   # prints the counts of one matrix in twenty, and writes nothing
    python docs/evidence/rank_rules.py --draw    # the tables and the figure of docs/rank.md, from results/rank/
    python docs/evidence/rank_rules.py "NAME"    # every rule at one matrix: a key, or another name of rank_matrices

Matrices are those of `rank_matrices.py`, and their ranks are proved by `rank_proofs.py`. What a rule sees is what
LAPACK computes in the precision of the matrix: singular values by xGESDD with vectors (as in `pinv`) or without (as in
`matrix_rank`) and by xGELSD (as in `lstsq`), the diagonal of QR with pivoting, or the condition estimate of xGELSY.
Each is computed of the matrix as stored, and with its columns (rows, if wide) of one size by powers of two.
"""

from __future__ import annotations

import csv
import hashlib
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rank_cutoffs import ESTIMATED, METHODS, ONE_SIZE, RULES, STORED, cutoffs, ranks
from rank_matrices import batches
from rank_page import TABLES, draw
from rank_proofs import Matrix, prove, tall
from scipy.linalg import lapack

from lamm_robust.text import markdown_table
from lamm_robust.values import PRECISIONS, Array, Precision

FOLDER = Path(__file__).parents[2] / "results" / "rank"
QUICK = 0.05
"""The share of matrices of --quick."""


# --- what LAPACK computes -------------------------------------------------------------------------------------


@cache
def routine(name: str, precision: Precision) -> Any:
    """LAPACK's routine of that name in a precision."""
    return getattr(lapack, ("s" if precision == "float32" else "d") + name)


@cache
def room(name: str, precision: Precision, *sizes: float) -> tuple[int, ...]:
    """The workspace that a routine asks for, so that it works in blocks, as libraries let it."""
    return tuple(int(size) for size in routine(f"{name}_lwork", precision)(*sizes)[:-1])


def svd(A: Array, precision: Precision, *, vectors: bool = True) -> Array:
    """Singular values by xGESDD."""
    (most,) = room("gesdd", precision, *A.shape, vectors, False)
    sigma: Array = routine("gesdd", precision)(A, compute_uv=vectors, full_matrices=False, lwork=most)[1]
    return sigma


def gelsd(A: Array, precision: Precision) -> Array:
    """Singular values by xGELSD."""
    m, n = A.shape
    b = np.zeros((max(m, n), 1), A.dtype)
    sigma: Array = routine("gelsd", precision)(A, b, *room("gelsd", precision, m, n, 1, 0.0), -1.0)[1]
    return sigma


def diagonal(A: Array, precision: Precision) -> Array:
    """|R_kk| by QR with pivoting of A (of Aᵀ, if A is wide)."""
    factorise = routine("geqp3", precision)
    most = int(factorise(tall(A), lwork=-1)[3][0])
    R: Array = factorise(tall(A), lwork=most)[0]
    return np.abs(np.diagonal(R))


def gelsy(A: Array, precision: Precision, cutoff: float) -> int:
    """The rank by xGELSY."""
    m, n = A.shape
    b, pivots = np.zeros((max(m, n), 1), A.dtype), np.zeros((n, 1), np.int32)
    return int(routine("gelsy", precision)(A, b, pivots, cutoff, *room("gelsy", precision, m, n, 1, 0.0))[3])


# --- counting -------------------------------------------------------------------------------------------------


def computed(A: Array, precision: Precision) -> dict[str, Array]:
    """What each method but xGELSY computes of a matrix, descending."""
    F = np.asfortranarray(A)
    return {
        "svd": svd(F, precision),
        "values": svd(F, precision, vectors=False),
        "gelsd": gelsd(F, precision),
        "qr": diagonal(F, precision),
    }


def every_rank(A: Array, precision: Precision, values: Mapping[str, Array]) -> dict[tuple[str, str], int]:
    """(method, rule) → the rank."""
    m, n = A.shape
    shares = cutoffs(m, n, precision)
    found = {
        (method, rule.name): int(rank)
        for method, sigma in values.items()
        for rule, rank in zip(RULES, ranks(sigma, shares), strict=True)
    }
    F = np.asfortranarray(A)
    for rule, share in zip(RULES, shares, strict=True):
        if rule.name in ESTIMATED:
            found["gelsy", rule.name] = gelsy(F, precision, float(share))
    return found


@dataclass
class Count:
    """How often a rule was wrong at the matrices that the precision resolves."""

    judged: int = 0
    high: int = 0
    """Noise taken for rank."""
    low: int = 0
    """Rank thrown away."""
    by_units: int = 0
    """Of those too low: the precision resolves A only with columns of one size."""


@dataclass
class Gap:
    """What a rule has to tell apart in matrices of one shape, as the method computes it, in eps·σ₁."""

    noise: float = 0.0
    """The largest number that should be zero."""
    kept: float = np.inf
    """The smallest that should not."""


@dataclass
class Drawn:
    """How many matrices there were."""

    lacking: int = 0
    full: int = 0
    apart: int = 0
    """Those whose rank the precision does not resolve."""
    different: set[bytes] = field(default_factory=set)


@dataclass
class Tally:
    """All that is counted, each by words that become the first columns of its table."""

    counts: dict[tuple[str, ...], Count] = field(default_factory=lambda: defaultdict(Count))
    """By precision, aspect, columns, method, rule."""
    gaps: dict[tuple[str, ...], Gap] = field(default_factory=lambda: defaultdict(Gap))
    """By precision, m, n, columns, method."""
    drawn: dict[tuple[str, ...], Drawn] = field(default_factory=lambda: defaultdict(Drawn))
    """By precision, aspect."""
    simplest: dict[tuple[str, ...], tuple[tuple[int, bool, str], int, int]] = field(default_factory=dict)
    """By method, columns, rule: how simple it is, the exact rank, and the wrong one."""

    def add(self, matrix: Matrix, precision: Precision, aspect: str) -> None:
        """Count a matrix."""
        drawn, full = self.drawn[precision, aspect], matrix.rank == min(matrix.A.shape)
        drawn.different.add(hashlib.sha256(matrix.A.tobytes()).digest()[:8])
        if not matrix.seen:
            drawn.apart += 1
            return
        drawn.full, drawn.lacking = drawn.full + full, drawn.lacking + (not full)
        for columns, A in ((STORED, matrix.A), (ONE_SIZE, matrix.scaled)):
            values = computed(A, precision)
            for method, sigma in values.items():
                self._widen((precision, *map(str, A.shape), columns, method), matrix, sigma, columns == ONE_SIZE)
            for (method, rule), rank in every_rank(A, precision, values).items():
                self._judge((precision, aspect, columns, method, rule), matrix, rank)

    def _widen(self, place: tuple[str, ...], matrix: Matrix, sigma: Array, scaled: bool) -> None:
        gap, unit = self.gaps[place], float(sigma[0]) * float(np.finfo(sigma.dtype).eps)
        if unit and matrix.rank < len(sigma):
            gap.noise = max(gap.noise, float(sigma[matrix.rank]) / unit)
        if unit and (scaled or matrix.seen_as_stored):
            gap.kept = min(gap.kept, float(sigma[matrix.rank - 1]) / unit)

    def _judge(self, place: tuple[str, ...], matrix: Matrix, rank: int) -> None:
        count = self.counts[place]
        count.judged += 1
        if rank == matrix.rank:
            return
        count.high += rank > matrix.rank
        count.low += rank < matrix.rank
        count.by_units += rank < matrix.rank and not matrix.seen_as_stored
        _, _, columns, method, rule = place
        key = matrix.A.size, " * " in matrix.name or matrix.name.startswith("long "), matrix.name
        found = self.simplest.get((method, columns, rule))
        if found is None or key < found[0]:
            self.simplest[method, columns, rule] = key, matrix.rank, rank

    def tables(self) -> dict[str, tuple[list[str], list[list[object]]]]:
        """File → its header and rows."""
        place = ["precision", "aspect", "columns", "method", "rule"]
        return {
            "counts": (
                [*place, "judged", "too_high", "too_low", "too_low_by_units"],
                [[*k, c.judged, c.high, c.low, c.by_units] for k, c in self.counts.items()],
            ),
            "gaps": (
                ["precision", "m", "n", "columns", "method", "noise", "kept"],
                [[*k, f"{g.noise:.3g}", f"{g.kept:.3g}"] for k, g in self.gaps.items()],
            ),
            "matrices": (
                ["precision", "aspect", "lacking", "full", "apart", "different"],
                [[*k, d.lacking, d.full, d.apart, len(d.different)] for k, d in self.drawn.items()],
            ),
            "simplest": (
                ["method", "columns", "rule", "exact", "found", "name"],
                [[*k, exact, found, key[2]] for k, (key, exact, found) in sorted(self.simplest.items())],
            ),
        }


def tally(precision: Precision, *, first: int = 0, share: float = 1.0) -> Tally:
    """Draw, prove and count; numbers of the matrices begin at `first`."""
    found, started = Tally(), time.process_time()
    for aspect, shape, names in batches(precision, first=first, share=share):
        for matrix in prove(names, precision):
            found.add(matrix, precision, aspect)
        print(f"{time.process_time() - started:6.0f} s {precision} {shape} {names[0]}", file=sys.stderr)
    return found


def both(share: float) -> Tally:
    """The counts of both precisions, each in a process of its own."""
    with ProcessPoolExecutor(len(PRECISIONS)) as pool:
        found, *others = pool.map(partial(tally, share=share), PRECISIONS)
    for other in others:
        found.counts.update(other.counts)
        found.gaps.update(other.gaps)
        found.drawn.update(other.drawn)
        for rule, wrong in other.simplest.items():
            found.simplest[rule] = min(wrong, found.simplest.get(rule, wrong))
    return found


def write(found: Tally, folder: Path) -> None:
    """Write the tables of a tally as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (header, rows) in found.tables().items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows([header, *rows])


def show(name: str) -> str:
    """What every rule says of the matrix of a name."""
    precision: Precision = "float32" if name.split("dtype=")[1].startswith("float32") else "float64"
    (matrix,) = prove([name], precision)
    rows = []
    for columns, A in ((STORED, matrix.A), (ONE_SIZE, matrix.scaled)):
        found = every_rank(A, precision, computed(A, precision))
        rows += [
            [columns, rule.name, *(str(found.get((method, rule.name), "")) for method in METHODS)] for rule in RULES
        ]
    seen = "resolves" if matrix.seen else "does not resolve"
    m, n = matrix.A.shape
    table = markdown_table(["columns", "rule", *METHODS.values()], rows)
    return f"{m}×{n} of rank {matrix.rank}, which {precision} {seen}\n\n{table}"


def main() -> None:
    """Count and write the CSV files, or draw the page's tables and figure from them, or show one matrix."""
    names = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    if names:
        print("\n".join(map(show, names)), end="")
        return
    if "--quick" in sys.argv:
        with TemporaryDirectory() as folder:
            write(both(QUICK), Path(folder))
            print("\n".join(table(Path(folder)) for table in TABLES.values()), end="")
        return
    if "--draw" not in sys.argv:
        write(both(1.0), FOLDER)
    draw(FOLDER)


if __name__ == "__main__":
    main()
