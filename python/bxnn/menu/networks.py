"""Networks of a menu: their graphs replayed on the menu's inputs, in the same graph as the cuts."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from bxnn._core import Builder, Error, Format, ModelFileError
from bxnn.compose import InputScaling, Score, replay, value_names
from bxnn.document import PACKAGE, Node, closest, located
from bxnn.inspect_graph import graph_of
from bxnn.menu.operations import Fault, Operations, Value
from bxnn.model import Model

_SCALINGS = ("offset", "scale")
_SCALING_FORMATS = ("offset_format", "sum_format", "scale_format", "product_format")
_SCORE_FORMATS = (
    "minus_format", "difference", "weights_format", "product", "accum", "mean_format", "result"
)  # fmt: skip
_SUMS = ("sum_of_squares", "weighted_sum")


@dataclass(frozen=True)
class Network:
    """A network of a menu: where it came from, and its values in cuts by name."""

    name: str
    file: str
    sha256: str
    model: Model
    values: dict[str, Value]
    formats: dict[str, str]


def read_network(
    name: str, node: Node, folder: Path, sources: Mapping[str, int], operations: Operations
) -> Network:
    """Put the network into the graph.

    sources: values that may feed it, by the name of an input or an object of the menu.
    """
    keys = node.fields(("model",), ("inputs", "score"))
    file = keys["model"].text("the path of a .bxnn file, or package:NAME")
    model, sha256 = _load(keys["model"], file, folder)
    graph = graph_of(model)
    inputs = _inputs(node, keys.get("inputs"), model, sources, operations)
    ids = replay(graph, operations.builder, inputs)
    for number, layer in graph.probes:
        operations.builder.probe(ids[number], f"{name}.{layer}")
    values = {output: ids[number] for number, output in graph.outputs}
    if "score" in keys:
        values["score"] = _score(keys["score"], values, value_names(graph, ids), operations.builder)
    formats = {output: str(operations.builder.format_of(x)) for output, x in values.items()}
    known: dict[str, Value] = {}
    for output, x in values.items():
        try:
            known[output] = operations.known(x, f"{name}.{output}")
        except Fault as fault:
            node.fail(str(fault))
    return Network(name, file, sha256, model, known, formats)


def _load(node: Node, file: str, folder: Path) -> tuple[Model, str]:
    path = located(file, folder)
    try:
        data = path.read_bytes()
    except OSError as error:
        node.fail(
            f"can't read '{path}': {error.strerror or error}; a path is relative to the menu's folder, "
            f"{PACKAGE}NAME is a file of bxnn"
        )
    try:
        return Model.from_bytes(data), hashlib.sha256(data).hexdigest()
    except ModelFileError as error:
        node.fail(f"'{path}' is no model: {error}")


def _inputs(
    node: Node, given: Node | None, model: Model, sources: Mapping[str, int], operations: Operations
) -> dict[str, int]:
    names = [tensor.name for tensor in model.inputs]
    if given is None:
        node.fail(f"the key 'inputs' is missing; the network has the inputs {', '.join(names)}")
    feeds = given.fields(names)
    return {
        tensor.name: _fed(feeds[tensor.name], tensor.shape, tensor.format, model, sources, operations)
        for tensor in model.inputs
    }


def _fed(
    node: Node,
    shape: tuple[int, ...],
    fmt: Format,
    model: Model,
    sources: Mapping[str, int],
    operations: Operations,
) -> int:
    """The value of one input: what arrives, scaled, and cast to the input's format; once for equal inputs."""
    builder = operations.builder
    keys = node.fields(("from",), ("shift", *_SCALINGS, *_SCALING_FORMATS))
    parts = _sources(keys["from"], sources, builder)
    sizes = [prod(builder.shape_of(x)) for x in parts]
    if sum(sizes) != prod(shape):
        keys["from"].fail(f"expected {prod(shape)} numbers for the network's input, got {sum(sizes)}")
    scaling = _scaling(node, keys, sum(sizes), fmt, builder.format_of(parts[0]), model)

    def make() -> int:
        arrived = parts[0]
        if len(parts) > 1 or tuple(builder.shape_of(arrived)) != tuple(shape):
            index = np.arange(sum(sizes), dtype=np.int32)
            arrived = builder.gather(parts, index, shape=list(shape))
        return builder.cast(scaling(builder, arrived), fmt) if scaling else arrived

    numbers = [getattr(scaling, f.name) for f in dataclasses.fields(scaling)] if scaling else []
    key = (*parts, shape, str(fmt), *(str(np.asarray(number).tolist()) for number in numbers))
    try:
        return operations.shared(key, make)
    except (Fault, Error) as error:
        node.fail(str(error))


