"""The networks of hls4ml's public examples and tutorial, with seeded weights, as resolved ModelGraphs.

Architectures and configurations are those of the examples' files; where the C-simulation of the whole would
take many minutes, the network is smaller, as its line says.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import Any

import numpy as np

SIX_BITS = {f"{part}_quantizer": "quantized_bits(6,0,alpha=1)" for part in ("kernel", "bias")}


def _graph(
    network: Any, io_type: str = "io_parallel", backend: str = "Vivado", **layers: dict[str, Any]
) -> Any:
    """Converted with the defaults of the examples, `ap_fixed<16,6>` for all, but for the named layers."""
    import hls4ml

    granular = hls4ml.utils.config_from_keras_model(network, granularity="name", backend=backend)
    model = {"Precision": "ap_fixed<16,6>", "ReuseFactor": 1, "Strategy": "Latency"}
    return hls4ml.converters.convert_from_keras_model(
        network,
        hls_config={
            "Model": model | layers.pop("model", {}),
            "LayerType": layers.pop("types", {}),
            "LayerName": {name: keys for name, keys in layers.items() if name in granular["LayerName"]},
        },
        io_type=io_type,
        backend=backend,
        output_dir="unused",
        project_name="myproject",
    )


def _inferred(network: Any, io_type: str = "io_parallel", backend: str = "Vitis") -> Any:
    """Converted with the types that hls4ml infers, as in the tutorial."""
    import hls4ml

    config = hls4ml.utils.config_from_keras_model(network, granularity="name", backend=backend)
    return hls4ml.converters.convert_from_keras_model(
        network,
        hls_config=config,
        io_type=io_type,
        backend=backend,
        output_dir="unused",
        project_name="myproject",
    )


def _sequential(shape: tuple[int, ...], *layers: Any) -> Any:
    """A network whose biases and normalisations are no zeros and ones."""
    from tensorflow import keras

    model = keras.Sequential([keras.Input(shape, name="input_1"), *layers])
    rng = np.random.default_rng(1)
    for variable in model.weights:
        if any(part in variable.name for part in ("bias", "beta", "mean")):
            variable.assign(rng.uniform(-0.5, 0.5, variable.shape))
        if any(part in variable.name for part in ("gamma", "variance")):
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return model


def keras_1layer() -> Any:
    """10-32-1."""
    from tensorflow.keras.layers import Dense

    return _graph(
        _sequential((10,), Dense(32, "relu", name="fc1_relu"), Dense(1, "sigmoid", name="output_sigmoid"))
    )


def _three_layers(normalized: bool) -> Any:
    from tensorflow.keras.layers import BatchNormalization, Dense

    layers = []
    for i, n in enumerate((64, 32, 32)):
        layers.append(Dense(n, "relu", name=f"fc{i + 1}_relu"))
        if normalized:
            layers.append(BatchNormalization(name=f"bn{i + 1}"))
    return _sequential((16,), *layers, Dense(5, "softmax", name="output_softmax"))


def keras_3layer() -> Any:
    """16-64-32-32-5."""
    return _graph(_three_layers(normalized=False))


def keras_3layer_batch_norm() -> Any:
    """The same with normalisations, in io_stream."""
    return _graph(_three_layers(normalized=True), "io_stream", "Vitis")


def _conv1d(shape: tuple[int, int], filters: tuple[int, ...], kernel: int, hidden: int) -> Any:
    from tensorflow.keras.layers import Conv1D, Dense, Flatten

    layers = [
        Conv1D(n, kernel, padding="same", activation="relu", name=f"conv{i + 1}_relu")
        for i, n in enumerate(filters)
    ]
    layers += [Flatten(name="flatten_1"), Dense(hidden, "relu", name="fc1_relu")]
    return _sequential(shape, *layers, Dense(5, "softmax", name="output_softmax"))


def keras_conv1d_small() -> Any:
    """10 x 4, kernels of 4, 3-2-1 filters."""
    return _graph(_conv1d((10, 4), (3, 2, 1), 4, 5))


def keras_conv1d_small_stream() -> Any:
    """The same in io_stream, for Vitis."""
    return _graph(_conv1d((10, 4), (3, 2, 1), 4, 5), "io_stream", "Vitis")


def keras_conv1d() -> Any:
    """100 x 7 with kernels of 40 and 32 filters; here 30 x 7, 12, 8, because of its 9 million products."""
    graph = _conv1d((30, 7), (8, 8, 8), 12, 50)
    return _graph(graph, "io_stream", model={"Strategy": "Resource", "ReuseFactor": 4})


def jet_tagger_conv2d_small() -> Any:
    """25 x 25 x 1, two strided convolutions behind normalisations."""
    from tensorflow.keras.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten

    return _graph(
        _sequential(
            (25, 25, 1),
            BatchNormalization(name="batch_normalization_1"),
            Conv2D(5, 3, 3, padding="same", activation="relu", name="cnn2D_1_relu"),
            Dropout(0.25),
            BatchNormalization(name="batch_normalization_2"),
            Conv2D(2, 5, 2, padding="same", activation="relu", name="cnn2D_2_relu"),
            Dropout(0.25),
            Flatten(name="flatten_1"),
            Dense(10, "relu", name="dense_1_relu"),
            Dropout(0.25),
            Dense(5, "softmax", name="output_softmax"),
        ),
        "io_stream",
    )


def keras_dense_100() -> Any:
    """16-100-100-100-100-100-5, Resource strategy, reuse factor 10."""
    from tensorflow.keras.layers import Dense

    hidden = [Dense(100, "relu", name=f"fc{i + 1}_relu") for i in range(5)]
    network = _sequential((16,), *hidden, Dense(5, "softmax", name="output_softmax"))
    return _graph(network, model={"Strategy": "Resource", "ReuseFactor": 10})


def _q3layer() -> Any:
    import qkeras as q
    from tensorflow.keras.layers import Activation

    layers = []
    for i, n in enumerate((64, 32, 32)):
        layers.append(q.QDense(n, name=f"fc{i + 1}", **SIX_BITS))
        layers.append(q.QActivation("quantized_relu(6)", name=f"relu{i + 1}"))
    return _sequential(
        (16,), *layers, q.QDense(5, name="output", **SIX_BITS), Activation("softmax", name="softmax")
    )


def qkeras_3layer() -> Any:
    """16-64-32-32-5 of six bits, with the example's configuration."""
    weights = {"Precision": {"weight": "ap_fixed<6,1>", "bias": "ap_fixed<6,1>"}}
    relu = {"Precision": {"result": "ap_fixed<7,1,AP_RND_CONV,AP_SAT>"}}
    softmax = {"exp_table_t": "ap_fixed<18,8>", "inv_table_t": "ap_fixed<18,4>", "table_size": 1024}
    return _graph(
        _q3layer(),
        fc1=weights,
        fc2=weights,
        fc3=weights,
        output=weights,
        relu1=relu,
        relu2=relu,
        relu3=relu,
        softmax={"Precision": "ap_fixed<16,6>"} | softmax,
    )


