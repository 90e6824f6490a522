"""A peer's side: runs in the peer's own Python, which needs NumPy and the peer's tool.

The parent writes one JSON request a line, the peer answers each with one JSON line: first the setting, then
times, asked for one at a time so that the parent can interleave all contestants. Comparisons with the
reference answers are made here too, so that only numbers pass through the pipe.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from network import Network, Type, read
from numpy.typing import NDArray

NATIVE = Path(__file__).resolve().parents[1] / "native"
WINDOW = 1_000  # smaller batches go through so many events again and again, in the cache


class Absent(Exception):
    """A peer or a contestant cannot take part; the text says why."""


class Way(Protocol):
    """How a contestant is called; `data` is [N, n] as its `form` makes it."""

    def run(self, data: Any, batch: int, calls: int) -> None:
        """`calls` calls with `batch` events each, from the beginning again when too few are left."""

    def answers(self, data: Any, batch: int) -> NDArray[Any]:
        """The answers [N, m] to all events, a multiple of `batch`."""

    def latencies(self, data: Any, calls: int) -> NDArray[Any]:
        """Nanoseconds of each of so many calls with one event."""


class InPython(NamedTuple):
    """A function of [events, n] that gives [events, m]."""

    call: Callable[[Any], Any]

    def run(self, data: Any, batch: int, calls: int) -> None:
        for i in range(calls):
            at = i % (len(data) // batch) * batch
            self.call(data[at : at + batch])

    def answers(self, data: Any, batch: int) -> NDArray[Any]:
        parts = [self.call(data[at : at + batch]) for at in range(0, len(data), batch)]
        return np.concatenate([np.reshape(part, (batch, -1)) for part in parts])

    def latencies(self, data: Any, calls: int) -> NDArray[Any]:
        ends = np.empty(calls + 1)
        ends[0] = time.perf_counter_ns()
        for i in range(calls):
            at = i % len(data)
            self.call(data[at : at + 1])
            ends[i + 1] = time.perf_counter_ns()
        return np.diff(ends)


class InCpp:
    """A library with native/loop.inl in it."""

    def __init__(self, library: Path, text: str, dtype: str, size: int) -> None:
        """`text` goes to the library's Contestant; the answers are [N, size]. Raises Absent."""
        self._library: Any = ctypes.CDLL(str(library))
        self._library.loop_open.restype = ctypes.c_void_p
        message = ctypes.create_string_buffer(400)
        opened = self._library.loop_open(text.encode(), message, ctypes.c_size_t(400))
        self._handle = ctypes.c_void_p(opened)
        if not self._handle:
            raise Absent(message.value.decode())
        self._out = np.empty((0, size), dtype)

    def run(self, data: Any, batch: int, calls: int) -> None:
        self._call(self._library.loop_run, data, batch, calls)

    def answers(self, data: Any, batch: int) -> NDArray[Any]:
        self._out.fill(85)  # what an earlier call has left must not pass for an answer
        self._call(self._library.loop_run, data, batch, len(data) // batch)
        return self._out[: len(data)]

    def latencies(self, data: Any, calls: int) -> NDArray[Any]:
        times = np.empty(calls)
        self._call(self._library.loop_latencies, data, calls, ctypes.c_void_p(times.ctypes.data))
        return times

    def _call(self, function: Any, data: Any, *rest: Any) -> None:
        if len(self._out) < len(data):
            self._out = np.zeros((len(data), self._out.shape[1]), self._out.dtype)
        rows = (data, self._out)
        sizes = [ctypes.c_size_t(x) for x in (data[0].nbytes, self._out[0].nbytes, len(data))]
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in rows]
        message = ctypes.create_string_buffer(400)
        arguments = [ctypes.c_size_t(x) if isinstance(x, int) else x for x in rest]
        if function(self._handle, *pointers, *sizes, *arguments, message, ctypes.c_size_t(400)):
            raise RuntimeError(message.value.decode())


def raw(events: NDArray[Any]) -> NDArray[Any]:
    """The form of who takes raw integers."""
    return events


def real(kind: Type, dtype: str) -> Callable[[NDArray[Any]], Any]:
    """The form of who takes numbers of this type and dtype."""
    return lambda events: np.ldexp(events.astype(dtype), -kind.frac)


class Contestant(NamedTuple):
    """One way to compute the network's answers."""

    name: str
    form: Callable[[NDArray[Any]], Any]  # raw integers [N, n] -> its own input, made before the timing
    way: Way
    exact: bool  # promises the reference's answers bit for bit


class Ready(NamedTuple):
    """What a peer has prepared; `absent`: contestant -> why it is missing."""

    versions: dict[str, str]
    contestants: list[Contestant]
    absent: dict[str, str]


