"""The `verified` oracle: certified truth at the price of a few float64 factorisations, for full rank and κ ≲ 1e16.

A is scaled by powers of two, column by column (row by row if it is wide), which is exact and changes nothing that is
proved. `inverse` proves how good a float64 factorisation is, `refinement` refines the answer with exact residuals and
bounds its error, `extremes` encloses σ₁ and σ_r. Nothing is estimated: where a bound is not small enough the problem is
refused, and another oracle may try. Many problems of one shape are certified together, in one stack.

Sources: the verification methods of Ogita, Rump and Oishi (Rump, Acta Numerica 19 (2010) 287), with products without
error in the manner of Ozaki in place of directed rounding.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import frexp, isqrt, ldexp

import numpy as np
import numpy.typing as npt

from lamm_robust.error_free import FEW, digit_bits, dyadic, fill, norm_square, to_doubles, to_parts, wide_bits
from lamm_robust.oracles.bounds import BLOCK, UP, Doubles, Integers, length_of_digits, norm, powers
from lamm_robust.oracles.certificate import PARTS, RADIUS, assemble
from lamm_robust.oracles.empty import certify_empty
from lamm_robust.oracles.equilibration import stack_exponents
from lamm_robust.oracles.extremes import extremes
from lamm_robust.oracles.inverse import Inverse, invert
from lamm_robust.oracles.refinement import refine
from lamm_robust.oracles.validation import check_problem
from lamm_robust.values import Array, Ball, Certificate, NotCertifiedError

PLACES = 12
"""The most digits of the entries of a column of A: some 200 bits, far more than full significands need after scaling,
at a dozen times the memory of A. Wider ranges are for other oracles."""

ROOT_BITS = 256
"""Bits of a residual norm: 77 digits, above the 60 that a printed one promises. Its square has 212 or so."""

CACHED = 2**15
"""Entries of a matrix that are cut into digits at a time: with three copies of them, a share of a core's cache."""

LEAST = -5000
"""An exponent below that of any entry of b, in any scale."""

STACK = 256
"""The most problems that are certified together: enough to hide the cost of Python, few enough for the cache."""


def certify(A: Array, b: Array) -> Certificate:
    """Prove the certificate of min ‖Ax − b‖₂ for A (m×n) of full rank; b has length m or is m×k.

    Raises ValueError for what `check_problem` refuses, and NotCertifiedError, which says what could not be proved.
    """
    check_problem(A, b)
    (found,) = certify_stack([(A, b)])
    if isinstance(found, NotCertifiedError):
        raise found
    return found


def certify_stack(problems: Sequence[tuple[Array, Array]]) -> list[Certificate | NotCertifiedError]:
    """Certify problems that all have one shape, in their order; a refusal comes back as the error that says why."""
    started = time.perf_counter()
    (m, n), stack = problems[0][0].shape, len(problems)
    if m * n == 0:
        return [certify_empty("verified", A, b) for A, b in problems]
    with np.errstate(all="ignore"):  # nothing is proved of what overflows or is not a number
        significand = max(np.finfo(dtype).nmant for dtype in {A.dtype for A, _ in problems}) + 1
        matrices = np.array([A for A, _ in problems], dtype=np.float64)
        scaled = scale(matrices, significand)
        inverse = invert(scaled.B, scaled.planes)
        sizes = stack_exponents(matrices, min(m, n))
        shifts = np.array(
            [own if size is None else own - size for own, size in zip(scaled.exponents, sizes, strict=True)]
        )
        some = any(size is not None for size in sizes)
        found = extremes(scaled.B, scaled.planes, inverse, scaled.exponents, *([shifts] if some else []))
        singular, *equal = [one.spectra(min(m, n)) for one in found]
        b = np.array([b for _, b in problems], dtype=np.float64).reshape(stack, m, -1)
        answers = [solve(scaled, inverse, b[:, :, j]) for j in range(b.shape[2])]
    x = np.stack([answer.x for answer in answers], axis=-1)
    exponents = np.stack([answer.exponents for answer in answers], axis=-1)
    certificates: list[Certificate | NotCertifiedError] = []
    proved = scaled.exact & inverse.proved
    for answer in answers:
        proved = proved & (answer.radius <= float(RADIUS) * answer.largest)
    for i, (problem, size, sound) in enumerate(zip(problems, sizes, proved.tolist(), strict=True)):
        try:
            if not sound:
                raise NotCertifiedError(why_not(scaled, inverse, answers, i))
            certificates.append(
                assemble(
                    "verified",
                    problem,
                    singular[i],
                    x[:, i],
                    exponents[i],
                    [answer.radius_of(i) for answer in answers],
                    [answer.residual_norm_of(i) for answer in answers],
                    scaled=None if size is None else (size, equal[0][i]),
                    started=started,
                )
            )
        except NotCertifiedError as error:
            certificates.append(error)
    return certificates


