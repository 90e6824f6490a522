"""The executable specification of the IR: every operation of docs/spec/ir.md over Python integers.

`SpecBuilder` has the methods of the native `Builder`; `SpecModel.run` evaluates the graph operation by
operation, in the stated order, with events along axis 0. Arrays are int64 where the operand types prove that
it cannot overflow, and Python integers elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .fx import Array, Format, FormatLike, fit_array, max_raw, min_raw, quantize_array, quantize_float_array
from .operations import ARITHMETIC, COMPARISONS, Dot, binary_range, sum_of
from .values import (
    MAX_BITS,
    Run,
    Value,
    check_cast,
    check_magnitude,
    check_raw,
    common_shape,
    exact_type,
    grid_of,
    index_map,
    integers,
    named,
    span,
)


@dataclass(frozen=True)
class SpecTensor:
    """Name, shape and format of an input, an output or a traced layer."""

    name: str
    shape: tuple[int, ...]
    format: Format


class SpecBuilder:
    """Builds a graph; same methods as the native `Builder`. ValueError names the operation at fault."""

    def __init__(self, name: str = "") -> None:
        self._name = name
        self._meta: dict[str, str] = {}
        self._values: list[Value] = []
        self._inputs: list[int] = []
        self._input_formats: list[Format] = []
        self._outputs: list[tuple[str, int]] = []
        self._probes: list[tuple[str, int]] = []

    def set_meta(self, key: str, value: str) -> None:
        self._meta[key] = value

    def format_of(self, x: int) -> Format:
        """Type of a value (modes TRN, WRAP)."""
        return self._value(x).type

    def shape_of(self, x: int) -> tuple[int, ...]:
        return self._value(x).shape

    def input(self, name: str, shape: Sequence[int], fmt: FormatLike) -> int:
        label = f"input '{name}'"
        if any(name == self._values[i].label for i in self._inputs):
            raise ValueError(f"{label}: the name is taken")
        if max_raw(fmt) >= 2**63:
            raise ValueError(f"{label} does not fit 64-bit signed integers")
        self._inputs.append(len(self._values))
        self._input_formats.append(named(fmt, label))
        return self._add(Value(name, grid_of(fmt), self._shape(shape, None, label)))

    def constant(self, raw: ArrayLike, type: FormatLike, name: str = "") -> int:
        label = self._label("constant", name)
        data = integers(raw)
        fmt = grid_of(named(type, label))
        if data.size == 0:
            raise ValueError(f"{label}: no elements")
        check_raw(data, fmt, label)
        row = fit_array(data.reshape(1, -1), 2**fmt.width)
        return self._add(Value(label, fmt, data.shape, (), lambda _: row))

    def cast(self, x: int, fmt: Any, *, shift: int = 0, name: str = "") -> int:
        label, v = self._label("cast", name), self._value(x)
        frac = v.type.frac - shift
        if abs(shift) > MAX_BITS:
            raise ValueError(f"{label}: a shift of {shift} exceeds {MAX_BITS}")
        if not isinstance(fmt, Sequence):
            one = named(fmt, label)
            check_cast(v.low, v.high, frac, one, label)
            return self._add(
                Value(label, grid_of(one), v.shape, (x,), lambda a: quantize_array(a[0], frac, one))
            )
        formats = [named(f, label) for f in fmt]
        if len(formats) != v.n:
            raise ValueError(f"{label}: {len(formats)} formats for {v.n} elements")
        finest = max(f.frac for f in formats)
        for f in formats:
            check_cast(v.low, v.high, frac, f, label)
        low = min(min_raw(f) * 2 ** (finest - f.frac) for f in formats)
        high = max(max_raw(f) * 2 ** (finest - f.frac) for f in formats)
        result = exact_type(low, high, finest, label)

        def run(a: list[Array]) -> Array:
            out = np.zeros(a[0].shape, object)
            for i, f in enumerate(formats):
                out[:, i] = quantize_array(a[0][:, i], frac, f).astype(object) * 2 ** (finest - f.frac)
            return fit_array(out, 2**result.width)

        return self._add(Value(label, result, v.shape, (x,), run))

    def dot(
        self,
        x: int,
        weights: ArrayLike,
        w_frac: int,
        bias: ArrayLike | None = None,
        b_frac: int = 0,
        *,
        index: ArrayLike | None = None,
        group: ArrayLike | None = None,
        product: FormatLike | None = None,
        accum: FormatLike | None = None,
        shape: Sequence[int] | None = None,
        name: str = "",
    ) -> int:
        label, v = self._label("dot", name), self._value(x)
        dot = Dot(v, weights, w_frac, bias, b_frac, index, group, product, accum, label)
        return self._add(Value(label, dot.type, self._shape(shape, dot.size, label), (x,), dot.run))

    def gather(
        self,
        xs: Sequence[int],
        index: ArrayLike,
        *,
        fill: int = 0,
        shape: Sequence[int] | None = None,
        name: str = "",
    ) -> int:
        label = self._label("gather", name)
        vs = [self._value(x) for x in xs]
        if not vs:
            raise ValueError(f"{label}: no operands")
        types = {v.type for v in vs}
        if len(types) > 1:
            raise ValueError(f"{label}: operands of types {sorted(map(str, types))}; cast them to one first")
        total = sum(v.n for v in vs)
        idx = index_map(index, 1, total, label)
        check_raw(np.array([fill], dtype=object), vs[0].type, label)

        def run(a: list[Array]) -> Array:
            events = max(len(x) for x in a)
            columns = [np.broadcast_to(x, (events, x.shape[1])) for x in a]
            columns.append(fit_array(np.full((events, 1), fill, dtype=object), 2 ** vs[0].type.width))
            joined: Array = np.concatenate(columns, axis=1)
            return np.asarray(joined[:, np.where(idx < 0, total, idx)])

        return self._add(Value(label, vs[0].type, self._shape(shape, idx.size, label), tuple(xs), run))

    def lut(self, x: int, table: ArrayLike, first: int, type: FormatLike, *, name: str = "") -> int:
        label, v = self._label("lut", name), self._value(x)
        fmt, entries = grid_of(named(type, label)), integers(table)
        if entries.ndim != 1:
            raise ValueError(f"{label}: the table has {entries.ndim} dimensions, expected 1")
        check_raw(entries, fmt, label)
        if v.low < first or v.high > first + entries.size - 1:
            raise ValueError(
                f"{label}: the operand allows [{v.low}, {v.high}], the table covers "
                f"[{first}, {first + entries.size - 1}]"
            )
        frozen = fit_array(entries, 2**fmt.width)
        return self._add(
            Value(label, fmt, v.shape, (x,), lambda a: frozen[(a[0] - first).astype(np.int64)]),
        )

    def binary(self, kind: str, a: int, b: int, fmt: FormatLike | None = None, *, name: str = "") -> int:
        label, p, q = self._label(f"binary {kind}", name), self._value(a), self._value(b)
        shape = common_shape([p.shape, q.shape], label)
        if kind == "mul":
            frac, up = p.type.frac + q.type.frac, (0, 0)
        else:
            frac = max(p.type.frac, q.type.frac)
            up = (frac - p.type.frac, frac - q.type.frac)
        p_low, p_high, q_low, q_high = p.low << up[0], p.high << up[0], q.low << up[1], q.high << up[1]
        check_magnitude(min(p_low, q_low), max(p_high, q_high), label)
        if kind in COMPARISONS:
            low, high, frac = 0, 1, 0
        elif kind in ARITHMETIC:
            low, high = binary_range(kind, p_low, p_high, q_low, q_high)
        else:
            raise ValueError(f"{label}: unknown kind; known: {', '.join([*ARITHMETIC, *COMPARISONS])}")
        check_magnitude(low, high, label)
        reach = max(abs(n) for n in (low, high, p_low, p_high, q_low, q_high))
        function = {**ARITHMETIC, **COMPARISONS}[kind]

        def run(args: list[Array]) -> Array:
            x, y = (fit_array(args[i], 2 * reach) * 2 ** up[i] for i in (0, 1))
            return fit_array(np.asarray(function(x, y)), 2 * reach)

        return self._cast_result(label, shape, (a, b), run, (low, high, frac), fmt)

    def select(self, c: int, a: int, b: int, fmt: FormatLike | None = None, *, name: str = "") -> int:
        label = self._label("select", name)
        k, p, q = self._value(c), self._value(a), self._value(b)
        shape = common_shape([k.shape, p.shape, q.shape], label)
        frac = max(p.type.frac, q.type.frac)
        up = (frac - p.type.frac, frac - q.type.frac)
        low, high = span([p.low << up[0], p.high << up[0], q.low << up[1], q.high << up[1]])
        check_magnitude(low, high, label)
        reach = 2 * max(abs(low), abs(high))

        def run(args: list[Array]) -> Array:
            x, y = (fit_array(args[i + 1], reach) * 2 ** up[i] for i in (0, 1))
            return np.asarray(np.where((args[0] != 0).astype(bool), x, y))

        return self._cast_result(label, shape, (c, a, b), run, (low, high, frac), fmt)

    def reduce(
        self,
        kind: str,
        x: int,
        outer: int,
        size: int,
        inner: int,
        *,
        accum: FormatLike | None = None,
        order: str = "sequential",
        shape: Sequence[int] | None = None,
        name: str = "",
    ) -> int:
        label, v = self._label(f"reduce {kind}", name), self._value(x)
        if min(outer, size, inner) < 1 or outer * size * inner != v.n:
            raise ValueError(f"{label}: [{outer}][{size}][{inner}] is not the operand's {v.n} elements")
        if order not in ("sequential", "tree"):
            raise ValueError(f"{label}: unknown order {order!r}; known: sequential, tree")
        if accum is not None and kind != "sum":
            raise ValueError(f"{label}: accum belongs to sum only")
        made = self._shape(shape if shape is not None else [outer, inner], outer * inner, label)
        if kind == "sum":
            result, combine = sum_of(v, size, accum, order, label)
        elif kind == "argmax":
            bits = max(1, (size - 1).bit_length())
            # object argmax keeps the first of equals, as the definition asks
            result, combine = Format(bits, bits, False), lambda a: np.argmax(a, axis=2).astype(np.int64)
        elif kind in ("max", "min"):
            pick = np.max if kind == "max" else np.min
            result, combine = v.type, lambda a: np.asarray(pick(a, axis=2))
        else:
            raise ValueError(f"{label}: unknown kind; known: sum, max, min, argmax")

        def run(args: list[Array]) -> Array:
            cube = args[0].reshape(len(args[0]), outer, size, inner)
            # size goes last: combine sees [events][outer*inner][size]
            last: Array = cube.transpose(0, 1, 3, 2).reshape(len(cube), outer * inner, size)
            return combine(last)

        return self._add(Value(label, result, made, (x,), run))

    def probe(self, x: int, layer: str) -> None:
        self._mark(self._probes, "probe", x, layer)

    def output(self, x: int, name: str) -> None:
        self._mark(self._outputs, "output", x, name)

    def build(self) -> SpecModel:
        """The finished model; ValueError without an output."""
        if not self._outputs:
            raise ValueError(f"model '{self._name}' has no output")
        inputs = [
            SpecTensor(self._values[i].label, self._values[i].shape, f)
            for i, f in zip(self._inputs, self._input_formats, strict=True)
        ]
        values = list(self._values)
        return SpecModel(
            self._name, dict(self._meta), values, self._inputs, inputs, self._outputs, self._probes
        )

    def _mark(self, marks: list[tuple[str, int]], what: str, x: int, name: str) -> None:
        if self._value(x).high >= 2**63:
            raise ValueError(f"{what} '{name}' does not fit 64-bit signed integers; cast it first")
        if any(name == known for known, _ in marks):
            raise ValueError(f"{what} '{name}': the name is taken")
        marks.append((name, x))

    def _cast_result(
        self,
        label: str,
        shape: tuple[int, ...],
        operands: tuple[int, ...],
        run: Run,
        exact: tuple[int, int, int],
        fmt: FormatLike | None,
    ) -> int:
        low, high, frac = exact
        if fmt is None:
            return self._add(Value(label, exact_type(low, high, frac, label), shape, operands, run))
        target = named(fmt, label)
        check_cast(low, high, frac, target, label)
        return self._add(
            Value(label, grid_of(target), shape, operands, lambda a: quantize_array(run(a), frac, target)),
        )

    def _value(self, x: int) -> Value:
        if not 0 <= x < len(self._values):
            raise ValueError(f"no value {x}; the graph has {len(self._values)}")
        return self._values[x]

    def _add(self, value: Value) -> int:
        self._values.append(value)
        return len(self._values) - 1

    def _label(self, operation: str, name: str) -> str:
        return f"{operation} '{name}'" if name else f"{operation} #{len(self._values)}"

    def _shape(self, shape: Sequence[int] | None, size: int | None, label: str) -> tuple[int, ...]:
        made = (size or 0,) if shape is None else tuple(int(s) for s in shape)
        if any(s < 1 for s in made):
            raise ValueError(f"{label}: shape {made} has an empty axis")
        if size is not None and math.prod(made) != size:
            raise ValueError(f"{label}: shape {made} does not hold the {size} elements of the result")
        return made


class SpecModel:
    """A finished graph."""

    def __init__(
        self,
        name: str,
        meta: dict[str, str],
        values: list[Value],
        input_ids: list[int],
        inputs: list[SpecTensor],
        outputs: list[tuple[str, int]],
        probes: list[tuple[str, int]],
    ) -> None:
        self.name, self.meta, self.inputs = name, meta, inputs
        self._values, self._input_ids, self._marks = values, input_ids, [outputs, probes]
        self.outputs = [SpecTensor(n, values[x].shape, values[x].type) for n, x in outputs]
        self.probes = [SpecTensor(n, values[x].shape, values[x].type) for n, x in probes]

    def run(self, inputs: Sequence[Any], trace: bool = False) -> list[Array]:
        """Raw integers of the outputs, then with trace of the probes: one object array [N, n] each.

        `inputs`: one [N, n] array an input, of raw integers or of floats (quantised with the input's format).
        Raises ValueError for a wrong shape, a raw integer outside the format, NaN and infinity.
        """
        values, events = self._evaluate(inputs)
        marks = self._marks[0] + (self._marks[1] if trace else [])
        return [_events(values[x], events) for _, x in marks]

    def run_dict(self, inputs: Sequence[Any]) -> dict[str, Array]:
        """Outputs by name, as of `run`."""
        return dict(zip([n for n, _ in self._marks[0]], self.run(inputs), strict=True))

    def trace_dict(self, inputs: Sequence[Any]) -> dict[str, Array]:
        """Probes by layer name, as of `run`."""
        values, events = self._evaluate(inputs)
        return {n: _events(values[x], events) for n, x in self._marks[1]}

    def _evaluate(self, inputs: Sequence[Any]) -> tuple[list[Array], int]:
        if len(inputs) != len(self.inputs):
            raise ValueError(f"model '{self.name}' has {len(self.inputs)} inputs, got {len(inputs)}")
        given = {
            x: _input_array(data, tensor)
            for x, data, tensor in zip(self._input_ids, inputs, self.inputs, strict=True)
        }
        if len({len(a) for a in given.values()}) > 1:
            raise ValueError(f"inputs have different numbers of events: {[len(a) for a in given.values()]}")
        values: list[Array] = []
        for i, v in enumerate(self._values):
            values.append(given[i] if v.run is None else v.run([values[o] for o in v.operands]))
        return values, max((len(a) for a in given.values()), default=1)


def _events(x: Array, events: int) -> Array:
    return np.array(np.broadcast_to(x, (events, x.shape[1])).astype(object))


def _input_array(data: Any, tensor: SpecTensor) -> Array:
    array, label = np.asarray(data), f"input '{tensor.name}'"
    if array.ndim != 2 or array.shape[1] != math.prod(tensor.shape):
        raise ValueError(f"{label}: expected shape [N, {math.prod(tensor.shape)}], got {array.shape}")
    if array.dtype.kind == "f":
        return quantize_float_array(array, tensor.format)
    raw = integers(array)
    check_raw(raw, tensor.format, label)
    return fit_array(raw, 2**tensor.format.width)
