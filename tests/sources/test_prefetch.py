"""A thread reads ahead: in order, bounded, with errors in their place, and gone afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from itertools import islice

import numpy as np
import pytest

from bxnn import InputError
from bxnn.sources import ArraySource, Chunk, InputSpec, Prefetch


class Counted:
    """Yields `count` chunks of one event, then perhaps an error; slow if told so."""

    arrays = None
    count = None
    inputs: Mapping[str, InputSpec] = {"x": InputSpec((1,), np.dtype(np.int64))}

    def __init__(self, count: int, error: BaseException | None = None, seconds: float = 0) -> None:
        self.length, self.error, self.seconds = count, error, seconds
        self.made, self.closed = 0, threading.Event()

    def chunks(self, size: int, start: int = 0) -> Iterator[Chunk]:
        try:
            for i in range(start, self.length):
                time.sleep(self.seconds)
                self.made += 1
                yield {"x": np.array([[i]])}
            if self.error:
                raise self.error
        finally:
            self.closed.set()


def threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "bxnn-prefetch"]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    assert not threads()
    yield
    assert not threads()


@pytest.mark.parametrize("depth", [1, 3, 100])
@pytest.mark.parametrize("seconds", [0, 0.002])
def test_chunks_in_order(depth: int, seconds: float) -> None:
    source = Counted(50, seconds=seconds)
    found = [int(chunk["x"][0, 0]) for chunk in Prefetch(source, depth).chunks(1, start=3)]
    assert found == list(range(3, 50))


def test_a_consumer_that_is_slower() -> None:
    found = []
    for chunk in Prefetch(Counted(20), 2).chunks(1):
        time.sleep(0.002)
        found.append(int(chunk["x"][0, 0]))
    assert found == list(range(20))


def test_reads_ahead_but_not_further_than_the_depth() -> None:
    source = Counted(1000)
    chunks = Prefetch(source, 4).chunks(1)
    assert source.made == 0  # nothing begins before it is asked for
    next(chunks)
    deadline = time.monotonic() + 10
    while source.made < 6 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.05)
    assert source.made == 6  # one handed over, four waiting, one in the thread's hand
    chunks.close()  # type: ignore[attr-defined]
    assert source.closed.is_set()


@pytest.mark.parametrize("error", [InputError("event 7"), OSError("disk"), KeyboardInterrupt()])
@pytest.mark.parametrize("depth", [1, 100])
def test_errors_come_after_the_chunks_before_them(error: BaseException, depth: int) -> None:
    found = []
    with pytest.raises(type(error)) as raised:
        for chunk in Prefetch(Counted(7, error), depth).chunks(1):
            found.append(int(chunk["x"][0, 0]))
    assert found == list(range(7))
    assert raised.value is error


@pytest.mark.parametrize("taken", [1, 2, 5])
@pytest.mark.parametrize("depth", [1, 2, 50])
@pytest.mark.parametrize("error", [None, InputError("late")])
def test_stopping_early(taken: int, depth: int, error: BaseException | None) -> None:
    """Whether the thread waits for room, has ended, or has an error to hand over."""
    source = Counted(10, error)
    chunks = Prefetch(source, depth).chunks(1)
    assert len(list(islice(chunks, taken))) == taken
    chunks.close()  # type: ignore[attr-defined]
    assert source.closed.is_set()


def test_an_iterator_that_is_dropped() -> None:
    source = Counted(10)
    next(iter(Prefetch(source, 1).chunks(1)))
    assert source.closed.wait(10)


def test_an_error_of_the_consumer() -> None:
    with pytest.raises(ZeroDivisionError):
        for _ in Prefetch(Counted(10), 1).chunks(1):
            raise ZeroDivisionError


def test_two_iterators_at_once() -> None:
    source = Prefetch(ArraySource({"x": np.arange(10)}), 2)
    pairs = zip(source.chunks(1), source.chunks(1, 5), strict=False)
    assert [int(b["x"][0, 0]) - int(a["x"][0, 0]) for a, b in pairs] == [5] * 5


def test_says_what_its_source_says() -> None:
    inner = ArraySource({"x": np.arange(10)})
    outer = Prefetch(inner)
    assert (outer.inputs, outer.count) == (inner.inputs, 10)
    assert np.shares_memory(outer.arrays["x"], inner.arrays["x"])  # type: ignore[index]