def why_not(scaled: Scaled, inverse: Inverse, answers: Sequence[Answer], i: int) -> str:
    """Return the reason why the i-th problem, which is not proved, is not."""
    if not scaled.exact[i]:
        return f"verified: the entries of a {scaled.line} of A differ by too many powers of two"
    if not inverse.proved[i]:
        return f"verified: full rank is not proved (α = {inverse.alpha[i]:.1e} is not below 1)"
    shares = [(answer.radius[i], answer.largest[i]) for answer in answers]
    radius, largest = next(pair for pair in shares if not pair[0] <= float(RADIUS) * pair[1])
    known = f"is known to a relative {radius / largest:.1e} only" if radius < largest else "may be zero"
    return f"verified: x {known}"


@dataclass(frozen=True, eq=False)
class Scaled:
    """A stack of scaled matrices B: B·2^exponents, column by column, is A (or Aᵀ if A is wide)."""

    B: Doubles
    """Scaled matrices, stack × m × n with m ≥ n; a matrix that cannot be scaled exactly is all zeros."""
    planes: Doubles
    """The digits of B, stack × m × digits × n."""
    exponents: Integers
    """Exponents of the columns of B, stack × n."""
    exact: npt.NDArray[np.bool_]
    """Whether scaling was exact, so that the digits hold all of B (stack)."""
    wide: bool

    @property
    def line(self) -> str:
        """Return the word for what is scaled: a row of A, or a column."""
        return "row" if self.wide else "column"


def scale(A: Doubles, significand: int) -> Scaled:
    """Scale a stack of A (stack × m × n) so that the largest entry of every column, or row, is in [1/4, 1/2).

    `significand` is the number of bits in the significand of an entry.
    """
    wide = A.shape[1] < A.shape[2]
    tall = A.swapaxes(1, 2).copy() if wide else A
    sizes = np.abs(tall)
    tops = sizes.max(axis=1)
    exponents = np.frexp(tops)[1].astype(np.int64) + 1
    lowest = np.frexp(np.where(sizes > 0, sizes, np.inf).min(axis=1))[1] - significand
    spans = np.where(tops > 0, exponents - lowest, 0).max(axis=1)  # bits of a column, from first to last
    exact = spans <= PLACES * digit_bits(max(A.shape[1:]))
    B = np.where(exact[:, np.newaxis, np.newaxis], tall, 0.0)
    for power in powers(-exponents):
        B *= power[:, np.newaxis]
    return Scaled(B, cut(B, int(spans[exact].max(initial=1))), exponents, exact, wide)


