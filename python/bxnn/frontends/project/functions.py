"""The functions that a generated top function calls: the layer, the arguments and the shapes of each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from bxnn.frontends.hls4ml.code import Config

Dims = tuple[int, ...]


@dataclass(frozen=True)
class Function:
    """How hls4ml calls a function.

    `arguments` are `in`, `out`, `outs` (one or more), `number` (a literal) or the key of a weight array;
    `since` is the release of hls4ml from which on the header means what it means in the last. `takes` and
    `gives` name the members of the configuration that are the shapes of input and output, where it has them.
    """

    kind: str
    arguments: tuple[str, ...] = ("in", "out")
    since: str = "1.0.0"
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()


def _spatial(kind: str, since: str, takes: str, gives: str, weighted: bool = False) -> dict[int, Function]:
    """The one- and the two-dimensional function; `{}` stands for height and width."""
    arguments = ("in", "out", "weight", "bias") if weighted else ("in", "out")
    made = {}
    for rank, axes in ((1, ("width",)), (2, ("height", "width"))):
        shapes = [
            tuple(n.format(a) for n in names.split() for a in (axes if "{}" in n else "-"))
            for names in (takes, gives)
        ]
        made[rank] = Function(f"{kind}{rank}D", arguments, since, shapes[0], shapes[1])
    return made


def _recurrent(kind: str, inputs: tuple[str, ...], cells: tuple[str, ...] = ("",)) -> Function:
    weights = ("weight", "recurrent_weight", "bias", "recurrent_bias")
    arguments = (*inputs, "out", *(cell + key for cell in cells for key in weights))
    return Function(kind, arguments, "1.3.0", ("n_sequence", "n_in"), ("n_sequence_out", "n_out"))


def _table() -> dict[str, Function]:
    conv = ("in_{} n_chan", "out_{} n_filt", True)
    pairs = {
        "conv_{}d_cl": _spatial("Conv", "1.2.0", *conv),
        "pointwise_conv_{}d_cl": _spatial("PointwiseConv", "1.2.0", *conv),
        "depthwise_conv_{}d_cl": _spatial("DepthwiseConv", "1.2.0", *conv),
        "zeropad{}d_cl": _spatial("ZeroPadding", "1.0.0", "in_{} n_chan", "out_{} n_chan"),
        "cropping{}d_cl": _spatial("Cropping", "1.2.0", "in_{} n_chan", "out_{} n_chan"),
        "pooling{}d_cl": _spatial("Pooling", "1.2.0", "in_{} n_filt", "out_{} n_filt"),
        "global_pooling{}d_cl": _spatial("GlobalPooling", "1.2.0", "in_{} n_filt", "n_filt"),
    }
    table = {pattern.format(rank): f for pattern, forms in pairs.items() for rank, f in forms.items()}
    table["pooling1d_cl"] = Function(
        "Pooling1D", since="1.2.0", takes=("n_in", "n_filt"), gives=("n_out", "n_filt")
    )
    table["global_pooling1d_cl"] = Function(
        "GlobalPooling1D", since="1.2.0", takes=("n_in", "n_filt"), gives=("n_filt",)
    )
    for name in ("linear", "relu", "relu6", "relu1", "sigmoid"):
        table[name] = Function("Activation", since="0.6.0")
    for name in ("tanh", "softplus", "softsign"):
        table[name] = Function("Activation", since="0.7.0")
    for name in ("elu", "ternary_tanh"):
        table[name] = Function("Activation")
    for name in ("selu", "binary_tanh"):
        table[name] = Function("Activation", since="1.2.0")
    for name in ("leaky_relu", "thresholded_relu", "elu"):
        table[f"{name}#"] = Function("ParametrizedActivation", ("in", "number", "out"))
    for name in ("hard_sigmoid", "hard_tanh"):
        table[name] = Function("HardActivation")
    for name in ("softmax", "softmax_multidim"):
        table[name] = Function("Softmax", since="1.2.0")
    for name in ("add", "subtract", "multiply"):
        table[name] = Function("Merge", ("in", "in", "out"))
    for name in ("average", "maximum", "minimum"):
        table[name] = Function("Merge", ("in", "in", "out"), "1.2.0")
    for name in ("concatenate1d", "concatenate2d", "concatenate3d"):
        table[name] = Function("Concatenate", ("in", "in", "out"), "1.2.0")
    adders = _spatial("Conv", "1.2.0", "in_{} n_chan", "out_{} n_filt")
    table |= {f"conv{rank}d_cl~2": function for rank, function in adders.items()}
    return table | {
        "dense": Function("Dense", ("in", "out", "weight", "bias"), "0.6.0", ("n_in",), ("n_out",)),
        # distributed arithmetic
        "dense~2": Function("Dense", ("in", "out"), "1.2.0", ("n_in",), ("n_out",)),
        "einsum_dense~3": Function("EinsumDense", ("in", "out", "bias"), "1.3.0"),
        "einsum_dense": Function("EinsumDense", ("in", "out", "weight", "bias"), "1.3.0"),
        "einsum": Function("Einsum", ("in", "in", "out"), "1.3.0"),
        "normalize": Function("BatchNormalization", ("in", "out", "scale", "bias"), "0.7.0"),
        "normalize_binary_tanh": Function("BatchNormalizationQuantizedTanh", ("in", "out", "threshold")),
        "normalize_ternary_tanh": Function(
            "BatchNormalizationQuantizedTanh", ("in", "out", "threshold_hi", "threshold_lo")
        ),
        "prelu": Function("PReLU", ("in", "param", "out")),
        "unary_lut": Function("UnaryLUT", ("in", "out", "table")),
        "layernormalize": Function("LayerNormalization", ("in", "out", "scale", "bias"), "1.2.0"),
        "embedding": Function(
            "Embedding", ("in", "out", "embeddings"), "1.2.0", ("n_in",), ("n_in", "n_out")
        ),
        "lstm_stack": _recurrent("LSTM", ("in",)),
        "lstm_stack+": _recurrent("LSTM", ("in", "in", "in")),
        "gru_stack": _recurrent("GRU", ("in",)),
        "gru_stack+": _recurrent("GRU", ("in", "in")),
        "bidirectional_stack": _recurrent("Bidirectional", ("in",), ("forward_", "backward_")),
        "dot1d": Function("Dot", ("in", "in", "out"), takes=("n_in",), gives=("n_out",)),
        "resize_nearest": Function(
            "Resize",
            since="1.2.0",
            takes=("height", "width", "n_chan"),
            gives=("new_height", "new_width", "n_chan"),
        ),
        "transpose": Function("Transpose", since="1.1.0"),
        "repack_stream": Function("Repack"),
        "clone_stream": Function("Clone", ("in", "outs")),
        "broadcast_stream": Function(
            "Broadcast",
            takes=("in_height", "in_width", "in_chan"),
            gives=("out_height", "out_width", "out_chan"),
        ),
    }


FUNCTIONS = _table()

# The same for the products of dense layers and convolutions.
PRODUCTS_SINCE = {
    "mult": "0.6.0",
    "weight_binary": "0.7.0",
    "data_binary": "0.7.0",
    "weight_ternary": "0.7.0",
    "weight_exponential": "0.8.0",
    "both_binary": "1.2.0",
}
STREAMS_SINCE = "1.0.0"


def function_of(name: str, type_count: int, argument_count: int) -> Function | None:
    """The function of a call with so many template arguments and arguments."""
    if f"{name}~{argument_count}" in FUNCTIONS:
        return FUNCTIONS[f"{name}~{argument_count}"]
    if type_count == 4 and f"{name}#" in FUNCTIONS:
        return FUNCTIONS[f"{name}#"]
    if type_count > 3 and f"{name}+" in FUNCTIONS:
        return FUNCTIONS[f"{name}+"]
    return FUNCTIONS.get(name)


def supported() -> str:
    """The names of the functions, for a message."""
    return ", ".join(sorted({re.sub(r"[#+]|~\d", "", name) for name in FUNCTIONS}))


def taken(name: str, function: Function, config: Config, which: int) -> Dims | None:
    """Shape that the configuration states for an input, or None; flat where the function has no axes."""
    if function.kind == "Concatenate":
        return _concatenated(config, int(name[-2]), which + 1)
    if function.kind == "Transpose":
        return _array(config, "from_shape")
    return _members(config, function.takes) or _members(config, ("n_in",)) or _members(config, ("n_elem",))


def given(name: str, function: Function, config: Config) -> Dims | None:
    """Shape that the configuration states for the output, or None where it is that of the input."""
    if function.kind == "Transpose":
        return _array(config, "to_shape")
    if function.kind != "Concatenate":
        dims = _members(config, function.gives)
        return dims[1:] if dims and "n_sequence_out" in function.gives and dims[0] == 1 else dims
    rank = int(name[-2])
    first, second = (_concatenated(config, rank, k) for k in (1, 2))
    try:
        axis = int(config.text("axis"))
    except (KeyError, ValueError):
        return None
    if first is None or second is None:
        return None
    along = rank - 1 if axis in (rank, -1) or rank == 1 else 1 if rank == 3 and axis in (2, -2) else 0
    return tuple(a + b if i == along else a for i, (a, b) in enumerate(zip(first, second, strict=True)))


def _concatenated(config: Config, rank: int, which: int) -> Dims | None:
    return _members(config, tuple(f"n_elem{which}_{axis}" for axis in range(rank)))


def _members(config: Config, names: tuple[str, ...]) -> Dims | None:
    """Integer members, a product giving as many axes as it has factors; None if one is missing or zero."""
    dims: list[int] = []
    for name in names:
        try:
            dims += [int(factor) for factor in config.text(name).split("*")]
        except (KeyError, ValueError):
            return None
    return tuple(dims) if dims and min(dims) > 0 else None


def _array(config: Config, name: str) -> Dims | None:
    return _read(lambda: tuple(config.array(name)))


def _read(read: Callable[[], Dims]) -> Dims | None:
    try:
        dims = read()
    except (KeyError, ValueError):
        return None
    return dims if dims and prod(dims) > 0 else None
