"""Small Keras, QKeras and QONNX networks with seeded weights, and their conversion by hls4ml."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np


def keras() -> Any:
    """tensorflow.keras, imported when a case is built."""
    import tensorflow

    return tensorflow.keras


def fill(model: Any, seed: int, gain: float = 1.0) -> Any:
    """Sets every weight from a seeded generator: kernels normal over sqrt(inputs), batch norm near 1."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        values = []
        for weight in layer.weights:
            shape, name = tuple(weight.shape), weight.name.split("/")[-1]
            if "kernel" in name:
                values.append(rng.normal(0, gain / np.sqrt(np.prod(shape[:-1])), shape))
            elif "variance" in name or "gamma" in name:
                values.append(rng.uniform(0.5, 1.5, shape))
            else:
                values.append(rng.normal(0, 0.25 * gain, shape))
        if values:
            layer.set_weights(values)
    return model


def convert(
    model: Any,
    edit: Callable[[dict[str, Any]], None] | None = None,
    *,
    granularity: str = "name",
    backend: str = "Vitis",
    io: str = "io_parallel",
    precision: str = "fixed<16,6>",
) -> Any:
    """The hls4ml ModelGraph of a Keras model; edit changes the layers' configuration, by name, in place."""
    import hls4ml

    config = hls4ml.utils.config_from_keras_model(
        model, granularity=granularity, backend=backend, default_precision=precision
    )
    if edit is not None:
        edit(config["LayerName"])
    return hls4ml.converters.convert_from_keras_model(
        model, hls_config=config, backend=backend, io_type=io, output_dir="unused", project_name="myproject"
    )


def chain(size: int | tuple[int, ...], layers: list[Any]) -> Any:
    """A sequential model."""
    shape = (size,) if isinstance(size, int) else size
    x = inputs = keras().layers.Input(shape, name="x")
    for layer in layers:
        x = layer(x)
    return keras().Model(inputs, x)


def branches(size: int | tuple[int, ...], tails: list[Any]) -> Any:
    """One input, one output for every layer or list of layers in tails."""
    shape = (size,) if isinstance(size, int) else size
    inputs = keras().layers.Input(shape, name="x")
    outputs = []
    for tail in tails:
        x = inputs
        for layer in tail if isinstance(tail, list) else [tail]:
            x = layer(x)
        outputs.append(x)
    return keras().Model(inputs, outputs)


def encoder(widths: list[int]) -> list[Any]:
    """Dense layers with relu between them."""
    layers = []
    for i, width in enumerate(widths):
        layers.append(keras().layers.Dense(width, name=f"dense{i}"))
        if i + 1 < len(widths):
            layers.append(keras().layers.Activation("relu", name=f"relu{i}"))
    return layers


def qonnx_mlp(seed: int, *, vary: bool = False) -> Any:
    """A QONNX model with Quant nodes on inputs, weights and activations, cleaned for hls4ml.

    With vary, sizes, bits, scales and narrowness are drawn too.
    """
    from onnx import TensorProto, helper
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.transformation.channels_last import ConvertToChannelsLastAndClean
    from qonnx.transformation.gemm_to_matmul import GemmToMatMul
    from qonnx.util.cleanup import cleanup_model

    rng = np.random.default_rng(seed)
    nodes, constants = [], []

    def constant(name: str, value: Any) -> str:
        array = np.asarray(value, np.float32)
        constants.append(helper.make_tensor(name, TensorProto.FLOAT, array.shape, array.ravel()))
        return name

    def quant(x: str, out: str, scale: float, bits: int, signed: int, narrow: int = 0) -> str:
        if vary:
            bits = int(rng.integers(2, 10))
            scale = 2.0 ** -int(rng.integers(0, bits + 1))
            narrow = int(rng.random() < 0.3) * signed
        parts = [
            constant(f"{out}_{k}", v) for k, v in (("scale", scale), ("zero", 0.0), ("bits", float(bits)))
        ]
        nodes.append(
            helper.make_node(
                "Quant", [x, *parts], [out], domain="qonnx.custom_op.general", signed=signed, narrow=narrow,
                rounding_mode="ROUND", name=f"quant_{out}",
            )
        )  # fmt: skip
        return out

    x = quant("global_in", "x_q", 2.0**-4, 8, 1)
    sizes = [int(n) for n in rng.integers(2, 8, 3)] if vary else [10, 8, 4]
    for i, (n_in, n_out) in enumerate(pairwise(sizes)):
        weight = constant(f"w{i}", rng.normal(0, 0.5, (n_in, n_out)))
        weight = quant(weight, f"w{i}_q", 2.0**-4, 5, 1, narrow=1)
        nodes.append(helper.make_node("MatMul", [x, weight], [f"mm{i}"], name=f"MatMul_{i}"))
        bias = quant(constant(f"b{i}", rng.normal(0, 0.5, n_out)), f"b{i}_q", 2.0**-5, 7, 1)
        nodes.append(helper.make_node("Add", [f"mm{i}", bias], [f"add{i}"], name=f"Add_{i}"))
        x = f"add{i}"
        if i + 2 < len(sizes):
            nodes.append(helper.make_node("Relu", [x], [f"relu{i}"], name=f"Relu_{i}"))
            x = quant(f"relu{i}", f"relu{i}_q", 2.0**-3, 6, 0)
    x = quant(x, "global_out", 2.0**-4, 9, 1)
    graph = helper.make_graph(
        nodes,
        "mlp",
        [helper.make_tensor_value_info("global_in", TensorProto.FLOAT, [1, sizes[0]])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, [1, sizes[-1]])],
        constants,
    )
    opsets = [helper.make_opsetid("", 16), helper.make_opsetid("qonnx.custom_op.general", 1)]
    wrapper = ModelWrapper(helper.make_model(graph, opset_imports=opsets, ir_version=10))
    wrapper = cleanup_model(wrapper)
    wrapper = wrapper.transform(ConvertToChannelsLastAndClean())
    return cleanup_model(wrapper.transform(GemmToMatMul()))


def convert_qonnx(model: Any, *, backend: str = "Vitis") -> Any:
    """The hls4ml ModelGraph of a cleaned QONNX model, precisions from its Quant nodes."""
    import hls4ml

    config = hls4ml.utils.config.config_from_onnx_model(
        model, granularity="name", backend=backend, default_precision="fixed<16,6>"
    )
    return hls4ml.converters.convert_from_onnx_model(
        model, hls_config=config, backend=backend, io_type="io_parallel", output_dir="unused"
    )
