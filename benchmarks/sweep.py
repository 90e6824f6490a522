"""Events a second of networks of trigger size: every level of this CPU, batches of 1 to 100,000, one core.

Raw integers in the cache, through the C++ interface; every answer is compared with the reference executor's,
and the exit status is 1 if one differs. The limit is the peak rate of 16-bit multiplications, measured in the
same run.
"""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import machine, report
from benchmarks.contest import Absent
from benchmarks.models import SUBJECTS
from bxnn import _core

BATCHES = [100_000, 4_800, 96, 24, 8, 1]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep", description=__doc__)
    parser.add_argument("--bxnn-build", type=Path, required=True, help="a build folder with libbxnn.a")
    parser.add_argument("--models", nargs="+", choices=sorted(SUBJECTS), default=list(SUBJECTS))
    parser.add_argument("--levels", nargs="+", choices=_core.isa_levels(), default=_core.isa_levels())
    parser.add_argument("--seconds", type=float, default=1.0, help="a model, level and batch")
    parser.add_argument("--core", type=int, help="the CPU to run on (default: the last allowed one)")
    parser.add_argument("--out", type=Path, help="the JSON file to write")
    parser.add_argument("--plot", type=Path, help="the picture to draw (needs matplotlib)")
    return parser.parse_args()


def compile_sweep(build: Path, folder: Path) -> Path:
    """The program that measures one model at one level; raises Absent."""
    library = build / "libbxnn.a"
    if not library.exists():
        raise Absent(f"no file '{library}': build the library there (CONTRIBUTING.md)")
    includes = [f"-I{machine.INCLUDE}", f"-I{build / 'include'}"]
    sources = [str(machine.NATIVE / "sweep.cpp"), str(library)]
    return machine.compiled(["-std=c++20", *includes, *sources, "-pthread"], folder / "sweep")


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The JSON document."""
    program = compile_sweep(options.bxnn_build, folder)
    entries, peaks = [], []
    try:
        peak_program = machine.compile_peak(folder)
    except Absent:
        peak_program = None
    for name in options.models:
        subject = SUBJECTS[name]()
        path = folder / f"{name}.bxnn"
        path.write_bytes(subject.model.to_bytes())
        for level in options.levels:
            print(f"{name} {level}", file=sys.stderr)
            if peak_program:
                peaks.append(machine.peak(peak_program)[1])
            command = [str(program), str(path), level, str(options.seconds), *map(str, BATCHES)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode not in (0, 1):
                raise SystemExit(f"{name} {level}: {done.stderr.strip()}")
            about = {"model": name, "multiplications": subject.multiplications}
            entries.append(about | json.loads(done.stdout))
    return {
        "benchmark": "sweep",
        "date": datetime.date.today().isoformat(),
        "machine": machine.description(_core.__file__),
        "bxnn": _core.__version__,
        "peak_multiplications_per_second": max(peaks, default=None),
        "entries": entries,
    }


def markdown(document: dict[str, Any]) -> str:
    """The document as a table: millions of events a second, best of all rounds, and latencies."""
    peak = document["peak_multiplications_per_second"]
    head = ["model", "level", *(f"batch {b:,}" for b in BATCHES), "of the peak", "one event, p50 / p99.9"]
    lines = [f"| {' | '.join(head)} |", f"|---|---|{'--:|' * (len(head) - 2)}"]
    for entry in document["entries"]:
        rates = [1e3 / entry["batches"][str(b)]["best_ns"] for b in BATCHES]
        share = f"{max(rates) * 1e6 * entry['multiplications'] / peak:.0%}" if peak else ""
        latency = entry["latency_ns"]
        row = [entry["model"], entry["level"], *(f"{rate:.2f} M/s" for rate in rates), share]
        row.append(f"{latency['p50']:.0f} / {latency['p99.9']:.0f} ns")
        lines.append(f"| {' | '.join(row)} |")
    differing = sum(entry["differing"] for entry in document["entries"])
    compared = sum(entry["compared"] for entry in document["entries"])
    note = f"{compared:,} values compared with the reference executor's, {differing} differ."
    if peak:
        note += f" Peak: {peak / 1e9:.1f} G 16-bit multiplications a second."
    return "\n".join([*lines, "", note])


def draw(document: dict[str, Any], path: Path) -> None:
    """Time an event over the size of the batch, for the best level."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    best = document["entries"][-1]["level"]
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for entry in document["entries"]:
        if entry["level"] == best:
            times = [entry["batches"][str(b)]["best_ns"] for b in BATCHES]
            axes.plot(BATCHES, times, "o-", label=entry["model"])
    axes.axhline(25, color="grey", linestyle=":", label="bunch crossing, 25 ns")
    axes.set(xscale="log", yscale="log", xlabel="events a call", ylabel=f"ns an event, one core, {best}")
    axes.legend()
    figure.savefig(path, dpi=150)


def main() -> int:
    """Measure, write, print."""
    options = arguments()
    machine.pin(options.core)
    with tempfile.TemporaryDirectory(prefix="bxnn-sweep-") as folder:
        document = measure(options, Path(folder))
    report.write(document, options.out)
    if options.plot:
        draw(document, options.plot)
    print(markdown(document))
    return int(any(entry["differing"] for entry in document["entries"]))


if __name__ == "__main__":
    sys.exit(main())
