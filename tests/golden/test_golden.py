"""Every golden case, at every instruction set: raw outputs and every layer, integer for integer."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bxnn import _core

GOLDEN = Path(__file__).parents[2] / "firmware_ref" / "golden"
CASES: dict[str, dict[str, Any]] = json.loads((GOLDEN / "manifest.json").read_text())["cases"]
LEVELS = ["reference", *_core.isa_levels()]
LEAST_VALUES = 1_000_000


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def compared() -> dict[str, list[int]]:
    """Values compared in each case so far, by instruction set."""
    return {level: [] for level in LEVELS}


@pytest.mark.parametrize("name", CASES)
def test_files_are_those_of_the_manifest(name: str) -> None:
    assert digest(GOLDEN / f"{name}.npz") == CASES[name]["sha256"]
    assert digest(GOLDEN / f"{name}.bxnn") == CASES[name]["model_sha256"]


def test_every_file_is_in_the_manifest() -> None:
    stems = {path.stem for path in GOLDEN.iterdir() if path.suffix in (".npz", ".bxnn")}
    assert stems == set(CASES)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", CASES)
def test_equals_c_simulation(name: str, level: str, compared: dict[str, list[int]]) -> None:
    model = _core.Model.load(str(GOLDEN / f"{name}.bxnn"))
    with np.load(GOLDEN / f"{name}.npz") as file:
        arrays = {key: file[key].astype(np.int64) for key in file.files}
    inputs = [raw for key, raw in arrays.items() if key.startswith("input:")]
    results = model.run(inputs, trace=True, isa=level)
    n_out = len(model.outputs)
    got = {f"output:{t.name}": raw for t, raw in zip(model.outputs, results, strict=False)}
    got |= {f"layer:{t.name}": raw for t, raw in zip(model.probes, results[n_out:], strict=True)}
    values = 0
    for key, expected in arrays.items():
        if key.startswith("input:"):
            continue
        assert key in got, f"{key} of C-simulation is not traced by the model"
        differing = np.argwhere(got[key].astype(np.int64) != expected)
        if len(differing):
            event, neuron = differing[0]
            pytest.fail(
                f"{key} at {level}: {len(differing)} of {expected.size} values differ, first event {event}, "
                f"neuron {neuron}: {expected[event, neuron]} expected, {got[key][event, neuron]} found"
            )
        values += expected.size
    compared[level].append(values)


def test_a_million_values_at_every_level(compared: dict[str, list[int]]) -> None:
    for level, values in compared.items():
        if len(values) < len(CASES):
            pytest.skip(f"only {len(values)} of {len(CASES)} cases ran and passed at {level}")
        print(f"{level}: {sum(values):,} values equal HLS C-simulation")
        assert sum(values) >= LEAST_VALUES
