"""A configured run from beginning to end: checkpoints, files of accepted events, a clean stop."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property

from bxnn._core import InputError
from bxnn.energy import Energy, Meter
from bxnn.stream import checkpoint
from bxnn.stream.accepted import EventFile
from bxnn.stream.books import Books
from bxnn.stream.checkpoint import Saved
from bxnn.stream.engine import Stream, Taker
from bxnn.stream.setup import StreamSetup

_FIRST_LEG = 1 << 20  # events; later legs are as long as the time between checkpoints


@dataclass(frozen=True)
class Outcome:
    """How a run ended. failure: what went wrong, if something did; the books hold all the same.

    stopped: on demand. resumed_at: events that a checkpoint brought along. ended_early: the source had fewer
    events than crossings were asked for. written, unwritten: accepted
    events in the file, and those for which it failed. seconds: of this run alone.
    """

    books: Books
    failure: BaseException | None
    stopped: bool
    resumed_at: int
    ended_early: bool
    written: int | None
    unwritten: int
    seconds: float
    energy: Energy

    @property
    def balanced(self) -> bool:
        """Whether every crossing, and every accepted event, is accounted for."""
        link = self.books.accepted
        if self.written is None or link is None:
            return self.books.balanced
        return self.books.balanced and link.arrived == link.lost + self.written + self.unwritten


class Campaign:
    """Raises InputError and OSError for what is wrong before it begins; then `run` never raises those."""

    def __init__(self, setup: StreamSetup, *, fresh: bool = False) -> None:
        self.setup = setup
        setup.require_end()
        setup.require_outputs()
        self._states = setup.states()
        self._held = ExitStack()
        if setup.checkpoint:
            self._held.enter_context(checkpoint.locked(setup.checkpoint.file))
        self.stream: Stream = setup.open()
        self._stopped = threading.Event()
        saved = self._saved(fresh)
        self._file: EventFile | None = None
        if setup.accepted is not None:
            self._file = EventFile(setup.accepted, self.stream.inputs, saved.written if saved else None)
        self.resumed_at = self.stream.position

    def _saved(self, fresh: bool) -> Saved | None:
        point = self.setup.checkpoint
        if point is None or fresh or not point.file.exists():
            return None
        saved = checkpoint.load(point.file)
        checkpoint.require_same(point.file, saved.fingerprint, self._fingerprint)
        self.stream.restore(saved.state)
        return saved

    @cached_property
    def _fingerprint(self) -> dict[str, str]:
        accepted = self.setup.accepted
        name = accepted.name if accepted else ""
        return {**self.setup.fingerprint(), **self.stream.fingerprint(), "the file of accepted events": name}

    def stop(self) -> None:
        """From any thread: the run ends soon, and cleanly."""
        self._stopped.set()
        self.stream.stop()

    def run(self) -> Outcome:
        """Until the source, or the number of crossings, is at its end, or somebody stops it."""
        began, meter = time.monotonic(), Meter()
        taker = Taker(self.stream, self._file.append) if self._file else None
        failure: BaseException | None = None
        try:
            if self._file:
                self._file.cut()
            self._legs(taker)
        except BaseException as error:
            failure = error
        if taker:
            taker.catch_up()
            taker.close()
            failure = taker.failure or failure
        try:
            if self._file:
                self._file.close()
        except OSError as error:
            failure = failure or error
        self._held.close()
        return Outcome(
            self.stream.books(),
            failure,
            self._stopped.is_set(),
            self.resumed_at,
            failure is None
            and not self._stopped.is_set()
            and self.stream.position < (self.setup.crossings or 0),
            self._file.events if self._file else None,
            taker.dropped if taker else 0,
            time.monotonic() - began,
            meter.read(),
        )

    def _legs(self, taker: Taker | None) -> None:
        point, leg = self.setup.checkpoint, _FIRST_LEG
        while not self._stopped.is_set() and not (taker and taker.failure):
            left = None if self.setup.crossings is None else self.setup.crossings - self.stream.position
            if (left is not None and left <= 0) or self.stream.exhausted:
                return
            wanted = left if point is None else leg if left is None else min(leg, left)
            before = self.stream.books(histograms=False)
            self.stream.advance(wanted)
            self._require_unchanged()
            after = self.stream.books(histograms=False)
            done, seconds = after.arrived - before.arrived, (after.elapsed_ns - before.elapsed_ns) / 1e9
            if point is not None:
                fitting = int(done / max(seconds, 1e-6) * point.every_s)
                leg = max(1, leg // 4, min(fitting, leg * 4))
                self._save(taker)
            if done == 0 or (wanted is not None and done < wanted):
                return  # the source has no more

    def _require_unchanged(self) -> None:
        """Mapped files are read as they are at that moment: what changes was never a file of events."""
        for path, state in self.setup.states().items():
            if state != self._states.get(path, state):
                raise InputError(
                    f"{path}: was changed while it was read; run again on a file that stays as it is"
                )

    def _save(self, taker: Taker | None) -> None:
        point = self.setup.checkpoint
        if taker:
            taker.catch_up()
            if taker.failure:
                return
        if self._file:
            self._file.sync()
        if point:
            written = (self._file.events, self._file.checksum) if self._file else None
            checkpoint.save(point.file, Saved(self.stream.save(), self._fingerprint, written))
