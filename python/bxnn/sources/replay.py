"""Events of a sample as those of a run: over and over, at random, by pile-up, with signals among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bxnn._core import InputError
from bxnn.sources.counter_random import EVENT, SIGNAL, SIGNAL_EVENT, U64, Draws, below
from bxnn.sources.lhc import FillingScheme
from bxnn.sources.pileup import PileupProfile
from bxnn.sources.source import CROSSING, TRUTH, Array, Chunk, InputSpec, Source, length, require_range, whole

_LARGEST_POOL = 1 << 32


class Replay:
    """Events of another source, the pool, one for every filled crossing of `scheme`.

    seed None: in order, over and over. Else at random, by (seed, crossing). With a `pileup` profile and
    `labels`, the numbers of interactions [N] of the pool's events: the number of a crossing is drawn, then
    one of the events whose label is nearest (the lower of two). count None: without end. The default scheme
    is the LHC's.

    Raises InputError for an empty pool, labels that do not fit, a profile without seed or labels.
    """

    arrays: None = None

    def __init__(
        self,
        pool: Source,
        scheme: FillingScheme | None = None,
        *,
        seed: int | None = None,
        count: int | None = None,
        pileup: PileupProfile | None = None,
        labels: ArrayLike | None = None,
    ) -> None:
        self._pool = {name: array for name, array in whole(pool).items() if name != CROSSING}
        self._scheme = scheme or FillingScheme.lhc()
        self._seed, self._pileup = seed, pileup
        self.inputs: Mapping[str, InputSpec] = pool.inputs
        self.count = count
        self._size = length(self._pool)
        if self._size > _LARGEST_POOL:
            raise InputError(f"expected a pool of at most {_LARGEST_POOL} events, got {self._size}")
        if (pileup is None) != (labels is None) or (pileup is not None and seed is None):
            raise InputError("a pile-up profile needs labels and a seed, and labels need a profile")
        self._nearest = None if labels is None else _Nearest(np.asarray(labels), self._size)

    def chunks(self, size: int, start: int = 0) -> Iterator[Chunk]:
        require_range(size, start, self.count)
        while self.count is None or start < self.count:
            n = size if self.count is None else min(size, self.count - start)
            if self._seed is None:
                # Parts of the pool are views; a chunk ends where the pool does.
                first = start % self._size
                n = min(n, self._size - first)
                chunk = {name: array[first : first + n] for name, array in self._pool.items()}
            crossings = self._scheme.crossing_of(np.arange(start, start + n, dtype=np.uint64))
            if self._seed is not None:
                index = self._at_random(self._seed, crossings)
                chunk = {name: array.take(index, axis=0) for name, array in self._pool.items()}
            yield chunk | {CROSSING: crossings}
            start += n

    def _at_random(self, seed: int, crossings: U64) -> NDArray[np.intp]:
        bits = Draws(seed, EVENT, crossings).bits(0)[:, 0]
        if self._pileup is None or self._nearest is None:
            return below(bits, self._size).astype(np.intp)
        return self._nearest.pick(self._pileup.interactions(seed, crossings), bits)


class _Nearest:
    """Events by label: for every number of interactions those of the nearest label."""

    def __init__(self, labels: Array, size: int) -> None:
        if labels.shape != (size,) or labels.dtype.kind not in "iu" or labels.min() < 0:
            raise InputError(
                f"labels: expected an integer of at least 0 for each of {size} events, got {labels.dtype} "
                f"{labels.shape}"
            )
        self._order = np.argsort(labels, kind="stable")
        known, starts, counts = np.unique(labels[self._order], return_index=True, return_counts=True)
        if int(known[-1]) >= 1 << 16:
            raise InputError(f"labels: expected numbers of interactions below 65,536, got {known[-1]}")
        numbers = np.arange(int(known[-1]) + 1)
        upper = np.searchsorted(known, numbers)
        lower = np.maximum(upper - 1, 0)
        exact_or_upper = known[upper].astype(np.int64) - numbers < numbers - known[lower].astype(np.int64)
        nearest = np.where(exact_or_upper | (known[upper] == numbers) | (upper == 0), upper, lower)
        self._start, self._count = starts[nearest], counts[nearest].astype(np.uint64)

    def pick(self, interactions: NDArray[np.int64], bits: U64) -> NDArray[np.intp]:
        n = np.minimum(interactions, len(self._start) - 1)
        return np.asarray(self._order[self._start[n] + below(bits, self._count[n]).astype(np.intp)])


@dataclass(frozen=True, eq=False)
class Signal:
    """Events that take the place of a fraction of crossings, drawn at random."""

    source: Source
    fraction: float


class Injection:
    """A source with signals among its events: `truth` is 0 for the background, i + 1 for signals[i].

    Which crossings, and which event of the signal, is known from (seed, crossing) alone; where the background
    does not know its crossings, the number of the event stands for it. Raises InputError unless signals have
    the background's inputs and their fractions add up to at most 1.
    """

    arrays: None = None

    def __init__(self, background: Source, signals: Sequence[Signal], seed: int) -> None:
        self._background, self._seed = background, seed
        self.inputs, self.count = background.inputs, background.count
        for i, signal in enumerate(signals):
            if dict(signal.source.inputs) != dict(self.inputs):
                expected, found = dict(self.inputs), dict(signal.source.inputs)
                raise InputError(f"signal {i + 1}: expected the inputs {expected}, got {found}")
        fractions = [signal.fraction for signal in signals]
        if not 1 <= len(signals) <= 255 or not all(f >= 0 for f in fractions) or not sum(fractions) <= 1:
            raise InputError(f"expected 1 to 255 signals, fractions of 0 to 1 in all, got {fractions}")
        edges = np.cumsum([int(f * 2**64) for f in fractions], dtype=object)
        self._edges = np.array([min(int(edge), 2**64 - 1) for edge in edges], np.uint64)
        self._pools = [whole(signal.source) for signal in signals]

    def chunks(self, size: int, start: int = 0) -> Iterator[Chunk]:
        for chunk in self._background.chunks(size, start):
            n = length(chunk)
            if TRUTH in chunk:
                raise InputError("the background has signals in it already; give all signals at once")
            crossings = chunk.get(CROSSING)
            if crossings is None:
                crossings = np.arange(start, start + n, dtype=np.uint64)
            yield self._injected(chunk, crossings)
            start += n

    def _injected(self, chunk: Chunk, crossings: U64) -> Chunk:
        kind = np.searchsorted(self._edges, Draws(self._seed, SIGNAL, crossings).bits(0)[:, 0], "right")
        truth = ((kind + 1) % (len(self._pools) + 1)).astype(np.uint8)
        if truth.any():
            chunk = {name: array.copy() if name in self.inputs else array for name, array in chunk.items()}
        for i, pool in enumerate(self._pools):
            rows = np.flatnonzero(truth == i + 1)
            bits = Draws(self._seed, SIGNAL_EVENT, crossings[rows]).bits(0)[:, 0]
            index = below(bits, length(pool)).astype(np.intp)
            for name in self.inputs:
                chunk[name][rows] = pool[name][index]
        return chunk | {TRUTH: truth}
