"""`bxnn demo`: its numbers on a sample whose answers are known, and the shipped models as users see them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bxnn import Model, cli, demo
from bxnn._core import Builder, Format
from bxnn.study.rates import CROSSING_RATE


def scorer() -> Model:
    """x[57] -> latent x, score = the first feature."""
    builder = Builder("scorer")
    x = builder.input("x", [57], Format(16, 16))
    builder.output(x, "latent")
    builder.output(builder.gather([x], [0], shape=[1]), "score")
    raw = np.arange(57, dtype=np.int64)[None]
    return Model(builder.build().with_golden([raw], None))


@pytest.fixture
def ramp(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """8,000 zero-bias events with scores 0 … 7999; a signal with scores 7,900 … 8,899."""
    events = {name: np.zeros((count, 57), np.int32) for name, count in (("zerobias", 8000), ("signal", 1000))}
    events["zerobias"][:, 0] = np.arange(8000)
    events["signal"][:, 0] = np.arange(7900, 8900)
    monkeypatch.setattr(demo, "load_model", lambda name: scorer())
    monkeypatch.setattr(demo, "THROUGHPUT_BATCH", 100)
    return events


def test_numbers_of_a_known_sample(ramp: dict[str, np.ndarray]) -> None:
    result = demo.demonstrate("scorer", ramp)
    assert result.self_test.ok and result.test_events == 8000
    assert result.auc["signal"] == pytest.approx((7900.5 * 100 + 50 * 0 + 8000 * 900) / 8e6, abs=1e-3)
    one_event = CROSSING_RATE / 8000
    for point in result.working_points:
        allowed = int(point.rate / one_event)
        assert point.zero_bias_passed == allowed and point.zero_bias_passed * one_event <= point.rate
        if allowed == 0:
            assert point.threshold is None and point.efficiency is None
        else:
            assert point.threshold == 7999 - allowed
            assert point.efficiency == {"signal": (8899 - point.threshold) / 1000 if allowed < 99 else 1.0}
    json.dumps(result.as_dict())


def test_ties_never_exceed_the_rate() -> None:
    background = np.repeat(np.arange(800), 10)
    point = demo._working_point(3e5, background, {})
    assert point.zero_bias_passed == 70
    assert point.zero_bias_passed / 8000 * CROSSING_RATE <= 3e5


def test_picture_and_exit_status(
    ramp: dict[str, np.ndarray],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("rich")
    monkeypatch.setattr(demo, "load_events", lambda: ramp)
    picture = tmp_path / "demo.png"
    assert cli.main(["demo", "--out", str(picture)]) == 0
    text = capsys.readouterr().out
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "not physics" in text and "out of reach" in text and "AUC" in text


def test_as_users_run_it(tmp_path: Path) -> None:
    """The shipped models give their golden outputs and separate signals from zero bias."""
    pytest.importorskip("matplotlib")
    done = subprocess.run(
        [sys.executable, "-m", "bxnn", "demo", "--json"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["ok"] and [m["model"] for m in document["models"]] == ["vae_encoder", "autoencoder"]
    for model in document["models"]:
        assert model["test_events"] == 8000
        assert model["auc"]["ttbar"] > 0.9 and model["auc"]["zprime_1tev_tt"] > 0.9
        efficiencies = [p["efficiency"]["ttbar"] for p in model["working_points"] if p["efficiency"]]
        assert efficiencies == sorted(efficiencies)
    assert (tmp_path / "bxnn-demo.png").read_bytes().startswith(b"\x89PNG")
