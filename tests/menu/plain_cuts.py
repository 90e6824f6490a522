"""What a cut means, in plain Python integers, one event and one object at a time (docs/howto/menus.md).

Written from the page of the language alone: it shares nothing with the compiler but Python's parser.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

Fields = Mapping[str, Sequence[int]]

_COMPARE = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_COMPUTE = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}


class Event:
    """One event: `lists` are the fields of objects and the outputs of networks, by owner and name."""

    def __init__(self, units: Mapping[str, Fraction], lists: Mapping[str, Fields]) -> None:
        self.units, self.lists = units, lists
        self.seeds: dict[str, bool] = {}

    def value(self, text: str) -> Any:
        """A number or a truth value."""
        root = ast.parse(" ".join(text.split()), mode="eval").body
        result = self._of(root, None)
        return result[0] if isinstance(result, list) else result

    def _of(self, node: ast.expr, inside: tuple[str, int] | None) -> Any:
        """A number, a truth value, or a list of one for each object."""
        if isinstance(node, ast.Constant):
            return Fraction(str(node.value)) if isinstance(node.value, float) else node.value
        if isinstance(node, ast.Name):
            if inside and node.id in self.lists[inside[0]]:
                return self.lists[inside[0]][node.id][inside[1]]
            return self.units[node.id] if node.id in self.units else self.seeds[node.id]
        if isinstance(node, ast.Attribute):
            return self._field(node, inside)
        if isinstance(node, ast.Subscript):
            return self._of(node.value, None)[ast.literal_eval(node.slice)]
        if isinstance(node, ast.UnaryOp):
            change = operator.not_ if isinstance(node.op, ast.Not) else operator.neg
            return _each(change, self._of(node.operand, inside))
        if isinstance(node, ast.BinOp):
            return _each(_COMPUTE[type(node.op)], self._of(node.left, inside), self._of(node.right, inside))
        if isinstance(node, ast.BoolOp):
            join = (lambda a, b: a and b) if isinstance(node.op, ast.And) else (lambda a, b: a or b)
            result = self._of(node.values[0], inside)
            for part in node.values[1:]:
                result = _each(join, result, self._of(part, inside))
            return result
        if isinstance(node, ast.Compare):
            return self._compared(node, inside)
        assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        return self._called(node.func.id, node.args, inside)

    def _field(self, node: ast.Attribute, inside: tuple[str, int] | None) -> Any:
        if isinstance(node.value, ast.Subscript):
            assert isinstance(node.value.value, ast.Name)
            return self.lists[node.value.value.id][node.attr][ast.literal_eval(node.value.slice)]
        assert isinstance(node.value, ast.Name)
        numbers = list(self.lists[node.value.id][node.attr])
        if inside and inside[0] == node.value.id:
            return numbers[inside[1]]
        return numbers

    def _compared(self, node: ast.Compare, inside: tuple[str, int] | None) -> Any:
        sides = [self._of(side, inside) for side in (node.left, *node.comparators)]
        result: Any = True
        for op, left, right in zip(node.ops, sides, sides[1:], strict=False):
            result = _each(lambda a, b: a and b, result, _each(_COMPARE[type(op)], left, right))
        return result

    def _called(self, name: str, args: Sequence[ast.expr], inside: tuple[str, int] | None) -> Any:
        first = args[0]
        if isinstance(first, ast.Name) and first.id in self.lists:
            count = len(next(iter(self.lists[first.id].values())))
            values = [self._of(args[1], (first.id, i)) for i in range(count)]
            if len(args) == 3:
                kept = [self._of(args[2], (first.id, i)) for i in range(count)]
                values = [value for value, keep in zip(values, kept, strict=True) if _single(keep)]
            values = [_single(v) for v in values]
        elif name == "abs":
            return _each(abs, self._of(first, inside))
        elif len(args) > 1:
            result = self._of(first, inside)
            for arg in args[1:]:
                result = _each(max if name == "max" else min, result, self._of(arg, inside))
            return result
        else:
            values = self._of(first, inside)
            values = values if isinstance(values, list) else [values]
        reduced = {"any": any, "all": all, "count": sum, "sum": sum, "max": max, "min": min}[name](values)
        return reduced


def _single(value: Any) -> Any:
    """Lists of one element are numbers."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _each(function: Any, *operands: Any) -> Any:
    """Element by element; a number goes with every element."""
    sizes = [len(o) for o in operands if isinstance(o, list)]
    if not sizes:
        return function(*operands)
    size = max(sizes)
    spread = [o if isinstance(o, list) and len(o) == size else [_single(o)] * size for o in operands]
    return [function(*row) for row in zip(*spread, strict=True)]
