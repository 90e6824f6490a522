"""Columns of a table of events: an array for plain numbers, offsets and values for lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bxnn._core import InputError
from bxnn.sources.source import Array


class Lists(NamedTuple):
    """Event i has the values from offsets[i] to offsets[i + 1]; offsets int64 [n + 1] from 0."""

    offsets: NDArray[np.int64]
    values: Column

    @property
    def counts(self) -> NDArray[np.int64]:
        return np.diff(self.offsets)


Column = Any  # Array | Lists; an alias can't be recursive for mypy


class Reader(Protocol):
    """An open file of named columns. Whatever its methods raise says what is wrong with the file."""

    @property
    def columns(self) -> Sequence[str]: ...
    @property
    def kind(self) -> str:
        """What the columns are called: arrays, datasets, branches."""

    def count(self, names: Sequence[str]) -> int:
        """Events in these columns."""

    def batches(self, names: Sequence[str], size: int, start: int) -> Iterator[dict[str, Column]]:
        """The events from `start` on in batches of any length; one at least, be it empty.

        `size` is what the caller would like, where the file does not suggest another.
        """

    def whole(self, names: Sequence[str]) -> dict[str, Array] | None:
        """All events, if they can be mapped into memory."""

    def close(self) -> None: ...


def common_length(arrays: Mapping[str, Any]) -> int:
    """Raises InputError unless all have as many events."""
    counts = {name: array.shape[0] if array.shape else None for name, array in arrays.items()}
    count = next(iter(counts.values()))
    if count is None or len(set(counts.values())) > 1:
        raise InputError(f"expected the same number of events for every input, got {counts}")
    return int(count)


def slices(arrays: Mapping[str, Any], size: int, start: int) -> Iterator[dict[str, Column]]:
    """Parts of whatever has a shape and can be sliced, cut at multiples of `size`; one at least."""
    count, first = common_length(arrays), start
    while True:
        last = min((first // size + 1) * size, count)
        yield {name: array[first:last] for name, array in arrays.items()}
        if last >= count:
            return
        first = last


class EventFault(Exception):
    """What is wrong with one event of a batch; the events before it are good."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


def dense(name: str, column: Column) -> Array:
    """[n, ...]: lists have to be equally long in every event. Raises EventFault."""
    if not isinstance(column, Lists):
        return np.asarray(column)
    counts = column.counts
    differing = np.flatnonzero(counts != counts[:1])
    if len(differing):
        raise EventFault(
            int(differing[0]),
            f"'{name}' does not have the same number of values in every event ({counts[0]}, now "
            f"{counts[differing[0]]}); a layout makes rows of fixed length of it",
        )
    try:
        values = dense(name, column.values)
    except EventFault as fault:
        event = int(np.searchsorted(column.offsets, fault.index, "right")) - 1
        raise EventFault(event, str(fault)) from None
    size = int(counts[0]) if len(counts) else 0
    return values.reshape(len(counts), size, *values.shape[1:])


def first_events(columns: Mapping[str, Column], count: int) -> dict[str, Column]:
    """The first `count` events of every column."""
    return {name: _first(column, count) for name, column in columns.items()}


def _first(column: Column, count: int) -> Column:
    if not isinstance(column, Lists):
        return column[:count]
    offsets = column.offsets[: count + 1]
    return Lists(offsets, _first(column.values, int(offsets[-1])))


def length_of(column: Column) -> int:
    return len(column.offsets) - 1 if isinstance(column, Lists) else len(column)


def require_finite(name: str, array: Array) -> None:
    """Raises EventFault for the first event that holds a NaN or an infinity."""
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return
    bad = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
    index = int(np.flatnonzero(bad)[0])
    raise EventFault(
        index, f"'{name}' holds a NaN or an infinity; leave such events out or mend what wrote them"
    )
