"""`bxnn.convert`: every kind of source gives the same model, and nothing else changes."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bxnn
from frontends import graphs

pytest.importorskip("hls4ml", reason="hls4ml is not installed")

RAW = np.random.default_rng(3).integers(-(2**15), 2**15, (40, 5))


@pytest.fixture(scope="module")
def network() -> Any:
    tensorflow = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    qkeras = pytest.importorskip("qkeras", reason="QKeras is not installed")
    kernel, bias = qkeras.quantized_bits(5, 1, alpha=1), qkeras.quantized_bits(5, 1, alpha=1)
    layers = tensorflow.keras.layers
    x = inputs = layers.Input((5,), name="x")
    x = qkeras.QDense(4, kernel_quantizer=kernel, bias_quantizer=bias, name="d")(x)
    return tensorflow.keras.Model(inputs, layers.Activation("tanh", name="t")(x))


def test_paths(network: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    expected = bxnn.convert(network)
    assert not list(tmp_path.iterdir())
    network.save("model.h5")
    network.save("model.keras")
    Path("split.json").write_text(network.to_json())
    network.save_weights("split.h5")
    before = sorted(tmp_path.iterdir())
    for path in ("model.h5", "model.keras", "split.json"):
        model = bxnn.convert(path)
        assert model.meta["graph_hash"] == expected.meta["graph_hash"]
        assert (model.predict_raw(RAW) == expected.predict_raw(RAW)).all()
    assert sorted(tmp_path.iterdir()) == before


def test_configuration_is_left_untouched(network: Any) -> None:
    import hls4ml

    config = hls4ml.utils.config_from_keras_model(network, granularity="name", backend="Vitis")
    config["LayerName"]["d"]["Precision"]["result"] = "fixed<9,4>"
    kept = copy.deepcopy(config)
    model = bxnn.convert(network, config, io_type="io_stream")
    assert str(config) == str(kept)
    assert model.meta["io_type"] == "io_stream"
    assert model.predict_raw(RAW).shape == (40, 4)


def test_model_graph() -> None:
    graph = graphs.graph(graphs.source(5), graphs.dense("d", 5, 2))
    model = bxnn.convert(graph)
    assert [t.name for t in model.outputs] == ["d"]
    assert model.meta["origin"] == "hls4ml"


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"backend": "Quartus"}, "backend: expected one of Vitis, Vivado, got 'Quartus'"),
        ({"io_type": "io_array"}, "io_type: expected one of io_parallel, io_stream"),
        ({"granularity": "neuron"}, "granularity: expected one of name, type, model"),
        ({"hls_config": "config.yml"}, "hls_config: expected a dictionary, got str"),
        ({"hls_config": {"HLSConfig": {}}}, "configuration of a whole project; pass what stands under"),
        ({"hls_config": {"LayerNames": {}}}, "unknown key 'LayerNames'.*did you mean 'LayerName'?"),
    ],
)
def test_options_that_do_not_exist(options: dict[str, Any], part: str) -> None:
    with pytest.raises(bxnn.InputError, match=part):
        bxnn.convert("model.h5", **options)


def test_names_of_layers_that_do_not_exist(network: Any) -> None:
    right, wrong = (
        {"LayerName": {n: {"Precision": "ap_fixed<20,8>"}}} for n in (network.layers[-1].name, "fcc")
    )
    bxnn.convert(network, hls_config=right)
    with pytest.raises(bxnn.InputError, match="LayerName names 'fcc', which the network does not have"):
        bxnn.convert(network, hls_config=wrong)


def test_an_empty_configuration_is_one(network: Any) -> None:
    assert bxnn.convert(network, hls_config={}).inputs[0].format == bxnn.Format.parse("ap_fixed<16,6>")


def test_options_of_a_source_that_says_all_itself() -> None:
    graph = graphs.graph(graphs.source(5), graphs.dense("d", 5, 2))
    with pytest.raises(bxnn.InputError, match="io_type: an hls4ml ModelGraph says that itself; leave it out"):
        bxnn.convert(graph, io_type="io_stream")


def test_layers_that_hls4ml_does_not_read() -> None:
    tensorflow = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    layers = tensorflow.keras.layers
    x = layers.Input((5,), name="x")
    model = tensorflow.keras.Model(x, layers.Lambda(lambda v: v + 1, name="shift")(x), name="network")
    with pytest.raises(bxnn.UnsupportedError, match="'network' is not converted by hls4ml .*Lambda.*Dense"):
        bxnn.convert(model)


def test_without_hls4ml(monkeypatch: pytest.MonkeyPatch) -> None:
    tensorflow = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    model = tensorflow.keras.Sequential([tensorflow.keras.layers.Input((5,))])
    monkeypatch.setitem(sys.modules, "hls4ml", None)
    with pytest.raises(ImportError, match="hls4ml.*pip install"):
        bxnn.convert(model)


def test_sources_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(bxnn.UnsupportedError, match="Keras"):
        bxnn.convert(3)
    with pytest.raises(FileNotFoundError, match=r"none\.h5"):
        bxnn.convert(tmp_path / "none.h5")
    (tmp_path / "model.pt").touch()
    with pytest.raises(bxnn.UnsupportedError, match="onnx"):
        bxnn.convert(tmp_path / "model.pt")
    (tmp_path / "model.json").touch()
    with pytest.raises(bxnn.ModelFileError, match="model.json.*not a model"):
        bxnn.convert(tmp_path / "model.json")
    (tmp_path / "model.json").write_text('{"class_name": "Functional", "config": {}}')
    with pytest.raises(FileNotFoundError, match="weights"):
        bxnn.convert(tmp_path / "model.json")
