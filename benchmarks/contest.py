"""Contestants in processes of their own, timed in turns on one core."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PEERS = Path(__file__).parent / "peers"
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
SLICE_SECONDS = 0.05  # small batches are repeated for about so long


class Absent(Exception):
    """Something cannot take part; the text says why."""


class Peer:
    """A process that answers requests (peers/server.py)."""

    def __init__(self, name: str, python: str, setting: dict[str, Any]) -> None:
        """Start it; raises Absent if it does not get ready."""
        environment = {**os.environ, **dict.fromkeys(ONE_THREAD, "1"), "TF_CPP_MIN_LOG_LEVEL": "3"}
        if name != "bxnn":
            environment.pop("PYTHONPATH", None)
        command = [python, str(PEERS / f"{name}_peer.py")]
        pipe = subprocess.PIPE
        self._log = Path(setting["folder"]) / f"{name}.log"
        try:
            with self._log.open("w") as log:
                self._process = subprocess.Popen(
                    command, stdin=pipe, stdout=pipe, stderr=log, text=True, env=environment
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
        with suppress(BrokenPipeError):  # its standard error tells more
            print(json.dumps(request), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": self._last_words()}
        if "error" in answer:
            raise Absent(answer["error"])
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _last_words(self) -> str:
        code = self._process.wait()
        lines = self._log.read_text().strip().splitlines()
        return f"exit {code}: {lines[-1] if lines else 'no message'}"


@dataclass
class Entry:
    """What was measured of one contestant."""

    peer: Peer
    name: str
    answers: NDArray[np.int64]  # raw means [N, 8]
    calls: dict[int, int]  # batch size -> calls that make one time
    seconds: dict[int, list[float]]  # batch size -> seconds an event, each round

    def measure(self) -> None:
        """Add one time for each batch size."""
        for batch, calls in self.calls.items():
            events = batch * calls
            answer = self.peer.ask({"contestant": self.name, "events": events, "batch": batch})
            self.seconds[batch].append(answer["seconds"] / events)

    def differing_events(self, reference: Entry) -> int:
        """Events with at least one differing raw integer."""
        return int((self.answers != reference.answers).any(axis=1).sum())


def enter(peer: Peer, batches: list[int], folder: Path) -> list[Entry]:
    """The peer's contestants, warm, with their answers to all events (the first batch)."""
    entries = []
    path = str(folder / "answers.npy")
    for name in peer.contestants:
        peer.ask({"contestant": name, "events": batches[0], "batch": batches[0], "save": path})
        calls = {}
        for batch in batches:
            once = peer.ask({"contestant": name, "events": batch, "batch": batch})["seconds"]
            calls[batch] = int(np.clip(SLICE_SECONDS / once, 1, batches[0] // batch))
        entries.append(Entry(peer, name, np.load(path), calls, {batch: [] for batch in batches}))
    return entries
