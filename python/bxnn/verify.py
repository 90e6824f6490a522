"""Compare a model with a reference, bit for bit, down to the first differing layer, neuron and event."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bxnn import csimulation
from bxnn._core import Format, InputError, Tensor, quantize_float
from bxnn.model import Events, Model, float64_holds
from bxnn.shrink import Vector, shrink

Array = NDArray[Any]
_SHOWN = 10  # numbers of a counterexample

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
class Counterexample:
    """One event in which model and reference disagree, made small if the reference could be asked again.

    event: which of the given events it was. kind, name: the layer or output that differs. inputs: raw
    integers by input name. found: the model's raw integers; expected: the reference's, or its real numbers
    where one of them is no raw integer. nonzero: how many numbers of the event were not zero, before and
    after. calls: how often the reference was asked, 0 if it could not be.
    """

    event: int
    kind: str
    name: str
    inputs: dict[str, list[int]]
    found: list[int]
    expected: list[int] | list[float]
    nonzero: tuple[int, int]
    calls: int


@dataclass(frozen=True)
class VerifyReport:
    """What `verify` found. Layers come before outputs, in the order of computation."""

    model: str
    reference: str
    events: int
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...] = ()
    counterexample: Counterexample | None = None

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
        if self.counterexample is not None:
            lines += _describe_event(self.counterexample)
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

    Layers are compared where the reference can trace. The first event that differs is made small where the
    reference can be asked again: fewer numbers that are not zero, and smaller ones (`counterexample`).

    Raises InputError if the shapes do not fit, or if the reference's dtype can't hold the output's format, so
    that equality would prove nothing.
    """
    _, arrays = model.events(x, raw=raw)
    if len(arrays[0]) == 0:
        raise InputError("verify needs at least one event, got none")
    ask = _asker(model, reference, x, arrays, raw, threads)
    answer = ask(None)
    if len(answer.outputs) != len(model.outputs):
        raise InputError(f"expected {len(model.outputs)} reference outputs, got {len(answer.outputs)}")
    pairs, notes = _pairs(model, arrays, answer, threads)
    comparisons = []
    for pair in pairs:
        try:
            comparisons.append(_compare(pair))
        except InputError as error:
            if pair.kind == "output":
                raise
            notes.append(f"not compared: {error}")
    report = VerifyReport(model.name, answer.label, len(arrays[0]), tuple(comparisons), tuple(notes))
    if report.first is None or report.first.first is None:
        return report
    wrong = next(
        pair for pair in pairs if (pair.kind, pair.tensor.name) == (report.first.kind, report.first.name)
    )
    example = _counterexample(model, ask if answer.again else None, arrays, wrong, report.first.first.event)
    return replace(report, counterexample=example)


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
    again: bool = True  # whether it could say something of other events


@dataclass(frozen=True)
class _Pair:
    """A layer or output: the model's raw integers [N, n], and what the reference says."""

    tensor: Tensor
    kind: str
    raw: Array
    expected: _Expected

    def differs(self) -> NDArray[np.bool_]:
        """Where, [N, n]; InputError if the reference's array can't be compared."""
        tensor, raw, expected = self.tensor, self.raw, self.expected
        where = f"{self.kind} '{tensor.name}'"
        if expected.array.size != raw.size or len(expected.array) == 0:
            raise InputError(
                f"{where}: expected {raw.shape[1]} reference values for each of {len(raw)} events, "
                f"got an array of shape {expected.array.shape}"
            )
        theirs = expected.array.reshape(raw.shape)
        if expected.frac is None:
            _require_holds(theirs.dtype, tensor, where)
            ours = np.ldexp(raw.astype(np.float64), -tensor.format.frac)
            return np.asarray(ours != theirs.astype(np.float64), np.bool_)
        if theirs.dtype.kind in "iub":
            return _integers_differ(raw, tensor.format.frac, theirs, expected.frac)
        raise InputError(f"{where}: expected reference numbers, got dtype {theirs.dtype}")

    def event(self, event: int) -> _Pair:
        """The same, of one event alone."""
        theirs = self.expected.array.reshape(self.raw.shape)[event : event + 1]
        return replace(self, raw=self.raw[event : event + 1], expected=replace(self.expected, array=theirs))

    def expected_numbers(self) -> list[int] | list[float]:
        """Raw integers of the format, or real numbers if one is not on its grid."""
        frac, theirs = self.tensor.format.frac, self.expected.array.reshape(-1).tolist()
        if self.expected.frac is not None:
            exact = [Fraction(int(r)) / Fraction(2) ** self.expected.frac for r in theirs]
        elif np.isfinite(theirs).all():
            exact = [Fraction(r) for r in theirs]
        else:
            return [float(r) for r in theirs]
        scaled = [r * Fraction(2) ** frac for r in exact]
        if all(r.denominator == 1 for r in scaled):
            return [r.numerator for r in scaled]
        return [float(r) for r in exact]


