"""Random numbers that belong to a crossing: known from the seed alone, without those of the crossings before.

Each crossing has its own SplitMix64 sequence, begun from (seed, purpose, crossing). Distributions over
integers are drawn by comparison with thresholds of 32 bits, so that no result depends on how many are drawn
at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from math import exp, fsum, lgamma, log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bxnn._core import InputError

U64 = NDArray[np.uint64]

_GAMMA = 0x9E3779B97F4A7C15
_FACTORS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
_MASK = (1 << 64) - 1
_32 = np.uint64(32)
_GUIDE_BITS, _BELOW_GUIDE = 12, np.uint64(20)  # of the 32 bits that are compared

PILEUP, EVENT, SIGNAL, SIGNAL_EVENT, OBJECTS = 1, 2, 3, 4, 16  # purposes


def _mix(z: U64) -> U64:
    """The output function of SplitMix64, in place."""
    for shift, factor in zip(_SHIFTS, _FACTORS, strict=False):
        z ^= z >> shift
        z *= factor
    z ^= z >> _SHIFTS[2]
    return z


class Draws:
    """Random bits of crossings uint64 [n], different for every purpose."""

    def __init__(self, seed: int, purpose: int, crossings: ArrayLike) -> None:
        if not 0 <= seed <= _MASK:
            raise InputError(f"seed: expected an integer of 64 bits, got {seed}")
        key = _mix(np.array([seed], np.uint64)) + np.uint64(purpose * _GAMMA & _MASK)
        self._base = _mix(np.asarray(crossings, np.uint64) * np.uint64(_GAMMA) + _mix(key))

    def bits(self, first: int, count: int = 1) -> U64:
        """[n, count] of 64 random bits: those numbered from `first` on."""
        steps = [(i + 1) * _GAMMA & _MASK for i in range(first, first + count)]
        return _mix(self._base[:, None] + np.array(steps, np.uint64))


def below(bits: U64, limit: int | U64) -> U64:
    """Integers 0 <= x < limit <= 2^32 from the upper 32 of 64 bits; each as likely as any to 2^-32 limit."""
    return np.asarray((bits >> _32) * np.asarray(limit, np.uint64) >> _32)


class Discrete:
    """Distributions over 0, 1, ...: one a row, of relative frequencies [rows, n], to 2^-32."""

    def __init__(self, weights: Sequence[Sequence[float]]) -> None:
        self._size = len(weights[0])
        self._thresholds = np.array([_thresholds(i, row) for i, row in enumerate(weights)], np.uint64).ravel()
        bucket = np.arange(len(weights) << _GUIDE_BITS, dtype=np.uint64) << _BELOW_GUIDE
        low = self._look_up(bucket)
        # Buckets that hold a threshold have to look it up.
        divided = low != self._look_up(bucket | np.uint64((1 << int(_BELOW_GUIDE)) - 1))
        self._guide = np.where(divided, -1, low).astype(np.int16)

    def _look_up(self, keys: U64) -> NDArray[np.int64]:
        """All thresholds lie in one rising line, row after row; the upper half of a key is the row."""
        found = np.searchsorted(self._thresholds, keys, "right")
        return np.asarray(found - (keys >> _32).astype(np.int64) * self._size)

    def draw(self, bits: U64, row: NDArray[np.int64] | None = None) -> NDArray[np.int16]:
        """One for each number of 64 bits, from its upper half, and each row [n] (without: 0); shape kept."""
        keys = bits >> _32
        if row is not None:
            keys |= row.astype(np.uint64) << _32
        drawn: NDArray[np.int16] = self._guide[(keys >> _BELOW_GUIDE).view(np.int64)]
        divided = drawn < 0
        drawn[divided] = self._look_up(keys[divided])
        return drawn


def _thresholds(row: int, weights: Sequence[float]) -> list[int]:
    total = fsum(weights)
    if not weights or min(weights) < 0 or not 0 < total < float("inf") or len(weights) > 1 << 15:
        raise InputError("expected 1 to 32,768 relative frequencies of at least 0, not all 0")
    inner = [min(1 << 32, round(c / total * (1 << 32))) for c in accumulate(weights[:-1])]
    return [(row << 32) + threshold for threshold in (*inner, 1 << 32)]


MEAN_STEPS = 256  # means of Poisson distributions are multiples of 1/256
HIGHEST_MEAN = 255


def poisson(mean: NDArray[np.int64], bits: U64) -> NDArray[np.int64]:
    """Poisson numbers of these means (in units of 1/256, up to 255), from 64 bits each; shapes [n].

    The sum of two: one of the whole part of the mean, from the upper bits, one of the rest.
    """
    whole, part = np.divmod(mean, MEAN_STEPS)
    number = _poisson(1, 640).draw(bits, whole).astype(np.int64)
    if part.any():
        number += _poisson(MEAN_STEPS, 32).draw(bits << _32, part)
    return number


@lru_cache
def _poisson(steps: int, size: int) -> Discrete:
    """256 distributions, of the means 0, 1/steps, 2/steps, ..."""
    means = [i / steps for i in range(256)]
    return Discrete(
        [
            [exp(k * log(mean) - mean - lgamma(k + 1)) if mean else float(k == 0) for k in range(size)]
            for mean in means
        ]
    )
