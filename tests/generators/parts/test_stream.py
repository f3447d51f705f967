"""Random words and what is made of them: the published generator, ranges, moments."""

from __future__ import annotations

import numpy as np

from lamm_robust.generators.parts.stream import Stream


def test_words_are_those_of_the_published_generator() -> None:
    # known-answer test of Philox4x64-10 from the Random123 distribution: counter and key all zero give
    # 16554d9eca36314c db20fe9d672d0fdc d7e772cee186176b 7e68b68aec7ba23b; NumPy counts up before each block
    philox = np.random.Philox(key=0, counter=2**256 - 1)
    words = [int(word) for word in philox.random_raw(4)]
    assert words == [0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B]


def test_streams_are_named_by_every_word() -> None:
    first = Stream("spectrum", 30, 0).raw(4)
    assert np.array_equal(Stream("spectrum", 30, 0).raw(4), first)
    assert not np.any(np.isin(Stream("spectrum", 30, 1).raw(4), first))
    assert not np.any(np.isin(Stream("spectrum", 3, 0).raw(4), first))


def test_uniform_numbers_are_dyadic_and_uniform() -> None:
    values = Stream("uniform").uniform(10_000)
    assert np.all((values >= 0) & (values < 1))
    assert np.array_equal(values * 2.0**53, np.floor(values * 2.0**53))
    # a mean of 10⁴ has standard deviation 0.0029; the extremes come within a few 10⁻⁴ of the ends
    assert 0.49 < values.mean() < 0.51
    assert values.min() < 0.001
    assert values.max() > 0.999


def test_signs_and_integers_cover_their_range_evenly() -> None:
    signs = Stream("signs").signs(10_000)
    assert set(signs.tolist()) == {-1, 1}
    assert abs(int(signs.sum())) < 400  # four standard deviations
    digits = Stream("digits").integers(10_000, -2, 2)
    counts = np.unique_counts(digits)
    assert counts.values.tolist() == [-2, -1, 0, 1, 2]
    assert np.all(np.abs(counts.counts - 2000) < 160)


def test_coefficients_use_every_number() -> None:
    assert set(Stream("solution").coefficients(300)) == {-3, -2, -1, 1, 2, 3}


def test_permutation_moves_every_number_everywhere() -> None:
    drawn = np.array([Stream("permutation", seed).permutation(5) for seed in range(500)])
    assert all(sorted(row) == [0, 1, 2, 3, 4] for row in drawn.tolist())
    for position in range(5):
        counts = np.bincount(drawn[:, position], minlength=5)
        assert np.all(np.abs(counts - 100) < 40)


def test_bell_has_the_moments_it_claims_and_is_never_zero() -> None:
    values = Stream("bell").bell(40_000)
    assert np.all(np.abs(values * 2.0**21 % 2) == 1)  # odd multiples of 2⁻²¹
    assert np.all(np.abs(values) < 3)
    assert abs(values.mean()) < 0.02
    assert 0.97 < (values**2).mean() < 1.03
    assert 2.5 < (values**4).mean() < 2.7
