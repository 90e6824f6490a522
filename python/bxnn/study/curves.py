"""ROC curves and the areas under them, from integer counts.

AUC is the probability that a signal event scores above a background event, a tie counted one half. Its
variance is DeLong's: the variances of both samples' placement values over their sizes. Both are exact
rational numbers of the counts; of histograms, scores in one bin are ties.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bxnn.study.rates import Floats, Levels, Measured, Scores, common_levels, wilson


class Area(NamedTuple):
    """An AUC and its variance, exactly; the variance is None for a sample of one event."""

    area: Fraction
    variance: Fraction | None

    @property
    def measured(self) -> Measured:
        """As real numbers, with one standard deviation, inside [0, 1]."""
        value = float(self.area)
        error = math.sqrt(self.variance) if self.variance is not None else 1.0
        return Measured(value, max(0.0, value - error), min(1.0, value + error))


@dataclass(frozen=True)
class Roc:
    """Fractions of score > threshold, thresholds falling; intervals of the signal's are Wilson's."""

    threshold: NDArray[np.int64]
    background: Floats
    signal: Floats
    signal_low: Floats
    signal_high: Floats
    area: Area


def roc(background: Scores, signal: Scores) -> Roc:
    """The ROC curve. Raises InputError for empty samples and for scores that are no integers."""
    first, second = common_levels(background, signal)
    thresholds = np.union1d(first.values, second.values)[::-1]
    passed = [sample.above(thresholds).astype(np.float64) for sample in (first, second)]
    low, high = wilson(passed[1], second.total)
    return Roc(thresholds, passed[0] / first.total, passed[1] / second.total, low, high, _area(first, second))


def area_under_curve(background: Scores, signal: Scores) -> Area:
    """The AUC alone."""
    return _area(*common_levels(background, signal))


def _area(background: Levels, signal: Levels) -> Area:
    over_background, first = _placements(signal, background)
    over_signal, second = _placements(background, signal)
    # Twice the number of pairs in which signal wins, ties once: the same from both sides.
    pairs = 2 * background.total * signal.total
    assert over_background + over_signal == pairs
    variance = None if first is None or second is None else first + second
    return Area(Fraction(over_background, pairs), variance)


def _placements(sample: Levels, other: Levels) -> tuple[int, Fraction | None]:
    """Of d = 2 * (events of `other` below) + (equal), for each event: the sum, and the variance of the mean.

    The variance is that of d / (2 * size of other), None for a single event. Integers are Python's: squares
    of counts don't fit 64 bits.
    """
    cumulative = np.concatenate([np.zeros(1, np.uint64), np.cumsum(other.counts, dtype=np.uint64)])
    below = cumulative[np.searchsorted(other.values, sample.values, "left")]
    up_to = cumulative[np.searchsorted(other.values, sample.values, "right")]
    placed = [int(a) + int(b) for a, b in zip(below.tolist(), up_to.tolist(), strict=True)]
    counts = [int(c) for c in sample.counts.tolist()]
    total, scale = sum(counts), 2 * other.total
    first = sum(c * d for c, d in zip(counts, placed, strict=True))
    second = sum(c * d * d for c, d in zip(counts, placed, strict=True))
    if total < 2:
        return first, None
    spread = Fraction(total * second - first * first, total * (total - 1))
    return first, spread / (scale * scale * total)
