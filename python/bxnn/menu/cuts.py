"""The language of cuts (docs/howto/menus.md): expressions over raw integers, compiled to a graph."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, NoReturn

from bxnn.document import closest
from bxnn.menu.operations import Fault, Operations, Value, literal

MAX_LENGTH = 4096
MAX_DEPTH = 50
FUNCTIONS = ("abs", "all", "any", "count", "max", "min", "sum")

_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
_ARITHMETIC: Mapping[type[ast.operator], str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul"}
_REAL = re.compile(r"[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*")


@dataclass
class Names:
    """What a cut may speak of; objects and networks have fields."""

    units: dict[str, Fraction] = field(default_factory=dict)
    objects: dict[str, dict[str, Value]] = field(default_factory=dict)
    networks: dict[str, dict[str, Value]] = field(default_factory=dict)
    seeds: dict[str, Value] = field(default_factory=dict)

    def all(self) -> list[str]:
        return [*self.units, *self.objects, *self.networks, *self.seeds]


class Cut:
    """Compiles one expression. Raises Fault, whose text names the part that is wrong."""

    def __init__(self, text: str, names: Names, operations: Operations) -> None:
        self.text = " ".join(text.split())
        self.oddities: list[str] = []
        self.used: set[str] = set()
        self._names = names
        self._do = operations
        self._scope: str | None = None

    def condition(self) -> Value:
        """The value of the expression, which has to be one condition."""
        return self._single("condition")

    def number(self) -> Value:
        """The value of the expression, which has to be one number."""
        return self._single("number")

    def _single(self, kind: Literal["condition", "number"]) -> Value:
        root = _parsed(self.text)
        value = self._visit(root)
        self._require(root, value, kind)
        if value.size != 1:
            how = "any, all or count" if kind == "condition" else "sum, max or min"
            self._fail(root, f"a list over {value.axis}, where one {kind} is needed; use {how}")
        with self._at(root):
            self._do.id(value)
        return value

    def _fail(self, node: ast.AST, text: str) -> NoReturn:
        raise Fault(f"'{self._source(node)}': {text}")

    def _source(self, node: ast.AST) -> str:
        part = ast.get_source_segment(self.text, node) or self.text
        return part if len(part) <= 80 else part[:77] + "..."

    def _require(self, node: ast.AST, value: Value, kind: Literal["condition", "number"]) -> None:
        if value.kind == kind:
            return
        remedy = (
            "compare it with something, as in 'pt >= 10'"
            if kind == "condition"
            else "count(object, condition) makes a number of conditions"
        )
        self._fail(node, f"expected a {kind}, got a {value.kind}; {remedy}")

    def _visit(self, node: ast.expr) -> Value:
        visit = _VISIT.get(type(node))
        if visit is None:
            self._fail(
                node,
                f"{type(node).__name__} is not part of the language of cuts, which has numbers, names, "
                f"comparisons, and, or, not, + - * and {', '.join(FUNCTIONS)}",
            )
        with self._at(node):
            return visit(self, node)

    @contextmanager
    def _at(self, node: ast.AST) -> Iterator[None]:
        """Faults of the operations get the text of this node."""
        try:
            yield
        except Fault as fault:
            if str(fault).startswith("'"):
                raise
            self._fail(node, str(fault))

    def _number_of(self, node: ast.expr) -> Value:
        value = self._visit(node)
        self._require(node, value, "number")
        return value

    def _condition_of(self, node: ast.expr) -> Value:
        value = self._visit(node)
        self._require(node, value, "condition")
        return value

    def _constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, bool):
            return literal(int(node.value), "condition")
        if isinstance(node.value, int):
            return literal(node.value)
        text = ast.get_source_segment(self.text, node) or ""
        if not isinstance(node.value, float) or not _REAL.fullmatch(text):
            self._fail(
                node, "expected an integer, or a decimal number that a unit makes an integer: 22.5*GeV"
            )
        return literal(Fraction(text.replace("_", "")))

    def _name(self, node: ast.Name) -> Value:
        name, names = node.id, self._names
        if self._scope and name in names.objects[self._scope]:
            return names.objects[self._scope][name]
        if name in names.units:
            return literal(names.units[name])
        if name in names.seeds:
            self.used.add(name)
            return names.seeds[name]
        fields = list(names.objects[self._scope]) if self._scope else []
        for kind, found in (("object", names.objects), ("entire network", names.networks)):
            if name in found:
                values = ", ".join(f"{name}.{f}" for f in found[name])
                self._fail(node, f"is the name of an {kind}; take one of its values: {values}")
        known = [*fields, *names.all()]
        self._fail(node, f"unknown name; there are {', '.join(known)}{closest(name, known)}")

    def _attribute(self, node: ast.Attribute) -> Value:
        """object.field, object[i].field, network.output."""
        base: ast.expr = node.value
        index: ast.expr | None = None
        if isinstance(base, ast.Subscript):
            index, base = base.slice, base.value
        if not isinstance(base, ast.Name):
            self._fail(node, "expected object.field, object[0].field or network.output")
        owners = {**self._names.objects, **self._names.networks}
        if base.id not in owners:
            self._fail(
                base, f"no such object or network; there are {', '.join(owners)}{closest(base.id, owners)}"
            )
        fields = owners[base.id]
        self.used.add(base.id)
        if node.attr not in fields:
            self._fail(
                node, f"{base.id} has no '{node.attr}', only {', '.join(fields)}{closest(node.attr, fields)}"
            )
        value = fields[node.attr]
        return value if index is None else self._element(node, value, index)

    def _subscript(self, node: ast.Subscript) -> Value:
        return self._element(node, self._visit(node.value), node.slice)

    def _element(self, node: ast.expr, value: Value, index: ast.expr) -> Value:
        number = index.value if isinstance(index, ast.Constant) else None
        if type(number) is not int:
            self._fail(node, "expected a whole number from 0 in the brackets")
        if number >= value.size:
            self._fail(node, f"there are {value.size}, so the last is [{value.size - 1}]")
        return self._do.elements(value, [number], None)

    def _compare(self, node: ast.Compare) -> Value:
        sides = [node.left, *node.comparators]
        values = [self._number_of(side) for side in sides]
        parts: list[Value] = []
        for i, op in enumerate(node.ops):
            if type(op) not in _COMPARISONS:
                self._fail(node, "expected one of the comparisons < <= > >= == !=")
            one = self._do.compare(_COMPARISONS[type(op)], values[i], values[i + 1])
            if one.literal is None and one.decided is not None:
                self.oddities.append(self._oddity(node, sides[i : i + 2], values[i : i + 2], one.decided))
            parts.append(one)
        return self._do.conjunction(parts)

    def _oddity(self, node: ast.AST, sides: list[ast.expr], values: list[Value], always: bool) -> str:
        """A comparison that is always true, or never, whatever the event."""
        ranges = [
            f"'{self._source(side)}' lies in [{value.low}, {value.high}]"
            for side, value in zip(sides, values, strict=True)
            if value.low != value.high
        ]
        truth = "always true" if always else "never true"
        return f"'{self._source(node)}' is {truth}: {', '.join(ranges)}"

    def _bool(self, node: ast.BoolOp) -> Value:
        parts = [self._condition_of(part) for part in node.values]
        join = self._do.conjunction if isinstance(node.op, ast.And) else self._do.disjunction
        return join(parts)

    def _unary(self, node: ast.UnaryOp) -> Value:
        if isinstance(node.op, ast.Not):
            return self._do.negation(self._condition_of(node.operand))
        if isinstance(node.op, ast.USub):
            return self._do.arithmetic("sub", literal(0), self._number_of(node.operand))
        self._fail(node, "expected not or -")

    def _arithmetic(self, node: ast.BinOp) -> Value:
        if type(node.op) not in _ARITHMETIC:
            remedy = {
                ast.Div: "; multiply the other side of the comparison instead, which stays exact",
                ast.BitAnd: "; write 'and'",
                ast.BitOr: "; write 'or'",
            }.get(type(node.op), "")
            self._fail(node, f"expected one of + - *{remedy}")
        return self._do.arithmetic(
            _ARITHMETIC[type(node.op)], self._number_of(node.left), self._number_of(node.right)
        )

    def _call(self, node: ast.Call) -> Value:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTIONS:
            self._fail(node, f"unknown function; there are {', '.join(FUNCTIONS)}{closest(name, FUNCTIONS)}")
        if node.keywords or any(isinstance(arg, ast.Starred) for arg in node.args) or not node.args:
            self._fail(node, f"expected the form {_FORMS[name]}")
        first = node.args[0]
        if isinstance(first, ast.Name) and first.id in self._names.objects:
            return self._over(node, name, first.id)
        if name == "abs" and len(node.args) == 1:
            return self._do.absolute(self._number_of(first))
        if name in ("max", "min") and len(node.args) > 1:
            return self._extreme(node, name)
        if len(node.args) != 1:
            self._fail(node, f"expected the form {_FORMS[name]}")
        return self._reduced(name, self._operand(name, first))

    def _extreme(self, node: ast.Call, name: str) -> Value:
        result = self._number_of(node.args[0])
        for arg in node.args[1:]:
            result = self._do.arithmetic(name, result, self._number_of(arg))
        return result

    def _over(self, node: ast.Call, name: str, scope: str) -> Value:
        """any(muon, pt > 5): the names of fields stand for each object's in turn."""
        most = 3 if name == "sum" else 2
        if name == "abs" or not 2 <= len(node.args) <= most:
            self._fail(node, f"expected the form {_FORMS[name]}")
        if self._scope:
            self._fail(node, f"stands inside a condition on {self._scope}; one object at a time")
        self._scope = scope
        self.used.add(scope)
        try:
            value = self._operand(name, node.args[1])
            if len(node.args) == 3:
                value = self._do.select(self._condition_of(node.args[2]), value, literal(0))
        finally:
            self._scope = None
        size = next(iter(self._names.objects[scope].values())).size
        if value.axis not in (None, scope):
            self._fail(node, f"a list over {value.axis}, where one value for each {scope} is needed")
        if value.size != size:
            value = self._do.elements(value, [0] * size, scope)
        return self._reduced(name, value)

    def _operand(self, name: str, node: ast.expr) -> Value:
        return self._condition_of(node) if name in ("any", "all", "count") else self._number_of(node)

    def _reduced(self, name: str, value: Value) -> Value:
        if name == "any":
            return self._do.any(value)
        reduced = self._do.reduce(_REDUCTIONS[name], value)
        if name == "count":
            handle = self._do.elements(reduced, [0], None).handle
            return Value("number", 1, None, reduced.low, reduced.high, handle)
        return reduced


