"""What a source is: the filled crossings of a run, in order, a chunk at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bxnn._core import InputError

Array = NDArray[Any]
Chunk = dict[str, Array]
T = TypeVar("T")

# Keys of a chunk that are no inputs, one number for every event.
CROSSING = "crossing"  # uint64: orbit * 3564 + bx
TRUTH = "truth"  # uint8: 0 for background, i + 1 for the i-th injected signal
LABELS = {CROSSING: np.dtype(np.uint64), TRUTH: np.dtype(np.uint8)}


class InputSpec(NamedTuple):
    """One input of every event: its shape without the batch axis, and its dtype in native byte order."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class Source(Protocol):
    """The filled crossings of a run, in order.

    `count` is the number of events, None where it is not known. `arrays` are all events as C-contiguous
    arrays [count, *shape], memory-mapped where the file allows, for replay without copies; None where they
    can't be had at once. `chunks(size, start)` leaves out the first `start` events and yields the others, at
    most `size` at a time, as C-contiguous arrays [n, *shape] by input name, with `crossing` and `truth` [n]
    where they are known. It raises InputError after the last event that could be read.
    """

    @property
    def inputs(self) -> Mapping[str, InputSpec]: ...
    @property
    def count(self) -> int | None: ...
    @property
    def arrays(self) -> Mapping[str, Array] | None: ...
    def chunks(self, size: int, start: int = 0) -> Iterator[Chunk]: ...


class ArraySource:
    """Events in arrays [N, *shape] by name; `crossing` and `truth` may be among them.

    Raises InputError for arrays of different lengths, without features, or of something but numbers.
    """

    def __init__(self, arrays: Mapping[str, Array], origin: str = "arrays") -> None:
        self._arrays = {name: as_column(f"{origin}: '{name}'", name, a) for name, a in arrays.items()}
        self.inputs = specs_of(self._arrays)
        if not self.inputs:
            raise InputError(f"{origin}: expected at least one input, got {sorted(arrays)}")
        counts = {name: len(array) for name, array in self._arrays.items()}
        if len(set(counts.values())) > 1:
            raise InputError(f"{origin}: expected the same number of events for every input, got {counts}")
        self.count: int = len(next(iter(self._arrays.values())))

    @property
    def arrays(self) -> Mapping[str, Array]:
        """Those given, where they are aligned, C-contiguous and of native byte order; else a copy of them."""
        return {name: plain(array) for name, array in self._arrays.items()}

    def chunks(self, size: int, start: int = 0) -> Iterator[Chunk]:
        require_range(size, start, self.count)
        for first in range(start, self.count, size):
            yield {name: plain(array[first : first + size]) for name, array in self._arrays.items()}


def plain(array: Array) -> Array:
    """The same numbers, aligned, C-contiguous and of native byte order; no copy where they are so already."""
    return np.require(array, array.dtype.newbyteorder("="), ["C", "A"])


def as_column(where: str, name: str, array: Array) -> Array:
    """[N, *shape] with at least one axis of features, or [N] for labels; a view. Raises InputError."""
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise InputError(f"{where}: expected numbers of at most 64 bits, got {array.dtype}")
    if array.ndim == 0:
        raise InputError(f"{where}: expected an array [events, features...], got a single number")
    if name in LABELS:
        if array.ndim != 1 or array.dtype.newbyteorder("=") != LABELS[name]:
            raise InputError(f"{where}: expected {LABELS[name]} [events], got {array.dtype} {array.shape}")
        return array
    if array.ndim == 1:
        array = array[:, None]
    if 0 in array.shape[1:]:
        raise InputError(f"{where}: events of shape {array.shape[1:]} hold no number")
    return array


def specs_of(arrays: Mapping[str, Array]) -> dict[str, InputSpec]:
    """The inputs among the arrays of a chunk."""
    return {
        name: InputSpec(array.shape[1:], array.dtype.newbyteorder("="))
        for name, array in arrays.items()
        if name not in LABELS
    }


def length(chunk: Mapping[str, Array]) -> int:
    """Number of events in a chunk."""
    return len(next(iter(chunk.values())))


def head(source: Source, count: int) -> Chunk:
    """The first `count` events, or all if there are fewer. Raises InputError if there is none."""
    parts: list[Chunk] = []
    left = count
    for chunk in source.chunks(count):
        parts.append({name: array[:left] for name, array in chunk.items()})
        left -= length(parts[-1])
        if not left:
            break
    if not parts:
        raise InputError("expected at least one event, got a source without events")
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def whole(source: Source) -> Chunk:
    """All events of a source: mapped where they are, else in memory. Raises InputError if there is none."""
    if source.count is None:
        raise InputError("expected a source of known length, got one without end or of unknown length")
    if source.arrays is not None and source.count:
        return dict(source.arrays)
    return head(source, max(1, source.count))


def pieces(chunk: Chunk, size: int) -> Iterator[Chunk]:
    """A chunk in parts of at most `size` events, as views."""
    for first in range(0, length(chunk), size):
        yield {name: array[first : first + size] for name, array in chunk.items()}


def skipped(chunks: Iterable[Chunk], start: int) -> Iterator[Chunk]:
    """The chunks after the first `start` events. Raises InputError if there are fewer."""
    left = start
    for chunk in chunks:
        n = length(chunk)
        if left < n:
            yield {name: array[left:] for name, array in chunk.items()} if left else chunk
        left = max(0, left - n)
    if left:
        raise beyond(start, start - left)


def require_range(size: int, start: int, count: int | None) -> None:
    if size < 1:
        raise InputError(f"expected a chunk size of at least 1, got {size}")
    if start < 0:
        raise InputError(f"expected a number of events to skip of at least 0, got {start}")
    if count is not None and start > count:
        raise beyond(start, count)


def evaluated(
    chunks: Iterable[Chunk], evaluate: Callable[[Chunk], T], where: object, start: int = 0
) -> Iterator[tuple[int, T]]:
    """The length of every chunk, and what is made of it.

    InputError of `evaluate` names `where` and counts events from the beginning of the source, not of the
    chunk; `start` of them were left out.
    """
    for chunk in chunks:
        try:
            made = evaluate(chunk)
        except InputError as error:
            raise InputError(f"{where}: {_counted_from(start, str(error))}") from None
        yield length(chunk), made
        start += length(chunk)


def _counted_from(start: int, text: str) -> str:
    return re.sub(r"\bevent (\d+)", lambda m: f"event {int(m[1]) + start}", text)


def beyond(start: int, count: int) -> InputError:
    return InputError(
        f"cannot skip {start} events: the source has {count}; is it the one that was begun with?"
    )
