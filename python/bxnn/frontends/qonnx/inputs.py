"""The format of a model's input: the one that its Quant node names, or the one that the caller states."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from bxnn._core import Format, UnsupportedError

from .exact import Rationals, exponent_of
from .node import Node
from .quantizers import bits_of, bounds_of, mode_of

_MOVES = frozenset({"Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Dropout", "Cast"})


def input_format(name: str, nodes: list[Node], outputs: set[str], stated: Mapping[str, Format]) -> Format:
    """Format of a graph's input. Raises UnsupportedError with the remedy where there is none."""
    if name in stated:
        return stated[name]
    remedy = f"; quantise it so, or state the format of the data: formats={{'{name}': 'fixed<16,6>'}}"
    names, readers = _readers(name, nodes)
    if names & outputs:
        raise UnsupportedError(f"input '{name}' is an output too, before it is quantised" + remedy)
    if not readers:
        raise UnsupportedError(f"input '{name}' is not used" + remedy)
    formats = set()
    for node in readers:
        if node.kind not in ("Quant", "IntQuant"):
            raise UnsupportedError(
                f"input '{name}' is read by node '{node.name}' ({node.kind}); expected a Quant node, which "
                "says what numbers arrive" + remedy
            )
        formats.add(_format(name, node, remedy))
    if len(formats) > 1:
        raise UnsupportedError(
            f"input '{name}' is quantised in different ways: {', '.join(sorted(map(str, formats)))}" + remedy
        )
    return formats.pop()


def _readers(name: str, nodes: list[Node]) -> tuple[set[str], list[Node]]:
    """The names of the input's numbers, through nodes that only move them, and who computes with them."""
    names, found = {name}, []
    for node in nodes:
        if node.inputs and node.inputs[0] in names and node.kind in _MOVES:
            names.update(node.outputs[:1])
        elif names & set(node.inputs) and node.kind != "Shape":
            found.append(node)
    return names, found


def _format(name: str, node: Node, remedy: str) -> Format:
    def refuse(reason: str) -> Any:
        raise UnsupportedError(f"input '{name}': its quantiser '{node.name}' {reason}" + remedy)

    scale, zero = node.constant(1), node.constant(2)
    bits, mode = bits_of(node, 3), mode_of(node, "ROUND")
    low, high = bounds_of(node, bits)
    signed = low < 0
    if zero.any():
        refuse("has a zero point; expected none")
    exponent = exponent_of(_only(scale) or Fraction(0))
    if exponent is None:
        refuse("has a scale that is no power of two, or several; expected one power of two")
    if not mode.fixed:
        refuse(f"rounds by {mode.name}, which no fixed-point type does")
    if signed and bits == 1:
        refuse("has one signed bit, which means -1 and 1")
    if not signed and high != (1 << bits) - 1:
        refuse("is unsigned and narrow, which no fixed-point type is")
    overflow = "SAT_SYM" if signed and low == -high else "SAT"
    return Format(bits, bits + int(exponent or 0), signed, mode.fixed, overflow)


def _only(constant: Rationals) -> Fraction | None:
    values = set(constant.flat)
    return values.pop() if len(values) == 1 else None
