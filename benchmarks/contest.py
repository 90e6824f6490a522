"""Contestants in processes of their own, timed in turns on one core."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PEERS = Path(__file__).parent / "peers"
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
SLICE_SECONDS = 0.05  # small batches are repeated for about so long


class Absent(Exception):
    """A peer cannot take part; the text says why."""


class Peer:
    """A process that answers requests (peers/server.py)."""

    def __init__(self, name: str, python: str, setting: dict[str, Any]) -> None:
        """Start it; raises Absent if it does not get ready."""
        environment = {**os.environ, **dict.fromkeys(ONE_THREAD, "1"), "TF_CPP_MIN_LOG_LEVEL": "3"}
        if name != "bxnn":
            environment.pop("PYTHONPATH", None)
        self._log = tempfile.TemporaryFile("w+")
        try:
            self._process = subprocess.Popen(
                [python, str(PEERS / f"{name}_peer.py")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
                env=environment,
            )
        except OSError as error:
            raise Absent(f"'{python}' does not start: {error}") from None
        ready = self.ask(setting)
        self.versions: dict[str, str] = ready["versions"]
        self.contestants: list[str] = ready["contestants"]
        self.setup_seconds: float = ready["setup_seconds"]

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """One request, one answer; raises Absent if the process failed."""
        assert self._process.stdin and self._process.stdout
        try:
            print(json.dumps(request), file=self._process.stdin, flush=True)
        except BrokenPipeError:
            pass  # its standard error tells more
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": self._last_words()}
        if "error" in answer:
            self.close()
            raise Absent(answer["error"])
        return answer

    def close(self) -> None:
        """End the process."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        self._process.wait()

    def _last_words(self) -> str:
        code = self._process.wait()
        self._log.seek(0)
        lines = self._log.read().strip().splitlines()
        return f"exit {code}: {lines[-1] if lines else 'no message'}"


@dataclass
class Entry:
    """What was measured of one contestant."""

    peer: Peer
    name: str
    answers: NDArray[np.int64]
    calls: dict[int, int]  # batch size -> calls that make one time
    seconds: dict[int, list[float]] = field(default_factory=dict)  # batch size -> seconds an event, each round

    def measure(self, batch: int) -> None:
        """Add one time."""
        events = batch * self.calls[batch]
        answer = self.peer.ask({"contestant": self.name, "events": events, "batch": batch})
        self.seconds.setdefault(batch, []).append(answer["seconds"] / events)


def enter(peer: Peer, batches: list[int], folder: Path) -> list[Entry]:
    """The peer's contestants with their answers to all events; warms them up."""
    entries = []
    largest = max(batches)
    for name in peer.contestants:
        path = folder / "answers.npy"
        peer.ask({"contestant": name, "events": largest, "batch": largest})
        peer.ask({"contestant": name, "save": str(path)})
        entry = Entry(peer, name, np.load(path), {})
        for batch in batches:
            once = peer.ask({"contestant": name, "events": batch, "batch": batch})["seconds"]
            entry.calls[batch] = int(np.clip(SLICE_SECONDS / once, 1, largest // batch))
        entries.append(entry)
    return entries


def differing_events(entry: Entry, reference: Entry) -> int:
    """Events with at least one differing raw integer."""
    return int((entry.answers != reference.answers).any(axis=1).sum())
