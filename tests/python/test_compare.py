"""`bxnn.compare`: differences counted exactly, and Keras layers found under hls4ml's names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bxnn import Format, InputError, Model, compare
from bxnn._core import Builder

from . import example_models as example

MODEL = example.dense()
RAW = np.random.default_rng(0).integers(-128, 128, (40, 3))
X = RAW * example.LSB
EXACT = example.dense_raw(RAW) * example.LSB


def test_equal() -> None:
    found = compare({"fc": EXACT}, MODEL, X)
    (layer,) = found.layers
    assert (layer.name, layer.kind, layer.values, layer.off, layer.max, layer.first) == (
        "fc",
        "layer",
        80,
        0,
        0,
        (),
    )
    assert layer.correlation == pytest.approx(1) and found.first is None
    assert found.notes == ("'y' is not compared: the float model has no layer of that name",)
    assert "no value is off" in str(found)


def test_differences_are_counted() -> None:
    """One value off by half an LSB, one by an LSB, two of one event by three and by five."""
    reals = EXACT.copy()
    reals[3, 0] += example.LSB / 2
    reals[5, 1] -= example.LSB
    reals[7] += np.array([3, -5]) * example.LSB
    reals[9, 0] += 2 * example.LSB
    found = compare({"fc": reals, "y": EXACT, "other": X}, MODEL, X)
    layer, output = found.layers
    assert found.first is layer and found.events == 40
    assert (layer.off, layer.share, layer.max_lsb, layer.max) == (3, 3 / 80, 5, 5 * example.LSB)
    assert layer.mean_lsb == (0.5 + 1 + 3 + 5 + 2) / 80 and layer.mean == layer.mean_lsb * example.LSB
    assert [(d.event, d.neuron) for d in layer.first] == [(7, 1), (9, 0)]
    assert (layer.first[0].float_value, layer.first[0].model_value) == (reals[7, 1], EXACT[7, 1])
    assert layer.correlation is not None
    assert layer.correlation == pytest.approx(np.corrcoef(reals.ravel(), EXACT.ravel())[0, 1], abs=1e-12)
    assert (output.name, output.kind, output.off) == ("y", "output", 0)


@pytest.mark.parametrize("form", ["function", "mapping", "lists"])
def test_forms(form: str) -> None:
    def network(x: Any) -> dict[str, Any]:
        return {"fc": np.asarray(x) @ example.WEIGHTS.T + example.BIAS / 16 + 0.25}

    traces: Any = {"function": network, "mapping": network(X), "lists": {"fc": network(X)["fc"].tolist()}}[
        form
    ]
    (layer,) = compare(traces, MODEL, X).layers
    assert layer.off == 80 and layer.max_lsb == 4


def test_another_model() -> None:
    found = compare(example.dense("other", np.array([7, -7])), MODEL, X)
    assert [(layer.name, layer.max_lsb, layer.off) for layer in found.layers] == [("fc", 1, 0), ("y", 1, 0)]


def test_a_constant_has_no_correlation() -> None:
    (layer,) = compare({"fc": np.zeros((40, 2))}, MODEL, X).layers
    assert layer.correlation is None


def test_text_json_and_picture(tmp_path: Path) -> None:
    found = compare({"fc": EXACT + 1}, MODEL, X)
    text = str(found)
    assert "first off by more than an LSB: 'fc', event 0" in text and "100.00%" in text
    document = json.loads(found.to_json())
    assert document["layers"][0]["share"] == 1 and document["layers"][0]["first"][0]["event"] == 0
    found.plot(tmp_path / "parts.png")
    assert (tmp_path / "parts.png").read_bytes()[:4] == b"\x89PNG"


REFUSED: list[tuple[Any, Any, str]] = [
    ({"fc": EXACT[:39]}, X, "2 float values for each of 40 events"),
    ({"fc": EXACT[:, :1]}, X, "2 float values for each of 40 events"),
    ({"fc": np.where(EXACT[4, 1] == EXACT, np.nan, EXACT)}, X, "the float value is nan"),
    ({"fc": EXACT.astype(str)}, X, "got dtype"),
    ({"none": EXACT}, X, "nothing to compare"),
    (EXACT, X, "by layer name"),
    (lambda x: EXACT, X, "by layer name"),
    ({"fc": EXACT[:0]}, X[:0], "at least one event"),
]


@pytest.mark.parametrize(("reference", "x", "message"), REFUSED)
def test_what_does_not_fit(reference: Any, x: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        compare(reference, MODEL, x)


def test_formats_wider_than_float64() -> None:
    wide = example.identity([1], Format(62, 60))
    found = compare({"y": [[0.25]]}, wide, np.array([[0.25]]))
    assert found.layers[0].off == 0 and "53 of the 62 bits" in found.notes[0]


FINE = Format(32, 16)


def dense_step(builder: Builder, x: int, kernel: Any, bias: Any) -> int:
    """Weights on a grid of 1/256."""
    w = np.round(np.asarray(kernel).T * 256).astype(np.int64)
    b = np.round(np.asarray(bias) * 256).astype(np.int64)
    return builder.dot(x, w, 8, b, 8, accum=FINE)


@pytest.fixture(scope="module")
def keras() -> Any:
    return pytest.importorskip("tensorflow").keras


def network(keras: Any) -> Any:
    """Weights that the fixed-point twin below holds exactly."""
    x = inputs = keras.Input((3,), name="x")
    x = keras.layers.Dense(4, activation="relu", name="fc1")(x)
    x = keras.layers.Dense(2, name="fc2")(x)
    x = keras.layers.BatchNormalization(name="bn", epsilon=0)(x)
    model = keras.Model(inputs, keras.layers.ReLU(name="out")(x))
    rng = np.random.default_rng(3)
    for layer in model.layers:
        layer.set_weights([np.round(rng.normal(0, 1, w.shape) * 4) / 4 for w in layer.get_weights()])
    scale, shift = np.array([2.0, 0.5]), np.array([1.0, -1.0])
    model.get_layer("bn").set_weights([scale, shift, np.array([0.25, -0.5]), np.ones(2)])
    return model


def twin(model: Any, fused: bool) -> Model:
    """Its layers as hls4ml names them; with the batch normalisation in fc2's weights, or alone."""
    builder = Builder("twin")
    x = builder.input("x", [3], Format(16, 8))
    zero = builder.constant(np.zeros(1, np.int64), Format(1, 1))
    x = dense_step(builder, x, *model.get_layer("fc1").get_weights())
    builder.probe(x, "fc1")
    x = builder.binary("max", x, zero, FINE)
    builder.probe(x, "fc1_relu")
    kernel, bias = model.get_layer("fc2").get_weights()
    scale, shift, mean, _ = model.get_layer("bn").get_weights()
    if fused:
        x = dense_step(builder, x, kernel * scale, (bias - mean) * scale + shift)
        builder.probe(x, "fc2")
    else:
        x = dense_step(builder, x, kernel, bias)
        builder.probe(x, "fc2")
        x = dense_step(builder, x, np.diag(scale), shift - mean * scale)
        builder.probe(x, "bn")
    x = builder.binary("max", x, zero, FINE)
    builder.probe(x, "out")
    builder.output(x, "layer7_out")
    return Model(builder.build())