class Setting(NamedTuple):
    """What the parent tells a peer."""

    folder: str  # for files of the peer's own
    network: str  # file of the network
    model: str  # file of bxnn's model
    events: str  # raw integers [N, n], the first `checked` of them repeated
    reference: str  # raw answers [checked, m]
    typical: int  # behind so many events the values are of a size that the network is made for
    frac: int  # of the answers; raw ones lie from `low` to `high`
    low: int
    high: int
    down: bool  # the last cast rounds down, else to nearest
    build: str  # build folder of bxnn's library, or nothing
    levels: list[str]  # of bxnn


def expect(network: Network, *kinds: str) -> None:
    """Raises Absent for a network of anything else."""
    if network.kinds() - set(kinds):
        raise Absent(f"takes {', '.join(kinds)}")


def compile_loop(source: str, folder: str, flags: list[str]) -> Path:
    """native/<source> as a library in the folder; raises Absent."""
    result = Path(folder) / f"{source}.so"
    command = ["g++", "-O3", "-shared", "-fPIC", "-w", f"-I{NATIVE}", str(NATIVE / source), *flags]
    try:
        done = subprocess.run([*command, "-o", str(result)], cwd=folder, capture_output=True, text=True)
    except OSError as error:
        raise Absent(f"g++ does not start: {error}") from None
    if done.returncode:
        raise Absent(next((s for s in done.stderr.splitlines() if "error" in s), "g++ failed"))
    return result


class _Events:
    """The events in every form, no more of them than were asked for."""

    def __init__(self, path: str) -> None:
        self._raw = np.load(path, mmap_mode="r")
        self._kept: dict[Any, Any] = {}

    def __call__(self, form: Callable[[NDArray[Any]], Any], count: int) -> Any:
        if form not in self._kept or len(self._kept[form]) < count:
            self._kept[form] = form(np.array(self._raw[:count]))
        return self._kept[form][:count]


def _check(contestant: Contestant, data: Any, batch: int, setting: Setting) -> dict[str, Any]:
    """Values compared, differing, and the largest difference; exact contestants at all events, others at
    those of typical size, after rounding and clamping to what the reference can hold."""
    reference = np.load(setting.reference)
    answers = contestant.way.answers(data, batch).reshape(len(data), -1)
    expected = np.resize(reference, answers.shape)
    if not contestant.exact:
        chosen = np.arange(len(data)) % len(reference) >= setting.typical
        answers, expected = answers[chosen], expected[chosen]
    if answers.dtype.kind == "f":
        answers = np.ldexp(answers.astype(np.float64), setting.frac)
    if not contestant.exact:
        answers = (np.floor if setting.down else np.rint)(answers).clip(setting.low, setting.high)
    far = np.abs(answers - expected.astype(np.float64)).max()
    differing = int((answers != expected).sum())
    return {
        "compared": expected.size,
        "differing": differing,
        "largest": float(np.ldexp(far, -setting.frac)),
    }


def _answer(
    request: dict[str, Any], contestant: Contestant, events: _Events, setting: Setting
) -> dict[str, Any]:
    batch: int = request["batch"]
    if request["do"] == "check":
        checked = len(np.load(setting.reference, mmap_mode="r"))
        count = max(batch, checked) // batch * batch
        return _check(contestant, events(contestant.form, count), batch, setting)
    data = events(contestant.form, max(batch, WINDOW))
    if request["do"] == "latency":
        times = contestant.way.latencies(data, request["calls"])
        return {f"p{q}": float(np.percentile(times, q)) for q in (50, 99, 99.9)}
    start = time.perf_counter()
    contestant.way.run(data, batch, request["calls"])
    return {"seconds": time.perf_counter() - start}


def serve(prepare: Callable[[Setting, Network], Ready]) -> None:
    """Answer the parent until it closes the pipe."""
    pipe = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not get between the answers

    def attempt(work: Callable[[], dict[str, Any]]) -> None:
        try:
            answer = work()
        except Absent as error:
            answer = {"error": str(error)}
        except Exception as error:
            lines = str(error).strip().splitlines() or [""]
            answer = {"error": f"{type(error).__name__}: {lines[0]}"}
        print(json.dumps(answer), file=pipe, flush=True)

    setting = Setting(**json.loads(sys.stdin.readline()))
    network = read(setting.network)
    events = _Events(setting.events)
    contestants: dict[str, Contestant] = {}

    def start() -> dict[str, Any]:
        before = time.perf_counter()
        ready = prepare(setting, network)
        contestants.update({c.name: c for c in ready.contestants})
        return {
            "versions": ready.versions,
            "contestants": {c.name: c.exact for c in ready.contestants},
            "absent": ready.absent,
            "setup_seconds": time.perf_counter() - before,
        }

    attempt(start)
    for line in sys.stdin:
        request = json.loads(line)
        contestant = contestants[request["contestant"]]
        attempt(partial(_answer, request, contestant, events, setting))
