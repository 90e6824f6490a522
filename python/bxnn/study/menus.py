"""Rates and efficiencies of a menu: everything follows from how often each word of seeds occurred.

Prescales are taken into account by their probabilities: an event that fires a seed of prescale p is kept by
it with probability 1/p, independently of other seeds. That is the mean of all ways to choose the events, with
less statistical uncertainty than any one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bxnn._core import InputError
from bxnn.study.rates import CROSSING_RATE, Floats, Measured, fraction

MOST_SEEDS = 62


@dataclass(eq=False)
class MenuCounts:
    """How many events fired which seeds: `counts[i]` events had `words[i]`, whose bit s is seed s.

    names: of the seeds; prescales: one each, 0 for a seed that is switched off (default: all 1). words:
    uint64, ascending. Fill and merge in any order.
    """

    names: tuple[str, ...]
    prescales: tuple[Fraction, ...] = ()
    words: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    counts: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))

    def __post_init__(self) -> None:
        self.names = tuple(self.names)
        self.prescales = tuple(map(Fraction, self.prescales or [1] * len(self.names)))
        if not 1 <= len(self.names) <= MOST_SEEDS or len(set(self.names)) != len(self.names):
            raise InputError(f"menu: expected 1 to {MOST_SEEDS} seeds of different names, got {self.names}")
        if len(self.prescales) != len(self.names) or any(p != 0 and p < 1 for p in self.prescales):
            raise InputError("menu: expected a prescale of 0 or from 1 on for every seed")

    def fill(self, words: ArrayLike) -> None:
        """Count words, integers of any shape. Raises InputError for bits beyond the seeds."""
        array = np.asarray(words)
        if array.size:
            if array.dtype.kind not in "iu" or int(array.min()) < 0 or int(array.max()) >> len(self.names):
                raise InputError(f"menu: expected words of {len(self.names)} seeds, got {array.max()}")
            found, counts = np.unique(array, return_counts=True)
            self._add(found.astype(np.uint64), counts.astype(np.uint64))

    def _add(self, words: NDArray[np.uint64], counts: NDArray[np.uint64]) -> None:
        """More events; each word at most once."""
        together = np.union1d(self.words, words)
        totals = np.zeros(len(together), np.uint64)
        totals[np.searchsorted(together, self.words)] = self.counts
        totals[np.searchsorted(together, words)] += counts
        self.words, self.counts = together, totals

    def merge(self, other: MenuCounts) -> None:
        """Add another's counts. Raises InputError for other seeds."""
        if (self.names, self.prescales) != (other.names, other.prescales):
            raise InputError("menu: expected counts of the same seeds and prescales")
        self._add(other.words, other.counts)

    @property
    def events(self) -> int:
        return int(self.counts.sum(dtype=np.uint64))

    @property
    def fired(self) -> tuple[int, ...]:
        """Events that fired each seed, before prescales."""
        fired = self._fired()
        return tuple(int(self.counts[fired[:, s]].sum(dtype=np.uint64)) for s in range(len(self.names)))

    def _fired(self) -> NDArray[np.bool_]:
        """[words, seeds]"""
        bits = np.arange(len(self.names), dtype=np.uint64)
        return np.asarray((self.words[:, None] >> bits) & np.uint64(1), bool)

    def _kept(self, prescaled: bool) -> Floats:
        """The probability with which each seed keeps an event of each word: [words, seeds]."""
        chance = (
            [float(1 / p) if p else 0.0 for p in self.prescales] if prescaled else [1.0] * len(self.names)
        )
        return np.asarray(self._fired() * np.array(chance))

    def _fraction(self, weight: Floats, one: float = 1.0) -> Measured:
        """The fraction of events kept with these probabilities, [words]."""
        counts = self.counts.astype(np.float64)
        squares = float(counts @ (weight * weight))
        return fraction(float(counts @ weight), self.events, squares=squares, weight=one)

    def accepted(self, seeds: Sequence[str] | None = None, *, prescaled: bool = True) -> Measured:
        """The fraction of events that at least one of the seeds (default: of all) keeps."""
        chosen = self._chosen(self.names if seeds is None else seeds)
        return self._fraction(_any(self._kept(prescaled)[:, chosen]))

    def gain(self, seeds: Sequence[str], *, prescaled: bool = True) -> Measured:
        """The fraction of events that only these seeds keep: accepted by all, less accepted by the rest."""
        kept = self._kept(prescaled)
        chosen = self._chosen(seeds)
        rest = np.delete(kept, chosen, axis=1)
        return self._fraction(_any(kept[:, chosen]) * (1 - _any(rest)))

    def _chosen(self, seeds: Sequence[str]) -> list[int]:
        for name in seeds:
            if name not in self.names:
                raise InputError(f"no seed '{name}'; the seeds are {', '.join(self.names)}")
        return [self.names.index(name) for name in seeds]

    def summary(self, *, prescaled: bool = True) -> MenuFractions:
        """Fractions of events by seed. Raises InputError if there are no events."""
        kept = self._kept(prescaled)
        off = [prescaled and p == 0 for p in self.prescales]
        one = [
            0.0 if o else float(1 / p) if prescaled and p else 1.0
            for o, p in zip(off, self.prescales, strict=True)
        ]
        seeds = tuple(
            SeedFractions(
                name=name,
                prescale=self.prescales[s] if prescaled else Fraction(1),
                fired=self._fraction(self._fired()[:, s].astype(np.float64)),
                kept=self._fraction(kept[:, s], one[s]),
                pure=self._fraction(kept[:, s] * (1 - _any(np.delete(kept, s, axis=1))), one[s]),
            )
            for s, name in enumerate(self.names)
        )
        overlap = (kept * self.counts.astype(np.float64)[:, None]).T @ kept / self.events
        np.fill_diagonal(overlap, [seed.kept.value for seed in seeds])
        return MenuFractions(self.events, seeds, self._fraction(_any(kept)), overlap)


@dataclass(frozen=True)
class SeedFractions:
    """Fractions of events: that fire a seed, that it keeps after its prescale, that nothing else keeps."""

    name: str
    prescale: Fraction
    fired: Measured
    kept: Measured
    pure: Measured


@dataclass(frozen=True)
class MenuFractions:
    """Fractions of events by seed and in all; overlap[i, j]: kept by both seeds, on the diagonal by one."""

    events: int
    seeds: tuple[SeedFractions, ...]
    total: Measured
    overlap: Floats

    def rate(self, crossing_rate: float = CROSSING_RATE) -> Measured:
        """The total in Hz, before dead time."""
        return self.total.times(crossing_rate)


def _any(kept: Floats) -> Floats:
    """The probability that at least one seed keeps the event: [words]."""
    return np.asarray(1 - np.prod(1 - kept, axis=1))
