"""Is a rate constant: sections of time against one common fraction."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bxnn._core import InputError
from bxnn.study.rates import Floats


@dataclass(frozen=True)
class Stability:
    """chi2 of the sections' counts against a constant fraction.

    pulls: (observed - expected) / standard deviation of each section, 0 where it has no event. probability:
    of a larger chi2 for a constant rate; it is a good one where some ten events are expected in every
    section.
    """

    chi2: float
    degrees: int
    probability: float
    pulls: Floats


def stability(passed: ArrayLike, events: ArrayLike) -> Stability:
    """passed, events: integers [sections]. Raises InputError unless 0 <= passed <= events, with some
    event."""
    k, n = np.asarray(passed, np.float64), np.asarray(events, np.float64)
    if k.shape != n.shape or k.ndim != 1 or (k < 0).any() or (k > n).any() or n.sum() == 0:
        raise InputError(
            "stability: expected for each section as many events as pass, or more, and some event"
        )
    common = k.sum() / n.sum()
    sigma = np.sqrt(n * common * (1 - common))
    pulls = np.divide(k - n * common, sigma, out=np.zeros_like(k), where=sigma > 0)
    degrees = max(0, int((n > 0).sum()) - 1) if 0 < common < 1 else 0
    chi2 = float((pulls**2).sum())
    return Stability(chi2, degrees, chi2_probability(chi2, degrees), pulls)


def chi2_probability(chi2: float, degrees: int) -> float:
    """Probability of a larger chi2, by the finite sums for whole numbers of degrees of freedom."""
    if degrees == 0 or chi2 <= 0:
        return 1.0
    x = chi2 / 2
    tail, a = (math.exp(-x), 1.0) if degrees % 2 == 0 else (math.erfc(math.sqrt(x)), 0.5)
    while a < degrees / 2:
        tail += math.exp(a * math.log(x) - x - math.lgamma(a + 1))
        a += 1
    return min(1.0, tail)
