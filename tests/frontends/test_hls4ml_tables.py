"""Function tables: the arguments, the precision in which every step is taken, and the values."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

import numpy as np
import pytest

from bxnn.frontends.hls4ml import tables


def f32(x: float) -> float:
    """x rounded to a C float."""
    return float(struct.unpack("f", struct.pack("f", x))[0])


@pytest.mark.parametrize("size", [2, 100, 777, 1024])
def test_arguments(size: int) -> None:
    for i in (0, 1, size // 3, size - 1):
        assert tables.centred(size, 8.0)[i] == f32(2 * 8.0 * (i - size / 2.0) / size)
        assert tables.centred(size, 4.0)[i] == f32(2 * 4.0 * (i - size / 2.0) / size)
        assert tables.negative(size)[i] == f32(-8.0 * i / size)


EXACT: dict[str, tuple[Callable[[int], np.ndarray], Callable[[float], float]]] = {
    "sigmoid": (tables.sigmoid, lambda i: 1 / (1 + math.exp(-(16 * i - 8)))),
    "tanh": (tables.tanh, lambda i: math.tanh(8 * i - 4)),
    "softplus": (tables.softplus, lambda i: math.log(math.exp(16 * i - 8) + 1)),
    "softsign": (tables.softsign, lambda i: (16 * i - 8) / (abs(16 * i - 8) + 1)),
    "elu": (tables.elu, lambda i: math.exp(-8 * i) - 1),
    "selu": (tables.selu, lambda i: 1.0507009873554805 * (1.6732632423543772 * (math.exp(-8 * i) - 1))),
}


@pytest.mark.parametrize("name", sorted(EXACT))
def test_functions(name: str) -> None:
    """Entries lie within the rounding of float steps of the function: a wrong formula is far outside."""
    table, function = EXACT[name]
    entries = table(1024).astype(np.float64)
    expected = np.array([function(i / 1024) for i in range(1024)])
    assert np.abs(entries - expected).max() < 1e-6
    assert entries.astype(np.float32).astype(np.float64).tolist() == entries.tolist()  # all are floats


def test_softsign_is_exact() -> None:
    for i, x in enumerate(tables.centred(1024, 8.0)):
        assert tables.softsign(1024)[i] == f32(float(x) / (abs(float(x)) + 1.0))


def test_softmax_tables() -> None:
    x = np.array([0.0, 0.5, -2.0], np.float32)
    assert tables.inverse(x).tolist() == [math.inf, 2.0, -0.5]
    assert tables.exponential(x, 1.0, False)[0] == 1
    assert tables.exponential(x, 2.0, True)[1] == pytest.approx(math.exp(-1), abs=1e-7)
    legacy = tables.invert_legacy(64)
    assert legacy[0] == 0 and legacy[4] == 0.25
