"""NVIDIA GPUs: `Model.predict(x, device="cuda")`. docs/howto/cuda.md says what is needed.

The library behind this module is loaded when a GPU is first asked for; `import bxnn` needs none of it.
"""

from __future__ import annotations

import ctypes
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from math import prod
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary, finalize

import numpy as np

from bxnn import _core
from bxnn._core import Error, InputError, Tensor, UnsupportedError
from bxnn.device_arrays import INTERFACE, DeviceArray, View, on_gpu, view

if TYPE_CHECKING:
    from bxnn.model import Events, Model

LIBRARY = Path(__file__).with_name("libbxnn_cuda.so")
NO_DEVICE, INPUT, UNSUPPORTED, MEMORY, FAILED, NUMBER = range(1, 7)
TYPES = {
    np.dtype(name): code
    for code, name in enumerate(
        ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
    )
}


class _Array(ctypes.Structure):
    _fields_: ClassVar = [("data", ctypes.c_void_p), ("type", ctypes.c_int)]


class _Bad(ctypes.Structure):
    _fields_: ClassVar = [
        ("event", ctypes.c_uint64),
        ("input", ctypes.c_uint64),
        ("element", ctypes.c_uint64),
    ]


class Devices(tuple[str, ...]):
    """Names of the GPUs in the order of their numbers; where there is none, `reason` says why."""

    reason: str

    def __new__(cls, names: Sequence[str], reason: str = "") -> Devices:
        found = super().__new__(cls, tuple(names))
        found.reason = reason
        return found

    def __repr__(self) -> str:
        return f"<no GPU: {self.reason}>" if not self else f"Devices({list(self)})"


def devices() -> Devices:
    """The GPUs that `device="cuda:0"`, `device="cuda:1"` ... mean. Never raises for a machine without one."""
    try:
        library = _library()
    except UnsupportedError as error:
        return Devices([], str(error))
    count, name = ctypes.c_int(), ctypes.create_string_buffer(256)
    if library.bxnn_cuda_device_count(ctypes.byref(count)):
        return Devices([], library.bxnn_cuda_message().decode())
    names = []
    for number in range(count.value):
        _check(library.bxnn_cuda_device_name(number, name, len(name)), f"cuda:{number}")
        names.append(name.value.decode())
    return Devices(names)


def explain(model: Model) -> dict[str, Any]:
    """Which kernel carries out the model on a GPU of compute capability 8.0 or newer, and why.

    `kernel`: "fused", by tensor cores, or "generic", which older GPUs take for every model; `because`; for a
    fused chain also `layers`, with the tensor core products that 16 events take, `shared_bytes` of weights
    and whether `squares` are summed behind it. Needs no GPU.
    """
    found: dict[str, Any] = json.loads(model._core.explain_cuda())
    return found


def outputs(model: Model, x: Events, device: str, *, raw: bool, trace: bool = False) -> list[Any]:
    """What the model gives for x on a GPU: an array of shape (*batch, *output shape) for every output.

    x, raw: as for `Model.predict` and `Model.predict_raw`. trace: every layer's results behind the outputs.
    The results are NumPy arrays for x that NumPy takes. Arrays with `__dlpack__` (PyTorch, JAX) or
    `__cuda_array_interface__` on a GPU are read where they are if they are C-contiguous, and the results are
    CuPy arrays, or a `DeviceArray` where CuPy is not installed. Raises InputError as those do, and for a
    device that is not there; UnsupportedError where there is none, or too little memory on it.
    """
    number = _device_number(device)
    given: Any = list(x.values()) if isinstance(x, Mapping) else x if isinstance(x, (list, tuple)) else [x]
    on_device = [on_gpu(array) for array in given]
    loaded = _loaded(model._core, number, trace)
    tensors = [*model.outputs, *(model.layers if trace else [])]
    if any(on_device):
        if not all(on_device):
            raise InputError("some inputs lie on a GPU and some do not; bring them to one place")
        call = _from_device if _has_cupy() else _from_device_alone
        return call(model, x, loaded, tensors, raw)
    batch, arrays = model.events(x, raw=raw)
    results = [np.empty((len(arrays[0]), prod(t.shape)), _dtype(t, raw)) for t in tensors]
    described, bad = _described((a.ctypes.data, a.dtype) for a in [*arrays, *results]), _Bad()
    with loaded.context() as context:
        code = _library().bxnn_cuda_predict_host(
            context, described, len(described), len(arrays[0]), ctypes.byref(bad)
        )
        _checked(model, code, bad, device, raw=raw)
    return [a.reshape(batch + tuple(t.shape)) for a, t in zip(results, tensors, strict=True)]


@cache
def _has_cupy() -> bool:
    try:
        import_module("cupy")
    except ImportError:
        return False
    return True


