"""`bxnn profile`, and `bxnn verify --reproducer`: a folder that shows a difference without the reference."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bxnn
from python import example_models as example

from .test_cli import EXPECTED, folder, run  # noqa: F401  fixtures


def test_profile(run: Any) -> None:  # noqa: F811
    text = run("profile model.bxnn --events x.npy")
    for part in ("'net', 40 events", "fc", "%1 dot", "ap_fixed<20,16>", "suggested"):
        assert part in text
    document = json.loads(run("profile model.bxnn --events raw.npy --raw --json --plot bits.png"))
    assert document["overflowed"] == 0 and document["picture"] == "bits.png"
    assert {cast["role"] for cast in document["casts"]} == {"input", "bias", "term", "sum"}
    assert Path("bits.png").stat().st_size > 1000
    assert json.loads(run("profile model.bxnn --events x.npy --first 7 --json"))["events"] == 7


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("profile model.bxnn", "--events"),
        ("profile model.bxnn --events raw.npy", "--raw"),
        ("profile model.bxnn --events no.npy", "no such file"),
        ("profile model.bxnn --events none.npy", "at least one event"),
        ("profile model.bxnn --events x.npy --first 0", "whole number from 1"),
        ("profile model.bxnn --events x.npy --plot bits.txt", "png"),
        ("profile model.bxnn --events x.npy --plot no/bits.png", "existing directory"),
        ("verify model.bxnn --model two.bxnn --reproducer full", "folder that is empty"),
        ("verify model.bxnn --reproducer x.npy", "folder that is empty"),
    ],
)
def test_refusals(run: Any, line: str, part: str) -> None:  # noqa: F811
    np.save("none.npy", np.zeros((0, 3)))
    Path("full").mkdir()
    Path("full/file").touch()
    assert part in run(line, 2)


def replay(where: str, status: int) -> str:
    source = Path(bxnn.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, f"{where}/replay.py"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(source)},
    )
    assert done.returncode == status, done.stderr
    return done.stdout


def test_a_reproducer_is_replayed(run: Any) -> None:  # noqa: F811
    example.dense("off", np.array([7, -7])).save("off.bxnn")
    text = run("verify model.bxnn --model off.bxnn --reproducer wrong/layer", 1)
    assert "reproducer: wrong/layer" in text
    where = Path("wrong/layer")
    assert {p.name for p in where.iterdir()} == {
        *("model.bxnn", "inputs.npz", "expected.npy", "found.npy", "README.txt", "replay.py")
    }
    assert np.load(where / "inputs.npz")["x"].tolist() == [[0, 0, 0]]
    assert np.load(where / "expected.npy").tolist() == [7, -7]
    assert np.load(where / "found.npy").tolist() == [7, -8]
    readme = (where / "README.txt").read_text()
    assert "layer 'fc', ap_fixed<20,16>" in readme and "model 'off'" in readme
    assert "fc[1]: found -8, expected -7\n1 of 2 values differ" in replay("wrong/layer", 1)
    shutil.copy("off.bxnn", where / "model.bxnn")
    text = replay("wrong/layer", 0)
    assert "0 of 2 values differ" in text and "does not give what it gave" in text


@pytest.mark.parametrize("kind", ["raw", "real", "off the grid"])
def test_outputs_from_elsewhere(run: Any, kind: str) -> None:  # noqa: F811
    wrong = np.stack([EXPECTED, 2 * EXPECTED])
    wrong[1, 6, 1] += 3
    answers: Any = wrong if kind == "raw" else wrong * example.LSB
    if kind == "off the grid":
        answers[1, 6, 1] = np.nan
    np.savez("board.npz", y=answers[0], y2=answers[1])
    line = "verify two.bxnn --expected board.npz --events x.npy --reproducer r --json"
    document = json.loads(run(line, 1))
    assert document["reproducer"] == "r" and document["counterexample"]["event"] == 6
    assert "y2[1]: found" in replay("r", 1)
    assert np.load("r/inputs.npz")["x"].dtype == np.int8


def test_golden_vectors(run: Any) -> None:  # noqa: F811
    raw = np.array([[1, 2, 3], [4, 5, 6]])
    example.with_golden(example.dense(), raw, wrong=1).save("bad.bxnn")
    assert "reproducer: r" in run("verify bad.bxnn --reproducer r", 1)
    assert "y[0]: found" in replay("r", 1)


def test_nothing_is_written_where_nothing_differs(run: Any) -> None:  # noqa: F811
    document = json.loads(run("verify model.bxnn --model model.bxnn --reproducer r --json"))
    assert document["reproducer"] is None and not Path("r").exists()
    assert "identical" in run("verify model.bxnn --reproducer r") and not Path("r").exists()
