"""Accepted events as a file that grows: .npy (one record an event), .h5 or .parquet."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bxnn._core import InputError
from bxnn.sources import CROSSING, InputSpec
from bxnn.stream.engine import Accepted

_HEADER = 1024  # bytes of a .npy header, padded, so that the number of events can be written later
SEEDS = "seeds"


class EventFile(Protocol):
    """What events are appended to; `events` are in it, `sync` makes sure of it."""

    events: int

    def append(self, accepted: Accepted) -> None: ...
    def sync(self) -> None: ...
    def close(self) -> None: ...


def event_file(path: Path, inputs: Mapping[str, InputSpec], keep: int | None = None) -> EventFile:
    """A new file; or, with `keep`, one that is there, cut to its first `keep` events and continued.

    Columns: crossing uint64 (orbit * 3564 + bx), seeds uint64 (bit i: seed i was kept), the inputs. Raises
    InputError for a suffix that is not known or, with `keep`, a file that can't be continued; OSError.
    """
    make = _WRITERS.get(path.suffix.lower())
    if make is None:
        raise InputError(
            f"{path}: expected one of {', '.join(_WRITERS)} for accepted events, got '{path.suffix}'"
        )
    folder = path.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InputError(f"{path}: expected a file in an existing directory that may be written")
    return make(path, inputs, keep)


class _Npy:
    """Records one behind the other; the header says how many, and is brought up to date by `sync`."""

    def __init__(self, path: Path, inputs: Mapping[str, InputSpec], keep: int | None) -> None:
        fields = [(name, spec.dtype.newbyteorder("<"), spec.shape) for name, spec in inputs.items()]
        self._row = np.dtype([(CROSSING, "<u8"), (SEEDS, "<u8"), *fields])
        self.events = keep or 0
        if keep is not None and path.stat().st_size < self._size():
            raise InputError(
                f"{path}: shorter than the {keep} events that the run had written; it cannot go on"
            )
        self._file = path.open("wb" if keep is None else "r+b")
        self._file.truncate(self._size())
        self._write_header()
        self._file.seek(self._size())

    def _size(self) -> int:
        return _HEADER + self.events * self._row.itemsize

    def _write_header(self) -> None:
        about = {"descr": self._row.descr, "fortran_order": False, "shape": (self.events,)}
        text = repr(about).encode("latin1")
        magic = b"\x93NUMPY\x01\x00" + (_HEADER - 10).to_bytes(2, "little")
        if len(magic) + len(text) + 1 > _HEADER:
            raise InputError(f"{self._file.name}: too many inputs for the header of a .npy file; use .h5")
        self._file.seek(0)
        self._file.write(magic + text.ljust(_HEADER - len(magic) - 1) + b"\n")

    def append(self, accepted: Accepted) -> None:
        rows = np.empty(len(accepted.crossings), self._row)
        rows[CROSSING], rows[SEEDS] = accepted.crossings, accepted.kept
        for name, array in accepted.events.items():
            rows[name] = array
        self._file.write(rows.tobytes())
        self.events += len(rows)

    def sync(self) -> None:
        self._write_header()
        self._file.seek(self._size())
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        try:
            self.sync()
        finally:
            self._file.close()


class _Hdf5:
    def __init__(self, path: Path, inputs: Mapping[str, InputSpec], keep: int | None) -> None:
        h5py = _need("h5py", path)
        self.events = keep or 0
        columns = {CROSSING: InputSpec((), np.dtype("u8")), SEEDS: InputSpec((), np.dtype("u8")), **inputs}
        self._file = h5py.File(path, "w" if keep is None else "r+")
        if keep is None:
            for name, spec in columns.items():
                chunk = max(1, (1 << 20) // max(1, prod(spec.shape) * spec.dtype.itemsize))
                self._file.create_dataset(
                    name, shape=(0, *spec.shape), maxshape=(None, *spec.shape), chunks=(chunk, *spec.shape),
                    dtype=spec.dtype,
                )  # fmt: skip
        self._sets = {name: self._file[name] for name in columns}
        for name, dataset in self._sets.items():
            if dataset.shape[0] < self.events:
                raise InputError(
                    f"{path}: '{name}' has fewer than the {keep} events that the run had written"
                )
            dataset.resize(self.events, axis=0)

    def append(self, accepted: Accepted) -> None:
        n = len(accepted.crossings)
        columns = {CROSSING: accepted.crossings, SEEDS: accepted.kept, **accepted.events}
        for name, dataset in self._sets.items():
            dataset.resize(self.events + n, axis=0)
            dataset[self.events :] = columns[name]
        self.events += n

    def sync(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class _Parquet:
    def __init__(self, path: Path, inputs: Mapping[str, InputSpec], keep: int | None) -> None:
        if keep is not None:
            raise InputError(f"{path}: a .parquet file cannot be continued; use .npy or .h5 with checkpoints")
        self._arrow, parquet = _need("pyarrow", path), _need("pyarrow.parquet", path)
        self.events = 0
        self._specs = {
            CROSSING: InputSpec((), np.dtype("u8")),
            SEEDS: InputSpec((), np.dtype("u8")),
            **inputs,
        }
        kinds = {name: self._arrow.from_numpy_dtype(spec.dtype) for name, spec in self._specs.items()}
        self._schema = self._arrow.schema(
            [
                (
                    name,
                    kind
                    if not self._specs[name].shape
                    else self._arrow.list_(kind, prod(self._specs[name].shape)),
                )
                for name, kind in kinds.items()
            ]
        )
        self._file = parquet.ParquetWriter(path, self._schema)

    def append(self, accepted: Accepted) -> None:
        columns: list[Any] = []
        for name, array in {CROSSING: accepted.crossings, SEEDS: accepted.kept, **accepted.events}.items():
            flat = self._arrow.array(np.ascontiguousarray(array).reshape(-1))
            size = prod(self._specs[name].shape)
            lists = self._arrow.FixedSizeListArray.from_arrays
            columns.append(lists(flat, size) if self._specs[name].shape else flat)
        self._file.write_batch(self._arrow.record_batch(columns, schema=self._schema))
        self.events += len(accepted.crossings)

    def sync(self) -> None:
        pass

    def close(self) -> None:
        self._file.close()


def _need(module: str, path: Path) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.split(".")[0]
        raise ImportError(f"{path}: writing it needs the package {package}; pip install {package}") from None


_WRITERS: dict[str, Callable[[Path, Mapping[str, InputSpec], int | None], EventFile]] = {
    ".npy": _Npy,
    ".h5": _Hdf5,
    ".hdf5": _Hdf5,
    ".parquet": _Parquet,
}
