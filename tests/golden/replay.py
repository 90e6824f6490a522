"""One golden case at one instruction set, compared with C-simulation integer for integer."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bxnn import _core

GOLDEN = Path(__file__).parents[2] / "firmware_ref" / "golden"
MANIFEST = GOLDEN / "manifest.json"
EXECUTORS = GOLDEN / "executors"
LEVELS = ("reference", *_core.isa_levels())


class Compared(NamedTuple):
    """Values compared, how many of them differ, and where the first of every array does."""

    values: int
    differing: int
    first: list[str]


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_cases() -> dict[str, dict[str, Any]]:
    """The cases of the manifest by name."""
    return dict(json.loads(MANIFEST.read_text())["cases"])


def read_arrays(name: str) -> dict[str, Any]:
    """The raw integers of a case, int64 [N, n], by input:<name>, output:<name> and layer:<name>."""
    with np.load(GOLDEN / f"{name}.npz") as file:
        return {key: file[key].astype(np.int64) for key in file.files}


def replay(name: str, level: str) -> Compared:
    """Every output and every layer of a case. Raises KeyError for a layer that the model does not trace."""
    model = _core.Model.load(str(GOLDEN / f"{name}.bxnn"))
    arrays = read_arrays(name)
    inputs = [raw for key, raw in arrays.items() if key.startswith("input:")]
    results = model.run(inputs, trace=True, isa=level)
    n_out = len(model.outputs)
    got = {f"output:{t.name}": raw for t, raw in zip(model.outputs, results, strict=False)}
    got |= {f"layer:{t.name}": raw for t, raw in zip(model.probes, results[n_out:], strict=True)}
    values = count = 0
    first = []
    for key, expected in arrays.items():
        if key.startswith("input:"):
            continue
        values += expected.size
        differing = np.argwhere(got[key].astype(np.int64) != expected)
        if len(differing):
            event, neuron = differing[0]
            count += len(differing)
            first.append(
                f"{key} at {level}: {len(differing)} of {expected.size} values differ, first event {event}, "
                f"neuron {neuron}: {expected[event, neuron]} expected, {got[key][event, neuron]} found"
            )
    return Compared(values, count, first)
