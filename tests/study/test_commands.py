"""bxnn rates, roc and compare, as users run them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rich")

from bxnn import cli, histogram
from bxnn.histogram import Histogram
from bxnn.study.rates import CROSSING_RATE
from tests.study.browser import inspect
from tests.study.test_readout import scorer


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """1,000 events with x[0] = 0 … 999; scores are three times that."""
    monkeypatch.chdir(tmp_path)
    scorer().save("net.bxnn")
    scorer(4).save("new.bxnn")
    x = np.zeros((1000, 4), np.int16)
    x[:, 0] = np.arange(1000)
    np.save("x.npy", x)
    np.save("scores.npy", 3 * x[:, 0].astype(np.int32))
    return x


def run(capsys: pytest.CaptureFixture[str], *command: str) -> dict:
    assert cli.main([*command, "--json"]) in (0, 1)
    return json.loads(capsys.readouterr().out)


def test_rates_of_scores_events_and_histograms(
    sample: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    histogram.save("h.npz", {"score": Histogram.of(np.load("scores.npy")), "other": Histogram.of([1])})
    options = ("--rate", "1e6", "--rate", "10", "--threshold", "1500", "--filled", "2000")
    scores = run(capsys, "rates", "scores.npy", *options)
    assert scores == run(capsys, "rates", "x.npy", "--model", "net.bxnn", *options)
    assert scores == run(capsys, "rates", "h.npz", *options)
    rate = 2000 * 11_245.5
    allowed = int(1e6 / rate * 1000)
    first, second = scores["working_points"]
    assert first["passed"] == allowed and first["threshold"] == 3 * (999 - allowed)
    assert second["threshold"] is None and second["passed"] == 0
    assert scores["thresholds"][0]["rate_hz"]["value"] == pytest.approx(499 / 1000 * rate)


def test_rates_in_files_and_words(sample: np.ndarray, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    assert cli.main(["rates", "scores.npy", "--plot", "r.png", "--csv", "r.csv"]) == 0
    text = capsys.readouterr().out
    assert "out of reach" in text and f"one event is {CROSSING_RATE / 1e6:.3g} kHz" in text
    assert Path("r.png").read_bytes().startswith(b"\x89PNG")
    rows = Path("r.csv").read_text().splitlines()
    assert rows[0].startswith("threshold,passed") and len(rows) == 1001 and rows[-1].startswith("2997,0,0.0")


def test_roc(sample: np.ndarray, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez("s.npz", signal=sample[500:], same=sample)
    found = run(capsys, "roc", "x.npy", "s.npz:signal", "s.npz:same", "--model", "net.bxnn", "--rate", "1e7")
    area = found["signals"]["s.npz:signal"]["auc"]["value"]
    assert area == pytest.approx(0.75) and found["signals"]["s.npz:same"]["auc"]["value"] == 0.5
    allowed = found["rates"][0]["passed"]
    assert found["signals"]["s.npz:same"]["efficiency"][0]["value"] == allowed / 1000
    assert cli.main(["roc", "x.npy", "s.npz:signal", "--model", "net.bxnn", "--plot", "roc.svg"]) == 0
    assert Path("roc.svg").read_text().lstrip().startswith("<?xml")


def test_compare_a_readout(sample: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded = np.load("scores.npy")
    record = {"x": sample, "hw": recorded, "orbit": np.arange(1000) // 100, "bx": np.arange(1000) % 100 * 30}
    np.savez("readout.npz", **record)
    columns = ("--columns", "x", "--orbit", "orbit", "--bx", "bx", "--recorded", "score=hw")
    assert cli.main(["compare", "net.bxnn", "readout.npz", *columns]) == 0
    assert "1,000 events compared, 0 differ" in capsys.readouterr().out
    recorded[[7, 107]] += 5
    np.savez("readout.npz", **record)
    command = ["compare", "net.bxnn", "readout.npz", *columns, "--report", "d.html"]
    assert cli.main(command) == 1
    text = capsys.readouterr().out
    assert "1,000 events compared, 2 differ" in text and "event 7, orbit 0, bx 210: inputs" in text
    found = run(capsys, *command)
    assert found["bx"] == [{"bx": 210, "events": 10, "differing": 2}]
    assert found["numbers"]["score"]["by"] == [{"from": 5, "to": 5, "values": 2}]
    seen, console = inspect(Path("d.html"), tmp_path, 500)
    assert console == [] and [i["width"] > 300 for i in seen["images"]] == [True]
    assert seen["page"] <= seen["window"]


def test_compare_versions(sample: np.ndarray, capsys: pytest.CaptureFixture[str]) -> None:
    same = ["compare", "net.bxnn", "net.bxnn", "--events", "x.npy", "--threshold", "score=1500"]
    assert cli.main(same) == 0
    capsys.readouterr()
    found = run(capsys, "compare", "net.bxnn", "new.bxnn", "--events", "x.npy", "--threshold", "score=1500")
    gained = sum(4 * x > 1500 >= 3 * x for x in range(1000))
    assert found["seeds"]["score > 1500"] == {
        "both": 499,
        "only_old": 0,
        "only_new": gained,
        "neither": 1000 - 499 - gained,
    }
    assert found["events_differing"] == 999 and len(found["first"]) == 10


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("rates x.npy", "name a column"),
        ("rates none.npy", "no such file"),
        ("rates scores.npy --filled 4000", "--filled"),
        ("rates scores.npy --bits 40", "--bits"),
        ("rates x.npy --model net.bxnn --output other", "--output"),
        ("rates scores.npy --plot r.none", "r.none"),
        ("roc x.npy x.npy x.npy --model net.bxnn", "given twice"),
        ("compare net.bxnn new.bxnn", "--events"),
        ("compare net.bxnn x.npy --events x.npy", "no model or menu"),
        ("compare net.bxnn x.npy", "at least one answer"),
        ("compare net.bxnn x.npy --orbit o --recorded score=hw", "both or none"),
        ("compare net.bxnn x.npy --threshold score", "NAME=VALUE"),
        ("compare net.bxnn x.npy --threshold score=a", "raw integer"),
    ],
)
def test_wrong_usage(command: str, text: str, sample: np.ndarray, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(command.split()) == 2
    assert text in capsys.readouterr().err


def test_a_file_of_several_histograms(sample: np.ndarray, capsys: pytest.CaptureFixture[str]) -> None:
    histogram.save("h.npz", {"a": Histogram.of([1, 2]), "b": Histogram.of([1])})
    assert cli.main(["rates", "h.npz"]) == 2
    assert "no histogram 'score'; name one" in capsys.readouterr().err
    assert run(capsys, "rates", "h.npz", "--columns", "a")["events"] == 2
