"""What the trigger does in front of a network and behind it, put into the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bxnn._core import Builder, Format, InputError
from bxnn.constants import real_constant
from bxnn.inspect_graph import Graph, Node, graph_of
from bxnn.model import Model
from bxnn.score import Score

__all__ = ["InputScaling", "Score", "Step", "compose"]

# Appends operations to a graph whose values have names; gives the id of its result.
Step = Callable[[Builder, Mapping[str, int]], int]


_FORMATS = ("offset_format", "sum_format", "scale_format", "product_format")


@dataclass(frozen=True, eq=False)
class InputScaling:
    """How firmware scales what arrives before it is cast to the format of the model's input.

        a = x + offset       cast to sum_format
        b = a * scale        cast to product_format; then cast to the input's format, with its modes

    arrives: format of the numbers that arrive; Format(16, 16) are 16-bit integers.
    offset, scale: real numbers, one or one for each element of the input. They are cast to offset_format and
        scale_format, and are exact without one. A shift is a scale by a power of two, `np.ldexp(1.0, shift)`;
        a shift within a type, which drops what leaves it, has that type as product_format.

    A format that is not stated leaves its cast out, so nothing is lost before the input's own cast.
    """

    arrives: Format
    offset: ArrayLike = 0.0
    scale: ArrayLike = 1.0
    offset_format: Format | None = None
    sum_format: Format | None = None
    scale_format: Format | None = None
    product_format: Format | None = None

    def __post_init__(self) -> None:
        for field in ("arrives", *_FORMATS):
            value = getattr(self, field)
            if not isinstance(value, Format) and (value is not None or field == "arrives"):
                raise InputError(f"{field}: expected a bxnn.Format, got {type(value).__name__} {value!r}")

    def __call__(self, builder: Builder, x: int) -> int:
        """Append the scaling of value x; the id of the result, before the cast to the input's format."""
        shape = builder.shape_of(x)
        if self.sum_format is not None or not np.array_equal(self.offset, 0.0):
            offset = real_constant(builder, self.offset, self.offset_format, shape, "offset")
            x = builder.binary("add", x, offset, self.sum_format)
        scale = real_constant(builder, self.scale, self.scale_format, shape, "scale")
        return builder.binary("mul", x, scale, self.product_format)


def compose(
    model: Model, *, before: Mapping[str, InputScaling] | None = None, after: Mapping[str, Step] | None = None
) -> Model:
    """A model with exact steps in front of the inputs and behind the outputs of another.

    before: scalings by the name of an input, which then takes what arrives (`InputScaling.arrives`).
    after: steps by the name of the output that each adds, behind the outputs that are there: `Score`s, or any
        function of a `Builder` and the ids of the model's outputs, layers and inputs (as the network sees
        them) by name. A name that stands for two different values is left out.

    Names, layers and metadata stay; golden vectors, which belong to the model alone, do not: add new ones
    with `with_golden`. Raises InputError for a name, shape or number that does not fit, GraphError for steps
    that are not exact in 126 bits, UnsupportedError for outputs wider than 64 bits.
    """
    graph = graph_of(model)
    before, after = _mapping("before", before), _mapping("after", after)
    _require_known("before", before, [tensor.name for tensor in model.inputs])
    for name, scaling in before.items():
        if not isinstance(scaling, InputScaling):
            raise InputError(f"before['{name}']: expected an InputScaling, got {type(scaling).__name__}")
    for name, step in after.items():
        if not isinstance(name, str) or not name:
            raise InputError(f"after: expected a name for each output, got {name!r}")
        if not callable(step):
            raise InputError(f"after['{name}']: expected a Score or a function, got {type(step).__name__}")
        if name in (output for _, output in graph.outputs):
            raise InputError(f"after: the model has an output '{name}' already; take another name")
    builder = Builder(graph.name)
    for key, text in model.meta.items():
        builder.set_meta(key, text)
    inputs: dict[str, int] = {}
    for tensor in model.inputs:
        scaling, fmt = before.get(tensor.name), tensor.format
        arrived = builder.input(tensor.name, tensor.shape, scaling.arrives if scaling else fmt)
        inputs[tensor.name] = builder.cast(scaling(builder, arrived), fmt) if scaling else arrived
    ids = replay(graph, builder, inputs)
    for number, layer in graph.probes:
        builder.probe(ids[number], layer)
    values = value_names(graph, ids)
    for node, name in graph.outputs:
        builder.output(ids[node], name)
    for name, step in after.items():
        made = step(builder, values)
        if not isinstance(made, int) or made < 0:
            raise InputError(f"after['{name}']: expected the id of a value from the step, got {made!r}")
        builder.output(made, name)
    return Model(builder.build())