def tutorial_jet_tagger() -> Any:
    """The tutorial's QKeras jet tagger: the same network with the inferred types."""
    return _inferred(_q3layer())


def _q_images(shape: tuple[int, int, int], filters: tuple[int, ...], hidden: tuple[int, ...]) -> Any:
    import qkeras as q
    from tensorflow.keras.layers import Activation, Flatten, MaxPooling2D

    layers: list[Any] = []
    for i, n in enumerate(filters):
        number = f"_{i}" if i else ""
        layers.append(q.QConv2D(n, 3, name=f"q_conv2d{number}", **SIX_BITS))
        layers.append(q.QActivation("quantized_relu(6)", name=f"q_activation{number}"))
        layers.append(MaxPooling2D(2, name=f"max_pooling2d{number}"))
    layers.append(Flatten(name="flatten"))
    for i, n in enumerate(hidden):
        layers.append(q.QDense(n, name=f"q_dense{i}", **SIX_BITS))
        layers.append(q.QActivation("quantized_relu(6)", name=f"q_dense{i}_relu"))
    return _sequential(
        shape, *layers, q.QDense(10, name="q_dense", **SIX_BITS), Activation("softmax", name="softmax")
    )


def qkeras_mnist_cnn() -> Any:
    """28 x 28 x 1, two convolutions of 16 filters, poolings, with the example's configuration; io_stream."""
    weights = {"Precision": {"weight": "ap_fixed<6,1>", "bias": "ap_fixed<6,1>"}, "ReuseFactor": 1}
    relu = {"Precision": {"result": "ap_fixed<7,1,AP_RND,AP_SAT>"}, "ReuseFactor": 1}
    kinds = {"exp_table_t": "ap_fixed<18,12,AP_RND,AP_SAT>", "inv_table_t": "ap_fixed<18,4,AP_RND,AP_SAT>"}
    return _graph(
        _q_images((28, 28, 1), (16, 16), ()),
        "io_stream",
        model={"ReuseFactor": 16},
        q_conv2d=weights,
        q_conv2d_1=weights,
        q_dense=weights,
        q_activation=relu,
        q_activation_1=relu,
        softmax={"Precision": "ap_fixed<16,6>", "table_size": 1024} | kinds,
    )


