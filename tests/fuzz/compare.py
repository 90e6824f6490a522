"""One network through bxnn and through C-simulation, compared raw integer for raw integer, layer by layer."""

from __future__ import annotations

import contextlib
import io
import re
import time
from typing import Any, NamedTuple

import numpy as np

from firmware_ref.csim import Csim, CsimFailed
from firmware_ref.inputs import Raw, grid_of, mixed
from tests.fuzz import random_hgq, random_models

NETWORKS: dict[str, Any] = {"keras": random_models, "hgq": random_hgq}


class Outcome(NamedTuple):
    """kind is 'equal', 'MISMATCH', 'refused', 'csim failed', 'not built' or 'crashed'; reason says why."""

    seed: int
    kind: str
    reason: str
    values: int
    layers: list[str]
    seconds: float


class Answer(NamedTuple):
    """Raw outputs in order and raw layers by name, each [N, n]."""

    outputs: list[Raw]
    layers: dict[str, Raw]


def native_answers(model: Any, inputs: list[Raw]) -> dict[str, Answer]:
    """bxnn's answers, by instruction set."""
    import bxnn
    from bxnn import _core

    converted = bxnn.convert(model)
    core = converted._core
    answers = {}
    for isa in ["reference", *_core.isa_levels()]:
        found = core.run(inputs, trace=True, isa=isa)
        n_out = len(core.outputs)
        layers = {t.name: np.asarray(v) for t, v in zip(core.probes, found[n_out:], strict=True)}
        answers[isa] = Answer([np.asarray(v) for v in found[:n_out]], layers)
    return answers


def spec_answers(model: Any, inputs: list[Raw]) -> dict[str, Answer]:
    """The answer of the interpreter written from the specification, over the same front end."""
    from bxnn.frontends.hls4ml import from_model_graph
    from tests.spec.interpreter import SpecBuilder

    builder = SpecBuilder("fuzz")
    from_model_graph(model, builder)
    built = builder.build()
    found = built.run(inputs, trace=True)
    n_out = len(built.outputs)
    layers = {t.name: v for t, v in zip(built.probes, found[n_out:], strict=True)}
    return {"spec": Answer(found[:n_out], layers)}


ENGINES = {"native": native_answers, "spec": spec_answers}


def draw_inputs(model: Any, seed: int, events: int) -> list[Raw]:
    """Raw inputs [events, n], one an input of the ModelGraph."""
    rng = np.random.default_rng([seed, 3])
    drawn = {}
    for name, variable in zip(model.inputs, model.get_input_variables(), strict=True):
        raw = mixed(rng, grid_of(variable.type.precision), events, int(np.prod(variable.shape)))
        drawn[name] = _defined(model, name, raw, grid_of(variable.type.precision).frac)
    return list(drawn.values())


def _defined(model: Any, name: str, raw: Raw, frac: int) -> Raw:
    """The inputs, changed to those for which C-simulation is defined."""
    for node in model.get_layers():
        if node.class_name == "Embedding" and _source(model, node.inputs[0]) == name:
            highest = (int(node.get_attr("vocab_size")) - 1) << max(frac, 0) >> max(-frac, 0)
            raw = np.clip(raw, 0, highest)
        if node.class_name.startswith("GarNet") and _source(model, node.inputs[1]) == name:
            raw = np.where(raw == 0, 1, raw)  # by which it divides
    return raw


def _source(model: Any, name: str) -> str:
    """The value that a stream's copy is a copy of."""
    for node in model.get_layers():
        if node.class_name == "Clone" and name in node.outputs:
            return str(node.inputs[0])
    return name


