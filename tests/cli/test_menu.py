"""`bxnn menu check`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bxnn.cli import main
from bxnn.document import package_file

pytest.importorskip("yaml")


def test_a_shipped_menu(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["menu", "check", "package:l1_anomaly.yml"]) == 0
    out = capsys.readouterr().out
    for part in (
        "L1_AXO_Tight",
        "vae.score > 3034717",
        "ap_fixed<35,19>",
        "100,000 Hz",
        "L1_ZeroBias: fires always",
    ):
        assert part in out


def test_requirements_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["menu", "check", "package:hlt_anomaly.yml"]) == 0
    assert "L1_AE_Tight or L1_AXO_AE" in capsys.readouterr().out


def test_events_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with np.load(package_file("l1_events.npz")) as sample:
        events = sample["ttbar_objs"]
    np.savez(tmp_path / "events.npz", objects=events, other=events[:3])
    command = ["menu", "check", "package:l1_anomaly.yml", "--events", str(tmp_path / "events.npz")]
    assert main([*command, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["events"]["count"] == len(events) == document["events"]["fired"]["L1_ZeroBias"]
    assert document["events"]["fired"]["L1_MET140"] == int((events[:, 0, 0] >= 280).sum())
    assert [seed["prescale"] for seed in document["seeds"]][-1] == "30000"
    assert document["dead_time"][0] == {"accepts": 1, "crossings": 3}
    assert main([*command, "--dataset", "other"]) == 0
    assert "events: 3," in capsys.readouterr().out


def test_wrong_menus_end_with_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "menu.yml"
    path.write_text("menu: a\ninputs: {x: {shape: [1], format: ap_int<8>}}\nseeds: [{name: s, cut: y > 1}]\n")
    assert main(["menu", "check", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("bxnn menu: error: ") and "menu.yml:3: seeds[0].cut: seed s: 'y'" in error
    assert main(["menu", "check", str(tmp_path / "none.yml")]) == 2
