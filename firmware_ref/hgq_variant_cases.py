"""Golden cases of HGQ2 layers in the variants that the cases above leave out. They need Keras 3."""

from __future__ import annotations

from typing import Any

from firmware_ref.case_table import case
from firmware_ref.hgq_cases import converted, mean_of_squares


@case("HGQ2 contractions and look-up table, Vivado", events=200)
def hgq_layers_vivado_parallel(seed: int) -> Any:
    import keras

    def build(layers: Any, x: Any) -> Any:
        flat = keras.layers.Flatten(name="flat")(x)
        return [
            layers.QEinsumDense("bij,jk->bik", output_shape=(3, 3), bias_axes="k", name="rows")(x),
            layers.QEinsum("bij,bkj->bik", name="scores")([x, x]),
            layers.QUnaryFunctionLUT("tanh", allow_heterogeneous_table=False, name="tanh")(flat),
        ]

    return converted(seed, (3, 4), build, strategy="Latency", backend="Vivado")


@case("HGQ2 mean of squares as combinational logic of its own, Vivado", events=200)
def hgq_logic_vivado_parallel(seed: int) -> Any:
    return converted(seed, (6,), mean_of_squares, strategy="Latency", backend="Vivado")


def _streamed_table(seed: int, backend: str) -> Any:
    def build(layers: Any, x: Any) -> Any:
        table = layers.QUnaryFunctionLUT("tanh", allow_heterogeneous_table=False, name="tanh")
        return table(layers.QDense(5, name="dense")(x))

    return converted(seed, (6,), build, strategy="Latency", io="io_stream", backend=backend)


@case("HGQ2 look-up table, streamed, Vitis", events=200)
def hgq_table_vitis_stream(seed: int) -> Any:
    return _streamed_table(seed, "Vitis")


@case("HGQ2 look-up table, streamed, Vivado", events=200)
def hgq_table_vivado_stream(seed: int) -> Any:
    return _streamed_table(seed, "Vivado")
