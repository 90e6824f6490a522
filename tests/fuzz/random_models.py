"""Random small networks: several chains of layers from one input, so that one compilation tests many.

A seed draws a plan (plain data), the plan builds an hls4ml ModelGraph. Every chain draws from a generator of
its own, so a plan can be cut down to fewer chains of the same layers.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from firmware_ref.case_models import convert_qonnx, keras, qonnx_mlp
from tests.fuzz import random_dense, random_graphs, random_images, random_sequences
from tests.fuzz.random_layers import LayerPlan, Shape, Source, draw_type, generator

# Streams have no Dot, which is the first.
MERGES = ("Dot", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Stack")
# Share of the seeds: vectors, images, sequences, lists of layers, QONNX models.
FAMILIES = {"dense": 0.35, "image": 0.26, "sequence": 0.25, "list": 0.11, "qonnx": 0.03}


class Plan(NamedTuple):
    """A network: each chain starts at inputs; merges join the ends of two chains. Or a QONNX model."""

    seed: int
    family: str
    io: str
    backend: str
    granularity: str
    default: str
    sources: list[Source]
    gain: float
    chains: list[list[LayerPlan]]
    starts: list[list[int]]
    merges: list[tuple[LayerPlan, int, int]]


class Drawn(NamedTuple):
    """Chains, the inputs of each, and the shapes they leave."""

    sources: list[Source]
    chains: list[list[LayerPlan]]
    starts: list[list[int]]
    shapes: list[Shape]


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    rng = np.random.default_rng([seed, 0])
    family = str(rng.choice(list(FAMILIES), p=list(FAMILIES.values())))
    io = str(rng.choice(["io_parallel", "io_parallel", "io_stream"]))
    if family == "list":
        io = "io_parallel"
    generators = [np.random.default_rng([seed, 1, i]) for i in range(int(rng.integers(3, 6)))]
    drawn = _draw_units(generators) if family == "list" else _draw_chains(rng, family, io, generators)
    merges: list[tuple[LayerPlan, int, int]] = []
    for a, b in combinations(range(len(generators)), 2):
        shape = drawn.shapes[a]
        if len(shape) == 1 and drawn.shapes[b] == shape and rng.random() < 0.5:
            kind = str(rng.choice(MERGES[io == "io_stream" :]))
            config, options = random_dense.draw_config(rng, kind), random_dense.draw_options(rng)
            name = f"m{len(merges)}_{kind.lower()}"
            merges.append((LayerPlan(kind, name, math.prod(shape), config, options), a, b))
    return Plan(
        seed=seed,
        family=family,
        io=io,
        backend=str(rng.choice(["Vitis", "Vitis", "Vivado"])),
        granularity=str(rng.choice(["name", "name", "model"])),
        default="fixed<16,6>" if rng.random() < 0.6 else draw_type(rng, signed=True),
        sources=drawn.sources,
        gain=float(rng.choice([0.5, 1.0, 2.0, 8.0])),
        chains=drawn.chains,
        starts=drawn.starts,
        merges=merges,
    )


def _draw_chains(
    rng: np.random.Generator, family: str, io: str, generators: list[np.random.Generator]
) -> Drawn:
    """Chains of Keras layers from one or two inputs."""
    count = 1 if rng.random() < 0.8 else 2
    if family == "sequence":
        sources = [random_sequences.draw_source(rng) for _ in range(count)]
    else:
        shape: Shape = (int(rng.integers(2, 9)),)
        if family == "image":
            shape = random_images.draw_shape(rng)
        elif rng.random() < (0.2 if io == "io_parallel" else 0.05):
            # C-simulation seldom defines a streamed Flatten
            shape = (int(rng.integers(2, 4)), int(rng.integers(1, 4)))
        sources = [Source(draw_type(rng), shape) for _ in range(count)]
    starts = [[i % count] for i in range(len(generators))]
    chains, shapes = [], []
    for i, own in enumerate(generators):
        source = sources[i % count]
        if family == "sequence":
            chain, left = random_sequences.draw_chain(own, i, source, io)
        elif family == "image":
            chain, left = random_images.draw_chain(own, i, source, io), ()
        else:
            chain = random_dense.draw_chain(own, i, math.prod(source.shape))
            left = (chain[-1].width,)
        chains.append(chain)
        shapes.append(left)
    return Drawn(sources, chains, starts, shapes)


def _draw_units(generators: list[np.random.Generator]) -> Drawn:
    """Layers with inputs of their own, which are not merged."""
    sources: list[Source] = []
    chains, starts = [], []
    for i, own in enumerate(generators):
        chain, read = random_graphs.draw_unit(own, i)
        chains.append(chain)
        starts.append([len(sources) + k for k in range(len(read))])
        sources += read
    return Drawn(sources, chains, starts, [()] * len(chains))


def only_chains(plan: Plan, keep: list[int]) -> Plan:
    """The plan with these chains and the merges between them."""
    place = {old: new for new, old in enumerate(keep)}
    merges = [(m, place[a], place[b]) for m, a, b in plan.merges if a in place and b in place]
    chains, starts = [plan.chains[i] for i in keep], [plan.starts[i] for i in keep]
    return plan._replace(chains=chains, starts=starts, merges=merges)


def _layers(plan: LayerPlan) -> list[Any]:
    """The Keras layers of a plan."""
    if plan.kind in random_images.KINDS:
        return random_images.layers(plan)
    if plan.kind in random_sequences.KINDS:
        return random_sequences.layers(plan)
    return random_dense.layers(plan)


def _merged(plan: LayerPlan, a: Any, b: Any) -> Any:
    layers, folded = keras().layers, random_dense.folded(plan.width)
    if plan.kind == "Dot":
        return layers.Dot(axes=1, name=plan.name)([a, b])
    if plan.kind != "Stack":
        return getattr(layers, plan.kind)(name=plan.name)([a, b])
    a, b = (layers.Reshape(folded, name=f"{plan.name}_{i}")(x) for i, x in enumerate((a, b)))
    joined = layers.Concatenate(axis=1 + int(plan.options["alpha"] * 2), name=plan.name)([a, b])
    return layers.Flatten(name=f"{plan.name}_flat")(joined)


def _fill(model: Any, seed: int, gain: float) -> None:
    for layer in model.layers:
        rng = generator(seed, layer.name)
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
    inputs = [layers.Input(source.shape, name=f"x{i}") for i, source in enumerate(plan.sources)]
    ends = []
    for i, (chain, (start,)) in enumerate(zip(plan.chains, plan.starts, strict=True)):
        x = inputs[start]
        if plan.family == "dense" and len(plan.sources[start].shape) > 1:
            x = layers.Flatten(name=f"c{i}_flat")(x)
        for step in chain:
            for layer in _layers(step):
                x = layer(x)
        ends.append(x)
    merged = {i for _, a, b in plan.merges for i in (a, b)}
    outputs = [end for i, end in enumerate(ends) if i not in merged]
    for merge, a, b in plan.merges:
        outputs.append(_merged(merge, ends[a], ends[b]))
    model = keras().Model([inputs[i] for i in _used(plan)], outputs)
    _fill(model, plan.seed, plan.gain)
    return model


def _used(plan: Plan) -> list[int]:
    return sorted({i for start in plan.starts for i in start})


def _configure(plan: Plan, names: dict[str, Any]) -> None:
    """Adds the types and keys of the plan to hls4ml's configuration, by layer name."""
    for i, source in enumerate(plan.sources):
        names.setdefault(f"x{i}", {}).setdefault("Precision", {})["result"] = source.type
    steps = [step for chain in plan.chains for step in chain] + [merge for merge, _, _ in plan.merges]
    for name, config in [pair for step in steps for pair in random_sequences.configs(step)]:
        entry = names.setdefault(name, {})
        entry.setdefault("Precision", {}).update(config["Precision"])
        entry.update({key: value for key, value in config.items() if key != "Precision"})
        if "result" in config["Precision"] and f"{name}_linear" in names:
            names[f"{name}_linear"]["Precision"]["result"] = config["Precision"]["result"]


