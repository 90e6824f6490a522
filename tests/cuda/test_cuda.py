"""GPUs from Python: with CUDA's runtime imitated on the CPU, without a GPU, and on a GPU if there is one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bxnn import InputError, Model, UnsupportedError, _core, cuda
from tests.golden.replay import GOLDEN, read_arrays, read_cases

GPUS = cuda.devices()
needs_gpu = pytest.mark.skipif(not GPUS, reason=f"no GPU: {GPUS.reason}")


def use_library(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(cuda, "LIBRARY", path)
    cuda._library.cache_clear()
    cuda._models.clear()


@pytest.fixture
def imitation(native_build: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The library with a runtime that does on the CPU, when it is waited for, what a GPU is asked to do."""
    use_library(monkeypatch, native_build / "tests" / "cuda" / "libbxnn_cuda_imitation.so")
    yield
    monkeypatch.undo()
    cuda._library.cache_clear()
    cuda._models.clear()


def small_model() -> Model:
    """Two inputs of 3 and 5 elements; outputs are sums with a constant, and products."""
    b = _core.Builder("small")
    x = b.input("x", (3,), _core.Format.parse("ap_fixed<12,5,AP_RND,AP_SAT>"))
    z = b.input("z", (5,), _core.Format.parse("ap_ufixed<7,7>"))
    wide = b.cast(x, _core.Format.parse("ap_fixed<20,9>"))
    b.output(wide, "wide")
    b.output(b.binary("mul", z, z), "square")
    return Model(b.build())


def random_events(model: Model, events: int, *, raw: bool) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    arrays = {}
    for t in model.inputs:
        shape = (events, *t.shape)
        integers = rng.integers(t.format.min_raw, t.format.max_raw, shape, endpoint=True)
        arrays[t.name] = integers.astype(t.dtype) if raw else integers * 2.0**-t.format.frac * 1.3
    return arrays


