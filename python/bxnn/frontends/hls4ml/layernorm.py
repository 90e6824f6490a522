"""Layer normalisation: `nnet_layernorm.h`."""

from __future__ import annotations

import numpy as np

from bxnn._core import Format

from . import tables
from .activations import table_entries
from .emit import Tensor
from .formats import CType, from_floats
from .index import Rule, lookup
from .scope import Scope


def layer_normalization(scope: Scope) -> None:
    """`(x - mean) * table[variance] * scale + bias` over every row; mean and variance in accum_t."""
    if scope.call.function != "layernormalize":
        scope.refuse(f"unknown function '{scope.call.function}'")
    if scope.stream:
        scope.refuse("C-simulation does not compile: LayerNormalization exists in io_parallel only")
    x, rows = scope.input, scope.number("seq_len")
    size = scope.number("n_in") // rows
    scale, bias = scope.weights("scale"), scope.weights("bias")
    if x.size != rows * size or len(scale.raw) != size or len(bias.raw) != size:
        scope.refuse(
            f"it normalises {rows} rows of {size} elements; its input has {x.size}, "
            f"its scale {len(scale.raw)}, its bias {len(bias.raw)}"
        )
    if scope.config.word("product") != "mult":
        scope.refuse(f"the product '{scope.config.word('product')}' is not supported; supported is mult")
    emit, accum = scope.emit, scope.ctype("accum_t")
    deviation = _deviations(scope, x, rows, size)
    squares = emit.binary("mul", deviation, deviation, accum * accum, accum)
    factor = _inverse_root(scope, _mean(scope, squares, rows, size))
    spread = _spread(scope, factor, rows, size)
    table_t, rt = scope.ctype("table_t"), scope.result()
    product = emit.binary("mul", emit.binary("mul", deviation, spread), _repeated(scope, "scale", rows))
    kind = accum * table_t * scale.type + bias.type
    scope.finish(emit.binary("add", product, _repeated(scope, "bias", rows), kind, rt))


def _repeated(scope: Scope, key: str, rows: int) -> int:
    """A weight for every element of every row."""
    weights = scope.weights(key)
    return scope.emit.constant(np.tile(weights.raw, rows), weights.type)


def _deviations(scope: Scope, x: Tensor, rows: int, size: int) -> int:
    """Every element less the mean of its row."""
    emit, accum = scope.emit, scope.ctype("accum_t")
    flat = emit.assign(emit.reshape(x.value, (x.size,)), x.type, accum)
    means = _spread(scope, _mean(scope, flat, rows, size), rows, size)
    return emit.binary("sub", flat, means, accum - accum, accum)


def _mean(scope: Scope, value: int, rows: int, size: int) -> int:
    """The sum of every row, cast after every element, times 1/size in accum_t."""
    emit, accum = scope.emit, scope.ctype("accum_t")
    emit.check(accum + accum, accum)
    total = emit.builder.reduce(
        "sum", value, rows, size, 1, accum=accum.format, order="sequential", shape=[rows]
    )
    share = emit.constant(from_floats(np.array([1.0 / size]), accum), accum)
    return emit.binary("mul", int(total), share, accum * accum, accum)


def _spread(scope: Scope, value: int, rows: int, size: int) -> int:
    """A number for every row, at every element."""
    return scope.emit.gather([value], np.repeat(np.arange(rows), size), (rows * size,))


def _inverse_root(scope: Scope, variance: int) -> int:
    """`table[trunc(variance * table_size * 2^table_range_power2)]`."""
    accum, table_t = scope.ctype("accum_t"), scope.ctype("table_t")
    size, power = scope.number("table_size"), scope.number("table_range_power2")
    if not 1 <= size <= tables.LARGEST or not 0 <= power <= 30:
        scope.refuse(
            f"table_size is {size} and table_range_power2 {power}, "
            f"supported are 1 to {tables.LARGEST} and 0 to 30"
        )
    numbers = tables.inverse_root(size, scope.number("epsilon_power_of_10"), power)
    entries = table_entries(scope, numbers, table_t, table_t)
    scaled = CType(accum.width, accum.integer + power, accum.signed)
    value = int(
        scope.emit.builder.cast(variance, Format(scaled.width, scaled.integer, scaled.signed), shift=power)
    )
    return lookup(scope.emit, value, scaled, Rule(size, 1, 0), entries, table_t)
