"""AUC and its variance against all pairs of events."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bxnn import InputError
from bxnn.histogram import Histogram
from bxnn.study.curves import area_under_curve, roc

scores = st.lists(st.integers(-5, 12), min_size=1, max_size=25)


def kernel(signal: int, background: int) -> Fraction:
    return Fraction((signal > background) - (signal < background) + 1, 2)


def sample_variance(values: list[Fraction]) -> Fraction:
    mean = sum(values, Fraction()) / len(values)
    return sum(((v - mean) ** 2 for v in values), Fraction()) / (len(values) - 1)


@settings(deadline=None)
@given(scores, scores, st.booleans())
def test_area_and_variance_of_delong(background: list[int], signal: list[int], binned: bool) -> None:
    make = Histogram.of if binned else np.array
    found = area_under_curve(make(background), make(signal))
    over_signal = [sum((kernel(s, b) for b in background), Fraction()) / len(background) for s in signal]
    over_background = [sum((kernel(s, b) for s in signal), Fraction()) / len(signal) for b in background]
    assert found.area == sum(over_signal, Fraction()) / len(signal)
    if min(len(signal), len(background)) < 2:
        assert found.variance is None
    else:
        assert found.variance == sample_variance(over_signal) / len(signal) + sample_variance(
            over_background
        ) / len(background)
    assert 0 <= found.measured.low <= found.measured.value <= found.measured.high <= 1


@settings(deadline=None)
@given(scores, scores)
def test_points_of_the_curve(background: list[int], signal: list[int]) -> None:
    curve = roc(np.array(background), np.array(signal))
    for t, b, s, low, high in zip(
        curve.threshold, curve.background, curve.signal, curve.signal_low, curve.signal_high, strict=True
    ):
        assert b == sum(v > t for v in background) / len(background)
        assert s == sum(v > t for v in signal) / len(signal) and low <= s <= high
    assert (np.diff(curve.threshold) < 0).all()


@pytest.mark.parametrize(
    ("background", "signal", "area"), [([0, 1], [2, 3], 1.0), ([2, 3], [0, 1], 0.0), ([1, 1], [1], 0.5)]
)
def test_area_by_hand(background: list[int], signal: list[int], area: float) -> None:
    assert area_under_curve(np.array(background), np.array(signal)).area == area


def test_counts_too_large_for_64_bits_of_their_squares() -> None:
    many = 10**15
    background = Histogram(12, 0, np.array([many, many]))
    signal = Histogram(12, 1, np.array([many]))
    found = area_under_curve(background, signal)
    assert found.area == Fraction(3, 4) and found.variance is not None and found.measured.error < 1e-7


def test_an_array_against_a_histogram_is_binned() -> None:
    background, signal = np.array([70_000, 70_001]), np.array([70_000, 70_005])
    binned = area_under_curve(Histogram.of(background), signal)
    assert binned == area_under_curve(Histogram.of(background), Histogram.of(signal))
    with pytest.raises(InputError, match="same number of bits"):
        area_under_curve(Histogram.of(background, 5), Histogram.of(signal, 6))
