"""The graph of a model, read from its .bxnn bytes (docs/spec/file-format.md): nodes, attributes, marks.

The bytes come from `Model.to_bytes`, so they are known to be sound: nothing is checked again here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn._core import Format
from bxnn.model import Model

_ROUNDS = ("TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV")
_OVERFLOWS = ("WRAP", "SAT", "SAT_ZERO", "SAT_SYM")
_BINARY_KINDS = ("add", "sub", "mul", "min", "max", "lt", "le", "gt", "ge", "eq", "ne")
_REDUCE_KINDS = ("sum", "max", "min", "argmax")
_ORDERS = ("sequential", "tree")

# Operations by code; attributes in the order of the file, each with its name and kind of field: a letter of
# `struct`, the names of a code, or one of the kinds that _Reader has a method for.
_OPERATIONS: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...] = (
    ("input", (("format", "format"),)),
    ("constant", (("type", "format"), ("raw", "integers"))),
    ("cast", (("formats", "formats"), ("shift", "i"))),
    (
        "dot",
        (
            *((name, "I") for name in ("positions", "filters", "terms", "groups")),
            *(("weights", "integers"), ("w_frac", "i"), ("bias", "integers"), ("b_frac", "i")),
            *(("index", "integers"), ("group", "integers"), ("product", "optional"), ("accum", "optional")),
        ),
    ),
    ("gather", (("index", "integers"), ("fill", "q"))),
    ("lut", (("type", "format"), ("first", "q"), ("table", "integers"))),
    ("binary", (("kind", _BINARY_KINDS), ("format", "optional"))),
    ("select", (("format", "optional"),)),
    (
        "reduce",
        (
            ("kind", _REDUCE_KINDS),
            *((name, "I") for name in ("outer", "size", "inner")),
            *(("accum", "optional"), ("order", _ORDERS)),
        ),
    ),
)


@dataclass(frozen=True)
class Node:
    """One operation and the value it makes; attributes are named as in docs/spec/file-format.md."""

    operation: str
    name: str
    operands: tuple[int, ...]
    shape: tuple[int, ...]
    type: Format
    attributes: dict[str, Any]

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def label(self) -> str:
        """The operation, with its kind where it has kinds."""
        kind = self.attributes.get("kind")
        return f"{self.operation} {kind}" if kind else self.operation


@dataclass(frozen=True)
class Graph:
    """Nodes are numbered as in `Model.dump()`; marks are (node, name).

    The golden arrays are raw integers [events, elements], one for each input or output.
    """

    name: str
    nodes: tuple[Node, ...]
    outputs: tuple[tuple[int, str], ...]
    probes: tuple[tuple[int, str], ...]
    golden_inputs: tuple[NDArray[np.int64], ...]
    golden_outputs: tuple[NDArray[np.int64], ...]

    @property
    def inputs(self) -> tuple[int, ...]:
        return tuple(i for i, node in enumerate(self.nodes) if node.operation == "input")

    @property
    def constants(self) -> frozenset[int]:
        """Nodes whose value depends on no input."""
        found: set[int] = set()
        for i, node in enumerate(self.nodes):
            if node.operation != "input" and found.issuperset(node.operands):
                found.add(i)
        return frozenset(found)

    def owners(self) -> dict[int, str]:
        """For every node that a result depends on: the first layer, else output, that needs it."""
        found: dict[int, str] = {}
        for mark, name in [*sorted(self.probes), *sorted(self.outputs)]:
            waiting = [mark]
            while waiting:
                node = waiting.pop()
                if node not in found:
                    found[node] = name
                    waiting += self.nodes[node].operands
        return found


def graph_of(model: Model) -> Graph:
    """The graph of a model."""
    return _Reader(model.to_bytes()).graph()


class _Reader:
    """Walks the program section; arrays are views of the blob section."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at, self._blobs = struct.unpack_from("<QQ", data, 32)

    def graph(self) -> Graph:
        name = self._text()
        for _ in range(2 * self._number("I")):  # keys and values of the metadata
            self._text()
        nodes = tuple(self._node() for _ in range(self._number("I")))
        outputs, probes = self._marks(), self._marks()
        events = self._number("Q")
        inputs = sum(node.operation == "input" for node in nodes)
        golden = [self._integers().reshape(events, -1) for _ in range(inputs + len(outputs) if events else 0)]
        return Graph(name, nodes, outputs, probes, tuple(golden[:inputs]), tuple(golden[inputs:]))

    def _number(self, code: str) -> int:
        (value,) = struct.unpack_from("<" + code, self._data, self._at)
        self._at += struct.calcsize("<" + code)
        return int(value)

    def _text(self) -> str:
        length = self._number("I")
        self._at += length
        return self._data[self._at - length : self._at].decode("utf-8")

    def _format(self) -> Format:
        width, integer = self._number("i"), self._number("i")
        signed, rounding, overflow = self._number("B"), self._number("B"), self._number("B")
        return Format(width, integer, bool(signed), _ROUNDS[rounding], _OVERFLOWS[overflow])

    def _integers(self) -> NDArray[np.int64]:
        width, count, offset = self._number("B"), self._number("Q"), self._number("Q")
        array = np.frombuffer(self._data, f"<i{width}", count, self._blobs + offset)
        return array.astype(np.int64)

    def _attribute(self, kind: Any) -> Any:
        if isinstance(kind, tuple):
            return kind[self._number("B")]
        if kind == "format":
            return self._format()
        if kind == "optional":
            return self._format() if self._number("B") else None
        if kind == "formats":
            return tuple(self._format() for _ in range(self._number("I")))
        if kind == "integers":
            return self._integers()
        return self._number(kind)

    def _node(self) -> Node:
        operation, attributes = _OPERATIONS[self._number("B")]
        name = self._text()
        operands = tuple(self._number("I") for _ in range(self._number("I")))
        shape = tuple(self._number("I") for _ in range(self._number("I")))
        type = self._format()
        return Node(operation, name, operands, shape, type, {n: self._attribute(k) for n, k in attributes})

    def _marks(self) -> tuple[tuple[int, str], ...]:
        return tuple((self._number("I"), self._text()) for _ in range(self._number("I")))
