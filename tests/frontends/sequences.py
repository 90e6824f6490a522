"""Small graphs with recurrent, embedding, normalisation and graph layers, and their comparison."""

from __future__ import annotations

import contextlib
import io
import shutil
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bxnn._core import Builder
from frontends.graphs import Layer

Raw = NDArray[np.int64]

needs_compiler = pytest.mark.skipif(
    shutil.which("g++") is None, reason="no g++ to compile the C-simulation with"
)


def numbers(*shape: int, scale: float = 1.0, start: int = 0) -> NDArray[np.float64]:
    """Multiples of 1/32 of the scale that repeat after 61 elements, the same on every machine."""
    steps = (np.arange(np.prod(shape)) * 37 + start * 11) % 61 - 30
    return steps.reshape(shape) / 32.0 * scale


def recurrent(kind: str, name: str, steps: int, n_in: int, n_out: int, **attributes: Any) -> Layer:
    """An LSTM or GRU."""
    gates = 4 if kind == "LSTM" else 3
    made: Layer = {
        "class_name": kind,
        "name": name,
        "n_in": n_in,
        "n_out": n_out,
        "n_timesteps": steps,
        "return_sequences": False,
        "return_state": False,
        "activation": "tanh",
        "recurrent_activation": "sigmoid",
        "weight_data": numbers(n_in, gates * n_out, scale=1.5),
        "recurrent_weight_data": numbers(n_out, gates * n_out, scale=1.25, start=3),
        "bias_data": numbers(gates * n_out, scale=0.5, start=7),
        "recurrent_bias_data": numbers(gates * n_out, scale=0.25, start=9),
    }
    if kind == "GRU":
        made["apply_reset_gate"] = "after"
    return made | attributes


def bidirectional(name: str, steps: int, n_in: int, cells: list[tuple[str, int]], **attributes: Any) -> Layer:
    """Two recurrent layers, (kind, states) forward and backward."""
    made: Layer = {
        "class_name": "Bidirectional",
        "name": name,
        "n_in": n_in,
        "n_timesteps": steps,
        "n_out": sum(states for _, states in cells),
        "return_sequences": False,
        "return_state": False,
        "merge_mode": "concat",
        "direction": "bidirectional",
    }
    for direction, (kind, states) in zip(("forward", "backward"), cells, strict=True):
        one = recurrent(kind, name, steps, n_in, states)
        made |= {f"{direction}_class_name": kind, f"{direction}_n_states": states}
        keys = ("weight_data", "recurrent_weight_data", "bias_data", "recurrent_bias_data")
        for key in (*keys, "activation", "recurrent_activation"):
            made[f"{direction}_{key}"] = one[key]
    return made | attributes


def time_distributed(name: str, steps: int, wrapped: Layer, output_shape: list[int]) -> Layer:
    """`wrapped` on every one of `steps` rows; `output_shape` includes the steps."""
    return {
        "class_name": "TimeDistributed",
        "name": name,
        "wrapped_layer": wrapped | {"output_shape": output_shape[1:]},
        "n_time_steps": steps,
        "output_shape": output_shape,
    }


def embedding(name: str, n_in: int, vocabulary: int, n_out: int) -> Layer:
    return {
        "class_name": "Embedding",
        "name": name,
        "n_in": n_in,
        "vocab_size": vocabulary,
        "n_out": n_out,
        "embeddings_data": numbers(vocabulary, n_out, scale=2.0),
    }


def layer_normalization(name: str, rows: int, size: int, epsilon: int = 3) -> Layer:
    return {
        "class_name": "LayerNormalization",
        "name": name,
        "n_in": rows * size,
        "n_out": rows * size,
        "seq_len": rows,
        "axis": 2,
        "epsilon_power_of_10": epsilon,
        "gamma_data": 1 + numbers(size, scale=0.5),
        "beta_data": numbers(size, scale=0.25, start=5),
    }


def garnet(name: str, vertices: int, n_in: int, sizes: tuple[int, int, int], **attributes: Any) -> Layer:
    """A GarNet of inputs x and n with a mean as output; sizes: aggregators, propagated, outputs."""
    made = _garnet("GarNet", name, vertices) | {"n_in_features": n_in} | _exchange("", n_in, *sizes)
    keys = ("n_aggregators", "n_propagate", "n_out_features")
    return made | dict(zip(keys, sizes, strict=True)) | attributes


