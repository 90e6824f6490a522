"""Operators that only move elements: one function of arrays, for constants and for places of elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .exact import Indices, Line, Tensor
from .node import Node, Operand

Move = Callable[[NDArray[Any]], NDArray[Any]]


def _moved(node: Node, move: Move) -> Operand:
    x = node.operand(0)
    try:
        if isinstance(x, Tensor):
            return node.emit.rearranged([x], move(node.places(x)))
        moved = np.asarray(move(x), dtype=object)  # NumPy gives an element itself where no axis is left
    except (ValueError, IndexError, TypeError) as error:
        node.refuse(f"it does not fit an input of shape {x.shape}: {error}")
    node.emit.require_size(max(moved.size, 1))
    return moved


def reshape(node: Node) -> Operand:
    x = node.operand(0)
    wanted = node.whole(1) if node.has(1) else node.numbers("shape", None)
    if wanted is None:
        node.refuse("its shape is missing")
    if not node.attribute("allowzero", 0):
        if len(wanted) > len(x.shape) and 0 in wanted[len(x.shape) :]:
            node.refuse(f"shape {wanted} copies a dimension that an input of shape {x.shape} does not have")
        wanted = [x.shape[i] if n == 0 else n for i, n in enumerate(wanted)]
    if any(n < -1 for n in wanted) or wanted.count(-1) > 1:
        node.refuse(f"shape {wanted} is no shape")
    return _moved(node, lambda a: a.reshape(wanted))


def flatten(node: Node) -> Operand:
    x = node.operand(0)
    axis = node.attribute("axis", 1)
    if not -len(x.shape) <= axis <= len(x.shape):
        node.refuse(f"axis {axis} is outside a tensor of {len(x.shape)} dimensions")
    return _moved(node, lambda a: a.reshape(int(np.prod(x.shape[:axis])), -1))


def _axes(node: Node, rank: int) -> list[int] | None:
    """Attribute before version 13 of the operator set, operand since."""
    stated = node.whole(1) if node.has(1) else node.numbers("axes", None)
    return None if stated is None else [node.checked_axis(a, rank) for a in stated]


def squeeze(node: Node) -> Operand:
    axes = _axes(node, len(node.operand(0).shape))
    return _moved(node, lambda a: np.squeeze(a, None if axes is None else tuple(axes)))


def unsqueeze(node: Node) -> Operand:
    count = len(node.whole(1) if node.has(1) else node.numbers("axes", None) or [])
    axes = _axes(node, len(node.operand(0).shape) + count)
    if axes is None:
        node.refuse("its axes are missing")
    return _moved(node, lambda a: np.expand_dims(a, tuple(axes)))


def transpose(node: Node) -> Operand:
    permutation = node.numbers("perm", None)
    return _moved(node, lambda a: a.transpose(permutation))


def expand(node: Node) -> Operand:
    x, wanted = node.operand(0), node.whole(1)
    if any(n < 1 for n in wanted):
        node.refuse(f"shape {wanted} is no shape")
    try:
        shape = np.broadcast_shapes(x.shape, tuple(wanted))
    except ValueError as error:
        node.refuse(str(error))
    size = 1
    for n in shape:
        size *= n
    node.emit.require_size(size)
    return _moved(node, lambda a: np.broadcast_to(a, shape))


def concat(node: Node) -> Operand:
    parts = [node.operand(i) for i in range(len(node.inputs))]
    axis = node.axis(len(parts[0].shape), 0)
    if not any(isinstance(part, Tensor) for part in parts):
        arrays = [part for part in parts if not isinstance(part, Tensor)]
        return _joined(node, arrays, axis)
    tensors = [node.lifted(part) for part in parts]
    first = np.cumsum([0, *(t.size for t in tensors[:-1])])
    places = [node.places(t) + start for t, start in zip(tensors, first, strict=True)]
    return node.emit.rearranged(tensors, _joined(node, places, axis))


def _joined(node: Node, parts: Sequence[NDArray[Any]], axis: int) -> NDArray[Any]:
    node.emit.require_size(max(1, sum(part.size for part in parts)))
    try:
        return np.concatenate(parts, axis)
    except ValueError as error:
        node.refuse(str(error))


def gather(node: Node) -> Operand:
    x, index = node.operand(0), np.array(node.whole(1), np.int64).reshape(node.constant(1).shape)
    axis = node.axis(len(x.shape), 0)
    node.emit.require_size(max(1, index.size) * max(1, int(np.prod(x.shape)) // max(1, x.shape[axis])))
    return _moved(node, lambda a: np.take(a, index, axis, mode="raise"))


def slices(node: Node) -> Operand:
    """Bounds are attributes before version 10 of the operator set, operands since."""
    x = node.operand(0)
    rank = len(x.shape)
    if node.has(1):
        starts, ends = node.whole(1), node.whole(2)
        axes = node.whole(3) if node.has(3) else list(range(len(starts)))
        steps = node.whole(4) if node.has(4) else [1] * len(starts)
    else:
        starts, ends = node.numbers("starts", []) or [], node.numbers("ends", []) or []
        axes, steps = node.numbers("axes", None) or list(range(len(starts))), [1] * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        node.refuse("its starts, ends, axes and steps do not fit each other")
    kept = [np.arange(n) for n in x.shape]
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        at = node.checked_axis(axis, rank)
        size, least = x.shape[at], -1 if step < 0 else 0
        first, stop = (min(max(n + size if n < 0 else n, least), size + least) for n in (start, end))
        kept[at] = np.arange(first, stop, step)
    return _moved(node, lambda a: a[np.ix_(*kept)])


def split(node: Node) -> list[Operand]:
    x = node.operand(0)
    axis = node.axis(len(x.shape), 0)
    size, count = x.shape[axis], node.attribute("num_outputs", len(node.outputs))
    sizes = node.whole(1) if node.has(1) else node.numbers("split", None)
    if sizes is None:
        each = -(-size // max(count, 1))
        sizes = [min(each, size - i * each) for i in range(count)]
    if sum(sizes) != size or min(sizes) < 1 or len(sizes) != len(node.outputs):
        node.refuse(f"parts {sizes} do not make {size} elements in {len(node.outputs)} outputs")
    ends = np.cumsum(sizes).tolist()
    return [_moved(node, _part(axis, end - n, end)) for n, end in zip(sizes, ends, strict=True)]


def _part(axis: int, first: int, end: int) -> Move:
    return lambda a: np.take(a, np.arange(first, end), axis)


def pad(node: Node) -> Operand:
    """Padding is an attribute before version 11 of the operator set, an operand since."""
    x, mode = node.tensor(0), node.attribute("mode", "constant")
    rank = x.lines.ndim
    pads = node.whole(1) if node.has(1) else node.numbers("pads", None) or []
    fill = node.single(2) if node.has(2) else node.array(node.attribute("value", 0.0)).item()
    axes = [node.checked_axis(a, rank) for a in node.whole(3)] if node.has(3) else list(range(rank))
    if (
        len(pads) != 2 * len(axes)
        or len(set(axes)) != len(axes)
        or mode not in ("constant", "reflect", "edge")
    ):
        node.refuse(
            f"pads {pads} in mode {mode!r} do not fit {len(axes)} axes; modes: constant, reflect, edge"
        )
    around = [(0, 0)] * rank
    for i, axis in enumerate(axes):
        around[axis] = pads[i], pads[i + len(axes)]
    size = 1
    for n, (before, after) in zip(x.shape, around, strict=True):
        if mode == "reflect" and max(before, after) >= n:
            node.refuse(f"pads {pads} reflect more than the {n - 1} neighbours of an end")
        if n + before + after < 1:
            node.refuse(f"pads {pads} leave no elements")
        size *= n + max(before, 0) + max(after, 0)
    node.emit.require_size(size)
    index = _cropped(node.places(x), around)
    outer = [(max(before, 0), max(after, 0)) for before, after in around]
    if mode != "constant":
        return node.emit.rearranged([x], np.pad(index, outer, mode=mode))  # type: ignore[call-overload]
    return _filled(node, x, index, outer, fill)


def _cropped(index: Indices, around: list[tuple[int, int]]) -> Indices:
    cut = tuple(slice(max(-before, 0), -max(-after, 0) or None) for before, after in around)
    return index[cut]


def _filled(node: Node, x: Tensor, index: Indices, outer: list[tuple[int, int]], fill: Fraction) -> Tensor:
    """Padding lies on the line of its neighbour where zero means the filling there, else on its own."""
    emit = node.emit
    near = x.lines.ravel()[np.pad(index, outer, mode="edge")]
    out = emit.rearranged([x], np.pad(index, outer, constant_values=-1))
    own = {k: k if emit.lines[k].at(Fraction(0)) == fill else None for k in np.unique(near).tolist()}
    filled = emit.number(Line(offset=fill))
    lines = [filled if own[k] is None else own[k] for k in near.ravel().tolist()]
    padding = np.pad(index, outer, constant_values=-1) < 0
    return Tensor(
        out.value, np.where(padding, np.array(lines).reshape(near.shape), out.lines).astype(np.int32)
    )


def constant(node: Node) -> Operand:
    import onnx

    tensor = node.attribute("value", None)
    if tensor is not None:
        return node.array(onnx.numpy_helper.to_array(tensor))
    for name in ("value_float", "value_int", "value_floats", "value_ints"):
        if (value := node.attribute(name, None)) is not None:
            return node.array(value)
    node.refuse("its value is missing, or neither numbers nor a tensor")


def shape_of(node: Node) -> Operand:
    shape = list(node.operand(0).shape)
    start, end = node.attribute("start", 0), node.attribute("end", len(shape))
    return node.array(shape[start:end])
