"""Pipes and iterables: rows of fixed size, .npy on a pipe, batches of a generator."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bxnn import InputError
from bxnn.sources import Source, StreamSource, from_iterable, open_source

X = np.arange(60, dtype=np.int16).reshape(20, 3) - 30
Y = np.arange(20) / 4
ROWS = {"x": ((3,), "i2"), "y": ((), "f8")}


def rows() -> bytes:
    packed = np.zeros(20, [("x", "<i2", (3,)), ("y", "<f8")])
    packed["x"], packed["y"] = X, Y
    return packed.tobytes()


def npy(array: Any, version: tuple[int, int] | None = None) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version)
    return file.getvalue()


def joined(source: Source, size: int, start: int = 0) -> dict[str, Any]:
    chunks = list(source.chunks(size, start))
    assert all(len(array) <= size and array.flags.c_contiguous for c in chunks for array in c.values())
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


class Trickle(io.RawIOBase):
    """Hands over at most a few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, step: int) -> None:
        self.data, self.step = data, step

    def read(self, size: int = -1) -> bytes:
        part, self.data = self.data[: min(size, self.step)], self.data[min(size, self.step) :]
        return part


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(0, 19), st.integers(1, 400))
def test_rows(size: int, start: int, step: int) -> None:
    source = StreamSource(Trickle(rows(), step), ROWS)  # type: ignore[arg-type]
    assert source.inputs == {"x": ((3,), np.dtype("i2")), "y": ((1,), np.dtype("f8"))}
    assert source.count is None
    found = joined(source, size, start)
    assert np.array_equal(found["x"], X[start:]) and np.array_equal(found["y"], Y[start:, None])


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<f4", ">f8", "u1", "?"])
def test_npy(dtype: str, version: tuple[int, int]) -> None:
    data = npy(X.astype(dtype), version)
    source = StreamSource(io.BytesIO(data), name="objects")
    assert source.count == 20 and source.inputs["objects"].dtype == np.dtype(dtype).newbyteorder("=")
    assert np.array_equal(joined(source, 7)["objects"], X.astype(dtype))
    assert len(joined(StreamSource(io.BytesIO(npy(Y))), 7)["x"]) == 20


def test_what_follows_an_npy_is_left_alone() -> None:
    stream = io.BytesIO(npy(X) + b"more")
    joined(StreamSource(stream), 7)
    assert stream.read() == b"more"


def test_standard_input() -> None:
    program = (
        "from bxnn.sources import open_source as o; print(sum(int(c['x'].sum()) for c in o('-').chunks(7)))"
    )
    done = subprocess.run([sys.executable, "-c", program], input=npy(X), capture_output=True, check=True)
    assert int(done.stdout) == X.sum()


def test_a_pipe_that_is_written_slowly() -> None:
    reading, writing = os.pipe()
    data = rows()

    def write() -> None:
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            for i in range(0, len(data), 5):
                pipe.write(data[i : i + 5])

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reading, "rb") as pipe:
        assert np.array_equal(joined(StreamSource(pipe, ROWS), 8)["x"], X)
    thread.join()


@pytest.mark.parametrize("lost", [1, 13, 14, 15, 100])
def test_truncated_rows(lost: int) -> None:
    found, whole = [], (len(rows()) - lost) // 14
    chunks = StreamSource(io.BytesIO(rows()[:-lost]), ROWS).chunks(3)
    if lost % 14 == 0:
        assert sum(len(chunk["x"]) for chunk in chunks) == whole
        return
    with pytest.raises(InputError, match=rf"the stream ends in event {whole} .*14 bytes.*before are good"):
        for chunk in chunks:
            found += chunk["x"].tolist()
    assert found == X[:whole].tolist()


@pytest.mark.parametrize("lost", [1, 6, 30])
def test_truncated_npy(lost: int) -> None:
    found, whole = [], (120 - lost) // 6
    with pytest.raises(InputError, match=f"ends in event {whole} of 20"):
        for chunk in StreamSource(io.BytesIO(npy(X)[:-lost])).chunks(3):
            found += chunk["x"].tolist()
    assert found == X[:whole].tolist()


