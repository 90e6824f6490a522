"""Combinational logic in generated code: every statement becomes an operation on one element a position."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .emit import ZERO
from .formats import CType, from_text
from .scope import Scope

TYPE = r"ap_u?fixed<[^<>]*>"
_TABLE = re.compile(rf"static const ({TYPE}) (\w+)\[\] = \{{([^}}]*)\}}")
DECLARATION = re.compile(rf"({TYPE}) (\w+) = (.+)")
_OUTPUT = re.compile(r"model_out\[(\d+)\] = (.+)")
_ATOM = re.compile(
    rf"-?(?:bit_shift<-?\d+>\(-?\w+\)|{TYPE}\(-?[^()]*(?:\([^()]*\))?\)|model_inp\[\d+\]|\w+\[\w+\.range\(\)\]"
    r"|\d[\d.]*(?:e[+-]?\d+)?|\w+)"
)
_BINARY = re.compile(rf"({_ATOM.pattern}) ([-+*]) ({_ATOM.pattern})")
_CHOICE = re.compile(rf"(\w+)( > 0|\[\d+\]) \? ({_ATOM.pattern}) : ({_ATOM.pattern})")


def statements(code: str) -> Iterator[str]:
    """The tables of constants in the code, and the statements of its first function."""
    for table in _TABLE.finditer(code):
        yield table[0]
    body = _TABLE.sub("", code)
    start = body.index("{")
    body = body[start + 1 : _end(body, start)]
    for statement in re.sub(r"//[^\n]*|#pragma[^\n]*", "", body).split(";"):
        if text := " ".join(statement.split()):
            yield text


def _end(code: str, start: int) -> int:
    """Where the function's closing brace is: what follows, a wrapper in io_stream, does not compute."""
    depth = 0
    for i in range(start, len(code)):
        depth += (code[i] == "{") - (code[i] == "}")
        if depth == 0:
            return i
    raise ValueError("its generated code has no end")


@dataclass(frozen=True)
class Value:
    """An emitted value of one element a position, and the C++ type of its expression."""

    value: int
    type: CType


