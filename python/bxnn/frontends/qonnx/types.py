"""Element types: the numbers that a tensor of ONNX may hold, and the types of an operator's results.

Numbers of floating point are taken as real ones. Integers stay integers: ONNX divides them toward zero and
wraps what leaves their type. Constants are wrapped here; a computed tensor that may have to be is refused.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .exact import Rationals, Tensor, rationals

if TYPE_CHECKING:
    from .node import Node, Operand


class Type(NamedTuple):
    """An element type; its bits are 0 for floating point."""

    name: str
    bits: int = 0
    signed: bool = False

    @property
    def low(self) -> int:
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def high(self) -> int:
        return self.low + (1 << self.bits) - 1


REAL = Type("floating point")
INT64 = Type("INT64", 64, True)

_TYPES = {
    "BOOL": Type("BOOL", 1),
    **dict.fromkeys(("FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16"), REAL),
    **{f"INT{n}": Type(f"INT{n}", n, True) for n in (4, 8, 16, 32, 64)},
    **{f"UINT{n}": Type(f"UINT{n}", n) for n in (4, 8, 16, 32, 64)},
}

_TWO = slice(2)
_ALIKE = {  # the operands that have to be of one type
    "Add": _TWO, "Clip": slice(3), "Concat": slice(None), "Div": _TWO, "MatMul": _TWO, "Mul": _TWO,
    "Pad": slice(0, 3, 2), "Sub": _TWO,
}  # fmt: skip
_LEAVING = frozenset({"Add", "Div", "MatMul", "Mul", "Neg", "Sub"})  # the result may leave a type of integers
_REAL = frozenset({"AveragePool", "BatchNormalization", "Conv", "Gemm", "GlobalAveragePool"})


def name_of(number: int) -> str:
    """The name of an `onnx.TensorProto.DataType`."""
    import onnx

    known = number in onnx.TensorProto.DataType.values()
    return str(onnx.TensorProto.DataType.Name(number)) if known else str(number)


def type_of(number: int) -> Type | None:
    """The type of that number; None where it is not supported."""
    return _TYPES.get(name_of(number))


def result_types(node: Node) -> list[Type]:
    """The types of a node's results. Refuses operands of types that the operator does not take."""
    if node.kind in ("Quant", "IntQuant", "BipolarQuant", "Trunc"):
        return [REAL]
    if node.kind == "Constant":
        return [_of_constant(node)]
    if node.kind == "Cast":
        return [type_of(node.attribute("to", 0)) or REAL]  # others are refused by the cast
    if node.kind in ("ArgMax", "ArgMin", "Shape"):
        return [INT64]
    first = node.type(0)
    for i in range(len(node.inputs))[_ALIKE.get(node.kind, slice(1))]:
        if node.has(i) and node.type(i) != first:
            node.refuse(
                f"its operands '{node.inputs[0]}' and '{node.inputs[i]}' are of types {first.name} and "
                f"{node.type(i).name}; expected one type; cast one of them"
            )
    if (node.kind in _REAL and first != REAL) or (node.kind in _LEAVING and first.name == "BOOL"):
        node.refuse(f"its operand '{node.inputs[0]}' is of type {first.name}, not supported here; cast it")
    return [first, INT64] if node.kind == "TopK" else [first] * len(node.outputs)


def _of_constant(node: Node) -> Type:
    value = node.attribute("value", None)
    if value is not None:
        return type_of(getattr(value, "data_type", 0)) or REAL  # others are refused with their numbers
    whole = node.attribute("value_int", None), node.attribute("value_ints", None)
    return REAL if whole == (None, None) else INT64


def wrapped(x: Rationals, kind: Type) -> Rationals:
    """Integers as their type holds them."""
    return rationals([(int(n) - kind.low) % (1 << kind.bits) + kind.low for n in x.flat]).reshape(x.shape)


def held(node: Node, x: Operand, kind: Type) -> Operand:
    """A result as its type holds it."""
    if kind == REAL or node.kind not in _LEAVING:
        return x
    if not isinstance(x, Tensor):
        return wrapped(x, kind)
    step = Fraction(2) ** -node.emit.builder.format_of(x.value).frac
    ends = [end * step for end in node.emit.range_of(x.value)]
    lines = [node.emit.lines[k] for k in np.unique(x.lines)]
    if any((n.slope * step).denominator != 1 or n.offset.denominator != 1 for n in lines):
        node.refuse(
            f"its result is of type {kind.name}, but the formats of the inputs let it be no integer; "
            "state formats without fractional bits"
        )
    for reached in (line.at(end) for line in lines for end in ends):
        if not kind.low <= reached <= kind.high:
            node.refuse(
                f"its result may be as far as {reached}, beyond {kind.name} ({kind.low} to {kind.high}), "
                "where ONNX wraps; cast its operands to a wider type, or state narrower formats of the inputs"
            )
    return x
