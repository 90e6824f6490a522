"""Golden cases of HGQ2 networks: a format an element, adder graphs, contractions. They need Keras 3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware_ref.case_table import case


def converted(
    seed: int,
    shape: tuple[int, ...],
    build: Callable[[Any, Any], Any],
    strategy: str = "distributed_arithmetic",
    io: str = "io_parallel",
    backend: str = "Vitis",
    two: bool = False,
) -> Any:
    """`build(layers, input)` gives the output; ranges are calibrated on normal random numbers.

    With `two`, the input is a list of two of that shape.
    """
    import hgq.layers
    import hls4ml
    import keras
    import numpy as np
    from hgq.config import LayerConfigScope, QuantizerConfigScope
    from hgq.utils import trace_minmax

    keras.utils.set_random_seed(seed)
    uniform = {} if io == "io_parallel" else {"heterogeneous_axis": ()}  # streams have one type
    with (
        QuantizerConfigScope(place="all", default_q_type="kbi", overflow_mode="wrap"),
        QuantizerConfigScope(place="datalane", **uniform),
        LayerConfigScope(enable_ebops=False),
    ):
        x = keras.Input(shape, name="x")
        inputs = [x, keras.Input(shape, name="y")] if two else x
        model = keras.Model(inputs, build(hgq.layers, inputs))
    numbers = np.random.default_rng(seed).normal(size=(1000, *shape)).astype("float32")
    trace_minmax(model, [numbers, numbers] if two else numbers)
    return hls4ml.converters.convert_from_keras_model(
        model,
        output_dir="unused",
        project_name="myproject",
        hls_config={"Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1, "Strategy": strategy}},
        io_type=io,
        backend=backend,
    )


def _dense(layers: Any, x: Any) -> Any:
    return layers.QDense(3, name="out")(layers.QDense(6, activation="relu", name="hidden")(x))


@case("HGQ2 dense layers as adder graphs of distributed arithmetic")
def hgq_dense(seed: int) -> Any:
    return converted(seed, (8,), _dense)


@case("HGQ2 dense layers with a format an element, Latency strategy")
def hgq_dense_latency(seed: int) -> Any:
    return converted(seed, (8,), _dense, strategy="Latency", backend="Vivado")


@case("HGQ2 dense layers as adder graphs, streamed")
def hgq_dense_stream(seed: int) -> Any:
    return converted(seed, (8,), _dense, io="io_stream")


def _conv(padding: str) -> Callable[[Any, Any], Any]:
    def build(layers: Any, x: Any) -> Any:
        x = layers.QConv2D(3, 3, activation="relu", padding=padding, name="first")(x)
        return layers.QConv2D(2, 2, strides=2, name="second")(x)

    return build


@case("HGQ2 convolutions as adder graphs", events=300)
def hgq_conv(seed: int) -> Any:
    return converted(seed, (6, 6, 2), _conv("same"))


@case("HGQ2 convolutions as adder graphs, streamed", events=300)
def hgq_conv_stream(seed: int) -> Any:
    return converted(seed, (6, 6, 2), _conv("valid"), io="io_stream", backend="Vivado")


def _einsum_dense(layers: Any, x: Any) -> Any:
    x = layers.QEinsumDense(
        "bij,jk->bik", output_shape=(4, 5), bias_axes="k", activation="relu", name="rows"
    )(x)
    return layers.QEinsumDense("bij,jki->bki", output_shape=(2, 4), name="groups")(x)


@case("HGQ2 EinsumDense, Latency strategy")
def hgq_einsum_dense(seed: int) -> Any:
    return converted(seed, (4, 6), _einsum_dense, strategy="Latency")


@case("HGQ2 EinsumDense as adder graphs")
def hgq_einsum_adders(seed: int) -> Any:
    return converted(seed, (4, 6), _einsum_dense)


@case("HGQ2 Einsum of two tensors, addition, multiplication")
def hgq_einsum(seed: int) -> Any:
    def build(layers: Any, x: Any) -> Any:
        scores = layers.QEinsum("bij,bkj->bik", name="scores")([x, x])
        mixed = layers.QEinsum("bij,bjk->bik", name="mixed")([scores, x])
        return layers.QMultiply(name="times")([layers.QAdd(name="plus")([mixed, x]), x])

    return converted(seed, (3, 4), build, strategy="Latency")


@case("HGQ2 batch normalisation, look-up table, softmax")
def hgq_tables(seed: int) -> Any:
    def build(layers: Any, x: Any) -> Any:
        x = layers.QBatchNormalization(name="norm")(layers.QBatchNormDense(5, name="dense")(x))
        x = layers.QUnaryFunctionLUT("tanh", allow_heterogeneous_table=False, name="tanh")(x)
        return layers.QSoftmax(name="softmax")(x)

    return converted(seed, (6,), build, strategy="Latency")


def mean_of_squares(layers: Any, x: Any) -> Any:
    """Of an input of one axis; hls4ml converts it behind the input only."""
    return layers.QMeanPow2(axes=1, keepdims=True, name="power")(x)


@case("HGQ2 mean of squares as combinational logic of its own")
def hgq_logic(seed: int) -> Any:
    return converted(seed, (6,), mean_of_squares, strategy="Latency")
