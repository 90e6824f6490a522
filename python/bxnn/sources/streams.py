"""Events that arrive once: on standard input, on a pipe, from a Python iterable."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import IO, Any

import numpy as np

from bxnn._core import InputError
from bxnn.sources.columns import EventFault, require_finite
from bxnn.sources.numpy_files import read_header
from bxnn.sources.source import (
    Array,
    ArraySource,
    Chunk,
    InputSpec,
    as_column,
    beyond,
    pieces,
    require_range,
    skipped,
)

_READ = 1 << 22  # bytes to skip at once


class StreamSource:
    """Rows of fixed size from a binary stream, which can be read once.

    rows: name -> (shape, dtype) of the inputs that follow one another in every row, little-endian and without
    gaps; None: the stream is in .npy format, and its input is named `name`. `chunks` waits until a chunk is
    full or the stream ends. Raises InputError for a stream that is read again, that ends within a row, or is
    no .npy.
    """

    arrays: None = None

    def __init__(
        self,
        stream: IO[bytes],
        rows: Mapping[str, tuple[tuple[int, ...], Any]] | None = None,
        name: str = "x",
    ) -> None:
        self._stream: IO[bytes] | None = stream
        self.count: int | None = None
        if rows is None:
            shape, fortran, dtype = read_header(stream)
            if fortran and math.prod(shape[1:]) > 1:
                raise InputError("a stream of .npy: expected C order, where events follow one another")
            self.count = shape[0]
            fields = [(name, dtype, shape[1:] or (1,))]
        else:
            fields = [(n, np.dtype(d).newbyteorder("<"), tuple(s) or (1,)) for n, (s, d) in rows.items()]
        self._row = np.dtype([(n, d, s) for n, d, s in fields])
        empty = np.empty(0, self._row)
        for field, _, _ in fields:
            as_column(f"input '{field}'", field, empty[field])
        self.inputs = {n: InputSpec(s, d.newbyteorder("=")) for n, d, s in fields}

    def chunks(self, size: int, start: int = 0) -> Iterator[Chunk]:
        require_range(size, start, self.count)
        stream, self._stream = self._stream, None
        if stream is None:
            raise InputError("a stream can be read only once; write it to a file to read it again")
        at = self._skip(stream, start)
        while self.count is None or at < self.count:
            wanted = size if self.count is None else min(size, self.count - at)
            data = _read(stream, wanted * self._row.itemsize)
            whole = len(data) // self._row.itemsize
            if whole:
                yield from self._checked(np.frombuffer(data, self._row, whole), at)
            at += whole
            if len(data) % self._row.itemsize or (whole < wanted and self.count is not None):
                promise = "" if self.count is None else f" of {self.count}"
                raise InputError(
                    f"the stream ends in event {at}{promise} (a row has {self._row.itemsize} bytes); "
                    "the events before are good"
                )
            if whole < wanted:
                return

    def _checked(self, rows: Array, at: int) -> Iterator[Chunk]:
        chunk = {
            name: np.ascontiguousarray(rows[name], spec.dtype).reshape(-1, *spec.shape)
            for name, spec in self.inputs.items()
        }
        yield from _finite(chunk, at, "the stream")

    def _skip(self, stream: IO[bytes], start: int) -> int:
        left = start * self._row.itemsize
        while left:
            data = stream.read(min(left, _READ))
            if not data:
                raise beyond(start, start - -(-left // self._row.itemsize))
            left -= len(data)
        return start


def _read(stream: IO[bytes], count: int) -> bytes:
    """As many bytes as asked for, unless the stream ends: a pipe hands over what it has."""
    parts, left = [], count
    while left and (data := stream.read(left)):
        parts.append(data)
        left -= len(data)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _finite(chunk: Chunk, at: int, where: str) -> Iterator[Chunk]:
    """The events before the first NaN or infinity, then InputError."""
    try:
        for name, array in chunk.items():
            require_finite(name, array)
    except EventFault as fault:
        good = {name: array[: fault.index] for name, array in chunk.items()}
        if fault.index:
            yield from _finite(good, at, where)
        raise InputError(f"{where}, event {at + fault.index}: {fault}; the events before are good") from None
    yield chunk


class IterableSource:
    """Batches of a Python iterable, each a dict of arrays [n, *shape] or one array, which is input 'x'.

    An iterable that can be begun anew (a list, an object with __iter__) can be read again, an iterator once.
    Raises InputError for an empty iterable and for batches that differ from the first in shape or dtype.
    """

    arrays: None = None
    count: None = None

    def __init__(self, batches: Iterable[Mapping[str, Array] | Array]) -> None:
        self._batches = batches
        begun = iter(batches)
        # An iterator is its own: what was taken from it to know the inputs is put back.
        self._once = begun is batches
        first = next(begun, None)
        if first is None:
            raise InputError("an iterable of events: expected at least one batch, got none")
        self.inputs: Mapping[str, InputSpec] = ArraySource(_named(first), "batch 0").inputs
        self._rest: Iterator[Mapping[str, Array] | Array] | None = chain([first], begun)

    def chunks(self, size: int, start: int = 0) -> Iterator[Chunk]:
        require_range(size, start, None)
        batches = iter(self._batches)
        if self._once:
            if self._rest is None:
                raise InputError("an iterator can be read only once; give a list or a file to read it again")
            batches, self._rest = self._rest, None
        for chunk in skipped(self._checked(batches), start):
            yield from pieces(chunk, size)

    def _checked(self, batches: Iterator[Mapping[str, Array] | Array]) -> Iterator[Chunk]:
        at = 0
        for i, batch in enumerate(batches):
            source = ArraySource(_named(batch), f"batch {i}")
            if source.inputs != self.inputs:
                raise InputError(
                    f"batch {i}: expected {dict(self.inputs)} as in batch 0, got {source.inputs}"
                )
            if source.count:
                yield from _finite(dict(source.arrays), at, f"batch {i}")
            at += source.count


def _named(batch: Mapping[str, Array] | Array) -> dict[str, Array]:
    named = batch if isinstance(batch, Mapping) else {"x": batch}
    return {name: np.asarray(array) for name, array in named.items()}
