"""Sums of weighted elements: dense layers, and convolutions as the same sums over windows of their input."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import reuse
from .emit import Tensor
from .formats import CType
from .products import Terms, make_terms
from .scope import Scope

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Filters:
    """Filter f multiplies tap k of its window by element `where[f][k]` of the project's weights, and adds its
    taps in the order `order[f]` onto its bias. With `skips_zeros`, there is no term for a weight of zero."""

    where: Indices
    order: Indices
    skips_zeros: bool = False
    biases: Indices | None = None  # one a filter if not given


def weighted_sums(scope: Scope, taps: Indices, filters: Filters) -> int:
    """`cast(bias + sum of products)` for every position and filter, in the result's type.

    `taps` [positions][1 or filters][terms] are elements of the input, -1 in the padding. Every product and
    every sum is cast to accum_t.
    """
    accum, n_out = scope.ctype("accum_t"), len(filters.where)
    x, taps = _padded(scope, taps)
    terms = make_terms(scope, x, "weight", filters.where, accum, skips_zeros=filters.skips_zeros)
    bias, emit = scope.weights("bias"), scope.emit
    if filters.biases is not None:
        bias = replace(bias, raw=bias.raw[filters.biases])
    if len(bias.raw) != n_out:
        scope.refuse(f"it has {len(bias.raw)} biases for {n_out} outputs")
    emit.check(terms.type, accum)
    emit.check(bias.type, accum)
    raw, frac = bias.raw, bias.type.frac
    if terms.constant is not None:
        raw, frac = terms.plus_constant(bias, accum), accum.frac
    order = filters.order
    if terms.offset is None and reuse.order_free(emit, terms, raw, frac, accum):
        order = np.broadcast_to(np.arange(order.shape[1]), order.shape)
    value = _dot(scope, terms, taps, order, (raw, frac), accum)
    return _result(scope, value, accum, x.type)


def running_sum(scope: Scope, value: int, kind: CType, taps: Indices, accum: CType) -> int:
    """`acc += value[tap]` for the taps of every row, from zero: every sum is cast, not the terms."""
    emit = scope.emit
    if accum.frac >= kind.frac and accum.overflow == "WRAP":  # where to cast makes no difference
        emit.check(kind, accum)
        return leaf_sum(scope, value, taps, accum)
    total = emit.constant(np.zeros(len(taps), dtype=np.int64), accum)
    for tap in taps.T:
        term = emit.gather([value], tap, [len(taps)])
        total = emit.binary("add", total, term, accum + kind, accum)
    return total


def leaf_sum(scope: Scope, value: int, taps: Indices, accum: CType, *, order: str = "sequential") -> int:
    """The sum of every row of taps, [rows]: terms and sums are cast."""
    terms = scope.emit.gather([value], taps, [taps.size])
    rows, size = taps.shape
    return int(
        scope.emit.builder.reduce("sum", terms, rows, size, 1, accum=accum.format, order=order, shape=[rows])
    )


def _padded(scope: Scope, taps: Indices) -> tuple[Tensor, Indices]:
    """The input and the taps; where a zero bit does not stand for the number zero, padding is an element."""
    x = scope.input
    if not (x.type.is_bit and (taps < 0).any()):
        return x, taps
    value = scope.emit.gather([x.value], np.append(np.arange(x.size), -1), (x.size + 1,))
    return replace(x, value=value, shape=(x.size + 1,)), np.where(taps < 0, x.size, taps)


def _dot(
    scope: Scope, terms: Terms, taps: Indices, order: Indices, bias: tuple[Indices, int], accum: CType
) -> int:
    """One dot operation; with one group of filters for all positions where they share taps and order."""
    n_out, positions = len(order), len(taps)
    rows = np.arange(n_out)[:, None]
    raw, frac = bias
    options: dict[str, Any] = {
        "product": terms.product.format if terms.product else None,
        "accum": accum.format,
        "shape": (positions * n_out,),
        "name": scope.name,
    }
    dot = scope.emit.builder.dot
    weights = terms.weights[rows, order]
    if terms.offset is None and taps.shape[1] == 1 and (order == order[0]).all():
        index = taps[:, 0, order[0]]
        if positions > 1 or not np.array_equal(index[0], np.arange(scope.input.size)):
            options["index"] = index.astype(np.int32)
        return int(dot(terms.value, weights, terms.w_frac, raw[None, :], frac, **options))
    index = np.take_along_axis(
        np.broadcast_to(taps, (positions, *order.shape)), np.broadcast_to(order, (positions, *order.shape)), 2
    )
    if terms.offset is not None:
        index = np.where(index < 0, -1, index + terms.offset[rows, order])
    options["index"] = index.reshape(positions * n_out, -1).astype(np.int32)
    options["group"] = np.tile(np.arange(n_out, dtype=np.int32), positions)
    return int(dot(terms.value, weights[:, None, :], terms.w_frac, raw[:, None], frac, **options))


def _result(scope: Scope, value: int, accum: CType, xt: CType) -> int:
    """`cast<data_T, res_T, CONFIG_T>(acc)`: of two bits it is `2 * acc - n_in` in a narrow integer."""
    emit, rt = scope.emit, scope.result()
    weight = scope.node.weights["weight"]
    is_xnor = weight.weight_class == "WeightVariable" and xt.is_bit and scope.named(weight.type.name).is_bit
    if not is_xnor:
        return emit.assign(value, accum, rt)
    n_in = scope.number("n_in")
    bits = _ceillog2(n_in) + 2
    narrow = CType(bits, bits, True, True)
    int_t = CType(32, 32, True, True)
    doubled = emit.binary("add", value, value)
    level = emit.binary("sub", doubled, emit.integer(n_in), accum * int_t - int_t, narrow)
    return emit.assign(level, narrow, rt)


def _ceillog2(x: int) -> int:
    return 1 if x <= 2 else 1 + _ceillog2((x + 1) // 2)
