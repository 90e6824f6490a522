"""Random layers that Keras 2 does not have, or not in this form, given to hls4ml as a list of layers.

GarNet and its stacks, contractions, tables of every value, the score of a variational autoencoder, and
recurrent layers that start from given states or order their gates as PyTorch does.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tests.fuzz import random_dense
from tests.fuzz.random_layers import LayerPlan, Source, draw_state_type, draw_type, generator

UNITS = ("garnet", "garnet_stack", "einsum", "einsum", "einsum_dense", "einsum_dense", "table", "score")
STATEFUL = ("lstm_from", "gru_from", "gru_torch")
ENDS = ("relu", "tanh", "sigmoid", "")
Layer = dict[str, Any]


def draw_unit(rng: np.random.Generator, index: int) -> tuple[list[LayerPlan], list[Source]]:
    """One of these layers, perhaps an activation behind it, and inputs of its own."""
    kind = str(rng.choice((*UNITS, *STATEFUL)))
    draw = {
        "garnet": _draw_garnet,
        "garnet_stack": _draw_garnet,
        "einsum": _draw_einsum,
        "einsum_dense": _draw_einsum,
        "table": _draw_table,
        "score": _draw_score,
    }.get(kind, _draw_stateful)
    plan, sources = draw(rng, f"c{index}_0_{kind}", kind)
    chain = [plan]
    end = str(rng.choice(ENDS))
    if end:
        config = random_dense.draw_config(rng, end)
        chain.append(LayerPlan(end, f"c{index}_1_{end}", plan.width, config, {}))
    return chain, sources


def _draw_garnet(rng: np.random.Generator, name: str, kind: str) -> tuple[LayerPlan, list[Source]]:
    vertices = int(rng.choice([2, 4, 8]))
    count = int(rng.integers(2, 4)) if kind == "garnet_stack" else 1
    sizes = [[int(n) for n in rng.integers(1, 4, 3)] for _ in range(count)]
    n_in = int(rng.integers(1, 4))
    precision = {"result": draw_state_type(rng)}
    for key in ("aggr", "norm"):
        if rng.random() < 0.4:
            precision[key] = draw_state_type(rng)
    for key in ("edge_weight", "edge_weight_aggr"):
        if rng.random() < 0.4:
            precision[key] = draw_type(rng, signed=False)
    options = {"vertices": vertices, "n_in": n_in, "sizes": sizes, "by_number": bool(rng.random() < 0.4)}
    config = {"Precision": precision, "ReuseFactor": int(rng.choice([1, 1, 2]))}
    bits = int(rng.integers(1, 5))
    number = f"ap_uint<{bits}>" if rng.random() < 0.8 else f"ap_fixed<{bits + 3},{bits + 1}>"
    sources = [Source(draw_state_type(rng), (vertices, n_in)), Source(number, (1,))]
    return LayerPlan(kind, name, sizes[-1][2], config, options), sources


def _draw_einsum(rng: np.random.Generator, name: str, kind: str) -> tuple[LayerPlan, list[Source]]:
    """An equation of axes in any order: those of both that stay, of one each that stay, those summed over."""
    extents = {letter: int(n) for letter, n in zip("abcdef", rng.integers(1, 4, 6), strict=True)}
    both = "a"[: int(rng.integers(0, 2))]
    left, right = "bc"[: int(rng.integers(0, 3))], "d"[: int(rng.integers(0, 2))]
    summed = "ef"[: int(rng.integers(1, 3))]
    if not both + left + right:
        left = "b"
    terms = ["".join(rng.permutation(list(t))) for t in (both + left + summed, both + right + summed)]
    out = "".join(rng.permutation(list(both + left + right)))
    shapes = [tuple(extents[letter] for letter in term) for term in (*terms, out)]
    precision = {"result": draw_type(rng), "accum": draw_type(rng, modes=0.6)}
    if kind == "einsum_dense":
        precision.update(weight=draw_type(rng, modes=0.2), bias=draw_type(rng, modes=0.2))
    options = {
        "equation": f"{terms[0]},{terms[1]}->{out}",
        "shapes": shapes,
        "bias": [int(n) if rng.random() < 0.6 else 1 for n in shapes[2]] if rng.random() < 0.8 else None,
    }
    plan = LayerPlan(kind, name, int(np.prod(shapes[2])), {"Precision": precision}, options)
    fed = shapes[:1] if kind == "einsum_dense" else shapes[:2]
    return plan, [Source(draw_type(rng), shape) for shape in fed]


def _draw_table(rng: np.random.Generator, name: str, kind: str) -> tuple[LayerPlan, list[Source]]:
    width = int(rng.integers(2, 11))
    sign = "" if rng.random() < 0.6 else "u"
    given = f"ap_{sign}fixed<{width},{int(rng.integers(0, width + 2))}>"
    table = draw_type(rng, modes=0.2)
    precision = {"result": table if rng.random() < 0.5 else draw_type(rng), "table": table}
    plan = LayerPlan(kind, name, int(rng.integers(1, 6)), {"Precision": precision}, {"entries": 1 << width})
    return plan, [Source(given, (plan.width,))]


def _draw_score(rng: np.random.Generator, name: str, kind: str) -> tuple[LayerPlan, list[Source]]:
    precision = {"result": draw_type(rng), "accum": draw_state_type(rng)}
    if rng.random() < 0.5:
        precision["exp_table"] = draw_type(rng)
    config: Layer = {"Precision": precision, "table_size": int(rng.choice([512, 1024, 2048]))}
    config["exp_range"] = int(rng.choice([4, 8, 16]))
    shape = (int(rng.integers(1, 7)),)
    return LayerPlan(kind, name, 1, config, {}), [Source(draw_state_type(rng), shape) for _ in range(2)]


def _draw_stateful(rng: np.random.Generator, name: str, kind: str) -> tuple[LayerPlan, list[Source]]:
    cell = kind.split("_")[0]
    steps, n_in, n_out = (int(n) for n in rng.integers(1, 5, 3))
    given, result, accum = (draw_state_type(rng) for _ in range(3))
    if cell == "lstm":
        result = accum = given
    weight, bias = draw_type(rng, modes=0.2), draw_type(rng, modes=0.2)
    precision = {"result": result, "accum": accum, "weight": weight, "recurrent_weight": weight}
    precision |= {"bias": bias, "recurrent_bias": bias}
    config: Layer = {"Precision": precision, "static": bool(rng.random() < 0.5)}
    config |= {
        "Strategy": str(rng.choice(["Latency", "Resource"])),
        "ReuseFactor": int(rng.integers(1, min(n_in, n_out) + 1)),
    }
    options = {
        "cell": cell,
        "steps": steps,
        "n_in": n_in,
        "sequences": bool(rng.random() < 0.5),
        "functions": [str(f) for f in rng.choice(["tanh", "relu", "sigmoid"], 2)],
        "states": kind.endswith("from"),
        "torch": kind == "gru_torch" or bool(rng.random() < 0.5),
    }
    states = {"lstm_from": 2, "gru_from": 1}.get(kind, 0)
    sources = [Source(given, (steps, n_in)), *[Source(result, (n_out,)) for _ in range(states)]]
    return LayerPlan(kind, name, n_out, config, options), sources


def layers(plan: LayerPlan, inputs: list[str], seed: int, gain: float) -> Layer:
    """The layer of a plan as hls4ml's converters describe it."""
    rng = generator(seed, plan.name)
    base: Layer = {"name": plan.name, "inputs": inputs}
    options = plan.options
    match plan.kind:
        case "garnet" | "garnet_stack":
            return base | _garnet(plan, rng, gain)
        case "einsum":
            names = ("inp0_shape", "inp1_shape", "out_shape")
            made = dict(zip(names, options["shapes"], strict=True))
            return base | {"class_name": "Einsum", "equation": options["equation"]} | made
        case "einsum_dense":
            inp, kernel, out = options["shapes"]
            made = {"equation": options["equation"], "inp_shape": inp, "out_shape": out}
            made["weight_data"] = rng.normal(0, gain / 2, kernel)
            made["bias_data"] = None if options["bias"] is None else rng.normal(0, gain / 2, options["bias"])
            return base | {"class_name": "EinsumDense"} | made
        case "table":
            values = rng.normal(0, gain, options["entries"])
            return base | {"class_name": "UnaryLUT", "activation": "unary_lut", "table_data": values}
        case "score":
            _register_score()
            return base | {"class_name": "KLLoss"}
    if plan.kind in ENDS:
        return base | {"class_name": "Activation", "activation": plan.kind}
    return base | _recurrent(plan, rng, gain)