_REDUCTIONS: Mapping[str, Literal["sum", "min", "max"]] = {
    "all": "min", "count": "sum", "max": "max", "min": "min", "sum": "sum"
}  # fmt: skip
_FORMS = {
    "abs": "abs(number)",
    "all": "all(object, condition)",
    "any": "any(object, condition)",
    "count": "count(object, condition)",
    "max": "max(number, number, ...), max(object.field) or max(object, number)",
    "min": "min(number, number, ...), min(object.field) or min(object, number)",
    "sum": "sum(object.field), sum(object, number) or sum(object, number, condition)",
}

_VISIT: Mapping[type[ast.expr], Callable[[Cut, Any], Value]] = {
    ast.Constant: Cut._constant,
    ast.Name: Cut._name,
    ast.Attribute: Cut._attribute,
    ast.Subscript: Cut._subscript,
    ast.Compare: Cut._compare,
    ast.BoolOp: Cut._bool,
    ast.UnaryOp: Cut._unary,
    ast.BinOp: Cut._arithmetic,
    ast.Call: Cut._call,
}


def _parsed(text: str) -> ast.expr:
    if len(text) > MAX_LENGTH:
        raise Fault(f"longer than {MAX_LENGTH} characters; split it into several seeds")
    if "#" in text:  # Python would leave out all that follows, and YAML may have joined the lines
        raise Fault("'#' begins no comment inside a cut; write comments outside of it")
    try:
        root = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise Fault(f"'{text}': not an expression: {error.msg}, at character {error.offset}") from None
    except (MemoryError, RecursionError):
        raise Fault("not an expression: nested too deep") from None
    except ValueError as error:
        raise Fault(f"not an expression: {error}") from None
    level: list[ast.AST] = [root]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return root
    raise Fault(f"nested more than {MAX_DEPTH} deep; split it into several seeds")
