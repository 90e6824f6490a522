"""Random HGQ2 networks: a format an element, drawn around what calibration gave; they need Keras 3.

Plans as in `random_models`: several chains from one input, merged where their ends have one shape.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from tests.fuzz.random_layers import LayerPlan, Shape, generator

ANYWHERE = ("norm", "table", "relu", "quantizer")
BY_RANK: dict[int, tuple[str, ...]] = {
    1: ("dense", "dense", "dense", "dense_norm", "softmax", "power", "sum"),
    2: ("rows", "rows", "conv", "conv", "pool", "contract", "softmax", "global"),
    3: ("conv", "conv", "conv", "pool", "pool", "global"),
}
PARALLEL = ("rows", "contract", "power", "sum", "global")  # what there is in io_parallel only
LOGIC = ("power", "sum")  # which hls4ml converts only as the sole layer of a chain, with the Latency strategy
ALONE = (*LOGIC, "global")
MERGES = ("Add", "Subtract", "Multiply", "Maximum", "Minimum", "AveragePow2", "Dot")
TABLES = ("tanh", "sigmoid", "exponential", "silu")


class Setting(NamedTuple):
    """What decides on the layers that hls4ml converts; exact: all quantizers truncate and wrap."""

    io: str
    strategy: str
    exact: bool


class Plan(NamedTuple):
    """A network; `quantizers` are the settings of all quantizers, `jitter` the bits their formats vary by."""

    seed: int
    io: str
    backend: str
    strategy: str
    shape: Shape
    quantizers: dict[str, Any]
    jitter: int
    chains: list[list[LayerPlan]]
    merges: list[tuple[LayerPlan, int, int]]
    shared: bool  # all chains read one input, or each its own


def draw(seed: int) -> Plan:
    """The plan of a seed."""
    rng = np.random.default_rng([seed, 10])
    io = str(rng.choice(["io_parallel", "io_parallel", "io_stream"]))
    shapes: list[Shape] = [
        (int(rng.integers(2, 8)),),
        (int(rng.integers(2, 6)), int(rng.integers(2, 5))),
        (int(rng.integers(3, 6)), int(rng.integers(3, 6)), int(rng.integers(1, 3))),
    ]
    shape = shapes[int(rng.choice(3, p=[0.4, 0.35, 0.25]))]
    kind = str(rng.choice(["kbi", "kif"]))
    quantizers: dict[str, Any] = {"default_q_type": kind}
    quantizers["overflow_mode"] = str(rng.choice(["WRAP", "WRAP", "SAT", "SAT_SYM"]))
    quantizers["round_mode"] = str(rng.choice(["RND", "RND", "TRN", "RND_CONV"]))
    quantizers["b0" if kind == "kbi" else "f0"] = int(rng.integers(3, 8))
    strategy = str(rng.choice(["distributed_arithmetic", "Latency"]))
    exact = [quantizers[key] for key in ("round_mode", "overflow_mode")] == ["TRN", "WRAP"]
    setting = Setting(io, strategy, exact)
    chains, ends = [], []
    for i in range(int(rng.integers(2, 5))):
        chain, end = _draw_chain(np.random.default_rng([seed, 11, i]), i, shape, setting)
        chains.append(chain)
        ends.append(end)
    merges: list[tuple[LayerPlan, int, int]] = []
    for a, b in combinations(range(len(chains)), 2):
        if ends[a] and ends[a] == ends[b] and rng.random() < 0.7:
            kind = str(rng.choice(MERGES[: len(MERGES) - (io == "io_stream" or len(ends[a]) > 1)]))
            merges.append((LayerPlan(kind, f"m{len(merges)}_{kind.lower()}", 0, {}, {}), a, b))
    if quantizers["round_mode"] == "RND_CONV" and any(c[0].kind in LOGIC for c in chains):
        quantizers["round_mode"] = "RND"
    return Plan(
        seed=seed,
        io=io,
        backend=str(rng.choice(["Vitis", "Vivado"])),
        strategy=strategy,
        shape=shape,
        quantizers=quantizers,
        jitter=int(rng.integers(0, 3)),
        chains=chains,
        merges=merges,
        shared=io == "io_parallel" and bool(rng.random() < 0.6),
    )


def _draw_chain(
    rng: np.random.Generator, index: int, shape: Shape, setting: Setting
) -> tuple[list[LayerPlan], Shape]:
    """One to three layers of those that hls4ml converts at their place."""
    chain: list[LayerPlan] = []
    count = int(rng.integers(1, 4))
    for depth in range(count):
        kind = _draw_kind(rng, chain, shape, setting)
        plan, shape = _draw_layer(rng, f"c{index}_{depth}_{kind}", kind, shape, setting)
        chain.append(plan)
        if kind in ALONE:
            return chain, ()  # hls4ml reads their shape otherwise, so that nothing is to follow
    if chain[-1].kind in ("relu", "flat", "quantizer"):  # of which the last must be more
        kind = "dense" if len(shape) == 1 else "norm"
        plan, shape = _draw_layer(rng, f"c{index}_{count}_{kind}", kind, shape, setting)
        chain.append(plan)
    return chain, shape


def _draw_kind(rng: np.random.Generator, before: list[LayerPlan], shape: Shape, setting: Setting) -> str:
    rank, stream = len(shape), setting.io == "io_stream"
    if stream and any(step.kind == "flat" for step in before):
        return "dense"  # of words of any size
    if rank > 1 and before and rng.random() < 0.12:
        return "flat"
    kind = str(rng.choice(BY_RANK[rank] if rng.random() < 0.7 else ANYWHERE))
    if not before and kind in ("relu", "softmax"):
        return "quantizer"  # hls4ml reads the format of an input from a quantizer
    if kind in LOGIC and (before or setting.strategy != "Latency"):
        return "norm"
    if (stream and kind in PARALLEL) or (rank > 1 and kind == "table"):
        return "norm"
    return kind


def _draw_layer(
    rng: np.random.Generator, name: str, kind: str, shape: Shape, setting: Setting
) -> tuple[LayerPlan, Shape]:
    """A layer, and the shape it leaves."""
    *sizes, channels = shape
    width = int(rng.integers(1, 5))
    options: dict[str, Any] = {"rank": len(sizes)}
    pools = ["Max", "Average"] if setting.exact else ["Average"]  # maxima of types with modes do not compile
    match kind:
        case "dense" | "dense_norm":
            options |= {
                "activation": "relu" if rng.random() < 0.4 else None,
                "bias": kind == "dense_norm" or bool(rng.random() < 0.8),
            }
            shape = (width,)
        case "rows":
            equations = ("bij,jk->bik", "bij,ij->bi", "bij,ijk->bik", "bij,jk->bki", "bij,ijk->bk")
            options["equation"] = str(rng.choice(equations))
            extents = {"i": shape[0], "j": shape[1], "k": width}
            shape = tuple(extents[axis] for axis in options["equation"].split("->b")[1])
            options |= {"shape": shape, "axes": options["equation"][-1] if rng.random() < 0.7 else None}
        case "contract":
            options["equation"], shape = [
                ("bij,bkj->bik", (shape[0], shape[0])),
                ("bij,bik->bjk", (shape[1], shape[1])),
                ("bij,bij->bi", (shape[0],)),
                ("bij,bij->bj", (shape[1],)),
            ][int(rng.integers(4))]
        case "conv":
            window = [int(rng.integers(1, min(3, n) + 1)) for n in sizes]
            stride = int(rng.integers(1, 3))
            padding = str(rng.choice(["valid", "same"]))
            options |= {"window": window, "stride": stride, "padding": padding}
            if setting.io == "io_stream" and window[0] == 1:
                options["stride"] = stride = 1  # which C-simulation takes it to be
            options["activation"] = "relu" if rng.random() < 0.4 else None
            shape = (*_strided(sizes, window, stride, padding), width)
        case "pool":
            options |= {"of": str(rng.choice(pools)), "window": min(2, *sizes)}
            shape = (*(n // options["window"] for n in sizes), channels)
        case "global":
            options["of"] = str(rng.choice(pools))
            shape = (channels,)
        case "sum" | "power":
            shape = (*sizes, 1)
        case "flat":
            shape = (int(np.prod(shape)),)
        case "table":
            options["function"] = str(rng.choice(TABLES))
        case "softmax":
            options["stable"] = bool(rng.random() < 0.6)
    return LayerPlan(kind, name, shape[-1], {}, options), shape


def _strided(sizes: list[int], window: list[int], stride: int, padding: str) -> list[int]:
    if padding == "same":
        return [-(-n // stride) for n in sizes]
    return [(n - k) // stride + 1 for n, k in zip(sizes, window, strict=True)]


def only_chains(plan: Plan, keep: list[int]) -> Plan:
    """The plan with these chains and the merges between them."""
    place = {old: new for new, old in enumerate(keep)}
    merges = [(m, place[a], place[b]) for m, a, b in plan.merges if a in place and b in place]
    return plan._replace(chains=[plan.chains[i] for i in keep], merges=merges)


def _layer(plan: LayerPlan, x: Any) -> Any:
    import hgq.layers as made
    import keras

    options, name, dims = plan.options, plan.name, f"{plan.options.get('rank', 0)}D"
    match plan.kind:
        case "dense" | "dense_norm":
            dense = made.QDense if plan.kind == "dense" else made.QBatchNormDense
            keys = {"activation": options["activation"], "use_bias": options["bias"]}
            return dense(plan.width, **keys, name=name)(x)
        case "rows":
            equation, axes = options["equation"], options["axes"]
            return made.QEinsumDense(equation, output_shape=options["shape"], bias_axes=axes, name=name)(x)
        case "contract":
            return made.QEinsum(options["equation"], name=name)([x, x])
        case "conv":
            return getattr(made, f"QConv{dims}")(
                plan.width,
                options["window"],
                strides=options["stride"],
                padding=options["padding"],
                activation=options["activation"],
                name=name,
            )(x)
        case "pool":
            return getattr(made, f"Q{options['of']}Pooling{dims}")(options["window"], name=name)(x)
        case "global":
            return getattr(made, f"QGlobal{options['of']}Pooling{dims}")(name=name)(x)
        case "sum":
            return made.QSum(axes=-1, keepdims=True, name=name)(x)
        case "power":
            return made.QMeanPow2(axes=-1, keepdims=True, name=name)(x)
        case "softmax":
            return made.QSoftmax(stable=options["stable"], name=name)(x)
        case "table":
            return made.QUnaryFunctionLUT(options["function"], allow_heterogeneous_table=False, name=name)(x)
        case "norm":
            return made.QBatchNormalization(name=name)(x)
        case "relu":
            return keras.layers.ReLU(name=name)(x)
        case "flat":
            return keras.layers.Flatten(name=name)(x)
        case "quantizer":
            return made.Quantizer(place="datalane", name=name)(x)
    return getattr(made, f"Q{plan.kind}")(name=name)(x)


def _model(plan: Plan) -> Any:
    import keras
    from hgq.config import LayerConfigScope, QuantizerConfigScope

    keras.backend.clear_session()
    keras.utils.set_random_seed(plan.seed)
    uniform = {} if plan.io == "io_parallel" else {"heterogeneous_axis": ()}  # streams have one type
    with (
        QuantizerConfigScope(place="all", **plan.quantizers),
        QuantizerConfigScope(place="datalane", **uniform),
        LayerConfigScope(enable_ebops=False),
    ):
        inputs = [
            keras.Input(plan.shape, name=f"x{i}") for i in range(1 if plan.shared else len(plan.chains))
        ]
        ends = []
        for i, chain in enumerate(plan.chains):
            x = inputs[0 if plan.shared else i]
            for step in chain:
                x = _layer(step, x)
            ends.append(x)
        merged = {i for _, a, b in plan.merges for i in (a, b)}
        outputs = [end for i, end in enumerate(ends) if i not in merged]
        outputs += [_layer(merge, [ends[a], ends[b]]) for merge, a, b in plan.merges]
    return keras.Model(inputs, outputs)


def _vary(model: Any, plan: Plan) -> None:
    """Formats of single elements a few bits wider or narrower than calibration made them."""
    from hgq.quantizer.internal import FixedPointQuantizerBase

    for layer in model._flatten_layers():
        if not isinstance(layer, FixedPointQuantizerBase):
            continue
        rng = generator(plan.seed, layer.path)
        for key, lowest in (("_b", 0), ("_f", -8)):
            variable = getattr(layer, key, None)
            if variable is not None and variable.shape and np.prod(variable.shape) > 1:
                bits = np.array(variable)
                bits = bits + rng.integers(-plan.jitter, plan.jitter + 1, bits.shape)
                variable.assign(np.maximum(bits, lowest))


def _fill(model: Any, plan: Plan) -> None:
    """Normalisations and biases that do something."""
    for variable in model.variables:
        rng = generator(plan.seed, variable.path)
        if variable.name in ("gamma", "moving_variance"):
            variable.assign(rng.uniform(0.3, 2.0, variable.shape))
        elif variable.name in ("beta", "moving_mean", "bias"):
            variable.assign(rng.normal(0, 0.5, variable.shape))


def build(plan: Plan) -> Any:
    """The hls4ml ModelGraph of a plan."""
    import hls4ml
    from hgq.utils import trace_minmax

    model = _model(plan)
    _fill(model, plan)
    rng = np.random.default_rng([plan.seed, 12])
    typical = [rng.normal(size=(200, *plan.shape)).astype("float32") for _ in model.inputs]
    trace_minmax(model, typical if len(typical) > 1 else typical[0])
    _vary(model, plan)
    return hls4ml.converters.convert_from_keras_model(
        model,
        output_dir="unused",
        project_name="myproject",
        hls_config={"Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1, "Strategy": plan.strategy}},
        io_type=plan.io,
        backend=plan.backend,
    )
