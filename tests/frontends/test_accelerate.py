"""`bxnn.accelerate` against the object's own predict and trace: types, shapes, dtypes and values."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bxnn
from frontends import graphs

pytest.importorskip("hls4ml", reason="hls4ml is not installed")

RNG = np.random.default_rng(5)
WIDE = RNG.normal(0, 30, (7, 2, 3))
OTHER = RNG.normal(0, 3, (7, 6))


def two_inputs(folder: Path) -> Any:
    """Two outputs, an integer input, a result of more bits than a float32 has."""
    flatten = {"class_name": "Reshape", "name": "flat", "target_shape": [6], "inputs": ["a"]}
    model = graphs.graph(
        graphs.source(2, 3, name="a"),
        graphs.source(6, name="b"),
        flatten,
        graphs.merge("sum", "add", ["flat", "b"]),
        graphs.dense("d", 6, 3),
        layer_config={
            "a": {"Precision": {"result": "ap_fixed<30,8,AP_RND,AP_SAT>"}},
            "b": {"Precision": {"result": "ap_int<4>"}},
            "sum": {"Precision": {"result": "ap_fixed<40,12>"}},
        },
        inputs=["a", "b"],
        outputs=["d", "sum"],
    )
    return prepared(model, folder)


def one_input(folder: Path) -> Any:
    layers = (graphs.source(2, 3), graphs.activation("t", "tanh"), graphs.activation("r", "relu"))
    return prepared(graphs.graph(*layers), folder)


def wide_outputs(folder: Path) -> Any:
    """Results of more bits than a float64 has: both kinds of float round them once, to even."""
    model = graphs.graph(
        graphs.source(6),
        graphs.dense("d", 6, 3),
        graphs.activation("t", "linear"),
        layer_config={
            "x": {"Precision": {"result": "ap_fixed<33,7>"}},
            "d": {
                "Precision": {
                    "result": "ap_fixed<64,20>",
                    "weight": "ap_fixed<30,2>",
                    "accum": "ap_fixed<64,20>",
                }
            },
            "t": {"Precision": {"result": "ap_fixed<58,14>"}},
        },
        outputs=["d", "t"],
    )
    return prepared(model, folder)


def prepared(model: Any, folder: Path) -> Any:
    model.config.config["OutputDir"] = str(folder)
    for layer in model.get_layers():
        layer.set_attr("trace", layer.name in ("d", "t"))
    return model


def assert_same(got: Any, expected: Any) -> None:
    """The same structure, dtypes, shapes and bits."""
    assert type(got) is type(expected)
    if isinstance(expected, dict):
        assert list(got) == list(expected)
        got, expected = list(got.values()), list(expected.values())
    if isinstance(expected, (list, tuple)):
        assert len(got) == len(expected)
        for a, b in zip(got, expected, strict=True):
            assert_same(a, b)
        return
    assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
    assert (got == expected).all()


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++ to compile the C-simulation with")
@pytest.mark.parametrize("make", [one_input, two_inputs, wide_outputs])
def test_same_as_c_simulation(make: Any, tmp_path: Path) -> None:
    model = make(tmp_path / "project")
    model.config.trace_output = True
    model.compile()
    model.compile = lambda: None  # trace would compile again
    calls: list[Any]
    if make is wide_outputs:
        x = np.random.default_rng(6).normal(0, 20, (300, 6))
        calls = [x, x.astype(np.float32)]
    elif make is one_input:
        calls = [WIDE, WIDE.astype(np.float32), WIDE[:1], WIDE[0], WIDE.reshape(7, 6).copy()]
    else:
        calls = [[WIDE, OTHER], [WIDE.astype(np.float32), OTHER.astype(np.float32)], [WIDE[:1], OTHER[:1]]]
    expected = [(model.predict(x), model.trace(x)) for x in calls]
    assert bxnn.accelerate(model) is model
    for x, (prediction, trace) in zip(calls, expected, strict=True):
        assert_same(model.predict(x), prediction)
        assert_same(model.trace(x), trace)


def test_restore() -> None:
    model = graphs.graph(graphs.source(4), graphs.activation("a", "relu"))
    kind = type(model)
    bxnn.accelerate(model)
    assert model.predict.__func__ is not kind.predict
    from bxnn.accelerate import restore

    assert restore(model).predict.__func__ is kind.predict
    assert model.trace.__func__ is kind.trace


def test_anything_else_than_a_graph() -> None:
    with pytest.raises(bxnn.InputError, match="ModelGraph, got int"):
        bxnn.accelerate(3)


@pytest.mark.parametrize(
    ("x", "reason"),
    [
        ([[0.0] * 4], "numpy.ndarray"),
        (np.zeros((3, 4), np.int64), "float32 or float64"),
        (np.zeros((4, 3)).T, "C-contiguous"),
        (np.zeros((3, 5)), "events, 4"),
        (np.full((3, 4), np.nan), "NaN|nan|not finite"),
    ],
)
def test_wrong_inputs(x: Any, reason: str) -> None:
    model = bxnn.accelerate(graphs.graph(graphs.source(4), graphs.activation("a", "relu")))
    with pytest.raises(bxnn.InputError, match=reason):
        model.predict(x)
