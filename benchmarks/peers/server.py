"""The side of a contestant: runs in the contestant's own Python, which needs NumPy alone.

The parent writes one JSON request a line, the peer answers with one JSON line each. The first request is the
setting; times are then asked for one at a time, so that the parent can interleave all contestants.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Raw = NDArray[np.int16]


class Contestant(NamedTuple):
    """One way to compute the network's answers."""

    name: str
    prepare: Callable[[Raw], Any]  # raw inputs [N, 57] in the tool's own form; not timed
    answer: Callable[[Any, int], Any]  # all prepared events, in batches of so many; returns the last batch's
    raw: Callable[[Any], NDArray[np.int64]]  # the raw means [N, 8] in an answer; not timed


def each_batch(call: Callable[[Any], Any]) -> Callable[[Any, int], Any]:
    """The answer of a tool that is called from Python for every batch."""

    def answer(data: Any, batch: int) -> Any:
        last = None
        for at in range(0, len(data), batch):
            last = call(data[at : at + batch])
        return last

    return answer


Prepare = Callable[[dict[str, Any]], tuple[dict[str, str], list[Contestant]]]


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
    events: Raw = np.load(setting["events"])
    data = {c.name: c.prepare(events) for c in contestants}
    by_name = {c.name: c for c in contestants}
    send({"versions": versions, "contestants": list(by_name), "setup_seconds": seconds})
    last: Any = None
    for line in sys.stdin:
        request = json.loads(line)
        contestant = by_name[request["contestant"]]
        if "save" in request:
            np.save(request["save"], contestant.raw(last))
            send({})
            continue
        chosen = data[contestant.name][: request["events"]]
        start = time.perf_counter()
        last = contestant.answer(chosen, request["batch"])
        send({"seconds": time.perf_counter() - start})
