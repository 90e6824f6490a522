"""Emission of exact arithmetic as operations: lines change for free, integers only where they must."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple, NoReturn

import numpy as np

from bxnn._core import Format

from .exact import ZERO, Indices, Line, Rationals, Tensor, exponent_of, integers, is_dyadic

Refuse = Callable[[str], NoReturn]
Lines = Sequence[Line]

LARGEST = 1 << 20
_LOW = 1 << 40
_FLOAT64 = 53  # bits of an integer that a float64 holds


class Edge(NamedTuple):
    """A value, which times `scale` plus `offset` is the tensor; one of each for all elements, or for each."""

    value: int
    scale: list[Fraction]
    offset: list[Fraction]

    @property
    def plain(self) -> bool:
        """Whether the value is the tensor."""
        return self.scale == [1] and self.offset == [0]


class Emit:
    """A builder seen through lines. All values of the graph are flat; `refuse` names the node in work."""

    def __init__(self, builder: Any, refuse: Refuse) -> None:
        self.builder = builder
        self.refuse = refuse
        self.lines: list[Line] = []
        self._numbers: dict[Line, int] = {}

    def number(self, line: Line) -> int:
        """The number under which tensors refer to a line."""
        if line not in self._numbers:
            self._numbers[line] = len(self.lines)
            self.lines.append(line)
        return self._numbers[line]

    def lines_of(self, x: Tensor) -> list[Line]:
        """The line of every element."""
        return [self.lines[k] for k in x.lines.ravel()]

    def uniform(self, x: Tensor) -> Line | None:
        """The one line of all elements, if there is one."""
        first = x.lines.flat[0]
        return self.lines[first] if (x.lines == first).all() else None

    def through(self, x: Tensor, change: Callable[..., Line], *constants: Rationals) -> Tensor:
        """x with the line of every element changed, given the elements of constants that broadcast to x."""
        if all(c.size == 1 for c in constants):
            single = [c.flat[0] for c in constants]
            old, inverse = np.unique(x.lines, return_inverse=True)
            new = [self.number(change(self.lines[k], *single)) for k in old]
            return Tensor(x.value, np.array(new, np.int32)[inverse].reshape(x.shape))
        known: dict[Any, int] = {}
        out = np.empty(x.size, np.int32)
        spread = [self.spread(c, x.shape).flat for c in constants]
        for i, key in enumerate(zip(x.lines.flat, *spread, strict=True)):
            if key not in known:
                known[key] = self.number(change(self.lines[key[0]], *key[1:]))
            out[i] = known[key]
        return Tensor(x.value, out.reshape(x.shape))

    def spread(self, constant: Rationals, shape: Sequence[int]) -> Rationals:
        """The constant broadcast to the shape; refused where it does not broadcast to it."""
        try:
            return np.broadcast_to(constant, shape)
        except ValueError:
            self.refuse(f"a constant of shape {constant.shape} does not broadcast to {tuple(shape)}")

    def constant(self, numbers: Sequence[Fraction]) -> int:
        """Dyadic numbers as a value; one element if they are all equal."""
        if all(x == numbers[0] for x in numbers):
            numbers = numbers[:1]
        raw, unit = integers(numbers)
        odd = _odd(unit.numerator)  # belongs to the integers
        raw, frac = [r * odd for r in raw], -(exponent_of(unit / odd) or 0)
        fmt = holding(min(raw), max(raw))
        if fmt is None:
            self.refuse(f"a constant needs {max(map(abs, raw)).bit_length() + 1} bits; supported are 64")
        return int(
            self.builder.constant(np.array(raw, np.int64), Format(fmt.width, fmt.width - frac, fmt.signed))
        )

    def times(self, value: int, factors: Sequence[Fraction]) -> int:
        """Every element times its dyadic factor."""
        if all(f == 1 for f in factors):
            return value
        return int(self.builder.binary("mul", value, self.constant(factors)))

    def plus(self, value: int, terms: Sequence[Fraction]) -> int:
        """Every element plus its dyadic term."""
        if not any(terms):
            return value
        raw, unit = integers(terms)
        odd = _odd(unit.numerator)
        raw, unit = [r * odd for r in raw], unit / odd
        if max(abs(r) for r in raw).bit_length() > 124:
            self.refuse("a constant that it adds needs more than 124 bits; quantise it")
        while max(abs(r) for r in raw).bit_length() > 62:  # low bits first
            value = self.plus(value, [(r % _LOW) * unit for r in raw])
            raw, unit = [r // _LOW for r in raw], unit * _LOW
        return int(self.builder.binary("add", value, self.constant([r * unit for r in raw])))

    def bounded(self, value: int, kind: str, bounds: Sequence[Fraction]) -> int:
        """`max` or `min` of every element and its dyadic bound."""
        return int(self.builder.binary(kind, value, self.constant(bounds)))

    def range_of(self, value: int) -> tuple[int, int]:
        """Smallest and largest raw integer that the type allows."""
        fmt = self.builder.format_of(value)
        return (
            (-(1 << (fmt.width - 1)), (1 << (fmt.width - 1)) - 1) if fmt.signed else (0, (1 << fmt.width) - 1)
        )

    def rearranged(self, xs: Sequence[Tensor], index: Indices) -> Tensor:
        """Elements of the concatenation of xs; the number zero where the index is -1."""
        self.require_size(index.size)
        lines = np.concatenate([*(x.lines.ravel() for x in xs), [self.number(Line())]])
        value = self.gather([x.value for x in xs], index)
        return Tensor(value, lines[index].astype(np.int32))

    def gather(self, values: Sequence[int], index: Indices, fill: int = 0) -> int:
        size = sum(int(np.prod(self.builder.shape_of(v))) for v in values)
        if len(values) == 1 and index.size == size and (index.ravel() == np.arange(size)).all():
            return values[0]
        flat = index.ravel().astype(np.int32)
        return int(self.builder.gather(self.one_type(values), flat, fill=fill, shape=[flat.size]))

    def one_type(self, values: Sequence[int]) -> list[int]:
        """The values in one type that holds them all."""
        formats = [self.builder.format_of(v) for v in values]
        if all(_same_grid(f, formats[0]) for f in formats):
            return list(values)
        frac, signed = max(f.frac for f in formats), any(f.signed for f in formats)
        integer = max(f.integer + (signed and not f.signed) for f in formats)
        if integer + frac > 64:
            self.refuse(f"its operands need one type of {integer + frac} bits together; supported are 64")
        target = Format(integer + frac, integer, signed)
        return [
            v if _same_grid(f, target) else int(self.builder.cast(v, target))
            for v, f in zip(values, formats, strict=True)
        ]

    def require_size(self, size: int) -> None:
        if size > LARGEST:
            self.refuse(f"its result has {size:,} elements; at most {LARGEST:,} are supported")
        if size == 0:
            self.refuse("its result has no elements")

    def unclipped(self, x: Tensor) -> Tensor:
        """The same numbers on lines without bounds."""
        kinds, which = np.unique(x.lines.ravel(), return_inverse=True)
        lines = [self.lines[k] for k in kinds]
        if not any(line.clipped for line in lines):
            return x
        step = Fraction(2) ** -self.builder.format_of(x.value).frac
        first, last = (end * step for end in self.range_of(x.value))
        bounds = []  # in numbers of the graph; a bound beyond the type is the end of the type
        for line in lines:
            below, above = (
                end if b is None else (b - line.offset) / line.slope
                for b, end in ((line.low, first), (line.high, last))
            )
            # Where the whole line is below its low bound, that is its only number.
            bounds.append((max(below, first), below if below > last else min(above, last)))
        odd = [math.lcm(*(_odd(b.denominator) for b in pair)) for pair in bounds]
        factors = [Fraction(q) for q in odd]
        value = self.times(x.value, [factors[k] for k in which])
        for kind, side, end in (("max", 0, first), ("min", 1, last)):
            if any(pair[side] != end for pair in bounds):
                limits = [pair[side] * q for pair, q in zip(bounds, odd, strict=True)]
                value = self.bounded(value, kind, [limits[k] for k in which])
        plain = [Line(line.slope / q, line.offset) for line, q in zip(lines, odd, strict=True)]
        return self._on(value, plain, which, x.shape)

    def without_offset(self, x: Tensor) -> Tensor:
        """The same numbers on lines through zero, without bounds."""
        x = self.unclipped(x)
        kinds, which = np.unique(x.lines.ravel(), return_inverse=True)
        lines = [self.lines[k] for k in kinds]
        if not any(line.offset for line in lines):
            return x
        parts = [integers([line.slope, line.offset]) for line in lines]
        factors, terms = ([Fraction(part.raw[i]) for part in parts] for i in (0, 1))
        value = self.times(x.value, [factors[k] for k in which])
        value = self.plus(value, [terms[k] for k in which])
        return self._on(value, [Line(part.unit) for part in parts], which, x.shape)

    def _on(self, value: int, lines: Sequence[Line], which: Indices, shape: tuple[int, ...]) -> Tensor:
        """A value with one of these lines for each element."""
        numbers = np.array([self.number(line) for line in lines], np.int32)
        return Tensor(value, numbers[which].reshape(shape))

    def on_one_line(self, x: Tensor) -> Tensor:
        """The same numbers, all on one line."""
        if self.uniform(x):
            return x
        x = self.unclipped(x)
        lines = self.lines_of(x)
        raw, unit = integers([n for line in lines for n in (line.slope, line.offset)])
        value = self.plus(
            self.times(x.value, [Fraction(r) for r in raw[::2]]), [Fraction(r) for r in raw[1::2]]
        )
        return Tensor(value, np.full(x.shape, self.number(Line(unit)), np.int32))

    def scaled(self, x: Tensor, factors: Rationals) -> Tensor:
        """Every element times its factor, of any sign."""
        x = self.signed(x, factors)
        return self.through(x, lambda line, f: line.moved(abs(f), ZERO) if f else Line(), factors)

    def signed(self, x: Tensor, factors: Rationals) -> Tensor:
        """Every element times the sign of its factor; zeros are integers that are zero."""
        if all(f > 0 for f in factors.flat):
            return x
        signs = [Fraction((f > 0) - (f < 0)) for f in self.spread(factors, x.shape).flat]
        flipped = Tensor(self.times(x.value, signs), x.lines)
        return self.through(flipped, lambda line, f: line.negated() if f < 0 else line, factors)

    def edge(self, x: Tensor) -> Edge:
        """The tensor as numbers of a fixed-point format, and what a reader is left to do with them."""
        x = self.unclipped(x)
        lines = self.lines_of(x)
        denominator = math.lcm(*(_odd(n.denominator) for line in lines for n in (line.slope, line.offset)))
        slopes, offsets = ([getattr(line, n) * denominator for line in lines] for n in ("slope", "offset"))
        if all(n.bit_length() <= _FLOAT64 for n in integers([*slopes, *offsets]).raw):
            if all(slope == slopes[0] for slope in slopes) and not any(offsets):
                value = self.retyped(x.value, slopes[0])
            else:
                value = self.plus(self.times(x.value, slopes), offsets)
            if self.builder.format_of(value).width <= _FLOAT64:
                return Edge(value, [Fraction(1, denominator)], [ZERO])
        if self.builder.format_of(x.value).width > 63:
            self.refuse("its integers need more than 63 bits; quantise it")
        return Edge(x.value, [line.slope for line in lines], [line.offset for line in lines])

    def retyped(self, value: int, factor: Fraction) -> int:
        """The value times a factor; a power of two only moves the point."""
        fmt, shift = self.builder.format_of(value), exponent_of(factor)
        if shift is None or fmt.width > 64:
            return self.times(value, [factor])
        if shift == 0:
            return value
        return int(self.builder.cast(value, Format(fmt.width, fmt.integer + shift, fmt.signed), shift=shift))


def holding(low: int, high: int) -> Format | None:
    """The narrowest integer format that holds both; None if it is wider than 64 bits."""
    width = max(1, high.bit_length()) if low >= 0 else max(high.bit_length(), (~low).bit_length()) + 1
    # unsigned numbers of 64 bits do not reach the core as int64
    return Format(width, width, low < 0) if width <= 64 - (low >= 0) else None


def dyadic(numbers: Sequence[Fraction]) -> bool:
    return all(is_dyadic(x) for x in numbers)


def _odd(n: int) -> int:
    n = abs(n) or 1
    return n // (n & -n)


def _same_grid(a: Format, b: Format) -> bool:
    return (a.width, a.integer, a.signed) == (b.width, b.integer, b.signed)