def _pairs(model: Model, arrays: list[Array], answer: _Answer, threads: int) -> tuple[list[_Pair], list[str]]:
    """Layers that the reference has, then outputs, and the notes of the reference."""
    ours = model._core.run(arrays, trace=bool(answer.layers), threads=threads)
    count = len(model.outputs)
    layers = zip(model.layers if answer.layers else [], ours[count:], strict=True)
    outputs = zip(model.outputs, ours[:count], answer.outputs, strict=True)
    pairs = [_Pair(t, "layer", a, answer.layers[t.name]) for t, a in layers if t.name in answer.layers]
    return pairs + [_Pair(t, "output", a, e) for t, a, e in outputs], list(answer.notes)


Ask = Callable[["list[Array] | None"], _Answer]


def _asker(model: Model, reference: Any, x: Events, arrays: list[Array], raw: bool, threads: int) -> Ask:
    """Asks the reference about other events, an array [N, n] for each input, or with None about x."""

    def ask(others: list[Array] | None) -> _Answer:
        if isinstance(reference, Model):
            given = x if others is None else _whole(model, others)
            return _by_model(model, reference, given, raw, threads)
        if csimulation.is_hls_graph(reference):
            return _by_csimulation(model, reference, arrays if others is None else others)
        if callable(reference):
            given = x if others is None else _like(model, x, raw, others)
            return _Answer("a function", _per_output(model, reference(given)))
        return _Answer("expected outputs", _per_output(model, reference), again=False)

    return ask


def _whole(model: Model, arrays: list[Array]) -> Events:
    """Events of the inputs' full shapes, which can't be taken for anything else."""
    shaped = [a.reshape(len(a), *t.shape) for a, t in zip(arrays, model.inputs, strict=True)]
    return shaped[0] if len(shaped) == 1 else shaped


def _like(model: Model, x: Events, raw: bool, arrays: list[Array]) -> Events:
    """Other events in the form of x: its container, the shapes of its events."""
    batch, _ = model.events(x, raw=raw)
    names = [t.name for t in model.inputs]
    given: list[Any] = [x]
    if isinstance(x, Mapping):
        given = [x[name] for name in names]
    elif len(names) > 1:
        given = list(x)  # type: ignore[arg-type]
    shaped = [a.reshape(len(a), *np.shape(g)[len(batch) :]) for a, g in zip(arrays, given, strict=True)]
    if isinstance(x, Mapping):
        return dict(zip(names, shaped, strict=True))
    return shaped[0] if len(names) == 1 else shaped


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


def _compare(pair: _Pair) -> Comparison:
    tensor, raw, expected = pair.tensor, pair.raw, pair.expected
    fmt, differs = tensor.format, pair.differs()
    first = None
    if differs.any():
        event, neuron = map(int, np.unravel_index(np.argmax(differs), differs.shape))
        value = expected.array.reshape(raw.shape)[event, neuron]
        first = Difference(
            event,
            neuron,
            _value_of_raw(int(raw[event, neuron]), fmt.frac, fmt),
            _value_of_real(float(value), fmt)
            if expected.frac is None
            else _value_of_raw(int(value), expected.frac, fmt),
        )
    return Comparison(
        tensor.name, pair.kind, str(fmt), raw.size, int(differs.sum()), int(differs.any(axis=1).sum()), first
    )


