"""Random chains of layers on images and sequences: convolutions, poolings, padding, cropping, resizing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from firmware_ref.case_models import keras
from tests.fuzz.random_layers import LayerPlan, Shape, Source, draw_type

CONVOLUTIONS = ("conv", "conv", "conv", "pointwise", "depthwise", "separable", "q_conv", "q_conv")
POOLINGS = ("max_pool", "average_pool")
MOVES = ("zero_pad", "crop", "up_sample")
POINTWISE = ("relu", "bn", "tanh", "prelu", "sigmoid", "softmax")
ENDS = ("flat_dense", "global_max", "global_average", "")
KINDS = frozenset((*CONVOLUTIONS, *POOLINGS, *MOVES, *(f"image_{k}" for k in POINTWISE), *ENDS[:3]))
QUANTIZERS = ("binary(alpha=1)", "ternary(alpha=1)", "quantized_po2(4)", "quantized_bits(5,1,alpha=1)")


def draw_shape(rng: np.random.Generator) -> Shape:
    """(height, width, channels) or (width, channels)."""
    channels = int(rng.integers(1, 4))
    if rng.random() < 0.45:
        return (int(rng.integers(4, 9)), channels)
    return (int(rng.integers(4, 7)), int(rng.integers(4, 7)), channels)


def draw_chain(rng: np.random.Generator, index: int, source: Source, io: str) -> list[LayerPlan]:
    """One to three layers on the image, then perhaps one that ends it."""
    chain: list[LayerPlan] = []
    shape = source.shape
    for depth in range(int(rng.integers(1, 4))):
        plan, shape = draw_layer(rng, f"c{index}_{depth}", shape, io)
        chain.append(plan)
    end, rank = str(rng.choice(ENDS)), len(shape) - 1
    if end == "global_max":  # of which only the input's own type compiles: a layer that sets it
        kind = draw_type(rng)
        before = {"Precision": {"result": kind}}
        chain.append(LayerPlan("image_relu", f"c{index}_end_image_relu", shape[-1], before, {"rank": rank}))
        chain.append(draw_end(rng, index, end, rank, io))
        chain[-1].config["Precision"]["accum"] = kind
    elif end:
        chain.append(draw_end(rng, index, end, rank, io))
    return chain


def draw_end(rng: np.random.Generator, index: int, kind: str, rank: int, io: str) -> LayerPlan:
    """What leaves a vector of an image of `rank` axes without its channels."""
    return LayerPlan(kind, f"c{index}_end_{kind}", 3, _config(rng, kind, io), {"rank": rank})


def draw_layer(rng: np.random.Generator, name: str, shape: Shape, io: str) -> tuple[LayerPlan, Shape]:
    """A layer on the image, and the shape it leaves."""
    style = rng.random()
    family: tuple[str, ...] = CONVOLUTIONS if style < 0.5 else POOLINGS if style < 0.68 else MOVES
    if style >= 0.84:
        family = tuple(f"image_{kind}" for kind in POINTWISE)
    kind = str(rng.choice(family))
    *sizes, channels = shape
    window = [int(rng.integers(1, min(4, size + 1))) for size in sizes]
    stride = [int(rng.integers(1, 3)) for _ in sizes]
    padding = str(rng.choice(["same", "valid"]))
    if kind == "pointwise":
        window = [1 for _ in sizes]
    if kind in POOLINGS and io == "io_stream":
        stride, padding = window, "valid"  # other streamed poolings stop C-simulation
    if io == "io_stream" and window[0] == 1:
        stride[0] = 1  # which C-simulation takes it to be
    options: dict[str, Any] = {"rank": len(sizes), "window": window, "stride": stride, "padding": padding}
    options["quantizer"] = str(rng.choice(QUANTIZERS))
    options["bias"] = bool(rng.random() < 0.8)
    options["channels"] = channels
    if kind in CONVOLUTIONS or kind in POOLINGS:
        same = padding == "same"
        sizes = [
            -(-n // s) if same else (n - k) // s + 1 for n, k, s in zip(sizes, window, stride, strict=True)
        ]
        if kind in CONVOLUTIONS and kind != "depthwise":
            channels = int(rng.integers(1, 5))
    elif kind == "zero_pad":
        options["borders"] = [[int(n) for n in rng.integers(0, 3, 2)] for _ in sizes]
        sizes = [n + sum(b) for n, b in zip(sizes, options["borders"], strict=True)]
    elif kind == "crop":
        options["borders"] = [
            [int(rng.integers(0, 2)), int(rng.integers(0, 2))] if n > 2 else [0, 0] for n in sizes
        ]
        sizes = [n - sum(b) for n, b in zip(sizes, options["borders"], strict=True)]
    elif kind == "up_sample":
        options["factors"] = [int(n) for n in rng.integers(1, 3, len(sizes))]
        sizes = [n * f for n, f in zip(sizes, options["factors"], strict=True)]
    config = _config(rng, kind, io)
    taps = math.prod(window) * options["channels"]
    if "ReuseFactor" in config and taps % config["ReuseFactor"] and rng.random() < 0.9:
        config["ReuseFactor"] = 1  # most others are not legal
    return LayerPlan(kind, f"{name}_{kind}", channels, config, options), (*sizes, channels)


def _config(rng: np.random.Generator, kind: str, io: str) -> dict[str, Any]:
    precision: dict[str, str] = {}
    config: dict[str, Any] = {"Precision": precision}
    if kind not in MOVES and rng.random() < 0.75:
        precision["result"] = draw_type(rng)
    if kind in CONVOLUTIONS or kind == "flat_dense":
        if kind != "q_conv":
            precision.update(weight=draw_type(rng, modes=0.2), bias=draw_type(rng, modes=0.2))
        if rng.random() < 0.5:
            precision["accum"] = draw_type(rng, modes=0.6, signed=True)
        parallel_depthwise = kind in ("depthwise", "separable") and io == "io_parallel"
        if rng.random() < 0.4 and not parallel_depthwise:  # for which C-simulation stops
            config.update(Strategy="Resource", ReuseFactor=int(rng.choice([1, 1, 2, 3])))
        if rng.random() < 0.06:
            config["ConvImplementation"] = "Encoded"
    if kind in ("max_pool", "global_max"):
        precision["accum"] = "auto"  # only the input's own type compiles
    if kind in ("average_pool", "global_average") and rng.random() < 0.5:
        precision["accum"] = draw_type(rng, modes=0.6)
    return config


def layers(plan: LayerPlan) -> list[Any]:
    """The Keras layers of a plan."""
    made, options, name = keras().layers, plan.options, plan.name
    dims = f"{options['rank']}D"
    if plan.kind in ("conv", "pointwise", "depthwise", "separable"):
        return [_convolution(plan, dims)]
    if plan.kind == "q_conv":
        import qkeras

        bias = "quantized_bits(6,2,alpha=1)"
        quantizers = {"kernel_quantizer": options["quantizer"], "bias_quantizer": bias}
        convolution = getattr(qkeras, f"QConv{dims}")
        return [convolution(plan.width, options["window"], **_placing(plan), **quantizers, name=name)]
    if plan.kind in POOLINGS:
        pool = getattr(made, f"{'Max' if plan.kind == 'max_pool' else 'Average'}Pooling{dims}")
        return [
            pool(_unpacked(options["window"]), _unpacked(options["stride"]), options["padding"], name=name)
        ]
    if plan.kind == "zero_pad":
        return [getattr(made, f"ZeroPadding{dims}")(_unpacked(options["borders"]), name=name)]
    if plan.kind == "crop":
        return [getattr(made, f"Cropping{dims}")(_unpacked(options["borders"]), name=name)]
    if plan.kind == "up_sample":
        return [getattr(made, f"UpSampling{dims}")(_unpacked(options["factors"]), name=name)]
    if plan.kind.startswith("global_"):
        pool = "Max" if plan.kind == "global_max" else "Average"
        return [getattr(made, f"Global{pool}Pooling{dims}")(name=name)]
    if plan.kind == "flat_dense":
        return [made.Flatten(name=f"{name}_flat"), made.Dense(plan.width, name=name)]
    function = plan.kind.removeprefix("image_")
    if function == "bn":
        return [made.BatchNormalization(name=name)]
    if function == "prelu":
        return [made.PReLU(name=name)]
    return [made.Activation(function, name=name)]


def _convolution(plan: LayerPlan, dims: str) -> Any:
    made, options = keras().layers, plan.options
    if plan.kind == "depthwise":
        strides = options["stride"][0]  # Keras allows equal strides only
        return getattr(made, f"DepthwiseConv{dims}")(
            options["window"], strides, options["padding"], use_bias=options["bias"], name=plan.name
        )
    kind = "SeparableConv" if plan.kind == "separable" else "Conv"
    placing = _placing(plan)
    if plan.kind == "separable":
        placing["strides"] = options["stride"][0]
    return getattr(made, f"{kind}{dims}")(plan.width, options["window"], **placing, name=plan.name)


def _placing(plan: LayerPlan) -> dict[str, Any]:
    options = plan.options
    return {"strides": options["stride"], "padding": options["padding"], "use_bias": options["bias"]}


def _unpacked(numbers: list[Any]) -> Any:
    """One axis has a number where several have a tuple."""
    return numbers[0] if len(numbers) == 1 else numbers
