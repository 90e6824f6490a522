"""Rates of a trigger from counted events: curves, thresholds for a target, uncertainties.

A rate is the fraction of events that pass, times the rate of crossings. Uncertainties are Wilson score
intervals of one standard deviation (68.27 %) of a binomial; they hold for 0 and for all events passing too.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bxnn._core import InputError
from bxnn.histogram import Histogram
from bxnn.sources.lhc import REVOLUTION_FREQUENCY

FILLED_BUNCHES = 2_748  # of a filled machine
CROSSING_RATE = REVOLUTION_FREQUENCY * FILLED_BUNCHES  # 30.9 MHz

Floats = NDArray[np.float64]
Scores = Histogram | NDArray[Any]


class Measured(NamedTuple):
    """A number with the ends of its interval of one standard deviation."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> Measured:
        return Measured(*(number * factor for number in self))

    @property
    def error(self) -> float:
        """Half the interval."""
        return (self.high - self.low) / 2


def wilson(passed: ArrayLike, total: ArrayLike) -> tuple[Floats, Floats]:
    """Ends of the Wilson score interval of passed / total, one standard deviation; of any shape."""
    k, n = np.asarray(passed, np.float64), np.asarray(total, np.float64)
    centre = (k + 0.5) / (n + 1)
    half = np.sqrt(np.maximum(k * (n - k) / n, 0) + 0.25) / (n + 1)
    low = np.where(k == 0, 0.0, np.maximum(centre - half, 0.0))
    high = np.where(k == n, 1.0, np.minimum(centre + half, 1.0))
    return low, high


def fraction(passed: float, total: int, *, squares: float | None = None, weight: float = 1.0) -> Measured:
    """passed / total, where events may count with weights between 0 and 1.

    passed, squares: sums of the weights and of their squares (default: weights of 1). weight: what one more
    event would count, for an interval where none passed. The interval is that of the number of events of
    equal weight with the same relative variance.
    """
    if total <= 0:
        raise InputError(f"a fraction: expected at least one event, got {total}")
    scale = (passed if squares is None else squares) / passed if passed else weight
    low, high = wilson(passed / scale if scale else 0.0, total)
    return Measured(passed / total, float(low) * scale, float(high) * scale)


class Levels(NamedTuple):
    """The distinct scores of a sample, ascending, and how many events have each.

    Of a histogram: the greatest value of every filled bin, so that counts above a level are exact.
    """

    values: NDArray[np.int64]
    counts: NDArray[np.uint64]

    @property
    def total(self) -> int:
        return int(self.counts.sum(dtype=np.uint64))

    def above(self, thresholds: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Events with score > threshold, for each; exact if the thresholds are levels or lie outside them."""
        cumulative = np.concatenate([np.zeros(1, np.uint64), np.cumsum(self.counts, dtype=np.uint64)])
        return np.asarray(cumulative[-1] - cumulative[np.searchsorted(self.values, thresholds, "right")])


def levels(scores: Scores) -> Levels:
    """Raises InputError for scores that are no integers, and for an empty sample."""
    if isinstance(scores, Histogram):
        filled = np.flatnonzero(scores.counts)
        found = Levels(scores.upper()[filled], scores.counts[filled])
    else:
        array = np.asarray(scores)
        if array.size and array.dtype.kind not in "iub":
            raise InputError(f"scores: expected raw integers, got {array.dtype}")
        values, counts = np.unique(array, return_counts=True)
        if values.size and values[-1] > np.iinfo(np.int64).max:
            raise InputError(f"scores: expected values below 2**63, got {values[-1]}")
        found = Levels(values.astype(np.int64), counts.astype(np.uint64))
    if not found.values.size:
        raise InputError("scores: expected at least one event, got an empty sample")
    return found


def common_levels(first: Scores, second: Scores) -> tuple[Levels, Levels]:
    """Levels of two samples that can be compared: both of values, or both of the same bins."""
    bits = {s.bits for s in (first, second) if isinstance(s, Histogram)}
    if len(bits) > 1:
        raise InputError(f"scores: expected histograms of the same number of bits, got {sorted(bits)}")
    if bits:
        (common,) = bits
        first, second = (s if isinstance(s, Histogram) else Histogram.of(s, common) for s in (first, second))
    return levels(first), levels(second)


@dataclass(frozen=True)
class RateCurve:
    """The rate in Hz of score > threshold at every threshold where it changes, with its interval."""

    threshold: NDArray[np.int64]
    passed: NDArray[np.uint64]
    rate: Floats
    low: Floats
    high: Floats
    events: int


def rate_curve(scores: Scores, crossing_rate: float = CROSSING_RATE) -> RateCurve:
    """The rate against the threshold; scores: a histogram, or integers of any shape."""
    sample = levels(scores)
    passed, total = sample.above(sample.values), sample.total
    low, high = wilson(passed, total)
    rate = passed.astype(np.float64) * (crossing_rate / total)
    return RateCurve(sample.values, passed, rate, low * crossing_rate, high * crossing_rate, total)


@dataclass(frozen=True)
class WorkingPoint:
    """Accept crossings with score > threshold, so that at most the target rate passes.

    threshold is None where the sample is too small to say: not one event may pass.
    """

    target: float
    threshold: int | None
    passed: int
    events: int
    rate: Measured


def working_point(scores: Scores, target: float, crossing_rate: float = CROSSING_RATE) -> WorkingPoint:
    """The smallest threshold (of a histogram: the smallest edge) at which at most `target` Hz pass."""
    if not 0 <= target < float("inf"):
        raise InputError(f"a target rate: expected a number of Hz from 0, got {target}")
    sample = levels(scores)
    total = sample.total
    allowed = min(total, int(Fraction(target) / Fraction(crossing_rate) * total))
    if allowed == 0:
        return WorkingPoint(target, None, 0, total, fraction(0, total).times(crossing_rate))
    passed = sample.above(sample.values)
    fits = int(np.argmax(passed <= np.uint64(allowed)))
    threshold, count = int(sample.values[fits]), int(passed[fits])
    if allowed == total:
        # All may pass: the edge below the least value.
        least = int(scores.lower()[0]) if isinstance(scores, Histogram) else threshold
        threshold, count = least - 1, total
    return WorkingPoint(target, threshold, count, total, fraction(count, total).times(crossing_rate))


def passing(scores: Scores, threshold: int) -> Measured:
    """The fraction with score > threshold. Raises InputError where a histogram doesn't know it exactly."""
    if isinstance(scores, Histogram):
        above = scores.above(threshold)
        if not above.exact:
            bin_ = int(np.searchsorted(scores.lower(), threshold, "right")) - 1
            edges = int(scores.lower()[bin_]) - 1, int(scores.upper()[bin_])
            raise InputError(
                f"threshold {threshold} is no edge of the histogram: from {edges[0]} to {edges[1]} it does "
                "not know how many values are above; take one of them, or more bits"
            )
        return fraction(above.least, scores.total)
    array = np.asarray(scores)
    return fraction(int((array > threshold).sum()), array.size)
