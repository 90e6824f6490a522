"""One node of an ONNX graph: its operands as exact numbers, its attributes, and its refusals."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NoReturn

import numpy as np

from bxnn._core import UnsupportedError

from .emit import Emit
from .exact import Indices, Line, Rationals, Tensor, rationals
from .types import Type

Operand = Tensor | Rationals


def text(name: Any) -> str:
    """A name of a protocol buffer, which holds bytes where the file is damaged."""
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name)


class Node:
    """A node in work. Handlers read operands and attributes here; what they do not read is refused."""

    def __init__(
        self, proto: Any, emit: Emit, known: dict[str, Operand], types: dict[str, Type], opset: int
    ) -> None:
        self.emit = emit
        self.kind = text(proto.op_type)
        self.inputs = [text(name) for name in proto.input]
        self.outputs = [text(name) for name in proto.output]
        self.name = text(proto.name) or (self.outputs[0] if self.outputs else "")
        self.opset = opset
        self._known, self._types = known, types
        self._attributes = {text(a.name): a for a in proto.attribute}
        self._read: set[str] = set()

    def refuse(self, reason: str) -> NoReturn:
        raise UnsupportedError(f"node '{self.name}' ({self.kind}): {reason}")

    def has(self, i: int) -> bool:
        return i < len(self.inputs) and bool(self.inputs[i])

    def operand(self, i: int) -> Operand:
        """An operand, constant or computed."""
        return self._known[self._defined(i)]

    def type(self, i: int) -> Type:
        """The element type of an operand."""
        return self._types[self._defined(i)]

    def _defined(self, i: int) -> str:
        if not self.has(i):
            self.refuse(f"operand {i} is missing")
        name = self.inputs[i]
        if name not in self._known:
            self.refuse(
                f"its operand '{name}' is neither an input, an initializer, nor computed before it; "
                "nodes must be in topological order"
            )
        return name

    def tensor(self, i: int) -> Tensor:
        """A computed operand."""
        x = self.operand(i)
        if not isinstance(x, Tensor):
            self.refuse(f"its operand '{self.inputs[i]}' is a constant; expected a computed tensor; fold it")
        return x

    def constant(self, i: int) -> Rationals:
        """A constant operand."""
        x = self.operand(i)
        if isinstance(x, Tensor):
            self.refuse(f"its operand '{self.inputs[i]}' is computed; expected a constant")
        return x

    def positive(self, i: int) -> Rationals:
        """A constant whose elements are positive."""
        x = self.constant(i)
        if not all(n > 0 for n in x.flat):
            self.refuse(f"its operand '{self.inputs[i]}' must be positive everywhere")
        return x

    def single(self, i: int) -> Fraction:
        """A constant of one element."""
        x = self.constant(i)
        if x.size != 1:
            self.refuse(f"its operand '{self.inputs[i]}' has {x.size} elements; expected one")
        number: Fraction = x.flat[0]
        return number

    def whole(self, i: int) -> list[int]:
        """A constant of whole numbers, as a list."""
        x = self.constant(i)
        if any(n.denominator != 1 for n in x.flat):
            self.refuse(f"its operand '{self.inputs[i]}' must hold integers")
        return [int(n) for n in x.flat]

    def attribute(self, name: str, default: Any) -> Any:
        """An attribute as Python data: int, float, str, or a list of them."""
        import onnx

        self._read.add(name)
        if name not in self._attributes:
            return default
        try:
            value = onnx.helper.get_attribute_value(self._attributes[name])
        except ValueError:
            value = None
        if value is None:
            self.refuse(f"its attribute {name} can't be read: it is of no known type")
        if isinstance(value, bytes):
            value = text(value)
        elif not isinstance(value, int | float | str) and not hasattr(value, "DESCRIPTOR"):
            value = list(value)
        if isinstance(default, int) and not isinstance(value, int):
            self.refuse(f"its attribute {name} must be an integer, got {value!r}")
        if isinstance(default, str) and not isinstance(value, str):
            self.refuse(f"its attribute {name} must be text, got {value!r}")
        return value

    def numbers(self, name: str, default: list[int] | None) -> list[int] | None:
        """An attribute that is a list of integers."""
        value = self.attribute(name, default)
        if value is not None and not (isinstance(value, list) and all(isinstance(n, int) for n in value)):
            self.refuse(f"its attribute {name} must be a list of integers, got {value!r}")
        return value if value is None else list(value)

    def expect(self, name: str, expected: int | str, default: int | str) -> None:
        """Refuse any other value of an attribute."""
        value = self.attribute(name, default)
        if value != expected:
            self.refuse(f"{name}={value!r} is not supported; supported: {expected!r}")

    def ignore(self, *names: str) -> None:
        """Attributes that do not decide the numbers."""
        self._read.update(names)

    def axis(self, rank: int, default: int) -> int:
        """The attribute `axis`, counted from the front."""
        return self.checked_axis(self.attribute("axis", default), rank)

    def checked_axis(self, axis: int, rank: int) -> int:
        if not -rank <= axis < rank:
            self.refuse(f"axis {axis} is outside a tensor of {rank} dimensions")
        return axis % rank

    def finish(self) -> None:
        """Refuse attributes that nothing has read."""
        if unknown := sorted(set(self._attributes) - self._read):
            self.refuse(f"its attribute {', '.join(unknown)} is not supported")

    def places(self, x: Operand) -> Indices:
        """The number of every element, in the operand's shape."""
        return np.arange(x.size).reshape(x.shape)

    def lifted(self, x: Operand) -> Tensor:
        """A constant as a tensor: its numbers are offsets of integers that are zero."""
        if isinstance(x, Tensor):
            return x
        value = self.emit.builder.gather([self.emit.constant([Fraction(0)])], np.zeros(x.size, np.int32))
        lines = [self.emit.number(Line(offset=n)) for n in x.flat]
        return Tensor(int(value), np.array(lines, np.int32).reshape(x.shape))

    def array(self, numbers: Any) -> Rationals:
        """Exact values; refused for NaN and infinities."""
        try:
            return rationals(numbers)
        except (ValueError, TypeError) as error:
            self.refuse(f"a number of it: {error}")
