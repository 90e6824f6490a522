"""Every command of `bxnn`: results, JSON, exit status, and one clear line where something is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bxnn import Format, __version__, cli
from python import example_models as example

RAW = np.random.default_rng(0).integers(-128, 128, (40, 3))
X = RAW * example.LSB
EXPECTED = example.dense_raw(RAW)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a model and its events."""
    monkeypatch.chdir(tmp_path)
    example.with_golden(example.dense("net"), RAW).save("model.bxnn")
    example.two_outputs().save("two.bxnn")
    example.two_inputs().save("sum.bxnn")
    np.save("x.npy", X)
    np.save("raw.npy", RAW)
    return tmp_path


@pytest.fixture
def sources(folder: Path) -> None:
    """Files that `convert` would read, if it were not refused before."""
    (folder / "project" / "firmware").mkdir(parents=True)
    for name in ("net.onnx", "net.json", "net.h5", "c.yml", "project/firmware/net.cpp"):
        (folder / name).write_bytes(b"")


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command line; check its status; give standard output, or standard error if that is not 0 or 1."""

    def command(line: str, status: int = 0) -> str:
        capsys.readouterr()
        try:
            code = cli.main(line.split())
        except SystemExit as exit:
            code = int(exit.code or 0)
        out, err = capsys.readouterr()
        assert code == status, err
        assert "Traceback" not in err
        if status == 2:
            assert out == ""
            return err
        return out

    return command


def test_as_a_program(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bxnn", "info", "model.bxnn", "--json"], capture_output=True, text=True
    )
    assert done.returncode == 0 and json.loads(done.stdout)["name"] == "net"
    missing = subprocess.run(
        [sys.executable, "-m", "bxnn", "info", "no.bxnn"], capture_output=True, text=True
    )
    assert missing.returncode == 2 and missing.stdout == ""
    assert missing.stderr.count("\n") == 1 and "no.bxnn" in missing.stderr


@pytest.mark.parametrize("reader", ["true", "head -c 1", "head -n 3", "sleep 0.5"])
def test_a_reader_that_stops_early(folder: Path, reader: str) -> None:
    line = f"{sys.executable} -m bxnn info model.bxnn --plan --graph | {reader}"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""


@pytest.mark.parametrize("command", ["", "demo", "convert", "info", "run", "verify", "profile", "bench"])
def test_help(run: Any, command: str) -> None:
    text = run(f"{command} --help".strip())
    assert "bxnn " in text and "exit status" in text


@pytest.mark.parametrize(
    "line", ["", "nonsense", "info", "run model.bxnn x.npy", "run model.bxnn x.npy -o y.npy --raw --float"]
)
def test_wrong_usage(run: Any, line: str) -> None:
    assert "usage: bxnn" in run(line, 2)


def test_debug_shows_the_traceback(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        cli.main(["info", "no.bxnn", "--debug"])


def test_info(run: Any) -> None:
    text = run("info model.bxnn --plan --graph")
    for part in ("net", "ap_fixed<8,4", "fc", "golden events: 40", "dot"):
        assert part in text
    document = json.loads(run("info model.bxnn --json --plan --graph"))
    assert document["inputs"][0]["shape"] == [3] and document["outputs"][0]["name"] == "y"
    assert document["golden_events"] == 40 and len(document["sha256"]) == 64
    assert document["bytes"] == Path("model.bxnn").stat().st_size


@pytest.mark.parametrize("output", ["y.npy", "y.npz", "y.h5", "y.hdf5", "y.parquet"])
@pytest.mark.parametrize("chunk", [1, 7, 40, 1000])
def test_run(run: Any, output: str, chunk: int) -> None:
    need(output)
    run(f"run model.bxnn x.npy -o {output} --chunk {chunk}")
    assert np.array_equal(read(output)["y"], EXPECTED * example.LSB)
    run(f"run model.bxnn raw.npy --raw -o {output} --chunk {chunk}")
    raw = read(output)["y"]
    assert np.array_equal(raw, EXPECTED) and raw.dtype == np.int32
    assert not list(Path().glob(".*"))


def need(path: str) -> None:
    """Skip the test where the package for this kind of file is missing."""
    packages = {".h5": "h5py", ".hdf5": "h5py", ".parquet": "pyarrow", ".root": "uproot"}
    if package := packages.get(Path(path).suffix):
        pytest.importorskip(package)


def read(path: str) -> dict[str, Any]:
    """What `run` wrote."""
    if path.endswith(".npy"):
        return {"y": np.load(path)}
    if path.endswith(".npz"):
        return dict(np.load(path))
    if path.endswith((".h5", ".hdf5")):
        h5py = pytest.importorskip("h5py")
        with h5py.File(path) as file:
            return {name: file[name][()] for name in file}
    table = pytest.importorskip("pyarrow.parquet").read_table(path)
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    return {
        name: column.flatten().to_numpy().reshape(len(table), -1)
        if hasattr(column, "flatten")
        else column.to_numpy()[:, None]
        for name, column in columns.items()
    }


def test_run_reports(run: Any) -> None:
    document = json.loads(run("run model.bxnn x.npy -o y.npy --json"))
    assert document["events"] == 40 and document["output"] == "y.npy"
    assert document["columns"] == [{"name": "y", "shape": [2], "dtype": "float64"}]
    assert "40 events" in run("run model.bxnn x.npy -o y.npy")


def test_run_several_outputs(run: Any) -> None:
    run("run two.bxnn x.npy -o y.npz")
    assert np.array_equal(read("y.npz")["y2"], 2 * EXPECTED * example.LSB)
    example.two_outputs(("file", "args")).save("named.bxnn")  # keywords of numpy.savez
    run("run named.bxnn x.npy -o y.npz")
    assert np.array_equal(read("y.npz")["file"], EXPECTED * example.LSB)
    assert ".npy holds one" in run("run two.bxnn x.npy -o y.npy", 2)


def test_run_several_inputs(run: Any) -> None:
    a, b = np.ones((5, 2)), np.full((5, 2), 0.5)
    np.savez("ab.npz", a=a, b=b, other=a)
    run("run sum.bxnn ab.npz -o y.npy")
    assert np.array_equal(np.load("y.npy"), a + b)
    run("run sum.bxnn ab.npz --dataset b=other -o y.npy")
    assert np.array_equal(np.load("y.npy"), a + a)
    assert "write INPUT=other" in run("run sum.bxnn ab.npz --dataset other -o y.npy", 2)
    assert "2 inputs" in run("run sum.bxnn x.npy -o y.npy", 2)


def test_run_no_events(run: Any) -> None:
    np.save("none.npy", X[:0])
    run("run model.bxnn none.npy -o y.npy")
    assert np.load("y.npy").shape == (0, 2)
    for output in ("y.npz", "y.h5", "y.parquet"):
        need(output)
        run(f"run model.bxnn none.npy -o {output}")


def test_run_does_not_guess_what_integers_mean(run: Any) -> None:
    text = run("run model.bxnn raw.npy -o y.npy", 2)
    assert "--raw" in text and "--float" in text and not Path("y.npy").exists()
    np.save("small.npy", RAW % 4)
    run("run model.bxnn small.npy --float -o y.npy")
    assert np.array_equal(np.load("y.npy"), example.dense_raw((RAW % 4) * 16) * example.LSB)


def test_run_names_the_event_counted_from_the_start_of_the_file(run: Any) -> None:
    x = X.copy()
    x[33, 1] = np.nan
    np.save("nan.npy", x)
    Path("y.npy").write_bytes(b"earlier result")
    assert "event 33" in run("run model.bxnn nan.npy -o y.npy --chunk 10", 2)
    assert Path("y.npy").read_bytes() == b"earlier result"


@pytest.mark.usefixtures("sources")
@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("run no.bxnn x.npy -o y.npy", "no.bxnn"),
        ("run . x.npy -o y.npy", "directory"),
        ("run x.npy x.npy -o y.npy", "not a readable .bxnn file"),
        ("run model.bxnn no.npy -o y.npy", "no such file: no.npy"),
        ("run model.bxnn model.bxnn -o y.npy", "expected one of .npy"),
        ("run model.bxnn x.npy -o y.txt", "expected one of .npy"),
        ("run model.bxnn x.npy -o no/y.npy", "existing directory"),
        ("run model.bxnn x.npy -o x.npy", "is read by this command"),
        ("run model.bxnn x*.npy -o x.npy", "is read by this command"),
        ("convert net.onnx -o net.onnx", "is read by this command"),
        ("convert net.json -o net.h5", "is read by this command"),
        ("convert net.json --config c.yml -o c.yml", "is read by this command"),
        ("convert project -o project/firmware/net.cpp", "is read by this command"),
        ("run model.bxnn x.npy -o y.npy --chunk 0", "whole number from 1"),
        ("run model.bxnn x.npy -o y.npy --threads -1", "threads"),
        ("run model.bxnn x.npy -o y.npy --raw", "expected raw integers"),
        ("run sum.bxnn wide.npz -o y.npy", "no 'a' for input 'a'"),
        ("verify two.bxnn", "no golden vectors"),
        ("verify model.bxnn --expected x.npy", "needs --events"),
        ("verify model.bxnn --model no.bxnn", "no.bxnn"),
        ("verify model.bxnn --source no.keras", "no.keras"),
        ("convert no.keras -o m.bxnn", "no.keras"),
        ("bench model.bxnn --isa mmx", "expected some of"),
        ("bench model.bxnn --seconds nan", "a time above zero"),
        ("bench model.bxnn --batch 1,0", "whole number from 1"),
        ("bench model.bxnn --threads x", "whole number from 0"),
        ("verify model.bxnn --model two.bxnn --random -5", "whole number from 1"),
        ("demo --out no/such/folder.png", "existing directory"),
        ("demo --out .", "expected a file"),
        ("demo --out picture.txt", "png"),
    ],
)
def test_refusals(run: Any, line: str, part: str) -> None:
    np.savez("wide.npz", c=X, d=X)
    text = run(line, 2)
    assert part in text
    assert text.strip().count("\n") == 0 or "usage:" in text


@pytest.mark.parametrize("name", ["bad.npy", "bad.npz", "bad.h5", "bad.parquet", "bad.root"])
def test_damaged_events(run: Any, name: str) -> None:
    need(name)
    Path(name).write_bytes(b"\x93NUMPY\x01\x00 nonsense")
    assert name in run(f"run model.bxnn {name} -o y.npy", 2)


def test_truncated_files(run: Any) -> None:
    Path("short.npy").write_bytes(Path("x.npy").read_bytes()[:-5])
    assert "short.npy" in run("run model.bxnn short.npy -o y.npy", 2)
    Path("short.bxnn").write_bytes(Path("model.bxnn").read_bytes()[:-5])
    assert "short.bxnn" in run("info short.bxnn", 2)


def test_verify_golden(run: Any) -> None:
    assert "identical" in run("verify model.bxnn")
    document = json.loads(run("verify model.bxnn --json"))
    assert document["ok"] and document["differing"] == 0 and document["events"] == 40
    example.with_golden(example.dense(), RAW, wrong=1).save("bad.bxnn")
    assert "DIFFERENT" in run("verify bad.bxnn", 1)
    assert json.loads(run("verify bad.bxnn --json", 1))["ok"] is False
    assert "--events: needs a reference" in run("verify model.bxnn --events x.npy", 2)
    assert "--random: needs a reference" in run("verify model.bxnn --random 7", 2)
    assert "--config: is of a conversion" in run("verify model.bxnn --config none", 2)
    assert "--seed: is of random events" in run(
        "verify model.bxnn --model model.bxnn --events x.npy --seed 2", 2
    )
    assert "--seed: needs a reference" in run("verify model.bxnn --seed 0", 2)
    assert "--columns: says what is in a file" in run("verify model.bxnn --model model.bxnn --columns a", 2)
    for first in "01":
        message = run(f"compare model.bxnn model.bxnn --first-bx {first}", 2)
        assert "--first-bx: says how --bx counts" in message


def test_verify_model(run: Any) -> None:
    example.dense("off", np.array([7, -7])).save("off.bxnn")
    assert "identical" in run("verify model.bxnn --model model.bxnn")
    assert "identical" in run("verify model.bxnn --model model.bxnn --events x.npy")
    assert "neuron 1" in run("verify model.bxnn --model off.bxnn --random 10", 1)
    document = json.loads(run("verify model.bxnn --model off.bxnn --random 10 --json", 1))
    assert document["events"] == 10 and document["comparisons"][0]["first"]["neuron"] == 1


def test_verify_expected(run: Any) -> None:
    np.save("y.npy", EXPECTED * example.LSB)
    np.savez("y.npz", y=EXPECTED, y2=2 * EXPECTED)
    assert "identical" in run("verify model.bxnn --events x.npy --expected y.npy")
    assert "identical" in run("verify two.bxnn --events raw.npy --raw --expected y.npz")
    wrong = EXPECTED.copy()
    wrong[39, 0] += 1
    np.save("wrong.npy", wrong)
    assert "event 39, neuron 0" in run("verify model.bxnn --events x.npy --expected wrong.npy", 1)
    np.save("few.npy", EXPECTED[:3])
    assert "40 events" in run("verify model.bxnn --events x.npy --expected few.npy", 2)


def test_bench(run: Any) -> None:
    options = "--batch 1,50 --threads 1,2 --repeats 2 --seconds 0.001"
    document = json.loads(run(f"bench model.bxnn {options} --json"))
    assert {(p["threads"], p["batch"]) for p in document["points"]} == {(1, 1), (1, 50), (2, 1), (2, 50)}
    assert all(p["events_per_second"] > 0 for p in document["points"])
    assert {p["isa"] for p in document["points"]} == set(document["machine"]["isa_levels"])
    assert "events/s" in run(f"bench model.bxnn {options} --isa reference")


def test_wide_formats_need_raw(run: Any) -> None:
    wide = example.identity([1], Format(60, 60))
    wide.save("wide.bxnn")
    np.save("wide.npy", np.array([[2**59 - 1]]))
    assert "predict_raw" in run("run wide.bxnn wide.npy --float -o y.npy", 2)
    run("run wide.bxnn wide.npy --raw -o y.npy")
    assert np.load("y.npy")[0, 0] == 2**59 - 1


def test_cmakedir(run: Any) -> None:
    if list(Path(cli.__file__).parents[1].glob("lib*/cmake/bxnn/bxnnConfig.cmake")):
        assert (Path(run("--cmakedir").strip()) / "bxnnConfig.cmake").is_file()
    else:
        assert "bxnnConfig.cmake is missing" in run("--cmakedir", 2)


def test_version(run: Any) -> None:
    assert run("--version").strip() == f"bxnn {__version__}"
