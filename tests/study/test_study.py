"""The shipped study as users run it, and its numbers against direct counts."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("yaml")

from bxnn import InputError, cli, histogram
from bxnn.document import package_file
from bxnn.menu import Menu
from bxnn.study.configuration import SHIPPED, anomaly_seeds, load_configuration
from bxnn.study.curves import area_under_curve
from bxnn.study.menu_report import write_study
from bxnn.study.menu_study import MenuStudy, run_study
from tests.study.browser import inspect


@pytest.fixture(scope="module")
def study() -> MenuStudy:
    return run_study(load_configuration(SHIPPED))


@pytest.fixture(scope="module")
def folder(study: MenuStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("study")
    assert all((made / name).is_file() for name in write_study(study, made))
    return made


def objects(name: str) -> np.ndarray:
    with (files("bxnn") / "data" / "l1_events.npz").open("rb") as file, np.load(file) as sample:
        return sample[f"{name}_objs"]


def test_numbers_are_those_of_the_menu(study: MenuStudy) -> None:
    menu, rate = study.configuration.menu, study.configuration.crossing_rate
    decisions = menu.decide(objects("zerobias")[12_000:])
    keep = np.array([float(1 / s.prescale) for s in menu.seeds])
    kept = decisions.seeds * keep
    for i, seed in enumerate(study.rates.seeds):
        assert seed.fired.value == decisions.seeds[:, i].mean()
        assert seed.kept.value == pytest.approx(kept[:, i].mean())
        others = np.prod(1 - np.delete(kept, i, axis=1), axis=1)
        assert seed.pure.value == pytest.approx((kept[:, i] * others).mean())
    assert study.rates.rate(rate).value == pytest.approx((1 - np.prod(1 - kept, axis=1)).mean() * rate)
    ttbar = menu.decide(objects("ttbar"))
    assert study.samples["ttbar"].counts.fired == tuple(ttbar.seeds.sum(axis=0).tolist())
    for name in menu.scores:
        exact = area_under_curve(decisions.scores[name], ttbar.scores[name])
        binned = study.scores[name].roc["ttbar"].area
        assert float(abs(exact.area - binned.area)) < 1e-5
        for point in study.scores[name].points:
            assert point.threshold is not None
            assert point.passed == (decisions.scores[name] > point.threshold).sum()
            assert point.rate.value <= point.target


def test_a_field_named_like_a_network_makes_no_anomaly_seed() -> None:
    file = package_file("l1_anomaly.yml", "menus")
    head = file.read_text().replace("fields: [pt, eta, phi]", "fields: [vae, eta, phi]").split("seeds:")[0]
    cuts = {"FIELD": "any(muon, vae > 3)", "NETWORK": "vae.score > 5", "BOTH": "NETWORK and met.vae > 3"}
    seeds = "".join(f'  - {{name: {name}, cut: "{cut}"}}\n' for name, cut in cuts.items())
    menu = Menu.parse(f"{head}seeds:\n{seeds}", folder=file.parent)
    assert anomaly_seeds(menu) == ("NETWORK", "BOTH")


def test_anomaly_seeds_add_what_the_others_miss(study: MenuStudy) -> None:
    assert len(study.configuration.anomaly) >= 3
    assert "L1_AXO_Tight" in study.configuration.anomaly and "L1_MET140" not in study.configuration.anomaly
    for signal in study.signals:
        total = study.rest[signal].value + study.gain[signal].value
        assert total == pytest.approx(study.efficiency[signal].total.value)


def test_numbers_in_files(study: MenuStudy, folder: Path) -> None:
    document = json.loads((folder / "numbers.json").read_text())
    assert document["events"] == {n: s.counts.events for n, s in study.samples.items()}
    rows = list(csv.DictReader((folder / "rates.csv").open()))
    assert [float(r["kept_hz"]) for r in rows] == [s["kept_hz"]["value"] for s in document["seeds"]]
    assert [Fraction(r["prescale"]) for r in rows] == [s.prescale for s in study.rates.seeds]
    saved = histogram.load(folder / "histograms.npz")
    assert saved["vae.score/ttbar"] == study.samples["ttbar"].scores["vae.score"]
    curve = list(csv.DictReader((folder / "rate_vae.score.csv").open()))
    assert [int(r["threshold"]) for r in curve] == study.scores["vae.score"].rate.threshold.tolist()


def test_root_file(study: MenuStudy, folder: Path) -> None:
    uproot = pytest.importorskip("uproot")
    with uproot.open(folder / "numbers.root") as file:
        found = file["hist/vae.score/ttbar"].values()
        assert found.sum() == 2000
        tree = file["roc_vae.score_ttbar"]
        assert (tree["signal"].array(library="np") == study.scores["vae.score"].roc["ttbar"].signal).all()


@pytest.mark.parametrize("width", [1200, 500])
def test_report_in_a_browser(folder: Path, tmp_path: Path, width: int) -> None:
    found, console = inspect(folder / "report.html", tmp_path, width)
    assert console == [] and len(found["images"]) == len(list((folder / "plots").glob("*.svg"))) >= 10
    assert all(image["width"] > 300 and image["height"] > 200 for image in found["images"])
    assert found["page"] <= found["window"]
    assert all(name.startswith("data:") for name in found["resources"])


def test_as_users_run_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["study", "-o", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().out
    assert "L1_AXO_Tight" in text and "not physics" in text and "within it" in text
    assert cli.main(["study", "-o", str(tmp_path / "out"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["files"][0] == "report.html" and document["within_budget"] is True


CONFIGURATION = """
study: small
menu: package:l1_anomaly.yml
background: zll
samples:
  zll: {file: package:l1_events.npz, columns: zll_objs, first: 1900}
