"""`bxnn stream` as people run it: kills, stops, damaged files, full disks, slow readers."""

from __future__ import annotations

import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bxnn import InputError, cli
from bxnn.document import package_file
from bxnn.energy import Meter
from bxnn.histogram import load
from bxnn.menu import Menu
from bxnn.sources import FillingScheme
from bxnn.stream import Stream, read_setup
from bxnn.stream.campaign import Campaign
from bxnn.stream.live import LiveView, duration, frequency
from bxnn.stream.prometheus import MetricsServer, exposition
from tests.stream.trigger import expected
from tests.study.browser import inspect

COMMAND = [sys.executable, "-m", "bxnn", "stream"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """zerobias.npy [20000, 19, 3] and run.yml, which lets it through Level 1 and HLT."""
    with np.load(package_file("l1_events.npz")) as sample:
        np.save(tmp_path / "zerobias.npy", sample["zerobias_objs"])
    write(tmp_path)
    return tmp_path


def write(folder: Path, *, source: str = "{files: zerobias.npy}", more: str = "") -> Path:
    config = folder / "run.yml"
    config.write_text(
        f"stream: test\nsource: {source}\n{more}\nstages:\n"
        '  - {name: l1, menu: "package:l1_anomaly.yml", batch: 500}\n'
        '  - {name: hlt, menu: "package:hlt_anomaly.yml", batch: 20}\n'
    )
    return config


def run(config: Path, *options: str, status: int = 0, **kinds: Any) -> dict[str, Any]:
    """The JSON that the command prints."""
    done = subprocess.run(
        [*COMMAND, str(config), "--json", *options], capture_output=True, text=True, timeout=100, **kinds
    )
    assert done.returncode == status, done.stderr
    document: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
    return document | {"stderr": done.stderr}


def test_the_whole_of_a_file(folder: Path) -> None:
    config = write(folder, more="accepted: a.npy\nhistograms: h.npz\nbunches: all")
    books = run(config)
    level1, hlt = Menu.load("package:l1_anomaly.yml"), Menu.load("package:hlt_anomaly.yml")
    events = np.load(folder / "zerobias.npy")
    right1 = expected(level1, {"objects": events}, range(len(events)))
    passed = events[right1.events]
    names = [seed.name for seed in level1.seeds]
    right2 = expected(hlt, {"objects": passed}, right1.crossings, right1.words, names)
    accepted = np.load(folder / "a.npy", mmap_mode="r")
    assert accepted["crossing"].tolist() == right2.crossings
    assert accepted["seeds"].tolist() == right2.words
    assert (accepted["objects"] == passed[right2.events]).all()
    assert books["balanced"] and books["accepted_file"]["written"] == len(right2.crossings)
    assert books["stages"][0]["accepted"] == len(right1.crossings)
    histograms = load(folder / "h.npz")
    assert histograms["l1.vae.score"].total == len(events)
    assert histograms["hlt.autoencoder.score"].total == len(passed)


def test_killed_and_resumed_it_ends_as_if_nothing_had_been(folder: Path) -> None:
    """SIGKILL at moments that differ; the file of accepted events and the histograms are those of one run."""
    source = "{files: zerobias.npy, repeat: true}"
    crossings = 3_000_000
    more = f"crossings: {crossings}\naccepted: whole.npy\nhistograms: whole.npz\nsection: 50"
    whole = run(write(folder, source=source, more=more))
    more = more.replace("whole", "part") + "\ncheckpoint: {file: point, every: 100 ms}"
    config = write(folder, source=source, more=more)
    kills = 0
    for delay in (1.0, 1.3, 0.9, 1.6, 1.1):
        process = subprocess.Popen([*COMMAND, str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(delay)
        process.kill()
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
    assert kills > 0
    books = run(config)
    assert books["resumed_at"] > 0 or (folder / "point").exists()
    for stage, right in zip(books["stages"], whole["stages"], strict=True):
        for key in ("processed", "accepted", "dead", "seeds", "overlap", "sections"):
            assert stage[key] == right[key], key
    assert (folder / "part.npy").read_bytes() == (folder / "whole.npy").read_bytes()
    part, right_histograms = load(folder / "part.npz"), load(folder / "whole.npz")
    for name in ("l1.vae.score", "l1.autoencoder.score", "hlt.autoencoder.score"):
        assert part[name] == right_histograms[name]
    assert part["l1.vae.score"].total == crossings
    again = run(config)  # there is nothing left to do
    assert again["resumed_at"] == crossings and again["stages"][0]["processed"] == crossings


def test_a_checkpoint_of_something_else_is_refused(folder: Path) -> None:
    config = write(folder, more="checkpoint: point")
    run(config)
    config.write_text(config.read_text().replace("bunches: all", "") + "\nbunches: all\n")
    assert "the bunches differs" in run(config, status=2)["stderr"]
    assert run(config, "--fresh")["resumed_at"] == 0
    good = (folder / "point").read_bytes()
    for damaged in (b"", good[: len(good) // 2], b"x" * 100, good[:40] + b"?" + good[41:]):
        (folder / "point").write_bytes(damaged)
        error = run(config, status=2)["stderr"]
        assert re.search("damaged|no checkpoint", error) and "Traceback" not in error


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_on_demand_has_its_books(folder: Path, number: int) -> None:
    source = "{files: zerobias.npy, repeat: true}"
    config = write(folder, source=source, more="crossings: 100000000000\naccepted: a.npy\ncheckpoint: point")
    process = subprocess.Popen(
        [*COMMAND, str(config), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(2)
    process.send_signal(number)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    books = json.loads(out)
    assert books["stopped"] and books["balanced"] and books["failure"] is None
    assert books["stages"][0]["processed"] == books["crossings"]["with_collisions"] > 0
    assert (
        len(np.load(folder / "a.npy")) == books["accepted_file"]["written"] == books["stages"][1]["accepted"]
    )


def test_a_damaged_and_a_truncated_file(folder: Path) -> None:
    whole = (folder / "zerobias.npy").read_bytes()
    (folder / "zerobias.npy").write_bytes(whole[:-1000])
    assert "zerobias.npy" in run(folder / "run.yml", status=2)["stderr"]
    (folder / "zerobias.npy").write_bytes(b"\x93NUMPY" + whole[50:])
    assert "zerobias.npy" in run(folder / "run.yml", status=2)["stderr"]
    (folder / "zerobias.npy").unlink()
    assert "no such file" in run(folder / "run.yml", status=2)["stderr"].lower()


def test_a_file_that_ends_too_soon_among_others(folder: Path) -> None:
    """What came before it is processed, counted and reported."""
    h5py = pytest.importorskip("h5py")
    events = np.load(folder / "zerobias.npy")
    for name, chunks in (("a.h5", None), ("b.h5", (100, 19, 3))):
        with h5py.File(folder / name, "w") as file:
            file.create_dataset("objects", data=events, chunks=chunks, compression="gzip" if chunks else None)
    data = bytearray((folder / "b.h5").read_bytes())
    for at in range(len(data) * 3 // 4, len(data) * 3 // 4 + 3000):
        data[at] ^= 0xA5
    (folder / "b.h5").write_bytes(data)
    books = run(write(folder, source="{files: [a.h5, b.h5]}"), status=2)
    assert "b.h5" in books["failure"] and books["balanced"]
    assert 20_000 <= books["stages"][0]["processed"] < 40_000


def test_events_that_do_not_fit(folder: Path) -> None:
    events = np.load(folder / "zerobias.npy").astype(np.int32)
    events[12_345, 3, 1] = 1 << 20
    np.save(folder / "zerobias.npy", events)
    books = run(write(folder, more="bunches: all"), status=2)
    place = "stage 'l1', orbit 3, bx 1653: input 'objects', event 12345 of this stage, element 10"
    assert place in books["failure"]
    assert books["balanced"] and books["stages"][0]["processed"] <= 12_345
    assert books["stages"][0]["link"]["abandoned"] > 0


def test_a_full_disk(folder: Path) -> None:
    """Every accepted event is in the file or counted as not written."""

    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    source = "{files: zerobias.npy, repeat: true}"
    config = write(folder, source=source, more="crossings: 2000000\naccepted: a.npy")
    books = run(config, status=2, preexec_fn=little_room)
    assert "File too large" in books["failure"]
    assert books["balanced"]
    file = books["accepted_file"]
    assert file["written"] + file["unwritten"] == books["stages"][1]["accepted"] and file["unwritten"] > 0
    assert len(np.load(folder / "a.npy")) == file["written"] and "a.npy" in books["failure"]


def test_a_slow_reader_of_accepted_events(folder: Path) -> None:
    """Without a clock everything waits for it; with one, what finds no room is lost and counted."""
    for clock in ("", "clock: 10 MHz\n"):
        more = f"{clock}crossings: 200000\nbunches: all"
        setup = read_setup(write(folder, source="{files: zerobias.npy, repeat: true}", more=more))
        stream: Stream = setup.open(keep_accepted=True)
        taken: list[int] = []
        done = threading.Event()

        def read(stream: Stream = stream, taken: list[int] = taken, done: threading.Event = done) -> None:
            while True:
                accepted = stream.take(0.05)
                if accepted is not None:
                    taken.extend(accepted.crossings.tolist())
                    time.sleep(0.01)
                elif done.is_set():
                    return

        thread = threading.Thread(target=read)
        thread.start()
        books = stream.run(200_000)
        done.set()
        thread.join()
        assert books.balanced and books.accepted is not None
        assert len(taken) == books.accepted.arrived - books.accepted.lost
        assert (books.accepted.lost == 0) or clock


def test_at_an_impossible_rate_the_books_balance(folder: Path) -> None:
    source = "{files: zerobias.npy, repeat: true}"
    books = run(write(folder, source=source, more="clock: 100 GHz\ncrossings: 3000000\nlag: 1 ms"))
    link = books["stages"][0]["link"]
    assert books["balanced"] and books["crossings"]["with_collisions"] == 3_000_000
    assert link["lost_full"] + link["lost_late"] + books["stages"][0]["processed"] == 3_000_000
    assert link["lost_full"] + link["lost_late"] > 1_000_000
    assert sum(link["lost_by_bx"].values()) == link["lost_full"] + link["lost_late"]
    orbits = FillingScheme.lhc().crossing_of(2_999_999)
    assert books["crossings"]["next"]["orbit"] == int(orbits) // 3564


def test_rows_on_standard_input(folder: Path) -> None:
    events = np.load(folder / "zerobias.npy")[:5000]
    config = write(folder, source="{rows: {objects: {shape: [19, 3], dtype: int16}}}")
    whole = run(config, input=None, stdin=_pipe(events.tobytes()))
    assert whole["stages"][0]["processed"] == 5000 and whole["balanced"]
    cut = run(config, status=2, stdin=_pipe(events.tobytes()[:-7]))
    assert "the stream ends in event 4999" in cut["failure"] and cut["stages"][0]["processed"] == 4999


def _pipe(data: bytes) -> Any:
    read, write_end = os.pipe()

    def feed() -> None:
        with os.fdopen(write_end, "wb") as file:
            file.write(data)

    threading.Thread(target=feed, daemon=True).start()
    return read


def test_generated_crossings(folder: Path) -> None:
    synthetic = run(write(folder, source="{synthetic: {seed: 1, pileup: 40}}", more="crossings: 20000"))
    assert synthetic["stages"][0]["processed"] == 20_000 and synthetic["balanced"]
    signals = "{seed: 3, mixed_in: [{files: zprime.npy, fraction: 0.1}]}"
    drawn = f"{{files: zerobias.npy, draw: {{seed: 7}}, signals: {signals}}}"
    with np.load(package_file("l1_events.npz")) as sample:
        np.save(folder / "zprime.npy", sample["zprime_1tev_tt_objs"])
    config = write(folder, source=drawn, more="crossings: 20000")
    mixed = run(config)
    jets = next(seed for seed in mixed["stages"][0]["seeds"] if seed["name"] == "L1_SingleJet90")
    assert jets["kept"] > 1000  # of 2,000 heavy resonances; zero bias has a handful
    assert run(config)["stages"][0]["seeds"] == mixed["stages"][0]["seeds"]


def test_counters_for_prometheus(folder: Path) -> None:
    config = write(folder, source="{files: zerobias.npy, repeat: true}", more="crossings: 1000000")
    campaign = Campaign(read_setup(config))
    with MetricsServer(lambda: campaign.stream.books(histograms=False), "127.0.0.1", 0) as server:
        thread = threading.Thread(target=campaign.run)
        thread.start()
        with urllib.request.urlopen(server.url) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            during = answer.read().decode()
        thread.join()
        with urllib.request.urlopen(server.url) as answer:
            after = answer.read().decode()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(server.url.replace("metrics", "secrets"))
    assert "# TYPE bxnn_stage_events_total counter" in during
    pattern = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+')
    for line in after.splitlines():
        assert line.startswith("# ") or pattern.fullmatch(line), line
    assert 'bxnn_stage_events_total{stage="l1",fate="processed"} 1000000' in after
    assert 'bxnn_crossings_total{kind="collisions"} 1000000' in after
    assert exposition(campaign.stream.books()) == after


def test_the_live_view(folder: Path) -> None:
    from rich.console import Console

    config = write(folder, more="accepted: a.npy")
    campaign = Campaign(read_setup(config))
    view = LiveView("test", 2808)
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(view.draw(campaign.stream.books()))
    campaign.run()
    console.print(view.draw(campaign.stream.books()))
    text = console.export_text()
    assert "L1_AXO_Tight" in text and "20,000 crossings with collisions" in text and "HLT_AXO_AE" in text
    done = subprocess.run([*COMMAND, str(config), "--live"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "the books balance" in done.stdout
    assert [duration(n) for n in (5, 4200, 13_000_000, 2_500_000_000)] == ["5 ns", "4.2 us", "13 ms", "2.5 s"]
    assert [frequency(x) for x in (4.1, 3e4, 1.2e6)] == ["4.1 Hz", "30 kHz", "1.2 MHz"]


def test_the_report_in_a_browser(folder: Path) -> None:
    more = "crossings: 200000\nclock: 1 GHz\nlag: 100 us\nsection: 10\nreport: page.html"
    run(write(folder, source="{files: zerobias.npy, repeat: true}", more=more))
    text = (folder / "page.html").read_text()
    assert "Stage hlt" in text and "balance" in text and "<script" not in text
    seen, console = inspect(folder / "page.html", folder, 1000)
    assert len(seen["images"]) >= 8 and not console
    assert all(image["width"] > 100 and image["height"] > 100 for image in seen["images"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stream: a\nsource: {files: x.npy}\n", "the key 'stages' is missing"),
        ("stream: a\nsource: {files: x.npy}\nstages: []\nbatches: 3\n", "run.yml:4: unknown key 'batches'"),
        ("stream: a\nsource: {files: x.npy}\nstages: []\n", "expected at least one stage"),
        ("stream: a\nsource: {}\nL", "expected one of the keys files, synthetic"),
        ("stream: a\nsource: {files: a, shared: b}\nL", "expected one of the keys"),
        ("stream: a\nsource: {files: gone.npy}\nL", "no such file"),
        ("Zstages: [{name: l, menu: gone.yml}]\n", "run.yml:3: stages[0].menu"),
        ("Zstages: [{name: l, menu: M, batch: 0}]\n", "from 1 to 1048576"),
        ("Zclock: 40\nL", "units Hz, kHz, MHz"),
        ("stream: a\nsource: {files: z.npy, repeat: true}\nL", "has no end"),
        ("Zbunches: 72b\nL", "expected 3564"),
        ("Zlag: 1 ms\nL", "run.yml:3: lag: without a clock nothing is late"),
        ("stream: a\nsource: {files: z.npy, repeat: true, draw: {seed: 1}}\nL", "run.yml:2: source.draw: "),
        ("Zaccepted: a.txt\nL", "expected .npy"),
        ("Zaccepted: no/a.npy\nL", "existing directory"),
        ("Zstages: [{name: l, menu: M, device: tpu}]\n", "expected 'cpu', 'cuda'"),
        ("Zstages: [{name: l, menu: M, isa: mmx}]\n", "mmx"),
        ("stream: a\nclock: lhc\none_thread: true\nsource: {files: z.npy}\nL",
         "threads of its own"),
        ("Zstages: [{name: l, menu: M}, {name: l, menu: M}]\n",
         "run.yml:3: stages[1]: a stage before is called 'l' too"),
        ("[]", "expected a mapping"),
    ],
)  # fmt: skip
def test_wrong_configurations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    np.save(tmp_path / "z.npy", np.zeros((10, 19, 3), np.int16))
    text = text.replace("L", "stages: [{name: l, menu: M}]\n").replace(
        "Z", "stream: a\nsource: {files: z.npy}\n"
    )
    (tmp_path / "run.yml").write_text(text.replace("menu: M", 'menu: "package:l1_anomaly.yml"'))
    assert cli.main(["stream", str(tmp_path / "run.yml")]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and "unexpected" not in error


def test_a_source_that_ends_before_it_should(folder: Path) -> None:
    books = run(write(folder, more="crossings: 100000"))
    assert books["ended_early"] and books["crossings"]["with_collisions"] < 100_000
    assert not run(write(folder, more="crossings: 100"))["ended_early"]


def test_some_seconds_of_a_source_without_end(folder: Path) -> None:
    books = run(write(folder, source="{files: zerobias.npy, repeat: true}"), "--seconds", "0.3")
    assert books["balanced"] and books["stopped"]


def test_a_file_that_changes_meanwhile(folder: Path) -> None:
    campaign = Campaign(
        read_setup(write(folder, source="{files: zerobias.npy, repeat: true}", more="crossings: 100"))
    )
    events = np.load(folder / "zerobias.npy", mmap_mode="r+")
    events[:, 0, 0] += 1
    events.flush()
    os.utime(folder / "zerobias.npy", ns=(1, 1))
    outcome = campaign.run()
    assert "zerobias.npy: was changed while it was read" in str(outcome.failure) and outcome.balanced


def test_energy_where_the_machine_counts_it(tmp_path: Path) -> None:
    assert Meter(tmp_path / "none").read().cpu_j is None
    package = tmp_path / "intel-rapl:0"
    (tmp_path / "intel-rapl:0:0").mkdir()  # a part of the package, counted in it
    package.mkdir()
    (package / "max_energy_range_uj").write_text("9999999\n")
    (package / "energy_uj").write_text("9000000\n")
    meter = Meter(tmp_path)
    (package / "energy_uj").write_text("1500000\n")  # it began anew
    energy = meter.read()
    assert energy.cpu_j == pytest.approx(2.5)
    per_event = energy.as_dict(1000)["j_per_event"]
    assert energy.gpu_j is not None or per_event == pytest.approx(0.0025)


def test_what_a_resumed_run_refuses(folder: Path) -> None:
    """Another source, other accepted events; nothing is touched."""
    source = "{files: zerobias.npy, repeat: true}"
    more = "crossings: 200000\naccepted: a.npy\ncheckpoint: point"
    config = write(folder, source=source, more=more)
    run(config)
    files = {name: (folder / name).read_bytes() for name in ("a.npy", "point", "zerobias.npy")}

    def refused(what: str) -> None:
        assert what in run(config, "--crossings", "300000", status=2)["stderr"]
        assert (folder / "point").read_bytes() == files["point"]

    other = np.load(folder / "zerobias.npy")
    other[0, 0, 0] += 1
    np.save(folder / "zerobias.npy", other)
    refused("the source differs")
    (folder / "zerobias.npy").write_bytes(files["zerobias.npy"])
    write(folder, source="{files: zerobias.npy, draw: {seed: 1}}", more=more)
    refused("the source differs")
    write(folder, source=source, more=more + "\nclock: lhc")
    refused("the clock differs")
    write(folder, source=source, more=more)
    damaged = bytearray(files["a.npy"])
    damaged[2000] ^= 1
    for content in (bytes(damaged), files["a.npy"][:-1], b"", bytes(len(damaged))):
        (folder / "a.npy").write_bytes(content)
        refused("does not hold")
    (folder / "a.npy").unlink()
    refused("is gone")
    (folder / "a.npy").write_bytes(files["a.npy"])
    assert run(config, "--crossings", "300000")["resumed_at"] == 200_000


def test_one_run_at_a_time(folder: Path) -> None:
    config = write(folder, more="accepted: a.npy\ncheckpoint: point")
    first = Campaign(read_setup(config))
    with pytest.raises(InputError, match="another process runs with this checkpoint"):
        Campaign(read_setup(config))
    with pytest.raises(InputError, match="another process writes accepted events"):
        Campaign(read_setup(write(folder, more="accepted: a.npy")))
    assert first.run().balanced
    Campaign(read_setup(write(folder, more="accepted: a.npy"))).run()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("accepted: zerobias.npy", "is read by the stream"),
        ("histograms: run.yml", "is read by the stream"),
        ("accepted: a.npy\nhistograms: a.npy", "two things are to be written"),
        ("report: none/report.html", "existing directory"),
        ("histograms: none/h.npz", "existing directory"),
        ("checkpoint: none/point", "existing directory"),
        ("accepted: a.h5", "expected .npy"),
    ],
)
def test_where_outputs_may_not_go(folder: Path, more: str, message: str) -> None:
    before = (folder / "zerobias.npy").read_bytes()
    assert message in run(write(folder, more=more), status=2)["stderr"]
    assert (folder / "zerobias.npy").read_bytes() == before


def test_crossings_that_fall(folder: Path) -> None:
    """The events before are processed and counted."""
    events = np.load(folder / "zerobias.npy")[:6000]
    crossing = np.arange(6000)
    crossing[5000] = 17
    np.savez(folder / "own.npz", objects=events, orbit=crossing // 3564, bx=crossing % 3564)
    source = "{files: own.npz, columns: [objects], crossing: {orbit: orbit, bx: bx}}"
    books = run(write(folder, source=source), status=2)
    assert "orbit 0, bx 17 does not come after orbit 1, bx 1435" in books["failure"]
    assert books["stages"][0]["processed"] == 5000 and books["balanced"]
    np.savez(folder / "own.npz", objects=events, orbit=crossing + 2**61, bx=crossing % 3564)
    assert "orbits from 0 to" in run(write(folder, source=source), status=2)["stderr"]


def test_npy_on_standard_input(folder: Path) -> None:
    books = run(write(folder, source='{files: "-"}'), stdin=_pipe((folder / "zerobias.npy").read_bytes()))
    assert books["stages"][0]["processed"] == 20_000


def test_ports_that_cannot_be_had(folder: Path) -> None:
    assert "expected a port" in run(folder / "run.yml", "--prometheus", "99999", status=2)["stderr"]
    config, accepted = write(folder, more="accepted: acc.npy"), folder / "acc.npy"
    run(config)
    before = accepted.read_bytes()
    assert len(np.load(accepted)) > 5
    campaign = Campaign(read_setup(config))  # holds the file until it is dropped
    books = campaign.stream.books
    del campaign
    with MetricsServer(books, "127.0.0.1", 0) as server:
        error = run(config, "--prometheus", str(server.port), status=2)["stderr"]
    assert accepted.read_bytes() == before  # of the run before
    assert f"127.0.0.1:{server.port}" in error and "choose another port" in error
