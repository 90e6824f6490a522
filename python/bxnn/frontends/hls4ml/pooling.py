"""Poolings: `nnet_pooling.h` in io_parallel, `nnet_pooling_stream.h` in io_stream."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bxnn._core import Format

from .formats import CType
from .scope import Scope
from .sums import leaf_sum, running_sum
from .windows import Axis, elements, pixels, require_pixels, require_shape

Indices = NDArray[np.int64]

_LOCAL = ("pooling1d_cl", "pooling2d_cl")
_GLOBAL = ("global_pooling1d_cl", "global_pooling2d_cl")


@dataclass(frozen=True)
class Pools:
    """Windows [positions][pixels], -1 in the padding, the channels, and what sums are divided by."""

    windows: Indices
    channels: int
    divisors: Indices

    def taps(self) -> Indices:
        """Elements [positions * channels][pixels]."""
        flat = elements(self.windows, self.channels).reshape(*self.windows.shape, self.channels)
        return flat.transpose(0, 2, 1).reshape(-1, self.windows.shape[1])


def pooling(scope: Scope) -> None:
    """The maximum, or the sum over accum_t divided by the number of pixels, of every window."""
    if scope.call.function not in _LOCAL:
        scope.refuse(
            f"the function '{scope.call.function}' is not supported; supported are {', '.join(_LOCAL)}"
        )
    axes = _axes(scope)
    if scope.stream:
        _require_stream_windows(scope, axes)
    _finish(scope, _pools(scope, axes, counts_padding=scope.config.text("count_pad") == "true"))


def global_pooling(scope: Scope) -> None:
    """One window over all pixels."""
    if scope.call.function not in _GLOBAL:
        scope.refuse(
            f"the function '{scope.call.function}' is not supported; supported are {', '.join(_GLOBAL)}"
        )
    two = "2d" in scope.call.function
    sizes = [scope.number(name) for name in (("in_height", "in_width") if two else ("n_in",))]
    axes = [Axis(size, size, 1, 0, 1) for size in sizes]
    _finish(scope, _pools(scope, axes, counts_padding=False))


def _axes(scope: Scope) -> list[Axis]:
    if "2d" in scope.call.function:
        rows = [("in_height", "pool_height", "stride_height", "pad_top", "out_height")]
        rows.append(("in_width", "pool_width", "stride_width", "pad_left", "out_width"))
    else:
        rows = [("n_in", "pool_width", "stride_width", "pad_left", "n_out")]
    return [Axis(*(scope.number(name) for name in row)) for row in rows]


def _require_stream_windows(scope: Scope, axes: list[Axis]) -> None:
    if any(axis.before for axis in axes) or any(
        (axis.size - axis.window) // axis.stride + 1 != axis.out for axis in axes
    ):
        scope.refuse("C-simulation stops with an assertion: io_stream has no padding in poolings")
    encoded = scope.config.word("implementation") == "encoded"
    if (len(axes) == 2 or encoded) and any(axis.window != axis.stride for axis in axes):
        scope.refuse("C-simulation stops with an assertion: io_stream pools windows that do not overlap")


def _pools(scope: Scope, axes: list[Axis], *, counts_padding: bool) -> Pools:
    channels = scope.number("n_filt")
    require_shape(scope, axes, channels)
    require_pixels(scope, channels)
    windows = pixels(axes)
    counts = (windows >= 0).sum(axis=1)
    divisors = np.full_like(counts, windows.shape[1]) if counts_padding else counts
    if (divisors == 0).any():
        scope.refuse("a window lies in the padding alone; C-simulation divides by zero")
    return Pools(windows, channels, divisors)


def _finish(scope: Scope, pools: Pools) -> None:
    operation = scope.config.word("pool_op")
    if operation == "Max":
        scope.finish(_maximum(scope, pools))
    elif operation == "Average":
        scope.finish(_average(scope, pools))
    else:
        scope.refuse(f"the operation '{operation}' is not supported; supported are Max, Average")


def _maximum(scope: Scope, pools: Pools) -> int:
    """io_parallel compares elements, with the lowest number, or half of an unsigned range, in the padding."""
    x, accum, emit = scope.input, scope.ctype("accum_t"), scope.emit
    if not scope.stream and accum.format != x.type.format:
        scope.refuse(f"C-simulation does not compile: the maximum of {x.type} in {accum}")
    taps = pools.taps()
    top = 1 << (x.type.width - 1)
    value = int(
        emit.builder.gather(
            [x.value], taps.ravel().astype(np.int32), fill=-top if x.type.signed else top, shape=[taps.size]
        )
    )
    value = emit.assign(value, x.type, accum)
    largest = emit.builder.reduce("max", value, len(taps), taps.shape[1], 1, shape=[len(taps)])
    return emit.assign(int(largest), accum, scope.result())


def _average(scope: Scope, pools: Pools) -> int:
    """The sum divided by the number of pixels."""
    accum = scope.ctype("accum_t")
    quotient = _divided(
        scope, _sum(scope, pools.taps(), accum), accum, np.repeat(pools.divisors, pools.channels)
    )
    return scope.emit.assign(quotient, accum, scope.result())


def _sum(scope: Scope, taps: Indices, accum: CType) -> int:
    """io_stream casts the elements, then adds them, those of a local pooling as a tree; io_parallel adds them
    one by one and casts every sum."""
    x = scope.input
    if not scope.stream:
        return running_sum(scope, x.value, x.type, taps, accum)
    scope.emit.check(x.type, accum)
    order = "tree" if scope.call.function in _LOCAL else "sequential"
    return leaf_sum(scope, x.value, taps, accum, order=order)


def _divided(scope: Scope, value: int, kind: CType, divisors: Indices) -> int:
    """`value / divisor`, toward zero on the same grid.

    It is the product with ceil(2^s / divisor), shifted: exact for |raw| < 2^width if s is the width and the
    bits of the largest divisor.
    """
    shift = kind.width + int(divisors.max()).bit_length()
    if shift > 62:  # the factors are 64-bit integers
        scope.refuse(f"it divides numbers of {kind}; supported are accumulators of up to 50 bits")
    factors = np.array([-(-(1 << shift) // int(d)) for d in divisors], dtype=np.int64)
    factor = scope.emit.constant(factors, CType(shift + 1, shift + 1, False, True))
    product = scope.emit.binary("mul", value, factor)
    toward_zero = Format(kind.width, kind.integer, kind.signed, "TRN_ZERO", "WRAP")
    return int(scope.emit.builder.cast(product, toward_zero, shift=-shift))
