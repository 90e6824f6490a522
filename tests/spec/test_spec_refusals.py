"""Graphs that break a rule of the IR are refused, by the interpreter and by the native core alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from . import fx
from .interpreter import SpecBuilder

try:
    from bxnn import _core as core  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    core = None

Make = Callable[[Any, Any, int], Any]  # builder, Format class, a [2, 3] input of ap_fixed<8,4>

ILLEGAL: dict[str, Make] = {
    "input width": lambda b, f, x: b.input("y", [1], f(65, 1)),
    "input unsigned 64": lambda b, f, x: b.input("y", [1], f(64, 1, False)),
    "input empty": lambda b, f, x: b.input("y", [2, 0], f(8, 4)),
    "input name taken": lambda b, f, x: b.input("x", [1], f(8, 4)),
    "constant out of range": lambda b, f, x: b.constant([8], f(4, 4)),
    "constant negative": lambda b, f, x: b.constant([-1], f(4, 4, False)),
    "constant empty": lambda b, f, x: b.constant([], f(4, 4)),
    "no such value": lambda b, f, x: b.cast(99, f(8, 4)),
    "cast width": lambda b, f, x: b.cast(x, f(65, 4)),
    "cast formats missing": lambda b, f, x: b.cast(x, [f(8, 4)] * 5),
    "cast shift": lambda b, f, x: b.cast(x, f(8, 4), shift=200),
    "cast too wide": lambda b, f, x: b.cast(x, f(64, -60, True, "TRN", "SAT"), shift=20),
    "cast formats too far apart": lambda b, f, x: b.cast(x, [f(8, 100)] + [f(8, -70)] * 5),
    "dot weights rank": lambda b, f, x: b.dot(x, np.zeros(6, int), 0),
    "dot weights taps": lambda b, f, x: b.dot(x, np.zeros((2, 5), int), 0),
    "dot bias shape": lambda b, f, x: b.dot(x, np.zeros((2, 6), int), 0, np.zeros((1, 3), int), 0),
    "dot index range": lambda b, f, x: b.dot(x, [[1, 1]], 0, index=[[0, 6]]),
    "dot index negative": lambda b, f, x: b.dot(x, [[1, 1]], 0, index=[[0, -2]]),
    "dot index taps": lambda b, f, x: b.dot(x, [[1, 1]], 0, index=[[0, 1, 2]]),
    "dot group range": lambda b, f, x: b.dot(x, [[1, 1]], 0, index=[[0, 1]], group=[1]),
    "dot group length": lambda b, f, x: b.dot(x, [[1, 1]], 0, index=[[0, 1]], group=[0, 0]),
    "dot accum width": lambda b, f, x: b.dot(x, np.zeros((2, 6), int), 0, accum=f(66, 4)),
    "dot product width": lambda b, f, x: b.dot(x, np.zeros((2, 6), int), 0, product=f(66, 4)),
    "dot shape": lambda b, f, x: b.dot(x, np.zeros((2, 6), int), 0, shape=[3]),
    "dot too wide": lambda b, f, x: b.dot(x, np.full((1, 6), 2**62), 0, [1], 90),
    "gather nothing": lambda b, f, x: b.gather([], [0]),
    "gather types": lambda b, f, x: b.gather([x, b.constant([1], f(8, 5))], [0]),
    "gather range": lambda b, f, x: b.gather([x], [6]),
    "gather negative": lambda b, f, x: b.gather([x], [-2]),
    "gather fill": lambda b, f, x: b.gather([x], [-1], fill=200),
    "gather shape": lambda b, f, x: b.gather([x], [0, 1], shape=[3]),
    "lut short": lambda b, f, x: b.lut(x, np.zeros(255, int), -128, f(8, 4)),
    "lut first": lambda b, f, x: b.lut(x, np.zeros(256, int), -127, f(8, 4)),
    "lut entry": lambda b, f, x: b.lut(x, np.full(256, 8), -128, f(4, 4)),
    "binary kind": lambda b, f, x: b.binary("xor", x, x),
    "binary shapes": lambda b, f, x: b.binary("add", x, b.constant([1, 2], f(4, 4))),
    "binary same size other shape": lambda b, f, x: b.binary("add", x, b.gather([x], [0] * 6, shape=[3, 2])),
    "binary too wide": lambda b, f, x: b.binary("add", x, b.constant([1], f(8, 130))),
    "select shapes": lambda b, f, x: b.select(x, x, b.constant([1, 2], f(4, 4))),
    "reduce kind": lambda b, f, x: b.reduce("mean", x, 1, 6, 1),
    "reduce split": lambda b, f, x: b.reduce("sum", x, 1, 5, 1),
    "reduce zero": lambda b, f, x: b.reduce("sum", x, 1, 0, 1),
    "reduce order": lambda b, f, x: b.reduce("sum", x, 1, 6, 1, order="random"),
    "reduce accum of max": lambda b, f, x: b.reduce("max", x, 1, 6, 1, accum=f(8, 4)),
    "output name taken": lambda b, f, x: (b.output(x, "y"), b.output(x, "y")),
    "output too wide": lambda b, f, x: b.output(b.binary("mul", x, b.constant([1], f(60, 30))), "y"),
    "probe name taken": lambda b, f, x: (b.probe(x, "p"), b.probe(x, "p"), b.output(x, "y")),
    "no output": lambda b, f, x: None,
    "format width": lambda b, f, x: f(0, 0),
    "format round": lambda b, f, x: f(8, 4, True, "UP"),
    "format overflow": lambda b, f, x: f(8, 4, True, "TRN", "MAX"),
}


# the native core computes these exactly although the IR does not ask for it
NATIVE_GOES_FURTHER = {"cast shift", "cast too wide"}


def attempt(builder: Any, fmt: Any, make: Make) -> None:
    x = builder.input("x", [2, 3], fmt(8, 4))
    make(builder, fmt, x)
    builder.output(x, "last") if make is not ILLEGAL["no output"] else None
    builder.build()


@pytest.mark.parametrize("rule", ILLEGAL)
def test_interpreter_refuses(rule: str) -> None:
    with pytest.raises(ValueError):
        attempt(SpecBuilder(), fx.Format, ILLEGAL[rule])


@pytest.mark.skipif(core is None, reason="the native core is not built")
@pytest.mark.parametrize("rule", sorted(ILLEGAL.keys() - NATIVE_GOES_FURTHER))
def test_native_core_refuses(rule: str) -> None:
    with pytest.raises((core.Error, ValueError, TypeError)):
        attempt(core.Builder(""), core.Format, ILLEGAL[rule])
