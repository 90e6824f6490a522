"""What every cast of a model does to a sample: values wrapped, saturated, rounded; bits used and given."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn._core import Error, Format, InputError
from bxnn.exact import Seen, allowed, cast_reals, evaluate, merged, uncast
from bxnn.inspect_graph import Graph, graph_of
from bxnn.model import Events, Model

Array = NDArray[Any]

_CHUNK_NUMBERS = 1 << 21  # numbers in memory at a time, more or less


@dataclass(frozen=True)
class CastProfile:
    """All uses of one cast. Raw integers are on the grid of its format: r means r * 2**-frac.

    layer: the first layer that needs it. node: number of the operation in `Model.dump()`.
    role: 'input'; 'result' of an operation; in a sum with an accumulator 'product' (to the product's format),
        'bias' and 'term' (to the accumulator's), 'sum' (every addition).
    wrapped, saturated: values outside the format, by its overflow mode; lost: values not on its grid.
    changed: results that are not the number meant; in a sum overflows may cancel, so sums are counted.
    low, high: of the rounded numbers before they overflow, as if nothing had overflowed in the sum before;
        those of 'sum' are of its bias and terms as well.
    suggested: the format with just the integer bits with which nothing overflows, signed if a negative number
        needs it; None where that is the format itself, or more than 64 bits, and for 'bias' and 'term',
        whose format is that of 'sum'.
    integer_needed: its integer bits; None beyond 64 bits. fraction_used: fraction bits that are not zero in
        all results.
    """

    layer: str
    node: int
    operation: str
    role: str
    format: str
    integer: int
    fraction: int
    values: int
    wrapped: int
    saturated: int
    lost: int
    changed: int
    low: int
    high: int
    allowed_low: int
    allowed_high: int
    integer_needed: int | None
    fraction_used: int
    suggested: str | None


@dataclass(frozen=True)
class LayerProfile:
    """The values of a layer, or of an output that is no layer's: raw integers of its format.

    wrapped, saturated, lost: of all casts of the layer. integer_used: integer bits that the values need.
    at_limits: values at an end of the format's range; the zero of an unsigned format is none.
    constant: elements that have one value in all events.
    """

    name: str
    kind: str
    format: str
    values: int
    wrapped: int
    saturated: int
    lost: int
    low: int
    high: int
    allowed_low: int
    allowed_high: int
    integer: int
    fraction: int
    integer_used: int
    at_limits: int
    constant: int
    elements: int


@dataclass(frozen=True)
class Profile:
    """What `profile` found, layers and casts in the order of computation."""

    model: str
    events: int
    layers: tuple[LayerProfile, ...]
    casts: tuple[CastProfile, ...]

    @property
    def overflowed(self) -> int:
        """Values wrapped or saturated, in all casts."""
        return sum(cast.wrapped + cast.saturated for cast in self.casts)

    def to_json(self) -> str:
        """The profile as one JSON object; all numbers are exact."""
        return json.dumps({"overflowed": self.overflowed} | asdict(self), indent=2)

    def __str__(self) -> str:
        from bxnn.profile_view import as_text

        return as_text(self)

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Write a picture: for every cast the bits that its format has and the bits that the events use."""
        from bxnn.profile_view import draw

        draw(self, path)


def profile(model: Model, x: Events, *, raw: bool = False) -> Profile:
    """Count what every cast of the model's graph does to these events, exactly.

    x: at least one event, as for `Model.predict`, or with raw=True as for `Model.predict_raw`.

    Everything is computed in exact integers and compared with the model's own answers on the way. NumPy does
    it, so give a sample: a thousand events. Casts of constants and of biases are counted once.
    Raises InputError for events that do not fit the model, and for none.
    """
    if not isinstance(model, Model):
        raise InputError(f"profile: expected a bxnn.Model, got {type(model).__name__}")
    _, arrays = model.events(x, raw=raw)
    if len(arrays[0]) == 0:
        raise InputError("profile needs at least one event, got none")
    model._core.run(arrays)  # refuses what no input may be, naming the event
    graph = graph_of(model)
    tally = _Tally(graph)
    for chunk in _chunks(graph, arrays):
        tally.add(model, chunk)
    return tally.profile()


def needed(fmt: Format, low: int, high: int) -> Format | None:
    """fmt with just the integer bits that leave raw integers from low to high alone; None beyond 64 bits.

    It is signed where fmt is or low is negative, and has the modes of fmt.
    """
    signed = fmt.signed or low < 0
    least = max(1, max(high, 0).bit_length() + signed, (-low - 1).bit_length() + 1 if low < 0 else 1)
    for width in range(least, min(least + 1, 64) + 1):  # SAT_SYM may need one more
        found = Format(width, width - fmt.frac, signed, fmt.round, fmt.overflow)
        if allowed(found)[0] <= low:
            return found
    return None


def _chunks(graph: Graph, arrays: list[Array]) -> Iterator[list[Array]]:
    """Events, so many at a time that the values of all nodes fit in memory."""
    width = sum(node.size for node in graph.nodes) + max(node.size for node in graph.nodes) * 8
    size = max(1, _CHUNK_NUMBERS // width)
    for start in range(0, len(arrays[0]), size):
        yield [array[start : start + size] for array in arrays]


class _Tally:
    """Grows with every chunk of events."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.events = graph, 0
        self.fixed = graph.constants
        self.casts: dict[tuple[int, str, Format], Seen] = {}
        self.low: dict[int, Array] = {}
        self.high: dict[int, Array] = {}
        self.limits: dict[int, int] = {}

    def add(self, model: Model, arrays: list[Array]) -> None:
        graph = self.graph
        inputs = [self._input(i, array) for i, array in zip(graph.inputs, arrays, strict=True)]
        values = evaluate(graph, inputs, self._observe)
        events = len(arrays[0])
        answers = model._core.run(arrays, trace=True)
        for (node, name), answer in zip([*graph.outputs, *graph.probes], answers, strict=True):
            if not np.array_equal(np.broadcast_to(values[node], answer.shape), answer):
                raise Error(f"'{name}': the exact evaluation differs from the model's answer; report this")
        for node in {node for node, _ in [*graph.outputs, *graph.probes]}:
            self._value(node, np.broadcast_to(values[node], (events, graph.nodes[node].size)))
        self.events += events

    def _input(self, node: int, array: Array) -> Array:
        fmt: Format = self.graph.nodes[node].attributes["format"]
        if array.dtype.kind == "f":
            result, seen = cast_reals(array, fmt)
        else:
            result = array.astype(np.int64)
            seen = uncast(result)
        self._observe(node, "input", fmt, seen)
        return result

    def _observe(self, node: int, role: str, fmt: Format, seen: Seen) -> None:
        if self.events and (role == "bias" or node in self.fixed):
            return
        key = node, role, fmt
        self.casts[key] = merged(self.casts[key], seen) if key in self.casts else seen

    def _value(self, node: int, value: Array) -> None:
        fmt = self.graph.nodes[node].type
        low, high = value.min(axis=0), value.max(axis=0)
        self.low[node] = np.minimum(self.low.get(node, low), low)
        self.high[node] = np.maximum(self.high.get(node, high), high)
        ends = np.count_nonzero((value == fmt.max_raw) | (fmt.signed & (value == fmt.min_raw)))
        self.limits[node] = self.limits.get(node, 0) + int(ends)

    def profile(self) -> Profile:
        owners = self.graph.owners()
        order = {"input": 0, "product": 1, "bias": 2, "term": 3, "sum": 4, "result": 5}
        found = sorted(self.casts.items(), key=lambda item: (item[0][0], order[item[0][1]]))
        casts = [self._cast(owners.get(key[0], ""), *key, self._whole(key, seen)) for key, seen in found]
        probed = dict(self.graph.probes)
        marks = [("layer", node, name) for node, name in self.graph.probes]
        marks += [("output", node, name) for node, name in self.graph.outputs if node not in probed]
        layers = [self._layer(kind, node, name, casts) for kind, node, name in marks]
        return Profile(self.graph.name, self.events, tuple(layers), tuple(casts))

    def _whole(self, key: tuple[int, str, Format], seen: Seen) -> Seen:
        """A sum holds its bias and terms too."""
        node, role, fmt = key
        if role != "sum":
            return seen
        parts = [self.casts[node, part, fmt] for part in ("bias", "term") if (node, part, fmt) in self.casts]
        low, high = min(p.low for p in [seen, *parts]), max(p.high for p in [seen, *parts])
        return replace(seen, low=low, high=high)

    def _cast(self, layer: str, node: int, role: str, fmt: Format, seen: Seen) -> CastProfile:
        wraps = fmt.overflow == "WRAP"
        enough = needed(fmt, seen.low, seen.high)
        operation = self.graph.nodes[node]
        zeros = (seen.used & -seen.used).bit_length() - 1 if seen.used else max(fmt.frac, 0)
        return CastProfile(
            layer=operation.name if role == "input" else layer,
            node=node,
            operation=operation.label,
            role=role,
            format=str(fmt),
            integer=fmt.integer,
            fraction=fmt.frac,
            values=seen.values,
            wrapped=seen.overflowed if wraps else 0,
            saturated=0 if wraps else seen.overflowed,
            lost=seen.lost,
            changed=seen.changed,
            low=seen.low,
            high=seen.high,
            allowed_low=allowed(fmt)[0],
            allowed_high=allowed(fmt)[1],
            integer_needed=None if enough is None else enough.integer,
            fraction_used=fmt.frac - zeros,
            suggested=None if enough in (None, fmt) or role in ("bias", "term") else str(enough),
        )

    def _layer(self, kind: str, node: int, name: str, casts: list[CastProfile]) -> LayerProfile:
        fmt = self.graph.nodes[node].type
        low, high = self.low[node], self.high[node]
        own = [cast for cast in casts if cast.layer == name and cast.role != "input"]
        least, most = int(low.min()), int(high.max())
        enough = needed(fmt, least, most)
        return LayerProfile(
            name=name,
            kind=kind,
            format=str(fmt),
            values=self.events * len(low),
            wrapped=sum(cast.wrapped for cast in own),
            saturated=sum(cast.saturated for cast in own),
            lost=sum(cast.lost for cast in own),
            low=least,
            high=most,
            allowed_low=fmt.min_raw,
            allowed_high=fmt.max_raw,
            integer=fmt.integer,
            fraction=fmt.frac,
            integer_used=fmt.integer if enough is None else enough.integer,
            at_limits=self.limits[node],
            constant=int(np.count_nonzero(low == high)),
            elements=len(low),
        )
