"""A network as a Keras model: of plain layers, and of QKeras layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from network import Layer, Network, Type
from tensorflow import keras


def plain(network: Network) -> Any:
    """Float layers with the network's weights; layer i is called "sums<i>", its relu "relu<i>"."""
    x = first = keras.layers.Input(network.shape, name="x")
    for at, layer in enumerate(network.layers):
        x = _sums(layer, at, keras.layers, x, {})
        if layer.relu:
            x = keras.layers.Activation("relu", name=f"relu{at}")(x)
        x = _pooled(layer, at, x)
    model = keras.Model(first, _finished(network, first, x))
    _fill(network, model)
    return model


def quantised(network: Network) -> Any:
    """QKeras layers that round and saturate as the network's types do, half a step to the even side."""
    import qkeras

    x = first = keras.layers.Input(network.shape, name="x")
    for at, layer in enumerate(network.layers):
        kinds = {"bias_quantizer": _bits(layer.bias_type)}
        if layer.weight_type.integer > 0:  # QKeras fails for others; the weights are on their grid anyway
            kinds["kernel_quantizer"] = _bits(layer.weight_type)
        x = _sums(layer, at, qkeras, x, kinds)
        t = layer.type
        bits = f"quantized_relu({t.width - t.signed},{t.integer - t.signed})" if layer.relu else _bits(t)
        if layer.relu or t.round != "TRN":  # QKeras rounds to nearest; who compares rounds the last sums down
            x = qkeras.QActivation(bits, name=f"cast{at}")(x)
        x = _pooled(layer, at, x)
    model = keras.Model(first, _finished(network, first, x))
    _fill(network, model)
    return model


def _bits(t: Type) -> str:
    return f"quantized_bits({t.width},{t.integer - t.signed},alpha=1)"


def _sums(layer: Layer, at: int, library: Any, x: Any, quantizers: dict[str, str]) -> Any:
    letter = "Q" if quantizers else ""
    if layer.kind == "dense":
        x = keras.layers.Flatten(name=f"flat{at}")(x) if len(x.shape) > 2 else x
        return getattr(library, f"{letter}Dense")(len(layer.weights), name=f"sums{at}", **quantizers)(x)
    if layer.kind == "conv":
        make = getattr(library, f"{letter}Conv2D")
        return make(len(layer.weights), layer.size, name=f"sums{at}", **quantizers)(x)
    return library.LSTM(len(layer.weights) // 4, name=f"sums{at}")(x)


def _pooled(layer: Layer, at: int, x: Any) -> Any:
    return keras.layers.MaxPooling2D(layer.pool, name=f"pool{at}")(x) if layer.pool > 1 else x


def _finished(network: Network, first: Any, x: Any) -> Any:
    if not network.error:
        return x
    difference = keras.layers.Subtract()([x, first])
    return keras.layers.Dot(1)([difference, difference])


def _fill(network: Network, model: Any) -> None:
    for at, layer in enumerate(network.layers):
        weights, bias = layer.real_weights, layer.real_bias
        into = model.get_layer(f"sums{at}")
        if layer.kind == "lstm":
            units = len(weights) // 4
            into.set_weights([weights[:, :-units].T, weights[:, -units:].T, bias])
        elif layer.kind == "conv":
            into.set_weights([weights.T.reshape(layer.size, layer.size, -1, len(weights)), bias])
        else:
            into.set_weights([np.ascontiguousarray(weights.T), bias])