def _garnet(plan: LayerPlan, rng: np.random.Generator, gain: float) -> Layer:
    options = plan.options
    made: Layer = {
        "n_vertices": options["vertices"],
        "collapse": "mean",
        "mean_by_nvert": options["by_number"],
        "input_format": "xn",
    }
    single = plan.kind == "garnet"
    n_in, fed = options["n_in"], []
    for i, (n_aggregators, n_propagate, n_out) in enumerate(options["sizes"]):
        shapes = {
            "FLR": (n_in, n_propagate),
            "S": (n_in, n_aggregators),
            "Fout": (n_aggregators * n_propagate, n_out),
        }
        for role, shape in shapes.items():
            key = role if single else f"{role}{i}"
            made[f"{key}_kernel_data"] = rng.normal(0, gain / 2, shape)
            made[f"{key}_bias_data"] = rng.normal(0, gain / 4, shape[1])
        fed.append(n_in)
        n_in = n_out
    keys = ("n_in_features", "n_aggregators", "n_propagate", "n_out_features")
    columns = [fed, *map(list, zip(*options["sizes"], strict=True))]
    if single:
        return made | {"class_name": "GarNet"} | {k: c[0] for k, c in zip(keys, columns, strict=True)}
    return (
        made | {"class_name": "GarNetStack", "n_sublayers": len(fed)} | dict(zip(keys, columns, strict=True))
    )


