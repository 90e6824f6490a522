"""The walk over an ONNX graph: which operator is emitted by which handler, and what is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NoReturn

import numpy as np

from bxnn._core import Builder, Error, Format, InputError, UnsupportedError
from bxnn._core import Model as CoreModel

from . import elementwise, linear, quantizers, selection, shape
from .emit import Emit
from .exact import Line, Tensor, rationals
from .inputs import input_format
from .node import Node, Operand, text
from .source import read_model
from .types import REAL, Type, held, name_of, result_types, type_of

_STANDARD = ("", "ai.onnx")
_QONNX = ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")

_QUANTIZERS: Mapping[str, Callable[[Node], Operand | list[Operand]]] = {
    "Quant": quantizers.quant,
    "IntQuant": quantizers.quant,
    "BipolarQuant": quantizers.bipolar_quant,
    "Trunc": quantizers.trunc,
}

_OPERATORS: Mapping[str, Callable[[Node], Operand | list[Operand]]] = {
    "Add": elementwise.add,
    "ArgMax": selection.argmax,
    "ArgMin": selection.argmin,
    "AveragePool": linear.average_pool,
    "BatchNormalization": linear.batch_normalization,
    "Cast": elementwise.cast,
    "Clip": elementwise.clip,
    "Concat": shape.concat,
    "Constant": shape.constant,
    "Conv": linear.conv,
    "Div": elementwise.div,
    "Dropout": elementwise.dropout,
    "Expand": shape.expand,
    "Flatten": shape.flatten,
    "Gather": shape.gather,
    "Gemm": linear.gemm,
    "GlobalAveragePool": linear.global_average_pool,
    "GlobalMaxPool": linear.global_max_pool,
    "Identity": elementwise.identity,
    "MatMul": linear.matmul,
    "MaxPool": linear.max_pool,
    "Mul": elementwise.mul,
    "Neg": elementwise.neg,
    "Pad": shape.pad,
    "Relu": elementwise.relu,
    "Reshape": shape.reshape,
    "Shape": shape.shape_of,
    "Sign": quantizers.sign,
    "Slice": shape.slices,
    "Split": shape.split,
    "Squeeze": shape.squeeze,
    "Sub": elementwise.sub,
    "TopK": selection.top_k,
    "Transpose": shape.transpose,
    "Unsqueeze": shape.unsqueeze,
}

_IRRATIONAL = frozenset(
    {"Elu", "Erf", "Exp", "Gelu", "Log", "LogSoftmax", "Selu", "Sigmoid", "Softmax", "Softplus", "Softsign"}
    | {"Sqrt", "Tanh"}
)

SUPPORTED_OPERATORS = tuple(sorted({*_OPERATORS, *_QUANTIZERS}))


def read_graph(source: Any, formats: Mapping[str, Format | str], name: str | None) -> CoreModel:
    """The core model of a QONNX graph; arguments and errors are those of `bxnn.from_qonnx`."""
    try:
        proto, stem = read_model(source)
    except ImportError as error:
        raise ImportError(f"{error}; reading QONNX needs the package onnx: pip install onnx") from error
    builder = Builder(name or stem)
    for key, value in _metadata(proto).items():
        builder.set_meta(key, value)
    if not isinstance(formats, Mapping):
        raise InputError(f"formats: expected a dictionary by input, got {type(formats).__name__}")
    _Walk(proto, builder).run({k: _format(k, f) for k, f in formats.items()})
    return builder.build()


def _format(name: str, given: Format | str) -> Format:
    if isinstance(given, Format):
        return given
    try:
        return Format.parse(str(given))
    except (Error, ValueError) as error:
        raise InputError(f"formats['{name}']: expected a format such as 'fixed<16,6>': {error}") from None


def _metadata(proto: Any) -> dict[str, str]:
    return {
        "origin": "qonnx",
        "producer": f"{text(proto.producer_name)} {text(proto.producer_version)}".strip() or "unknown",
        "graph_hash": hashlib.sha256(proto.graph.SerializeToString(deterministic=True)).hexdigest(),
    }


class _Walk:
    """One pass over the nodes; `known` has the operands by name."""

    def __init__(self, proto: Any, builder: Any) -> None:
        self.graph, self.builder = proto.graph, builder
        self.opsets = {text(entry.domain): int(entry.version) for entry in proto.opset_import}
        self.known: dict[str, Operand] = {}
        self.types: dict[str, Type] = {}
        self.work = f"graph '{text(proto.graph.name)}'"
        self.emit = Emit(builder, self.refuse)

    def refuse(self, reason: str) -> NoReturn:
        raise UnsupportedError(f"{self.work}: {reason}")

    def run(self, formats: Mapping[str, Format]) -> None:
        self._constants()
        nodes = [self._node(proto) for proto in self.graph.node]
        entries = [entry for entry in self.graph.input if text(entry.name) not in self.known]
        inputs = [text(entry.name) for entry in entries]
        if unknown := set(formats) - set(inputs):
            raise InputError(f"formats: no input '{min(unknown)}'; the inputs are {', '.join(inputs)}")
        rest = [node for node in nodes if not self._fold(node)]
        outputs = {text(entry.name) for entry in self.graph.output}
        for entry in entries:
            self._input(entry, input_format(text(entry.name), rest, outputs, formats))
        for node in rest:
            self._compute(node)
        for entry in self.graph.output:
            self._output(text(entry.name))

    def _fold(self, node: Node) -> bool:
        """Compute a node now if its operands are constants."""
        constant = all(name in self.known for name in node.inputs if name)
        if constant:
            self._compute(node)
        return constant

    def _constants(self) -> None:
        import onnx

        for tensor in self.graph.initializer:
            name = text(tensor.name)
            self.work = f"initializer '{name}'"
            try:
                array = onnx.numpy_helper.to_array(tensor)
            except Exception as error:  # sizes that do not fit the data, data beside the file, unknown types
                self.refuse(f"its data can't be read: {error}")
            self.known[name] = self._exact(array)
            self.types[name] = type_of(tensor.data_type) or REAL

    def _exact(self, array: Any) -> Operand:
        if np.asarray(array).dtype.kind not in "fiub":
            self.refuse(f"its elements are {array.dtype}; supported are integers and floats")
        try:
            return rationals(array)
        except ValueError as error:
            self.refuse(str(error))

    def _node(self, proto: Any) -> Node:
        domain = text(proto.domain)
        node = Node(proto, self.emit, self.known, self.types, self.opsets.get(domain, 1))
        self.work = f"node '{node.name}' ({node.kind})"
        own = domain in _QONNX and node.kind in _QUANTIZERS
        if not own and not (domain in _STANDARD and node.kind in _OPERATORS):
            place = f" of domain '{domain}'" if domain not in _STANDARD else ""
            if node.kind in _IRRATIONAL:
                self.refuse(
                    "its numbers are not rational, so that a QONNX graph does not define them exactly; "
                    "end the graph before it, or take the firmware's tables: bxnn.convert"
                )
            self.refuse(
                f"this operator{place} is not supported; supported are {', '.join(SUPPORTED_OPERATORS)}"
            )
        return node

    def _compute(self, node: Node) -> None:
        self.work = f"node '{node.name}' ({node.kind})"
        handler = _QUANTIZERS.get(node.kind) or _OPERATORS[node.kind]
        try:
            kinds = result_types(node)
            made = handler(node)
            results = made if isinstance(made, list) else [made]
            results = [held(node, x, kind) for x, kind in zip(results, kinds, strict=False)]
        except UnsupportedError as error:
            if str(error).startswith(self.work):
                raise
            self.refuse(str(error))
        except (Error, ValueError, IndexError, OverflowError) as error:  # of NumPy: shapes that do not fit
            self.refuse(str(error))
        node.finish()
        for name, operand, kind in zip(node.outputs, results, kinds, strict=False):
            if name in self.known:
                self.refuse(f"its output '{name}' exists already")
            self.known[name], self.types[name] = operand, kind
        if node.kind in _QUANTIZERS:
            self._probe(node.outputs[0])

    def _probe(self, name: str) -> None:
        x = self.known[name]
        if isinstance(x, Tensor) and name not in {text(entry.name) for entry in self.graph.output}:
            edge = self.emit.edge(x)
            if edge.plain:
                self.builder.probe(self._shaped(edge.value, x.shape), name)

    def _input(self, entry: Any, fmt: Format) -> None:
        self.work = f"input '{text(entry.name)}'"
        number = entry.type.tensor_type.elem_type
        kind = type_of(number)
        if kind is None:
            self.refuse(f"its elements are {name_of(number)}; supported are integers and floats")
        dims = entry.type.tensor_type.shape.dim
        sizes = [int(d.dim_value) if d.HasField("dim_value") else 0 for d in dims]
        if not sizes or any(n < 1 for n in sizes[1:]):
            self.refuse(f"its shape {sizes} is not known (0 is unknown); expected [1, ...] or [batch, ...]")
        if sizes[0] > 1:
            self.refuse(f"its shape is {sizes}; expected a batch of one, or a batch of no stated size, first")
        size = 1
        for n in sizes[1:]:
            size *= n
        self.emit.require_size(size)
        shape = (1, *sizes[1:])
        value = self.builder.input(text(entry.name), shape[1:] or (1,), fmt)
        flat = self.builder.gather([value], np.arange(size, dtype=np.int32), shape=[size])
        name = text(entry.name)
        self.known[name] = Tensor(int(flat), np.full(shape, self.emit.number(Line()), np.int32))
        self.types[name] = kind

    def _output(self, name: str) -> None:
        self.work = f"output '{name}'"
        x = self.known.get(name)
        if x is None:
            self.refuse("no node computes it")
        if not isinstance(x, Tensor):
            self.refuse("it is a constant")
        edge = self.emit.edge(x)
        self.builder.output(self._shaped(edge.value, x.shape), name)
        if not edge.plain:
            self.builder.set_meta(f"scale:{name}", _spelled(edge.scale))
        if any(edge.offset):
            self.builder.set_meta(f"offset:{name}", _spelled(edge.offset))

    def _shaped(self, value: int, shape: tuple[int, ...]) -> int:
        """The value in the shape of one event."""
        event = shape[1:] if shape and shape[0] == 1 else shape
        size = int(np.prod(shape))
        return int(self.builder.gather([value], np.arange(size, dtype=np.int32), shape=list(event or (1,))))


def _spelled(scale: Sequence[Fraction]) -> str:
    short = scale[:1] if all(s == scale[0] for s in scale) else scale
    return " ".join(f"{s.numerator}/{s.denominator}" for s in short)
