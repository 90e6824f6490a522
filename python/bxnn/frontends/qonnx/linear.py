"""MatMul, Gemm, Conv, BatchNormalization, average pooling: sums of constants times a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from .exact import ONE, ZERO, Indices, Line, Rationals, Tensor, integers, rationals
from .node import Node, Operand
from .windows import Windows, all_of, windows_of

_MOST_PRODUCTS = 1 << 26


def linear(
    node: Node, x: Tensor, weights: Rationals, bias: Rationals | None, index: Indices, group: Indices
) -> Tensor:
    """out[p, f] = bias[g, f] + sum over k of weights[g, f, k] * x[index[p, k]], with g = group[p].

    weights: [G, F, K]; bias: [G, F]; index: [P, K], -1 for the number zero; group: [P].
    The result has shape [P, F] and no bounds. Every sum of integers has the largest unit of its weights.
    """
    emit = node.emit
    positions, filters = len(group), weights.shape[1]
    emit.require_size(positions * filters)
    if positions * weights[0].size > _MOST_PRODUCTS:
        node.refuse(
            f"it has {positions * weights[0].size:,} products; at most {_MOST_PRODUCTS:,} are supported"
        )
    x = emit.unclipped(x)
    rows, row = _patterns(node, x, index)
    pairs, pair = np.unique(np.stack([row, group], 1), axis=0, return_inverse=True)
    raw = np.zeros((len(pairs), *weights.shape[1:]), np.int64)
    lines = np.empty((len(pairs), filters), np.int32)
    for i, (r, g) in enumerate(pairs.tolist()):
        real = np.flatnonzero(np.array(rows[r]) >= 0)
        terms = [emit.lines[rows[r][k]] for k in real]
        for f in range(filters):
            numbers, line = _sum(weights[g, f, real].tolist(), terms)
            if max((abs(n) for n in numbers), default=0).bit_length() > 62:
                node.refuse("its weights need more than 63 bits on one scale; quantise them")
            raw[i, f, real] = numbers
            lines[i, f] = emit.number(line if bias is None else line.moved(ONE, bias[g, f]))
    pair = pair.ravel()
    value = emit.builder.dot(x.value, raw, 0, index=index.astype(np.int32), group=pair.astype(np.int32))
    return Tensor(int(value), lines[pair].reshape(positions, filters))


def _sum(weights: list[Fraction], terms: list[Line]) -> tuple[list[int], Line]:
    """Integer weights, and the line of their sum: what `weights` give of numbers on these lines."""
    offset = sum((w * t.offset for w, t in zip(weights, terms, strict=True) if t.offset), ZERO)
    slope = terms[0].slope if terms else ONE
    if any(t.slope != slope for t in terms):
        weights, slope = [w * t.slope for w, t in zip(weights, terms, strict=True)], ONE
    numbers, unit = integers(weights)
    return numbers, Line(unit * slope, offset)


def _patterns(node: Node, x: Tensor, index: Indices) -> tuple[list[list[int]], Indices]:
    """The different rows of line numbers under the index, -1 for no element; which one a position has."""
    lines = np.append(x.lines.ravel(), np.int32(-1))
    if (one := node.emit.uniform(x)) and (one.offset == 0 or index.min() >= 0):
        return [[int(lines[0])] * index.shape[1]], np.zeros(len(index), np.int64)
    kinds = lines[index]
    column = kinds.max(axis=0)
    if all(node.emit.lines[k].offset == 0 for k in np.unique(column[column >= 0])):
        kinds = np.where(kinds < 0, column, kinds)  # zero on any line
    rows, row = np.unique(kinds, axis=0, return_inverse=True)
    return rows.tolist(), row.ravel().astype(np.int64)


def matmul(node: Node) -> Operand:
    a, b = node.operand(0), node.operand(1)
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        node.refuse("both operands are computed; supported: one of them constant")
    if not isinstance(a, Tensor) and not isinstance(b, Tensor):
        return np.asarray(np.matmul(a, b), dtype=object)
    if isinstance(b, Tensor):
        if not isinstance(a, Tensor) and a.ndim == 2 and b.lines.ndim >= 2:
            return _transposed(node, product(node, _transposed(node, b), a.T, None))
    elif isinstance(a, Tensor) and b.ndim == 2 and a.lines.ndim >= 1:
        return product(node, a, b, None)
    node.refuse(f"shapes {a.shape} and {b.shape} are not supported; supported: a constant of two dimensions")


def _transposed(node: Node, x: Tensor) -> Tensor:
    return node.emit.rearranged([x], node.places(x).swapaxes(-1, -2))


def product(node: Node, x: Tensor, weights: Rationals, bias: Rationals | None) -> Tensor:
    """x @ weights + bias along the last axis of x; weights: [K, F], bias: [F]."""
    if x.shape[-1] != weights.shape[0]:
        node.refuse(f"shapes {x.shape} and {weights.shape} do not multiply")
    index = node.places(x).reshape(-1, x.shape[-1])
    group = np.zeros(len(index), np.int64)
    out = linear(node, x, weights.T[None], None if bias is None else bias[None], index, group)
    return Tensor(out.value, out.lines.reshape(*x.shape[:-1], weights.shape[1]))


def gemm(node: Node) -> Operand:
    x, weights = node.tensor(0), node.constant(1)
    alpha, beta = (rationals(node.attribute(name, 1.0)).item() for name in ("alpha", "beta"))
    if weights.ndim != 2 or x.lines.ndim != 2:
        node.refuse(f"shapes {x.shape} and {weights.shape} are not matrices")
    if node.attribute("transA", 0):
        x = _transposed(node, x)
    if node.attribute("transB", 0):
        weights = weights.T
    out = product(node, x, weights if alpha == 1 else weights * alpha, None)
    if not node.has(2):
        return out
    return node.emit.through(out, lambda line, b: line.moved(Fraction(1), b), node.constant(2) * beta)


def conv(node: Node) -> Operand:
    x, weights = node.tensor(0), node.constant(1)
    groups = node.attribute("group", 1)
    if weights.ndim != x.lines.ndim or weights.ndim < 3 or x.shape[0] != 1:
        node.refuse(f"an input of shape {x.shape} and weights of shape {weights.shape} do not convolve")
    filters, depth = weights.shape[:2]
    if groups < 1 or x.shape[1] != depth * groups or filters % groups:
        node.refuse(f"{x.shape[1]} channels in {groups} groups do not fit weights of shape {weights.shape}")
    over = windows_of(node, x.shape[2:], weights.shape[2:])
    index = over.elements(depth * groups).reshape(groups, depth, *over.index.shape)
    index = index.transpose(0, 2, 1, 3).reshape(groups * over.positions, -1)
    group = np.repeat(np.arange(groups), over.positions)
    bias = node.constant(2).reshape(groups, -1) if node.has(2) else None
    out = linear(node, x, weights.reshape(groups, filters // groups, -1), bias, index, group)
    order = node.places(out).reshape(groups, over.positions, -1).transpose(0, 2, 1)
    return node.emit.rearranged([out], order.reshape(1, filters, *over.shape))


def average_pool(node: Node) -> Operand:
    x = node.tensor(0)
    over = windows_of(node, x.shape[2:], node.numbers("kernel_shape", None))
    counts = (over.index >= 0).sum(1)
    if node.attribute("count_include_pad", 0):
        if over.uneven:
            node.refuse("count_include_pad with ceil_mode is not supported")
        counts = np.full(over.positions, over.index.shape[1])
    return _means(node, x, over, counts)


def global_average_pool(node: Node) -> Operand:
    x = node.tensor(0)
    over = all_of(x.shape[2:])
    return _means(node, x, over, np.array([over.pixels]))


def _means(node: Node, x: Tensor, over: Windows, counts: Indices) -> Tensor:
    channels = _channels(node, x)
    if not counts.all():
        node.refuse("a window lies in the padding entirely")
    sizes, group = np.unique(counts, return_inverse=True)
    weights = np.empty((len(sizes), 1, over.index.shape[1]), dtype=object)
    for i, size in enumerate(sizes.tolist()):
        weights[i] = Fraction(1, size)
    index = over.elements(channels).reshape(channels * over.positions, -1)
    out = linear(node, x, weights, None, index, np.tile(group.ravel(), channels))
    return Tensor(out.value, out.lines.reshape(1, channels, *over.shape))


def max_pool(node: Node) -> Operand:
    x = node.tensor(0)
    node.expect("storage_order", 0, 0)
    if len(node.outputs) > 1 and node.outputs[1]:
        node.refuse("its second output, the indices, is not supported")
    return _largest(node, x, windows_of(node, x.shape[2:], node.numbers("kernel_shape", None)))


def global_max_pool(node: Node) -> Operand:
    x = node.tensor(0)
    return _largest(node, x, all_of(x.shape[2:]))


def _largest(node: Node, x: Tensor, over: Windows) -> Tensor:
    emit, channels = node.emit, _channels(node, x)
    if (over.index < 0).all(1).any():
        node.refuse("a window lies in the padding entirely")
    index = over.elements(channels).reshape(channels * over.positions, -1)
    kinds = np.where(index < 0, -1, x.lines.ravel()[index])
    line = kinds.max(1)
    if not ((kinds == line[:, None]) | (kinds < 0)).all():
        x = emit.on_one_line(x)
        line = np.full(len(index), x.lines.flat[0])
    first, _ = emit.range_of(x.value)
    windows = emit.gather([x.value], index, max(first, -(1 << 62)))
    value = emit.builder.reduce("max", windows, len(index), index.shape[1], 1, shape=[len(index)])
    return Tensor(int(value), line.astype(np.int32).reshape(1, channels, *over.shape))


def _channels(node: Node, x: Tensor) -> int:
    if x.lines.ndim < 3 or x.shape[0] != 1:
        node.refuse(f"its input has shape {x.shape}; expected one event, channels, and one axis or more")
    return x.shape[1]


def batch_normalization(node: Node) -> Operand:
    """scale * x + term for every channel; the two are rounded to float32 as ONNX runtimes do, then exact."""
    x = node.tensor(0)
    node.expect("training_mode", 0, 0)
    node.expect("spatial", 1, 1)
    node.ignore("momentum")
    gamma, beta, mean, variance = (
        np.array([float(n) for n in node.constant(i).flat], np.float32) for i in range(1, 5)
    )
    epsilon = np.float32(node.attribute("epsilon", 1e-5))
    if x.lines.ndim < 2 or any(a.shape != (x.shape[1],) for a in (gamma, beta, mean, variance)):
        node.refuse(f"its constants do not have the {x.shape[1:2]} channels of its input")
    with np.errstate(all="ignore"):
        scale = gamma * (np.float32(1) / np.sqrt(variance + epsilon))
        term = beta - mean * scale
    return affine(node, x, scale, term)


def affine(node: Node, x: Tensor, scale: Sequence[float], term: Sequence[float]) -> Tensor:
    across = (1, -1, *[1] * (x.lines.ndim - 2))
    out = node.emit.scaled(x, node.array(scale).reshape(across))
    return node.emit.through(
        out, lambda line, t: line.moved(Fraction(1), t), node.array(term).reshape(across)
    )
