"""NVIDIA's driver through ctypes: copies, and how fast they are. Where there is a GPU, it is there."""

from __future__ import annotations

import ctypes
import time
from typing import Any

import numpy as np

from benchmarks.contest import Absent

SIZE = 1 << 30  # bytes of a copy whose speed is measured
TIMES = 8


class Driver:
    """One device, whose primary context is the one that CUDA's runtime uses too."""

    def __init__(self, number: int) -> None:
        """Raises Absent where there is no driver."""
        try:
            self._library = ctypes.CDLL("libcuda.so.1")
        except OSError as error:
            raise Absent(f"the driver cannot be loaded: {error}") from None
        device, context = ctypes.c_int(), ctypes.c_void_p()
        self._call("cuInit", 0)
        self._call("cuDeviceGet", ctypes.byref(device), number)
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self._call("cuCtxSetCurrent", context)

    def _call(self, name: str, *arguments: Any) -> None:
        code = getattr(self._library, name)(*arguments)
        if code:
            raise Absent(f"{name} failed with code {code}")

    def upload(self, address: int, array: np.ndarray[Any, Any]) -> None:
        """Copy a contiguous array to the device."""
        size = ctypes.c_size_t(array.nbytes)
        self._call("cuMemcpyHtoD_v2", ctypes.c_uint64(address), ctypes.c_void_p(array.ctypes.data), size)

    def download(self, array: np.ndarray[Any, Any], address: int) -> None:
        """Fill a contiguous array from the device."""
        size = ctypes.c_size_t(array.nbytes)
        self._call("cuMemcpyDtoH_v2", ctypes.c_void_p(array.ctypes.data), ctypes.c_uint64(address), size)

    def bandwidths(self) -> dict[str, float]:
        """Bytes a second: `device` read and written by copies on the device; `up`, `down`: to and from it."""
        first, second, pinned = ctypes.c_uint64(), ctypes.c_uint64(), ctypes.c_void_p()
        size = ctypes.c_size_t(SIZE)
        self._call("cuMemAlloc_v2", ctypes.byref(first), size)
        self._call("cuMemAlloc_v2", ctypes.byref(second), size)
        self._call("cuMemAllocHost_v2", ctypes.byref(pinned), size)
        try:
            return {
                "device": 2 * self._rate("cuMemcpyDtoDAsync_v2", second, first, size, None),
                "up": self._rate("cuMemcpyHtoDAsync_v2", first, pinned, size, None),
                "down": self._rate("cuMemcpyDtoHAsync_v2", pinned, first, size, None),
            }
        finally:
            self._call("cuMemFreeHost", pinned)
            self._call("cuMemFree_v2", first)
            self._call("cuMemFree_v2", second)

    def _rate(self, name: str, *arguments: Any) -> float:
        best = 0.0
        for _ in range(4):
            self._call("cuCtxSynchronize")
            start = time.perf_counter()
            for _ in range(TIMES):
                self._call(name, *arguments)
            self._call("cuCtxSynchronize")
            best = max(best, SIZE * TIMES / (time.perf_counter() - start))
        return best
