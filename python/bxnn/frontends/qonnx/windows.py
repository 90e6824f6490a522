"""Windows of convolutions and poolings over tensors with channels first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .exact import Indices
from .node import Node

_MOST_TAPS = 1 << 26


@dataclass(frozen=True)
class Windows:
    """Pixels of every window, [positions][taps], -1 in the padding; the shape of the positions.

    `uneven` says that a last window reaches beyond the padding; `pixels` is the number in a channel.
    """

    index: Indices
    shape: tuple[int, ...]
    uneven: bool
    pixels: int

    @property
    def positions(self) -> int:
        return len(self.index)

    def elements(self, channels: int) -> Indices:
        """Elements of every window of every channel, [channels][positions][taps]."""
        first = np.arange(channels)[:, None, None] * self.pixels
        return np.where(self.index < 0, -1, first + self.index)


def windows_of(node: Node, sizes: Sequence[int], kernel: Sequence[int] | None) -> Windows:
    """The windows that the node's attributes describe over spatial axes of these sizes."""
    rank = len(sizes)
    if kernel is None or len(kernel) != rank or rank == 0:
        node.refuse(f"kernel_shape {kernel} does not fit {rank} spatial axes")
    if (stated := node.numbers("kernel_shape", None)) is not None and list(stated) != list(kernel):
        node.refuse(f"kernel_shape {stated} differs from the weights' {list(kernel)}")
    strides, dilations = (node.numbers(name, [1] * rank) or [] for name in ("strides", "dilations"))
    if len(strides) != rank or len(dilations) != rank or min([*strides, *dilations, *kernel]) < 1:
        node.refuse(f"strides {strides} and dilations {dilations} do not fit kernel_shape {list(kernel)}")
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    pads = _pads(node, sizes, spans, strides)
    ceil = bool(node.attribute("ceil_mode", 0))
    rows, uneven = [], False
    for i, size in enumerate(sizes):
        before, after = pads[i], pads[i + rank]
        room = size + before + after - spans[i]
        if room < 0 or room > _MOST_TAPS:
            node.refuse(f"a window of {spans[i]} does not fit {size} elements with padding {before}, {after}")
        count = room // strides[i] + 1
        if ceil and room % strides[i] and count * strides[i] < size + before:
            count, uneven = count + 1, True
        if count * math.prod(kernel) > _MOST_TAPS:
            node.refuse("its windows are too many")
        at = np.arange(count)[:, None] * strides[i] - before + np.arange(kernel[i])[None] * dilations[i]
        rows.append(np.where((at >= 0) & (at < size), at, -1))
    shape = tuple(len(r) for r in rows)
    if math.prod(shape) * math.prod(kernel) > _MOST_TAPS:
        node.refuse("its windows are too many")
    return Windows(_combined(rows, sizes), shape, uneven, math.prod(sizes))


def _combined(rows: Sequence[Indices], sizes: Sequence[int]) -> Indices:
    """Windows over all axes from those over each."""
    index = np.zeros((1, 1), np.int64)
    for row, size in zip(rows, sizes, strict=True):
        outside = (index < 0)[:, None, :, None] | (row < 0)[None, :, None, :]
        both = np.where(outside, -1, index[:, None, :, None] * size + row[None, :, None, :])
        index = both.reshape(len(index) * len(row), -1)
    return index


def _pads(node: Node, sizes: Sequence[int], spans: Sequence[int], strides: Sequence[int]) -> list[int]:
    """Padding before every axis, then behind every axis."""
    rank = len(sizes)
    auto = node.attribute("auto_pad", "NOTSET")
    stated = node.numbers("pads", None)
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        total = [
            max((-(-size // stride) - 1) * stride + span - size, 0)
            for size, span, stride in zip(sizes, spans, strides, strict=True)
        ]
        less = [t // 2 for t in total]
        more = [t - half for t, half in zip(total, less, strict=True)]
        return less + more if auto == "SAME_UPPER" else more + less
    if auto not in ("NOTSET", "", "VALID"):
        node.refuse(f"auto_pad={auto!r} is not known")
    pads = [0] * 2 * rank if stated is None or auto == "VALID" else stated
    if len(pads) != 2 * rank or min(pads) < 0 or max(pads) > _MOST_TAPS:
        node.refuse(f"pads {pads} are not {2 * rank} numbers that are not negative")
    return pads


def all_of(sizes: Sequence[int]) -> Windows:
    """One window over everything."""
    size = math.prod(sizes)
    return Windows(np.arange(size)[None], (1,) * len(sizes), False, size)
