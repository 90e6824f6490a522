#!/usr/bin/env python3
"""Make the projects of this folder and their answers, by the C-simulation of the very files.

    python make_projects.py [name ...]

Each needs hls4ml 1.3 and g++; those of QKEras networks QKeras, those of distributed arithmetic Keras 3, HGQ2
and da4ml. `tiny` was written by hand and is only simulated.
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
EVENTS, KEPT = 10_000, 300
"""Events that are compared, and of these the ones that are stored."""
NEEDED = ("*.cpp", "*.h", "weights/*", "nnet_utils/nnet_code_gen.h")


def _converted(network: Any, name: str, backend: str, io_type: str, edit: Callable[[Any], None]) -> Any:
    import hls4ml

    config = hls4ml.utils.config_from_keras_model(network, granularity="name", backend=backend)
    edit(config["LayerName"])
    return hls4ml.converters.convert_from_keras_model(
        network, hls_config=config, backend=backend, io_type=io_type, project_name=name, output_dir="unused"
    )


def stream_vitis() -> Any:
    """QKeras, io_stream: Conv2D, relu, maximum pooling, Dense, softmax."""
    import qkeras as q
    from tensorflow import keras

    keras.utils.set_random_seed(11)
    bits: dict[str, Any] = {}
    bits["kernel_quantizer"] = bits["bias_quantizer"] = "quantized_bits(6,0,alpha=1)"
    bits["kernel_initializer"] = keras.initializers.RandomNormal(stddev=0.15)
    x = image = keras.Input((8, 8, 1), name="image")
    x = q.QConv2D(4, 3, bias_initializer="random_uniform", name="conv", **bits)(x)
    x = q.QActivation("quantized_relu(8,3)", name="conv_relu")(x)
    x = keras.layers.MaxPooling2D(2, name="pool")(x)
    x = keras.layers.Flatten(name="flat")(x)
    x = q.QDense(10, bias_initializer="random_uniform", name="hidden", **bits)(x)
    x = q.QActivation("quantized_relu(9,4)", name="hidden_relu")(x)
    x = q.QDense(4, name="scores", **bits)(x)
    x = keras.layers.Activation("softmax", name="class")(x)

    def edit(layers: Any) -> None:
        layers["image"]["Precision"]["result"] = "fixed<8,3,RND,SAT>"
        layers["scores"]["Precision"]["result"] = "fixed<12,4>"
        layers["class"]["Precision"]["result"] = "ufixed<12,0,RND,SAT>"

    return _converted(keras.Model(image, x), "calo_net", "Vitis", "io_stream", edit)


def stream_vivado() -> Any:
    """Keras, io_stream, Resource strategy: two Conv2D with padding, pooling, sums that saturate, softmax."""
    from tensorflow import keras

    keras.utils.set_random_seed(12)
    x = image = keras.Input((6, 9, 2), name="towers")
    for i, filters in enumerate((3, 4)):
        x = keras.layers.Conv2D(
            filters, 3, padding="same", bias_initializer="random_uniform", name=f"conv{i}"
        )(x)
        x = keras.layers.Activation("relu", name=f"relu{i}")(x)
    x = keras.layers.MaxPooling2D((2, 3), name="pool")(x)
    x = keras.layers.Dense(6, activation="relu", name="hidden")(keras.layers.Flatten(name="flat")(x))
    x = keras.layers.Activation("softmax", name="class")(keras.layers.Dense(3, name="scores")(x))

    def edit(layers: Any) -> None:
        layers["towers"]["Precision"]["result"] = "ufixed<9,3>"
        for name in ("conv0", "conv1", "hidden", "scores"):
            layers[name] |= {"Strategy": "Resource", "ReuseFactor": 3}
            kinds = {"weight": "fixed<7,2>", "accum": "fixed<12,4,TRN,SAT>", "result": "fixed<10,4,RND,SAT>"}
            layers[name]["Precision"] |= kinds
        for name in ("relu0", "relu1", "hidden_relu"):
            layers[name]["Precision"]["result"] = "ufixed<8,3,RND_CONV,SAT>"

    return _converted(keras.Model(image, x), "tower_net", "Vivado", "io_stream", edit)


def _adders(
    build: Callable[[Any, Any], Any], shape: tuple[int, ...], io_type: str, backend: str, name: str
) -> Any:
    """A network of HGQ2 layers with the strategy distributed_arithmetic."""
    import hgq.layers as q
    import hls4ml
    import keras
    from hgq.config import LayerConfigScope, QuantizerConfigScope
    from hgq.utils import trace_minmax

    keras.utils.set_random_seed(13)
    uniform = {} if io_type == "io_parallel" else {"heterogeneous_axis": ()}
    with (
        QuantizerConfigScope(place="all", default_q_type="kbi", overflow_mode="wrap"),
        QuantizerConfigScope(place="datalane", **uniform),
        LayerConfigScope(enable_ebops=False),
    ):
        x = keras.Input(shape, name="x")
        network = keras.Model(x, build(q, x))
    trace_minmax(network, np.random.default_rng(13).normal(size=(1000, *shape)).astype("float32"))
    settings = {"Precision": "fixed<16,6>", "ReuseFactor": 1, "Strategy": "distributed_arithmetic"}
    return hls4ml.converters.convert_from_keras_model(
        network,
        hls_config={"Model": settings},
        io_type=io_type,
        backend=backend,
        project_name=name,
        output_dir="unused",
    )


def _vector(layers: Any, x: Any) -> Any:
    return layers.QDense(2, name="out")(layers.QDense(3, activation="relu", name="hidden")(x))


def _image(layers: Any, x: Any) -> Any:
    from keras.layers import Flatten

    x = layers.QConv2D(3, 3, activation="relu", name="conv")(x)
    x = layers.QConv2D(4, 2, strides=2, activation="relu", name="second")(x)
    return layers.QDense(4, name="scores")(Flatten(name="flat")(x))


def adders() -> Any:
    """HGQ2, distributed arithmetic, io_parallel: Dense, relu, Dense."""
    return _adders(_vector, (4,), "io_parallel", "Vitis", "adders")


def adders_conv() -> Any:
    """HGQ2, distributed arithmetic, io_parallel: two Conv2D, one with strides, relu, Dense."""
    return _adders(_image, (6, 6, 2), "io_parallel", "Vitis", "adder_image")


def adders_conv_stream() -> Any:
    """The same in io_stream, for Vivado."""
    return _adders(_image, (6, 6, 2), "io_stream", "Vivado", "adder_stream")


NETWORKS: dict[str, Callable[[], Any]] = {
    f.__name__: f for f in (stream_vitis, stream_vivado, adders, adders_conv, adders_conv_stream)
}


def write(name: str) -> None:
    """The files of a project that bxnn reads."""
    with tempfile.TemporaryDirectory() as folder:
        with contextlib.redirect_stdout(io.StringIO()):
            graph = NETWORKS[name]()
            graph.config.config["OutputDir"] = folder
            graph.write()
        target = HERE / name
        shutil.rmtree(target, ignore_errors=True)
        for pattern in NEEDED:
            for path in (Path(folder) / "firmware").glob(pattern):
                copy = target / "firmware" / path.relative_to(Path(folder) / "firmware")
                copy.parent.mkdir(parents=True, exist_ok=True)
                lines = (line.rstrip() for line in path.read_text().splitlines())
                copy.write_text("\n".join(lines) + "\n")
        backend = re.findall(r"^.*\bbackend\b.*$", (Path(folder) / "project.tcl").read_text(), re.MULTILINE)
        (target / "project.tcl").write_text("\n".join(backend) + "\n")


def compare(name: str) -> None:
    """Simulate a project, compare bxnn's answers with it, store the first."""
    import bxnn
    from firmware_ref.inputs import Grid, mixed
    from tests.frontends.project_simulation import simulate

    model = bxnn.convert(HERE / name)
    (source,), (target,) = model.inputs, model.outputs
    grid = Grid(source.format.min_raw, source.format.max_raw, source.format.frac)
    raw = mixed(np.random.default_rng(5), grid, EVENTS, int(np.prod(source.shape)))
    expected = simulate(HERE / name, raw, int(np.prod(target.shape)))
    differ = int((np.asarray(model.predict_raw(raw)).reshape(expected.shape) != expected).sum())
    distinct = len(np.unique(expected))
    print(f"{name}: {EVENTS} events, {expected.size} values, {distinct} distinct, {differ} differ")
    if differ:
        raise SystemExit(1)
    kinds = [np.min_scalar_type(int(np.abs(a).max()) * -2 - 1) for a in (raw, expected)]
    np.savez_compressed(
        HERE / name / "answers.npz",
        raw=raw[:KEPT].astype(kinds[0]),
        expected=expected[:KEPT].astype(kinds[1]),
    )


def main(names: list[str]) -> None:
    for name in names or [*NETWORKS, "tiny"]:
        if name in NETWORKS:
            write(name)
        compare(name)


if __name__ == "__main__":
    main(sys.argv[1:])
