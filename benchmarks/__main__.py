"""One-core throughput of the shipped VAE encoder: bxnn, hls4ml's C-simulation, alkaid's interpreter.

Every contestant's answers are compared with bxnn's; the exit status is 1 if an event differs. Peers need
Python environments of their own; without one they are reported as absent.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine, network, report
from benchmarks.contest import Absent, Entry, Peer, differing_events, enter

BATCHES = [100_000, 1_000, 1]
WORK = (
    "bxnn computes the 8 means and their score, the peers the 8 means; input in each tool's own form "
    "(int16 raw, hls4ml predict float32, alkaid float64), converted outside the timing."
)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--hls4ml-python", help="a Python with hls4ml, QKeras and TensorFlow; needs g++")
    parser.add_argument("--alkaid-python", help="a Python with alkaid; this one then needs h5py")
    parser.add_argument("--bxnn-build", type=Path, help="a build folder with libbxnn.a, for calls from C++")
    parser.add_argument("--core", type=int, help="the CPU to run on (default: the last allowed one)")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path, help="the JSON file to write")
    return parser.parse_args()


def start_peers(options: argparse.Namespace, folder: Path) -> tuple[list[Peer], dict[str, str]]:
    """The peers that run, bxnn first, and the reasons of those that do not."""
    np.save(folder / "events.npy", network.raw_events(BATCHES[0]))
    setting: dict[str, Any] = {
        "events": str(folder / "events.npy"),
        "count": BATCHES[0],
        "folder": str(folder),
        "model": str(network.DATA / f"{network.NAME}.bxnn"),
        "library": "",
        "trained": str(network.TRAINED / network.NAME),
        "weights": str(folder / "weights.npz"),
        "loop": str(machine.NATIVE / "hls4ml_loop.cpp"),
    }
    absent = {"bxnn from C++": "no --bxnn-build given"}
    if options.bxnn_build:
        try:
            setting["library"] = str(machine.compile_bxnn_loop(options.bxnn_build, folder))
            del absent["bxnn from C++"]
        except machine.NotCompiled as error:
            absent["bxnn from C++"] = str(error)
    peers = [Peer("bxnn", sys.executable, setting)]
    for name, python in (("hls4ml", options.hls4ml_python), ("alkaid", options.alkaid_python)):
        try:
            if not python:
                raise Absent(f"no --{name}-python given")
            if name == "alkaid":
                network.write_weights(folder / "weights.npz")
            peers.append(Peer(name, python, setting))
        except (Absent, ImportError) as error:
            absent[name] = str(error)
    return peers, absent


def run(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure; the JSON document."""
    peers, absent = start_peers(options, folder)
    entries: list[Entry] = []
    for peer in peers:
        entries += enter(peer, BATCHES, folder)
    reference = [e for e in entries if e.name.endswith("from Python")][-1]
    peaks, no_peak = [], ""
    try:
        program = machine.compile_peak(folder)
    except machine.NotCompiled as error:
        no_peak = str(error)
    for done in range(options.rounds):
        print(f"round {done + 1} of {options.rounds}", file=sys.stderr)
        for batch in BATCHES:
            for entry in entries:
                entry.measure(batch)
        if not no_peak:
            peaks.append(machine.peak(program))
    for peer in peers:
        peer.close()
    versions = {tool: text for peer in peers for tool, text in peer.versions.items()}
    return {
        "benchmark": network.NAME,
        "date": datetime.date.today().isoformat(),
        "machine": {
            "cpu": machine.cpu(),
            "priority": machine.priority(),
            "compiler": machine.gxx(),
            "core_compiler": machine.compilers_in(versions.pop("core")),
        },
        "versions": versions,
        "rounds": options.rounds,
        "batches": BATCHES,
        "input": f"{network.raw_events(0).shape[1]} raw int16, the shipped 30,000 repeated",
        "work": WORK,
        "multiplications": network.MULTIPLICATIONS,
        "limit": {"absent": no_peak}
        if no_peak
        else report.peak_document(peaks, reference, BATCHES[0], network.MULTIPLICATIONS),
        "reference": reference.name,
        "contestants": [report.entry_document(entry, reference) for entry in entries],
        "absent": absent,
        "events_differing": sum(differing_events(entry, reference) for entry in entries),
    }


def main() -> int:
    """Measure, write, print."""
    options = arguments()
    core = options.core if options.core is not None else max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    with tempfile.TemporaryDirectory(prefix="bxnn-benchmark-") as folder:
        document = run(options, Path(folder))
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(document, indent=1) + "\n")
    print(report.markdown(document))
    return 1 if document["events_differing"] else 0


if __name__ == "__main__":
    sys.exit(main())