def _mapping(what: str, given: Any) -> dict[str, Any]:
    if given is not None and not isinstance(given, Mapping):
        raise InputError(f"{what}: expected a dictionary by name, got {type(given).__name__}")
    return dict(given or {})


def _require_known(what: str, given: Mapping[str, Any], names: Sequence[str]) -> None:
    unknown = [name for name in given if name not in names]
    if unknown:
        raise InputError(f"{what}: no input '{unknown[0]}'; the inputs are {', '.join(names)}")


def replay(graph: Graph, builder: Builder, inputs: Mapping[str, int]) -> list[int]:
    """Emit the operations of a graph on values that are there; the id of each of its nodes.

    inputs: by the name of an input, a value of its number of elements and its format.
    """
    ids: list[int] = []
    for node in graph.nodes:
        emit = _EMIT.get(node.operation)
        operands = [ids[i] for i in node.operands]
        ids.append(emit(builder, node, operands) if emit else inputs[node.name])
    return ids


def value_names(graph: Graph, ids: Sequence[int]) -> dict[str, int]:
    """Inputs, layers and outputs by name; without names that stand for different values."""
    named: dict[str, set[int]] = {}
    inputs = [(i, graph.nodes[i].name) for i in graph.inputs]
    for node, name in (*inputs, *graph.probes, *graph.outputs):
        named.setdefault(name, set()).add(ids[node])
    return {name: found.pop() for name, found in named.items() if len(found) == 1}


def _constant(builder: Builder, node: Node, operands: list[int]) -> int:
    a = node.attributes
    return builder.constant(a["raw"].reshape(node.shape), a["type"], name=node.name)


def _cast(builder: Builder, node: Node, operands: list[int]) -> int:
    formats = node.attributes["formats"]
    target = formats[0] if len(formats) == 1 else list(formats)
    return builder.cast(operands[0], target, shift=node.attributes["shift"], name=node.name)


def _dot(builder: Builder, node: Node, operands: list[int]) -> int:
    a = node.attributes
    return builder.dot(
        operands[0],
        a["weights"].reshape(a["groups"], a["filters"], a["terms"]),
        a["w_frac"],
        a["bias"].reshape(a["groups"], a["filters"]),
        a["b_frac"],
        index=a["index"].reshape(a["positions"], a["terms"]).astype(np.int32),
        group=a["group"].astype(np.int32),
        product=a["product"],
        accum=a["accum"],
        shape=node.shape,
        name=node.name,
    )


def _gather(builder: Builder, node: Node, operands: list[int]) -> int:
    a = node.attributes
    return builder.gather(
        operands, a["index"].astype(np.int32), fill=a["fill"], shape=node.shape, name=node.name
    )


def _lut(builder: Builder, node: Node, operands: list[int]) -> int:
    a = node.attributes
    return builder.lut(operands[0], a["table"], a["first"], a["type"], name=node.name)


def _binary(builder: Builder, node: Node, operands: list[int]) -> int:
    a, b = operands
    return builder.binary(node.attributes["kind"], a, b, node.attributes["format"], name=node.name)


def _select(builder: Builder, node: Node, operands: list[int]) -> int:
    c, a, b = operands
    return builder.select(c, a, b, node.attributes["format"], name=node.name)


def _reduce(builder: Builder, node: Node, operands: list[int]) -> int:
    a = node.attributes
    return builder.reduce(
        a["kind"],
        operands[0],
        a["outer"],
        a["size"],
        a["inner"],
        accum=a["accum"],
        order=a["order"],
        shape=node.shape,
        name=node.name,
    )


_EMIT: Mapping[str, Callable[[Builder, Node, list[int]], int]] = {
    "constant": _constant,
    "cast": _cast,
    "dot": _dot,
    "gather": _gather,
    "lut": _lut,
    "binary": _binary,
    "select": _select,
    "reduce": _reduce,
}
