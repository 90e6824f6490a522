"""Rates, thresholds and intervals against counts by hand."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bxnn import InputError
from bxnn.histogram import Histogram
from bxnn.study.rates import CROSSING_RATE, fraction, passing, rate_curve, wilson, working_point
from bxnn.study.stability import chi2_probability, stability

scores = st.lists(st.integers(-100, 100), min_size=1, max_size=60)


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_wilson_ends_are_one_standard_deviation_away(k: int, n: int) -> None:
    k = min(k, n)
    low, high = (float(end) for end in wilson(k, n))
    assert 0 <= low <= k / n <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            assert (k / n - end) ** 2 == pytest.approx(end * (1 - end) / n, rel=1e-9)


@given(st.integers(0, 500), st.integers(1, 50))
def test_equal_weights_scale_the_interval(k: int, prescale: int) -> None:
    plain = fraction(k, 500)
    scaled = fraction(k / prescale, 500, squares=k / prescale**2, weight=1 / prescale)
    assert scaled == pytest.approx(plain.times(1 / prescale), rel=1e-9)


@settings(deadline=None)
@given(scores, st.booleans())
def test_rate_curve(vs: list[int], binned: bool) -> None:
    curve = rate_curve(Histogram.of(vs) if binned else np.array(vs), 1000.0)
    assert curve.threshold.tolist() == sorted(set(vs)) and curve.events == len(vs)
    for t, passed, rate in zip(curve.threshold, curve.passed, curve.rate, strict=True):
        assert int(passed) == sum(v > t for v in vs)
        assert rate == pytest.approx(1000 * int(passed) / len(vs))


@settings(deadline=None)
@given(scores, st.fractions(0, 2), st.booleans())
def test_working_point_is_the_smallest_threshold(vs: list[int], share: Fraction, binned: bool) -> None:
    target = float(share) * 1000.0
    point = working_point(Histogram.of(vs) if binned else np.array(vs), target, 1000.0)
    allowed = math.floor(Fraction(target) / 1000 * len(vs))
    if allowed == 0:
        assert point.threshold is None and point.passed == 0
        return
    allowed = min(allowed, len(vs))
    assert point.threshold == next(t for t in range(min(vs) - 1, 102) if sum(v > t for v in vs) <= allowed)
    assert point.passed == sum(v > point.threshold for v in vs)
    assert point.rate.value == pytest.approx(1000 * point.passed / len(vs))
    assert point.rate.low <= point.rate.value <= point.rate.high


def test_fraction_that_passes() -> None:
    values = np.array([1, 2, 2, 50_000])
    assert passing(values, 2).value == passing(Histogram.of(values), 2).value == 0.25
    with pytest.raises(InputError, match="no edge .* from 49999 to 50015"):
        passing(Histogram.of([50_001, 50_000]), 50_000)
    assert passing(Histogram.of([50_001, 50_000]), 49_999).value == 1


@pytest.mark.parametrize("wrong", [np.array([0.5]), np.array([], int), Histogram()])
def test_unusable_scores(wrong: object) -> None:
    with pytest.raises(InputError):
        rate_curve(wrong)  # type: ignore[arg-type]


def test_the_rate_of_all_crossings() -> None:
    assert CROSSING_RATE == 11_245.5 * 2_748
    assert fraction(8000, 8000).times(CROSSING_RATE).value == CROSSING_RATE
    with pytest.raises(InputError):
        fraction(0, 0)


def test_stability_by_hand() -> None:
    found = stability([10, 20, 0], [100, 100, 0])
    sigma = math.sqrt(100 * 0.15 * 0.85)
    assert found.pulls.tolist() == pytest.approx([-5 / sigma, 5 / sigma, 0])
    assert found.chi2 == pytest.approx(50 / sigma**2) and found.degrees == 1
    assert stability([0, 0], [5, 5]).probability == 1.0
    with pytest.raises(InputError):
        stability([2], [1])


@pytest.mark.parametrize(
    ("chi2", "degrees", "probability"),  # tables of the chi2 distribution
    [
        (3.841, 1, 0.05),
        (5.991, 2, 0.05),
        (18.307, 10, 0.05),
        (23.209, 10, 0.01),
        (124.342, 100, 0.05),
        (24.996, 15, 0.05),
    ],
)
def test_chi2_probability(chi2: float, degrees: int, probability: float) -> None:
    assert chi2_probability(chi2, degrees) == pytest.approx(probability, rel=1e-3)


def test_a_constant_rate_is_stable_and_a_drifting_one_is_not() -> None:
    rng = np.random.default_rng(5)
    events = np.full(50, 2000)
    assert stability(rng.binomial(events, 0.1), events).probability > 1e-3
    assert stability(rng.binomial(events, np.linspace(0.08, 0.13, 50)), events).probability < 1e-6