def _counterexample(
    model: Model, ask: Ask | None, arrays: list[Array], wrong: _Pair, event: int
) -> Counterexample:
    """The event as it is, or smaller if the reference answers about smaller ones."""
    given = [array[event : event + 1] for array in arrays]
    found, calls, pair = given, 0, wrong.event(event)
    for vector, decode in _forms(model, given) if ask is not None else []:

        def pair_of(vectors: Vector, decode: Decode = decode) -> _Pair:
            assert ask is not None
            others = decode(vectors)
            pairs, _ = _pairs(model, others, ask(others), 1)
            return next(p for p in pairs if (p.kind, p.tensor.name) == (wrong.kind, wrong.tensor.name))

        try:
            if not pair_of(vector[None]).differs().any():
                continue
            small = shrink(vector, lambda v: pair_of(v).differs().any(axis=1))
            last = pair_of(small.vector[None])
        except Exception:
            break  # it answers about the given events alone
        if last.differs().any():
            found, calls, pair = decode(small.vector[None]), small.calls + 2, last
            break
    return Counterexample(
        event,
        wrong.kind,
        wrong.tensor.name,
        {t.name: _raw(a, t).ravel().tolist() for t, a in zip(model.inputs, found, strict=True)},
        pair.raw.ravel().tolist(),
        pair.expected_numbers(),
        (_nonzero(given), _nonzero(found)),
        calls,
    )


Decode = Callable[[Vector], list[Array]]


def _forms(model: Model, given: list[Array]) -> list[tuple[Vector, Decode]]:
    """An event as integers that may be brought nearer to zero, with the way back to arrays [M, n].

    Raw integers; for real numbers that are not on the input's grid, where that matters, which to keep.
    """
    ends = np.cumsum([array.shape[1] for array in given])[:-1]
    raws = [_raw(array, t) for array, t in zip(given, model.inputs, strict=True)]

    def from_raw(vectors: Vector) -> list[Array]:
        parts = zip(np.split(vectors, ends, axis=1), given, model.inputs, strict=True)
        return [
            np.ascontiguousarray(part if old.dtype.kind != "f" else np.ldexp(part, -t.format.frac), old.dtype)
            for part, old, t in parts
        ]

    def from_kept(vectors: Vector) -> list[Array]:
        parts = zip(np.split(vectors, ends, axis=1), given, strict=True)
        return [np.where(part != 0, old, np.zeros_like(old)) for part, old in parts]

    forms: list[tuple[Vector, Decode]] = [(np.concatenate(raws, axis=1)[0], from_raw)]
    if given[0].dtype.kind == "f":
        kept = np.concatenate([old != 0 for old in given], axis=1)[0]
        forms.append((kept.astype(np.int64), from_kept))
    return forms


def _raw(array: Array, tensor: Tensor) -> Vector:
    if array.dtype.kind != "f":
        return array.astype(np.int64)
    return quantize_float(array.astype(np.float64), tensor.format)


def _nonzero(arrays: list[Array]) -> int:
    return sum(int(np.count_nonzero(array)) for array in arrays)


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


def _describe_event(example: Counterexample) -> list[str]:
    before, after = example.nonzero
    how = f"{before} before, {example.calls} calls of the reference" if example.calls else "as it was given"
    lines = [f"smallest event found: {after} of its numbers not zero ({how})"]
    values = [(name, i, raw) for name, raws in example.inputs.items() for i, raw in enumerate(raws) if raw]
    lines += [f"  {name}[{i}] = {raw} raw" for name, i, raw in values[:_SHOWN]]
    if len(values) > _SHOWN:
        lines.append(f"  and {len(values) - _SHOWN} more")
    return lines