def garnet_stack(name: str, vertices: int, n_in: int, sizes: list[tuple[int, int, int]]) -> Layer:
    """A GarNetStack of inputs x and n with the mean as output; sizes as of `garnet`."""
    made = _garnet("GarNetStack", name, vertices) | {"n_sublayers": len(sizes)}
    fed = [n_in, *(out for _, _, out in sizes[:-1])]
    for i, (size, features) in enumerate(zip(sizes, fed, strict=True)):
        made |= _exchange(str(i), features, *size)
    keys = ("n_aggregators", "n_propagate", "n_out_features")
    columns = [list(column) for column in zip(*sizes, strict=True)]
    return made | dict(zip(keys, columns, strict=True)) | {"n_in_features": fed}


def _garnet(kind: str, name: str, vertices: int) -> Layer:
    return {
        "class_name": kind,
        "name": name,
        "inputs": ["x", "n"],
        "n_vertices": vertices,
        "collapse": "mean",
        "mean_by_nvert": False,
        "input_format": "xn",
    }


def _exchange(number: str, n_in: int, n_aggregators: int, n_propagate: int, n_out: int) -> Layer:
    start = 3 * int(number or 0)
    return {
        f"FLR{number}_kernel_data": numbers(n_in, n_propagate, start=start),
        f"FLR{number}_bias_data": numbers(n_propagate, start=start + 1),
        f"S{number}_kernel_data": numbers(n_in, n_aggregators, scale=0.5, start=start + 2),
        f"S{number}_bias_data": numbers(n_aggregators, scale=0.5, start=start + 3),
        f"Fout{number}_kernel_data": numbers(n_aggregators * n_propagate, n_out, start=start + 4),
        f"Fout{number}_bias_data": numbers(n_out, start=start + 5),
    }


def typed(result: str, accum: str = "", **keys: Any) -> dict[str, Any]:
    """The configuration of a layer."""
    precision = {"result": result} | ({"accum": accum} if accum else {})
    return {"Precision": precision} | keys


def ramps(model: Any) -> list[Raw]:
    """Two events for every input, of numbers up to one and of numbers up to a quarter of the range."""
    made = []
    for i, variable in enumerate(model.get_input_variables()):
        precision, size = variable.type.precision, int(np.prod(variable.shape))
        steps = (np.arange(2 * size).reshape(2, size) * 23 + 5 * i) % 47 - 23
        tops = [[1 << max(precision.width - precision.integer, 0)], [1 << max(precision.width - 3, 0)]]
        low = -(1 << (precision.width - 1)) if precision.signed else 0
        if precision.width == precision.integer:
            raw = low + np.abs(steps) % (1 << precision.width)
        else:
            raw = np.clip(steps * np.array(tops) // 24, low, low + (1 << precision.width) - 1)
        made.append(raw.astype(np.int64))
    return made


def run(model: Any, inputs: list[Raw]) -> list[Raw]:
    """bxnn's outputs and traced layers, by the reference executor."""
    from bxnn.frontends.hls4ml import from_model_graph

    builder = Builder("test")
    from_model_graph(model, builder)
    return [np.asarray(out) for out in builder.build().run(inputs, isa="reference")]


def draw(model: Any, events: int) -> list[Raw]:
    """Raw inputs [events, n], typical ones, some over the whole range and some at its edges."""
    from firmware_ref.inputs import grid_of, mixed

    rng = np.random.default_rng(11)
    variables = model.get_input_variables()
    return [mixed(rng, grid_of(v.type.precision), events, int(np.prod(v.shape))) for v in variables]


def assert_same_as_c_simulation(model: Any, inputs: list[Raw]) -> None:
    """Every output and every traced layer, raw integer for raw integer, on every instruction set."""
    import bxnn
    from bxnn import _core
    from firmware_ref.csim import Csim

    core = bxnn.convert(model)._core
    with contextlib.redirect_stdout(io.StringIO()), Csim(model, optimise="-O0") as simulation:
        outputs, layers = simulation.run(inputs)
    for isa in ["reference", *_core.isa_levels()]:
        found = core.run(inputs, trace=True, isa=isa)
        for expected, got in zip(outputs, found, strict=False):
            np.testing.assert_array_equal(got, expected, err_msg=isa)
        traced = dict(zip([p.name for p in core.probes], found[len(outputs) :], strict=True))
        for name, expected in layers.items():
            np.testing.assert_array_equal(traced[name], expected, err_msg=f"{name}, {isa}")
