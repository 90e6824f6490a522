"""`bxnn bench`: events per second of a model on this machine."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bxnn
from bxnn import _core
from bxnn._core import InputError
from bxnn.cli.arguments import non_negatives, positive, positives, seconds
from bxnn.cli.console import print_json, print_table
from bxnn.cli.events import random_events
from bxnn.energy import Meter
from bxnn.model import Model

SUMMARY = "measure events per second"
DESCRIPTION = """\
Measure a model on random raw inputs: batch sizes, threads, instruction sets. Each point is warmed up, then
repeated; the median counts. A batch is one call of the native core, its result array included.

  bxnn bench model.bxnn
  bxnn bench model.bxnn --batch 1,100000 --threads 1,2 --isa avx2 --json > bench.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help=".bxnn file")
    parser.add_argument("--batch", type=positives, default=[1, 1000, 100_000], help="default 1,1000,100000")
    parser.add_argument("--threads", type=non_negatives, default=[1], help="default 1; 0 is all CPUs")
    parser.add_argument(
        "--isa",
        help=f"comma-separated, of {', '.join(_core.isa_levels())}, reference (default: all but reference)",
    )
    parser.add_argument("--repeats", type=positive, default=7, help="default %(default)s")
    parser.add_argument("--seconds", type=seconds, default=0.1, help="time a repeat (default %(default)s)")


def execute(args: argparse.Namespace) -> int:
    model = Model.load(args.model)
    known = [*_core.isa_levels(), "reference"]
    levels = args.isa.split(",") if args.isa else known[:-1]
    if not set(levels) <= set(known):
        raise InputError(f"--isa {args.isa}: expected some of {', '.join(known)} on this CPU")
    points = [
        _measure(model, isa, threads, batch, args)
        for isa in levels
        for threads in args.threads
        for batch in args.batch
    ]
    if args.json:
        print_json({"model": model.name, "machine": _machine(), "points": points, "energy": _energy()})
        return 0
    machine = _machine()
    print(f"{model.name}: {machine['cpu']}, {machine['cpus']} CPUs, bxnn {machine['bxnn']}")
    print_table(
        "median events per second",
        ("instruction set", "threads", "batch", "events/s", "ns/event", "slowest..fastest repeat, events/s"),
        [
            (
                p["isa"],
                p["threads"],
                f"{p['batch']:,}",
                f"{p['events_per_second']:,.0f}",
                f"{p['ns_per_event']:,.1f}",
                f"{p['slowest']:,.0f} .. {p['fastest']:,.0f}",
            )
            for p in points
        ],
    )
    energies = [p["j_per_event"] for p in points if p["j_per_event"] is not None]
    if energies:
        print(f"energy of the whole machine: {min(energies) * 1e9:.3g} nJ an event at the best point")
    else:
        print(f"energy: not known; {_energy()['cpu']}")
    return 0


def _measure(model: Model, isa: str, threads: int, batch: int, args: argparse.Namespace) -> dict[str, Any]:
    _, arrays = model.events(random_events(model.inputs, batch, seed=1), raw=True)
    core = model._core

    def call() -> None:
        core.run(arrays, threads=threads, isa=isa)

    calls = _calls_for(call, args.seconds)
    meter = Meter()
    rates = sorted(batch * calls / _time(call, calls) for _ in range(args.repeats))
    energy = meter.read().as_dict(batch * calls * args.repeats)
    median = statistics.median(rates)
    return {
        "isa": isa,
        "threads": threads,
        "batch": batch,
        "events_per_second": median,
        "ns_per_event": 1e9 / median,
        "slowest": rates[0],
        "fastest": rates[-1],
        "repeats": args.repeats,
        "j_per_event": energy["j_per_event"],
    }


def _energy() -> dict[str, Any]:
    """Who counts joules here, or why nobody does."""
    about = Meter().read().as_dict(0)
    return {"cpu": about["cpu"], "gpu": about["gpu"]}


def _calls_for(call: Callable[[], None], wanted: float) -> int:
    """Calls that take that many seconds together; finding out is the warm-up."""
    calls = 1
    while (took := _time(call, calls)) < wanted / 2:
        calls *= 2
    return max(1, round(calls * wanted / took))


def _time(call: Callable[[], None], calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        call()
    return time.perf_counter() - began


def _machine() -> dict[str, Any]:
    return {
        "cpu": _cpu_name(),
        "cpus": os.cpu_count(),
        "isa_levels": _core.isa_levels(),
        "active_isa": _core.active_isa(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "bxnn": bxnn.__version__,
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
