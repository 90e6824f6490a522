"""Dense layers: the products of `nnet_mult.h`, the loop orders of the strategies, the final cast."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import reuse
from .emit import Tensor
from .formats import CType
from .products import Terms, make_terms
from .scope import Scope

_KERNELS = ("DenseLatency", "DenseResource_rf_leq_nin", "DenseResource_rf_gt_nin_rem0")


def dense(scope: Scope) -> None:
    """res = cast(bias + sum of products), every product and every sum cast to accum_t."""
    if scope.call.function != "dense":
        scope.refuse(f"unknown function '{scope.call.function}'")
    x = scope.input
    n_in, n_out = scope.number("n_in"), scope.number("n_out")
    if x.size != n_in:
        scope.refuse(f"it multiplies {n_in} inputs, but its input has {x.size} elements")
    _require_stream_words(scope, x, n_in, n_out)
    accum = scope.ctype("accum_t")
    by_index, order, skips_zeros = _order(scope, n_in, n_out)
    terms = make_terms(scope, x, "weight", (n_out, n_in), by_index, accum, skips_zeros=skips_zeros)
    value = _sum(scope, terms, order, accum)
    scope.finish(_result(scope, value, accum, x.type, n_in))


def _require_stream_words(scope: Scope, x: Tensor, n_in: int, n_out: int) -> None:
    if scope.stream and (n_in % x.pack or n_out % scope.pack()):
        scope.refuse(
            f"its {n_in} inputs and {n_out} outputs do not fill stream words of {x.pack} and {scope.pack()}"
        )


def _order(scope: Scope, n_in: int, n_out: int) -> tuple[NDArray[np.int64], NDArray[np.int64], bool]:
    """Where weight [out][in] lies in the project's array, the inputs of every output in executed order, and
    whether the generated code leaves out weights that are zero."""
    kernel = scope.config.word("kernel")
    unrolled = kernel.startswith("dense_resource_unrolled_")
    strategy = scope.config.word("strategy")
    if unrolled and not scope.node.get_attr("resource_unrolled_dense_codegen"):
        scope.refuse(
            "C-simulation does not compile: hls4ml generates no Resource_Unrolled code for reuse factor 1"
        )
    if scope.backend == "Vitis" and scope.stream and strategy != "distributed_arithmetic":
        unrolled = False  # the stream header of Vitis picks the kernel by strategy and reuse factor alone
    elif kernel not in _KERNELS and not unrolled:
        scope.refuse(
            f"the kernel '{kernel}' (strategy '{strategy}') is not supported; supported are Latency, Resource"
        )
    if strategy == "latency":
        plain = np.arange(n_in)[None, :].repeat(n_out, axis=0)
        return np.arange(n_in * n_out).reshape(n_in, n_out).T, plain, False
    if strategy not in ("resource", "resource_unrolled"):
        scope.refuse(
            f"the strategy '{strategy}' is not supported; supported are Latency, Resource, Resource_Unrolled"
        )
    try:
        order = reuse.executed_order(n_in, n_out, scope.number("reuse_factor"))
    except ValueError as error:
        scope.refuse(str(error))
    return np.arange(n_in * n_out).reshape(n_out, n_in), order, unrolled


def _sum(scope: Scope, terms: Terms, order: NDArray[np.int64], accum: CType) -> int:
    bias = scope.weights("bias")
    emit, n_out = scope.emit, len(terms.weights)
    if len(bias.raw) != n_out:
        scope.refuse(f"it has {len(bias.raw)} biases for {n_out} outputs")
    emit.check(terms.type, accum)
    emit.check(bias.type, accum)
    raw, frac = bias.raw, bias.type.frac
    if terms.constant is not None:
        raw, frac = terms.plus_constant(bias, accum), accum.frac
    common: dict[str, Any] = {
        "product": terms.product.format if terms.product else None,
        "accum": accum.format,
        "shape": (n_out,),
        "name": scope.name,
    }
    weights, index = terms.weights, terms.index
    in_order = bool((order == np.arange(order.shape[1])).all())
    if index is None and (in_order or reuse.order_free(emit, terms, raw, frac, accum)):
        return int(emit.builder.dot(terms.value, weights, terms.w_frac, raw[None, :], frac, **common))
    rows = np.arange(n_out)[:, None]
    if index is None and (order == order[0]).all():
        arranged = weights[:, order[0]]
        return int(
            emit.builder.dot(
                terms.value, arranged, terms.w_frac, raw[None, :], frac, index=order[:1], **common
            )
        )
    index = order if index is None else index[rows, order]
    return int(
        emit.builder.dot(
            terms.value,
            weights[rows, order][:, None, :],
            terms.w_frac,
            raw[:, None],
            frac,
            index=index.astype(np.int32),
            group=np.arange(n_out, dtype=np.int32),
            **common,
        )
    )


def _result(scope: Scope, value: int, accum: CType, xt: CType, n_in: int) -> int:
    """`cast<data_T, res_T, CONFIG_T>(acc)`: of two bits it is `2 * acc - n_in` in a narrow integer."""
    emit, rt = scope.emit, scope.result()
    weight = scope.node.weights["weight"]
    is_xnor = weight.weight_class == "WeightVariable" and xt.is_bit and scope.named(weight.type.name).is_bit
    if not is_xnor:
        return emit.assign(value, accum, rt)
    bits = _ceillog2(n_in) + 2
    narrow = CType(bits, bits, True, True)
    int_t = CType(32, 32, True, True)
    doubled = emit.binary("add", value, value)
    level = emit.binary("sub", doubled, emit.integer(n_in), accum * int_t - int_t, narrow)
    return emit.assign(level, narrow, rt)


def _ceillog2(x: int) -> int:
    return 1 if x <= 2 else 1 + _ceillog2((x + 1) // 2)
