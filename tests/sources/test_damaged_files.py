"""Truncated, corrupted, changing, hostile files: an InputError names file and event, after good events."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bxnn import InputError
from bxnn.sources import CrossingColumns, Selection, open_source, whole

X = np.random.default_rng(0).integers(-500, 500, (5000, 6)).astype(np.int16)
ORBITS = {"o": np.arange(5000, dtype=np.uint32), "b": np.full(5000, 3, np.uint16)}


def npy(path: Path, x: Any = X) -> Path:
    np.save(path.with_suffix(".npy"), x)
    return path.with_suffix(".npy")


def npz(path: Path, x: Any = X) -> Path:
    np.savez(path.with_suffix(".npz"), x=x, **ORBITS)
    return path.with_suffix(".npz")


def npz_compressed(path: Path, x: Any = X) -> Path:
    np.savez_compressed(path.with_suffix(".npz"), x=x, **ORBITS)
    return path.with_suffix(".npz")


def hdf5(path: Path, x: Any = X) -> Path:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        file.create_dataset("x", data=x, chunks=(1000, *x.shape[1:]), compression="gzip", fletcher32=True)
        for name, column in ORBITS.items():
            file[name] = column
    return path.with_suffix(".h5")


def parquet(path: Path, x: Any = X) -> Path:
    arrow, writer = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = arrow.FixedSizeListArray.from_arrays(arrow.array(x.reshape(-1)), x.shape[1])
    writer.write_table(arrow.table({"x": rows, **ORBITS}), path.with_suffix(".parquet"), row_group_size=1000)
    return path.with_suffix(".parquet")


def ttree(path: Path, x: Any = X) -> Path:
    uproot = pytest.importorskip("uproot")
    with uproot.recreate(path.with_suffix(".root"), compression=uproot.ZLIB(1)) as file:
        columns = {"x": x, **ORBITS}
        file.mktree("t", {name: (c.dtype, c.shape[1:]) for name, c in columns.items()})
        for first in range(0, 5000, 1000):
            file["t"].extend({name: c[first : first + 1000] for name, c in columns.items()})
    return path.with_suffix(".root")


def rntuple(path: Path, x: Any = X) -> Path:
    uproot, awkward = pytest.importorskip("uproot"), pytest.importorskip("awkward")
    if not hasattr(uproot.writing.writable.WritableDirectory, "mkrntuple"):
        pytest.skip("this uproot does not write RNTuples")
    with uproot.recreate(path.with_suffix(".root")) as file:
        regular = awkward.from_numpy(x, regulararray=True)
        parts = [
            {"x": regular[i : i + 1000], **{n: c[i : i + 1000] for n, c in ORBITS.items()}}
            for i in range(0, 5000, 1000)
        ]
        writer = file.mkrntuple("t", parts[0])
        for part in parts[1:]:
            writer.extend(part)
    return path.with_suffix(".root")


Write = Callable[..., Path]
FORMATS: list[Write] = [npy, npz, npz_compressed, hdf5, parquet, ttree, rntuple]
MAPPED: list[Write] = [npy, npz, npz_compressed]
TABLES = FORMATS[1:]


def joined(source: Any, size: int, start: int = 0, name: str = "x") -> Any:
    chunks = [chunk[name] for chunk in source.chunks(size, start)]
    assert all(0 < len(c) <= size and c.flags.c_contiguous and c.flags.aligned for c in chunks)
    return np.concatenate(chunks)


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize(
    ("size", "start"), [(7, 4990), (1000, 0), (1000, 1), (333, 999), (5000, 2001), (6000, 4999)]
)
def test_resumption(tmp_path: Path, write: Write, size: int, start: int) -> None:
    source = open_source(write(tmp_path / "a"), ["x"])
    assert source.count == 5000 and source.inputs == {"x": ((6,), np.dtype(np.int16))}
    assert np.array_equal(joined(source, size, start), X[start:])
    assert list(source.chunks(size, 5000)) == []
    with pytest.raises(InputError, match="cannot skip 5001 events"):
        next(source.chunks(size, 5001))


@pytest.mark.parametrize("write", MAPPED)
@pytest.mark.parametrize("name", ["x", "xy", "xyz", "xyzu"])  # the data of a member lies where its name ends
def test_arrays(tmp_path: Path, write: Write, name: str) -> None:
    path = tmp_path / ("a.npy" if write is npy else "a.npz")
    save = {npy: np.save, npz: np.savez, npz_compressed: np.savez_compressed}[write]
    save(path, X) if write is npy else save(path, **{name: X})  # type: ignore[operator]
    arrays = open_source(path, ["x"]).arrays
    assert arrays is not None
    x = arrays["x"]
    assert np.array_equal(x, X) and x.dtype == X.dtype and x.flags.c_contiguous and x.flags.aligned
    assert not (x.flags.writeable and isinstance(x.base, np.memmap))


def test_a_stored_member_is_mapped(tmp_path: Path) -> None:
    """Where it lies aligned: bytes always do."""
    np.savez(tmp_path / "a.npz", x=X.view(np.int8), other=X)
    arrays = open_source(tmp_path / "a.npz", ["x"]).arrays
    x: Any = arrays and arrays["x"]
    assert np.array_equal(x, X.view(np.int8))
    while not isinstance(x, np.memmap):
        x = x.base
        assert x is not None


@pytest.mark.parametrize("write", [hdf5, parquet, ttree, rntuple])
def test_no_arrays(tmp_path: Path, write: Write) -> None:
    source = open_source(write(tmp_path / "a"), ["x"])
    assert source.arrays is None
    assert np.array_equal(whole(source)["x"], X)


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_truncated(tmp_path: Path, write: Write, part: float) -> None:
    path = write(tmp_path / "a")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    if part > 0.99 and path.suffix == ".root":  # ends in a list of free space, which nobody needs
        assert np.array_equal(joined(open_source(path, ["x"]), 1000), X)
        return
    with pytest.raises(InputError, match=f"^{path}"):
        joined(open_source(path, ["x"]), 1000)


@pytest.mark.parametrize("write", TABLES)
def test_nothing_but_noise(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path / "a")
    path.write_bytes(np.random.default_rng(1).bytes(10_000))
    with pytest.raises(InputError, match=f"^{path}: not a readable"):
        open_source(path, ["x"])


@pytest.mark.parametrize("write", [hdf5, ttree, npz_compressed])
def test_corrupted_in_the_middle(tmp_path: Path, write: Write) -> None:
    """With a checksum or a compression that notices: good events, then the error; never wrong ones."""
    path = write(tmp_path / "a")
    data = bytearray(path.read_bytes())
    at = int(len(data) * 0.55)
    data[at : at + 64] = bytes(64)
    path.write_bytes(data)
    found: list[Any] = []
    with pytest.raises(InputError, match=f"^{path}: .*again"):
        for chunk in open_source(path, ["x"]).chunks(100):
            found += chunk["x"].tolist()
    assert found == X[: len(found)].tolist()


@pytest.mark.parametrize("write", FORMATS)
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_damage_gives_events_or_an_error(tmp_path: Path, write: Write, data: Any) -> None:
    """Whatever is overwritten: never a crash, a hang or another exception."""
    original = tmp_path / "original"
    kept = next(iter(tmp_path.glob("original.*")), None) or write(original)
    content = bytearray(kept.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        near_an_end = data.draw(st.booleans())
        top = min(400, len(content)) if near_an_end else len(content)
        at = data.draw(st.integers(0, top - 1))
        at = len(content) - 1 - at if data.draw(st.booleans()) else at
        content[at] = data.draw(st.integers(0, 255))
    path = tmp_path / f"damaged{kept.suffix}"
    path.write_bytes(content)
    try:
        joined(open_source(path, ["x"]), 2000)
    except InputError as error:
        assert str(path) in str(error)


@pytest.mark.parametrize("write", FORMATS)
def test_not_a_number(tmp_path: Path, write: Write) -> None:
    x = X.astype(np.float32)
    x[3210, 4] = np.nan
    path = write(tmp_path / "a", x)
    for start in (0, 3000):
        found = []
        with pytest.raises(InputError, match=f"{path}: event 3210: 'x' holds a NaN .*before are good"):
            for chunk in open_source(path, ["x"]).chunks(500, start):
                found.append(chunk["x"])
        assert np.array_equal(np.concatenate(found), x[start:3210])


@pytest.mark.parametrize("write", TABLES)
def test_crossings(tmp_path: Path, write: Write) -> None:
    selection = Selection(crossing=CrossingColumns("o", "b", first_bx=1))
    source = open_source(write(tmp_path / "a"), ["x"], selection)
    assert np.array_equal(joined(source, 1234, 17, "crossing"), np.arange(17, 5000) * 3564 + 2)
    assert set(source.inputs) == {"x"}


def test_several_files(tmp_path: Path) -> None:
    paths = [npy(tmp_path / "b0", X[:10]), npz(tmp_path / "b1", X[10:11]), hdf5(tmp_path / "b2", X[11:1500])]
    empty = npy(tmp_path / "b3", X[:0].reshape(0, 6))
    for given_paths in ([*paths, empty], str(tmp_path / "b*"), [empty, *map(str, paths)]):
        source = open_source(given_paths, ["x"])  # type: ignore[arg-type]
        assert source.count == 1500 and source.arrays is None
        for start in (0, 9, 10, 11, 12, 1499):
            assert np.array_equal(joined(source, 400, start), X[start:1500])
    assert open_source([empty], ["x"]).count == 0
    assert list(open_source(empty).chunks(5)) == []


@pytest.mark.parametrize("other", [X[:, :5], X.astype(np.int32)])
def test_files_that_differ(tmp_path: Path, other: Any) -> None:
    paths = [npy(tmp_path / "a"), npy(tmp_path / "b", other)]
    with pytest.raises(InputError, match=r"b.npy: expected 'x' int16 \(6,\) as in .*a.npy, got 'x' int"):
        open_source(paths)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file"):
        open_source(tmp_path / "no.npy")
    with pytest.raises(FileNotFoundError, match="no file matches"):
        open_source(str(tmp_path / "*.npy"))
    with pytest.raises(InputError, match="at least one file"):
        open_source([])
    (tmp_path / "a.csv").touch()
    with pytest.raises(InputError, match="a.csv: expected one of .npy"):
        open_source(tmp_path / "a.csv")
    (tmp_path / "d.npy").mkdir()
    with pytest.raises(InputError, match="got a directory"):
        open_source(tmp_path / "d.npy")


@pytest.mark.parametrize("write", FORMATS)
def test_a_file_that_disappears(tmp_path: Path, write: Write) -> None:
    paths = [write(tmp_path / "a"), write(tmp_path / "b")]
    source = open_source(paths, ["x"])
    found = []
    with pytest.raises(InputError, match=f"{paths[1]}: not a readable"):
        for chunk in source.chunks(2500):
            paths[1].unlink(missing_ok=True)
            found.append(chunk["x"])
    assert np.array_equal(np.concatenate(found), X)


@pytest.mark.parametrize("write", FORMATS)
def test_a_file_that_changes(tmp_path: Path, write: Write) -> None:
    source = open_source(write(tmp_path / "a"), ["x"])
    other = write(tmp_path / "b", X.astype(np.float64))
    shutil.copy(other, other.with_stem("a"))
    with pytest.raises(InputError, match=r"event 0: expected 'x' int16 \(6,\) as .*, got 'x' float64"):
        next(source.chunks(100))


def test_a_file_with_fewer_events_than_before(tmp_path: Path) -> None:
    source = open_source(npy(tmp_path / "a"))
    npy(tmp_path / "a", X[:100])
    with pytest.raises(InputError, match="held 5000 events when it was opened, now 100"):
        next(source.chunks(100))


def test_a_mapped_file_that_shrinks(tmp_path: Path) -> None:
    path = npy(tmp_path / "a")
    chunks = open_source(path).chunks(1000)
    assert np.array_equal(next(chunks)["x"], X[:1000])
    with path.open("r+b") as file:
        file.truncate(20_000)
    with pytest.raises(InputError, match="a.npy: the file has shrunk"):
        next(chunks)


def test_a_shape_that_changes_in_the_middle(tmp_path: Path) -> None:
    arrow, writer = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = [[1, 2]] * 50 + [[1, 2, 3]] * 50
    for name, group in (("a", 50), ("b", 100)):  # at the border of a group, and within one
        writer.write_table(arrow.table({"x": rows}), tmp_path / f"{name}.parquet", row_group_size=group)
        found = 0
        with pytest.raises(InputError, match=f"{name}.parquet: event 50: "):
            for chunk in open_source(tmp_path / f"{name}.parquet").chunks(8):
                found += len(chunk["x"])
        assert found == 50


@pytest.mark.parametrize(
    ("shape", "descr", "message"),
    [
        ("(1000000000000000, 6)", "<i2", "promises 1000000000000000 events, the file ends in event"),
        ("(-1, 6)", "<i2", "expected .events"),
        ("(5, -6)", "<i2", "expected .events"),
        ("(5, 0)", "<i2", "hold no number"),
        ("(1000000000000000000000, 1)", "<i2", "promises"),
        ("(5, 6)", "|O", "expected numbers"),
        ("()", "<i2", "expected .events"),
        ("__import__('os')", "<i2", "not a readable NumPy file"),
    ],
)
@pytest.mark.parametrize("packed", [None, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_hostile_headers(tmp_path: Path, shape: str, descr: str, message: str, packed: int | None) -> None:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    data = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(60)
    path = tmp_path / ("a.npy" if packed is None else "a.npz")
    if packed is None:
        path.write_bytes(data)
    else:
        with zipfile.ZipFile(path, "w", packed) as archive:
            archive.writestr("x.npy", data)
    with pytest.raises(InputError, match=f"^{path}: .*({message}|promises [0-9]* bytes)"):
        open_source(path).arrays  # noqa: B018


def test_a_list_of_members_that_lies(tmp_path: Path) -> None:
    path = npz(tmp_path / "a")
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 42 : at + 46] = (1234).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(InputError, match="a.npz: "):
        open_source(path, ["x"])


@pytest.mark.parametrize("write", TABLES)
def test_columns_that_are_missing(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path / "a")
    with pytest.raises(InputError, match=r"no 'y' for input 'y'; the file holds the \w+ \['b', 'o', 'x'\]"):
        open_source(path, ["y"])
    with pytest.raises(InputError, match="no 'z' for input 'x'"):
        open_source(path, ["x"], Selection(["x=o,z"]))


@pytest.mark.parametrize("write", TABLES)
def test_every_column_is_an_input_unless_told(tmp_path: Path, write: Write) -> None:
    source = open_source(write(tmp_path / "a"))
    assert {name: spec.shape for name, spec in source.inputs.items()} == {"x": (6,), "o": (1,), "b": (1,)}
    assert set(open_source(write(tmp_path / "a"), None, Selection(["q=o,b"])).inputs) == {"q"}
