"""Convolutions: `nnet_conv*.h` and `nnet_sepconv*.h`, as sums over windows."""

from __future__ import annotations

import numpy as np

from . import adders, reuse
from .dense import dense_sums, latency_filters, resource_filters
from .scope import Scope
from .sums import Filters, weighted_sums
from .windows import convolution_axes, elements, generated, pixels, require_pixels

_FULL = ("conv_1d_cl", "conv_2d_cl", "pointwise_conv_1d_cl", "pointwise_conv_2d_cl")
_DEPTHWISE = ("depthwise_conv_1d_cl", "depthwise_conv_2d_cl")


def conv(scope: Scope) -> None:
    """Every position is a dense layer of its window; padding is multiplied as zero."""
    if scope.call.function in ("conv1d_cl", "conv2d_cl"):
        return scope.finish(_adders(scope))
    if scope.call.function not in _FULL:
        scope.refuse(
            f"the function '{scope.call.function}' is not supported; supported are {', '.join(_FULL)}"
        )
    axes, channels, n_out = convolution_axes(scope), scope.number("n_chan"), scope.number("n_filt")
    taps = elements(pixels(axes), channels)
    _require_stream(scope)
    if scope.stream:
        return scope.finish(dense_sums(scope, taps, n_out))
    scope.finish(weighted_sums(scope, taps[:, None, :], _parallel_filters(scope, taps.shape[1], n_out)))


def _adders(scope: Scope) -> int:
    """Distributed arithmetic in io_parallel, which has a function and a configuration of its own."""
    try:
        taps = generated(scope.generated("line_buffer_codegen"), scope.number("n_pixels"))
    except ValueError as error:
        scope.refuse(str(error))
    if int(taps.max()) >= scope.input.size:
        scope.refuse("its generated fill_buffer reads beyond its input")
    return adders.apply(scope, scope.generated("da_codegen"), taps)


def _parallel_filters(scope: Scope, n_in: int, n_out: int) -> Filters:
    strategy = scope.config.word("strategy")
    if strategy == "latency":
        return latency_filters(n_in, n_out)
    if strategy not in ("resource", "resource_unrolled"):
        scope.refuse(
            f"the strategy '{strategy}' is not supported; supported are Latency, Resource, Resource_Unrolled"
        )
    factor = scope.number("reuse_factor")
    if factor > n_in or (-(-n_in * n_out // factor) % n_out and factor < n_in):
        scope.refuse(f"C-simulation stops with an assertion: the reuse factor {factor} is not legal for it")
    return resource_filters(scope, n_in, n_out)


def depthwise(scope: Scope) -> None:
    """One filter a channel, over that channel alone."""
    if scope.call.function not in _DEPTHWISE:
        scope.refuse(f"the function '{scope.call.function}' is not supported")
    axes, channels = convolution_axes(scope), scope.number("n_chan")
    if scope.number("n_filt") != channels:
        scope.refuse("C-simulation supports a depth multiplier of 1 only")
    _require_stream(scope)
    windows = pixels(axes)
    taps = elements(windows, channels).reshape(len(windows), -1, channels).transpose(0, 2, 1)
    where = np.arange(taps.shape[2] * channels).reshape(-1, channels).T
    scope.finish(weighted_sums(scope, taps, Filters(where, _depthwise_order(scope, taps.shape[2], channels))))


def _depthwise_order(
    scope: Scope, window: int, channels: int
) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    kernel, strategy = scope.config.word("kernel"), scope.config.word("strategy")
    if strategy == "latency":
        return np.arange(window)[None, :].repeat(channels, axis=0)
    if not scope.stream:
        scope.refuse("C-simulation stops with an assertion: io_parallel supports the Latency strategy only")
    try:
        return reuse.depthwise_order(kernel, window, channels, scope.number("reuse_factor"))
    except ValueError as error:
        scope.refuse(str(error))


def _require_encoded(scope: Scope) -> None:
    """The implementation that sends every pixel to the windows it is in."""
    if scope.backend != "Vivado":
        scope.refuse("C-simulation stops with an assertion: Vitis supports the LineBuffer implementation")
    two = "2d" in scope.call.function
    if two and scope.number("filt_height") != scope.number("filt_width"):
        scope.refuse("C-simulation stops with an assertion: encoded windows must be square")


def _ignores_vertical_stride(scope: Scope) -> bool:
    """The line buffer of a window one pixel high is that of a sequence."""
    lined = scope.call.function in ("conv_2d_cl", "depthwise_conv_2d_cl")
    return lined and scope.number("filt_height") == 1 and scope.number("stride_height") > 1


def _require_stream(scope: Scope) -> None:
    """In io_stream a word is one pixel."""
    if not scope.stream:
        return
    if scope.config.word("implementation") == "encoded":
        _require_encoded(scope)
    elif _ignores_vertical_stride(scope):
        scope.refuse(
            "C-simulation ignores the vertical stride of a streamed window that is one pixel high; use a "
            "window of one pixel, or io_parallel"
        )
    require_pixels(scope, scope.number("n_chan"), scope.number("n_filt"))
