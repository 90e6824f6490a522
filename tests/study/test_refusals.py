"""What rates, roc, compare and study refuse, so that no number is of something else than was asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rich")

from bxnn import cli, histogram
from bxnn.histogram import Histogram
from bxnn.menu import Menu

MENU = "package:l1_anomaly.yml"
STUDY = """
study: own
menu: {menu}
background: zerobias
samples: {{zerobias: {{file: {file}, columns: objects}}}}
rates: [{rate}]
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A readout of 200 events, scores, histograms and studies."""
    monkeypatch.chdir(tmp_path)
    menu = Menu.load(MENU)
    objects = np.random.default_rng(1).integers(0, 50, (200, 19, 3)).astype(np.int16)
    bits = menu.decide({"objects": objects}).seeds
    word = (bits.astype(np.int64) << np.arange(bits.shape[1])).sum(axis=1).astype(np.uint32)
    seven = np.where(np.arange(200) == 150, 7, 0)
    np.savez("ro.npz", objects=objects, word=word, two=np.stack([word, word], 1), seven=seven)
    np.savez("o.npz", objects=objects.reshape(200, 57), bad=objects[:, :18])
    np.save("s.npy", np.arange(200))
    np.save("wide.npy", np.array([1, 10**12]))
    np.save("big.npy", np.array([0, 2**63], np.uint64))
    histogram.save("h.npz", {"s": Histogram.of(np.arange(50))})
    np.savez("broken.npz", **{"s/bits": 8.5, "s/first": 0, "s/counts": np.arange(3)})
    for name, text in {
        "s.yml": STUDY.format(menu=MENU, file="o.npz", rate="1000"),
        "minus.yml": STUDY.format(menu=MENU, file="o.npz", rate="-5"),
        "hlt.yml": STUDY.format(menu="package:hlt_anomaly.yml", file="o.npz", rate="1000"),
        "gone.yml": STUDY.format(menu="missing.yml", file="o.npz", rate="1000"),
        "shape.yml": STUDY.format(menu=MENU, file="o.npz", rate="1000").replace(
            "columns: objects", "columns: bad"
        ),
        "over.yml": STUDY.format(menu=MENU, file="so/histograms.npz", rate="1000"),
    }.items():
        Path(name).write_text(text)
    Path("so").mkdir()
    Path("so/histograms.npz").write_bytes(Path("o.npz").read_bytes())


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (f"compare {MENU} ro.npz --recorded seeds=two", "one word for every event, got 2 numbers"),
        (f"compare {MENU} ro.npz --recorded seeds=nope", "(choose with --recorded NAME=COLUMN)"),
        (f"compare {MENU} ro.npz --recorded L1_MET140=seven", "ro.npz: event 150, recorded 'L1_MET140'"),
        (f"compare {MENU} ro.npz --recorded seeds=word --recorded seeds=two", "'seeds' is given twice"),
        (f"compare {MENU} {MENU} --events ro.npz --recorded seeds=word", "--recorded: is for a readout"),
        (f"compare {MENU} ro.npz --recorded seeds=word --report ro.npz", "is read by this command"),
        ("rates h.npz --columns nope", "h.npz: no histogram 'nope'; name one with --columns: s"),
        ("rates h.npz --bits 20", "has 12 bits, --bits says 20"),
        ("rates h.npz --tree t", "--tree is for ROOT files"),
        ("rates s.npy --tree t", "this is no ROOT file"),
        ("rates broken.npz", "broken.npz, 's': histogram: expected one integer as bits"),
        ("rates big.npy", "big.npy: event 1: expected integers below 2**63"),
        ("rates wide.npy --bits 24", "use fewer bits"),
        ("rates s.npy --csv s.npy", "is read by this command"),
        ("rates s*.npy --csv s.npy", "is read by this command"),
        ("rates s.npy --csv /dev/full", "No space left on device: '/dev/full'"),
        ("rates s.npy --plot picture", "picture's suffix"),
        ("roc h.npz:foo h.npz:s", "no histogram 'foo'"),
        ("roc h.npz:s s.npy", "take histograms of the same --bits"),
        ("roc s.npy:a s.npy", "one array, which has no name"),
        ("study gone.yml", "gone.yml:3: menu: can't read"),
        ("study minus.yml", "minus.yml:6: rates[0]: expected a rate above 0 Hz"),
        ("study hlt.yml", "requires seeds of the stage before"),
        ("study shape.yml", "o.npz: input 'objects': expected events of shape (19, 3), got (18, 3)"),
        ("study over.yml -o so", "is read by the study"),
    ],
)
def test_refused(files: None, capsys: pytest.CaptureFixture[str], command: str, message: str) -> None:
    before = {path: path.read_bytes() for path in Path().rglob("*.np?")}
    assert cli.main(command.split()) == 2
    error = capsys.readouterr().err
    assert message in error and "unexpected" not in error
    assert {path: path.read_bytes() for path in Path().rglob("*.np?")} == before


def test_a_score_without_spread_can_be_drawn(files: None) -> None:
    pytest.importorskip("matplotlib")
    np.save("zeros.npy", np.zeros(1000, np.int64))
    assert cli.main(["roc", "zeros.npy", "s.npy", "--plot", "x.svg"]) == 0
    assert Path("x.svg").read_text().startswith("<?xml")


def test_a_model_of_the_package(files: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info", "package:vae_encoder.bxnn"]) == 0
    assert "score" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command",
    [
        f"rates far.npz --model {MENU} --output vae.score --columns objects",
        f"menu check {MENU} --events far.npz",
        f"compare {MENU} {MENU} --events far.npz",
    ],
)
def test_events_are_counted_from_the_beginning_of_the_file(
    files: None, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    objects = np.zeros((100_300, 19, 3), np.int32)
    objects[100_200] = 1 << 20
    np.savez("far.npz", objects=objects)
    assert cli.main(command.split()) == 2
    error = capsys.readouterr().err
    assert "event 100200" in error and "from" not in error.split("event")[0]


@pytest.mark.parametrize(
    "command",
    ["rates s.npy --output vae.score", f"menu check {MENU} --columns a", f"menu check {MENU} --tree t"],
)
def test_options_that_do_nothing_are_refused(
    files: None, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert cli.main(command.split()) == 2
    assert f"error: {command.split()[-2]}: " in capsys.readouterr().err