def tutorial_svhn() -> Any:
    """The tutorial's QKeras CNN for 32 x 32 x 3 pixels and 16-16-24 filters; here 22 x 22 and 8-8-12."""
    return _inferred(_q_images((22, 22, 3), (8, 8, 12), (42, 64)), "io_stream")


def qkeras_mnist_dense() -> Any:
    """784-20-10, weights that are powers of two, Resource strategy, reuse factor 112."""
    import qkeras as q
    from tensorflow.keras.layers import Activation

    network = _sequential(
        (784,),
        q.QActivation("quantized_relu(2)", name="q_activation_2"),
        q.QDense(
            20,
            kernel_quantizer=q.quantized_po2(4, 1),
            bias_quantizer=q.quantized_bits(2, 0, 1, alpha=1),
            name="q_dense_2",
        ),
        q.QActivation("quantized_relu(3,1)", name="q_activation_3"),
        q.QDense(
            10,
            kernel_quantizer=q.quantized_bits(4, 0, 1, alpha=1),
            bias_quantizer=q.quantized_bits(4, 0, 1, alpha=1),
            name="q_dense_3",
        ),
        Activation("softmax", name="activation_3"),
    )
    tables = dict.fromkeys(("exp_table_t", "inv_table_t"), "ap_fixed<18,8,AP_RND,AP_SAT>")
    return _graph(
        network,
        model={"Strategy": "Resource"},
        q_activation_2={"Precision": {"result": "ap_fixed<3,1>"}},
        q_activation_3={"Precision": {"result": "ap_fixed<4,2>"}},
        q_dense_2={"Precision": {"bias": "ap_fixed<3,1>"}, "ReuseFactor": 112},
        q_dense_3={"Precision": {"bias": "ap_fixed<5,1>", "weight": "ap_fixed<5,1>"}, "Strategy": "Latency"},
        activation_3={"Precision": "ap_fixed<16,6>", "Strategy": "Stable", "table_size": 1024} | tables,
    )


