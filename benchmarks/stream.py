"""Crossings per second through source, model A, decision and histogram; and what a clock loses.

python -m benchmarks.stream [--crossings 1e9] [--events 1e6] [--paced SECONDS] [--out FILE.json]

One core without a clock: a mapped .npy of distinct events, over and over; decisions and scores are compared
with `predict_raw`. Then, on all CPUs, by a clock: the highest rate, in steps of a tenth, that loses nothing,
that rate for longer, and an impossible one.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import graphs, machine, models
from bxnn import _core
from bxnn.histogram import Histogram
from bxnn.menu import Menu
from bxnn.model import Model
from bxnn.sources import FillingScheme, open_source
from bxnn.stream import Books, StageSetup, Stream

MENU = """
menu: model_a
inputs: {{x: {{shape: [57], format: "ap_fixed<16,6>"}}}}
networks: {{a: {{model: {model}, inputs: {{x: {{from: x, shift: 0}}}}, score: {{sum_of_squares: {output}}}}}}}
seeds: [{{name: anomaly, cut: "a.score > {threshold}"}}]
histograms: [a.score]
"""
ACCEPTED = 1e-3  # of the events


def menu(folder: Path, events: NDArray[np.int16]) -> Menu:
    """Model A, the sum of squares of its outputs, and a cut that one in a thousand of the events passes."""
    model = Model(graphs.build(models.SUBJECTS["A"]().network, folder).model)
    model.save(folder / "a.bxnn")
    text = MENU.format(model="a.bxnn", output=model.outputs[0].name, threshold=0)
    scores = Menu.parse(text, folder=folder).decide({"x": events}, threads=1).scores["a.score"]
    threshold = int(np.sort(scores)[-int(ACCEPTED * len(scores)) - 1])
    return Menu.parse(text.replace("> 0", f"> {threshold}"), folder=folder)


def free(file: Path, trigger: Menu, crossings: int) -> dict[str, Any]:
    """As fast as possible in one thread, on one core; compared with predict."""
    stage = StageSetup("l1", trigger, batch=4096)
    stream = Stream(open_source(file, ["x"]), [stage], repeat=True, one_thread=True)
    books = stream.run(crossings)
    events = np.load(file)
    decisions = trigger.decide({"x": events}, threads=1)
    whole, rest = divmod(crossings, len(events))
    times = np.full(len(events), whole, np.uint64)
    times[:rest] += np.uint64(1)
    expected = Histogram()
    scores, index = np.unique(decisions.scores["a.score"], return_inverse=True)
    counts = np.bincount(index, weights=times.astype(np.float64)).astype(np.uint64)
    for score, count in zip(scores.tolist(), counts.tolist(), strict=True):
        one = Histogram.of(np.array([score]))
        expected.merge(Histogram(one.bits, one.first, one.counts * np.uint64(count)))
    fired = int(times[decisions.seeds[:, 0]].sum())
    found = books.stages[0]
    return {
        "crossings": books.arrived,
        "distinct_events": len(events),
        "file_bytes": file.stat().st_size,
        "seconds": books.elapsed_ns / 1e9,
        "crossings_per_second": books.events_per_second,
        "lost": found.link.lost,
        "balanced": books.balanced,
        "accepted": found.counts.accepted,
        "accepted_by_predict": fired,
        "histogram_equals_that_of_predict": found.scores["a.score"] == expected,
    }


def paced(file: Path, trigger: Menu, rate: float, seconds: float) -> dict[str, Any]:
    """By a clock of `rate` crossings/s, of which the LHC's bunches collide."""
    scheme = FillingScheme.lhc()
    stage = StageSetup("l1", trigger, batch=1024, wait_ns=20_000, ring=512)
    stream = Stream(open_source(file, ["x"]), [stage], repeat=True, rate=rate, scheme=scheme)
    books = stream.run(max(1, int(rate * seconds * scheme.bunches / 3564)))
    return {"clock_hz": rate, **_fate(books)}


def _fate(books: Books) -> dict[str, Any]:
    stage = books.stages[0]
    return {
        "crossings_with_collisions": books.arrived,
        "empty": books.empty,
        "seconds": books.elapsed_ns / 1e9,
        "processed": stage.counts.processed,
        "lost_full": stage.link.lost_full,
        "lost_late": stage.link.lost_late,
        "balanced": books.balanced,
        "latency_ns": dict(stage.latency),
        "busy": stage.busy_ns / books.elapsed_ns,
    }


def sustained(file: Path, trigger: Menu, fastest: float) -> float:
    """The highest rate, of some, that lost nothing for three seconds."""
    rate = fastest * 3564 / 2808
    while rate > 1e5:
        if not (found := paced(file, trigger, rate, 3.0))["lost_full"] + found["lost_late"]:
            return rate
        rate *= 0.9
    return rate


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--crossings", type=float, default=1e9)
    parser.add_argument("--events", type=float, default=1e6, help="distinct events in the file")
    parser.add_argument(
        "--paced", type=float, default=10.0, help="seconds at the highest rate that loses nothing"
    )
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pool = models.events(models.SUBJECTS["A"]()).astype(np.int16)
        index = np.random.default_rng(5).integers(0, len(pool), int(args.events))
        np.save(folder / "events.npy", pool[index] ^ (index[:, None] & 1).astype(np.int16))
        trigger = menu(folder, np.load(folder / "events.npy")[:200_000])
        document: dict[str, Any] = {
            "date": date.today().isoformat(),
            "command": "python -m benchmarks.stream " + " ".join(sys.argv[1:]),
            "machine": machine.description(_core.__file__),
            "isa": _core.active_isa(),
            "free": free(folder / "events.npy", trigger, int(args.crossings)),
        }
        print(json.dumps(document["free"], indent=2), file=sys.stderr)
        rate = sustained(folder / "events.npy", trigger, document["free"]["crossings_per_second"])
        document["paced"] = paced(folder / "events.npy", trigger, rate, args.paced)
        document["paced_40_mhz"] = paced(folder / "events.npy", trigger, 40.079e6, 1.0)
        document["impossible"] = paced(folder / "events.npy", trigger, 1e11, 1e-3)
    text = json.dumps(document, indent=2) + "\n"
    if args.out:
        args.out.write_text(text)
    print(text)
    right = document["free"]["histogram_equals_that_of_predict"]
    return 0 if right and document["free"]["accepted"] == document["free"]["accepted_by_predict"] else 1


if __name__ == "__main__":
    sys.exit(main())
