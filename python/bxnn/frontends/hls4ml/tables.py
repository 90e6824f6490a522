"""Function tables as the generated C++ fills them: the same float and double operations, entry by entry.

Products and quotients that C++ computes in double stay in float64 here, what it stores in a float goes
through float32, and transcendental functions are the C library's own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bxnn._core import libm

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

LARGEST = 1 << 20

_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717


def _expf(x: Floats) -> Floats:
    return np.asarray(libm("expf", x), dtype=np.float32)


def centred(size: int, half_span: float) -> Floats:
    """Arguments of a table over [-half_span, half_span)."""
    i = np.arange(size, dtype=np.float64)
    n = float(np.float32(size))
    return (2 * half_span * (i - n / 2.0) / n).astype(np.float32)


def negative(size: int) -> Floats:
    """Arguments of a table over (-8, 0], from zero down."""
    return (-8.0 * np.arange(size, dtype=np.float64) / float(np.float32(size))).astype(np.float32)


def sigmoid(size: int) -> Floats:
    grown = np.float32(1) + _expf(-centred(size, 8.0))
    return np.asarray(1.0 / grown.astype(np.float64), dtype=np.float32)


def tanh(size: int) -> Doubles:
    return np.asarray(libm("tanhf", centred(size, 4.0)), dtype=np.float64)


def softplus(size: int) -> Floats:
    return np.asarray(libm("log", _expf(centred(size, 8.0)).astype(np.float64) + 1.0)).astype(np.float32)


def softsign(size: int) -> Floats:
    x = centred(size, 8.0)
    return (x.astype(np.float64) / (np.abs(x).astype(np.float64) + 1.0)).astype(np.float32)


def elu(size: int) -> Floats:
    return (_expf(negative(size)).astype(np.float64) - 1.0).astype(np.float32)


def selu(size: int) -> Floats:
    grown = _expf(negative(size)).astype(np.float64) - 1.0
    return (_SELU_SCALE * (_SELU_ALPHA * grown)).astype(np.float32)


def exponential_over(size: int, half_span: float) -> Floats:
    return _expf(centred(size, half_span))


def exp_legacy(size: int) -> Floats:
    return exponential_over(size, 8.0)


def invert_legacy(size: int) -> Doubles:
    x = (64.0 * np.arange(size, dtype=np.float64) / float(np.float32(size))).astype(np.float32)
    with np.errstate(divide="ignore"):
        return np.where(x > 0, 1.0 / x.astype(np.float64), 0.0)


def exponential(x: Floats, scale: float, negated: bool) -> Floats:
    """Entries of softmax's table of exponentials for arguments x."""
    scaled = x * np.float32(scale)
    return _expf(-scaled if negated else scaled)


def inverse(x: Floats) -> Floats:
    """1/x in float; infinite at zero."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.float32(1) / x, dtype=np.float32)


def inverse_root(size: int, epsilon: int, power: int) -> Doubles:
    """1/sqrt(x) for x from 10^-epsilon in `size` steps up to 2^-power more."""
    step = np.float32(2.0**-power) / np.float32(size)
    x = np.float32(10.0**-epsilon) + step * np.arange(size).astype(np.float32)
    return np.asarray(1.0 / np.sqrt(x).astype(np.float64))


CENTRED: dict[str, tuple[Callable[[int], Floats | Doubles], int]] = {
    # name: (table, span that the table covers)
    "sigmoid": (sigmoid, 16),
    "tanh": (tanh, 8),
    "softplus": (softplus, 16),
    "softsign": (softsign, 16),
}
