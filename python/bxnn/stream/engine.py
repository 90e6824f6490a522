"""Streams: a source, stages of menus, and whoever takes the accepted events."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn import _core
from bxnn._core import InputError, SharedRing
from bxnn.menu import Menu, Seed
from bxnn.model import Model, Outputs
from bxnn.sources import CROSSING, FillingScheme, InputSpec, Prefetch, Source
from bxnn.sources.selection import MOST_ORBIT
from bxnn.stream.books import Books

LHC_CLOCK = 40.079e6  # crossings/s
_ALL = 2**64 - 1
_CHUNK = 1 << 16  # events that a source decodes at once
_LEG = 0.05  # seconds: how often a source that gives nothing is asked whether it has stopped

Array = NDArray[Any]
Predict = Callable[[list[Array]], Sequence[Array]]
AnySource = Source | SharedRing


@dataclass(frozen=True)
class StageSetup:
    """A stage: its menu, and how it is computed.

    batch: most events that travel together. wait_ns: longest that an event waits for a batch to fill, unless
    two batches wait already; 0: any time. ring: batches that may wait in front. threads: that share a batch.
    device: 'cpu', 'cuda', 'cuda:1'.
    """

    name: str
    menu: Menu
    batch: int = 4096
    wait_ns: int = 0
    ring: int = 64
    threads: int = 1
    isa: str = ""
    device: str = "cpu"
    histogram_bits: int = 12


@dataclass(frozen=True)
class Accepted:
    """Accepted events: crossings uint64 [n], kept seeds uint64 [n] (bit i: seed i), events by input name."""

    crossings: NDArray[np.uint64]
    kept: NDArray[np.uint64]
    events: Mapping[str, Array]


class Stream:
    """Crossings of a source through stages, once or in several runs that go on from each other.

    source: a Source, or a SharedRing that another process writes to. repeat: its events over and over, which
    needs a source with arrays (in memory or memory-mapped): they are read where they lie. rate: crossings/s
    of a clock (LHC_CLOCK); what finds no room is lost, and counted. None: as fast as possible, nothing is
    lost. scheme: which crossings have collisions, for sources that do not say (default: all). lag_ns:
    crossings that are later than this are lost. one_thread: source and stages in the caller's thread.
    keep_accepted: for `take`, which somebody then has to call. section_orbits: orbits in a section of time.

    Raises InputError for stages that do not fit each other or the source.
    """

    def __init__(
        self,
        source: AnySource,
        stages: Sequence[StageSetup],
        *,
        repeat: bool = False,
        rate: float | None = None,
        scheme: FillingScheme | None = None,
        lag_ns: int = 10_000_000,
        one_thread: bool = False,
        keep_accepted: bool = False,
        section_orbits: int = 1 << 18,
    ) -> None:
        if lag_ns < 0:
            raise InputError(f"lag_ns: expected a number from 0, got {lag_ns}")
        if not 1 <= section_orbits <= MOST_ORBIT:
            raise InputError(f"section_orbits: expected from 1 to {MOST_ORBIT}, got {section_orbits}")
        self.source, self.stages, self.keep_accepted = source, tuple(stages), keep_accepted
        self.scheme = scheme or FillingScheme.full()
        self.inputs = inputs_of(source)
        self._arrays = self._mapped(source, repeat)
        self._repeat, self._position = repeat, 0
        self._setup: dict[str, Any] = {
            "inputs": [(name, prod(spec.shape), spec.dtype) for name, spec in self.inputs.items()],
            "stages": [
                _core_stage(stage, before, rate is not None)
                for before, stage in _with_seeds_before(self.stages)
            ],
            "filled": self.scheme.filled,
            "rate": rate,
            "lag_ns": lag_ns,
            "one_thread": one_thread,
            "keep_accepted": keep_accepted,
            "section_orbits": section_orbits,
        }
        self._engine = _core.Engine(**self._setup)

    def _mapped(self, source: AnySource, repeat: bool) -> list[Array] | None:
        arrays = None if isinstance(source, SharedRing) else source.arrays
        if arrays is None or CROSSING in arrays:
            if repeat:
                raise InputError("only events in memory, or in files that can be mapped, can be repeated")
            return None
        if len(next(iter(arrays.values()))) == 0:
            raise InputError("the source has no events")
        return [arrays[name] for name in self.inputs]

    def run(self, crossings: int | None = None) -> Books:
        """Let `crossings` more events arrive, or all that the source has; returns when all stages are done.

        Raises what a source or a stage raises, after everything that is under way has been counted; `books`
        says how far it came.
        """
        self.advance(crossings)
        return self.books()

    def advance(self, crossings: int | None = None) -> None:
        """`run` without looking at the books."""
        if crossings is not None and crossings < 0:
            raise InputError(f"expected a number of crossings from 0, got {crossings}")
        if crossings is None and self._repeat:
            raise InputError("a source that repeats has no end: say how many crossings")
        self._engine.start()
        try:
            self._feed(crossings)
        finally:
            self._engine.finish()
            self._position = self.books(histograms=False).arrived

    @property
    def position(self) -> int:
        """Events of the source that have arrived in finished runs."""
        return self._position

    @property
    def exhausted(self) -> bool:
        """Whether a source that does not repeat has given all events that it said it has."""
        if isinstance(self.source, SharedRing):
            return self.source.ended
        return not self._repeat and self.source.count is not None and self._position >= self.source.count

    def _feed(self, crossings: int | None) -> None:
        if isinstance(self.source, SharedRing):
            self._feed_shared(self.source, crossings)
        elif self._arrays is not None:
            count = len(self._arrays[0])
            if not self._repeat:
                left = count - self._position
                crossings = left if crossings is None else min(left, crossings)
            self._engine.replay(self._arrays, crossings or 0, self._position % count)
        else:
            self._feed_chunks(self.source, crossings)

    def _feed_chunks(self, source: Source, crossings: int | None) -> None:
        if not hasattr(self, "_chunks"):
            self._chunks: Iterator[dict[str, Array]] = Prefetch(source).chunks(_CHUNK, self._position)
            self._rest: dict[str, Array] | None = None
        left = crossings
        while left is None or left > 0:
            chunk = self._rest or next(self._chunks, None)
            if chunk is None:
                return
            self._rest = None
            n = len(next(iter(chunk.values())))
            if left is not None and n > left:
                self._rest = {name: array[left:] for name, array in chunk.items()}
                chunk, n = {name: array[:left] for name, array in chunk.items()}, left
            taken = self._engine.put([chunk[name] for name in self.inputs], chunk.get(CROSSING))
            if taken < n:  # stopped; a later run goes on here
                rest = {name: array[taken:] for name, array in chunk.items()}
                self._rest = rest if self._rest is None else _joined(rest, self._rest)
                return
            left = None if left is None else left - n

    def _feed_shared(self, ring: SharedRing, crossings: int | None) -> None:
        done = 0
        while not self._engine.stopped and (crossings is None or done < crossings):
            n = self._engine.put_shared(ring, _LEG)
            if n < 0:
                return
            if n == 0:
                self._engine.flush()
            done += n

    def stop(self) -> None:
        """Let the run, or the next one, end soon, from any thread; the rest of the source does not arrive."""
        self._engine.stop()

    def books(self, histograms: bool = True) -> Books:
        """At any time, from any thread; histograms: with those of scores, which can be large."""
        names = [([s.name for s in stage.menu.seeds], stage.menu.scores) for stage in self.stages]
        return Books.of(self._engine.books(histograms), names, self.keep_accepted)

    def take(self, seconds: float) -> Accepted | None:
        """Up to one batch of accepted events; None if none comes in time or none can come any more."""
        taken = self._engine.take(seconds)
        if taken is None:
            return None
        crossings, kept, rows = taken
        events = {
            name: row.reshape(-1, *spec.shape)
            for row, (name, spec) in zip(rows, self.inputs.items(), strict=True)
        }
        return Accepted(crossings, kept, events)

    def swap(self, stage: int | str, menu: Menu, orbit: int = 0) -> None:
        """From the first crossing of an orbit on (0: the next), another version of a stage's menu.

        It needs the inputs, scores, seeds and dead time of the version before; cuts, networks and prescales
        may differ.
        No crossing is lost, and each version keeps its own counts and histograms. Raises InputError.
        """
        names = [s.name for s in self.stages]
        if stage not in names and stage not in range(len(names)):
            raise InputError(f"swap: expected one of the stages {', '.join(names)}, got {stage!r}")
        number = stage if isinstance(stage, int) else names.index(stage)
        if not 0 <= orbit <= MOST_ORBIT:
            raise InputError(f"swap: expected an orbit from 0 to {MOST_ORBIT}, got {orbit}")
        before = self.stages[number - 1].menu.seeds if number else ()
        following = replace(self.stages[number], menu=menu)
        self._engine.swap(number, _core_stage(following, before, self._setup["rate"] is not None), orbit)

    def fingerprint(self) -> dict[str, str]:
        """What has to be the same for a saved run to be continued, by a name that errors can use."""
        prints = {
            "the inputs": repr(dict(self.inputs)),
            "the bunches": hashlib.sha256(self.scheme.filled.tobytes()).hexdigest(),
            "the sections": str(self._setup["section_orbits"]),
        }
        for stage in self.stages:
            menu = stage.menu
            rules = (
                [(s.name, str(s.prescale), s.requires) for s in menu.seeds],
                menu.dead_time,
                menu.seed_number,
            )
            text = repr(rules).encode() + menu.model._core.to_bytes()
            prints[f"the menu of stage '{stage.name}'"] = hashlib.sha256(text).hexdigest()
        return prints

    def save(self) -> bytes:
        """Counts, histograms and dead time of a stream between runs."""
        return self._engine.save()

    def restore(self, state: bytes) -> None:
        """Go on from where another stream was saved. Raises ModelFileError if it does not fit."""
        self._engine.restore(state)
        self._position = self.books(histograms=False).arrived


def _joined(first: Mapping[str, Array], second: Mapping[str, Array]) -> dict[str, Array]:
    return {name: np.concatenate([first[name], second[name]]) for name in first}


def inputs_of(source: AnySource) -> dict[str, InputSpec]:
    """Shapes and dtypes of a source's events."""
    if isinstance(source, SharedRing):
        return {name: InputSpec((elements,), dtype) for name, elements, dtype in source.inputs}
    return dict(source.inputs)