def check(plan: Any, networks: str, engine: str, events: int) -> Outcome:
    """Builds, converts, simulates and compares one plan of the networks so named."""
    start = time.perf_counter()
    layers: list[str] = []

    def outcome(kind: str, reason: str = "", values: int = 0) -> Outcome:
        return Outcome(plan.seed, kind, reason, values, layers, time.perf_counter() - start)

    try:
        with contextlib.redirect_stdout(io.StringIO()):
            model = NETWORKS[networks].build(plan)
    except Exception as error:
        return outcome("not built", f"{type(error).__name__}: {error}")
    inputs = draw_inputs(model, plan.seed, events)
    layers += [node.class_name for node in model.get_layers()]
    try:
        answers = ENGINES[engine](model, inputs)
    except Exception as error:
        refused = type(error).__name__ in ("UnsupportedError", "GraphError")
        return outcome("refused" if refused else "crashed", f"{type(error).__name__}: {error}")
    try:
        text, values = _difference(model, answers, inputs, "-O0")  # compiles fastest
        if text:
            text, values = _difference(model, answers, inputs, "-O3")  # as hls4ml compiles
    except CsimFailed as error:
        return outcome("csim failed", str(error))
    return outcome("MISMATCH", text) if text else outcome("equal", values=values)


def _difference(model: Any, answers: dict[str, Answer], inputs: list[Raw], optimise: str) -> tuple[str, int]:
    with contextlib.redirect_stdout(io.StringIO()), Csim(model, optimise=optimise) as csim:
        expected = Answer(*csim.run(inputs))
    values = 0
    for isa, answer in answers.items():
        text, count = compare(model, expected, answer, inputs)
        if text:
            return f"[{isa}] {text}", values
        values += count
    return "", values


def compare(model: Any, expected: Answer, got: Answer, inputs: list[Raw]) -> tuple[str, int]:
    """(description of the first difference or '', values compared), in the order of the layers."""
    pairs = [(name, raw, got.layers[name]) for name, raw in expected.layers.items() if name in got.layers]
    named = list(zip(model.outputs, expected.outputs, got.outputs, strict=True))
    values = 0
    for name, want, have in pairs + named:
        if want.shape != have.shape:
            return f"{name}: C-simulation gives shape {want.shape}, bxnn {have.shape}", values
        differing = np.argwhere(want.astype(object) != have.astype(object))
        if len(differing):
            event, neuron = differing[0]
            share = f"{len(differing)} of {want.size} values"
            fed = _inputs_of(model, name, expected, inputs, event)
            found = f"C-simulation {want[event, neuron]}, bxnn {have[event, neuron]}"
            text = f"{name}: {share}; event {event} neuron {neuron}: {found}; {fed}; {describe(model, name)}"
            return text, values
        values += want.size
    return "", values


def _inputs_of(model: Any, name: str, expected: Answer, inputs: list[Raw], event: int) -> str:
    known = dict(zip([v.name for v in model.get_input_variables()], inputs, strict=True)) | expected.layers
    node = model.graph.get(name)
    fed = [] if node is None else [f"{i} = {known[i][event].tolist()}" for i in node.inputs if i in known]
    return f"inputs {', '.join(fed) or 'not traced'}"


def describe(model: Any, name: str) -> str:
    """A layer as hls4ml resolved it: class, types, keys and generated code."""
    node = model.graph.get(name)
    if node is None:
        return "not a layer"
    fed = [f"{i}: {model.get_layer_output_variable(i).type.precision}" for i in node.inputs]
    keys = (
        "strategy",
        "reuse_factor",
        "table_size",
        "activation",
        "activ_param",
        "implementation",
        "op",
        "axis",
    )
    parts = [f"{key}={node.get_attr(key)}" for key in keys if node.get_attr(key) is not None]
    types = [f"{key}: {value.precision}" for key, value in node.types.items() if hasattr(value, "precision")]
    weights = [f"{w.name} = {[str(x) for x in w][:40]}" for w in node.get_weights()]
    return (
        f"{node.class_name} of [{', '.join(fed)}] to {node.get_output_variable().type.precision}; "
        f"{', '.join(parts)}; types {', '.join(types)}; weights {'; '.join(weights)}; "
        f"{model.config.get_config_value('IOType')} {model.config.get_config_value('Backend')}"
    )


def bucket(reason: str) -> str:
    """A reason without its names and numbers, to count by."""
    return re.sub(r"\d+", "#", re.sub(r"'[^']*'|\bc\d+_\d+_|\bm\d+_|/\S+", "", reason))[:140]
