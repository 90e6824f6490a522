"""The score of a variational autoencoder, hls4ml's contributed layer KLLoss: `kl_layer.h`."""

from __future__ import annotations

import numpy as np

from bxnn._core import Format

from . import tables
from .emit import Tensor
from .formats import CType, from_floats
from .scope import Scope
from .sums import leaf_sum


def divergence(scope: Scope) -> None:
    """`-1/2 mean(1 + log_var - mean^2 - exp(log_var))`, with the exponential from a table."""
    if scope.call.function != "klloss" or len(scope.inputs) != 2 or scope.stream:
        scope.refuse("supported is klloss of two inputs in io_parallel")
    mean, log_var = scope.inputs
    n, accum, emit, rt = scope.number("n_in"), scope.ctype("accum_t"), scope.emit, scope.result()
    if not mean.size == log_var.size == n:
        scope.refuse(f"it has {n} elements, its inputs {mean.size} and {log_var.size}")
    one = from_floats(np.array([1.0]), log_var.type)
    square = emit.binary("mul", mean.value, mean.value, mean.type * mean.type, accum)
    grown = log_var.type + log_var.type
    kl = emit.binary("add", emit.constant(one, log_var.type), log_var.value, grown, accum)
    exp_t = scope.ctype("exp_table_t")
    kl = emit.binary("sub", kl, _exponential(scope, log_var, exp_t), accum - exp_t, accum)
    kl = emit.binary("sub", kl, square, accum - accum, accum)
    total = leaf_sum(scope, kl, np.arange(n)[None, :], accum, order="tree")
    share = emit.constant(from_floats(np.array([1.0 / n]), accum), accum)
    mean_kl = emit.binary("mul", total, share, accum * accum, accum)
    half = emit.constant(from_floats(np.array([-0.5]), rt), rt)
    scope.finish(emit.binary("mul", half, mean_kl, rt * accum, rt))


def _exponential(scope: Scope, x: Tensor, kind: CType) -> int:
    """`table[x * scale + offset]`, the index cut to the table, then toward zero."""
    size, span, emit = scope.number("table_size"), scope.config.real("exp_range"), scope.emit
    scale = int(size / (2 * span))
    offset = int(span * scale)
    if scale < 1 or 2 * offset > size:
        scope.refuse(f"a table of {size} entries over {span} is not supported")
    entries = from_floats(tables.exponential_over(size, span), kind)
    place = emit.binary("add", emit.binary("mul", x.value, emit.integer(scale)), emit.integer(offset))
    bits = (size - 1).bit_length()
    index = int(emit.builder.cast(place, Format(bits, bits, False, "TRN", "SAT")))
    last = np.append(entries, np.full((1 << bits) - size, entries[-1]))
    return int(emit.builder.lut(index, last.astype(np.int64), 0, kind.format))
