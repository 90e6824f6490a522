"""Integers in a QONNX graph: what ONNX divides toward zero and wraps, and shapes that are computed."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

onnx: Any = pytest.importorskip("onnx")
pytest.importorskip("onnx.reference")
pytest.importorskip("bxnn._core")

import bxnn  # noqa: E402
from tests.frontends.qonnx_graphs import Array, Graph, numbers_of  # noqa: E402


def integer_model(kind: int, build: Any, outputs: int) -> Any:
    """A graph of one input of integers of that type and shape [1, 4]."""
    g = Graph()
    g.inputs.append(onnx.helper.make_tensor_value_info("x", kind, [1, 4]))
    y = build(g)
    return g.model(y, kinds={y: outputs})


def reference(proto: Any, x: Array) -> Array:
    return np.asarray(onnx.reference.ReferenceEvaluator(proto).run(None, {"x": x})[0])


@pytest.mark.parametrize("divisor", [1, -1, 2, -2, 3, -7])
def test_integers_are_divided_toward_zero(divisor: int) -> None:
    proto = integer_model(6, lambda g: g.node("Div", "x", g.constant(divisor, np.int32)), 6)
    model = bxnn.from_qonnx(proto, formats={"x": "fixed<8,8>"})
    events = np.arange(-128, 128, dtype=np.int32).reshape(-1, 4)
    got = model.predict(events.astype(float))
    assert (got == np.concatenate([reference(proto, x[None]) for x in events])).all()


def test_the_place_of_the_largest_is_an_integer() -> None:
    g = Graph()
    y = g.node("Div", g.node("ArgMax", g.input("x", 4), axis=-1), g.constant(2, np.int64))
    model = bxnn.from_qonnx(g.model(y, kinds={y: 7}), formats={"x": "fixed<8,5>"})
    assert model.predict(np.eye(4)).ravel().tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul", "Div"])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int64])
def test_constants_of_integers_wrap(kind: str, dtype: Any) -> None:
    info = np.iinfo(dtype)
    a, b = np.meshgrid([info.min, info.max, 100, 3], [info.max, 100, 7], indexing="ij")
    g = Graph()
    folded = g.node(kind, g.constant(a, dtype), g.constant(b, dtype))
    proto = g.model(g.node("Add", g.input("x", 1), g.node("Cast", folded, to=11)))
    with np.errstate(all="ignore"):
        each = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply}
        expected = each[kind](a.astype(dtype), b.astype(dtype)) if kind in each else None
    if expected is None:
        expected = np.array(
            [int(Fraction(m, n)) for m, n in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True)], dtype
        )
    model = bxnn.from_qonnx(proto, formats={"x": "ufixed<1,1>"})
    (got,) = numbers_of(model, model.predict_raw([[0]]))
    assert [int(n) for n in got.ravel()] == [int(n) for n in expected.ravel()]


WRAPPING: dict[str, tuple[Any, str, str]] = {
    "Sub": (lambda g: g.node("Sub", "x", g.constant(2, np.uint8)), "ufixed<8,8>", "as far as -2, beyond"),
    "Add": (lambda g: g.node("Add", "x", "x"), "ufixed<8,8>", "as far as 511, beyond UINT8"),
    "Mul": (lambda g: g.node("Mul", "x", g.constant(3, np.uint8)), "ufixed<7,7>", "as far as 381, beyond"),
    "Neg": (lambda g: g.node("Neg", "x"), "ufixed<8,8>", "beyond UINT8"),
    "MatMul": (
        lambda g: g.node("MatMul", "x", g.constant(np.full((4, 1), 1), np.uint8)),
        "ufixed<7,7>",
        "beyond UINT8",
    ),
    "fractions": (lambda g: g.node("Add", "x", "x"), "ufixed<8,5>", "no integer; state formats without"),
    "types": (
        lambda g: g.node("Add", "x", g.constant(1, np.int8)),
        "ufixed<4,4>",
        "operands 'x' and 'c0' are of types UINT8 and INT8; expected one type",
    ),
    "real": (
        lambda g: g.node("Mul", "x", g.constant(0.5)), "ufixed<4,4>", "UINT8 and floating point; expected one"
    ),
    "cast": (lambda g: g.node("Cast", "x", to=3), "ufixed<4,4>", "a cast from UINT8 to INT8"),
    "pooling": (
        lambda g: g.node("GlobalAveragePool", g.node("Reshape", "x", g.constant([1, 1, 4], np.int64))),
        "ufixed<4,4>",
        "is of type UINT8, not supported here",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRAPPING)
def test_integers_that_may_wrap_are_refused(case: str) -> None:
    build, fmt, pattern = WRAPPING[case]
    with pytest.raises(bxnn.UnsupportedError, match=pattern):
        bxnn.from_qonnx(integer_model(2, build, 2), formats={"x": fmt})


def test_integers_that_stay_in_their_type_are_computed() -> None:
    """Also in a wider type that they are cast to."""

    def build(g: Graph) -> Any:
        wide = g.node("Cast", g.node("Add", "x", g.constant(100, np.uint8)), to=7)
        return g.node("Sub", g.node("Mul", wide, g.constant([-300, 1, 2, 7], np.int64)), wide)

    proto = integer_model(2, build, 7)
    model = bxnn.from_qonnx(proto, formats={"x": "ufixed<7,7>"})
    events = np.arange(128, dtype=np.uint8).reshape(-1, 4)
    expected = np.concatenate([reference(proto, x[None]) for x in events])
    assert (model.predict(events.astype(float)) == expected).all()


def test_sizes_are_taken_one_by_one_as_pytorch_exports_them() -> None:
    g = Graph()
    x = g.input("x", 2, 5)
    size = g.node("Gather", g.node("Shape", x), g.constant(2, np.int64), axis=0)
    zero, rest = g.constant([0], np.int64), g.constant([-1], np.int64)
    half = g.node("Unsqueeze", g.node("Div", size, g.constant(2, np.int64)), zero)
    y = g.node("Reshape", x, g.node("Concat", rest, half, axis=0))
    model = bxnn.from_qonnx(g.model(y), formats={"x": "fixed<8,5>"})
    assert model.outputs[0].shape == (5, 2)


def test_a_constant_is_cast_as_onnx_casts() -> None:
    def cast(value: Any, dtype: Any, to: int) -> Any:
        g = Graph()
        y = g.node("Cast", g.node("Cast", g.constant(value, dtype), to=to), to=1)
        return bxnn.from_qonnx(g.model(g.node("Add", g.input("x", 1), y)), formats={"x": "ufixed<1,1>"})

    assert cast([-2.75], np.float32, 3).predict([0.0]).item() == -2
    assert cast([300], np.int64, 2).predict([0.0]).item() == 44
    with pytest.raises(bxnn.UnsupportedError, match="numbers beyond INT8"):
        cast([300.0], np.float32, 3)
