"""Records of executors: what is exported replays, and only a log of all of it is taken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bxnn import _core
from tests.golden.record import INDEX, export, read_log
from tests.golden.replay import MANIFEST, digest, read_cases

INDEX_OF_TWO: dict[str, Any] = {"events": 5, "values": {"one": 10, "two": 20}}


def test_exported_models_carry_outputs_of_c_simulation(tmp_path: Path) -> None:
    export(tmp_path, 3)
    index = json.loads((tmp_path / INDEX).read_text())
    assert index["manifest_sha256"] == digest(MANIFEST)
    assert index["values"].keys() == read_cases().keys()
    for name, values in index["values"].items():
        model = _core.Model.load(str(tmp_path / f"{name}.bxnn"))
        assert model.golden_events == min(3, read_cases()[name]["events"])
        assert model.self_test("reference") == (values, 0)


def test_a_log_of_everything_is_a_record() -> None:
    log = "reference       2 models           30 values compared 0 differ\n"
    assert read_log(INDEX_OF_TWO, log) == {"reference": {"one": [10, 0], "two": [20, 0]}}


def test_differing_values_are_counted_by_case_and_level() -> None:
    log = (
        "models/two.bxnn: avx512: 7 of 20 values differ\n"
        "reference       2 models           30 values compared 0 differ\n"
        "avx512          2 models           30 values compared 7 differ\n"
    )
    found = read_log(INDEX_OF_TWO, log)
    assert found == {
        "reference": {"one": [10, 0], "two": [20, 0]},
        "avx512": {"one": [10, 0], "two": [20, 7]},
    }


@pytest.mark.parametrize(
    ("log", "told"),
    [
        ("", "no result of bxnn_replay"),
        (
            "avx512          1 models           10 values compared 0 differ\n",
            "expected 2 models and 30 values",
        ),
        (
            "avx512          2 models           29 values compared 0 differ\n",
            "expected 2 models and 30 values",
        ),
        ("avx512          2 models           30 values compared 4 differ\n", "do not add up"),
    ],
)
def test_a_log_of_something_else_is_refused(log: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_log(INDEX_OF_TWO, log)
