"""Quant, BipolarQuant, Trunc, Sign: the nodes that round."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from .emit import Emit
from .exact import ONE, ZERO, Line, Rationals, Tensor, rationals
from .node import Node, Operand
from .rounding import MODES, ROUND, Mode
from .steps import quantised

MOST_BITS = 62


def bits_of(node: Node, i: int) -> int:
    bits = node.single(i)
    if bits.denominator != 1 or not 1 <= bits <= MOST_BITS:
        node.refuse(f"its bit width is {float(bits):g}; supported are whole numbers from 1 to {MOST_BITS}")
    return int(bits)


def mode_of(node: Node, default: str) -> Mode:
    name = node.attribute("rounding_mode", default).upper()
    if name not in MODES:
        node.refuse(f"rounding_mode {name!r} is not known; supported are {', '.join(MODES)}")
    return MODES[name]


def bounds_of(node: Node, bits: int, signed: int | None = None, narrow: int | None = None) -> tuple[int, int]:
    """Smallest and largest integer of the node's attributes `signed` and `narrow`, with their defaults."""
    flags = [node.attribute("signed", signed), node.attribute("narrow", narrow)]
    if not all(isinstance(flag, int) for flag in flags):
        node.refuse(f"its attributes signed and narrow must be 0 or 1, got {flags}")
    lost = int(bool(flags[1]))
    if flags[0]:
        return -(1 << (bits - 1)) + lost, (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 1 - lost


def quant(node: Node) -> Operand:
    """`(round(x / scale + zero) - zero) * scale`."""
    scale, zero = node.positive(1), node.constant(2)
    bits, mode = bits_of(node, 3), mode_of(node, "ROUND")
    bounds = bounds_of(node, bits)
    if bits == 1 and node.attribute("signed", 1):  # of one bit, two numbers and no zero
        return _bipolar(node, scale, zero)
    return _rounded(node, scale, zero, mode, bounds)


def _rounded(node: Node, scale: Rationals, zero: Rationals, mode: Mode, bounds: tuple[int, int]) -> Operand:
    x = node.operand(0)
    if not isinstance(x, Tensor):
        return _folded(x, scale, zero, mode, bounds)
    value = quantised(node.emit, x, _inverse(scale), zero, mode, bounds)
    return _meaning(node.emit, value, x, scale, zero)


def _folded(
    x: Rationals, scale: Rationals, zero: Rationals, mode: Mode, bounds: tuple[int, int]
) -> Rationals:
    """Quant of a constant; equal results of one scale are one object."""
    x, scale, zero = np.broadcast_arrays(x, scale, zero)
    known: dict[tuple[int, int, int], Fraction] = {}
    out = np.empty(x.shape, dtype=object)
    for i, (n, s, z) in enumerate(zip(x.flat, scale.flat, zero.flat, strict=True)):
        above = n.numerator * s.denominator * z.denominator + z.numerator * n.denominator * s.numerator
        level = mode.ratio(above, n.denominator * s.numerator * z.denominator)
        level = min(max(level, bounds[0]), bounds[1])
        key = level, id(s), id(z)
        if key not in known:
            known[key] = (level - z) * s
        out.flat[i] = known[key]
    return out


def _meaning(emit: Emit, value: int, like: Tensor, scale: Rationals, zero: Rationals) -> Tensor:
    """Integers y as `(y - zero) * scale`."""
    plain = Tensor(value, np.full(like.shape, emit.number(Line()), np.int32))
    return emit.through(plain, lambda line, s, z: line.moved(s, -z * s), scale, zero)


def _each(function: object, *arrays: Rationals) -> Rationals:
    out = np.empty(arrays[0].shape, dtype=object)
    known: dict[object, object] = {}
    for i, key in enumerate(zip(*(a.flat for a in arrays), strict=True)):
        if key not in known:
            known[key] = function(*key)  # type: ignore[operator]
        out.flat[i] = known[key]
    return out


def _inverse(x: Rationals) -> Rationals:
    out = np.empty(x.shape, dtype=object)
    for i, n in enumerate(x.flat):
        out.flat[i] = 1 / n
    return out


def bipolar_quant(node: Node) -> Operand:
    """The scale where x >= 0, its negative elsewhere."""
    return _bipolar(node, node.positive(1), rationals([0]).reshape(()))


def _bipolar(node: Node, scale: Rationals, zero: Rationals) -> Operand:
    x = node.operand(0)
    if not isinstance(x, Tensor):
        scale, zero, x = np.broadcast_arrays(scale, zero, x)
        return _each(lambda n, s, z: ((1 if n / s + z >= 0 else -1) - z) * s, x, scale, zero)
    moved = node.emit.through(x, Line.moved, _inverse(scale), zero)
    positive = at_least_zero(node.emit, moved, strict=False)
    plain = Tensor(positive, np.full(x.shape, node.emit.number(Line(Fraction(2), -ONE)), np.int32))
    return node.emit.through(plain, lambda line, s, z: line.moved(s, -z * s), scale, zero)


def sign(node: Node) -> Operand:
    """-1, 0 or 1."""
    x = node.operand(0)
    if not isinstance(x, Tensor):
        return _each(lambda n: Fraction((n > 0) - (n < 0)), x)
    emit = node.emit
    value = emit.builder.binary(
        "add", at_least_zero(emit, x, strict=True), at_least_zero(emit, x, strict=False)
    )
    return Tensor(int(value), np.full(x.shape, emit.number(Line(ONE, -ONE)), np.int32))


def at_least_zero(emit: Emit, x: Tensor, *, strict: bool) -> int:
    """1 where x >= 0 (strict: x > 0), else 0: a comparison of the integers with a threshold."""
    first, last = emit.range_of(x.value)
    step = Fraction(2) ** -emit.builder.format_of(x.value).frac
    thresholds = []
    for line in emit.lines_of(x):
        always, possible = (
            bound is not None and (bound > 0 or (not strict and bound == 0))
            for bound in (line.low, line.high)
        )
        at = -line.offset / line.slope / step  # of the raw integers
        threshold = math.floor(at) + 1 if strict else math.ceil(at)
        if always:
            threshold = first
        elif line.high is not None and not possible:
            threshold = last + 1
        thresholds.append(min(max(threshold, first), last + 1) * step)
    return int(emit.builder.binary("ge", x.value, emit.constant(thresholds)))


def trunc(node: Node) -> Operand:
    """Rounds to the grid of a quantised tensor, then drops low bits; version 2 has a scale of its own."""
    scale, zero = node.positive(1), node.constant(2)
    bits, mode = bits_of(node, 3), mode_of(node, "FLOOR")
    expected = 5 if node.opset < 2 else 6
    if len(node.inputs) != expected:
        node.refuse(
            f"it has {len(node.inputs)} operands; version {node.opset} of its operator set takes {expected}"
        )
    x = node.tensor(0)
    if node.opset < 2:
        out_scale, dropped, bounds = scale, Fraction(2) ** (bits - bits_of(node, 4)), None
        out_zero = zero
    else:
        out_scale = node.positive(4)
        if scale.size != 1 or out_scale.size != 1:
            node.refuse("its scales must have one element each")
        dropped = nearest_power_of_two(out_scale.flat[0] / scale.flat[0])
        bounds = bounds_of(node, bits_of(node, 5), 1, 0)
        out_zero = _each(lambda z: z / dropped, zero)
    grid = quantised(node.emit, x, _inverse(scale), zero, ROUND, None)
    plain = Tensor(grid, np.full(x.shape, node.emit.number(Line()), np.int32))
    drop = np.array(1 / dropped, dtype=object)
    value = quantised(node.emit, plain, drop, np.array(ZERO, dtype=object), mode, bounds)
    return _meaning(node.emit, value, x, out_scale, out_zero)


def nearest_power_of_two(ratio: Fraction) -> Fraction:
    """2 to the power of the rounded binary logarithm."""
    exponent = ratio.numerator.bit_length() - ratio.denominator.bit_length()
    while ratio * ratio > Fraction(2) ** (2 * exponent + 1):
        exponent += 1
    while ratio * ratio < Fraction(2) ** (2 * exponent - 1):
        exponent -= 1
    return Fraction(2) ** exponent
