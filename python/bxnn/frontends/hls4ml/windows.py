"""Windows of convolutions and poolings as indices into a channels-last array."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .scope import Scope

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Axis:
    """One spatial axis: window o begins at element `o * stride - before`."""

    size: int
    window: int
    stride: int
    before: int
    out: int

    def rows(self) -> Indices:
        """Elements of every window, [out][window], -1 in the padding."""
        at = np.arange(self.out)[:, None] * self.stride - self.before + np.arange(self.window)[None, :]
        return np.where((at >= 0) & (at < self.size), at, -1)


def pixels(axes: list[Axis]) -> Indices:
    """Pixels of every window of one or two axes, [positions][taps] in row-major order, -1 in the padding."""
    if len(axes) == 1:
        return axes[0].rows()
    y, x = (axis.rows() for axis in axes)
    rows, columns = y[:, None, :, None], x[None, :, None, :]
    flat = np.where((rows < 0) | (columns < 0), -1, rows * axes[1].size + columns)
    return flat.reshape(len(y) * len(x), -1)


_STATEMENT = re.compile(r"partition == *(\d+)|buffer\[(\d+)\]\[(\d+)\] = *(?:data\[(\d+)\]|0);")


def generated(code: str, pixels_a_partition: int) -> Indices:
    """Elements [positions][taps] of the windows of a generated `fill_buffer`, -1 where it writes zero."""
    taps: dict[tuple[int, int], int] = {}
    partition = 0
    for found in _STATEMENT.finditer(code):
        if found[1]:
            partition = int(found[1])
        else:
            position = partition * pixels_a_partition + int(found[2])
            taps[position, int(found[3])] = int(found[4]) if found[4] else -1
    rows, columns = (max((key[i] for key in taps), default=-1) + 1 for i in range(2))
    if len(taps) != rows * columns or not taps:
        raise ValueError("its generated fill_buffer does not fill every window")
    return np.array([[taps[row, column] for column in range(columns)] for row in range(rows)], dtype=np.int64)


def elements(windows: Indices, channels: int) -> Indices:
    """Elements [positions][taps * channels] of windows of pixels, channels last."""
    flat = windows[:, :, None] * channels + np.arange(channels)
    return np.where(windows[:, :, None] < 0, -1, flat).reshape(len(windows), -1)


def convolution_axes(scope: Scope) -> list[Axis]:
    """The axes in the configuration of a convolution; refused where they do not fit its input and output."""
    names = [("height", "top"), ("width", "left")] if "2d" in scope.call.function else [("width", "left")]
    axes = [
        Axis(
            scope.number(f"in_{name}"),
            scope.number(f"filt_{name}"),
            scope.number(f"stride_{name}"),
            scope.number(f"pad_{side}"),
            scope.number(f"out_{name}"),
        )
        for name, side in names
    ]
    require_shape(scope, axes, scope.number("n_chan"))
    return axes


def require_shape(scope: Scope, axes: list[Axis], channels: int) -> None:
    """Refuse a layer whose configuration does not describe its input."""
    expected = int(np.prod([axis.size for axis in axes])) * channels
    if expected != scope.input.size:
        scope.refuse(f"its configuration describes {expected} inputs, but its input has {scope.input.size}")


def require_pixels(scope: Scope, channels: int, filters: int | None = None) -> None:
    """Refuse streams of which a word is not one pixel, of `filters` channels in the output if not as many."""
    wanted = (channels, channels if filters is None else filters)
    if scope.stream and (scope.input.pack, scope.pack()) != wanted:
        scope.refuse(
            f"its streams carry {scope.input.pack} and {scope.pack()} elements a word, expected pixels of "
            f"{wanted[0]} and {wanted[1]} channels"
        )
