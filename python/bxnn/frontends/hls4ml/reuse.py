"""The order in which the Resource strategy adds products, from the loops of `nnet_dense_resource.h`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .emit import Emit
from .formats import CType
from .products import Terms


def executed_order(n_in: int, n_out: int, reuse_factor: int) -> NDArray[np.int64]:
    """For every output its inputs in the order in which they are added: int64 [n_out, n_in].

    Raises ValueError for a reuse factor that trips the header's assertions or reads outside its arrays.
    """
    if reuse_factor < 1:
        raise ValueError(f"the reuse factor {reuse_factor} is not positive")
    replay = _up_to_n_in if reuse_factor <= n_in else _multiple_of_n_in
    out, inp, weight = replay(n_in, n_out, reuse_factor)
    order = np.argsort(out, kind="stable")
    outs, ins, weights = out[order], inp[order], weight[order]
    expected = np.repeat(np.arange(n_out), n_in)
    sound = len(outs) == n_in * n_out and (outs == expected).all() and (weights == outs * n_in + ins).all()
    if not sound or len(np.unique(weights)) != n_in * n_out:
        raise ValueError(
            f"the reuse factor {reuse_factor} is not legal for {n_in} inputs and {n_out} outputs"
        )
    return np.asarray(ins.reshape(n_out, n_in))


def _up_to_n_in(
    n_in: int, n_out: int, rf: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Output, input and weight index of every addition of dense_resource_rf_leq_nin, in order."""
    block = -(-n_in * n_out // rf)
    scale = max(block // n_out, 1)
    ir, im = np.arange(rf)[:, None], np.arange(block)[None, :]
    period = -(-(n_in - ir) // rf)
    out = np.broadcast_to(im // scale, (rf, block))
    return out.ravel(), (ir + rf * (im % period)).ravel(), (ir + rf * im).ravel()


def _multiple_of_n_in(
    n_in: int, n_out: int, rf: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The same of dense_resource_rf_gt_nin_rem0."""
    if rf % n_in:
        raise ValueError(f"the reuse factor {rf} is above {n_in} inputs and no multiple of them")
    block = -(-n_in * n_out // rf)
    rf = min(rf, n_in * n_out)
    if rf <= n_in:
        raise ValueError(f"C-simulation stops with an assertion: the reuse factor is {rf} for {n_in} inputs")
    ir, im = np.arange(rf)[:, None], np.arange(block)[None, :]
    weight = ir + rf * im
    inside = (weight < n_in * n_out).ravel()
    out = (ir // n_in + (rf // n_in) * im).ravel()
    inp = np.broadcast_to(ir % n_in, (rf, block)).ravel()
    return out[inside], inp[inside], weight.ravel()[inside]


def order_free(emit: Emit, terms: Terms, bias: NDArray[np.int64], b_frac: int, accum: CType) -> bool:
    """True where no order can change the sum: the accumulator wraps, or no partial sum leaves its range."""
    if accum.overflow == "WRAP":
        return True
    if terms.product is not None:
        return False
    fmt = emit.builder.format_of(terms.value)
    low, high = int(fmt.min_raw), int(fmt.max_raw)
    w = terms.weights.astype(object)
    ends = np.stack([w * low, w * high])
    up, down = np.maximum(ends.max(axis=0), 0).sum(axis=1), np.minimum(ends.min(axis=0), 0).sum(axis=1)
    grid = max(terms.w_frac + fmt.frac, b_frac, accum.frac)
    slack = (w.shape[1] + 1) << (
        grid - accum.frac
    )  # every cast rounds by less than one unit of the accumulator
    b = bias.astype(object) << (grid - b_frac)
    lift = grid - terms.w_frac - fmt.frac
    top = max((u << lift) + max(v, 0) for u, v in zip(up, b, strict=True)) + slack
    bottom = min((d << lift) + min(v, 0) for d, v in zip(down, b, strict=True)) - slack
    unit = 1 << (grid - accum.frac)
    limit = accum.format
    lowest = -limit.max_raw if accum.overflow == "SAT_SYM" and accum.signed else limit.min_raw
    return bool(top <= limit.max_raw * unit and bottom >= lowest * unit)


def depthwise_order(kernel: str, window: int, channels: int, reuse_factor: int) -> NDArray[np.int64]:
    """For every channel its taps in the order of `nnet_depthwise_product.h`: int64 [channels, window].

    Raises ValueError for a reuse factor with which the header adds products to another channel or stops.
    """
    n_in = window * channels
    rf = reuse_factor if kernel == "DepthwiseDenseResource_rf_leq_nout" else min(reuse_factor, n_in)
    illegal = ValueError(
        f"the reuse factor {reuse_factor} is not legal for {window} taps of {channels} channels"
    )
    if kernel == "DepthwiseDenseResource_rf_gt_nout_rem0":
        if rf < channels or rf % channels:
            raise illegal
    elif kernel == "DepthwiseDenseResource_rf_gt_nout":
        if rf <= channels:
            raise illegal
    elif kernel != "DepthwiseDenseResource_rf_leq_nout":
        raise ValueError(f"the kernel '{kernel}' is not supported")
    blocks = -(-n_in // rf)
    step = {"DepthwiseDenseResource_rf_leq_nout": rf, "DepthwiseDenseResource_rf_gt_nout_rem0": 0}.get(
        kernel, reuse_factor % channels
    )
    orders: list[list[int]] = [[] for _ in range(channels)]
    for ir in range(rf):
        out = ir if kernel == "DepthwiseDenseResource_rf_leq_nout" else ir % channels
        for im in range(blocks):
            at = ir + im * rf
            if at >= n_in or out >= channels or at % channels != out:
                raise illegal
            orders[out].append(at // channels)
            out += step
            if out >= channels:
                out -= channels
    return np.array(orders, dtype=np.int64)
