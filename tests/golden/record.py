"""Writes down what the executors of a machine gave for the golden cases: golden/executors/*.json.

    python -m tests.golden.record                        every instruction set of this machine
    python -m tests.golden.record --export FOLDER [--events 100]
    python -m tests.golden.record --read FOLDER LOG --machine NAME

The first compares every output and every layer. The others serve a machine without Python, such as an
emulated one: `--export` writes model files that carry their outputs, `bxnn_replay --isa LEVEL FOLDER`
compares them there, and `--read` turns what it printed into a record.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bxnn import _core
from tests.golden.replay import EXECUTORS, GOLDEN, LEVELS, MANIFEST, digest, read_arrays, read_cases, replay

INDEX = "cases.json"
MACHINES = {"x86_64": "x86-64", "AMD64": "x86-64", "arm64": "aarch64"}

Counts = dict[str, list[int]]


def write_record(machine: str, compares: str, levels: dict[str, Counts], manifest: str) -> Path:
    """executors/<machine>.json; `levels` gives [values, differing] of every case at every executor."""
    EXECUTORS.mkdir(exist_ok=True)
    record = {
        "machine": machine,
        "compares": compares,
        "manifest_sha256": manifest,
        "executors": {
            level: {
                "cases": len(counts),
                "values": sum(values for values, _ in counts.values()),
                "differing": sum(differing for _, differing in counts.values()),
                "each": counts,
            }
            for level, counts in levels.items()
        },
    }
    path = EXECUTORS / f"{re.sub('[^a-z0-9]+', '-', machine.lower()).strip('-')}.json"
    text = json.dumps(record, indent=1)
    path.write_text(re.sub(r"\[\s+(\d+),\s+(\d+)\s+\]", r"[\1, \2]", text) + "\n")
    for level, found in record["executors"].items():  # type: ignore[attr-defined]
        print(f"{level}: {found['cases']} cases, {found['values']:,} values, {found['differing']} differ")
    return path


def replay_here() -> dict[str, Counts]:
    """Every case at every instruction set of this machine."""
    cases = read_cases()
    return {level: {name: list(replay(name, level)[:2]) for name in cases} for level in LEVELS}


def export(folder: Path, events: int | None = None) -> None:
    """Model files with the outputs of all or the first events, and an index of how many values these are."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {}
    for name in read_cases():
        model, arrays = _core.Model.load(str(GOLDEN / f"{name}.bxnn")), read_arrays(name)
        inputs, outputs = (
            [np.ascontiguousarray(arrays[f"{kind}:{t.name}"][:events]) for t in tensors]
            for kind, tensors in (("input", model.inputs), ("output", model.outputs))
        )
        (folder / f"{name}.bxnn").write_bytes(model.with_golden(inputs, outputs).to_bytes())
        sizes[name] = sum(raw.size for raw in outputs)
    index = {"manifest_sha256": digest(MANIFEST), "events": events, "values": sizes}
    (folder / INDEX).write_text(json.dumps(index, indent=1) + "\n")


def read_log(index: dict[str, Any], text: str) -> dict[str, Counts]:
    """[values, differing] of every exported case at every instruction set that bxnn_replay ran.

    Raises ValueError if it did not compare just what was exported.
    """
    sizes: dict[str, int] = index["values"]
    wrong = re.findall(r"(\w+)\.bxnn: (\w+): (\d+) of \d+ values differ", text)
    levels: dict[str, Counts] = {}
    for level, models, values, differing in re.findall(
        r"^(\w+) +(\d+) models +(\d+) values compared (\d+) differ", text, re.MULTILINE
    ):
        if (int(models), int(values)) != (len(sizes), sum(sizes.values())):
            raise ValueError(
                f"{level}: expected {len(sizes)} models and {sum(sizes.values())} values, "
                f"got {models} and {values}; replay the whole folder"
            )
        levels[level] = {name: [size, 0] for name, size in sizes.items()}
        for name, where, count in wrong:
            if where == level:
                levels[level][name][1] = int(count)
        if sum(count for _, count in levels[level].values()) != int(differing):
            raise ValueError(f"{level}: {differing} values differ, its cases do not add up to that")
    if not levels:
        raise ValueError("no result of bxnn_replay in it; give the log of bxnn_replay on the exported folder")
    return levels


def main(arguments: list[str] | None = None) -> int:
    """Command line; 1 if a value differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--export", type=Path, metavar="FOLDER", help="write models for another machine")
    parser.add_argument("--events", type=int, help="first events of a case to export (default: all)")
    parser.add_argument("--read", type=Path, nargs=2, metavar=("FOLDER", "LOG"), help="record its answers")
    parser.add_argument("--machine", help="its name; default: the architecture of this machine")
    options = parser.parse_args(arguments)
    if options.export:
        export(options.export, options.events)
        return 0
    machine = options.machine or MACHINES.get(platform.machine(), platform.machine())
    if options.read:
        folder, log = options.read
        index = json.loads((folder / INDEX).read_text())
        levels = read_log(index, log.read_text())
        share = f"the first {index['events']}" if index["events"] else "all"
        compares = f"outputs of {share} events"
        path = write_record(machine, compares, levels, index["manifest_sha256"])
    else:
        levels = replay_here()
        path = write_record(machine, "outputs and layers of all events", levels, digest(MANIFEST))
    print(f"written: {path}")
    return int(any(differing for counts in levels.values() for _, differing in counts.values()))


if __name__ == "__main__":
    sys.exit(main())