def _garnet(kind: str, vertices: int, features: int, count: str, *sizes: Any, **keys: Any) -> Any:
    import hls4ml.contrib.garnet as contrib
    from tensorflow import keras

    shape = {"collapse": "mean", "input_format": "xn", "output_activation": None, "simplified": True}
    inputs = [keras.Input((vertices, features)), keras.Input((1,), dtype="uint16")]
    exchange = getattr(contrib, kind)(*sizes, name="gar_1", **shape, **keys)
    x = exchange(inputs)
    rng = np.random.default_rng(2)
    for variable in exchange.weights:  # near vertices, or nothing arrives at the aggregators
        scale = 0.05 if variable.name.split("/")[-1].startswith("S") else 0.7
        variable.assign(rng.normal(0, scale, variable.shape))
    for n, name in ((16, "dense"), (8, "dense_1")):
        x = keras.layers.Dense(n, "relu", bias_initializer="random_uniform", name=name)(x)
    heads = [
        keras.layers.Dense(1, function, name=name)(x)
        for name, function in (("regression", "linear"), ("classification", "sigmoid"))
    ]
    network = keras.Model(inputs, heads)
    names = [layer.name for layer in network.layers if "input" in layer.name]
    saturating = "ap_fixed<16,6,AP_RND,AP_SAT>"
    return _graph(
        network,
        model={"Strategy": "Resource"},
        types={
            kind: {"ReuseFactor": 16, "Precision": {"default": saturating, "result": "ap_fixed<16,6>"}},
            "Dense": {"Precision": {"accum": "ap_fixed<18,8>", "result": saturating}, "Strategy": "Latency"},
        },
        **{
            names[0]: {"Precision": {"result": "ap_fixed<14,5,AP_RND,AP_SAT>"}},
            names[1]: {"Precision": {"result": count}},
        },
    )


def garnet_1layer() -> Any:
    """GarNet as configured in the example, of the sizes of hls4ml's own test: 16 vertices of 3 features."""
    return _garnet("GarNet", 16, 3, "ap_uint<8>", 8, 8, 16, quantize_transforms=False)


def garnet_3layer() -> Any:
    """128 vertices of 4 features, three sublayers, quantised transformations (here of six bits)."""
    return _garnet(
        "GarNetStack",
        128,
        4,
        "ap_uint<10>",
        [4, 4, 8],
        [8, 8, 16],
        [8, 8, 16],
        quantize_transforms=True,
        total_bits=6,
        int_bits=1,
    )


JET_PROXY = (
    # units, weight_t, accum_t, type of the sum, type behind relu
    (64, "fixed<10,5>", "fixed<21,9>", "fixed<12,9,TRN,WRAP>", "ufixed<11,8,TRN,WRAP>"),
    (32, "fixed<9,4>", "fixed<19,11>", "fixed<12,11,TRN,WRAP>", "ufixed<8,7,TRN,WRAP>"),
    (32, "fixed<11,5>", "fixed<19,12>", "fixed<14,12,TRN,WRAP>", "ufixed<8,6,TRN,WRAP>"),
    (5, "fixed<8,2>", "fixed<13,5>", "fixed<11,5,TRN,WRAP>", ""),
)


