"""Chains for tensor cores, tracing, and arrays on a GPU without CuPy; CUDA's runtime is imitated."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bxnn import InputError, Model, UnsupportedError, _core, cuda, device_arrays
from tests.cuda.test_cuda import random_events, same, small_model, use_library


@pytest.fixture
def imitation(native_build: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    use_library(monkeypatch, native_build / "tests" / "cuda" / "libbxnn_cuda_imitation.so")
    monkeypatch.setattr(cuda, "_has_cupy", lambda: False)
    yield
    monkeypatch.undo()
    cuda._library.cache_clear()
    cuda._models.clear()


def chain(input_bits: int = 16, rest: str = "", widths: tuple[int, ...] = (20, 9)) -> Model:
    """57-20-9, 8-bit weights; all layers' results are probes."""
    b, random = _core.Builder("chain"), np.random.default_rng(3)
    x = b.input("x", [57], _core.Format(input_bits, 6))
    for at, (k, n) in enumerate(pairwise((57, *widths))):
        weights = random.integers(-128, 128, (n, k))
        x = b.dot(x, weights, 4, random.integers(-99, 99, n), 4)
        x = b.cast(x, _core.Format(16, 9, True, rest or "RND", "SAT"))
        b.probe(x, f"layer{at}")
    b.output(x, "out")
    return Model(b.build())


class Elsewhere:
    """A NumPy array that says that it lies on a GPU, by DLPack."""

    def __init__(self, array: Any, device: int = 0) -> None:
        self.array, self.device = array, device

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, self.device

    def __dlpack__(self, *, stream: int) -> Any:
        assert stream == 1
        return self.array.__dlpack__()


def content(result: Any) -> Any:
    found = result.__cuda_array_interface__
    numbers = (
        ctypes.c_byte * (int(np.prod(found["shape"])) * np.dtype(found["typestr"]).itemsize)
    ).from_address(found["data"][0])
    return np.frombuffer(numbers, found["typestr"]).reshape(found["shape"]).copy()


def test_explain() -> None:
    found = cuda.explain(chain())
    assert found["kernel"] == "fused" and found["shared_bytes"] > 0
    assert [(x["results"], x["activations"], x["weights"], x["products"]) for x in found["layers"]] == [
        (20, "int16", "int8", 2 * 2 * 2 * 2),
        (9, "int16", "int8", 2 * 2),
    ]
    assert [x["steps_behind"] for x in cuda.explain(chain(16, "RND_CONV"))["layers"]] == [1, 1]
    assert cuda.explain(small_model()) == {
        "kernel": "generic",
        "because": "it has several inputs",
        "layers": [],
    }


@pytest.mark.parametrize("rest", ["RND", "RND_CONV"])
@pytest.mark.parametrize("events", [1, 16, 130, 5_000])
def test_a_chain(imitation: None, monkeypatch: pytest.MonkeyPatch, events: int, rest: str) -> None:
    model = chain(16, rest)
    assert cuda.explain(model)["kernel"] == "fused"
    raw, real = random_events(model, events, raw=True), random_events(model, events, raw=False)
    for capability in ("9", "7"):  # by tensor cores, and on a GPU without them
        monkeypatch.setenv("BXNN_IMITATED_CAPABILITY", capability)
        cuda._models.clear()
        same([model.predict_raw(raw, device="cuda")], [model.predict_raw(raw)])
        same([model.predict(real, device="cuda")], [model.predict(real)])


def test_chains_of_different_sizes(imitation: None) -> None:
    """Each has the shared memory that it needs, whichever was loaded last."""
    large, small = chain(widths=(128, 128, 128, 128, 9)), chain(widths=(128, 9))
    assert cuda.explain(large)["shared_bytes"] > 49152 > cuda.explain(small)["shared_bytes"]
    for model in (large, small, large):
        x = random_events(model, 50, raw=True)
        same([model.predict_raw(x, device="cuda")], [model.predict_raw(x)])


@pytest.mark.parametrize("place", [0, 17, 4_999])
def test_bad_numbers_of_a_chain(imitation: None, place: int) -> None:
    model = chain(12)
    x = random_events(model, 5_000, raw=True)
    x["x"][place:, 33] = 2048
    told = []
    for device in ("cpu", "cuda"):
        with pytest.raises(InputError) as error:
            model.predict_raw(x, device=device)
        told.append(str(error.value))
    assert told[0] == told[1] and f"event {place}, element 33" in told[0]


def test_trace(imitation: None) -> None:
    for model in (chain(), small_model()):
        for raw in (False, True):
            x = random_events(model, 100, raw=raw)
            got, expected = model.trace(x, raw=raw, device="cuda"), model.trace(x, raw=raw)
            assert list(got) == list(expected)
            same(list(got.values()), list(expected.values()))


def test_arrays_of_others(imitation: None) -> None:
    model = chain()
    x = random_events(model, 300, raw=True)["x"]
    expected = model.predict_raw(x)
    for given in (Elsewhere(x), Elsewhere(x.reshape(3, 100, 57)), Interfaced(x)):
        got: Any = model.predict_raw(given, device="cuda")  # type: ignore[arg-type]
        assert isinstance(got, device_arrays.DeviceArray)
        np.testing.assert_array_equal(content(got).reshape(expected.shape), expected)
    for wrong, message in (
        (Elsewhere(x[:, ::-1]), "not C-contiguous"),
        (Elsewhere(x.astype(np.float64)), "expected raw integers"),
        (Elsewhere(x[:, :5].copy()), "expected shape"),
        (Elsewhere(x.astype(np.complex64)), "integers or real numbers"),
    ):
        with pytest.raises(InputError, match=message):
            model.predict_raw(wrong, device="cuda")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="convert it to float64 first"):
        model.predict(Elsewhere(x), device="cuda")  # type: ignore[arg-type]


class Interfaced:
    def __init__(self, array: Any) -> None:
        self.__cuda_array_interface__ = array.__array_interface__ | {"strides": array.strides}
        self.array = array


def test_results_go_round(imitation: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result is an input by DLPack; its memory is given back when nobody has it any more."""
    model = chain()
    got: Any = model.predict_raw(Interfaced(random_events(model, 10, raw=True)["x"]), device="cuda")  # type: ignore[arg-type]
    assert got.__dlpack_device__() == (2, 0) and got.shape == (10, 9)
    seen = device_arrays.view(got, 0)
    assert (seen.address, seen.shape, seen.dtype, seen.device) == (got.address, got.shape, got.dtype, 0)
    got.__dlpack__()  # a capsule that nobody uses
    given: list[int] = []
    address, got._give = got.address, given.append
    del got
    gc.collect()
    assert not given and len(device_arrays._lent) == 1
    del seen
    gc.collect()
    assert given == [address] and not device_arrays._lent
    monkeypatch.setenv("BXNN_IMITATED_BYTES", "1000000")
    with pytest.raises(UnsupportedError, match="no 1 MiB left for|no .* MiB left"):
        model.predict_raw(Interfaced(np.zeros((200_000, 57), np.int16)), device="cuda")  # type: ignore[arg-type]