@pytest.mark.parametrize("fused", [True, False])
def test_keras_layers_under_the_names_of_hls4ml(keras: Any, fused: bool) -> None:
    """Every layer is found, split and fused as hls4ml does, so that nothing differs at all."""
    model = network(keras)
    x = np.random.default_rng(0).integers(-64, 64, (50, 3)) / 16
    before = model.predict(x, verbose=0)
    found = compare(model, twin(model, fused), x)
    names = ["fc1", "fc1_relu", "fc2", *([] if fused else ["bn"]), "out", "layer7_out"]
    assert [layer.name for layer in found.layers] == names
    assert [layer.max for layer in found.layers] == [0] * len(names)
    assert found.notes == (("'fc2' is compared with 'bn', which hls4ml fused into it",) if fused else ())
    assert np.array_equal(model.predict(x, verbose=0), before)
    assert model.get_layer("fc1").activation is keras.activations.relu


def test_a_wrong_layer_is_found(keras: Any) -> None:
    model = network(keras)
    fixed = twin(model, True)
    weights = model.get_layer("fc2").get_weights()
    model.get_layer("fc2").set_weights([weights[0] + 0.5, weights[1]])
    found = compare(model, fixed, np.random.default_rng(0).integers(-64, 64, (50, 3)) / 16)
    assert found.first is not None and found.first.name == "fc2"


def test_sequential_models_and_other_input_names(keras: Any) -> None:
    model = keras.Sequential([keras.layers.Dense(2, name="fc", input_shape=(3,))])
    model.layers[0].set_weights([example.WEIGHTS.T.astype(float), example.BIAS / 16])
    found = compare(model, MODEL, X)
    assert [(layer.name, layer.max) for layer in found.layers] == [("fc", 0), ("y", 0)]


def test_a_keras_model_of_another_shape(keras: Any) -> None:
    model = keras.Sequential([keras.layers.Dense(2, name="fc", input_shape=(4,))])
    with pytest.raises(InputError, match="does not hold the 3 numbers"):
        compare(model, MODEL, X)
