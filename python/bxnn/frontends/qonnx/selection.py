"""ArgMax, ArgMin, TopK of one: the place and the size of the largest number."""

from __future__ import annotations

import math

import numpy as np

from .exact import ONE, Line, Tensor
from .node import Node, Operand


def argmax(node: Node) -> Operand:
    return _extreme(node, node.tensor(0), largest=True)


def argmin(node: Node) -> Operand:
    return _extreme(node, node.tensor(0), largest=False)


def _extreme(node: Node, x: Tensor, *, largest: bool) -> Operand:
    axis, last = node.axis(x.lines.ndim, 0), bool(node.attribute("select_last_index", 0))
    keep = node.attribute("keepdims", 1)
    out = _index(node, x, axis, largest=largest, last=last)
    return out if keep else Tensor(out.value, out.lines.reshape(_without(x.shape, axis)))


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


def _sizes(shape: tuple[int, ...], axis: int) -> tuple[int, int, int]:
    return math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])


def _index(node: Node, x: Tensor, axis: int, *, largest: bool, last: bool) -> Tensor:
    """Index along the axis, which stays with one element, of the first or last extreme."""
    emit = node.emit
    x = _comparable(node, x, largest=largest)
    if last:
        x = emit.rearranged([x], np.flip(node.places(x), axis))
    outer, size, inner = _sizes(x.shape, axis)
    value = emit.builder.reduce("argmax", x.value, outer, size, inner, shape=[outer * inner])
    shape = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
    out = Tensor(int(value), np.full(shape, emit.number(Line()), np.int32))
    if not last:
        return out
    return emit.through(
        emit.scaled(out, np.array(-ONE, dtype=object)), lambda line: line.moved(ONE, ONE * (size - 1))
    )


def _comparable(node: Node, x: Tensor, *, largest: bool) -> Tensor:
    """The numbers as integers whose order and equality are theirs."""
    if not largest:
        x = node.emit.scaled(x, np.array(-ONE, dtype=object))
    return node.emit.on_one_line(node.emit.unclipped(x))


def top_k(node: Node) -> list[Operand]:
    """Values and indices for k = 1; of equal values the first."""
    x = node.tensor(0)
    k = node.whole(1) if node.has(1) else [node.attribute("k", 0)]
    if k != [1]:
        node.refuse(f"k={k} is not supported; supported: one, the largest or smallest")
    node.ignore("sorted")
    axis, largest = node.axis(x.lines.ndim, -1), bool(node.attribute("largest", 1))
    index = _index(node, x, axis, largest=largest, last=False)
    ordered = _comparable(node, x, largest=largest)
    outer, size, inner = _sizes(x.shape, axis)
    value = node.emit.builder.reduce("max", ordered.value, outer, size, inner, shape=[outer * inner])
    best = Tensor(int(value), np.full(index.shape, ordered.lines.flat[0], np.int32))
    return [best if largest else node.emit.scaled(best, np.array(-ONE, dtype=object)), index]
