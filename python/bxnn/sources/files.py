"""Sources that are files: one, or several one after the other."""

from __future__ import annotations

import glob
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from bxnn._core import InputError
from bxnn.sources.columns import Column, EventFault, Reader, first_events, length_of, require_finite
from bxnn.sources.numpy_files import NumpyReader
from bxnn.sources.selection import Assembly, Selection
from bxnn.sources.source import Array, Chunk, InputSpec, length, pieces, plain, require_range, specs_of
from bxnn.sources.streams import StreamSource
from bxnn.sources.table_files import Hdf5Reader, ParquetReader, RootReader

_READERS: dict[str, Callable[[Path, str | None], Reader]] = {
    ".npy": NumpyReader,
    ".npz": NumpyReader,
    ".h5": Hdf5Reader,
    ".hdf5": Hdf5Reader,
    ".root": RootReader,
    ".parquet": ParquetReader,
}
_BATCH_BYTES = 1 << 23  # decoded at once, at least: baskets, pages and compressed blocks are large


class Choice(Protocol):
    """What is to be made of a file's columns: a Selection or a Layout."""

    @property
    def tree(self) -> str | None: ...
    def bind(self, inputs: Sequence[str] | None, found: Sequence[str], kind: str) -> Assembly: ...


def open_source(
    paths: str | Path | Sequence[str | Path],
    inputs: Sequence[str] | None = None,
    choice: Choice | None = None,
) -> FileSource | FileChain | StreamSource:
    """Open files as open_files does; '-' is standard input in .npy format (rows alone: StreamSource)."""
    if paths == "-":
        if choice is not None or len(inputs or "x") != 1:
            raise InputError("standard input: holds one array, of which nothing can be chosen")
        return StreamSource(sys.stdin.buffer, name=inputs[0] if inputs else "x")
    return open_files(paths, inputs, choice)


def open_files(
    paths: str | Path | Sequence[str | Path],
    inputs: Sequence[str] | None = None,
    choice: Choice | None = None,
) -> FileSource | FileChain:
    """Open .npy, .npz, .h5/.hdf5, .root or .parquet files, one after the other, as a source.

    paths: a file, a pattern such as 'run3/*.root' (in the order of names), or a list of these. inputs: the
    names that events are to have, as a model has them; None: those of the columns, 'x' for a .npy file.
    choice: a Selection (the default: columns of the inputs' names) or a Layout.

    Raises FileNotFoundError, ImportError naming the package to install, and InputError that names the file
    and says what it holds if it is damaged or does not fit the choice or the files before it.
    """
    files = [FileSource(path, inputs, choice or Selection()) for path in expand(paths)]
    if not files:
        raise InputError("expected at least one file, got none")
    return files[0] if len(files) == 1 else FileChain(files)


def expand(paths: str | Path | Sequence[str | Path]) -> list[Path]:
    """The files of patterns, in the order of names. Raises FileNotFoundError for a pattern of none."""
    given = [paths] if isinstance(paths, (str, Path)) else list(paths)
    return [path for entry in given for path in _expand(entry)]


def _expand(entry: str | Path) -> list[Path]:
    path = Path(entry)
    if path.exists() or not glob.has_magic(str(entry)):
        return [path]
    found = sorted(glob.glob(str(entry), recursive=True))  # noqa: PTH207 (absolute patterns too)
    if not found:
        raise FileNotFoundError(f"no file matches: {entry}")
    return [Path(name) for name in found]