def hgq_proxy_jets() -> Any:
    """The proxy of an HGQ jet classifier: 16-64-32-32-5, a type an element behind every layer."""
    from tensorflow import keras

    class FixedPointQuantizer(keras.layers.Layer):  # type: ignore[misc]
        """Only what hls4ml reads: types an element, and those that it prescribes to layers."""

        def __init__(self, overrides: Any, widest: str, fusible: bool, **keys: Any) -> None:
            super().__init__(**keys)
            self.overrides, self.widest, self.fusible = overrides, widest, fusible

        def build(self, shape: Any) -> None:
            width, integer = (int(n) for n in self.widest.split("<")[1].split(",")[:2])
            less = np.random.default_rng(width).integers(0, 1 if self.fusible else 3, shape[1:])
            values = {"keep_negative": "u" not in self.widest, "bits": width - less, "integers": integer}
            for name, value in values.items():
                data = np.broadcast_to(np.int8(value), shape[1:])[None]
                start = keras.initializers.Constant(data)
                self.add_weight(name, data.shape, "int8", start, trainable=False)

        def call(self, x: Any) -> Any:
            return x

        def get_config(self) -> Any:
            own = {"RND": "TRN", "SAT": "WRAP", "overrides": self.overrides, "fusible": self.fusible}
            return super().get_config() | own

    def quantizer(name: str, kind: str, fusible: bool, keys: dict[str, dict[str, Any]]) -> Any:
        keys |= {f"{name}_quantizer": {"result_t": kind}}
        return FixedPointQuantizer({"layers": keys}, kind, fusible, name=f"{name}_quantizer")

    first = "fixed<12,5,TRN,WRAP>"
    layers = [quantizer("inp_q", first, False, {"input_1": {"result_t": first}})]
    for i, (units, weight, accum, total, relu) in enumerate(JET_PROXY):
        name = f"dense_{i + 1}"
        types = {"weight_t": weight, "bias_t": accum, "accum_t": accum, "result_t": total}
        layers.append(keras.layers.Dense(units, name=name))
        layers.append(quantizer(name, total, bool(relu), {name: types}))
        if relu:
            layers.append(keras.layers.Activation("relu", name=f"{name}_relu"))
            kinds = {"table_t": relu, "table_size": 4096, "result_t": relu}
            layers.append(quantizer(f"{name}_relu", relu, False, {f"{name}_relu": kinds}))
    return _inferred(_sequential((16,), *layers), backend="Vivado")


def _hgq_jets(strategy: str) -> Any:
    """16-64-32-32-5 of HGQ2 layers."""
    import hgq.layers as q
    import hls4ml
    import keras
    from hgq.config import LayerConfigScope, QuantizerConfigScope
    from hgq.utils import trace_minmax

    keras.utils.set_random_seed(3)
    with (
        QuantizerConfigScope(place="all", default_q_type="kbi", overflow_mode="wrap"),
        LayerConfigScope(enable_ebops=False),
    ):
        x = jets = keras.Input((16,), name="input_1")
        for i, n in enumerate((64, 32, 32)):
            x = q.QDense(n, activation="relu", name=f"fc{i + 1}")(x)
        network = keras.Model(jets, q.QDense(5, name="output")(x))
    trace_minmax(network, np.random.default_rng(3).normal(size=(1000, 16)).astype("float32"))
    model = {"Precision": "fixed<16,6>", "ReuseFactor": 1, "Strategy": strategy}
    return hls4ml.converters.convert_from_keras_model(
        network,
        hls_config={"Model": model},
        backend="Vitis",
        output_dir="unused",
        project_name="myproject",
    )


def hgq_jets() -> Any:
    """Jets with HGQ2, Latency strategy."""
    return _hgq_jets("Latency")


def hgq_jets_adders() -> Any:
    """Jets with HGQ2, distributed arithmetic."""
    return _hgq_jets("distributed_arithmetic")


HGQ2 = (hgq_jets, hgq_jets_adders)
QKERAS = (
    keras_1layer,
    keras_conv1d_small,
    keras_3layer,
    keras_3layer_batch_norm,
    keras_conv1d_small_stream,
    keras_conv1d,
    jet_tagger_conv2d_small,
    keras_dense_100,
    qkeras_3layer,
    tutorial_jet_tagger,
    qkeras_mnist_cnn,
    tutorial_svhn,
    qkeras_mnist_dense,
    garnet_1layer,
    garnet_3layer,
    hgq_proxy_jets,
)
NETWORKS: dict[str, Callable[[], Any]] = {f.__name__: f for f in (*QKERAS, *HGQ2)}


def build(name: str) -> Any:
    """The ModelGraph of a network, of the same weights every time."""
    if NETWORKS[name] in QKERAS:
        from tensorflow import keras

        keras.utils.set_random_seed(7)
    with contextlib.redirect_stdout(io.StringIO()):
        return NETWORKS[name]()
