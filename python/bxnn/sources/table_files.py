"""Columns of HDF5, ROOT and Parquet files, read a batch at a time."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn._core import InputError
from bxnn.sources.columns import Column, EventFault, Lists, common_length, slices


class Hdf5Reader:
    """The datasets of an HDF5 file; those in groups are named 'group/name'."""

    kind = "datasets"

    def __init__(self, path: Path, tree: str | None = None) -> None:
        h5py = need("h5py", path)
        self._file = h5py.File(path, "r")
        self.columns: list[str] = []
        self._file.visititems(
            lambda name, item: self.columns.append(name) if isinstance(item, h5py.Dataset) else None
        )

    def count(self, names: Sequence[str]) -> int:
        return common_length({name: self._file[name] for name in names})

    def batches(self, names: Sequence[str], size: int, start: int) -> Iterator[dict[str, Column]]:
        datasets = {name: self._file[name] for name in names}
        # Whole compressed blocks, or some are decompressed twice.
        block = max((dataset.chunks or (1,))[0] for dataset in datasets.values())
        yield from slices(datasets, -(-size // block) * block, start)

    def whole(self, names: Sequence[str]) -> None:
        return None

    def close(self) -> None:
        self._file.close()


class RootReader:
    """The branches of a TTree or the fields of an RNTuple."""

    kind = "branches"

    def __init__(self, path: Path, tree: str | None = None) -> None:
        uproot = need("uproot", path)
        need("awkward", path)
        self._file = uproot.open(path)
        classes = self._file.classnames(cycle=False).items()
        trees = sorted({name for name, kind in classes if "TTree" in kind or "RNTuple" in kind})
        name = tree or (trees[0] if len(trees) == 1 else None)
        if name not in trees:
            raise InputError(f"expected the name of a tree (--tree), got {name}; the file holds {trees}")
        self._tree = self._file[name]
        self.columns = list(self._tree.keys())

    def count(self, names: Sequence[str]) -> int:
        return int(self._tree.num_entries)

    def batches(self, names: Sequence[str], size: int, start: int) -> Iterator[dict[str, Column]]:
        awkward = importlib.import_module("awkward")
        count = self.count(names)
        if start >= count:
            batches = iter([self._tree.arrays(list(names), entry_start=count, library="ak")])
        else:
            batches = self._tree.iterate(list(names), step_size=size, entry_start=start, library="ak")
        for batch in batches:
            fields = set(batch.fields)
            # A field of a collection in an RNTuple, 'Muon.pt', comes as a record's field.
            picked = {n: batch[n] if n in fields else batch[tuple(n.split("."))] for n in names}
            yield {n: _from_awkward(awkward, n, awkward.to_layout(a)) for n, a in picked.items()}

    def whole(self, names: Sequence[str]) -> None:
        return None

    def close(self) -> None:
        self._file.close()


def _from_awkward(awkward: Any, name: str, layout: Any) -> Column:
    contents = awkward.contents
    if isinstance(layout, contents.NumpyArray):
        return np.asarray(layout.data)
    if isinstance(layout, contents.RegularArray):
        size, count = layout.size, len(layout)
        values = _from_awkward(awkward, name, layout.content[: size * count])
        if isinstance(values, np.ndarray):
            return values.reshape(count, size, *values.shape[1:])
        return Lists(np.arange(count + 1, dtype=np.int64) * size, values)
    if isinstance(layout, (contents.ListOffsetArray, contents.ListArray)):
        layout = layout.to_ListOffsetArray64(True)
        offsets = np.asarray(layout.offsets.data)
        return Lists(offsets, _from_awkward(awkward, name, layout.content[: offsets[-1]]))
    if layout.is_indexed and not layout.is_option:
        return _from_awkward(awkward, name, layout.project())
    raise InputError(f"branch '{name}' holds {layout.form.type}, not numbers or lists of numbers")


class ParquetReader:
    """The columns of a Parquet file."""

    kind = "columns"

    def __init__(self, path: Path, tree: str | None = None) -> None:
        self._file = need("pyarrow.parquet", path).ParquetFile(path, memory_map=True)
        self._types = need("pyarrow.types", path)
        self.columns = list(self._file.schema_arrow.names)

    def count(self, names: Sequence[str]) -> int:
        return int(self._file.metadata.num_rows)

    def batches(self, names: Sequence[str], size: int, start: int) -> Iterator[dict[str, Column]]:
        metadata = self._file.metadata
        groups, left = list(range(metadata.num_row_groups)), start
        while groups and left >= (rows := metadata.row_group(groups[0]).num_rows):
            left -= rows
            groups.pop(0)
        if not groups:
            table = self._file.schema_arrow.empty_table()
            yield {name: self._column(name, table.column(name).combine_chunks()) for name in names}
            return
        for batch in self._file.iter_batches(size, row_groups=groups, columns=list(names)):
            rest = batch.slice(min(left, batch.num_rows))
            left -= batch.num_rows - rest.num_rows
            if not rest.num_rows:
                continue
            try:
                yield {name: self._column(name, rest.column(name)) for name in names}
            except EventFault as fault:
                good = rest.slice(0, fault.index)
                yield {name: self._column(name, good.column(name)) for name in names}
                raise InputError(f"event {start + fault.index}: {fault}") from None
            start += rest.num_rows

    def whole(self, names: Sequence[str]) -> None:
        return None

    def close(self) -> None:
        self._file.close()

    def _column(self, name: str, values: Any) -> Column:
        types, kind = self._types, values.type
        if values.null_count:
            missing = np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))
            raise EventFault(int(missing[0]), f"column '{name}' has missing values; fill them first")
        if types.is_fixed_size_list(kind):
            inner = self._inner(name, values.flatten(), np.arange(len(values) + 1) * kind.list_size)
            return inner
        if types.is_list(kind) or types.is_large_list(kind):
            offsets = np.asarray(values.offsets.to_numpy(), dtype=np.int64)
            return self._inner(name, values.flatten(), offsets - offsets[0])
        if types.is_nested(kind) or not (
            types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
        ):
            raise InputError(f"column '{name}' is of type {kind}, not numbers or lists of numbers")
        return np.asarray(values.to_numpy(zero_copy_only=False))

    def _inner(self, name: str, values: Any, offsets: NDArray[np.int64]) -> Lists:
        try:
            return Lists(offsets, self._column(name, values))
        except EventFault as fault:
            event = int(np.searchsorted(offsets, fault.index, "right")) - 1
            raise EventFault(event, str(fault)) from None


def need(module: str, path: Path) -> ModuleType:
    """Raises ImportError naming the package to install."""
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.split(".")[0]
        raise ImportError(f"{path}: reading it needs the package {package}; pip install {package}") from None
