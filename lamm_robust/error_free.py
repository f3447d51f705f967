"""Residuals and gradients without rounding error: the arithmetic under every score.

A score must be far more accurate than the solver it judges. So matrices and vectors are written in fixed point, as
digits in a base 2^β: arrays of doubles of which the k-th holds multiples of its unit 2^(−β(k+1)), at most half of the
unit before it in size. β is so small that every sum of products of two digits fits into the 53 bits of a double: an
ordinary matrix product of digits is then exact, whatever the order in which BLAS adds. This is the error-free
transformation of Ozaki, Ogita, Oishi and Rump, Numer. Algorithms 59 (2012) 95, on a fixed grid, where a product has few
digits, as in long multiplication. Nothing depends on how ill-conditioned a problem is: nothing is rounded before the
end.

Every function works on stacks: C matrices of one shape m×n, and C vectors. Entries must be at most 1/2 in size; what
underflows in products is below 2⁻¹⁰⁰⁰ and is the only thing lost.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

LOWEST = 1074
"""The bits that a double can have behind the point (IEEE 754)."""

FEW = 7
"""Digits of a matrix up to which they may be longer, as fewer products are added up for a digit of its products."""


def places(bits: int) -> int:
    """The number of digits of `bits` bits that hold every double of at most 1/2 in size."""
    return -(-LOWEST // bits)


def digit_bits(length: int) -> int:
    """β for sums over at most `length` products: length · places(β) · (2^(β−1))² < 2⁵³, with room for a carry.

    places(β) < 2⁶ for β ≥ 18, which is what lengths up to 2¹³ have; beyond, places(β) < 2⁷.
    """
    return ((49 if length <= 2**13 else 48) - (length - 1).bit_length()) // 2


def wide_bits(length: int) -> int:
    """β for sums over at most `length` products where one factor has at most FEW digits: FEW < 2³ in place of 2⁶.

    At most 22, so that `norm_square` can add squares of 1920 digits, and numbers have fewer.
    """
    return min((52 - (length - 1).bit_length()) // 2, 22)


def digits(values: Doubles, bits: int) -> Doubles:
    """The digits of values of at most 1/2 in size, (digits × shape of values): their sum is exactly the value."""
    return split(values, bits, places(bits))[0]


def split(values: Doubles, bits: int, most: int) -> tuple[Doubles, Doubles]:
    """The first digits of values, at most `most` of them, and the rest of the values, which they do not hold."""
    found = [np.zeros_like(values)] * min(_leading_zeros(values, bits), most - 1)
    rest = values
    while len(found) < most and (rest.any() or not found):
        found.append(_rounded_to(rest, len(found), bits))
        rest = rest - found[-1]
    return np.array(found), rest


def _leading_zeros(values: Doubles, bits: int) -> int:
    """How many of the first digits of values are surely 0: all values are below half of the units of these."""
    exponent = int(np.frexp(np.abs(values).max(initial=0.0))[1])
    return max((-1 - exponent) // bits, 0)


def fill(planes: Doubles, values: Doubles, bits: int) -> Doubles:
    """Write the digits of values (… × n) into planes (… × digits × n), as many as have room, and return the rest."""
    rest, digit = values.copy(), np.empty_like(values)
    for place in range(planes.shape[-2]):
        anchor = _anchor(place, bits)
        np.add(rest, anchor, out=digit)
        digit -= anchor
        rest -= digit
        planes[..., place, :] = digit  # last, since planes are not contiguous
    return rest


def matrix_digits(A: Doubles) -> Doubles:
    """The digits of a matrix m×n, laid out m × digits × n for the products below.

    Their number is even, so that matrices whose entries need one digit more than those of others stack with them.
    """
    found = digits(A, digit_bits(max(A.shape)))
    return np.concatenate([found, np.zeros((len(found) % 2, *A.shape))]).transpose(1, 0, 2).copy()


def grid(b: Doubles, x: Doubles) -> npt.NDArray[np.intc]:
    """Exponents e (C, one for each problem): `exact_residuals` takes b / 2^e (C × m) and x / 2^e (C × n)."""
    largest = np.maximum(np.abs(b).max(axis=1, initial=0.0), np.abs(x).max(axis=1, initial=0.0))
    exponents: npt.NDArray[np.intc] = np.frexp(largest)[1] + (x.shape[1] + 1).bit_length()
    return exponents


def exact_residuals(A: Doubles, x: Doubles, *targets: Doubles) -> list[Doubles]:
    """b − Ax (digits × C × m) for each target b, exactly, of C stacked problems.

    Takes digits of A (C × m × digits × n), x (C × n), and targets in parts (parts × C × m). For the residual to be at
    most 1/2, x and the first part of b must be at most 1/(n + 2) in size.
    """
    bits = digit_bits(max(A.shape[1], A.shape[3]))
    Ax = product(A, digits(x, bits))
    return [subtract(_sum_of_parts(target, bits), Ax, bits) for target in targets]


def exact_images(A: Doubles, x: Doubles) -> Doubles:
    """Ax in as many parts as x has (parts × C × m), of C stacked problems.

    Takes the digits of A (C × m × digits × n), and x in parts (parts × C × n).
    """
    bits, scale = digit_bits(max(A.shape[1], A.shape[3])), grid(x[0], x[0])[:, np.newaxis]
    digits_of_x = _sum_of_parts(np.ldexp(x, -scale), bits)
    parts, _ = to_parts(carry(product(A, digits_of_x), bits), bits, len(x))
    return np.ldexp(parts, scale)


def to_parts(number: Doubles, bits: int, count: int) -> tuple[Doubles, Doubles]:
    """The first `count` doubles of a number (digits × any shape), each what the ones before leave; and the rest."""
    parts = []
    for _ in range(count):
        parts.append(to_doubles(number))
        number = subtract(number, digits(parts[-1], bits), bits)
    return np.array(parts), number


def _sum_of_parts(parts: Doubles, bits: int) -> Doubles:
    """The digits of a number given as a sum of doubles, its parts (parts × any shape)."""
    planes = [digits(part, bits) for part in parts]
    total = np.zeros((max(map(len, planes)), *parts.shape[1:]))
    for digits_of_part in planes:
        total[: len(digits_of_part)] += digits_of_part
    return carry(total, bits)


def product(A: Doubles, x: Doubles) -> Doubles:
    """Ax (digits × C × m, not carried) of C stacked problems: digits of A (C × m × digits × n), x (digits × C × n)."""
    stack, m, places, n = A.shape
    first = next((place for place, digit in enumerate(x) if digit.any()), len(x) - 1)
    # the large factor on the right: BLAS then takes two thirds of the time
    products = x[first:].transpose(1, 0, 2) @ A.reshape(stack, m * places, n).swapaxes(1, 2)
    found = _long_product(products.reshape(stack, len(x) - first, m, places).transpose(3, 1, 0, 2))
    return np.concatenate([np.zeros((first, *found.shape[1:])), found])


def transposed_product(A: Doubles, r: Doubles, bits: int) -> Doubles:
    """Aᵀr (digits × C × n) of C stacked problems, for the digits of A (C × m × digits × n) and r (digits × C × m)."""
    stack, m, places, n = A.shape
    products = r.transpose(1, 0, 2) @ A.reshape(stack, m, places * n)
    return carry(_long_product(products.reshape(stack, len(r), places, n).transpose(2, 1, 0, 3)), bits)


def products(A: Doubles, x: Doubles) -> Doubles:
    """AX (digits × q × m, not carried) of a matrix and q vectors, digits of A (m × digits × n), X (digits × q × n)."""
    (m, places, n), (count, q, _) = A.shape, x.shape
    found = x.reshape(count * q, n) @ A.reshape(m * places, n).T
    return _long_product(found.reshape(count, q, m, places).transpose(3, 0, 1, 2))


def transposed_products(A: Doubles, r: Doubles) -> Doubles:
    """AᵀR (digits × q × n, not carried), of one matrix and q vectors, for their digits as above."""
    (m, places, n), (count, q, _) = A.shape, r.shape
    found = r.reshape(count * q, m) @ A.reshape(m, places * n)
    return _long_product(found.reshape(count, q, places, n).transpose(2, 0, 1, 3))


def exact_gradient(A: Doubles, r: Doubles) -> Doubles:
    """Aᵀr, rounded once (C × n), of C stacked problems: digits of A (C × m × digits × n) and r (digits × C × m)."""
    return to_doubles(transposed_product(A, r, digit_bits(max(A.shape[1], A.shape[3]))))


def subtract(number: Doubles, other: Doubles, bits: int) -> Doubles:
    """The digits of number − other (digits × any shape); the digits of one of the two need not be carried."""
    difference = np.zeros((max(len(number), len(other)), *number.shape[1:]))
    difference[: len(number)] = number
    difference[: len(other)] -= other
    return carry(difference, bits)


def dyadic(n: int, exponent: int) -> Fraction:
    """n · 2**exponent, in one step and without rounding."""
    return Fraction(n << exponent) if exponent >= 0 else Fraction(n, 1 << -exponent)


def norm_square(r: Doubles, bits: int | None = None) -> Doubles:
    """‖r‖² (digits × C) of C stacked vectors r, for their digits (digits × C × m), which have `digit_bits` if not told.

    Longer digits are multiplied in blocks that are so short that every sum has the room that `digit_bits` leaves.
    """
    bits = digit_bits(r.shape[2]) if bits is None else bits
    step = int(15 * 2.0 ** (51 - 2 * bits)) // len(r)
    total = np.zeros(())
    for first in range(0, r.shape[2], step):
        vectors = r[:, :, first : first + step].transpose(1, 0, 2)
        total = total + carry(_long_product((vectors @ vectors.transpose(0, 2, 1)).transpose(1, 2, 0)), bits)
    return carry(total, bits)


def to_doubles(number: Doubles) -> Doubles:
    """The numbers that digits (digits × any shape) stand for, as doubles with a relative error below 2⁻⁵¹.

    Digits are added from the last to the first: what follows a digit is at most about half its unit.
    """
    value: Doubles = number[-1]
    for digit in number[-2::-1]:
        value = value + digit
    return value


def _rounded_to(values: Doubles, place: int, bits: int) -> Doubles:
    """The nearest multiples of the unit of a place, 2^(−bits·(place + 1)); exact up to 2⁵¹ units.

    Adding 1.5·2⁵² units leaves no room for anything smaller (Rump, Ogita and Oishi, SIAM J. Sci. Comput. 31 (2008)
    189, Algorithm 3.2).
    """
    anchor = _anchor(place, bits)
    return (values + anchor) - anchor


def _anchor(place: int, bits: int) -> float:
    """1.5·2⁵² units of a place: a number added to it is rounded to multiples of the unit."""
    return float(1.5 * 2.0 ** (52 - bits * (place + 1)))


def _long_product(products: Doubles) -> Doubles:
    """Digit i of one factor times digit j of the other, at [i, j], belongs to digit i + j + 1 of the product."""
    first, second = products.shape[:2]
    number = np.zeros((first + second, *products.shape[2:]))
    for i, row in enumerate(products):
        number[i + 1 : i + 1 + second] += row
    return number


def carry(number: Doubles, bits: int) -> Doubles:
    """Move into each digit, from the last to the first, the multiples of its unit in the digit after it; in place.

    Then nothing that follows cancels a digit, and a number is zero only if all of its digits are.
    """
    for place in range(len(number) - 1, 0, -1):
        excess = _rounded_to(number[place], place - 1, bits)
        number[place - 1] += excess
        number[place] -= excess
    return number
