"""QONNX's quantiser and small networks in plain Python fractions, by the words of its definition."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
HALF = Fraction(1, 2)


def exact(x: ArrayLike) -> Array:
    """float32 numbers as fractions."""
    single = np.asarray(x, np.float32)
    out = np.empty(single.shape, object)
    for i, number in enumerate(single.ravel().tolist()):
        out.flat[i] = Fraction(number)
    return out


def rounded(x: Fraction, mode: str) -> int:
    below = x.numerator // x.denominator
    rest = x - below
    if mode == "FLOOR" or rest == 0:
        return below
    if mode in ("CEIL", "UP", "DOWN"):
        return below + {"CEIL": 1, "UP": int(x > 0), "DOWN": int(x < 0)}[mode]
    if rest != HALF:
        return below + int(rest > HALF)
    return below + {"ROUND": below % 2, "HALF_UP": int(x > 0), "HALF_DOWN": int(x < 0)}[mode]


def quantised(
    x: Fraction, scale: Fraction, zero: Fraction, bits: int, signed: int, narrow: int, mode: str
) -> Fraction:
    y = x / scale + zero
    if bits == 1 and signed:
        return ((1 if y >= 0 else -1) - zero) * scale
    low, high = (-(2 ** (bits - 1)) + narrow, 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1 - narrow)
    return (min(max(rounded(y, mode), low), high) - zero) * scale


def over(function: Callable[..., Fraction], *arrays: Array) -> Array:
    spread = np.broadcast_arrays(*arrays)
    out = np.empty(spread[0].shape, object)
    for i, numbers in enumerate(zip(*(a.flat for a in spread), strict=True)):
        out.flat[i] = function(*numbers)
    return out


def quant(x: Array, bits: int, scale: ArrayLike, *, signed: int = 1, narrow: int = 0) -> Array:
    """Quant with half to even and no zero point."""
    return over(lambda n, s: quantised(n, s, Fraction(0), bits, signed, narrow, "ROUND"), x, exact(scale))
