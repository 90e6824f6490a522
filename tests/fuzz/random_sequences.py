"""Random chains of layers on sequences: recurrent layers, loops over time, embedding, normalisation.

The type of every value is drawn and followed through the chain, because C-simulation compiles some of these
layers only where several types are one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from firmware_ref.case_models import keras
from tests.fuzz import random_dense, random_images
from tests.fuzz.random_layers import LayerPlan, Shape, Source, draw_state_type, draw_type

CELLS = ("lstm", "gru")
PARALLEL = ("bidirectional", "norm")  # C-simulation has them in io_parallel only
INNER = ("dense", "dense", "bn", "relu", "tanh", "sigmoid", "softmax")
KINDS = frozenset((*CELLS, *PARALLEL, "distributed", "embedding"))
FUNCTIONS = ("tanh", "tanh", "relu", "sigmoid")
STATIC_SHARE = 0.6


def draw_source(rng: np.random.Generator) -> Source:
    """(steps, features) of numbers, or (steps,) of indices into a vocabulary."""
    steps = int(rng.integers(1, 6))
    if rng.random() < 0.2:
        bits = int(rng.integers(1, 6))
        fraction = int(rng.integers(1, 3)) if rng.random() < 0.2 else 0
        kind = f"ap_ufixed<{bits + fraction},{bits}>" if fraction else f"ap_uint<{bits}>"
        return Source(kind if rng.random() < 0.8 else f"ap_int<{bits + 1}>", (steps,))
    return Source(draw_state_type(rng), (steps, int(rng.integers(1, 5))))


def draw_chain(
    rng: np.random.Generator, index: int, source: Source, io: str
) -> tuple[list[LayerPlan], Shape]:
    """One to three layers on the sequence, then perhaps dense layers; the shape they leave."""
    shape, kind = source.shape, source.type
    chain: list[LayerPlan] = []
    if len(shape) == 1:
        plan, shape, kind = _draw_embedding(rng, f"c{index}_embedding", source)
        chain.append(plan)
    for depth in range(int(rng.integers(1, 4))):
        if len(shape) == 1:
            break
        name = f"c{index}_{depth}"
        has_loop = index > 0 or any(step.kind == "distributed" for step in chain)
        family = _draw_family(rng, kind, io, has_loop)
        if family == "image":
            plan, shape = random_images.draw_layer(rng, name, shape, io)
            kind = ""  # which hls4ml may give to a layer that it adds behind
        else:
            draw = {"distributed": _draw_loop, "norm": _draw_norm}.get(family, _draw_recurrent)
            plan, shape, kind = draw(rng, f"{name}_{family}", shape, kind)
        chain.append(plan)
    if len(shape) == 2 and io == "io_parallel" and rng.random() < 0.3:
        chain.append(random_images.draw_end(rng, index, "flat_dense", 1, io))
        shape = (chain[-1].width,)
    elif len(shape) == 1 and rng.random() < 0.5:
        chain += random_dense.draw_chain(rng, index, math.prod(shape))[:2]
        shape = (chain[-1].width,)
    return chain, shape


def _draw_family(rng: np.random.Generator, kind: str, io: str, has_loop: bool) -> str:
    """A loop over time names its types for the whole network, so that a network has one."""
    style = rng.random()
    if style < 0.16 or not kind:
        return "image"
    if style < 0.58 or io == "io_stream":
        return str(rng.choice(CELLS))
    return str(rng.choice(PARALLEL if has_loop else ("distributed", "distributed", *PARALLEL)))


def _draw_embedding(rng: np.random.Generator, name: str, source: Source) -> tuple[LayerPlan, Shape, str]:
    vocabulary, n_out = int(rng.integers(2, 33)), int(rng.integers(1, 4))
    result = draw_state_type(rng)
    precision = {"result": result}
    if rng.random() < 0.5:
        precision["embeddings"] = draw_type(rng, modes=0.3)
    options = {"vocabulary": vocabulary, "steps": source.shape[0]}
    return (
        LayerPlan("embedding", name, n_out, {"Precision": precision}, options),
        (*source.shape, n_out),
        result,
    )


def _draw_recurrent(
    rng: np.random.Generator, name: str, shape: Shape, kind: str
) -> tuple[LayerPlan, Shape, str]:
    family = name.rsplit("_", 1)[-1]
    cells = [family] if family in CELLS else [str(cell) for cell in rng.choice(CELLS, 2)]
    width = int(rng.integers(1, 5))
    widths = [width, width if rng.random() < 0.5 else int(rng.integers(1, 5))][: len(cells)]
    static = bool(rng.random() < STATIC_SHARE)
    result, accum = draw_state_type(rng), draw_state_type(rng)
    if family == "lstm" or ("lstm" in cells and not static):
        result = accum = kind  # or C-simulation does not compile
    precision = {"result": result, "accum": accum}
    for direction in ("",) if len(cells) == 1 else ("forward_", "backward_"):
        for weight in ("weight", "recurrent_weight", "bias", "recurrent_bias"):
            if rng.random() < 0.4:
                precision[f"{direction}{weight}"] = draw_type(rng, modes=0.3)
    config: dict[str, Any] = {"Precision": precision, "static": static}
    config["Strategy"] = str(
        rng.choice(["Latency", "Latency", "Resource", "Resource", "Resource", "resource_unrolled"])
    )
    fitting = int(rng.integers(1, min(shape[1], *widths) + 1))  # larger ones are legal for one product only
    if family == "bidirectional":
        fitting = math.gcd(shape[1], *widths)  # hls4ml does not correct it
    config["ReuseFactor"] = fitting if rng.random() < 0.85 else int(rng.choice([4, 6, 8, 12, 24]))
    if config["Strategy"] == "resource_unrolled" and config["ReuseFactor"] < 6:
        config["Strategy"] = "Resource"  # hls4ml rounds to 1, for which it generates no code
    if rng.random() < 0.5:
        config["table_t"] = draw_type(rng)
    if rng.random() < 0.5:
        config["TableSize"] = int(rng.choice(random_dense.TABLE_SIZES))
    functions = [[str(f) for f in (rng.choice(FUNCTIONS), rng.choice(FUNCTIONS[1:]))] for _ in cells]
    options = {
        "cells": cells,
        "widths": widths,
        "functions": functions,
        "sequences": bool(rng.random() < 0.55),
        "reset_after": bool(rng.random() < 0.985),  # otherwise hls4ml keeps one bias alone
    }
    n_out = sum(widths)
    left = (shape[0], n_out) if options["sequences"] else (n_out,)
    return LayerPlan(family, name, n_out, config, options), left, result


def _draw_loop(rng: np.random.Generator, name: str, shape: Shape, kind: str) -> tuple[LayerPlan, Shape, str]:
    """A layer on every time step; the types of what enters, of what it makes and of what leaves are one."""
    inner = str(rng.choice(INNER))
    width = int(rng.integers(1, 5)) if inner == "dense" else shape[1]
    config = random_dense.draw_config(rng, inner)
    config["Precision"]["result"] = kind
    if config.get("Strategy") == "resource_unrolled":
        config["Strategy"] = "Resource"
    step = LayerPlan(inner, f"{name}_step", width, config, random_dense.draw_options(rng))
    parallel = str(rng.choice(["Off", "Unroll", "Pipeline"]))
    loop = {"Precision": {"result": kind}, "TimeStepLoopParallelism": parallel}
    return LayerPlan("distributed", name, width, loop, {"inner": step}), (shape[0], width), kind


def _draw_norm(rng: np.random.Generator, name: str, shape: Shape, kind: str) -> tuple[LayerPlan, Shape, str]:
    result = draw_state_type(rng)
    precision = {"result": result}
    for key in ("accum", "scale", "bias"):
        if rng.random() < 0.5:
            precision[key] = draw_state_type(rng)
    if rng.random() < 0.5:
        precision["table"] = draw_type(rng, signed=bool(rng.random() < 0.3))
    config: dict[str, Any] = {"Precision": precision}
    if rng.random() < 0.5:
        config["table_size"] = int(rng.choice([64, 256, 777, 1000, 2048]))
    if rng.random() < 0.5:
        config["table_range_power2"] = int(rng.integers(0, 5))
    options = {"epsilon": float(rng.choice([1e-2, 1e-3, 1e-4, 1e-5]))}
    return LayerPlan("norm", name, shape[1], config, options), shape, result


def layers(plan: LayerPlan) -> list[Any]:
    """The Keras layer of a plan."""
    made, options = keras().layers, plan.options
    match plan.kind:
        case "embedding":
            return [
                made.Embedding(
                    options["vocabulary"], plan.width, input_length=options["steps"], name=plan.name
                )
            ]
        case "distributed":
            (inner,) = random_dense.layers(options["inner"])
            return [made.TimeDistributed(inner, name=plan.name)]
        case "norm":
            return [made.LayerNormalization(epsilon=options["epsilon"], name=plan.name)]
        case "bidirectional":
            backward = _cell(plan, 1, go_backwards=True)
            return [made.Bidirectional(_cell(plan, 0), backward_layer=backward, name=plan.name)]
    return [_cell(plan, 0, name=plan.name)]


def _cell(plan: LayerPlan, i: int, **keys: Any) -> Any:
    options = plan.options
    kind, (activation, gate) = options["cells"][i], options["functions"][i]
    if kind == "gru":
        keys["reset_after"] = options["reset_after"]
    return getattr(keras().layers, kind.upper())(
        options["widths"][i],
        activation=activation,
        recurrent_activation=gate,
        return_sequences=options["sequences"],
        **keys,
    )


def configs(plan: LayerPlan) -> list[tuple[str, dict[str, Any]]]:
    """The configuration of a layer, of the one inside it and of the one that ends it, by name."""
    named = [(plan.name, plan.config)]
    if plan.kind == "distributed":
        inner = plan.options["inner"]
        named += [(inner.name, inner.config), (f"{plan.name}_end", {"Precision": plan.config["Precision"]})]
    return named
