"""Small models whose answers NumPy can state in one line, for the tests of the package and of the CLI."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn import Format, Model
from bxnn._core import Builder

INPUT = Format(8, 4)
EXACT = Format(20, 16)
WEIGHTS = np.array([[1, -2, 3], [4, 5, -6]])
BIAS = np.array([7, -8])
LSB = 2.0**-4


def dense(name: str = "dense", bias: NDArray[Any] = BIAS) -> Model:
    """x[3] -> layer 'fc' = output 'y'[2]; no rounding and no overflow."""
    builder = Builder(name)
    x = builder.input("x", [3], INPUT)
    y = builder.dot(x, WEIGHTS, 0, bias, 4, accum=EXACT, name="fc")
    builder.probe(y, "fc")
    builder.output(y, "y")
    return Model(builder.build())


def dense_raw(raw: NDArray[Any]) -> NDArray[np.int64]:
    """What `dense` gives for raw integers [..., 3]."""
    return np.asarray(raw.astype(np.int64) @ WEIGHTS.T + BIAS, dtype=np.int64)


def with_golden(model: Model, raw: NDArray[Any], wrong: int = 0) -> Model:
    """Carrying raw inputs and the model's answers to them, the first of which is off by `wrong`."""
    outputs = [np.array(a, dtype=np.int64) for a in model._core.run([raw.astype(np.int64)])]
    outputs[0][0, 0] += wrong
    return Model(model._core.with_golden([raw.astype(np.int64)], outputs))


def two_outputs(names: tuple[str, str] = ("y", "y2")) -> Model:
    """x[3] -> y[2] as `dense`, and y2[2] = y + y."""
    builder = Builder("two")
    x = builder.input("x", [3], INPUT)
    y = builder.dot(x, WEIGHTS, 0, BIAS, 4, accum=EXACT)
    builder.output(y, names[0])
    builder.output(builder.binary("add", y, y, EXACT), names[1])
    return Model(builder.build())


def two_inputs() -> Model:
    """a[2], b[2] -> sum[2] = a + b; b has twice the resolution of a."""
    builder = Builder("sum")
    a = builder.input("a", [2], INPUT)
    b = builder.input("b", [2], Format(8, 3))
    builder.output(builder.binary("add", a, b, Format(12, 7)), "sum")
    return Model(builder.build())


def identity(shape: list[int], fmt: Format = INPUT) -> Model:
    """x -> y = x."""
    builder = Builder("identity")
    builder.output(builder.input("x", shape, fmt), "y")
    return Model(builder.build())
