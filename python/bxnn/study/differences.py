"""Two answers to the same events, counted a chunk at a time: what differs, where, and by how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn._core import InputError
from bxnn.histogram import Histogram
from bxnn.sources.lhc import BUNCHES_PER_ORBIT
from bxnn.study.emulators import Answers, Array

_EVENTS_SHOWN = 10


@dataclass
class SeedDifference:
    """Events by what the two sides decided."""

    both: int = 0
    only_first: int = 0
    only_second: int = 0
    neither: int = 0

    @property
    def differing(self) -> int:
        return self.only_first + self.only_second


@dataclass
class NumberDifference:
    """values: compared; differing: of them; by: histogram of second - first where they differ."""

    values: int = 0
    differing: int = 0
    by: Histogram = field(default_factory=Histogram)


@dataclass
class Differences:
    """What two sides, by name, say of the same events.

    bx_events, bx_differing: events, and events that differ, at each of the 3,564 crossings of an orbit; None
    where crossings are not known. first: the first differing events, with all that is needed to see them
    again: event number, orbit, bx, inputs, and both answers.
    """

    sides: tuple[str, str]
    events: int = 0
    differing: int = 0
    seeds: dict[str, SeedDifference] = field(default_factory=dict)
    numbers: dict[str, NumberDifference] = field(default_factory=dict)
    bx_events: NDArray[np.int64] | None = None
    bx_differing: NDArray[np.int64] | None = None
    first: list[dict[str, Any]] = field(default_factory=list)
    shown: int = _EVENTS_SHOWN

    @property
    def ok(self) -> bool:
        return self.events > 0 and self.differing == 0

    def add(self, inputs: Mapping[str, Array], crossing: Array | None, one: Answers, other: Answers) -> None:
        """Count the next events. What only one side tells is left out; raises InputError if nothing is
        left."""
        seeds = [name for name in one.decisions if name in other.decisions]
        numbers = [name for name in one.numbers if name in other.numbers]
        if not seeds and not numbers:
            raise InputError(f"{' and '.join(self.sides)} have neither a seed nor an output in common")
        count = len(next(iter(inputs.values())))
        differ = np.zeros(count, bool)
        for name in seeds:
            differ |= self._add_seed(name, one.decisions[name], other.decisions[name])
        for name in numbers:
            differ |= self._add_number(name, one.numbers[name], other.numbers[name])
        self._add_crossings(crossing, differ)
        for i in np.flatnonzero(differ)[: self.shown - len(self.first)].tolist():
            event: dict[str, Any] = {"event": self.events + i}
            if crossing is not None:
                orbit, bx = divmod(int(crossing[i]), BUNCHES_PER_ORBIT)
                event |= {"orbit": orbit, "bx": bx}
            event["inputs"] = {name: np.asarray(array[i]).tolist() for name, array in inputs.items()}
            for side, answers in zip(self.sides, (one, other), strict=True):
                event[side] = {n: bool(answers.decisions[n][i]) for n in seeds} | {
                    n: answers.numbers[n][i].tolist() for n in numbers
                }
            self.first.append(event)
        self.events += count
        self.differing += int(differ.sum())

    def _add_seed(self, name: str, one: Array, other: Array) -> Array:
        seed = self.seeds.setdefault(name, SeedDifference())
        seed.both += int((one & other).sum())
        seed.only_first += int((one & ~other).sum())
        seed.only_second += int((other & ~one).sum())
        seed.neither += int((~one & ~other).sum())
        return np.asarray(one != other)

    def _add_number(self, name: str, one: Array, other: Array) -> Array:
        if one.shape != other.shape:
            raise InputError(
                f"'{name}': expected {one.shape[1]} numbers an event as {self.sides[0]} has, "
                f"got {other.shape[1]}"
            )
        number = self.numbers.setdefault(name, NumberDifference())
        unequal = one != other
        number.values += one.size
        number.differing += int(unequal.sum())
        number.by.fill(_difference(one[unequal], other[unequal]))
        return np.asarray(unequal.any(axis=1))

    def _add_crossings(self, crossing: Array | None, differ: Array) -> None:
        if crossing is None:
            return
        if self.bx_events is None or self.bx_differing is None:
            self.bx_events, self.bx_differing = (np.zeros(BUNCHES_PER_ORBIT, np.int64) for _ in range(2))
        bx = (crossing % np.uint64(BUNCHES_PER_ORBIT)).astype(np.int64)
        self.bx_events += np.bincount(bx, minlength=BUNCHES_PER_ORBIT)
        self.bx_differing += np.bincount(bx[differ], minlength=BUNCHES_PER_ORBIT)

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON; of the crossings those with differing events."""
        one, other = self.sides
        document: dict[str, Any] = {
            "ok": self.ok,
            "sides": list(self.sides),
            "events": self.events,
            "events_differing": self.differing,
            "seeds": {
                name: {
                    "both": s.both,
                    f"only_{one}": s.only_first,
                    f"only_{other}": s.only_second,
                    "neither": s.neither,
                }
                for name, s in self.seeds.items()
            },
            "numbers": {
                name: {
                    "values": n.values,
                    "differing": n.differing,
                    "by": [
                        {"from": int(a), "to": int(b), "values": int(c)}
                        for a, b, c in zip(n.by.lower(), n.by.upper(), n.by.counts, strict=True)
                        if c
                    ],
                }
                for name, n in self.numbers.items()
            },
            "first": self.first,
        }
        if self.bx_differing is not None and self.bx_events is not None:
            document["bx"] = [
                {"bx": int(bx), "events": int(self.bx_events[bx]), "differing": int(self.bx_differing[bx])}
                for bx in np.flatnonzero(self.bx_differing)
            ]
        return document


def _difference(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """other - one, at the end of 64 bits where it does not fit."""
    difference = other - one
    overflow = ((one < 0) != (other < 0)) & ((difference < 0) != (other < 0))
    limits = np.iinfo(np.int64)
    return np.where(overflow, np.where(other < 0, limits.min, limits.max), difference)
