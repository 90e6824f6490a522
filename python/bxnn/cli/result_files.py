"""Results of a run, written a chunk at a time to .npy, .npz, .h5 or .parquet."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from bxnn._core import InputError
from bxnn.places import replacing, require_place
from bxnn.sources.numpy_files import write_npz

Write = Callable[[Sequence[NDArray[Any]]], None]


@dataclass(frozen=True)
class Column:
    """One output: an array of shape (events, *shape)."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def require_writable(path: Path, outputs: int, read: Iterable[str | Path | None] = ()) -> None:
    """Raise InputError if the suffix is unknown or can't hold this many outputs."""
    if path.suffix.lower() not in _WRITERS:
        raise InputError(f"{path}: expected one of {', '.join(_WRITERS)}, got '{path.suffix}'")
    if path.suffix.lower() == ".npy" and outputs > 1:
        raise InputError(
            f"{path}: the model has {outputs} outputs, .npy holds one; use .npz, .h5 or .parquet"
        )
    require_place(path, read)


def require_picture(path: Path, read: Iterable[str | Path | None] = ()) -> None:
    """As `require_place`, for a picture, whose suffix says what kind it is."""
    from bxnn.demo import picture_kinds

    require_place(path, read)
    if path.suffix[1:] not in (kinds := picture_kinds()):
        raise InputError(f"{path}: expected a picture's suffix, one of {', '.join(kinds)}")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Errors of the system inside tell this file, which those of a full disk do not."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None


@contextmanager
def result_file(path: Path, columns: Sequence[Column], events: int) -> Iterator[Write]:
    """Yields the function that appends a chunk, one array a column; the file appears whole at the end."""
    require_writable(path, len(columns))
    writer = _WRITERS[path.suffix.lower()]
    with writing(path), replacing(path) as partial, writer(partial, columns, events) as write:
        yield write


@contextmanager
def _npy(path: Path, columns: Sequence[Column], events: int) -> Iterator[Write]:
    (column,) = columns
    with path.open("wb") as file:
        _start_npy(file, column, events)
        yield lambda arrays: _append(file, arrays[0])


def _start_npy(file: BinaryIO, column: Column, events: int) -> None:
    shape = (events, *column.shape)
    descr = np.lib.format.dtype_to_descr(column.dtype)
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})


def _append(file: BinaryIO, array: NDArray[Any]) -> None:
    file.write(np.ascontiguousarray(array).data)


@contextmanager
def _npz(path: Path, columns: Sequence[Column], events: int) -> Iterator[Write]:
    """Arrays follow one another in a .npz file, so the results are held until the end."""
    held = {column.name: np.empty((events, *column.shape), column.dtype) for column in columns}
    done = 0

    def write(arrays: Sequence[NDArray[Any]]) -> None:
        nonlocal done
        for column, array in zip(columns, arrays, strict=True):
            held[column.name][done : done + len(array)] = array
        done += len(arrays[0])

    yield write
    with path.open("wb") as file:
        write_npz(file, held)


@contextmanager
def _hdf5(path: Path, columns: Sequence[Column], events: int) -> Iterator[Write]:
    with _need("h5py", path).File(path, "w") as file:
        sets = [file.create_dataset(c.name, shape=(events, *c.shape), dtype=c.dtype) for c in columns]
        done = 0

        def write(arrays: Sequence[NDArray[Any]]) -> None:
            nonlocal done
            for dataset, array in zip(sets, arrays, strict=True):
                dataset[done : done + len(array)] = array
            done += len(arrays[0])

        yield write


@contextmanager
def _parquet(path: Path, columns: Sequence[Column], events: int) -> Iterator[Write]:
    """One number an event is a plain column, several are a fixed-size list in row-major order."""
    arrow, parquet = _need("pyarrow", path), _need("pyarrow.parquet", path)
    sizes = [int(np.prod(column.shape)) for column in columns]
    plain = [arrow.from_numpy_dtype(column.dtype) for column in columns]
    kinds = [kind if size == 1 else arrow.list_(kind, size) for kind, size in zip(plain, sizes, strict=True)]
    schema = arrow.schema(list(zip([column.name for column in columns], kinds, strict=True)))
    with parquet.ParquetWriter(path, schema) as file:

        def write(arrays: Sequence[NDArray[Any]]) -> None:
            cells = [arrow.array(np.ascontiguousarray(array).reshape(-1)) for array in arrays]
            lists = [
                flat if size == 1 else arrow.FixedSizeListArray.from_arrays(flat, size)
                for flat, size in zip(cells, sizes, strict=True)
            ]
            file.write_batch(arrow.record_batch(lists, schema=schema))

        yield write


def _need(module: str, path: Path) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.split(".")[0]
        raise ImportError(f"{path}: writing it needs the package {package}; pip install {package}") from None


_WRITERS: dict[str, Callable[[Path, Sequence[Column], int], AbstractContextManager[Write]]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".parquet": _parquet,
}
