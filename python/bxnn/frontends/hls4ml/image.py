"""Layers that pad, crop or repeat the pixels of an image or a sequence; every element is cast."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .scope import Scope
from .windows import Axis, elements, pixels, require_pixels, require_shape


def zero_padding(scope: Scope) -> None:
    """Zeros around the pixels."""
    if scope.call.function not in ("zeropad1d_cl", "zeropad2d_cl"):
        scope.refuse(f"the function '{scope.call.function}' is not supported; supported are channels-last")
    _rearranged(scope, {"height": "pad_top", "width": "pad_left"}, sign=1)


def cropping(scope: Scope) -> None:
    """The pixels without their borders."""
    if scope.call.function not in ("cropping1d_cl", "cropping2d_cl"):
        scope.refuse(f"the function '{scope.call.function}' is not supported; supported are channels-last")
    _rearranged(scope, {"height": "crop_top", "width": "crop_left"}, sign=-1)


def _rearranged(scope: Scope, before: dict[str, str], *, sign: int) -> None:
    """Pixels of the output's size, `sign * before` of them in front of the first of the input."""
    names = ["height", "width"] if "2d" in scope.call.function else ["width"]
    axes = [
        Axis(
            size=scope.number(f"in_{name}"),
            window=1,
            stride=1,
            before=sign * scope.number(before[name]),
            out=scope.number(f"out_{name}"),
        )
        for name in names
    ]
    channels = scope.number("n_chan")
    require_shape(scope, axes, channels)
    require_pixels(scope, channels)
    _assign(scope, elements(pixels(axes), channels))


def resize(scope: Scope) -> None:
    """Nearest neighbours, by the ratios of `nnet_image.h`; also what C-simulation makes of bilinear."""
    if scope.call.function != "resize_nearest":
        scope.refuse(f"the function '{scope.call.function}' is not supported; supported is resize_nearest")
    channels, sizes = scope.number("n_chan"), (scope.number("height"), scope.number("width"))
    wanted = (scope.number("new_height"), scope.number("new_width"))
    if int(np.prod(sizes)) * channels != scope.input.size:
        scope.refuse(f"it resizes {sizes} pixels of {channels} channels, its input has {scope.input.size}")
    if scope.result() != scope.input.type:
        scope.refuse(f"C-simulation does not compile: {scope.input.type} resized to {scope.result()}")
    require_pixels(scope, channels)
    if scope.stream:
        if wanted[0] % sizes[0] or wanted[1] % sizes[1]:
            scope.refuse("C-simulation stops with an assertion: io_stream resizes by whole factors only")
        places = [np.arange(n) // (n // size) for size, n in zip(sizes, wanted, strict=True)]
    else:
        places = [_nearest(size, n) for size, n in zip(sizes, wanted, strict=True)]
    if any(place.max() >= size for place, size in zip(places, sizes, strict=True)):
        scope.refuse("C-simulation reads beyond its input")
    flat = (places[0][:, None] * sizes[1] + places[1][None, :]).reshape(-1, 1)
    _assign(scope, elements(flat, channels))


def _nearest(size: int, wanted: int) -> NDArray[np.int64]:
    ratio = (size << 16) // wanted + 1
    return np.arange(wanted) * ratio >> 16


def _assign(scope: Scope, index: NDArray[np.int64]) -> None:
    """Every element cast, then taken by its index; zero where that is -1."""
    value = scope.emit.assign(scope.input.value, scope.input.type, scope.result())
    scope.finish(scope.emit.gather([value], index, scope.shape()))
