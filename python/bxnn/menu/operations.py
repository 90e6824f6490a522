"""Exact integer operations of cuts as operations of a graph; what is there already is not built again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Literal

import numpy as np

from bxnn._core import Builder, Error, Format

Kind = Literal["number", "condition"]

_COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
}
_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
_COMMUTATIVE = ("add", "mul", "min", "max", "eq", "ne")


class Fault(Exception):
    """What is wrong with an expression; whoever knows the place adds it."""


@dataclass(frozen=True)
class Value:
    """Raw integers of one or more elements, or a literal number, which needs no operation yet.

    axis: over what the elements run ('muon', 'vae.mean'); None for one element.
    low, high: every element lies between them, by the formats of the inputs alone.
    """

    kind: Kind
    size: int
    axis: str | None
    low: int
    high: int
    id: int = -1
    literal: Fraction | None = None

    @property
    def decided(self) -> bool | None:
        """What a condition is for all events that the formats allow, if it is that."""
        return bool(self.low) if self.low == self.high else None


def literal(number: Fraction | int, kind: Kind = "number") -> Value:
    return Value(kind, 1, None, floor(number), -floor(-number), literal=Fraction(number))


class Operations:
    """Appends to a builder. Every method raises Fault for operands that do not go together."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self._made: dict[tuple[object, ...], int] = {}

    def _once(self, key: tuple[object, ...], make: Callable[[], int]) -> int:
        if key not in self._made:
            try:
                self._made[key] = make()
            except Error as error:
                raise Fault(f"too wide: {error}") from None
        return self._made[key]

    def id(self, value: Value) -> int:
        """The id in the graph; a literal becomes a constant."""
        if value.literal is None:
            return value.id
        number = integer(value.literal)
        signed = number < 0
        width = max(1, (~number if signed else number).bit_length() + signed)
        return self._once(
            ("constant", number),
            lambda: self.builder.constant(np.array([number]), Format(width, width, signed)),
        )

    def known(self, x: int, axis: str) -> Value:
        """A value of the graph, seen as the raw integers of its format."""
        fmt, size = self.builder.format_of(x), int(np.prod(self.builder.shape_of(x)))
        if fmt.frac != 0:
            if fmt.width > 64:
                raise Fault(f"{axis} is {fmt}: wider than 64 bits; cast it to a narrower format")
            whole = Format(fmt.width, fmt.width, fmt.signed)
            x = self._once(("raw", x), lambda: self.builder.cast(x, whole, shift=fmt.frac))
        if len(self.builder.shape_of(x)) != 1:
            x = self._once(("flat", x), lambda: self.builder.gather([x], np.arange(size)))
        return Value("number", size, axis if size > 1 else None, fmt.min_raw, fmt.max_raw, x)

    def elements(self, value: Value, index: Sequence[int], axis: str | None) -> Value:
        """Elements of a value by their numbers, in this order."""
        x = self.id(value)
        if tuple(index) != tuple(range(value.size)):
            x = self._once(("gather", x, *index), lambda: self.builder.gather([x], np.array(index, np.int32)))
        return Value(value.kind, len(index), axis if len(index) > 1 else None, value.low, value.high, x)

    def _together(self, a: Value, b: Value) -> tuple[int, str | None]:
        """Size and axis of an element-wise operation; one element goes with any number."""
        if a.axis and b.axis and a.axis != b.axis:
            raise Fault(
                f"{a.axis} and {b.axis} are lists over different things; take one element, as in "
                f"{a.axis}[0], or make one number of a list with max, min or sum"
            )
        wide = a if a.size >= b.size else b
        return wide.size, wide.axis

    def _binary(self, op: str, a: Value, b: Value) -> int:
        x, y = self.id(a), self.id(b)
        if op in _COMMUTATIVE and y < x:
            x, y = y, x
        return self._once((op, x, y), lambda: self.builder.binary(op, x, y))

    def arithmetic(self, op: str, a: Value, b: Value) -> Value:
        """add, sub, mul, min, max, with as many bits as the result may need."""
        size, axis = self._together(a, b)
        if a.literal is not None and b.literal is not None:
            return literal(_EXACT[op](a.literal, b.literal))
        corners = [_EXACT[op](Fraction(p), Fraction(q)) for p in (a.low, a.high) for q in (b.low, b.high)]
        return Value("number", size, axis, int(min(corners)), int(max(corners)), self._binary(op, a, b))

    def absolute(self, a: Value) -> Value:
        negative = self.arithmetic("sub", literal(0), a)
        larger = self.arithmetic("max", a, negative)
        if a.literal is not None or a.low >= 0:
            return larger if a.literal is not None else a
        return Value("number", a.size, a.axis, max(0, -a.high), max(a.high, -a.low), larger.id)

    def compare(self, op: str, a: Value, b: Value) -> Value:
        size, axis = self._together(a, b)
        if a.literal is not None and b.literal is not None:
            return literal(int(_COMPARE[op](a.literal, b.literal)), "condition")
        if a.literal is not None:  # 5 < pt and pt > 5 are one operation
            a, b, op = b, a, _MIRRORED[op]
        low, high = _possible(op, a, b)
        return Value("condition", size, axis, low, high, self._binary(op, a, b))

    def both(self, a: Value, b: Value) -> Value:
        return self._logic("min", a, b)

    def either(self, a: Value, b: Value) -> Value:
        return self._logic("max", a, b)

    def _logic(self, op: Literal["min", "max"], a: Value, b: Value) -> Value:
        size, axis = self._together(a, b)
        for one, other in ((a, b), (b, a)):
            if one.literal is not None:
                neutral = one.literal == (op == "min")
                return other if neutral else literal(one.literal, "condition")
        choose = min if op == "min" else max
        low, high = choose(a.low, b.low), choose(a.high, b.high)
        return Value("condition", size, axis, low, high, self._binary(op, a, b))

    def negation(self, a: Value) -> Value:
        if a.literal is not None:
            return literal(1 - a.literal, "condition")
        opposite = self._binary("eq", a, literal(0))
        return Value("condition", a.size, a.axis, 1 - a.high, 1 - a.low, opposite)

    def select(self, condition: Value, a: Value, b: Value) -> Value:
        """a where the condition is true, else b; element by element."""
        wide = max((condition, a, b), key=lambda v: v.size)
        for value in (a, b):
            self._together(wide, value)
        self._together(wide, condition)
        ids = self.id(condition), self.id(a), self.id(b)
        x = self._once(("select", *ids), lambda: self.builder.select(*ids))
        return Value("number", wide.size, wide.axis, min(a.low, b.low), max(a.high, b.high), x)

    def reduce(self, op: Literal["sum", "min", "max"], a: Value) -> Value:
        """One number of all elements."""
        if a.size == 1:
            return a
        x = self.id(a)
        made = self._once(
            ("reduce", op, x), lambda: self.builder.reduce(op, x, 1, a.size, 1, order="tree", shape=[1])
        )
        times = a.size if op == "sum" else 1
        return Value(a.kind, 1, None, a.low * times, a.high * times, made)

    def word(self, bits: Sequence[Value]) -> int:
        """The number whose bit i is condition i, as ap_uint of that many bits."""
        ids = [self.id(bit) for bit in bits]
        together = self.builder.gather(ids, np.arange(len(ids)))
        return self.builder.dot(together, np.array([[1 << i for i in range(len(ids))]]), 0, name="seeds")


_EXACT: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "min": min,
    "max": max,
}


def integer(number: Fraction) -> int:
    """The number as an integer of 64 bits. Raises Fault if it is none."""
    if number.denominator != 1:
        lower = floor(number)
        raise Fault(f"{_decimal(number)} is not an integer; the nearest integers are {lower} and {lower + 1}")
    if not -(2**63) <= number < 2**63:
        raise Fault("a number beyond 64 bits")
    return int(number)


def _decimal(number: Fraction) -> str:
    near = f"{float(number):.12g}" if abs(number) < 10**18 else "the number"
    return near if near == "the number" or Fraction(near) == number else f"{number}"


def _possible(op: str, a: Value, b: Value) -> tuple[int, int]:
    """Least and greatest truth of a comparison, by the ranges of its sides."""
    if op in ("gt", "ge"):
        a, b, op = b, a, _MIRRORED[op]
    if op == "lt":
        return int(a.high < b.low), int(a.low < b.high)
    if op == "le":
        return int(a.high <= b.low), int(a.low <= b.high)
    if op == "ne":
        low, high = _possible("eq", a, b)
        return 1 - high, 1 - low
    same = a.low == a.high == b.low == b.high
    return int(same), int(a.low <= b.high and b.low <= a.high)