"""


def test_a_study_without_signals(tmp_path: Path) -> None:
    (tmp_path / "s.yml").write_text(CONFIGURATION)
    study = run_study(load_configuration(tmp_path / "s.yml"))
    assert study.rates.events == 100 and study.signals == []
    write_study(study, tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (("background: zll", "background: ttbar"), r"s.yml:4: .*no sample 'ttbar'"),
        (("first: 1900", "first: 2000"), "expected events after the first 2000"),
        (("first: 1900", "last: 3"), "unknown key 'last'"),
        (("package:l1_events.npz", "none.npz"), "no such file"),
        (("zll_objs", "none"), "no 'none'"),
        (("menu: package:l1_anomaly.yml", "menu: none.yml"), "none.yml"),
        (("background: zll", "background: zll\nanomaly: [Mu]"), "no seed 'Mu'"),
        (("background: zll", "background: zll\nfilled_bunches: 4000"), "from 1 to 3564"),
    ],
)
def test_configurations_that_are_wrong(
    change: tuple[str, str], text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import re

    (tmp_path / "s.yml").write_text(CONFIGURATION.replace(*change))
    assert cli.main(["study", str(tmp_path / "s.yml"), "-o", str(tmp_path / "out")]) == 2
    assert re.search(text, capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_the_page_of_a_study_without_mplhep(
    monkeypatch: pytest.MonkeyPatch, study: MenuStudy, tmp_path: Path
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "mplhep", None)
    write_study(study, tmp_path)
    assert "plain matplotlib: mplhep" in (tmp_path / "report.html").read_text()


def test_unusable_sample_raises(tmp_path: Path) -> None:
    np.savez(tmp_path / "e.npz", objects=np.full((3, 19, 3), 0.5))
    (tmp_path / "s.yml").write_text(
        CONFIGURATION.replace("package:l1_events.npz, columns: zll_objs, first: 1900", "e.npz")
    )
    study = run_study(load_configuration(tmp_path / "s.yml"))  # real numbers are quantised, as everywhere
    assert study.rates.events == 3
    np.savez(tmp_path / "e.npz", objects=np.full((3, 19, 3), np.nan))
    with pytest.raises(InputError):
        run_study(load_configuration(tmp_path / "s.yml"))