class Logic:
    """The interpretation of one function at every row of taps."""

    def __init__(self, scope: Scope, taps: NDArray[np.int64]) -> None:
        self._scope, self._taps, self._emit = scope, taps, scope.emit
        self._names: dict[str, Value] = {}
        self._tables: dict[str, tuple[CType, NDArray[np.int64]]] = {}
        self.outputs: dict[int, Value] = {}

    def execute(self, text: str) -> None:
        """Emits one statement. Raises ValueError for one of an unknown form."""
        if found := _TABLE.fullmatch(text):
            kind = from_text(found[1])
            numbers = [Fraction(n.strip()) for n in found[3].split(",")]
            self._tables[found[2]] = (kind, np.array([_raw(n, kind) for n in numbers], dtype=np.int64))
        elif found := DECLARATION.fullmatch(text):
            self._names[found[2]] = self._assigned(self._expression(found[3]), from_text(found[1]))
        elif found := _OUTPUT.fullmatch(text):
            self.outputs[int(found[1])] = self._expression(found[2])
        else:
            raise ValueError(f"the statement '{text}' of its generated code is not known")

    def _assigned(self, x: Value, kind: CType) -> Value:
        return Value(self._emit.assign(x.value, x.type, kind), kind)

    def _expression(self, text: str) -> Value:
        if _ATOM.fullmatch(text):
            return self._atom(text)
        if found := _BINARY.fullmatch(text):
            a, b = self._atom(found[1]), self._atom(found[3])
            kind, type_ = {"+": ("add", a.type + b.type), "-": ("sub", a.type - b.type)}.get(
                found[2], ("mul", a.type * b.type)
            )
            return Value(self._emit.binary(kind, a.value, b.value), type_)
        if found := _CHOICE.fullmatch(text):
            condition = self._named(found[1])
            yes, no = self._atom(found[3]), self._atom(found[4])
            if yes.type != no.type:
                raise ValueError(f"the alternatives of '{text}' in its generated code have different types")
            return Value(self._emit.select(self._test(condition, found[2]), yes.value, no.value), yes.type)
        raise ValueError(f"the expression '{text}' of its generated code is not known")

    def _test(self, x: Value, test: str) -> int:
        """`x > 0`, or the highest bit of x."""
        if test == " > 0":
            return self._emit.binary("gt", x.value, self._emit.constant([0], ZERO))
        if int(test.strip("[]")) != x.type.width - 1:
            raise ValueError(f"bit {test} of a number of {x.type} in its generated code is not its highest")
        if x.type.signed:
            return self._emit.binary("lt", x.value, self._emit.constant([0], ZERO))
        top = self._emit.constant([1 << (x.type.width - 1)], x.type)
        return self._emit.binary("ge", x.value, top)

    def _atom(self, text: str) -> Value:
        if text.startswith("-"):
            x = self._atom(text[1:])
            zero = self._emit.constant([0], ZERO)
            return Value(self._emit.binary("sub", zero, x.value), -x.type)
        if found := re.fullmatch(r"bit_shift<(-?\d+)>\((-?\w+)\)", text):
            return self._shifted(self._atom(found[2]), int(found[1]))
        if found := re.fullmatch(rf"({TYPE})\((.*)\)", text):
            return self._assigned(self._atom(found[2]), from_text(found[1]))
        if found := re.fullmatch(r"model_inp\[(\d+)\]", text):
            tap = self._taps[:, int(found[1])]
            return Value(
                self._emit.gather([self._scope.input.value], tap, (len(tap),)), self._scope.input.type
            )
        if found := re.fullmatch(r"(\w+)\[(\w+)\.range\(\)\]", text):
            return self._looked_up(found[1], self._named(found[2]))
        if re.fullmatch(r"\d.*", text):
            return self._number(Fraction(text))
        return self._named(text)

    def _named(self, name: str) -> Value:
        if name not in self._names:
            raise ValueError(f"'{name}' in its generated code is not known")
        return self._names[name]

    def _shifted(self, x: Value, shift: int) -> Value:
        """The same bits, with the point elsewhere."""
        kind = CType(x.type.width, x.type.integer + shift, x.type.signed)
        return Value(int(self._emit.builder.cast(x.value, kind.format, shift=shift)), kind)

    def _looked_up(self, name: str, x: Value) -> Value:
        if name not in self._tables:
            raise ValueError(f"the table '{name}' of its generated code is not known")
        kind, entries = self._tables[name]
        if len(entries) != 1 << x.type.width:
            raise ValueError(f"'{name}' has {len(entries)} entries, its index has {x.type.width} bits")
        low = -(1 << (x.type.width - 1)) if x.type.signed else 0
        return Value(int(self._emit.builder.lut(x.value, np.roll(entries, -low), low, kind.format)), kind)

    def _number(self, number: Fraction) -> Value:
        frac = number.denominator.bit_length() - 1
        if number.denominator != 1 << frac or frac > 60:
            raise ValueError(f"the number {number} in its generated code has no exact binary form")
        raw = int(number * (1 << frac))
        kind = CType(max(raw.bit_length(), 1), max(raw.bit_length(), 1) - frac, False)
        data = np.full(len(self._taps), raw, dtype=np.int64)
        return Value(self._emit.constant(data, kind), kind)


def _raw(number: Fraction, kind: CType) -> int:
    raw = number * Fraction(2) ** kind.frac
    if raw.denominator != 1 or not kind.format.min_raw <= raw <= kind.format.max_raw:
        raise ValueError(f"the table entry {number} of its generated code is no number of {kind}")
    return int(raw)


def apply(scope: Scope, code: str, taps: NDArray[np.int64], target: CType) -> int:
    """The function's outputs for every row of taps, each assigned to `target`: [positions * outputs]."""
    logic = Logic(scope, taps)
    for text in statements(code):
        logic.execute(text)
    if sorted(logic.outputs) != list(range(len(logic.outputs))) or not logic.outputs:
        raise ValueError("its generated code does not set every output")
    emit, n = scope.emit, len(logic.outputs)
    columns = [emit.assign(logic.outputs[i].value, logic.outputs[i].type, target) for i in range(n)]
    order = np.arange(n * len(taps)).reshape(n, len(taps)).T
    return emit.gather(columns, order, (n * len(taps),))
