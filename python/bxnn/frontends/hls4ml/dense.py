"""Dense layers, and the kernels of `nnet_dense*.h` that convolutions in io_stream share with them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import adders, reuse
from .scope import Scope
from .sums import Filters, weighted_sums

_KERNELS = ("DenseLatency", "DenseResource_rf_leq_nin", "DenseResource_rf_gt_nin_rem0")


def dense(scope: Scope) -> None:
    """res = cast(bias + sum of products), every product and every sum cast to accum_t."""
    x = scope.input
    if scope.call.function.startswith("dense_da_"):
        return scope.finish(adders.apply(scope, scope.generated("da_codegen"), np.arange(x.size)[None, :]))
    if scope.call.function != "dense":
        scope.refuse(f"unknown function '{scope.call.function}'")
    n_in, n_out = scope.number("n_in"), scope.number("n_out")
    if x.size != n_in:
        scope.refuse(f"it multiplies {n_in} inputs, but its input has {x.size} elements")
    if scope.stream and (n_in % x.pack or n_out % scope.pack()):
        scope.refuse(
            f"its {n_in} inputs and {n_out} outputs do not fill stream words of {x.pack} and {scope.pack()}"
        )
    scope.finish(dense_sums(scope, np.arange(n_in)[None, :], n_out))


def dense_sums(scope: Scope, taps: NDArray[np.int64], n_out: int) -> int:
    """The layer's dense kernel at every row of taps [positions][inputs], in the result's type."""
    if scope.config.word("strategy") == "distributed_arithmetic":
        return adders.apply(scope, scope.generated("da_codegen"), taps)
    return weighted_sums(scope, taps[:, None, :], dense_filters(scope, taps.shape[1], n_out))


def dense_filters(scope: Scope, n_in: int, n_out: int) -> Filters:
    """The filters of the layer's dense kernel."""
    kernel = scope.config.word("kernel")
    unrolled = kernel.startswith("dense_resource_unrolled_")
    strategy = scope.config.word("strategy")
    if unrolled and not scope.node.get_attr("resource_unrolled_dense_codegen"):
        scope.refuse(
            "C-simulation does not compile: hls4ml generates no Resource_Unrolled code for reuse factor 1"
        )
    if scope.kind == "Dense" and scope.backend == "Vitis" and scope.stream:
        unrolled = False  # the stream header of Vitis picks the kernel by strategy and reuse factor alone
    elif kernel not in _KERNELS and not unrolled:
        scope.refuse(
            f"the kernel '{kernel}' (strategy '{strategy}') is not supported; supported are Latency, Resource"
        )
    if strategy == "latency":
        return latency_filters(n_in, n_out)
    if strategy not in ("resource", "resource_unrolled"):
        scope.refuse(
            f"the strategy '{strategy}' is not supported; supported are Latency, Resource, Resource_Unrolled"
        )
    return resource_filters(scope, n_in, n_out, skips_zeros=unrolled)


def latency_filters(n_in: int, n_out: int) -> Filters:
    """Weights [in][out], added as they come."""
    order = np.arange(n_in)[None, :].repeat(n_out, axis=0)
    return Filters(np.arange(n_in * n_out).reshape(n_in, n_out).T, order)


def resource_filters(scope: Scope, n_in: int, n_out: int, *, skips_zeros: bool = False) -> Filters:
    """Weights [out][in], added in the order of the reuse loops."""
    try:
        order = reuse.executed_order(n_in, n_out, scope.number("reuse_factor"))
    except ValueError as error:
        scope.refuse(str(error))
    return Filters(np.arange(n_in * n_out).reshape(n_out, n_in), order, skips_zeros)
