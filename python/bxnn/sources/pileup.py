"""How many proton collisions happen in a crossing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite

import numpy as np
from numpy.typing import NDArray

from bxnn._core import InputError
from bxnn.sources.counter_random import HIGHEST_MEAN, MEAN_STEPS, PILEUP, U64, Draws, poisson
from bxnn.sources.lhc import BUNCHES_PER_ORBIT, REVOLUTION_FREQUENCY

_SPAN_BITS = 12  # the luminosity is constant for 4,096 orbits, 0.36 s


@dataclass(frozen=True)
class PileupProfile:
    """The mean number of interactions: `mean`, times what is left of the luminosity.

    mean: one number, or one for each of the 3,564 bx; up to 255, rounded to 1/256.
    lifetime: seconds in which the luminosity falls to 1/e, exponentially; None: it stays.
    levels: instead, pairs (seconds from the start, factor), joined by straight lines and constant outside.
    """

    mean: float | Sequence[float]
    lifetime: float | None = None
    levels: Sequence[tuple[float, float]] = ()

    def __post_init__(self) -> None:
        means = self._means()
        if len(means) not in (1, BUNCHES_PER_ORBIT):
            raise InputError(f"pile-up: expected 1 mean or {BUNCHES_PER_ORBIT}, got {len(means)}")
        if self.lifetime is not None and (self.levels or not self.lifetime > 0):
            raise InputError("pile-up: expected a lifetime of more than 0 s, and no levels beside it")
        times = [time for time, _ in self.levels]
        if sorted(set(times)) != times or any(
            not isfinite(x) or x < 0 for level in self.levels for x in level
        ):
            raise InputError("pile-up: expected levels at rising times, with factors of at least 0")
        highest = max(means) * max([factor for _, factor in self.levels] or [1.0])
        if min(means) < 0 or not highest <= HIGHEST_MEAN:
            raise InputError(f"pile-up: expected means of 0 to {HIGHEST_MEAN}, got {min(means)} to {highest}")

    def _means(self) -> list[float]:
        return [float(self.mean)] if isinstance(self.mean, (int, float)) else [float(m) for m in self.mean]

    def steps(self, crossings: U64) -> NDArray[np.int64]:
        """The mean of each crossing [n] in units of 1/256."""
        orbit, bx = np.divmod(crossings, np.uint64(BUNCHES_PER_ORBIT))
        means = np.array(self._means())
        of_bunch = means[bx.astype(np.intp)] if len(means) > 1 else means
        spans, index = np.unique(orbit >> np.uint64(_SPAN_BITS), return_inverse=True)
        factors = np.array([self._factor(int(s) * 2**_SPAN_BITS / REVOLUTION_FREQUENCY) for s in spans])
        return np.asarray(np.rint(of_bunch * factors[index] * MEAN_STEPS).astype(np.int64))

    def _factor(self, seconds: float) -> float:
        if self.lifetime is not None:
            return exp(-seconds / self.lifetime)
        if not self.levels:
            return 1.0
        times, factors = zip(*self.levels, strict=True)
        return float(np.interp(seconds, times, factors))

    def interactions(self, seed: int, crossings: U64) -> NDArray[np.int64]:
        """A Poisson number of interactions for each crossing [n], always the same for a seed."""
        return poisson(self.steps(crossings), Draws(seed, PILEUP, crossings).bits(0)[:, 0])
