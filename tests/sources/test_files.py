"""Events from every kind of file give the same answers, whatever the chunk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bxnn import InputError
from bxnn.sources import FileSource, Selection
from bxnn.sources import open_source as open_events
from python import example_models as example

INPUTS = ["x"]
X = np.random.default_rng(0).integers(-128, 128, (40, 3)) * example.LSB


def npy(path: Path) -> FileSource:
    np.save(path / "x.npy", X)
    return open_events(path / "x.npy", INPUTS)


def npz(path: Path) -> FileSource:
    np.savez_compressed(path / "x.npz", other=X[:5], x=X)
    return open_events(path / "x.npz", INPUTS)


def hdf5(path: Path) -> FileSource:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path / "x.h5", "w") as file:
        file["l1/features"] = X
        file["other"] = X[:5]
    return open_events(path / "x.h5", INPUTS, Selection(columns=["l1/features"]))


def write_root(path: Path) -> Path:
    uproot = pytest.importorskip("uproot")
    jagged = pytest.importorskip("awkward").Array([[1.0], [1.0, 2.0]])
    with uproot.recreate(path / "x.root") as file:
        file["events"] = {"a": X[:, 0], "bc": X[:, 1:], "x": X, "count": np.arange(40)}
        file["jagged"] = {"a": jagged}
    return path / "x.root"


def root(path: Path) -> FileSource:
    return open_events(write_root(path), INPUTS, Selection(tree="events"))


def root_columns(path: Path) -> FileSource:
    return open_events(write_root(path), INPUTS, Selection(tree="events", columns=["a,bc"]))


def write_parquet(path: Path) -> Path:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = arrow.table(
        {
            "a": X[:, 0],
            "bc": arrow.FixedSizeListArray.from_arrays(arrow.array(X[:, 1:].ravel()), 2),
            "x": arrow.array(X.tolist()),
            "jagged": arrow.array([[1.0] * (1 + i % 2) for i in range(40)]),
            "gaps": arrow.array([None if i == 31 else 1.0 for i in range(40)]),
            "text": arrow.array(["a"] * 40),
        }
    )
    parquet.write_table(table, path / "x.parquet", row_group_size=16)
    return path / "x.parquet"


def parquet(path: Path) -> FileSource:
    return open_events(write_parquet(path), INPUTS)


def parquet_columns(path: Path) -> FileSource:
    return open_events(write_parquet(path), INPUTS, Selection(columns=["x=a,bc"]))


def fortran_order(path: Path) -> FileSource:
    np.save(path / "x.npy", np.asfortranarray(X))
    return open_events(path / "x.npy", INPUTS)


KINDS = [npy, fortran_order, npz, hdf5, root, root_columns, parquet, parquet_columns]


@pytest.mark.parametrize("size", [1, 7, 40, 100])
@pytest.mark.parametrize("kind", KINDS)
def test_chunks_hold_every_event_once(tmp_path: Path, kind: Callable[[Path], FileSource], size: int) -> None:
    file = kind(tmp_path)
    chunks: list[NDArray[Any]] = [chunk["x"] for chunk in file.chunks(size)]
    assert file.count == 40
    assert all(len(chunk) <= size for chunk in chunks)
    assert np.array_equal(np.concatenate(chunks), X)


def test_npy_is_mapped_not_read(tmp_path: Path) -> None:
    chunk = next(iter(npy(tmp_path).chunks(4)))["x"]
    while not isinstance(chunk, np.memmap):
        assert isinstance(chunk.base, np.ndarray)
        chunk = chunk.base


REFUSED: list[tuple[Callable[[Path], Path], Selection, str]] = [
    (write_root, Selection(), r"name of a tree \(--tree\).*events.*jagged"),
    (write_root, Selection(tree="no"), "name of a tree.*no"),
    (write_root, Selection(tree="events", columns=["a,no"]), r"no 'no' for input 'x'.*bc"),
    (write_root, Selection(tree="jagged", columns=["a"]), "event 1: 'a' does not have the same number"),
    (write_parquet, Selection(columns=["no"]), r"no 'no' for input 'x'"),
    (write_parquet, Selection(columns=["jagged"]), "event 1: 'jagged' does not have the same number"),
    (write_parquet, Selection(columns=["gaps"]), "event 31: column 'gaps' has missing values"),
]


@pytest.mark.parametrize(("write", "selection", "message"), REFUSED)
def test_refusals(tmp_path: Path, write: Callable[[Path], Path], selection: Selection, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(open_events(write(tmp_path), INPUTS, selection).chunks(100))


def test_unknown_dataset(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=X, b=X)
    with pytest.raises(InputError, match=r"no 'x' for input 'x'; the file holds the arrays \['a', 'b'\]"):
        open_events(tmp_path / "x.npz", INPUTS)
    with pytest.raises(InputError, match="no 'c'"):
        open_events(tmp_path / "x.npz", INPUTS, Selection(columns=["c"]))


def test_different_numbers_of_events(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=X[:3], b=X)
    with pytest.raises(InputError, match="same number of events"):
        open_events(tmp_path / "x.npz", ["a", "b"])


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="not a readable NumPy file"):
        open_events(tmp_path / "x.npy", INPUTS)