def _from_device(model: Model, x: Any, loaded: _Loaded, tensors: list[Tensor], raw: bool) -> list[Any]:
    """Arrays in and out by CuPy; work is enqueued on its current stream and waited for."""
    cupy: Any = import_module("cupy")
    number = loaded.number
    with cupy.cuda.Device(number):
        stream = cupy.cuda.get_current_stream().ptr
        arrays = []
        for given, tensor in zip(model._by_input(x), model.inputs, strict=True):
            array = cupy.asarray(given) if hasattr(given, INTERFACE) else cupy.from_dlpack(given)
            _require_here(array.device.id, number, tensor)
            arrays.append(
                cupy.ascontiguousarray(array.astype(_readable(array.dtype, tensor, raw), copy=False))
            )
        batch = _one_batch(arrays, model)
        results = [cupy.empty(batch + tuple(t.shape), _dtype(t, raw)) for t in tensors]
        described = _described((a.data.ptr, a.dtype) for a in [*arrays, *results])
        _predict(model, loaded, described, prod(batch), stream, raw)
    return results


def _from_device_alone(model: Model, x: Any, loaded: _Loaded, tensors: list[Tensor], raw: bool) -> list[Any]:
    """The same without CuPy, on the default stream: arrays must be of a type that is read as it is."""
    number, library, views = loaded.number, _library(), []
    for given, tensor in zip(model._by_input(x), model.inputs, strict=True):
        array = view(given, 0)
        if array.device is not None:
            _require_here(array.device, number, tensor)
        wanted = _readable(array.dtype, tensor, raw)
        if array.dtype.kind == "b" and raw:
            array = array._replace(dtype=wanted)
        if array.dtype != wanted:
            raise InputError(f"input '{tensor.name}': convert it to {wanted} first, or install CuPy")
        views.append(array)
    batch = _one_batch(views, model)

    def take(size: int) -> int:
        memory = ctypes.c_void_p()
        _check(library.bxnn_cuda_memory_take(number, size, ctypes.byref(memory)), f"cuda:{number}")
        return memory.value or 0

    def give(address: int) -> None:
        library.bxnn_cuda_memory_give(number, address)

    results = [DeviceArray(batch + tuple(t.shape), _dtype(t, raw), number, take, give) for t in tensors]
    arrays: list[View | DeviceArray] = [*views, *results]
    described = _described((a.address, a.dtype) for a in arrays)
    _predict(model, loaded, described, prod(batch), None, raw)
    return results


def _require_here(device: int, number: int, tensor: Tensor) -> None:
    if device != number:
        raise InputError(
            f"input '{tensor.name}' lies on cuda:{device}; expected cuda:{number}, or say device="
        )


def _one_batch(arrays: Sequence[Any], model: Model) -> tuple[int, ...]:
    """The batch shape that all arrays have."""
    from bxnn.model import _batch_shape

    batches = [_batch_shape(array, tensor) for array, tensor in zip(arrays, model.inputs, strict=True)]
    for batch, tensor in zip(batches, model.inputs, strict=True):
        if batch != batches[0]:
            raise InputError(f"input '{tensor.name}': expected the batch shape {batches[0]}, got {batch}")
    return batches[0]


def _predict(model: Model, loaded: _Loaded, arrays: Any, events: int, stream: int | None, raw: bool) -> None:
    """Arrays on the GPU from end to end, on the stream, and waits for it."""
    library, bad, device = _library(), _Bad(), f"cuda:{loaded.number}"
    with loaded.context() as context:
        _check(library.bxnn_cuda_predict(context, arrays, len(arrays), events, stream), device)
        code = library.bxnn_cuda_wait(context, stream, ctypes.byref(bad))
        _checked(model, code, bad, device, raw=raw)


def _readable(dtype: np.dtype[Any], tensor: Tensor, raw: bool) -> np.dtype[Any]:
    """The type in which the library reads an array of another."""
    if dtype.kind == "b":
        return np.dtype(np.uint8 if raw else np.float64)
    if raw and dtype.kind in "iu":
        return dtype
    if not raw and dtype.kind == "f" and dtype.itemsize <= 8:
        return np.dtype(np.float64 if dtype.itemsize == 8 else np.float32)
    if not raw and dtype.kind in "iu" and dtype.itemsize <= 4:
        return np.dtype(np.float64)
    expected = "raw integers (real numbers go to predict)" if raw else "real numbers of at most 53 bits"
    raise InputError(f"input '{tensor.name}': expected {expected}, got dtype {dtype}")


def _dtype(tensor: Tensor, raw: bool) -> np.dtype[Any]:
    return tensor.dtype if raw else np.dtype(np.float64)


def _described(arrays: Iterable[tuple[int, np.dtype[Any]]]) -> ctypes.Array[_Array]:
    """Addresses and types as the library takes them."""
    described = [_Array(address, TYPES[dtype]) for address, dtype in arrays]
    return (_Array * len(described))(*described)


