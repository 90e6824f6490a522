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
    """Raw integers of one or more elements, or a literal number.

    axis: over what the elements run ('muon', 'vae.mean'); None for one element. low, high: every element lies
    between them, by the formats of the inputs alone. handle: the operation that makes it (`Operations`).
    above: of a condition x >= c, x and c. parts: the conditions that an 'and' joins.
    """

    kind: Kind
    size: int
    axis: str | None
    low: int
    high: int
    handle: int = -1
    literal: Fraction | None = None
    above: tuple[Value, int] | None = None
    parts: tuple[Value, ...] = ()

    @property
    def decided(self) -> bool | None:
        """What a condition is for all events that the formats allow, if it is that."""
        return bool(self.low) if self.low == self.high else None


def literal(number: Fraction | int, kind: Kind = "number") -> Value:
    return Value(kind, 1, None, floor(number), -floor(-number), literal=Fraction(number))


class Operations:
    """Operations are defined first and appended to the builder when `id` asks for what they make.

    Equal ones are one; what nobody asks for is never built. Every method raises Fault for operands that do
    not go together.
    """

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self._handles: dict[tuple[object, ...], int] = {}
        self._makers: list[Callable[[], int]] = []
        self._ids: dict[int, int] = {}

    def _define(self, key: tuple[object, ...], make: Callable[[], int]) -> int:
        if key not in self._handles:
            self._handles[key] = len(self._makers)
            self._makers.append(make)
        return self._handles[key]

    def _emit(self, handle: int) -> int:
        if handle not in self._ids:
            try:
                self._ids[handle] = self._makers[handle]()
            except Error as error:
                raise Fault(f"too wide: {error}") from None
        return self._ids[handle]

    def shared(self, key: tuple[object, ...], make: Callable[[], int]) -> int:
        """The id of what `make` appends, which is done once for each key."""
        return self._emit(self._define(("shared", *key), make))

    def id(self, value: Value) -> int:
        """The id in the graph."""
        return self._emit(self._handle(value))

    def _handle(self, value: Value) -> int:
        """A literal becomes a constant."""
        if value.literal is None:
            return value.handle
        number = integer(value.literal)
        signed = number < 0
        width = max(1, (~number if signed else number).bit_length() + signed)
        fmt = Format(width, width, signed)
        return self._define(("constant", number), lambda: self.builder.constant(np.array([number]), fmt))

    def known(self, x: int, axis: str) -> Value:
        """A value of the graph, seen as the raw integers of its format."""
        builder, fmt = self.builder, self.builder.format_of(x)
        shape = builder.shape_of(x)
        size = int(np.prod(shape))
        if fmt.frac != 0 and fmt.width > 64:
            raise Fault(f"{axis} is {fmt}: wider than 64 bits; cast it to a narrower format")

        def make() -> int:
            whole = Format(min(fmt.width, 64), min(fmt.width, 64), fmt.signed)
            raw = builder.cast(x, whole, shift=fmt.frac) if fmt.frac else x
            return raw if len(shape) == 1 else builder.gather([raw], np.arange(size, dtype=np.int32))

        handle = self._define(("known", x), make)
        return Value("number", size, axis if size > 1 else None, fmt.min_raw, fmt.max_raw, handle)

    def elements(self, value: Value, index: Sequence[int], axis: str | None) -> Value:
        """Elements of a value by their numbers, in this order."""
        x = self._handle(value)
        if tuple(index) != tuple(range(value.size)):
            numbers = np.array(index, np.int32)
            x = self._define(
                ("gather", x, *index),
                lambda x=x: self.builder.gather([self._emit(x)], numbers),  # type: ignore[misc]
            )
        return Value(value.kind, len(index), axis if len(index) > 1 else None, value.low, value.high, x)

    def _together(self, *values: Value) -> tuple[int, str | None]:
        """Size and axis of an element-wise operation; one element goes with any number."""
        wide = max(values, key=lambda value: value.size)
        for value in values:
            if value.axis not in (None, wide.axis):
                raise Fault(
                    f"{wide.axis} and {value.axis} are lists over different things; take one element of a "
                    "list, as in [0], or make one number of it with max, min or sum"
                )
        return wide.size, wide.axis

    def _binary(self, op: str, a: Value, b: Value) -> int:
        x, y = self._handle(a), self._handle(b)
        if op in _COMMUTATIVE and y < x:
            x, y = y, x
        return self._define((op, x, y), lambda: self.builder.binary(op, self._emit(x), self._emit(y)))

    def arithmetic(self, op: str, a: Value, b: Value) -> Value:
        """add, sub, mul, min, max, with as many bits as the result may need."""
        size, axis = self._together(a, b)
        if a.literal is not None and b.literal is not None:
            return literal(_EXACT[op](a.literal, b.literal))
        corners = [_EXACT[op](Fraction(p), Fraction(q)) for p in (a.low, a.high) for q in (b.low, b.high)]
        return Value("number", size, axis, int(min(corners)), int(max(corners)), self._binary(op, a, b))

    def absolute(self, a: Value) -> Value:
        if a.literal is not None:
            return literal(abs(a.literal))
        larger = self.arithmetic("max", a, self.arithmetic("sub", literal(0), a))
        least = max(0, a.low, -a.high)
        return Value("number", a.size, a.axis, least, max(a.high, -a.low), larger.handle)

    def compare(self, op: str, a: Value, b: Value) -> Value:
        size, axis = self._together(a, b)
        if a.literal is not None and b.literal is not None:
            return literal(int(_COMPARE[op](a.literal, b.literal)), "condition")
        if a.literal is not None:  # 5 < pt and pt > 5 are one operation
            a, b, op = b, a, _MIRRORED[op]
        above = None
        if b.literal is not None:  # so are pt > 5 and pt >= 6
            step = {"gt": 1, "lt": -1}.get(op, 0)
            bound = integer(b.literal) + step
            if step and -(2**63) <= bound < 2**63:
                b, op = literal(bound), {"gt": "ge", "lt": "le"}[op]
            above = (a, bound) if op == "ge" else None
        low, high = _possible(op, a, b)
        return Value("condition", size, axis, low, high, self._binary(op, a, b), above=above)

    def conjunction(self, parts: Sequence[Value]) -> Value:
        """All of the conditions, element by element."""
        return self._joined("min", parts)

    def disjunction(self, parts: Sequence[Value]) -> Value:
        """At least one of the conditions, element by element."""
        return self._joined("max", parts)

    def _joined(self, op: Literal["min", "max"], parts: Sequence[Value]) -> Value:
        if len(parts) == 1:
            return parts[0]
        half = (len(parts) + 1) // 2
        a, b = self._joined(op, parts[:half]), self._joined(op, parts[half:])
        size, axis = self._together(a, b)
        for one, other in ((a, b), (b, a)):
            if one.literal is not None:
                neutral = one.literal == (op == "min")
                return other if neutral else literal(one.literal, "condition")
        choose, handle = (min if op == "min" else max), self._binary(op, a, b)
        flat = (*(a.parts or (a,)), *(b.parts or (b,))) if op == "min" else ()
        low, high = choose(a.low, b.low), choose(a.high, b.high)
        return Value("condition", size, axis, low, high, handle, parts=flat)

    def negation(self, a: Value) -> Value:
        if a.literal is not None:
            return literal(1 - a.literal, "condition")
        opposite = self._binary("eq", a, literal(0))
        return Value("condition", a.size, a.axis, 1 - a.high, 1 - a.low, opposite)

    def select(self, condition: Value, a: Value, b: Value) -> Value:
        """a where the condition is true, else b; element by element."""
        size, axis = self._together(condition, a, b)
        c, x, y = (self._handle(value) for value in (condition, a, b))
        handle = self._define(
            ("select", c, x, y), lambda: self.builder.select(self._emit(c), self._emit(x), self._emit(y))
        )
        return Value("number", size, axis, min(a.low, b.low), max(a.high, b.high), handle)

    def reduce(self, op: Literal["sum", "min", "max"], a: Value) -> Value:
        """One number of all elements."""
        if a.size == 1:
            return a
        x, size = self._handle(a), a.size
        handle = self._define(
            ("reduce", op, x),
            lambda: self.builder.reduce(op, self._emit(x), 1, size, 1, order="tree", shape=[1]),
        )
        times = size if op == "sum" else 1
        return Value(a.kind, 1, None, a.low * times, a.high * times, handle)

    def any(self, a: Value) -> Value:
        """Whether a condition is true for at least one element.

        One with x >= c and others: the largest x among the elements that fulfil the others is at least c. So
        every threshold after the first on the same x, with the same others, is one comparison.
        """
        parts = a.parts or (a,)
        for i, part in enumerate(parts):
            if a.size > 1 and part.above and part.above[0].size == a.size and part.decided is None:
                x, bound = part.above
                others = [*parts[:i], *parts[i + 1 :]]
                kept = self.select(self.conjunction(others), x, literal(x.low)) if others else x
                return self.compare("ge", self.reduce("max", kept), literal(bound))
        return self.reduce("max", a)

    def word(self, bits: Sequence[Value]) -> int:
        """The number whose bit i is condition i, as ap_uint of that many bits."""
        ids = [self.id(bit) for bit in bits]
        together = self.builder.gather(ids, np.arange(len(ids), dtype=np.int32))
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
