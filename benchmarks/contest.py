"""Contestants in processes of their own, timed in turns on one core."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

PEERS = Path(__file__).parent / "peers"
NAMES = ("bxnn", "hls4ml", "keras", "onnxruntime", "onednn", "alkaid", "conifer")
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
SLICE_SECONDS = 0.05  # small batches are repeated for about so long
LONGEST_SECONDS = 1.0  # a batch for which one call takes longer is left out
READY_SECONDS, ANSWER_SECONDS = 300, 120
CHECK_BATCH = 1_000


class Absent(Exception):
    """Something cannot take part; the text says why."""


class Peer:
    """A process that answers requests (peers/server.py)."""

    def __init__(self, name: str, python: str, setting: dict[str, Any]) -> None:
        """Start it; raises Absent if it does not get ready."""
        environment = {**os.environ, **dict.fromkeys(ONE_THREAD, "1"), "TF_CPP_MIN_LOG_LEVEL": "3"}
        if python != sys.executable:
            environment.pop("PYTHONPATH", None)
        pipe = subprocess.PIPE
        self.name = name
        self._log = Path(setting["folder"]) / "log"
        try:
            with self._log.open("w") as log:
                self._process = subprocess.Popen(
                    [python, str(PEERS / f"{name}_peer.py")],
                    stdin=pipe, stdout=pipe, stderr=log, text=True, env=environment, start_new_session=True,
                )  # fmt: skip
        except OSError as error:
            raise Absent(f"'{python}' does not start: {error}") from None
        try:
            ready = self.ask(setting, READY_SECONDS)
        except Absent:
            self.close()
            raise
        self.versions: dict[str, str] = ready["versions"]
        self.contestants: dict[str, bool] = ready["contestants"]
        self.absent: dict[str, str] = ready["absent"]
        self.setup_seconds: float = ready["setup_seconds"]

    def ask(self, request: dict[str, Any], patience: float = ANSWER_SECONDS) -> dict[str, Any]:
        """One request, one answer; raises Absent if it failed, and ends a process that does not answer."""
        assert self._process.stdin and self._process.stdout
        if self._process.returncode is not None:
            raise Absent("its process has ended")
        with suppress(BrokenPipeError):  # its standard error tells more
            print(json.dumps(request), file=self._process.stdin, flush=True)
        if not select.select([self._process.stdout], [], [], patience)[0]:
            self.close()
            raise Absent(f"no answer within {patience:.0f} s")
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": self._last_words()}
        if "error" in answer:
            raise Absent(answer["error"])
        return answer

    def close(self) -> None:
        """End the process and what it has started."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()

    def _last_words(self) -> str:
        code = self._process.wait()
        lines = self._log.read_text().strip().splitlines()
        return f"exit {code}: {lines[-1] if lines else 'no message'}"


class Entry:
    """What is measured of one contestant."""

    def __init__(self, peer: Peer, name: str) -> None:
        self.peer = peer
        self.name = name
        self.exact = peer.contestants[name]
        self.calls: dict[int, int] = {}  # batch -> calls that make one time
        self.seconds: dict[int, list[float]] = {}  # batch -> seconds an event, each round
        self.latencies: list[dict[str, float]] = []  # percentiles in ns, each round
        self.compared = self.differing = 0  # values
        self.largest = 0.0  # difference of a value

    def enter(self, batches: list[int], distinct: int) -> None:
        """Warm up, choose the number of calls, compare the answers at every batch; raises Absent."""
        self._check(CHECK_BATCH)
        event = 0.0  # seconds, at the batch before
        for batch in batches:
            if event * batch > 2 * LONGEST_SECONDS:
                break
            once = min(self._time(batch, 1) for _ in range(3))
            if once > LONGEST_SECONDS:
                break
            calls = _calls(once)
            calls = _calls(self._time(batch, calls) / calls)  # without what one request costs
            self.calls[batch], self.seconds[batch] = calls, []
            event = once / batch
            if event * max(batch, distinct) <= LONGEST_SECONDS:
                self._check(batch)

    def measure(self) -> None:
        """Add one time for each batch size, and latencies; raises Absent."""
        for batch, calls in self.calls.items():
            self.seconds[batch].append(self._time(batch, calls) / (batch * calls))
        if 1 in self.calls:
            self.latencies.append(self._ask("latency", 1, calls=int(np.clip(self.calls[1], 20, 10_000))))

    def _time(self, batch: int, calls: int) -> float:
        return float(self._ask("time", batch, calls=calls)["seconds"])

    def _check(self, batch: int) -> None:
        found = self._ask("check", batch)
        self.compared += found["compared"]
        self.differing += found["differing"]
        self.largest = max(self.largest, found["largest"])

    def _ask(self, what: str, batch: int, **more: int) -> dict[str, Any]:
        return self.peer.ask({"do": what, "contestant": self.name, "batch": batch, **more})


def _calls(seconds: float) -> int:
    """How many calls of so many seconds fill a slice."""
    return int(np.clip(SLICE_SECONDS / seconds, 1, 1_000_000))