NOT_NPY: list[tuple[bytes, str]] = [
    (b"", "not a readable NumPy file"),
    (b"\x93NUMPY\x03\x00" + b"\0" * 100, r"version \(3, 0\)"),
    (b"P1\n3 3", "not a readable NumPy file"),
    (npy(X)[:20], "not a readable NumPy file"),
    (npy(np.asfortranarray(X)), "expected C order"),
    (npy(np.array(5)), r"expected \[events, features...\], got \(\)"),
    (npy(np.array(["a"])), "expected numbers, got <U1"),
    (npy(np.zeros(3, [("a", "i4")])), "expected numbers"),
    (npy(np.zeros((3, 0))), "hold no number"),
    (npy(np.zeros(3, complex)), "expected numbers"),
]


@pytest.mark.parametrize(("data", "message"), NOT_NPY)
def test_what_is_no_npy(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        StreamSource(io.BytesIO(data))


def test_refusals() -> None:
    source = StreamSource(io.BytesIO(rows()), ROWS)
    joined(source, 20)
    with pytest.raises(InputError, match="only once"):
        next(source.chunks(5))
    for size in (21, 10**9):
        with pytest.raises(InputError, match=f"cannot skip {size} events: the source has 20"):
            next(StreamSource(io.BytesIO(rows()), ROWS).chunks(5, size))
    with pytest.raises(InputError, match="expected numbers"):
        StreamSource(io.BytesIO(), {"x": ((3,), "U5")})
    with pytest.raises(InputError, match="one array"):
        open_source("-", ["a", "b"])


def test_nan_on_a_stream() -> None:
    values = np.arange(20.0)
    values[12] = np.inf
    found = []
    with pytest.raises(InputError, match="the stream, event 12: 'x' holds a NaN or an infinity"):
        for chunk in StreamSource(io.BytesIO(npy(values))).chunks(5):
            found += chunk["x"].ravel().tolist()
    assert found == list(range(12))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=8), st.integers(1, 12), st.data())
def test_batches(lengths: list[int], size: int, data: Any) -> None:
    edges = np.cumsum([2, *lengths])
    batches = np.split(np.arange(edges[-1]), edges[:-1])
    start = data.draw(st.integers(0, int(edges[-1]) - 1))
    for given_batches in (batches, iter(batches), [{"x": batch} for batch in batches]):
        found = joined(from_iterable(given_batches), size, start)["x"]  # type: ignore[arg-type]
        assert found.ravel().tolist() == list(range(start, int(edges[-1])))


def test_an_iterator_is_read_once_a_list_again() -> None:
    again, once = from_iterable([X]), from_iterable(iter([X]))
    for source in (again, once):
        assert np.array_equal(joined(source, 6)["x"], X)
    assert np.array_equal(joined(again, 6)["x"], X)
    with pytest.raises(InputError, match="only once"):
        next(once.chunks(5))


def test_labels_pass() -> None:
    labels = {"crossing": np.arange(20, dtype=np.uint64), "truth": np.ones(20, np.uint8)}
    found = joined(from_iterable([{"x": X, **labels}]), 6)
    assert all(np.array_equal(found[name], array) for name, array in labels.items())
    with pytest.raises(InputError, match="batch 0: 'crossing': expected uint64"):
        from_iterable([{"x": X, "crossing": np.arange(20)}])


def test_refused_batches() -> None:
    def failing() -> Iterator[Any]:
        yield X
        raise OSError("gone")

    for batches, message in (
        ([], "at least one batch"),
        ([{}], "batch 0: expected at least one input"),
        ([{"a": X, "b": X[1:]}], "batch 0: expected the same number"),
        ([np.array(5)], "got a single number"),
    ):
        with pytest.raises(InputError, match=message):
            from_iterable(batches)  # type: ignore[arg-type]
    for second in (X[:, 1:], X.astype(float), {"y": X}):
        found = []
        with pytest.raises(InputError, match="batch 1: expected"):
            for chunk in from_iterable([X, second]).chunks(30):
                found.append(chunk["x"])
        assert np.array_equal(found[0], X)
    with pytest.raises(OSError, match="gone"):
        list(from_iterable(failing()).chunks(5))
    with pytest.raises(InputError, match="cannot skip 21 events: the source has 20"):
        list(from_iterable([X]).chunks(5, 21))
