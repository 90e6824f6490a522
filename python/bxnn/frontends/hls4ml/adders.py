"""Distributed arithmetic: adder graphs in generated code, proven to be linear forms of their inputs."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from . import logic
from .emit import Tensor
from .formats import CType, from_text
from .scope import Scope

Indices = NDArray[np.int64]

_TYPE = logic.TYPE
_OUTPUT = re.compile(rf"model_out\[(\d+)\] = (?:({_TYPE})\((.+)\)|0)")
_TERM = re.compile(
    rf"\s*([+-]?)\s*(?:bit_shift<(-?\d+)>\((-?)(\w+)\)|model_inp\[(\d+)\]|{_TYPE}\(([\d.e-]+)\)|([\d.]+(?:e-?\d+)?)|(\w+))"
)


@dataclass(frozen=True)
class Line:
    """A number `sum of coefficients * inputs + constant`; inputs are numbered as in `Adders.inputs`."""

    coefficients: dict[int, Fraction] = field(default_factory=dict)
    constant: Fraction = Fraction(0)

    def plus(self, other: Line, factor: Fraction) -> Line:
        total: dict[int, Fraction] = defaultdict(Fraction, self.coefficients)
        for i, c in other.coefficients.items():
            total[i] += c * factor
        return Line({i: c for i, c in total.items() if c}, self.constant + other.constant * factor)


@dataclass
class Adders:
    """A generated function: its inputs as (element, type that it is cast to), and a line for every output."""

    inputs: list[tuple[int, CType]]
    outputs: list[Line]
    kinds: list[CType]  # the types of the outputs, which hold them exactly


def read(code: str) -> Adders:
    """The function in generated code. Raises ValueError for a statement that is not an addition of shifted
    numbers, or one whose type may wrap or drop bits."""
    names: dict[str, Line] = {}
    inputs: dict[tuple[int, CType], int] = {}
    outputs: dict[int, tuple[Line, CType]] = {}
    for text in logic.statements(code):
        if found := logic.DECLARATION.fullmatch(text):
            kind, expression = from_text(found[1]), found[3]
            if direct := re.fullmatch(r"model_inp\[(\d+)\]", expression):
                key = (int(direct[1]), kind)
                names[found[2]] = Line({inputs.setdefault(key, len(inputs)): Fraction(1)})
            else:
                names[found[2]] = _held(_sum(expression, names), kind, list(inputs), text)
        elif found := _OUTPUT.fullmatch(text):
            kind = from_text(found[2]) if found[2] else CType(1, 1, False)
            line = _sum(found[3], names) if found[3] else Line()
            outputs[int(found[1])] = (_held(line, kind, list(inputs), text), kind)
        else:
            raise ValueError(f"the statement '{text}' of its generated code is not known")
    if sorted(outputs) != list(range(len(outputs))):
        raise ValueError("its generated code does not set every output")
    ordered = [outputs[i] for i in range(len(outputs))]
    return Adders(list(inputs), [line for line, _ in ordered], [kind for _, kind in ordered])


def _sum(expression: str, names: dict[str, Line]) -> Line:
    total, at = Line(), 0
    while at < len(expression):
        found = _TERM.match(expression, at)
        if not found or (at and not found[1]):
            raise ValueError(f"the expression '{expression}' of its generated code is not known")
        at = found.end()
        sign = Fraction(-1 if found[1] == "-" else 1) * (-1 if found[3] == "-" else 1)
        number, name = found[6] or found[7], found[4] or found[8]
        if number is not None:
            total = total.plus(Line(constant=Fraction(number)), sign)
        elif name in names:
            total = total.plus(names[name], sign * Fraction(2) ** int(found[2] or 0))
        else:
            raise ValueError(f"the expression '{expression}' of its generated code is not known")
    return total


def _held(line: Line, kind: CType, inputs: list[tuple[int, CType]], text: str) -> Line:
    """The line, which `kind` must hold for all numbers that its inputs can be."""
    low = high = line.constant
    unit = Fraction(2) ** -kind.frac
    exact = line.constant % unit == 0
    for i, c in line.coefficients.items():
        step = c * Fraction(2) ** -inputs[i][1].frac
        fmt = inputs[i][1].format
        ends = (step * fmt.min_raw, step * fmt.max_raw)
        low, high = low + min(ends), high + max(ends)
        exact = exact and step % unit == 0
    if not exact or low < kind.format.min_raw * unit or high > kind.format.max_raw * unit:
        raise ValueError(f"its generated code may lose bits in '{text}'")
    return line


def apply(scope: Scope, code: str, taps: Indices, target: CType | None = None) -> int:
    """The function's outputs for every row of taps, [positions * outputs] of `target` or the result's type.

    `taps` [positions][inputs of the function] are elements of the layer's input, -1 for zero.
    """
    x, rt, emit = scope.input, target or scope.result(), scope.emit
    try:
        adders = read(code)
    except ValueError:
        return _step_by_step(scope, code, taps, rt)
    if any(element >= taps.shape[1] for element, _ in adders.inputs):
        scope.refuse(f"its generated code reads beyond its {taps.shape[1]} inputs")
    for _, kind in adders.inputs:
        emit.check(x.type, kind)
    for kind in adders.kinds:
        emit.check(kind, rt)
    value, index = _cast_inputs(scope, x, adders, taps)
    inputs = range(index.shape[1])
    weights, frac = _integers(
        [[line.coefficients.get(i, Fraction(0)) for i in inputs] for line in adders.outputs]
    )
    bias, bias_frac = _integers([[line.constant] for line in adders.outputs])
    total = emit.builder.dot(
        value,
        weights,
        frac,
        bias.reshape(1, -1),
        bias_frac,
        index=index.astype(np.int32),
        shape=(len(taps) * len(adders.outputs),),
        name=scope.name,
    )
    return int(emit.builder.cast(int(total), rt.format))


def _step_by_step(scope: Scope, code: str, taps: Indices, target: CType) -> int:
    """What is no linear form: an operation for every statement."""
    try:
        return logic.apply(scope, code, taps, target)
    except ValueError as error:
        scope.refuse(str(error))
    except IndexError:
        scope.refuse(f"its generated code reads beyond its {taps.shape[1]} inputs")


def combinational(scope: Scope) -> None:
    """A layer that is nothing but a generated function of its whole input."""
    taps = np.arange(scope.input.size)[None, :]
    scope.finish(apply(scope, scope.generated("da_codegen"), taps))


def _cast_inputs(scope: Scope, x: Tensor, adders: Adders, taps: Indices) -> tuple[int, Indices]:
    """The elements cast to the function's types, and for every row of taps where they are."""
    emit, builder = scope.emit, scope.emit.builder
    kinds = sorted({kind for _, kind in adders.inputs}, key=str)
    flat = emit.reshape(x.value, (x.size,))
    if len(kinds) > 1:
        copies = emit.gather([flat] * len(kinds), np.arange(len(kinds) * x.size), (len(kinds) * x.size,))
        value = int(builder.cast(copies, [kind.format for kind in kinds for _ in range(x.size)]))
    else:
        value = int(builder.cast(flat, (kinds[0] if kinds else x.type).format))
    columns = []
    for element, kind in adders.inputs:
        tap = taps[:, element]
        columns.append(np.where(tap < 0, -1, kinds.index(kind) * x.size + tap))
    if not columns:  # constants alone
        columns.append(np.full(len(taps), -1))
    return value, np.stack(columns, axis=1)


def _integers(numbers: list[list[Fraction]]) -> tuple[Indices, int]:
    """The numbers on the coarsest grid that holds them all: integers and its fraction bits."""
    parts = [n for row in numbers for n in row if n]
    frac = max(
        (n.denominator.bit_length() - (n.numerator & -n.numerator).bit_length() for n in parts), default=0
    )
    scaled = [[int(n * Fraction(2) ** frac) for n in row] for row in numbers]
    return np.array(scaled, dtype=np.int64), frac
