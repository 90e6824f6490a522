"""Random chains of layers on a vector: dense layers, tables, piecewise functions, QKeras."""

from __future__ import annotations

from typing import Any

import numpy as np

from firmware_ref.case_models import keras
from tests.fuzz.random_layers import LayerPlan, draw_type

TABLES = ("sigmoid", "tanh", "softplus", "softsign", "selu", "elu")
PIECEWISE = ("relu", "hard_sigmoid", "leaky", "threshold", "elu_alpha", "prelu")
QACTIVATIONS = ("q_relu", "q_slope", "q_bits", "q_tanh", "q_sigmoid", "q_real_tanh", "q_binary", "q_ternary")
WEIGHTED = ("dense", "dense", "dense", "q_dense", "q_alpha", "binary", "ternary", "po2")
SHAPES = ("fold", "permute")
FOLDED = ("relu", "bn", "softmax", "prelu", "sigmoid")
SOFTMAX = ("latency", "stable", "legacy", "argmax")
TABLE_SIZES = (1024, 512, 2048, 256, 64, 777, 100)


def draw_config(rng: np.random.Generator, kind: str) -> dict[str, Any]:
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


def draw_options(rng: np.random.Generator) -> dict[str, Any]:
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


def draw_chain(rng: np.random.Generator, index: int, width: int) -> list[LayerPlan]:
    chain = []
    for depth in range(int(rng.integers(1, 5))):
        kind = _draw_kind(rng, depth == 0)
        if kind in WEIGHTED:
            width = int(rng.choice([2, 3, 4, 4, 4, 6]))
        if kind == "softmax" and width < 2:
            kind = "relu"
        chain.append(
            LayerPlan(kind, f"c{index}_{depth}_{kind}", width, draw_config(rng, kind), draw_options(rng))
        )
    return chain


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


def layers(plan: LayerPlan) -> list[Any]:
    """One layer, or a layer between a reshaping to two axes and its inverse."""
    if plan.kind not in SHAPES:
        return [_layer(plan)]
    made = keras().layers
    steps = [made.Reshape(folded(plan.width), name=f"{plan.name}_fold")]
    if plan.kind == "permute":
        steps.append(made.Permute((2, 1), name=f"{plan.name}_swap"))
    inner = plan._replace(kind=FOLDED[int(plan.options["alpha"] * len(FOLDED))])
    return [*steps, _layer(inner), made.Flatten(name=f"{plan.name}_flat")]


def folded(width: int) -> tuple[int, int]:
    rows = next(d for d in (3, 2, 1) if width % d == 0)
    return rows, width // rows
