"""Where a float network and its fixed-point model part ways, layer by layer."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bxnn._core import InputError, Tensor
from bxnn.keras_layers import is_keras_model, layer_values
from bxnn.model import Events, Model, float64_holds

Array = NDArray[Any]
Traces = Mapping[str, ArrayLike]

_FIRST_EVENTS = 5


@dataclass(frozen=True)
class Departure:
    """An event in which a layer is off by more than an LSB, at the neuron where it is off most."""

    event: int
    neuron: int
    float_value: float
    model_value: float


@dataclass(frozen=True)
class LayerComparison:
    """One layer or output, model minus float, over all its values.

    mean, max: absolute difference; mean_lsb, max_lsb: in units of the format's last bit. correlation: None if
    either side is constant. off: values that differ by more than an LSB. first: the first such events.
    """

    name: str
    kind: str
    format: str
    values: int
    mean: float
    max: float
    mean_lsb: float
    max_lsb: float
    correlation: float | None
    off: int
    first: tuple[Departure, ...]

    @property
    def share(self) -> float:
        """Of the values that are off by more than an LSB."""
        return self.off / self.values


@dataclass(frozen=True)
class Comparison:
    """What `compare` found. Layers come before outputs, in the order of computation."""

    model: str
    events: int
    layers: tuple[LayerComparison, ...]
    notes: tuple[str, ...] = ()

    @property
    def first(self) -> LayerComparison | None:
        """The first layer, else output, of which a value is off by more than an LSB."""
        return next((layer for layer in self.layers if layer.off), None)

    def to_json(self) -> str:
        """The comparison as one JSON object."""
        document = asdict(self)
        for layer, found in zip(document["layers"], self.layers, strict=True):
            layer["share"] = found.share
        return json.dumps(document, indent=2, allow_nan=False)

    def __str__(self) -> str:
        from bxnn.compare_view import as_text

        return as_text(self)

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Write a picture: for every layer the difference in LSBs, and the share of values off by more."""
        from bxnn.compare_view import draw

        draw(self, path)


def compare(
    float_model: Model | Callable[[Any], Traces] | Traces | Any, model: Model, x: Events
) -> Comparison:
    """Compare every layer's real numbers with those of a float network for the same events.

    float_model: a Keras or QKeras model; a function that takes x and gives arrays by layer name; such arrays,
        as hls4ml's traces are; or another Model, with more bits say. Names are those of `model.layers` and
        `model.outputs`, arrays have N events and as many numbers in each as the layer.
    x: real numbers, at least one event, as for `Model.predict`. The float network sees them as they are.

    A Keras layer with an activation is compared in front of it as `name` and behind it as `name_activation`,
    as hls4ml splits it; a batch normalisation that hls4ml fused, under the name of the layer before it.
    Raises InputError if the shapes do not fit, if a float value is not finite, and if no layer has a name of
    the model's.
    """
    _, arrays = model.events(x, raw=False)
    events = len(arrays[0])
    if events == 0:
        raise InputError("compare needs at least one event, got none")
    tensors = [("layer", t) for t in model.layers]
    named = {t.name for t in model.layers}
    tensors += [("output", t) for t in model.outputs if t.name not in named]
    values, notes, automatic = _float_values(float_model, model, x, arrays)
    answers = _real_answers(model, arrays)
    found = []
    for kind, tensor in tensors:
        where = f"{kind} '{tensor.name}'"
        if tensor.name not in values:
            if not any(note.startswith(f"'{tensor.name}' is not compared") for note in notes):
                notes.append(f"'{tensor.name}' is not compared: the float model has no layer of that name")
            continue
        reals = np.asarray(values[tensor.name])
        if reals.size != answers[tensor.name].size or len(reals) != events:
            text = f"expected {answers[tensor.name].shape[1]} float values for each of {events} events"
            if not automatic:
                raise InputError(f"{where}: {text}, got an array of shape {reals.shape}")
            notes.append(f"'{tensor.name}' is not compared: {text}, the float model gives {reals.shape}")
            continue
        if not float64_holds(tensor):
            notes.append(f"{where}: float64 holds 53 of the {tensor.format.width} bits, the rest is rounded")
        found.append(_compare(tensor, kind, answers[tensor.name], _finite(reals, where)))
    if not found:
        names = ", ".join(t.name for _, t in tensors)
        raise InputError(f"nothing to compare: the float model gives {sorted(values)}, the model has {names}")
    return Comparison(model.name, events, tuple(found), tuple(notes))


def _float_values(
    float_model: Any, model: Model, x: Events, arrays: list[Array]
) -> tuple[Traces, list[str], bool]:
    """Arrays by name, notes, and whether the names were found here rather than given."""
    if isinstance(float_model, Model):
        _, own = float_model.events(x, raw=False)
        return _real_answers(float_model, own), [], True
    if is_keras_model(float_model):
        inputs = {t.name: array for t, array in zip(model.inputs, arrays, strict=True)}
        names = {t.name for t in model.layers}
        values, notes = layer_values(float_model, inputs, names, model.outputs)
        return values, notes, True
    traces = float_model(x) if callable(float_model) else float_model
    if not isinstance(traces, Mapping):
        raise InputError(
            f"float_model: expected a Keras model, or arrays by layer name, or a function that gives them; "
            f"got {type(traces).__name__}"
        )
    return traces, [], False


def _real_answers(model: Model, arrays: list[Array]) -> dict[str, Array]:
    """Real numbers [N, n] of outputs and layers by name."""
    raws = model._core.run(arrays, trace=True, threads=0)
    tensors = [*model.outputs, *model.layers]
    return {
        t.name: np.ldexp(raw.astype(np.float64), -t.format.frac) for t, raw in zip(tensors, raws, strict=True)
    }


def _finite(reals: Array, where: str) -> NDArray[np.float64]:
    if reals.dtype.kind not in "fiub":
        raise InputError(f"{where}: expected real float values, got dtype {reals.dtype}")
    flat = reals.reshape(len(reals), -1).astype(np.float64)
    bad = ~np.isfinite(flat)
    if bad.any():
        event, neuron = map(int, np.argwhere(bad)[0])
        raise InputError(f"{where}, event {event}, neuron {neuron}: the float value is {flat[event, neuron]}")
    return flat


def _compare(tensor: Tensor, kind: str, ours: Array, reals: NDArray[np.float64]) -> LayerComparison:
    difference = np.abs(ours - reals)
    in_lsbs = np.ldexp(difference, tensor.format.frac)
    off = in_lsbs > 1
    first = []
    for event in np.flatnonzero(off.any(axis=1))[:_FIRST_EVENTS]:
        neuron = int(np.argmax(difference[event]))
        values = float(reals[event, neuron]), float(ours[event, neuron])
        first.append(Departure(int(event), neuron, *values))
    return LayerComparison(
        name=tensor.name,
        kind=kind,
        format=str(tensor.format),
        values=ours.size,
        mean=float(difference.mean()),
        max=float(difference.max()),
        mean_lsb=float(in_lsbs.mean()),
        max_lsb=float(in_lsbs.max()),
        correlation=_correlation(ours.ravel(), reals.ravel()),
        off=int(np.count_nonzero(off)),
        first=tuple(first),
    )


def _correlation(a: Array, b: Array) -> float | None:
    if a.min() == a.max() or b.min() == b.max():
        return None
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.linalg.norm(a) * np.linalg.norm(b))
    return None if scale == 0 else min(1.0, max(-1.0, float(np.dot(a, b)) / scale))