def _with_seeds_before(stages: Sequence[StageSetup]) -> Iterator[tuple[Sequence[Seed], StageSetup]]:
    before: Sequence[Seed] = ()
    for stage in stages:
        yield before, stage
        before = stage.menu.seeds


def _core_stage(stage: StageSetup, before: Sequence[Seed], clocked: bool) -> _core.Stage:
    menu = stage.menu
    return _core.Stage(
        name=stage.name,
        model=menu.model._core,
        seeds=_core_seeds(menu.seeds, before),
        dead_time=[(rule.accepts, rule.crossings) for rule in menu.dead_time],
        number=menu.seed_number,
        histogram_bits=stage.histogram_bits,
        batch=stage.batch,
        deadline_ns=stage.wait_ns,
        budget_ns=(menu.budget_ns or 0) if clocked else 0,
        ring=stage.ring,
        threads=stage.threads,
        isa=stage.isa,
        predict=_on_device(menu.model, stage.device),
    )


def _core_seeds(seeds: Sequence[Seed], before: Sequence[Seed]) -> list[tuple[str, int, int]]:
    names = [seed.name for seed in before]
    result = []
    for seed in seeds:
        unknown = [name for name in seed.requires if name not in names]
        if unknown:
            there = f"its seeds are {', '.join(names)}" if names else "there is none"
            raise InputError(f"seed '{seed.name}' requires '{unknown[0]}' of the stage before; {there}")
        after = sum(1 << names.index(name) for name in seed.requires) if seed.requires else _ALL
        result.append((seed.name, keep_below(seed.prescale), after))
    return result


