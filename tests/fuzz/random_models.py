"""Random small networks: several chains of layers from one input, so that one compilation tests many.

A seed draws a plan (plain data), the plan builds an hls4ml ModelGraph. Every chain draws from a generator of
its own, so a plan can be cut down to fewer chains of the same layers.
"""

from __future__ import annotations

import math
import zlib
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from firmware_ref.case_models import convert_qonnx, keras, qonnx_mlp
from tests.fuzz import random_images
from tests.fuzz.random_layers import LayerPlan, draw_type

TABLES = ("sigmoid", "tanh", "softplus", "softsign", "selu", "elu")
PIECEWISE = ("relu", "hard_sigmoid", "leaky", "threshold", "elu_alpha", "prelu")
QACTIVATIONS = ("q_relu", "q_slope", "q_bits", "q_tanh", "q_sigmoid", "q_real_tanh", "q_binary", "q_ternary")
WEIGHTED = ("dense", "dense", "dense", "q_dense", "q_alpha", "binary", "ternary", "po2")
SHAPES = ("fold", "permute")
FOLDED = ("relu", "bn", "softmax", "prelu", "sigmoid")
# Streams have no Dot, which is the first.
MERGES = ("Dot", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Stack")
SOFTMAX = ("latency", "stable", "legacy", "argmax")
TABLE_SIZES = (1024, 512, 2048, 256, 64, 777, 100)


class Plan(NamedTuple):
    """A network: each chain starts at an input; merges join the ends of two chains. Or a QONNX model."""

    seed: int
    io: str
    backend: str
    granularity: str
    default: str
    inputs: list[str]  # types
    shape: tuple[int, ...]
    gain: float
    chains: list[list[LayerPlan]]
    starts: list[int]
    merges: list[tuple[LayerPlan, int, int]]
    qonnx: bool
    image: bool


def _draw_config(rng: np.random.Generator, kind: str) -> dict[str, Any]:
    precision: dict[str, str] = {}
    config: dict[str, Any] = {"Precision": precision}
    if rng.random() < 0.6:
        precision["result"] = draw_type(rng)
    if kind == "Dot":  # hls4ml can't infer its types
        precision.update(result=draw_type(rng), accum=draw_type(rng))
    if kind in ("dense", "bn"):
        for weight in ("weight", "bias") if kind == "dense" else ("scale", "bias"):
            if rng.random() < 0.5:
                precision[weight] = draw_type(rng, modes=0.25)
    if kind in WEIGHTED:
        if rng.random() < 0.45:
            precision["accum"] = draw_type(rng, modes=0.6, signed=True if rng.random() < 0.9 else None)
        config["Strategy"] = str(rng.choice(["Latency", "Resource", "Resource", "resource_unrolled"]))
        config["ReuseFactor"] = int(rng.choice([1, 2, 3, 4, 6, 8]))
        if config["Strategy"] == "resource_unrolled" and config["ReuseFactor"] < 6:
            config["Strategy"] = "Resource"  # hls4ml rounds to 1, for which it generates no code
    if kind in TABLES or kind == "elu_alpha":
        config["TableSize"] = int(rng.choice(TABLE_SIZES))
        if rng.random() < 0.5:
            config["table_t"] = draw_type(rng)
    if kind == "softmax":
        config["Implementation"] = str(rng.choice(SOFTMAX))
        config["TableSize"] = int(rng.choice([1024, 512, 256]))
        if rng.random() < 0.05:
            config["Skip"] = True
        for key in ("exp_table_t", "inv_table_t", "accum_t", "inv_inp_t"):
            if rng.random() < 0.25:
                config[key] = draw_type(rng)
    return config


def _draw_options(rng: np.random.Generator) -> dict[str, Any]:
    bits = int(rng.integers(3, 10))
    integer = int(rng.integers(0, 4))
    return {
        "bits": bits,
        "integer": min(integer, bits - 1),
        "bias": bool(rng.random() < 0.85),
        "alpha": rng.random(),
    }


def _draw_kind(rng: np.random.Generator, first: bool) -> str:
    style = rng.random()
    if style < (0.55 if first else 0.35):
        return str(rng.choice(WEIGHTED))
    if style < 0.63:
        return str(rng.choice(TABLES))
    if style < 0.78:
        return str(rng.choice(PIECEWISE))
    if style < 0.87:
        return str(rng.choice(QACTIVATIONS))
    if style < 0.90:
        return str(rng.choice(SHAPES))
    return "bn" if style < 0.96 else "softmax"


def _draw_chain(rng: np.random.Generator, index: int, width: int) -> list[LayerPlan]:
    chain = []
    for depth in range(int(rng.integers(1, 5))):
        kind = _draw_kind(rng, depth == 0)
        if kind in WEIGHTED:
            width = int(rng.choice([2, 3, 4, 4, 4, 6]))
        if kind == "softmax" and width < 2:
            kind = "relu"
        chain.append(
            LayerPlan(kind, f"c{index}_{depth}_{kind}", width, _draw_config(rng, kind), _draw_options(rng))
        )
    return chain


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    rng = np.random.default_rng([seed, 0])
    io = str(rng.choice(["io_parallel", "io_parallel", "io_stream"]))
    count = int(rng.integers(3, 6))
    image = bool(rng.random() < 0.4)
    shape: tuple[int, ...] = (int(rng.integers(2, 9)),)
    if image:
        shape = random_images.draw_shape(rng)
    elif rng.random() < (
        0.2 if io == "io_parallel" else 0.05
    ):  # C-simulation seldom defines a streamed Flatten
        shape = (int(rng.integers(2, 4)), int(rng.integers(1, 4)))
    generators = [np.random.default_rng([seed, 1, i]) for i in range(count)]
    if image:
        chains = [random_images.draw_chain(g, i, shape, io) for i, g in enumerate(generators)]
    else:
        chains = [_draw_chain(g, i, math.prod(shape)) for i, g in enumerate(generators)]
    merges: list[tuple[LayerPlan, int, int]] = []
    for a, b in combinations(range(count), 2):
        width = chains[a][-1].width
        if not image and chains[b][-1].width == width and rng.random() < 0.5:
            kind = str(rng.choice(MERGES[io == "io_stream" :]))
            name = f"m{len(merges)}_{kind.lower()}"
            merges.append((LayerPlan(kind, name, width, _draw_config(rng, kind), _draw_options(rng)), a, b))
    granularity = str(rng.choice(["name", "name", "model"]))
    default = "fixed<16,6>" if rng.random() < 0.6 else draw_type(rng, signed=True)
    inputs = [draw_type(rng) for _ in range(1 if rng.random() < 0.8 else 2)]
    return Plan(
        seed=seed,
        io=io,
        backend=str(rng.choice(["Vitis", "Vitis", "Vivado"])),
        granularity=granularity,
        default=default,
        inputs=inputs,
        shape=shape,
        gain=float(rng.choice([0.5, 1.0, 2.0, 8.0])),
        chains=chains,
        starts=[i % len(inputs) for i in range(count)],
        merges=merges,
        qonnx=not image and bool(rng.random() < 0.06),
        image=image,
    )


def only_chains(plan: Plan, keep: list[int]) -> Plan:
    """The plan with these chains and the merges between them."""
    place = {old: new for new, old in enumerate(keep)}
    merges = [(m, place[a], place[b]) for m, a, b in plan.merges if a in place and b in place]
    chains, starts = [plan.chains[i] for i in keep], [plan.starts[i] for i in keep]
    return plan._replace(chains=chains, starts=starts, merges=merges)


def _quantizer(plan: LayerPlan) -> str:
    bits, integer, alpha = plan.options["bits"], plan.options["integer"], plan.options["alpha"]
    match plan.kind:
        case "q_dense":
            return f"quantized_bits({bits},{integer},alpha=1)"
        case "q_alpha":
            return f"quantized_bits({bits},{integer},alpha='{'auto_po2' if alpha < 0.6 else 'auto'}')"
        case "po2":
            return f"quantized_po2({min(bits, 5)})"
        case "binary" | "ternary":
            return f"{plan.kind}(alpha=1)"
    raise ValueError(plan.kind)


def _qactivation(plan: LayerPlan) -> str:
    bits, integer = plan.options["bits"], plan.options["integer"]
    return {
        "q_relu": f"quantized_relu({bits},{integer})",
        "q_slope": f"quantized_relu({bits},{integer},negative_slope=0.25)",
        "q_bits": f"quantized_bits({bits},{integer},alpha=1)",
        "q_tanh": f"quantized_tanh({bits})",
        "q_sigmoid": f"quantized_sigmoid({bits})",
        "q_real_tanh": f"quantized_tanh({bits},use_real_tanh=True)",
        "q_binary": "binary(alpha=1)",
        "q_ternary": "ternary(alpha=1)",
    }[plan.kind]


def _layer(plan: LayerPlan) -> Any:
    layers, name, alpha = keras().layers, plan.name, plan.options["alpha"]
    if plan.kind == "dense":
        return layers.Dense(plan.width, use_bias=plan.options["bias"], name=name)
    if plan.kind in WEIGHTED:
        from qkeras import QDense

        bias = f"quantized_bits({plan.options['bits']},{plan.options['integer']},alpha=1)"
        return QDense(
            plan.width,
            use_bias=plan.options["bias"],
            kernel_quantizer=_quantizer(plan),
            bias_quantizer=bias,
            name=name,
        )
    if plan.kind in QACTIVATIONS:
        from qkeras import QActivation

        return QActivation(_qactivation(plan), name=name)
    match plan.kind:
        case "bn":
            return layers.BatchNormalization(name=name)
        case "leaky":
            return layers.LeakyReLU(round(0.05 + alpha, 2), name=name)
        case "threshold":
            return layers.ThresholdedReLU(round(2 * alpha, 2), name=name)
        case "elu_alpha":
            return layers.ELU(round(0.1 + alpha, 2), name=name)
        case "prelu":
            return layers.PReLU(name=name)
    return layers.Activation(plan.kind, name=name)


def _layers(plan: LayerPlan) -> list[Any]:
    """One layer, or a layer between a reshaping to two axes and its inverse, or those of an image."""
    if plan.kind in random_images.KINDS:
        return random_images.layers(plan)
    if plan.kind not in SHAPES:
        return [_layer(plan)]
    layers = keras().layers
    steps = [layers.Reshape(_folded(plan.width), name=f"{plan.name}_fold")]
    if plan.kind == "permute":
        steps.append(layers.Permute((2, 1), name=f"{plan.name}_swap"))
    inner = plan._replace(kind=FOLDED[int(plan.options["alpha"] * len(FOLDED))])
    return [*steps, _layer(inner), layers.Flatten(name=f"{plan.name}_flat")]


def _folded(width: int) -> tuple[int, int]:
    rows = next(d for d in (3, 2, 1) if width % d == 0)
    return rows, width // rows


def _merged(plan: LayerPlan, a: Any, b: Any) -> Any:
    layers = keras().layers
    if plan.kind == "Dot":
        return layers.Dot(axes=1, name=plan.name)([a, b])
    if plan.kind != "Stack":
        return getattr(layers, plan.kind)(name=plan.name)([a, b])
    a, b = (layers.Reshape(_folded(plan.width), name=f"{plan.name}_{i}")(x) for i, x in enumerate((a, b)))
    joined = layers.Concatenate(axis=1 + int(plan.options["alpha"] * 2), name=plan.name)([a, b])
    return layers.Flatten(name=f"{plan.name}_flat")(joined)


def _fill(model: Any, seed: int, gain: float) -> None:
    """Weights depend on the layer's name, not on what else is in the network."""
    for layer in model.layers:
        rng = np.random.default_rng([seed, 2, zlib.crc32(layer.name.encode())])
        values = []
        for weight in layer.weights:
            name = weight.name.split("/")[-1]
            if "variance" in name or "gamma" in name:
                values.append(rng.uniform(0.3, 2.0, weight.shape))
            else:
                values.append(rng.normal(0, gain / 2, weight.shape))
        if values:
            layer.set_weights(values)


def _keras_model(plan: Plan) -> Any:
    layers = keras().layers
    keras().backend.clear_session()
    inputs = [layers.Input(plan.shape, name=f"x{i}") for i in range(len(plan.inputs))]
    ends = []
    for i, (chain, start) in enumerate(zip(plan.chains, plan.starts, strict=True)):
        x = inputs[start]
        if len(plan.shape) > 1 and not plan.image:
            x = layers.Flatten(name=f"c{i}_flat")(x)
        for step in chain:
            for layer in _layers(step):
                x = layer(x)
        ends.append(x)
    merged = {i for _, a, b in plan.merges for i in (a, b)}
    outputs = [end for i, end in enumerate(ends) if i not in merged]
    for merge, a, b in plan.merges:
        outputs.append(_merged(merge, ends[a], ends[b]))
    model = keras().Model([inputs[i] for i in sorted(set(plan.starts))], outputs)
    _fill(model, plan.seed, plan.gain)
    return model


def build(plan: Plan) -> Any:
    """The hls4ml ModelGraph of a plan."""
    import hls4ml

    if plan.qonnx:
        return convert_qonnx(qonnx_mlp(plan.seed, vary=True), backend=plan.backend)
    model = _keras_model(plan)
    config = hls4ml.utils.config_from_keras_model(
        model, granularity=plan.granularity, backend=plan.backend, default_precision=plan.default
    )
    names = config.setdefault("LayerName", {})
    for i, text in enumerate(plan.inputs):
        names.setdefault(f"x{i}", {}).setdefault("Precision", {})["result"] = text
    for step in [s for chain in plan.chains for s in chain] + [m for m, _, _ in plan.merges]:
        entry = names.setdefault(step.name, {})
        entry.setdefault("Precision", {}).update(step.config["Precision"])
        entry.update({key: value for key, value in step.config.items() if key != "Precision"})
        if "result" in step.config["Precision"] and f"{step.name}_linear" in names:
            names[f"{step.name}_linear"]["Precision"]["result"] = step.config["Precision"]["result"]
    return hls4ml.converters.convert_from_keras_model(
        model,
        hls_config=config,
        backend=plan.backend,
        io_type=plan.io,
        output_dir="unused",
        project_name="myproject",
    )
