"""Arrays in a GPU's memory: those of others, read where they are, and results for programs without CuPy."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from math import prod
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bxnn._core import InputError

INTERFACE = "__cuda_array_interface__"
CUDA, CUDA_MANAGED = 2, 13  # kinds of memory in DLPack
CODES = {0: "i", 1: "u", 2: "f", 6: "b"}  # kinds of numbers in DLPack
CAPSULE, USED = b"dltensor", b"used_dltensor"


class _DLTensor(ctypes.Structure):
    _fields_: ClassVar = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class _Managed(ctypes.Structure):
    pass


_Deleter = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Managed))
_Managed._fields_ = [("tensor", _DLTensor), ("context", ctypes.c_void_p), ("deleter", _Deleter)]

_api = ctypes.pythonapi
_is_valid = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_IsValid", _api))
_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", _api)
)
_rename = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_SetName", _api))
_Destructor = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)
# In a destructor nobody refers to the capsule any more: it is no object for Python.
_raw_is_valid = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p)(("PyCapsule_IsValid", _api))
_raw_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", _api)
)
_new = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(
    ("PyCapsule_New", _api)
)


class View(NamedTuple):
    """An array of somebody else on a GPU; `owner` keeps it alive."""

    address: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    device: int | None  # None: not said
    owner: Any


def on_gpu(x: Any) -> bool:
    """Whether x says that it lies in a GPU's memory."""
    if hasattr(x, INTERFACE):
        return True
    device = getattr(x, "__dlpack_device__", None)
    return device is not None and int(device()[0]) in (CUDA, CUDA_MANAGED)


def view(x: Any, stream: int) -> View:
    """An array with `__dlpack__` or `__cuda_array_interface__`, ready for work on the stream.

    Raises InputError for an array that is not C-contiguous or whose numbers NumPy does not know.
    """
    if hasattr(x, "__dlpack__"):
        return _from_dlpack(x, stream)
    found = getattr(x, INTERFACE)
    shape, dtype = tuple(found["shape"]), np.dtype(found["typestr"])
    _require_contiguous(shape, dtype.itemsize, found.get("strides"))
    return View(int(found["data"][0]), shape, dtype, None, x)


def _from_dlpack(x: Any, stream: int) -> View:
    # 1 is the default stream in DLPack, where 0 is ambiguous.
    capsule = x.__dlpack__(stream=stream or 1)
    if not _is_valid(capsule, CAPSULE):
        raise InputError("__dlpack__ gave no tensor that has not been used before")
    managed = ctypes.cast(_pointer(capsule, CAPSULE), ctypes.POINTER(_Managed))
    _rename(capsule, USED)
    owner = _Borrowed(managed)
    tensor = managed.contents.tensor
    if tensor.lanes != 1 or tensor.code not in CODES:
        raise InputError(f"expected an array of integers or real numbers, got DLPack's type {tensor.code}")
    dtype = np.dtype("bool" if tensor.code == 6 else f"{CODES[tensor.code]}{tensor.bits // 8}")
    shape = tuple(tensor.shape[i] for i in range(tensor.ndim))
    if tensor.strides:
        steps = tuple(tensor.strides[i] * dtype.itemsize for i in range(tensor.ndim))
        _require_contiguous(shape, dtype.itemsize, steps)
    return View((tensor.data or 0) + tensor.byte_offset, shape, dtype, tensor.device_id, (x, owner))


class _Borrowed:
    """A tensor of somebody else, given back when nobody looks at it any more."""

    def __init__(self, managed: Any) -> None:
        self._managed = managed

    def __del__(self) -> None:
        if self._managed.contents.deleter:
            self._managed.contents.deleter(self._managed)


def _require_contiguous(shape: tuple[int, ...], size: int, strides: tuple[int, ...] | None) -> None:
    if strides is None or prod(shape) == 0:
        return
    for length, step in zip(reversed(shape), reversed(strides), strict=True):
        if length != 1 and step != size:
            raise InputError("the array on the GPU is not C-contiguous; copy it first, or install CuPy")
        size *= length


class DeviceArray:
    """A result in a GPU's memory: for everything that takes DLPack or `__cuda_array_interface__`."""

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        device: int,
        take: Callable[[int], int],
        give: Callable[[int], None],
    ) -> None:
        self.shape, self.dtype, self.device = shape, dtype, device
        self.address = take(prod(shape) * dtype.itemsize)
        self._give = give

    def __del__(self) -> None:
        if hasattr(self, "_give"):
            self._give(self.address)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {
            "shape": self.shape,
            "typestr": self.dtype.str,
            "data": (self.address, False),
            "strides": None,
            "version": 3,
        }

    def __dlpack_device__(self) -> tuple[int, int]:
        return CUDA, self.device

    def __dlpack__(self, *, stream: int | None = None, **_: Any) -> Any:
        """The results are there already: nothing needs to be waited for on any stream."""
        lent = _Lent(self)
        _lent[ctypes.addressof(lent.managed)] = lent
        return _new(ctypes.addressof(lent.managed), CAPSULE, ctypes.cast(_DESTRUCTOR, ctypes.c_void_p))


class _Lent:
    """What a consumer of DLPack reads of an array, alive until it says that it is done."""

    def __init__(self, array: DeviceArray) -> None:
        self.array = array
        self.shape = (ctypes.c_int64 * len(array.shape))(*array.shape)
        kind = {"i": 0, "u": 1, "f": 2}[array.dtype.kind]
        tensor = _DLTensor(
            array.address, CUDA, array.device, len(array.shape), kind, 8 * array.dtype.itemsize, 1, self.shape
        )
        self.managed = _Managed(tensor, None, _DELETER)


_lent: dict[int, _Lent] = {}


def _give_back(managed: Any) -> None:
    _lent.pop(ctypes.addressof(managed.contents), None)


def _drop(capsule: int) -> None:
    """A capsule that nobody used."""
    if _raw_is_valid(capsule, CAPSULE):
        _lent.pop(int(_raw_pointer(capsule, CAPSULE)), None)


_DELETER, _DESTRUCTOR = _Deleter(_give_back), _Destructor(_drop)
