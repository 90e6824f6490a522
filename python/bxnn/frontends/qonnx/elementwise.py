"""Add, Sub, Mul, Div, Relu, Clip, Neg, Identity: one number of the result for one of each operand."""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import Any

import numpy as np

from .exact import ONE, ZERO, Line, Rationals, Tensor, integers
from .node import Node, Operand
from .rounding import DOWN
from .steps import quantised
from .types import REAL, name_of, type_of, wrapped


def _shapes(node: Node, a: Operand, b: Operand) -> tuple[int, ...]:
    try:
        shape = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        node.refuse(f"shapes {a.shape} and {b.shape} do not broadcast")
    node.emit.require_size(int(np.prod(shape)))
    return shape


def _stretched(node: Node, x: Tensor, shape: tuple[int, ...]) -> Tensor:
    if x.shape == shape:
        return x
    return node.emit.rearranged([x], np.broadcast_to(node.places(x), shape))


def _folded(node: Node, function: Any, a: Rationals, b: Rationals) -> Rationals:
    _shapes(node, a, b)
    return np.asarray(function(a, b), dtype=object)


def add(node: Node) -> Operand:
    return _sum(node, node.operand(0), node.operand(1), operator.add)


def sub(node: Node) -> Operand:
    return _sum(node, node.operand(0), node.operand(1), operator.sub)


def _sum(node: Node, a: Operand, b: Operand, kind: Any) -> Operand:
    shape = _shapes(node, a, b)
    if not isinstance(a, Tensor) and not isinstance(b, Tensor):
        return _folded(node, kind, a, b)
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return _sum_of_tensors(node, _stretched(node, a, shape), _stretched(node, b, shape), kind)
    if isinstance(a, Tensor):
        terms = kind(ZERO, b)
    else:
        a, terms = b, a
        if kind is operator.sub:
            a = node.emit.scaled(_tensor(a), np.array(-ONE, dtype=object))
    moved = _stretched(node, _tensor(a), shape)
    return node.emit.through(moved, lambda line, t: line.moved(ONE, t), np.asarray(terms, dtype=object))


def _tensor(x: Operand) -> Tensor:
    assert isinstance(x, Tensor)
    return x


def _sum_of_tensors(node: Node, a: Tensor, b: Tensor, kind: Any) -> Tensor:
    emit = node.emit
    a, b = emit.unclipped(a), emit.unclipped(b)
    known: dict[tuple[int, int], tuple[Fraction, Fraction, int]] = {}
    pairs = list(zip(a.lines.ravel().tolist(), b.lines.ravel().tolist(), strict=True))
    for pair in set(pairs):
        m, n = (emit.lines[k] for k in pair)
        raw, unit = integers([m.slope, n.slope])
        line = emit.number(Line(unit, kind(m.offset, n.offset)))
        known[pair] = Fraction(raw[0]), Fraction(raw[1]), line
    kinds = [known[pair][2] for pair in pairs]
    left = emit.times(a.value, [known[pair][0] for pair in pairs])
    right = emit.times(b.value, [known[pair][1] for pair in pairs])
    value = emit.builder.binary("add" if kind is operator.add else "sub", left, right)
    return Tensor(int(value), np.array(kinds, np.int32).reshape(a.shape))


def mul(node: Node) -> Operand:
    a, b = node.operand(0), node.operand(1)
    shape = _shapes(node, a, b)
    if not isinstance(a, Tensor) and not isinstance(b, Tensor):
        return _folded(node, operator.mul, a, b)
    if not isinstance(a, Tensor) or not isinstance(b, Tensor):
        x, factors = (a, b) if isinstance(a, Tensor) else (b, a)
        return node.emit.scaled(_stretched(node, _tensor(x), shape), np.asarray(factors, dtype=object))
    emit = node.emit
    a, b = (emit.without_offset(_stretched(node, x, shape)) for x in (a, b))
    pairs = list(zip(a.lines.ravel().tolist(), b.lines.ravel().tolist(), strict=True))
    known = {(m, n): emit.number(Line(emit.lines[m].slope * emit.lines[n].slope)) for m, n in set(pairs)}
    kinds = [known[pair] for pair in pairs]
    value = emit.builder.binary("mul", a.value, b.value)
    return Tensor(int(value), np.array(kinds, np.int32).reshape(shape))


def div(node: Node) -> Operand:
    """The quotient; of integers, toward zero."""
    x, divisor = node.operand(0), node.constant(1)
    if not divisor.all():
        node.refuse("it divides by zero")
    shape, whole = _shapes(node, x, divisor), node.type(0) != REAL
    if not isinstance(x, Tensor):
        quotient = _folded(node, operator.truediv, x, divisor)
        return node.array([int(n) for n in quotient.flat]).reshape(shape) if whole else quotient
    inverse = np.asarray(np.array(ONE, dtype=object) / divisor, dtype=object)
    out = node.emit.scaled(_stretched(node, x, shape), inverse)
    if not whole:
        return out
    value = quantised(node.emit, out, np.array(ONE, dtype=object), np.array(ZERO, dtype=object), DOWN, None)
    return Tensor(value, np.full(shape, node.emit.number(Line()), np.int32))


def neg(node: Node) -> Operand:
    x, minus = node.operand(0), np.array(-ONE, dtype=object)
    return node.emit.scaled(x, minus) if isinstance(x, Tensor) else np.asarray(-x, dtype=object)


def relu(node: Node) -> Operand:
    return node.emit.through(node.tensor(0), lambda line: line.within(ZERO, None))


def clip(node: Node) -> Operand:
    """Bounds are attributes before version 11 of the operator set, operands since."""
    x = node.tensor(0)
    bounds: list[Fraction | None] = []
    for i, name in enumerate(("min", "max"), start=1):
        stated = node.attribute(name, None)
        if stated is not None:
            bounds.append(node.array(stated).item())
        else:
            bounds.append(node.single(i) if node.has(i) else None)
    low, high = bounds
    if low is not None and high is not None and low > high:
        node.refuse(f"its lower bound {float(low):g} is above its upper {float(high):g}")
    return node.emit.through(x, lambda line: line.within(low, high))


def identity(node: Node) -> Operand:
    return node.operand(0)


def dropout(node: Node) -> Operand:
    node.ignore("ratio", "seed")
    if any(node.outputs[1:]) or (node.has(2) and node.single(2)):
        node.refuse("only inference is supported: no training_mode, no mask")
    return node.operand(0)


def cast(node: Node) -> Operand:
    """To a type that holds all numbers of the operand's; of a constant, to any type of integers."""
    x, number = node.operand(0), node.attribute("to", 0)
    to, of = type_of(number), node.type(0)
    node.ignore("saturate")
    if name_of(number) in ("FLOAT", "DOUBLE"):
        return x
    if to is None or to == REAL or to.name == "BOOL":
        node.refuse(f"a cast to {name_of(number)} is not supported; supported: FLOAT, DOUBLE, integers")
    if of != REAL and to.low <= of.low and of.high <= to.high:
        return x
    if isinstance(x, Tensor):
        node.refuse(f"a cast from {of.name} to {to.name} is not supported: it may change numbers")
    if of == REAL and not all(to.low <= int(n) <= to.high for n in x.flat):
        node.refuse(f"its operand has numbers beyond {to.name}, for which ONNX defines no cast")
    return wrapped(x, to)
