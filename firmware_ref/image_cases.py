"""Golden cases of layers on images and sequences."""

from __future__ import annotations

from typing import Any

from firmware_ref.case_models import branches, convert, fill, keras
from firmware_ref.case_table import Config, case

NARROW = {"result": "ap_fixed<14,5>", "weight": "ap_fixed<9,3>", "bias": "ap_fixed<9,3>"}
SATURATING = NARROW | {"accum": "ap_fixed<12,4,AP_RND,AP_SAT>"}


def _convolutions(rank: int, padding: str) -> Any:
    """Paddings, strides, one-pixel, depthwise and separable convolutions."""
    layers = keras().layers

    def conv(name: str, filters: int, window: Any, **options: Any) -> Any:
        return getattr(layers, f"Conv{rank}D")(filters, window, name=name, **options)

    depth = getattr(layers, f"DepthwiseConv{rank}D")(3, padding=padding, name="depth")
    separable = getattr(layers, f"SeparableConv{rank}D")(4, 2, name="separable")
    tails = [
        [conv("same", 4, 3, padding=padding, strides=2), conv("point", 5, 1)],
        conv("valid", 3, (3, 2)[:rank], strides=(1, 2)[:rank]),
        [depth, separable],
    ]
    return branches((7, 6, 3) if rank == 2 else (9, 3), tails)


def _converted(seed: int, rank: int, precision: dict[str, str], backend: str, io: str, **keys: Any) -> Any:
    def edit(config: Config) -> None:
        config["x"]["Precision"]["result"] = "ap_fixed<10,4>"
        parts = ("depth", "separable", "separable_depthwise", "separable_pointwise")
        for name in ("same", "point", "valid", *parts):
            entry = config.setdefault(name, {})
            entry.setdefault("Precision", {}).update(precision)
            if io == "io_stream" or name not in parts:
                entry.update(keys)
        if "ReuseFactor" in keys:
            config["point"]["ReuseFactor"] = 2

    # hls4ml connects two padded layers of one streamed sequence to each other
    padding = "valid" if (rank, io) == (1, "io_stream") else "same"
    return convert(fill(_convolutions(rank, padding), seed, gain=2.0), edit, backend=backend, io=io)


@case("two-dimensional convolutions: paddings, strides, pointwise, depthwise, separable", events=300)
def conv2d(seed: int) -> Any:
    return _converted(seed, 2, NARROW, "Vitis", "io_parallel")


@case("two-dimensional convolutions, Resource strategy, saturating accumulators", events=300)
def conv2d_resource(seed: int) -> Any:
    return _converted(seed, 2, SATURATING, "Vivado", "io_parallel", Strategy="Resource", ReuseFactor=3)


@case("two-dimensional convolutions, streamed through line buffers", events=300)
def conv2d_stream(seed: int) -> Any:
    return _converted(seed, 2, NARROW, "Vitis", "io_stream")


@case("two-dimensional convolutions, streamed, Resource strategy, saturating accumulators", events=300)
def conv2d_stream_resource(seed: int) -> Any:
    return _converted(seed, 2, SATURATING, "Vivado", "io_stream", Strategy="Resource", ReuseFactor=3)


@case("two-dimensional convolutions, streamed, encoded implementation", events=300)
def conv2d_encoded(seed: int) -> Any:
    layers = keras().layers
    tails = [
        layers.Conv2D(4, 3, strides=2, name="conv"),
        layers.Conv2D(3, 2, strides=3, name="sparse"),
        layers.DepthwiseConv2D(3, name="depth"),
        layers.MaxPooling2D(2, name="pool"),
    ]

    def edit(config: Config) -> None:
        for name in ("conv", "sparse", "depth", "pool"):
            config[name]["ConvImplementation"] = "Encoded"

    return convert(fill(branches((7, 6, 3), tails), seed), edit, backend="Vivado", io="io_stream")


@case("one-dimensional convolutions", events=600)
def conv1d(seed: int) -> Any:
    return _converted(seed, 1, SATURATING, "Vitis", "io_parallel")


@case("one-dimensional convolutions, streamed, Resource strategy", events=600)
def conv1d_stream(seed: int) -> Any:
    return _converted(seed, 1, NARROW, "Vivado", "io_stream", Strategy="Resource", ReuseFactor=3)


@case("QKeras convolutions: binary, ternary, power-of-two weights, binary inputs, padded", events=300)
def conv_quantized(seed: int) -> Any:
    import qkeras

    bits = "quantized_bits(5,1,alpha=1)"

    def conv(name: str, kernel: str) -> Any:
        return qkeras.QConv2D(3, 3, padding="same", kernel_quantizer=kernel, bias_quantizer=bits, name=name)

    signs = qkeras.QActivation("binary(alpha=1)", name="signs")
    depth = qkeras.QDepthwiseConv2D(
        3, padding="same", depthwise_quantizer=bits, bias_quantizer=bits, name="depth"
    )
    tails = [
        [conv("binary", "binary(alpha=1)"), signs, conv("bits", bits)],
        conv("ternary", "ternary(alpha=1)"),
        conv("po2", "quantized_po2(4)"),
        depth,
    ]

    def edit(config: Config) -> None:
        config["x"]["Precision"]["result"] = "ap_fixed<9,4>"

    return convert(fill(branches((6, 5, 2), tails), seed), edit)


def _poolings(io: str) -> list[Any]:
    layers, padding = keras().layers, "same" if io == "io_parallel" else "valid"
    tails = [
        layers.AveragePooling2D((2, 3), padding=padding, name="average"),
        layers.MaxPooling2D((3, 2), padding=padding, name="largest"),
        layers.GlobalAveragePooling2D(name="all_average"),
        layers.GlobalMaxPooling2D(name="all_largest"),
    ]
    if io == "io_parallel":
        tails.append(layers.AveragePooling2D((3, 4), strides=(2, 1), padding=padding, name="near_average"))
        tails.append(layers.MaxPooling2D((3, 2), strides=1, padding=padding, name="near_largest"))
    return tails


def _pooled(seed: int, io: str) -> Any:
    def edit(config: Config) -> None:
        config["x"]["Precision"]["result"] = "ap_fixed<10,4>"
        for name, entry in config.items():
            if name.endswith("average"):
                entry["Precision"].update(accum="ap_fixed<12,4,AP_RND,AP_SAT>", result="ap_fixed<11,4>")
            elif name.endswith("largest"):
                entry["Precision"].update(accum="ap_fixed<10,4>")

    return convert(fill(branches((6, 7, 3), _poolings(io)), seed), edit, io=io)


@case("poolings: padding at the edges, overlapping windows, global", events=400)
def pooling(seed: int) -> Any:
    return _pooled(seed, "io_parallel")


@case("poolings, streamed", events=400)
def pooling_stream(seed: int) -> Any:
    return _pooled(seed, "io_stream")


def _rearranged(seed: int, io: str) -> Any:
    layers = keras().layers
    tails = [
        [
            layers.ZeroPadding2D(((1, 2), (0, 3)), name="pad"),
            layers.Cropping2D(((1, 0), (2, 1)), name="crop"),
            layers.UpSampling2D(2, name="up"),
        ],
        layers.UpSampling2D((2, 3), interpolation="bilinear", name="bilinear"),
    ]
    return convert(fill(branches((5, 6, 2), tails), seed), io=io)


@case("zero padding, cropping, resizing", events=200)
def images(seed: int) -> Any:
    return _rearranged(seed, "io_parallel")


@case("zero padding, cropping, resizing, streamed", events=200)
def images_stream(seed: int) -> Any:
    return _rearranged(seed, "io_stream")