def same(got: Any, expected: Any) -> None:
    for a, b in zip(got, expected, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("events", [0, 1, 129, 40_000])
@pytest.mark.parametrize("raw", [False, True])
def test_shares_of_a_call(imitation: None, events: int, raw: bool) -> None:
    """More events than a share holds: copies, kernels and shares are in the right order."""
    model = small_model()
    x = random_events(model, events, raw=raw)
    predict = model.predict_raw if raw else model.predict
    for _ in range(2):  # the second call takes the first one's memory
        same(predict(x, device="cuda"), predict(x))


def test_golden_cases(imitation: None) -> None:
    for name in read_cases():
        compare_golden(name, 20)


def compare_golden(name: str, events: int | None) -> None:
    model, arrays = Model.load(GOLDEN / f"{name}.bxnn"), read_arrays(name)
    x = {t.name: arrays[f"input:{t.name}"][:events] for t in model.inputs}
    got = model.predict_raw(x, device="cuda")
    for t, array in zip(model.outputs, got if isinstance(got, tuple) else (got,), strict=True):
        expected = arrays[f"output:{t.name}"][:events]
        np.testing.assert_array_equal(array.reshape(expected.shape).astype(np.int64), expected)


@pytest.mark.parametrize("place", [0, 130, 9_999, 10_000, 25_000, 39_999])
def test_bad_numbers(imitation: None, place: int) -> None:
    """Refused in the CPU's words, wherever in a call they are."""
    model = small_model()
    real, raw = random_events(model, 40_000, raw=False), random_events(model, 40_000, raw=True)
    real["z"][place:, 3] = np.nan
    real["x"][place + 1 :, 1] = np.inf
    raw["x"] = raw["x"].astype(np.int32)
    raw["x"][place:, 2] = 2048
    for predict, x in ((model.predict, real), (model.predict_raw, raw)):
        told = []
        for device in ("cpu", "cuda"):
            with pytest.raises(InputError) as error:
                predict(x, device=device)
            told.append(str(error.value))
        assert told[0] == told[1] and f"event {place}," in told[0]
    same(
        model.predict_raw(random_events(model, 5, raw=True), device="cuda"),
        model.predict_raw(random_events(model, 5, raw=True)),
    )


def test_devices_and_arguments(imitation: None, monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model()
    x = random_events(model, 2, raw=False)
    assert cuda.devices() == ("imitation",) and repr(cuda.devices()) == "Devices(['imitation'])"
    with pytest.raises(InputError, match=r"'cuda:1': there is no device 1; there are 1, numbered from 0"):
        model.predict(x, device="cuda:1")
    for wrong in ("gpu", "cuda:", "cuda:-1", "CUDA", 0):
        with pytest.raises(InputError, match="expected 'cpu', 'cuda' or 'cuda:<number>'"):
            model.predict(x, device=wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="expected shape"):
        model.predict({"x": np.zeros((2, 4)), "z": np.zeros((2, 5))}, device="cuda")
    monkeypatch.setenv("BXNN_IMITATED_DEVICES", "0")
    assert cuda.devices() == () and cuda.devices().reason == "no device"
    with pytest.raises(UnsupportedError, match=r"device 'cuda:0': no device; use device='cpu'"):
        small_model().predict(x, device="cuda")


def test_too_little_memory(imitation: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error, and nothing lost: the next call has all memory again."""
    model = small_model()
    x = random_events(model, 2, raw=False)
    for limit in (100, 100_000, 20_000_000, 40_000_000):
        monkeypatch.setenv("BXNN_IMITATED_BYTES", str(limit))
        with pytest.raises(UnsupportedError, match="use fewer models at a time, or device='cpu'"):
            model.predict(x, device="cuda")
    monkeypatch.delenv("BXNN_IMITATED_BYTES")
    same(model.predict(x, device="cuda"), model.predict(x))


class OnDevice:
    """What bxnn uses of a CuPy array, in ordinary memory."""

    def __init__(self, array: Any) -> None:
        self.array = array
        self.shape, self.dtype = array.shape, array.dtype
        self.device = SimpleNamespace(id=0)
        self.data = SimpleNamespace(ptr=array.ctypes.data)
        self.__cuda_array_interface__ = array.__array_interface__

    def astype(self, dtype: Any, copy: bool) -> OnDevice:
        return OnDevice(self.array.astype(dtype, copy=copy))


class Nowhere:
    def __init__(self, number: int) -> None: ...
    def __enter__(self) -> None: ...
    def __exit__(self, *failure: object) -> None: ...


@pytest.fixture
def imitated_cupy(imitation: None, monkeypatch: pytest.MonkeyPatch) -> None:
    cupy: Any = SimpleNamespace(
        asarray=lambda array: array,
        ascontiguousarray=lambda array: OnDevice(np.ascontiguousarray(array.array)),
        empty=lambda shape, dtype: OnDevice(np.empty(shape, dtype)),
        cuda=SimpleNamespace(Device=Nowhere, get_current_stream=lambda: SimpleNamespace(ptr=0)),
    )
    monkeypatch.setitem(sys.modules, "cupy", cupy)


def test_arrays_on_a_device(imitated_cupy: None) -> None:
    model = small_model()
    for raw in (False, True):
        x = random_events(model, 300, raw=raw)
        predict = model.predict_raw if raw else model.predict
        got = predict({name: OnDevice(array) for name, array in x.items()}, device="cuda")  # type: ignore[dict-item]
        same([y.array for y in got], predict(x))
    x = random_events(model, 300, raw=False)
    x["z"][200, 4] = np.nan
    on_device: Any = [OnDevice(x["x"]), OnDevice(x["z"])]
    with pytest.raises(InputError, match=r"input 'z', event 200, element 4: the number is NaN or infinite"):
        model.predict(on_device, device="cuda")
    with pytest.raises(InputError, match="some inputs lie on a GPU and some do not"):
        model.predict([on_device[0], x["z"]], device="cuda")
    with pytest.raises(InputError, match="expected raw integers"):
        model.predict_raw(on_device, device="cuda")
    on_device[1].device.id = 1
    with pytest.raises(InputError, match="input 'z' lies on cuda:1; expected cuda:0"):
        model.predict(on_device, device="cuda")


def test_without_the_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_library(monkeypatch, tmp_path / "libbxnn_cuda.so")
    model = small_model()
    assert cuda.devices() == () and "was built without GPUs" in cuda.devices().reason
    with pytest.raises(UnsupportedError, match="was built without GPUs"):
        model.predict(random_events(model, 2, raw=False), device="cuda")
    cuda.LIBRARY.write_bytes(b"not a library")
    with pytest.raises(UnsupportedError, match="cannot be loaded"):
        model.predict(random_events(model, 2, raw=False), device="cuda")
    cuda._library.cache_clear()


@pytest.mark.skipif(bool(GPUS), reason="there is a GPU")
def test_without_a_gpu() -> None:
    """This machine's library, where there is one, says what is missing."""
    model = small_model()
    assert GPUS.reason
    with pytest.raises(UnsupportedError, match="use device='cpu'"):
        model.predict(random_events(model, 2, raw=False), device="cuda")


@needs_gpu
def test_golden_cases_on_a_gpu() -> None:
    for name in read_cases():
        compare_golden(name, None)


@needs_gpu
def test_random_events_on_a_gpu() -> None:
    for name in read_cases():
        model = Model.load(GOLDEN / f"{name}.bxnn")
        for predict, raw in ((model.predict, False), (model.predict_raw, True)):
            x = random_events(model, 10_000, raw=raw)
            same(*(y if isinstance(y, tuple) else (y,) for y in (predict(x, device="cuda"), predict(x))))


@needs_gpu
def test_cupy_on_a_gpu() -> None:
    cupy = pytest.importorskip("cupy")
    model = small_model()
    x = random_events(model, 100_000, raw=True)
    with cupy.cuda.Stream(non_blocking=True):
        got = model.predict_raw({name: cupy.asarray(array) for name, array in x.items()}, device="cuda")
        same([cupy.asnumpy(y) for y in got], model.predict_raw(x))