def keep_below(prescale: Fraction) -> int:
    """A seed is kept where `prescale_hash` is below this; 2^64 - 1: always."""
    if prescale == 1:
        return _ALL
    return 0 if prescale == 0 else min(int(Fraction(2**64) / prescale), _ALL - 1)


def _on_device(model: Model, device: str) -> Predict | None:
    """What computes a menu elsewhere than on this CPU."""
    if device == "cpu":
        return None

    def predict(inputs: list[Array]) -> Sequence[Array]:
        events = {t.name: x.reshape(-1, *t.shape) for t, x in zip(model.inputs, inputs, strict=True)}
        results = model.predict_raw(events, device=device)
        return list(results) if isinstance(results, Outputs) else [results]

    predict(
        [np.zeros((1, prod(t.shape)), t.dtype) for t in model.inputs]
    )  # tells now of a device that is not there
    return predict


class Taker:
    """Hands accepted events to a function, in a thread of its own, until the stream is at its end.

    If the function fails, the stream is stopped, the events go on to be taken, and `failure` says why;
    `handed` and `dropped` count events.
    """

    def __init__(self, stream: Stream, hand: Callable[[Accepted], None]) -> None:
        self.failure: BaseException | None = None
        self.handed = self.dropped = 0
        self._stream, self._hand = stream, hand
        self._before = self._accepted()  # in a run that is continued
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="bxnn-accepted", daemon=True)
        self._thread.start()

    def _loop(self) -> None:
        while True:
            accepted = self._stream.take(0.1)
            if accepted is None:
                if self._end.is_set():
                    return
                time.sleep(0.005)
            elif self.failure is not None:
                self.dropped += len(accepted.crossings)
            else:
                self._pass_on(accepted)

    def _pass_on(self, accepted: Accepted) -> None:
        try:
            self._hand(accepted)
            self.handed += len(accepted.crossings)
        except BaseException as error:
            self.failure = error
            self.dropped += len(accepted.crossings)
            self._stream.stop()

    def _accepted(self) -> int:
        link = self._stream.books(histograms=False).accepted
        return link.arrived - link.lost if link else 0

    def catch_up(self) -> None:
        """Wait until all that was accepted in finished runs has been handed on."""
        wanted = self._accepted() - self._before
        while self.handed + self.dropped < wanted and self._thread.is_alive():
            time.sleep(0.002)

    def close(self) -> None:
        self._end.set()
        self._thread.join()


__all__ = ["LHC_CLOCK", "Accepted", "StageSetup", "Stream", "Taker"]
