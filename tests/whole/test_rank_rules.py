"""Rank rules: their formulas by hand, what is proved of the matrices, how wrong ranks are counted, and the page."""

from __future__ import annotations

import csv
import importlib
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamm_robust.values import Precision
from tests.support.rational import reduced

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "results" / "rank"
PAGE = (ROOT / "docs" / "rank.md").read_text(encoding="utf-8")
EPS = 2.0**-52

PILOT = 10**6
"""The number of the first matrix here: not those of the page, but those on which the rules were chosen."""


@pytest.fixture
def evidence(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a script of docs/evidence by its name."""
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "evidence"))
    return importlib.import_module


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


# --- rules ------------------------------------------------------------------------------------------------------

BY_HAND = {
    "eps": EPS,
    "eps·min(m, n)": 9 * EPS,
    "eps·max(m, n)": 16 * EPS,
    "10·eps·max(m, n)": 160 * EPS,
    "½√(m + n + 1)·eps": 26**0.5 / 2 * EPS,
    "5(√m + √n)·eps": 35 * EPS,
    "4√max(m, n)·eps": 16 * EPS,
    "10·max(m, n)^¼·eps": 20 * EPS,
    "64·eps": 2.0**-46,
    "1e-15": 1e-15,
    "1e-6": 1e-6,
    "σ ≤ 1e-10": 1e-10,
    "σ ≤ 1e-6": 1e-6,
}
"""The cutoffs of a 16×9 matrix in float64."""


def test_the_formulas_of_the_rules_by_hand(evidence: Any) -> None:
    rules = evidence("rank_cutoffs")
    assert [rule.name for rule in rules.RULES] == list(BY_HAND)
    assert rules.cutoffs(16, 9, "float64") == pytest.approx(list(BY_HAND.values()), rel=1e-15)
    assert rules.cutoffs(9, 16, "float64") == pytest.approx(list(BY_HAND.values()), rel=1e-15)
    assert rules.cutoffs(16, 9, "float32")[2] == 16 * 2.0**-23
    assert {rule.name for rule in rules.RULES if rule.absolute} == {"σ ≤ 1e-10", "σ ≤ 1e-6"}


def test_a_singular_value_counts_above_the_cutoff_and_not_at_it(evidence: Any) -> None:
    rules = evidence("rank_cutoffs")
    names, shares = [rule.name for rule in rules.RULES], rules.cutoffs(16, 9, "float64")
    sigma = np.array([2.0**20, 2.0**20 * 2.0**-46, 2e-10, 1e-10])
    found = dict(zip(names, rules.ranks(sigma, shares).tolist(), strict=True))
    assert (found["64·eps"], found["eps·max(m, n)"], found["1e-6"]) == (1, 2, 1)
    assert (found["σ ≤ 1e-10"], found["σ ≤ 1e-6"]) == (3, 1)


def test_eps_times_the_rows_is_above_one_from_8_4_million_rows_on_in_float32(evidence: Any) -> None:
    rules = evidence("rank_cutoffs")
    usual = [rule.name for rule in rules.RULES].index("eps·max(m, n)")
    for m, rank in ((8_388_607, 1), (8_388_608, 0)):
        assert rules.ranks(np.ones(1, np.float32), rules.cutoffs(m, 1, "float32"))[usual] == rank


def test_what_xlasd2_makes_of_zeros_is_between_the_usual_rule_and_the_recommended_one(evidence: Any) -> None:
    """29×29 of rank 21: 32·eps by xGELSD, which is above 29·eps; without divide and conquer it is rounding."""
    program = evidence("rank_rules")
    A = evidence("rank_matrices").build("exact_rank m=29 n=29 rank=21 log2_cond=0 residual=0.0 seed=0 dtype=float64")
    large, small = program.gelsd(A, "float64"), program.svd(A, "float64", vectors=False)
    assert 29 * EPS < large[21] / large[0] < 33 * EPS
    assert small[21] / small[0] < 8 * EPS


# --- what is proved -----------------------------------------------------------------------------------------------


def slice_of(evidence: Any, precision: Precision, share: float, most: int = 300) -> list[Any]:
    """Matrices of up to so many entries, one or a few of each kind and shape."""
    prove = evidence("rank_proofs").prove
    found = evidence("rank_matrices").batches(precision, first=PILOT, share=share)
    return [one for _, (m, n), names in found if m * n <= most for one in prove(names, precision)]


def rank_by_hand(A: Any) -> int:
    return len(reduced([[Fraction(float(v)) for v in row] for row in A])[1])


@pytest.mark.parametrize("numbers", ["float32", "float64"])
def test_ranks_are_those_of_elimination_in_rationals(evidence: Any, numbers: Precision) -> None:
    matrices = slice_of(evidence, numbers, 0.001, most=80)
    assert len(matrices) > 30
    assert {one.A.shape for one in matrices} >= {(2, 5), (4, 16), (2, 2), (8, 8), (4, 2), (16, 5)}
    assert [one.rank for one in matrices] == [rank_by_hand(one.A) for one in matrices]
    assert [one.rank for one in matrices] == [rank_by_hand(one.scaled) for one in matrices]
    assert any(one.rank < min(one.A.shape) for one in matrices)


def test_what_is_seen_is_by_bounds_of_the_condition_number(evidence: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of float32 numbers, whose σ float64 knows: no bound is below κ, and none is too far above."""
    proofs, found = evidence("rank_proofs"), list[Any]()
    monkeypatch.setattr(proofs, "judged", lambda *given: found.append(given))
    slice_of(evidence, "float32", 0.002)
    for kind in ("counts", "dummies"):
        for lacks in ("nothing", "sum"):
            proofs.prove([f"long m=4000 n=4 kind={kind} lacks={lacks} seed=1 dtype=float32"], "float32")
    ratios = []
    for name, precision, A, S, rank, kappa, columns in found:
        for matrix, bound in ((A, kappa), (S, columns)):
            sigma = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
            ratios.append(bound * sigma[rank - 1] / sigma[0])
            assert ratios[-1] > 1 - 1e-6, (name, precision)
            assert rank < min(A.shape) or name.startswith("long") or ratios[-1] < 1 + 1e-6, name
    assert len(ratios) > 100
    assert np.median(ratios) < 1.5


def test_columns_of_one_size(evidence: Any) -> None:
    proofs = evidence("rank_proofs")
    A = np.array([[3.0, 0.0, 2.0**-30], [4.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert proofs.of_one_size(A).tolist() == (A * [2.0**-3, 1, 2.0**29]).tolist()
    assert proofs.of_one_size(A.T).tolist() == proofs.of_one_size(A).T.tolist()


def test_the_gram_matrix_of_long_matrices_has_no_rounding(evidence: Any) -> None:
    A = evidence("rank_matrices").long_integers(3000, 3, "trend", "nothing", 5)
    found = evidence("rank_proofs").gram_of(A).tolist()
    whole = A.astype(object)
    assert [[int(v) for v in row] for row in found] == (whole.T @ whole).tolist()
    assert int(A.max()) >= 2999


# --- counting -----------------------------------------------------------------------------------------------------


def test_counts_are_those_of_numpy_and_scipy(evidence: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same slice, counted by `matrix_rank` and by SciPy's gelsy, each with its cutoff."""
    from scipy.linalg import lstsq

    program, matrices = evidence("rank_rules"), evidence("rank_matrices")
    small = [found for found in matrices.batches("float64", first=PILOT, share=0.004) if np.prod(found[1]) <= 160]
    monkeypatch.setattr(program, "batches", lambda *_, **__: iter(small))
    counts = program.tally("float64", first=PILOT).counts
    expected: Counter[tuple[str, str, str]] = Counter()
    for _, _, names in small:
        for one in evidence("rank_proofs").prove(names, "float64"):
            if not one.seen:
                continue
            by = {
                ("values", "eps·max(m, n)"): np.linalg.matrix_rank(one.A),
                ("values", "64·eps"): np.linalg.matrix_rank(one.A, rtol=64 * EPS),
                ("values", "σ ≤ 1e-6"): np.linalg.matrix_rank(one.A, tol=1e-6),
                ("gelsy", "eps"): lstsq(one.A, one.A[:, 0], cond=EPS, lapack_driver="gelsy")[2],
            }
            for (method, rule), rank in by.items():
                expected[method, rule, "judged"] += 1
                expected[method, rule, "high"] += int(rank > one.rank)
                expected[method, rule, "low"] += int(rank < one.rank)
    found: Counter[tuple[str, str, str]] = Counter()
    for (_, _, columns, method, rule), count in counts.items():
        if columns == "as stored" and (method, rule, "judged") in expected:
            for word in ("judged", "high", "low"):
                found[method, rule, word] += getattr(count, word)
    assert found == expected
    assert expected["values", "σ ≤ 1e-6", "high"] > 0
    assert expected["values", "64·eps", "judged"] > 100


def test_what_the_precision_does_not_resolve_is_counted_apart(evidence: Any) -> None:
    """1 and 2⁻²² side by side: beyond float32 as a whole, nothing to it column by column; and truly near 0."""
    program, prove = evidence("rank_rules"), evidence("rank_proofs").prove
    units = "weighted m=2 n=2 log2_span=22 order=descending axis=columns residual=0.0 seed=40 dtype=float32"
    lost = "spectrum m=2 n=2 mode=geometric log10_cond=7 residual=0.0 direction=random seed=0 dtype=float32"
    tally = program.Tally()
    for name in (units, lost):
        tally.add(prove([name], "float32")[0], "float32", "1:1")
    drawn = tally.drawn["float32", "1:1"]
    assert (drawn.full, drawn.lacking, drawn.apart) == (1, 0, 1)
    stored = tally.counts["float32", "1:1", "as stored", "svd", "64·eps"]
    assert (stored.judged, stored.high, stored.low, stored.by_units) == (1, 0, 1, 1)
    assert tally.counts["float32", "1:1", "of one size", "svd", "64·eps"].low == 0
    assert tally.simplest["svd", "as stored", "64·eps"][0][2] == units


# --- the page -------------------------------------------------------------------------------------------------------


def test_the_page_and_its_figure_are_those_of_the_counts(evidence: Any) -> None:
    page = evidence("rank_page")
    assert page.filled(PAGE, FOLDER) == PAGE
    assert page.figure(FOLDER) == page.PICTURE.read_text(encoding="utf-8")


def test_there_are_more_than_a_hundred_thousand_matrices_to_a_million_rows() -> None:
    drawn = rows("matrices")
    assert len({row["aspect"] for row in drawn}) == 5
    judged = sum(int(row["lacking"]) + int(row["full"]) for row in drawn)
    assert judged >= 100_000
    assert set(re.findall(r"\b1\d\d,\d{3}\b", PAGE.partition("<!-- answer -->")[0])) == {f"{judged:,}"}
    right = [r for r in rows("counts") if (r["rule"], r["columns"]) == ("64·eps", "of one size")]
    assert {r["too_high"] + r["too_low"] for r in right if r["method"] in ("svd", "values", "gelsd")} == {"00"}
    noise = {float(row["noise"]) for row in rows("gaps") if row["method"] in ("svd", "gelsd")}
    assert f"as large as {max(noise):.0f}·eps" in PAGE
    assert "1000000" in {row["m"] for row in rows("gaps")}


def test_the_simplest_wrong_ranks_are_of_matrices_with_that_rank(evidence: Any) -> None:
    found, prove = rows("simplest"), evidence("rank_proofs").prove
    assert all(row["exact"] != row["found"] for row in found)
    some = {row["name"]: row["exact"] for row in found if "m=1000000" not in row["name"]}
    for name, exact in some.items():
        precision = "float32" if "dtype=float32" in name else "float64"
        assert str(prove([name], precision)[0].rank) == exact, name


def test_the_function_of_the_page_finds_the_rank_of_what_it_is_recommended_for(evidence: Any) -> None:
    code = re.search(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert code
    room: dict[str, Any] = {}
    exec(code[1], room)
    matrices = [one for p in ("float32", "float64") for one in slice_of(evidence, p, 0.002, most=800) if one.seen]
    assert len(matrices) > 100
    assert [one.name for one in matrices if room["rank"](one.A) != one.rank] == []
    assert room["rank"](np.zeros((3, 2))) == 0


def test_a_matrix_by_name_is_shown_with_every_rule(evidence: Any) -> None:
    shown = evidence("rank_rules").show(
        "columns m=4 n=2 pattern=duplicate position=first residual=0.0 seed=1000017 dtype=float32"
    )
    assert shown.startswith("4×2 of rank 1, which float32 resolves")
    assert all(name in shown for name in BY_HAND)
