"""The fuzzer: random networks through bxnn and HLS C-simulation.

    python -m tests.fuzz.run --n 200 --seed 1 --jobs 2 [--time SECONDS] [--json summary.json] [--reduce]
    python -m tests.fuzz.run --networks hgq ...

Needs hls4ml and g++, with TensorFlow 2.14 and QKeras, or with Keras 3 and HGQ2 (`--networks hgq`).
Exit code 1 if any network differs or a converter crashed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from tests.fuzz.compare import ENGINES, NETWORKS, Outcome, bucket, check


def run_one(seed: int, networks: str, engine: str, events: int, reduce: bool) -> Outcome:
    """One seed; a differing network is cut down to the fewest chains that still differ."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import warnings

    warnings.filterwarnings("ignore")
    plan = NETWORKS[networks].draw(seed)
    outcome = check(plan, networks, engine, events)
    if reduce and outcome.kind in ("MISMATCH", "crashed"):
        return _reduced(plan, outcome, networks, engine, events)
    return outcome


def _reduced(plan: Any, outcome: Outcome, networks: str, engine: str, events: int) -> Outcome:
    wanted = [[i] for i in range(len(plan.chains))] + [[a, b] for _, a, b in plan.merges]
    for keep in wanted:
        smaller = check(NETWORKS[networks].only_chains(plan, keep), networks, engine, events)
        if smaller.kind == outcome.kind:
            return smaller._replace(reason=f"chains {keep}: {smaller.reason}")
    return outcome


def run_all(
    seeds: list[int],
    *,
    engine: str,
    events: int,
    jobs: int,
    seconds: float,
    networks: str = "keras",
    reduce: bool = False,
) -> Iterator[Outcome]:
    """Outcomes as they come; no seed is handed out after the given time. A process dying is an outcome."""
    start = time.monotonic()
    waiting = list(reversed(seeds))
    while waiting:
        context = multiprocessing.get_context("spawn")
        running: dict[Future[Outcome], int] = {}
        with ProcessPoolExecutor(jobs, mp_context=context) as pool:
            try:
                while waiting or running:
                    while waiting and len(running) < jobs and time.monotonic() - start < seconds:
                        seed = waiting.pop()
                        running[pool.submit(run_one, seed, networks, engine, events, reduce)] = seed
                    if not running:
                        return
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        outcome = future.result()
                        running.pop(future)
                        yield outcome
            except BrokenProcessPool:
                for seed in running.values():
                    yield Outcome(
                        seed, "crashed", "the process died with one of the seeds running", 0, [], 0.0
                    )


def summarise(outcomes: list[Outcome]) -> dict[str, object]:
    """Counts by outcome, by reason and by layer class; every difference in full."""
    kinds = Counter(o.kind for o in outcomes)
    reasons = {
        kind: dict(Counter(bucket(o.reason) for o in outcomes if o.kind == kind).most_common(25))
        for kind in kinds
        if kind != "equal"
    }
    layers = Counter(name for o in outcomes if o.kind == "equal" for name in o.layers)
    bad = [o for o in outcomes if o.kind in ("MISMATCH", "crashed")]
    return {
        "networks": len(outcomes),
        "outcomes": dict(kinds),
        "values_equal": sum(o.values for o in outcomes),
        "layers_equal": dict(layers.most_common()),
        "reasons": reasons,
        "differing": [{"seed": o.seed, "kind": o.kind, "reason": o.reason} for o in bad],
    }


def main(arguments: list[str] | None = None) -> int:
    """Command line; 1 if something differs or crashed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=20, help="networks (default 20)")
    parser.add_argument("--seed", type=int, default=1, help="first seed; the others follow")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument(
        "--time", type=float, default=float("inf"), help="hand out no seed after this many seconds"
    )
    parser.add_argument("--events", type=int, default=500, help="events a network")
    parser.add_argument("--networks", choices=sorted(NETWORKS), default="keras")
    parser.add_argument("--engine", choices=sorted(ENGINES), default="native")
    parser.add_argument("--json", type=Path, help="write the summary here")
    parser.add_argument("--reduce", action="store_true", help="cut differing networks down")
    options = parser.parse_args(arguments)
    seeds = list(range(options.seed, options.seed + options.n))
    outcomes = []
    for outcome in run_all(
        seeds,
        engine=options.engine,
        events=options.events,
        jobs=options.jobs,
        seconds=options.time,
        networks=options.networks,
        reduce=options.reduce,
    ):
        outcomes.append(outcome)
        print(f"seed {outcome.seed}: {outcome.kind} {outcome.reason} ({outcome.seconds:.1f} s)", flush=True)
    summary = summarise(outcomes)
    text = json.dumps(summary, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")
    return int(bool(summary["differing"]))


if __name__ == "__main__":
    sys.exit(main())
