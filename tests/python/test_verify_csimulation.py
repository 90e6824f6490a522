"""`bxnn.verify` against hls4ml's compiled C-simulation, layer by layer."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bxnn import verify

from . import example_models as example

hls4ml = pytest.importorskip("hls4ml")
keras = pytest.importorskip("tensorflow").keras
pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="C-simulation needs g++")

RAW = np.random.default_rng(0).integers(-128, 128, (60, 3))


def hls_graph(folder: Path) -> Any:
    """The network of `example.dense`."""
    model = keras.Sequential([keras.layers.Dense(2, name="fc", input_shape=(3,))])
    model.layers[0].set_weights([example.WEIGHTS.T.astype(float), example.BIAS / 16])
    config = hls4ml.utils.config_from_keras_model(model, granularity="name", backend="Vitis")
    for name, layer in config["LayerName"].items():
        layer["Precision"] = {"result": "fixed<20,16>"}
        if name == "fc":
            layer["Precision"] |= {"weight": "fixed<8,8>", "bias": "fixed<8,4>", "accum": "fixed<20,16>"}
        elif "input" in name:
            layer["Precision"] = {"result": "fixed<8,4>"}
    return hls4ml.converters.convert_from_keras_model(
        model, hls_config=config, output_dir=str(folder), backend="Vitis"
    )


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return hls_graph(tmp_path_factory.mktemp("traced"))


@pytest.mark.parametrize("events", [1, 60])
def test_equal(traced: Any, events: int, capfd: pytest.CaptureFixture[str]) -> None:
    """The first comparison compiles the graph, later ones use it again."""
    model = example.dense()
    for x, raw in ((RAW[:events] * example.LSB, False), (RAW[:events], True)):
        report = verify(model, traced, x, raw=raw)
        assert report.ok and report.notes == ()
        assert [(c.kind, c.name, c.compared) for c in report.comparisons] == [
            ("layer", "fc", 2 * events),
            ("output", "y", 2 * events),
        ]
    assert capfd.readouterr().out == ""


def test_first_differing_layer(traced: Any) -> None:
    report = verify(example.dense("off", np.array([7, -7])), traced, RAW * example.LSB)
    assert report.first is not None and report.first.first is not None
    assert (report.first.kind, report.first.name, report.first.first.neuron) == ("layer", "fc", 1)
    assert report.first.first.model.raw == example.dense_raw(RAW)[0, 1] + 1


def test_an_accelerated_graph_is_not_compared_with_bxnn_itself(traced: Any) -> None:
    traced.predict = traced.trace = pytest.fail
    try:
        assert verify(example.dense(), traced, RAW * example.LSB).ok
    finally:
        del traced.predict, traced.trace


def test_compiled_without_tracing(tmp_path: Path) -> None:
    graph = hls_graph(tmp_path)
    graph.compile()
    report = verify(example.dense(), graph, RAW * example.LSB)
    assert report.ok and [c.kind for c in report.comparisons] == ["output"]
    assert "layers were not compared" in str(report)