def _device_number(device: str) -> int:
    match = re.fullmatch(r"cuda(?::(\d{1,4}))?", device) if isinstance(device, str) else None
    if match is None:
        raise InputError(f"device: expected 'cpu', 'cuda' or 'cuda:<number>', got {device!r}")
    return int(match[1] or 0)


@cache
def _library() -> ctypes.CDLL:
    if not LIBRARY.exists():
        raise UnsupportedError(
            "this bxnn was built without GPUs, because CUDA's compiler was not found or did not work; "
            "install nvcc and then bxnn from source, or use device='cpu'"
        )
    try:
        library = ctypes.CDLL(str(LIBRARY))
    except OSError as error:
        raise UnsupportedError(f"the library for GPUs cannot be loaded: {error}") from None
    pointer, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    arrays, bad = ctypes.POINTER(_Array), ctypes.POINTER(_Bad)
    library.bxnn_cuda_message.restype = ctypes.c_char_p
    for name, arguments in {
        "message": [],
        "device_count": [ctypes.POINTER(number)],
        "device_name": [number, ctypes.c_char_p, size],
        "memory_take": [number, size, ctypes.POINTER(pointer)],
        "memory_give": [number, pointer],
        "plan_load": [ctypes.c_char_p, size, number, ctypes.POINTER(pointer)],
        "plan_free": [pointer],
        "context_create": [pointer, ctypes.POINTER(pointer)],
        "context_free": [pointer],
        "predict": [pointer, arrays, size, ctypes.c_uint64, pointer],
        "wait": [pointer, pointer, bad],
        "predict_host": [pointer, arrays, size, ctypes.c_uint64, bad],
    }.items():
        getattr(library, f"bxnn_cuda_{name}").argtypes = arguments
    return library


def _check(code: int, device: str) -> None:
    """Raises what a code of the library means."""
    if code == 0:
        return
    told = _library().bxnn_cuda_message().decode()
    if code == INPUT:
        raise InputError(told)
    if code == NO_DEVICE:
        if not devices():
            raise UnsupportedError(f"device '{device}': {told}; use device='cpu'")
        raise InputError(f"device '{device}': {told}")
    if code in (UNSUPPORTED, MEMORY):
        remedy = "use fewer models at a time, or device='cpu'" if code == MEMORY else "use device='cpu'"
        raise UnsupportedError(f"device '{device}': {told}; {remedy}")
    raise Error(f"device '{device}': {told}")


class _Loaded:
    """A model on one device, with contexts to lend: one a call at a time."""

    def __init__(self, plan: bytes, number: int) -> None:
        self.number = number
        self._library, self._device = _library(), f"cuda:{number}"
        self._plan, self._free, self._lock = ctypes.c_void_p(), list[ctypes.c_void_p](), Lock()
        code = self._library.bxnn_cuda_plan_load(plan, len(plan), number, ctypes.byref(self._plan))
        _check(code, self._device)
        finalize(self, _release, self._library, self._plan, self._free).atexit = False  # type: ignore[misc]

    @contextmanager
    def context(self) -> Iterator[ctypes.c_void_p]:
        with self._lock:
            lent = self._free.pop() if self._free else None
        if lent is None:
            lent = ctypes.c_void_p()
            _check(self._library.bxnn_cuda_context_create(self._plan, ctypes.byref(lent)), self._device)
        try:
            yield lent
        finally:
            with self._lock:
                self._free.append(lent)


def _release(library: ctypes.CDLL, plan: ctypes.c_void_p, contexts: list[ctypes.c_void_p]) -> None:
    for context in contexts:
        library.bxnn_cuda_context_free(context)
    library.bxnn_cuda_plan_free(plan)


_models: WeakKeyDictionary[_core.Model, dict[tuple[int, bool], _Loaded]] = WeakKeyDictionary()
_models_lock = Lock()


def _loaded(core: _core.Model, number: int, trace: bool) -> _Loaded:
    with _models_lock:
        places = _models.setdefault(core, {})
        if (number, trace) not in places:
            places[number, trace] = _Loaded(core.flat_plan(trace), number)
        return places[number, trace]


def _checked(model: Model, code: int, bad: _Bad, device: str, *, raw: bool) -> None:
    """As `_check`; a number that is not allowed is told as the CPU tells it."""
    if code != NUMBER:
        return _check(code, device)
    tensor = model.inputs[bad.input]
    place = f"input '{tensor.name}', event {bad.event}, element {bad.element}"
    if not raw:
        raise InputError(f"{place}: the number is NaN or infinite; expected finite numbers")
    low, high = tensor.format.min_raw, tensor.format.max_raw
    raise InputError(f"{place}: the raw integer is outside {tensor.format}, which allows {low} to {high}")