def cut(B: Doubles, span: int) -> Doubles:
    """Return the digits of B (stack × m × n), whose entries are below 1/2 and multiples of 2^-span."""
    m, n = B.shape[1:]
    few = -(-span // wide_bits(max(m, n)))
    count = few if n > BLOCK and few <= FEW else -(-span // digit_bits(max(m, n)))
    planes = np.empty((*B.shape[:2], count, n))
    step = max(CACHED // n, 1)
    for first in range(0, m, step):
        fill(planes[:, first : first + step], B[:, first : first + step], length_of_digits(planes))
    return planes


@dataclass(frozen=True, eq=False)
class Answer:
    """The solutions for one right-hand side of each problem of a stack."""

    x: Doubles
    """The parts of x, PARTS × stack × n; their sum times 2^exponents is x."""
    exponents: Integers
    """The exponents of x, stack × n."""
    radius: Doubles
    """The bound of ‖x★ − x‖ in units of 2^unit (stack); ∞ where nothing is proved."""
    largest: Doubles
    """The largest entry max |x_j| in units of 2^unit (stack)."""
    unit: Integers
    squares: Doubles | None
    """‖b − Bx‖² in units of 4^residual_unit, (PARTS + 1) × stack: doubles, then a bound of the rest; None if 0."""
    residual_unit: Integers
    fit: Doubles
    """The bound of ‖B(x★ − x)‖ in units of 2^residual_unit (stack)."""

    def radius_of(self, i: int) -> Fraction:
        """Return the bound of ‖x★ − x‖ of the i-th problem."""
        whole, below = float(self.radius[i]).as_integer_ratio()  # below is a power of two
        return dyadic(whole, int(self.unit[i]) + 1 - below.bit_length())

    def residual_norm_of(self, i: int) -> Ball:
        """Enclose ‖b − Ax★‖ of the i-th problem: it is at most ‖b − Ax‖, and less by at most ‖A(x★ − x)‖."""
        if self.squares is None:
            return Ball(Fraction(0))
        squares = self.squares[:, i].tolist()
        shift = ROOT_BITS - frexp(squares[0])[1] // 2
        *parts, left = (int(ldexp(part, 2 * shift)) for part in squares)
        square, left = max(sum(parts), 0), left + sum(map(bool, squares))  # every `int` drops less than 1
        root = isqrt(square)
        # √(s + l) − √s ≤ l/(2√s), √s − √(s − l) ≤ l/√s, and isqrt drops less than 1
        spread = left // root + 2 if root else isqrt(left) + (left > 0)
        unit, (fit, below) = int(self.residual_unit[i]), float(self.fit[i]).as_integer_ratio()
        places = shift + below.bit_length() - 1  # below is a power of two
        return Ball(dyadic(root, unit - shift), dyadic(spread * below + (fit << shift), unit - places))


def solve(scaled: Scaled, inverse: Inverse, b: Doubles) -> Answer:
    """Solve for one right-hand side of each problem of a stack, b (stack × m)."""
    lines = scaled.exponents if scaled.wide else np.zeros_like(scaled.exponents[:, :1])
    target, unit = scale_target(b, lines, scaled, inverse)
    there = b.any(axis=-1)
    exact = (np.ldexp(target, lines + unit[:, np.newaxis]) == b).all(axis=-1)
    low = scaled.exponents.min(axis=-1)
    weights = None if scaled.wide else np.ldexp(1.0, low[:, np.newaxis] - scaled.exponents)
    refined = refine(scaled.planes, inverse, target, weights)
    bits, (m, n) = length_of_digits(scaled.planes), scaled.B.shape[1:]
    parts, left = doubles(refined.x, bits)
    along: Doubles | float = 1.0 if weights is None else weights
    lost = np.where(exact, refined.radius + norm(left * along), np.inf)
    columns = np.zeros(parts.shape[1:], dtype=np.int64) if scaled.wide else scaled.exponents
    return Answer(
        x=parts,
        exponents=unit[:, np.newaxis] - columns,
        radius=np.where(there, lost * UP, 0.0),
        largest=np.abs(parts[0] * along).max(axis=-1),
        unit=unit if scaled.wide else unit - low,
        squares=None if scaled.wide or m == n else np.vstack(doubles(norm_square(refined.residual, bits), bits)),
        residual_unit=unit,
        fit=np.where(there, refined.fit, 0.0),
    )


def scale_target(b: Doubles, lines: Integers, scaled: Scaled, inverse: Inverse) -> tuple[Doubles, Integers]:
    """Return b·2^(−lines − unit) and the unit (stack) at which this, the answer and sums of either are below 1/2.

    `lines` are the exponents of the rows of a wide A, which scale b, too.
    """
    exponents = np.frexp(b)[1] - lines
    unit = np.where(b.any(axis=-1), exponents.max(axis=-1, where=b != 0, initial=LEAST), 0)
    target = np.ldexp(b, -lines - unit[:, np.newaxis])
    g = target if scaled.wide else (target[:, np.newaxis] @ scaled.B)[:, 0]
    w = (g[:, np.newaxis] @ inverse.S)[:, 0]
    size = np.abs(inverse.middle(w)).max(axis=-1)
    size = np.frexp(np.where(np.isfinite(size), np.maximum(size, 1.0), 1.0))[1]
    room = 2 * max(scaled.B.shape[1:]).bit_length() + 2  # for two products with numbers below 1/2
    unit = unit + size + room
    return np.ldexp(b, -lines - unit[:, np.newaxis]), unit


def doubles(number: Doubles, bits: int) -> tuple[Doubles, Doubles]:
    """Return a number (digits × stack × n) as a sum of PARTS doubles, and a bound of the rest."""
    parts, rest = to_parts(number, bits, PARTS)
    return parts, np.abs(to_doubles(rest)) * UP
