"""Events from NumPy, HDF5, ROOT and Parquet files, whole or a chunk at a time."""

from __future__ import annotations

import importlib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn._core import InputError, Tensor

Array = NDArray[Any]
Chunk = dict[str, Array]


@dataclass(frozen=True)
class Selection:
    """Which parts of a file feed which input, each as 'NAME' or 'INPUT=NAME'; columns as 'A,B,C'.

    An input that is not mentioned is looked up by its own name.
    """

    datasets: Sequence[str] = ()
    columns: Sequence[str] = ()
    tree: str | None = None


@dataclass(frozen=True)
class EventFile:
    """`count` events; `chunks(size)` yields, for every input name, the array of the next events, in order."""

    path: Path
    count: int
    chunks: Callable[[int], Iterator[Chunk]]


def open_events(path: str | Path, inputs: Sequence[Tensor], selection: Selection | None = None) -> EventFile:
    """Open a .npy, .npz, .h5/.hdf5, .root or .parquet file as the inputs of a model.

    .npy files are memory-mapped; HDF5, ROOT and Parquet are read a chunk at a time. Columns of a ROOT tree
    or a Parquet file are put side by side in the order given. Raises InputError naming what the file holds
    if the selection does not fit, FileNotFoundError, and ImportError naming the package to install.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no such file: {path}")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: expected one of {', '.join(_READERS)}, got '{path.suffix}'")
    if path.is_dir():
        raise InputError(f"{path}: expected a file, got a directory")
    return reader(path, inputs, selection or Selection())


def _npy(path: Path, inputs: Sequence[Tensor], selection: Selection) -> EventFile:
    if len(inputs) != 1:
        raise InputError(f"{path}: the model has {len(inputs)} inputs, a .npy file holds one array; use .npz")
    array = _load(path, mmap_mode="r")
    return _from_arrays(path, {inputs[0].name: array})


def _npz(path: Path, inputs: Sequence[Tensor], selection: Selection) -> EventFile:
    with _load(path) as archive:
        names = _choose(path, inputs, selection.datasets, archive.files, "arrays")
        try:
            return _from_arrays(path, {key: archive[name] for key, name in names.items()})
        except (ValueError, zipfile.BadZipFile) as error:
            raise InputError(f"{path}: not a readable .npz file: {error}") from None


def _load(path: Path, **options: Any) -> Any:
    try:
        return np.load(path, allow_pickle=False, **options)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: not a readable NumPy file: {error}") from None


def _from_arrays(path: Path, arrays: Mapping[str, Any]) -> EventFile:
    """Anything with a shape that can be sliced along its first axis."""
    counts = {name: array.shape[0] if array.shape else None for name, array in arrays.items()}
    count = next(iter(counts.values()))
    if count is None or any(other != count for other in counts.values()):
        raise InputError(f"{path}: expected the same number of events for every input, got {counts}")

    def chunks(size: int) -> Iterator[Chunk]:
        for start in range(0, count, size):
            yield {name: np.asarray(array[start : start + size]) for name, array in arrays.items()}

    return EventFile(path, count, chunks)


def _hdf5(path: Path, inputs: Sequence[Tensor], selection: Selection) -> EventFile:
    h5py = _need("h5py", path)
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path}: not a readable HDF5 file: {error}") from None
    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    names = _choose(path, inputs, selection.datasets, found, "datasets")
    return _from_arrays(path, {key: file[name] for key, name in names.items()})


def _root(path: Path, inputs: Sequence[Tensor], selection: Selection) -> EventFile:
    uproot = _need("uproot", path)
    try:
        file = uproot.open(path)
    except Exception as error:
        raise InputError(f"{path}: not a readable ROOT file: {error}") from None
    classes = file.classnames(cycle=False).items()
    trees = sorted({name for name, kind in classes if "TTree" in kind or "RNTuple" in kind})
    name = selection.tree or (trees[0] if len(trees) == 1 else None)
    if name not in trees:
        raise InputError(f"{path}: expected the name of a tree (--tree), got {name}; the file holds {trees}")
    tree = file[name]
    columns = _choose_columns(path, inputs, selection.columns, list(tree.keys()))
    wanted = list(dict.fromkeys(column for names in columns.values() for column in names))

    def chunks(size: int) -> Iterator[Chunk]:
        start = 0
        for batch in tree.iterate(wanted, step_size=size, library="ak"):
            plain = {column: _from_awkward(path, column, batch[column], start) for column in wanted}
            yield {key: _side_by_side(plain, names) for key, names in columns.items()}
            start += len(batch)

    return EventFile(path, int(tree.num_entries), chunks)


def _from_awkward(path: Path, column: str, values: Any, start: int) -> Array:
    awkward = _need("awkward", path)
    try:
        return np.asarray(awkward.to_numpy(values, allow_missing=False))
    except (ValueError, TypeError):
        raise InputError(
            f"{path}: branch '{column}' does not have the same number of values in every event "
            f"(events from {start}); pad it to a fixed length first"
        ) from None


def _parquet(path: Path, inputs: Sequence[Tensor], selection: Selection) -> EventFile:
    parquet = _need("pyarrow.parquet", path)
    try:
        file = parquet.ParquetFile(path, memory_map=True)
    except Exception as error:
        raise InputError(f"{path}: not a readable Parquet file: {error}") from None
    columns = _choose_columns(path, inputs, selection.columns, list(file.schema_arrow.names))
    wanted = list(dict.fromkeys(column for names in columns.values() for column in names))

    def chunks(size: int) -> Iterator[Chunk]:
        start = 0
        for batch in file.iter_batches(size, columns=wanted):
            plain = {column: _from_arrow(path, column, batch.column(column), start) for column in wanted}
            yield {key: _side_by_side(plain, names) for key, names in columns.items()}
            start += batch.num_rows

    return EventFile(path, int(file.metadata.num_rows), chunks)


def _from_arrow(path: Path, column: str, values: Any, start: int) -> Array:
    types, compute = _need("pyarrow.types", path), _need("pyarrow.compute", path)
    where, shape = f"{path}: column '{column}'", [len(values)]
    while True:
        if values.null_count:
            raise InputError(f"{where} has missing values (events from {start}); fill them first")
        kind = values.type
        if not (types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)):
            break
        lengths = compute.list_value_length(values).to_numpy(zero_copy_only=False)
        if len(np.unique(lengths)) > 1:
            raise InputError(
                f"{where} does not have the same number of values in every event (events from {start}); "
                "pad it to a fixed length first"
            )
        shape.append(int(lengths[0]) if len(lengths) else 0)
        values = values.flatten()
    if types.is_nested(values.type):
        raise InputError(f"{where} is of type {values.type}, not numbers")
    return np.asarray(values.to_numpy(zero_copy_only=False)).reshape(shape)


def _side_by_side(columns: Mapping[str, Array], names: Sequence[str]) -> Array:
    """[N, features]: a column alone keeps its shape."""
    if len(names) == 1:
        only = columns[names[0]]
        return only[:, None] if only.ndim == 1 else only
    return np.concatenate([columns[name].reshape(len(columns[name]), -1) for name in names], axis=1)


def _choose(
    path: Path, inputs: Sequence[Tensor], options: Sequence[str], found: Sequence[str], kind: str
) -> dict[str, str]:
    """For every input the name of its array: as given, else its own name, else the only one there is."""
    given, chosen = _by_input(inputs, options), {}
    for tensor in inputs:
        only = found[0] if len(inputs) == len(found) == 1 else tensor.name
        name = given.get(tensor.name, only)
        if name not in found:
            raise InputError(
                f"{path}: no '{name}' for input '{tensor.name}'; the file holds the {kind} {sorted(found)} "
                f"(choose with --dataset NAME or --dataset {tensor.name}=NAME)"
            )
        chosen[tensor.name] = name
    return chosen


def _choose_columns(
    path: Path, inputs: Sequence[Tensor], options: Sequence[str], found: Sequence[str]
) -> dict[str, list[str]]:
    """For every input the names of its columns: as given, else one of its own name."""
    given, chosen = _by_input(inputs, options), {}
    for tensor in inputs:
        names = given.get(tensor.name, tensor.name).split(",")
        missing = [name for name in names if name not in found]
        if missing:
            raise InputError(
                f"{path}: no column {missing} for input '{tensor.name}'; the file holds {sorted(found)[:50]} "
                f"(choose with --columns A,B,... or --columns {tensor.name}=A,B,...)"
            )
        chosen[tensor.name] = names
    return chosen


def _by_input(inputs: Sequence[Tensor], options: Sequence[str]) -> dict[str, str]:
    names = {tensor.name for tensor in inputs}
    given = {}
    for option in options:
        head, _, rest = option.partition("=")
        if rest and head in names:
            given[head] = rest
        elif len(inputs) == 1:
            given[inputs[0].name] = option
        else:
            raise InputError(f"'{option}': for which of the inputs {sorted(names)}? write INPUT={option}")
    return given


def _need(module: str, path: Path) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.split(".")[0]
        raise ImportError(f"{path}: reading it needs the package {package}; pip install {package}") from None


_READERS: dict[str, Callable[[Path, Sequence[Tensor], Selection], EventFile]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".root": _root,
    ".parquet": _parquet,
}
