"""Golden cases of many small layers, for each of the two backends in each of the two io types."""

from __future__ import annotations

from itertools import product
from typing import Any

from firmware_ref.case_models import branches, convert, fill, keras
from firmware_ref.case_table import Config, case

NARROW = {"result": "ap_fixed<14,5>", "weight": "ap_fixed<9,3>", "bias": "ap_fixed<9,3>"}


def _spread(shape: tuple[int, ...], tails: list[Any]) -> Any:
    """As `branches`, with an input for every five: hls4ml clones a stream seven times at most."""
    inputs, outputs = [], []
    for i, tail in enumerate(tails):
        if i % 5 == 0:
            inputs.append(keras().layers.Input(shape, name=f"x{i // 5}"))
        x = inputs[-1]
        for layer in tail if isinstance(tail, list) else [tail]:
            x = layer(x)
        outputs.append(x)
    return keras().Model(inputs, outputs)


def _sequences(seed: int, backend: str, io: str) -> Any:
    layers = keras().layers
    tails = [
        [layers.ZeroPadding1D((2, 1), name="pad"), layers.Cropping1D((1, 2), name="crop")],
        [
            layers.Conv1D(3, 3, strides=2, name="conv"),
            layers.Flatten(name="flat"),
            layers.Dense(4, name="dense"),
        ],
        layers.DepthwiseConv1D(3, name="depth"),
        layers.UpSampling1D(2, name="up"),
        layers.MaxPooling1D(2, name="largest"),
        layers.AveragePooling1D(3, name="average"),
        layers.GlobalAveragePooling1D(name="all_average"),
        layers.GlobalMaxPooling1D(name="all_largest"),
    ]

    def edit(config: Config) -> None:
        for name in ("conv", "depth", "dense"):
            config[name]["Precision"].update(NARROW)

    return convert(fill(_spread((8, 2), tails), seed), edit, backend=backend, io=io)


def _images(seed: int, backend: str, io: str) -> Any:
    layers = keras().layers
    tails = [
        [layers.Conv2D(3, 2, name="conv"), layers.Flatten(name="flat"), layers.Dense(3, name="dense")],
        [layers.ZeroPadding2D(1, name="pad"), layers.Cropping2D(((0, 1), (1, 0)), name="crop")],
        [layers.Conv2D(2, 1, name="point"), layers.UpSampling2D(2, name="up")],
        layers.DepthwiseConv2D(2, name="depth"),
        layers.MaxPooling2D(2, name="largest"),
        layers.AveragePooling2D(2, name="average"),
        layers.GlobalMaxPooling2D(name="all_largest"),
        layers.GlobalAveragePooling2D(name="all_average"),
    ]

    def edit(config: Config) -> None:
        for name in ("conv", "point", "depth", "dense"):
            config[name]["Precision"].update(NARROW)

    return convert(fill(_spread((4, 5, 2), tails), seed), edit, backend=backend, io=io)


def _vectors(seed: int, backend: str, io: str) -> Any:
    import qkeras

    layers = keras().layers
    wide = layers.Dense(6, name="dense")
    functions = ("tanh", "sigmoid", "softplus", "softsign", "selu", "elu", "relu", "hard_sigmoid", "softmax")
    tails: list[Any] = [layers.Activation(name, name=f"a_{name}") for name in functions]
    tails += [
        [wide, layers.BatchNormalization(name="bn"), layers.PReLU(name="prelu")],
        layers.LeakyReLU(0.3, name="leaky"),
        layers.ThresholdedReLU(0.7, name="threshold"),
        [
            qkeras.QDense(4, kernel_quantizer="quantized_bits(4,0,alpha='auto_po2')", name="scaled"),
            qkeras.QActivation("ternary(alpha=1)", name="signs"),
        ],
    ]
    return convert(fill(_spread((6,), tails), seed), backend=backend, io=io)


def _merges(seed: int, backend: str, io: str) -> Any:
    layers = keras().layers
    a, b, c, d = (layers.Input((3, 2), name=name) for name in "abcd")
    outputs = [
        kind(name=kind.__name__.lower())([a, b]) for kind in (layers.Add, layers.Subtract, layers.Multiply)
    ]
    for kind in (layers.Average, layers.Maximum, layers.Minimum):
        outputs.append(kind(name=kind.__name__.lower())([c, d]))
    outputs.append(layers.Concatenate(name="concatenate")([a, b]))
    outputs.append(layers.Permute((2, 1), name="permute")(c))
    if io == "io_parallel":
        flat = [layers.Reshape((6,), name=f"flat_{i}")(x) for i, x in enumerate((a, b))]
        outputs.append(layers.Dot(axes=1, name="dot")(flat))

    def edit(config: Config) -> None:
        for name in "bd":
            config[name]["Precision"]["result"] = "ap_fixed<12,5,AP_RND,AP_SAT>"
        if io == "io_parallel":
            config["dot"]["Precision"].update(result="ap_fixed<18,9>", accum="ap_fixed<20,10>")

    return convert(keras().Model([a, b, c, d], outputs), edit, backend=backend, io=io)


for _build, (_backend, _io) in product(
    (_sequences, _images, _vectors, _merges), product(("Vitis", "Vivado"), ("io_parallel", "io_stream"))
):

    def _named(seed: int, build: Any = _build, backend: str = _backend, io: str = _io) -> Any:
        return build(seed, backend, io)

    _named.__name__ = f"all{_build.__name__}_{_backend.lower()}_{_io.removeprefix('io_')}"
    _kinds = _build.__name__.strip("_")
    case(f"layers on {_kinds}, {_backend}, {_io}", events=200)(_named)


@case("QKeras convolution with batch normalisation in one layer", events=300)
def conv_batchnorm(seed: int) -> Any:
    import qkeras

    bits = "quantized_bits(6,1,alpha=1)"
    folded = qkeras.QConv2DBatchnorm(3, 2, kernel_quantizer=bits, bias_quantizer=bits, name="folded")
    return convert(fill(branches((5, 4, 2), [folded]), seed))
