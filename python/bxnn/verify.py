"""Compare a model with a reference, bit for bit, down to the first differing layer, neuron and event."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bxnn import csimulation
from bxnn._core import Format, InputError, Tensor
from bxnn.model import Events, Model, float64_holds

Array = NDArray[Any]
Results = ArrayLike | Sequence[ArrayLike] | Mapping[str, ArrayLike]


@dataclass(frozen=True)
class Value:
    """One number three ways; raw and hex (two's complement) are None if it is off the format's grid."""

    real: float
    raw: int | None
    hex: str | None


@dataclass(frozen=True)
class Difference:
    """Where a model and its reference disagree first; neurons are counted in row-major order."""

    event: int
    neuron: int
    model: Value
    reference: Value


@dataclass(frozen=True)
class Comparison:
    """One layer or output."""

    name: str
    kind: str
    format: str
    compared: int
    differing: int
    events_differing: int
    first: Difference | None


@dataclass(frozen=True)
class VerifyReport:
    """What `verify` found. Layers come before outputs, in the order of computation."""

    model: str
    reference: str
    events: int
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every compared bit agrees."""
        return self.differing == 0

    @property
    def compared(self) -> int:
        return sum(c.compared for c in self.comparisons)

    @property
    def differing(self) -> int:
        return sum(c.differing for c in self.comparisons)

    @property
    def first(self) -> Comparison | None:
        """The first layer, else output, that differs."""
        return next((c for c in self.comparisons if c.differing), None)

    def to_json(self) -> str:
        """The report as one JSON object; NaN and infinities of a reference are strings."""
        head = {"ok": self.ok, "compared": self.compared, "differing": self.differing}
        document = json.dumps(head | asdict(self))
        return json.dumps(json.loads(document, parse_constant=str), indent=2)

    def __str__(self) -> str:
        lines = [f"'{self.model}' against {self.reference}, {self.events:,} events"]
        width = max(len(c.name) for c in self.comparisons)
        for c in self.comparisons:
            events = f"{c.differing:,} differ, in {c.events_differing:,} events"
            found = events if c.differing else "all equal"
            lines.append(f"  {c.kind:<6}  {c.name:<{width}}  {c.compared:>11,} values  {found}   {c.format}")
        if self.first and self.first.first:
            lines += _describe(self.first, self.first.first)
        lines += [f"note: {note}" for note in self.notes]
        verdict = f"DIFFERENT: {self.differing:,}" if self.differing else "identical: 0"
        lines.append(f"{verdict} of {self.compared:,} values differ")
        return "\n".join(lines)


def verify(
    model: Model,
    reference: Model | Callable[[Any], Results] | Results | Any,
    x: Events,
    *,
    raw: bool = False,
    threads: int = 0,
) -> VerifyReport:
    """Run events through the model and compare every bit with the reference.

    reference: an hls4ml ModelGraph (compiled here, with tracing, if it is not yet), another Model, a callable
        that takes x and gives the expected outputs, or those outputs. Expected outputs are one array for a
        model with one output, else a sequence in order or a mapping by name, of shape (*batch, *shape);
        floats are real numbers, integers are raw integers of the output's format.
    x: events as for `Model.predict`, or with raw=True as for `Model.predict_raw`.

    Layers are compared where the reference can trace. Raises InputError if the shapes do not fit, or if the
    reference's dtype can't hold the output's format, so that equality would prove nothing.
    """
    _, arrays = model.events(x, raw=raw)
    if len(arrays[0]) == 0:
        raise InputError("verify needs at least one event, got none")
    if isinstance(reference, Model):
        answer = _by_model(model, reference, x, raw, threads)
    elif csimulation.is_hls_graph(reference):
        answer = _by_csimulation(model, reference, arrays)
    elif callable(reference):
        answer = _Answer("a function", _per_output(model, reference(x)))
    else:
        answer = _Answer("expected outputs", _per_output(model, reference))
    if len(answer.outputs) != len(model.outputs):
        raise InputError(f"expected {len(model.outputs)} reference outputs, got {len(answer.outputs)}")
    ours = model._core.run(arrays, trace=bool(answer.layers), threads=threads)
    count, notes = len(model.outputs), list(answer.notes)
    comparisons = []
    for tensor, array in zip(model.layers if answer.layers else [], ours[count:], strict=True):
        if tensor.name in answer.layers:
            try:
                comparisons.append(_compare(tensor, "layer", array, answer.layers[tensor.name]))
            except InputError as error:
                notes.append(f"not compared: {error}")
    comparisons += [
        _compare(tensor, "output", array, expected)
        for tensor, array, expected in zip(model.outputs, ours[:count], answer.outputs, strict=True)
    ]
    return VerifyReport(model.name, answer.label, len(arrays[0]), tuple(comparisons), tuple(notes))


@dataclass(frozen=True)
class _Expected:
    """Real numbers if frac is None, else raw integers with that many fraction bits."""

    array: Array
    frac: int | None = None


@dataclass(frozen=True)
class _Answer:
    """What a reference says of the events."""

    label: str
    outputs: list[_Expected]
    layers: dict[str, _Expected] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def _by_csimulation(model: Model, graph: Any, arrays: list[Array]) -> _Answer:
    reals = csimulation.real_inputs(arrays, [t.format.frac for t in model.inputs])
    outputs, layers, notes = csimulation.simulate(graph, reals)
    return _Answer(
        "hls4ml C-simulation",
        [_Expected(array) for array in outputs],
        {name: _Expected(array) for name, array in layers.items()},
        notes,
    )


def _by_model(model: Model, reference: Model, x: Events, raw: bool, threads: int) -> _Answer:
    if [t.name for t in model.outputs] != [t.name for t in reference.outputs]:
        raise InputError(
            f"the models' outputs differ: {[t.name for t in model.outputs]} and "
            f"{[t.name for t in reference.outputs]}"
        )
    if raw and [t.format for t in model.inputs] != [t.format for t in reference.inputs]:
        raise InputError(
            "the models' input formats differ, so raw integers mean different numbers; pass real numbers"
        )
    _, arrays = reference.events(x, raw=raw)
    tensors = [*reference.outputs, *reference.layers]
    results = reference._core.run(arrays, trace=True, threads=threads)
    expected = [_Expected(a, t.format.frac) for a, t in zip(results, tensors, strict=True)]
    count = len(reference.outputs)
    layers = {t.name: e for t, e in zip(reference.layers, expected[count:], strict=True)}
    return _Answer(f"model '{reference.name}'", expected[:count], layers)


def _per_output(model: Model, results: Results) -> list[_Expected]:
    names = [t.name for t in model.outputs]
    arrays: list[Any]
    if isinstance(results, Mapping):
        if set(results) != set(names):
            raise InputError(f"expected reference outputs {names}, got {sorted(map(str, results))}")
        arrays = [results[name] for name in names]
    elif len(names) == 1:
        arrays = [results]
    elif isinstance(results, (list, tuple)):
        arrays = list(results)
    else:
        raise InputError(f"expected a list of {len(names)} reference outputs {names}, got one array")
    plain = [np.asarray(array) for array in arrays]
    return [
        _Expected(array, None if array.dtype.kind == "f" else tensor.format.frac)
        for array, tensor in zip(plain, model.outputs, strict=False)
    ]


def _compare(tensor: Tensor, kind: str, raw: Array, expected: _Expected) -> Comparison:
    """raw: ours, [N, n]."""
    fmt, where = tensor.format, f"{kind} '{tensor.name}'"
    if expected.array.size != raw.size or len(expected.array) == 0:
        raise InputError(
            f"{where}: expected {raw.shape[1]} reference values for each of {len(raw)} events, "
            f"got an array of shape {expected.array.shape}"
        )
    theirs = expected.array.reshape(raw.shape)
    if expected.frac is None:
        _require_holds(theirs.dtype, tensor, where)
        differs = np.ldexp(raw.astype(np.float64), -fmt.frac) != theirs.astype(np.float64)
    elif theirs.dtype.kind in "iub":
        differs = _integers_differ(raw, fmt.frac, theirs, expected.frac)
    else:
        raise InputError(f"{where}: expected reference numbers, got dtype {theirs.dtype}")
    first = None
    if differs.any():
        event, neuron = map(int, np.unravel_index(np.argmax(differs), differs.shape))
        value = theirs[event, neuron]
        first = Difference(
            event,
            neuron,
            _value_of_raw(int(raw[event, neuron]), fmt.frac, fmt),
            _value_of_real(float(value), fmt)
            if expected.frac is None
            else _value_of_raw(int(value), expected.frac, fmt),
        )
    return Comparison(
        tensor.name, kind, str(fmt), raw.size, int(differs.sum()), int(differs.any(axis=1).sum()), first
    )


def _integers_differ(ours: Array, frac: int, theirs: Array, frac_theirs: int) -> NDArray[np.bool_]:
    if frac != frac_theirs or np.result_type(ours, theirs).kind not in "iub":
        # Python integers: another binary point, or int64 against uint64, may not fit a machine word.
        common = max(frac, frac_theirs)
        ours = ours.astype(object) * (1 << (common - frac))
        theirs = theirs.astype(object) * (1 << (common - frac_theirs))
    return np.asarray(ours != theirs, dtype=np.bool_)


def _require_holds(dtype: np.dtype[Any], tensor: Tensor, where: str) -> None:
    bits = np.finfo(dtype).nmant + 1
    magnitude = max(tensor.format.max_raw, -tensor.format.min_raw)
    if not float64_holds(tensor) or magnitude > 2**bits:
        raise InputError(
            f"{where} is {tensor.format}, more bits than the reference's {dtype} holds, so its values may be "
            "rounded; compare raw integers, or float64 for up to 53 bits"
        )


def _value_of_raw(raw: int, frac: int, fmt: Format) -> Value:
    digits = -(-fmt.width // 4)
    real = raw / (1 << frac) if frac >= 0 else float(raw * (1 << -frac))
    return Value(real, raw, f"0x{raw & ((1 << fmt.width) - 1):0{digits}x}")


def _value_of_real(real: float, fmt: Format) -> Value:
    scaled = float(np.ldexp(real, fmt.frac))
    return _value_of_raw(int(scaled), fmt.frac, fmt) if scaled.is_integer() else Value(real, None, None)


def _describe(comparison: Comparison, first: Difference) -> list[str]:
    def row(name: str, value: Value) -> str:
        raw = "off grid" if value.raw is None else str(value.raw)
        return f"  {name:<9}  {raw:>20}  {value.hex or '':>18}  {value.real!r}"

    where = f"{comparison.kind} '{comparison.name}', event {first.event}, neuron {first.neuron}"
    return [
        f"first difference: {where}",
        f"  {'':<9}  {'raw':>20}  {'hex':>18}  real",
        row("model", first.model),
        row("reference", first.reference),
    ]
