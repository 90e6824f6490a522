"""Golden networks of layers that have code in some of the backends and io types."""

from __future__ import annotations

from typing import Any

from firmware_ref.case_models import convert, fill, keras
from firmware_ref.case_table import Config


def sequences(seed: int, backend: str, io: str) -> Any:
    """Recurrent layers, an embedding, a pointwise convolution, a reshaping, a normalisation."""
    layers = keras().layers
    x, words = layers.Input((4, 3), name="x"), layers.Input((5,), name="words")
    outputs = [
        layers.LSTM(3, return_sequences=True, name="lstm")(x),
        layers.GRU(2, activation="relu", name="gru")(x),
        layers.Conv1D(4, 1, name="point")(x),
        layers.Activation("relu", name="relu")(layers.Reshape((2, 6), name="pairs")(x)),
        layers.Embedding(16, 3, input_length=5, name="embed")(words),
    ]
    if io == "io_parallel":
        outputs.append(layers.LayerNormalization(name="norm")(x))

    def edit(config: Config) -> None:
        config["words"]["Precision"]["result"] = "uint<4>"
        config["gru"]["Precision"].update(result="ap_fixed<12,4,AP_RND,AP_SAT>", accum="ap_fixed<17,7>")
        config["point"]["Precision"].update(result="ap_fixed<14,5>", accum="ap_fixed<15,6,AP_RND,AP_SAT>")
        config["embed"]["Precision"]["result"] = "ap_fixed<10,3>"

    return convert(fill(keras().Model([x, words], outputs), seed, gain=1.5), edit, backend=backend, io=io)


def scaled(seed: int, backend: str, io: str) -> Any:
    """Scaled weights, batch normalisation alone and in a convolution; products of unequal tensors."""
    import qkeras

    layers = keras().layers
    x, y, image = (layers.Input(s, name=n) for n, s in (("x", (6,)), ("y", (6,)), ("image", (4, 5, 2))))
    bits = "quantized_bits(6,1,alpha=1)"
    inputs, outputs = (
        [x, y, image],
        [
            qkeras.QDense(4, kernel_quantizer="quantized_bits(4,0,alpha='auto_po2')", name="dense")(x),
            layers.BatchNormalization(name="norm")(y),
            qkeras.QConv2DBatchnorm(3, 2, kernel_quantizer=bits, bias_quantizer=bits, name="folded")(image),
        ],
    )
    if io == "io_parallel":
        outputs.append(layers.Dot(axes=1, name="dot")([x, y]))
    elif backend == "Vivado":  # on Vitis hls4ml broadcasts no stream
        inputs.append(layers.Input((1, 1, 2), name="channels"))
        outputs.append(layers.Multiply(name="times")([image, inputs[-1]]))

    def edit(config: Config) -> None:
        config["norm"]["Precision"]["result"] = "ap_fixed<12,5,AP_RND,AP_SAT>"
        if io == "io_parallel":
            config["dot"]["Precision"].update(result="ap_fixed<18,9>", accum="ap_fixed<20,10>")

    return convert(fill(keras().Model(inputs, outputs), seed), edit, backend=backend, io=io)
