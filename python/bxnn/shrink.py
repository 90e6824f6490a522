"""Make an event small while it still shows what is wrong: fewer numbers that are not zero, smaller ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.int64]

MAX_CALLS = 64
_MAX_NUMBERS = 1 << 23  # in all candidates together


@dataclass(frozen=True)
class Shrunk:
    """The smallest vector found, and how often the question was asked."""

    vector: Vector
    calls: int


def shrink(vector: Vector, differs: Callable[[Vector], NDArray[np.bool_]]) -> Shrunk:
    """The event [n] made small; `differs` says of each row of [M, n] whether it still shows the difference.

    Deterministic if `differs` is; asks at most MAX_CALLS times, for many candidates at once. What is returned
    is the event itself or a row of which `differs` was true. An exception of `differs` passes through.
    """
    search = _Search(vector, differs)
    search.zero()
    while search.reduce():
        pass
    return Shrunk(search.vector, search.calls)


class _Search:
    def __init__(self, vector: Vector, differs: Callable[[Vector], NDArray[np.bool_]]) -> None:
        self.vector, self.differs = vector, differs
        self.calls = self.numbers = 0

    def zero(self) -> None:
        """Zero groups of numbers, all at first, then smaller groups, until no single one can be zeroed."""
        places = np.flatnonzero(self.vector)
        size = len(places)
        while size:
            groups = [places[i : i + size] for i in range(0, len(places), size)]
            took = self._take([self._with(group, 0) for group in groups])
            places = np.flatnonzero(self.vector)
            size = 1 if size == 1 and took else min(size, max(len(places), 1) * 2) // 2

    def reduce(self) -> bool:
        """Bring every number as near to zero as it goes alone, then as many of them together as go."""
        candidates, places = [], []
        for place in np.flatnonzero(self.vector):
            for value in _nearer(int(self.vector[place])):
                candidates.append(self._with(place, value))
                places.append(int(place))
        held = self._ask(candidates)
        best: dict[int, Vector] = {}
        for place, candidate, good in zip(places, candidates, held, strict=True):
            if good and place not in best:  # nearest to zero come first
                best[place] = candidate
        return self._take_known(list(best.values()))

    def _with(self, places: object, value: int) -> Vector:
        changed = self.vector.copy()
        changed[places] = value
        return changed

    def _take(self, changes: list[Vector]) -> bool:
        held = self._ask(changes)
        return self._take_known([change for change, good in zip(changes, held, strict=True) if good])

    def _take_known(self, changes: list[Vector]) -> bool:
        """Of changes in different places, each fine alone: the most of them, in order, that are together."""
        together = []
        joined = self.vector
        for change in changes:
            joined = np.where(change != self.vector, change, joined)
            together.append(joined)
        if not together:
            return False
        held = [True, *self._ask(together[1:])]
        self.vector = next(v for v, good in zip(together[::-1], held[::-1], strict=True) if good)
        return True

    def _ask(self, candidates: list[Vector]) -> list[bool]:
        """False for those beyond what may be asked."""
        room = max(0, _MAX_NUMBERS - self.numbers) // max(1, len(self.vector))
        asked = candidates[:room] if self.calls < MAX_CALLS else []
        answer: list[bool] = []
        if asked:
            self.calls += 1
            self.numbers += len(asked) * len(self.vector)
            answer = [bool(good) for good in self.differs(np.stack(asked))]
        return answer + [False] * (len(candidates) - len(asked))


def _nearer(value: int) -> list[int]:
    """Numbers of the same sign nearer to zero, the nearest first: value shifted, and a power of two less."""
    size = abs(value)
    found = {size >> k for k in range(1, size.bit_length())} | {
        size - (1 << k) for k in range(size.bit_length() - 1)
    }
    return [number if value > 0 else -number for number in sorted(found) if 0 < number < size]
