"""A contestant's side: runs in the contestant's own Python, which needs NumPy alone.

The parent writes one JSON request a line, the peer answers each with one JSON line: first the setting, then
times, asked for one at a time so that the parent can interleave all contestants.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

INPUT_FRACTION_BITS, OUTPUT_FRACTION_BITS = 9, 8


class Contestant(NamedTuple):
    """One way to compute the network's 8 means."""

    name: str
    dtype: type  # of its input [N, 57]: int16 raw integers, or floats, converted before the timing
    answer: Callable[[Any, int], Any]  # input, batch size -> means of the last batch, raw or real


Prepare = Callable[[dict[str, Any]], tuple[dict[str, str], list[Contestant]]]


def each_batch(call: Callable[[Any], Any]) -> Callable[[Any, int], Any]:
    """The answer of a tool that is called from Python for every batch."""

    def answer(data: Any, batch: int) -> Any:
        last = None
        for at in range(0, len(data), batch):
            last = call(data[at : at + batch])
        return last

    return answer


def serve(prepare: Prepare) -> None:
    """Answer the parent until it closes the pipe. `prepare` gives versions and contestants for a setting."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not get between the answers

    def send(answer: dict[str, Any]) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    start = time.perf_counter()
    try:
        setting = json.loads(sys.stdin.readline())
        versions, contestants = prepare(setting)
    except Exception as error:
        send({"error": f"{type(error).__name__}: {error}"})
        return
    seconds = time.perf_counter() - start
    raw = np.load(setting["events"])
    real: dict[type, Any] = {
        t: np.ldexp(raw.astype(t), -INPUT_FRACTION_BITS) for t in (np.float32, np.float64)
    }
    ready = {c.name: (c.answer, real.get(c.dtype, raw)) for c in contestants}
    send({"versions": versions, "contestants": list(ready), "setup_seconds": seconds})
    for line in sys.stdin:
        request = json.loads(line)
        answer, data = ready[request["contestant"]]
        chosen = data[: request["events"]]
        start = time.perf_counter()
        last: Any = answer(chosen, request["batch"])
        seconds = time.perf_counter() - start
        if request.get("save"):
            means = last if last.dtype.kind == "i" else np.ldexp(last, OUTPUT_FRACTION_BITS)
            np.save(request["save"], means.reshape(-1, 8).astype(np.int64))
        send({"seconds": seconds})