class FileSource:
    """The events of one file. It is opened whenever its events are asked for, and closed after."""

    def __init__(self, path: str | Path, inputs: Sequence[str] | None, choice: Choice) -> None:
        self.path = Path(path)
        self._names, self._choice = inputs, choice
        if not self.path.exists():
            raise FileNotFoundError(f"no such file: {path}")
        if self.path.suffix.lower() not in _READERS:
            raise InputError(f"{path}: expected one of {', '.join(_READERS)}, got '{self.path.suffix}'")
        if self.path.is_dir():
            raise InputError(f"{path}: expected a file, got a directory")
        with self._open() as (reader, assembly):
            self.count: int = reader.count(assembly.columns)
            first = first_events(next(reader.batches(assembly.columns, 1, 0)), 1)
            try:
                self.inputs: Mapping[str, InputSpec] = specs_of(assembly.assemble(first))
            except EventFault as fault:
                raise InputError(f"event 0: {fault}") from None

    @property
    def arrays(self) -> Mapping[str, Array] | None:
        """All events of a .npy or .npz file: mapped, unless compressed, unaligned or in another order."""
        with self._open() as (reader, assembly):
            found = reader.whole(assembly.columns)
            try:
                return found and {name: plain(array) for name, array in assembly.assemble(found).items()}
            except EventFault as fault:
                raise InputError(f"event {fault.index}: {fault}") from None

    def chunks(self, size: int, start: int = 0) -> Iterator[Chunk]:
        require_range(size, start, self.count)
        at = start
        try:
            with self._open() as (reader, assembly):
                if (found := reader.count(assembly.columns)) != self.count:
                    raise InputError(f"it held {self.count} events when it was opened, now {found}")
                for chunk in self._checked(reader, assembly, size, start):
                    yield {name: plain(array) for name, array in chunk.items()}
                    at += length(chunk)
                if at != self.count:
                    raise InputError(f"expected {self.count} events, got {at}")
        except InputError as error:
            if at == start == 0:
                raise
            raise InputError(f"{error} (the events before are good)") from None

    @contextmanager
    def _open(self) -> Iterator[tuple[Reader, Assembly]]:
        """The file, and what is to be made of it; whatever goes wrong becomes an InputError with its name.

        Libraries meet a damaged file with errors of any kind.
        """
        try:
            with closing(_READERS[self.path.suffix.lower()](self.path, self._choice.tree)) as reader:
                yield reader, self._choice.bind(self._names, reader.columns, reader.kind)
        except ImportError:
            raise
        except InputError as error:
            raise InputError(f"{self.path}: {error}") from None
        except Exception as error:
            text = str(error).strip().splitlines()[:1] or [type(error).__name__]
            raise InputError(
                f"{self.path}: not a readable {self.path.suffix} file: {text[0]}; copy or write it again"
            ) from error

    def _checked(self, reader: Reader, assembly: Assembly, size: int, start: int) -> Iterator[Chunk]:
        """Every event fits the first; those before one that does not are yielded, then InputError."""
        row = sum(spec.dtype.itemsize * math.prod(spec.shape) for spec in self.inputs.values())
        step = size if isinstance(reader, NumpyReader) else max(size, _BATCH_BYTES // row)
        batches = reader.batches(assembly.columns, step, start)
        while True:
            try:
                columns = next(batches, None)
            except InputError:
                raise
            except Exception as error:
                raise InputError(
                    f"cannot be read from event {start} on: {error}; copy or write it again"
                ) from error
            if columns is None:
                return
            good, fault = self._assemble(assembly, columns)
            if good is not None:
                yield from pieces(good, size)
            if fault is not None:
                raise InputError(f"event {start + fault.index}: {fault}")
            start += length(good) if good is not None else 0

    def _assemble(
        self, assembly: Assembly, columns: Mapping[str, Column]
    ) -> tuple[Chunk | None, EventFault | None]:
        """The events before the first bad one, and what is wrong with it."""
        fault = None
        while next(map(length_of, columns.values())):
            try:
                chunk = assembly.assemble(columns)
                if (found := specs_of(chunk)) != self.inputs:
                    raise EventFault(0, f"expected {_told(self.inputs)} as in event 0, got {_told(found)}")
                for name, array in chunk.items():
                    require_finite(name, array)
                return chunk, fault
            except EventFault as found_fault:
                fault = found_fault
                columns = first_events(columns, fault.index)
        return None, fault


class FileChain:
    """Files one after the other. Raises InputError naming the first file whose events differ in kind."""

    def __init__(self, files: Sequence[FileSource]) -> None:
        self._files = [file for file in files if file.count] or list(files[:1])
        first = self._files[0]
        for file in self._files:
            if file.inputs != first.inputs:
                expected, found = _told(first.inputs), _told(file.inputs)
                raise InputError(f"{file.path}: expected {expected} as in {first.path}, got {found}")
        self.inputs = first.inputs
        self.count: int = sum(file.count for file in self._files)

    @property
    def arrays(self) -> None:
        return None

    def chunks(self, size: int, start: int = 0) -> Iterator[Chunk]:
        require_range(size, start, self.count)
        for file in self._files:
            if start < file.count:
                yield from file.chunks(size, start)
            start = max(0, start - file.count)


def _told(inputs: Mapping[str, InputSpec]) -> str:
    return ", ".join(f"'{name}' {spec.dtype} {spec.shape}" for name, spec in inputs.items())