def _sources(node: Node, sources: Mapping[str, int], builder: Builder) -> list[int]:
    """One input or object of the menu, or several."""
    parts = node.items("names", 64) if isinstance(node.content, list) else [node]
    found: list[int] = []
    for part in parts:
        name = part.name("the name of an input or an object")
        if name not in sources:
            part.fail(f"no input or object '{name}'; there are {', '.join(sources)}{closest(name, sources)}")
        found.append(sources[name])
    if not found:
        node.fail("expected the name of an input or an object, or several, got none")
    if len({str(builder.format_of(x)) for x in found}) > 1:
        node.fail("these have different formats; feed a network from inputs of one format")
    return found


def _scaling(
    node: Node, keys: Mapping[str, Node], size: int, fmt: Format, arrives: Format, model: Model
) -> InputScaling | None:
    """None where the raw integers are those of the network's input already."""
    if "shift" in keys:
        others = [key for key in keys if key not in ("from", "shift")]
        if others:
            keys[others[0]].fail(f"'shift' and '{others[0]}' don't go together; a shift is a scale")
        shift = _shift(keys["shift"], size, model)
        if not shift.any() and _type(arrives) == _type(fmt):
            return None
        # the raw integer of the input is the raw integer that arrives, shifted
        return InputScaling(arrives, scale=np.ldexp(1.0, shift + (arrives.frac - fmt.frac)))
    if not any(key in keys for key in _SCALINGS):
        node.fail(
            "state how what arrives is scaled: 'shift: 0' hands the raw integers on, 'shift: meta' takes the "
            "shifts from the model, 'scale' and 'offset' are real numbers"
        )
    numbers = {key: _numbers(keys[key]) for key in _SCALINGS if key in keys}
    formats = {key: _format(keys[key]) for key in _SCALING_FORMATS if key in keys}
    return InputScaling(arrives, **numbers, **formats)  # type: ignore[arg-type]


def _type(fmt: Format) -> tuple[int, int, bool]:
    return fmt.width, fmt.integer, fmt.signed


def _shift(node: Node, size: int, model: Model) -> Any:
    """int64 [] or [size]: left shifts of the raw integers."""
    if node.content == "meta":
        text = model.meta.get("input_shift")
        if text is None:
            node.fail("the model's metadata have no 'input_shift'; state the shifts, one or one for each")
        try:
            stated = json.loads(text)
        except ValueError:
            stated = None
        shifts = stated if isinstance(stated, list) else [stated]
        if not all(type(one) is int and -64 <= one <= 64 for one in shifts):
            node.fail(f"the model's metadata 'input_shift' are no integers from -64 to 64: '{text[:60]}'")
        shift = np.array(stated, dtype=np.int64)
    elif isinstance(node.content, list):
        shift = np.array([item.integer(-64, 64) for item in node.items("shifts", 1 << 16)], dtype=np.int64)
    else:
        shift = np.array(node.integer(-64, 64), dtype=np.int64)
    if shift.ndim and shift.shape != (size,):
        node.fail(f"expected one shift or {size}, got {shift.size}")
    return shift


def _numbers(node: Node) -> list[float] | float:
    """One real number or several; how many there have to be is checked where they are used."""
    if isinstance(node.content, list):
        return [_real(item) for item in node.items("numbers", 1 << 16)]
    return _real(node)


def _real(node: Node) -> float:
    text = node.text("a number")
    try:
        return float(text)
    except ValueError:
        node.fail(f"expected a number, got '{text}'")


def _format(node: Node) -> Format:
    text = node.text("a format, as in ap_fixed<16,6>")
    return node.wrap(lambda: Format.parse(text))


def _score(node: Node, outputs: Mapping[str, int], values: Mapping[str, int], builder: Builder) -> int:
    """An output by name, or a sum over one (`compose.Score`)."""
    if isinstance(node.content, str):
        name = node.text()
        if name not in outputs:
            node.fail(
                f"the network has no output '{name}', only {', '.join(outputs)}{closest(name, outputs)}"
            )
        return outputs[name]
    keys = node.fields((), (*_SUMS, "weights", "minus", "mean", "order", *_SCORE_FORMATS))
    if sum(key in keys for key in _SUMS) != 1 or ("weights" in keys) != ("weighted_sum" in keys):
        node.fail(
            "expected the name of an output, 'sum_of_squares: NAME', or 'weighted_sum: NAME' with 'weights'"
        )
    if "score" in outputs:
        node.fail("the network has an output 'score' already; write 'score: score'")
    options: dict[str, Any] = {key: _format(keys[key]) for key in _SCORE_FORMATS if key in keys}
    of = keys.get("sum_of_squares") or keys["weighted_sum"]
    if "weights" in keys:
        options["weights"] = _numbers(keys["weights"])
    if "minus" in keys:
        minus = keys["minus"]
        is_name = isinstance(minus.content, str) and minus.content in values
        options["minus"] = minus.text() if is_name else _numbers(minus)
    if "mean" in keys:
        options["mean"] = keys["mean"].flag()
    if "order" in keys:
        order = keys["order"].text()
        if order not in ("sequential", "tree"):
            keys["order"].fail(f"expected sequential or tree, got '{order}'")
        options["order"] = order
    return node.wrap(lambda: Score(of.text("a name"), **options)(builder, values))
