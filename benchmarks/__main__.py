"""One-core throughput of the shipped VAE encoder: bxnn, hls4ml's C-simulation, alkaid's interpreter.

Every contestant's answers are compared with bxnn's; the exit status is 1 if an event differs. Peers need
Python environments of their own; without one they are reported as absent.
"""

from __future__ import annotations

import argparse
import datetime
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine, network, report
from benchmarks.contest import Absent, Peer, enter

BATCHES = [100_000, 1_000, 1]
WORK = (
    "The shipped 30,000 events, repeated. bxnn computes the 8 means and their score, the peers the 8 means. "
    "Inputs are in each tool's own form before the timing: int16 raw; float32 for hls4ml's predict, float64 "
    "for alkaid, which decodes its program anew in every call."
)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--hls4ml-python", help="a Python with hls4ml, QKeras and TensorFlow; needs g++")
    parser.add_argument("--alkaid-python", help="a Python with alkaid; the calling Python then needs h5py")
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
    absent = {}
    try:
        if not options.bxnn_build:
            raise Absent("no --bxnn-build given")
        setting["library"] = str(machine.compile_bxnn_loop(options.bxnn_build, folder))
    except Absent as error:
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


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run the contest; the JSON document."""
    peers, absent = start_peers(options, folder)
    entries = [entry for peer in peers for entry in enter(peer, BATCHES, folder)]
    reference = [entry for entry in entries if entry.name.endswith("from Python")][-1]
    peaks: list[tuple[int, float]] = []
    limit: dict[str, Any] = {}
    try:
        program = machine.compile_peak(folder)
        machine.peak(program)
    except Absent as error:
        limit = {"absent": str(error)}
    for done in range(options.rounds):
        print(f"round {done + 1} of {options.rounds}", file=sys.stderr)
        for entry in entries:
            entry.measure()
        if not limit:
            peaks.append(machine.peak(program))
    for peer in peers:
        peer.close()
    versions = {tool: text for peer in peers for tool, text in peer.versions.items()}
    return {
        "benchmark": network.NAME,
        "date": datetime.date.today().isoformat(),
        "machine": machine.description(versions.pop("core")),
        "versions": versions,
        "rounds": options.rounds,
        "batches": BATCHES,
        "work": WORK,
        "multiplications": network.MULTIPLICATIONS,
        "limit": limit
        or report.limit_document(peaks, reference.seconds[BATCHES[0]], network.MULTIPLICATIONS),
        "reference": reference.name,
        "contestants": [report.entry_document(entry, reference) for entry in entries],
        "absent": absent,
    }


def main() -> int:
    """Measure, write, print."""
    options = arguments()
    machine.pin(options.core)
    with tempfile.TemporaryDirectory(prefix="bxnn-benchmark-") as folder:
        document = measure(options, Path(folder))
    report.write(document, options.out)
    print(report.markdown(document))
    return int(any(entry["differing_events"] for entry in document["contestants"]))


if __name__ == "__main__":
    sys.exit(main())
