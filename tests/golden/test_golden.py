"""Every golden case, at every instruction set: raw outputs and every layer, integer for integer."""

from __future__ import annotations

import pytest

from tests.golden.replay import GOLDEN, LEVELS, digest, read_cases, replay

CASES = read_cases()
LEAST_VALUES = 1_000_000


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
    found = replay(name, level)
    assert found.differing == 0, "; ".join(found.first)
    assert found.values == CASES[name]["values"]
    compared[level].append(found.values)


def test_a_million_values_at_every_level(compared: dict[str, list[int]]) -> None:
    for level, values in compared.items():
        if len(values) < len(CASES):
            pytest.skip(f"only {len(values)} of {len(CASES)} cases ran and passed at {level}")
        print(f"{level}: {sum(values):,} values equal HLS C-simulation")
        assert sum(values) >= LEAST_VALUES