def _recurrent(plan: LayerPlan, rng: np.random.Generator, gain: float) -> Layer:
    options, n_out = plan.options, plan.width
    gates = 4 if options["cell"] == "lstm" else 3
    made: Layer = {
        "class_name": options["cell"].upper(),
        "n_in": options["n_in"],
        "n_out": n_out,
        "n_timesteps": options["steps"],
        "return_sequences": options["sequences"],
        "return_state": False,
        "activation": options["functions"][0],
        "recurrent_activation": options["functions"][1],
        "weight_data": rng.normal(0, gain / 2, (options["n_in"], gates * n_out)),
        "recurrent_weight_data": rng.normal(0, gain / 2, (n_out, gates * n_out)),
        "bias_data": rng.normal(0, gain / 4, gates * n_out),
        "recurrent_bias_data": rng.normal(0, gain / 4, gates * n_out),
    }
    if gates == 3:
        made["apply_reset_gate"] = "after"
    if options["torch"]:
        made["pytorch"] = True
    if options["states"]:
        made["pass_initial_states"] = True
    return made


def graph(sources: dict[str, Source], made: list[Layer], settings: Layer) -> Any:
    """The resolved ModelGraph of a list of layers; every layer that nobody reads is an output."""
    from hls4ml.backends import get_backend
    from hls4ml.model import ModelGraph

    read = {name for layer in made for name in layer["inputs"]}
    fed = [
        {"class_name": "InputLayer", "name": name, "input_shape": list(source.shape)}
        for name, source in sources.items()
    ]
    outputs = [layer["name"] for layer in made if layer["name"] not in read]
    config = get_backend(settings["Backend"]).create_initial_config() | settings
    return ModelGraph.from_layer_list(config, fed + made, list(sources), outputs)


def _register_score() -> None:
    """Tells hls4ml of its contributed layer, whose module asks Keras for a place of an older version."""
    import hls4ml
    import tensorflow

    name = "keras.layers.merging.base_merge"
    if name not in sys.modules:
        stub: Any = ModuleType(name)
        stub._Merge = tensorflow.keras.layers.Layer
        sys.modules |= {"keras.layers.merging": ModuleType("keras.layers.merging"), name: stub}
    module: Any = importlib.import_module("hls4ml.contrib.kl_layer.kl_layer")
    if "KLLoss" in hls4ml.model.layers.layer_map:
        return
    hls4ml.model.layers.register_layer("KLLoss", module.HKLLoss)
    for name in ("Vivado", "Vitis"):
        backend = hls4ml.backends.get_backend(name)
        backend.register_template(module.HKLLossConfigTemplate)
        backend.register_template(module.HKLLossFunctionTemplate)
        backend.register_source(Path(module.__file__).parent / "kl_layer.h")