def build(plan: Plan) -> Any:
    """The hls4ml ModelGraph of a plan."""
    import hls4ml

    if plan.family == "qonnx":
        return convert_qonnx(qonnx_mlp(plan.seed, vary=True), backend=plan.backend)
    if plan.family == "list":
        return _build_list(plan)
    model = _keras_model(plan)
    config = hls4ml.utils.config_from_keras_model(
        model, granularity=plan.granularity, backend=plan.backend, default_precision=plan.default
    )
    _configure(plan, config.setdefault("LayerName", {}))
    return hls4ml.converters.convert_from_keras_model(
        model,
        hls_config=config,
        backend=plan.backend,
        io_type=plan.io,
        output_dir="unused",
        project_name="myproject",
    )


def _build_list(plan: Plan) -> Any:
    made = []
    for chain, start in zip(plan.chains, plan.starts, strict=True):
        read = [f"x{i}" for i in start]
        for step in chain:
            made.append(random_graphs.layers(step, read, plan.seed, plan.gain))
            read = [step.name]
    names: dict[str, Any] = {}
    _configure(plan, names)
    model = {"Precision": {"default": plan.default}, "ReuseFactor": 1, "Strategy": "Latency"}
    settings = {
        "Backend": plan.backend,
        "ProjectName": "myproject",
        "OutputDir": "unused",
        "IOType": plan.io,
        "HLSConfig": {"Model": model, "LayerName": names},
    }
    return random_graphs.graph({f"x{i}": plan.sources[i] for i in _used(plan)}, made, settings)
