"""Every operation of docs/spec/ir.md in exact NumPy integers, telling what each cast did to its numbers.

The native core gives the answers of a model; this gives the numbers in front of its casts as well, which a
plan of the core never stores. Arrays are [events, elements], int64 where the numbers at hand fit and Python
integers elsewhere, so nothing is ever approximated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn._core import Format
from bxnn.inspect_graph import Graph, Node

Array = NDArray[Any]  # int64, or object holding Python integers

_INT64 = 1 << 62  # int64 is used while every magnitude stays below: one addition cannot overflow


@dataclass(frozen=True)
class Seen:
    """What casts to one format did to the numbers they were given.

    low, high: of the numbers on the format's grid, rounded, as they would be had no cast of this sum
        overflowed. overflowed: how many left the format's range (for SAT_SYM: what it allows) and were
        changed. lost: how many were not on the grid, and lost bits. changed: how many results are not the
        number meant; for a sum, whose overflows may cancel, how many sums. used: all results or-ed together.
    """

    values: int
    overflowed: int
    lost: int
    changed: int
    low: int
    high: int
    used: int


# Called with the node, the role of the cast ('input', 'result', 'product', 'bias', 'term', 'sum'), its format
# and what happened.
Observe = Callable[[int, str, Format, Seen], None]


def evaluate(graph: Graph, inputs: Sequence[Array], observe: Observe | None = None) -> dict[int, Array]:
    """The value of every node that an output or a probe needs, raw integers [N, n].

    inputs: raw integers within their formats, [N, n] each, N >= 1. A value that depends on no input is
    [1, n]; its casts are counted once.
    """
    values = dict(zip(graph.inputs, (held(x) for x in inputs), strict=True))
    for number in sorted(graph.owners()):
        if number not in values:
            node = graph.nodes[number]
            operation = _Operation(graph, node, number, observe or _ignore)
            values[number] = held(operation.run([values[x] for x in node.operands]))
    return values


def cast_integers(x: Array, frac: int, fmt: Format) -> tuple[Array, Seen]:
    """quantize(x, frac, fmt) of docs/spec/ir.md for every element of an array with at least one."""
    q, lost = _rounded(x, frac, fmt)
    result, seen = _clipped(q, q, fmt, lost)
    return result, replace(seen, used=_used(result))


def cast_reals(x: NDArray[np.floating[Any]], fmt: Format) -> tuple[NDArray[np.int64], Seen]:
    """The same for the exact binary values of finite float32 or float64."""
    mantissa, exponent = np.frexp(x.astype(np.float64))
    digits = np.ldexp(mantissa, 53).astype(np.int64)
    out = np.zeros(x.shape, np.int64)
    seen: Seen | None = None
    for e in np.unique(exponent):
        here = exponent == e
        out[here], part = cast_integers(digits[here], 53 - int(e), fmt)
        seen = part if seen is None else merged(seen, part)
    assert seen is not None
    return out, seen


def uncast(x: Array) -> Seen:
    """Of raw integers that are given as they are, at least one."""
    return Seen(x.size, 0, 0, 0, *_ends(x), _used(x))


def allowed(fmt: Format) -> tuple[int, int]:
    """The raw integers that a cast to the format leaves as they are."""
    symmetric = fmt.overflow == "SAT_SYM" and fmt.signed and fmt.width > 1
    return -fmt.max_raw if symmetric else fmt.min_raw, fmt.max_raw


def merged(a: Seen, b: Seen) -> Seen:
    """Of both together."""
    return Seen(
        a.values + b.values,
        a.overflowed + b.overflowed,
        a.lost + b.lost,
        a.changed + b.changed,
        min(a.low, b.low),
        max(a.high, b.high),
        a.used | b.used,
    )


def held(x: Array, magnitude: int | None = None) -> Array:
    """x as int64 if that holds numbers up to magnitude (default: those in x), else as Python integers."""
    if magnitude is None:
        magnitude = _reach(x)
    return x.astype(np.int64 if magnitude < _INT64 else object, copy=False)


def _ends(x: Array) -> tuple[int, int]:
    return int(x.min()), int(x.max())


def _reach(x: Array) -> int:
    low, high = _ends(x)
    return max(-low, high)


def _used(x: Array) -> int:
    return int(np.bitwise_or.reduce(x, axis=None))


def _shifted(x: Array, up: int) -> Array:
    """x * 2**up for up >= 0."""
    reach = _reach(x)
    # zeros stay: 2**63 times int64 would be a float
    return held(x, reach << up) * (1 << up) if up and reach else x


def _rounded(x: Array, frac: int, fmt: Format) -> tuple[Array, int]:
    """The integers on the grid of fmt, and how many numbers lay off it."""
    up = fmt.frac - frac
    if up >= 0:
        return _shifted(x, up), 0
    down = -up
    if down > 62:
        x = x.astype(object)
    below = x >> down
    rest = x & ((1 << down) - 1)
    inexact = rest != 0
    lost = int(np.count_nonzero(inexact))
    if fmt.round == "TRN" or not lost:
        return below, lost
    half = 1 << (down - 1)
    up_here = _rounds_up(fmt.round, x, below, rest, inexact, half)
    return below + up_here.astype(np.int64), lost


def _rounds_up(mode: str, x: Array, below: Array, rest: Array, inexact: Array, half: int) -> Array:
    """Where the integer above is taken instead of the one below."""
    if mode == "TRN_ZERO":
        return np.asarray(inexact & (x < 0))
    tie_up: Any = {"RND": True, "RND_MIN_INF": False}.get(mode)
    if tie_up is None:
        tie_up = (below & 1) == 1 if mode == "RND_CONV" else x < 0 if mode == "RND_ZERO" else x > 0
    return np.asarray((rest > half) | ((rest == half) & tie_up))


def _overflowed(q: Array, fmt: Format, q_low: int, q_high: int) -> Array:
    """q brought into the range of the format; q itself if it lies inside."""
    low, high = allowed(fmt)
    if low <= q_low and q_high <= high:
        return q
    if fmt.overflow == "WRAP":
        wide = q.astype(object) if fmt.width > 61 else q
        return held(((wide - low) & ((1 << fmt.width) - 1)) + low, 1 << fmt.width)
    if max(-low, high) >= _INT64:
        q = q.astype(object)
    if fmt.overflow == "SAT_ZERO":
        return np.where((q < low) | (q > high), 0, q)
    return np.minimum(np.maximum(q, low), high)


def _ignore(node: int, role: str, fmt: Format, seen: Seen) -> None:
    pass


class _Operation:
    """The evaluation of one node."""

    def __init__(self, graph: Graph, node: Node, number: int, observe: Observe) -> None:
        self.node, self.number, self.observe = node, number, observe
        self.types = [graph.nodes[x].type for x in node.operands]
        self.a = node.attributes

    def run(self, args: list[Array]) -> Array:
        result: Array = getattr(self, f"_{self.node.operation}")(*args)
        return result

    def _cast_to(self, fmt: Format | None, x: Array, frac: int, role: str = "result") -> Array:
        """The cast to fmt, told to the observer; x itself without fmt."""
        if fmt is None:
            return x
        result, seen = cast_integers(x, frac, fmt)
        self.observe(self.number, role, fmt, seen)
        return result

    def _constant(self) -> Array:
        raw: Array = self.a["raw"]
        return raw.reshape(1, -1)

    def _cast(self, x: Array) -> Array:
        formats: tuple[Format, ...] = self.a["formats"]
        frac = self.types[0].frac - self.a["shift"]
        if len(formats) == 1:
            return self._cast_to(formats[0], x, frac)
        out = np.zeros(x.shape, object)
        for fmt in dict.fromkeys(formats):
            here = [i for i, other in enumerate(formats) if other == fmt]
            cast = self._cast_to(fmt, x[:, here], frac)
            out[:, here] = _shifted(cast, self.node.type.frac - fmt.frac)
        return out

    def _dot(self, x: Array) -> Array:
        a, product, accum = self.a, self.a["product"], self.a["accum"]
        positions, filters, terms = a["positions"], a["filters"], a["terms"]
        index, group = a["index"].reshape(positions, terms), a["group"]
        weights = a["weights"].reshape(-1, filters, terms)
        p_frac = a["w_frac"] + self.types[0].frac
        t_frac = p_frac if product is None else product.frac
        total = _Sum(self, accum)
        total.start(a["bias"].reshape(1, -1, filters), a["b_frac"], group)
        padded = np.concatenate([x, np.zeros_like(x[:, :1])], axis=1)
        wide = _reach(x) * max(1, _reach(a["weights"]))
        padded, weights = held(padded, wide), held(weights, wide)
        for k in range(terms):
            # index -1 takes the zero behind the last element
            term = padded[:, index[:, k], None] * weights[:, :, k][group]
            term = self._cast_to(product, term, p_frac, "product")
            total.add(term, t_frac)
        return total.finish().reshape(len(x), -1)

    def _gather(self, *xs: Array) -> Array:
        events = max(len(x) for x in xs)
        columns = [np.broadcast_to(x, (events, x.shape[1])) for x in xs]
        columns.append(np.full((events, 1), self.a["fill"], np.int64))
        index = self.a["index"]
        joined = np.concatenate(columns, axis=1)
        return np.asarray(joined[:, np.where(index < 0, joined.shape[1] - 1, index)])

    def _lut(self, x: Array) -> Array:
        return np.asarray(self.a["table"][(x - self.a["first"]).astype(np.int64)])

    def _binary(self, x: Array, y: Array) -> Array:
        kind, (p, q) = self.a["kind"], self.types
        if kind == "mul":
            wide = _reach(x) * _reach(y)
            return self._cast_to(self.a["format"], held(x, wide) * held(y, wide), p.frac + q.frac)
        frac = max(p.frac, q.frac)
        x, y = held(_shifted(x, frac - p.frac)), held(_shifted(y, frac - q.frac))
        result = np.asarray(_BINARY[kind](x, y))
        if result.dtype == np.bool_:
            result, frac = result.astype(np.int64), 0
        return self._cast_to(self.a["format"], result, frac)

    def _select(self, c: Array, x: Array, y: Array) -> Array:
        p, q = self.types[1:]
        frac = max(p.frac, q.frac)
        result = np.where(c != 0, _shifted(x, frac - p.frac), _shifted(y, frac - q.frac))
        return self._cast_to(self.a["format"], result, frac)

    def _reduce(self, x: Array) -> Array:
        a, kind = self.a, self.a["kind"]
        cube = x.reshape(len(x), a["outer"], a["size"], a["inner"])
        if kind == "sum":
            leaves = [cube[:, :, k] for k in range(a["size"])]
            return self._sum(leaves).reshape(len(x), -1)
        picks: dict[str, Any] = {"max": np.max, "min": np.min, "argmax": np.argmax}
        return np.asarray(picks[kind](cube, axis=2)).reshape(len(x), -1)

    def _sum(self, leaves: list[Array]) -> Array:
        sums = []
        for leaf in leaves:
            cast = _Sum(self, self.a["accum"])
            cast.add(leaf, self.types[0].frac)
            sums.append(cast)
        return (_tree if self.a["order"] == "tree" else _sequence)(sums).finish()


class _Sum:
    """A sum under way: as it is, and as it would be had none of its casts overflowed."""

    def __init__(self, operation: _Operation, accum: Format | None) -> None:
        self.operation, self.accum = operation, accum
        self.frac = operation.node.type.frac if accum is None else accum.frac
        self.value: Array | None = None
        self.free: Array | None = None
        self.additions: Seen | None = None

    def start(self, bias: Array, frac: int, group: Array) -> None:
        """The biases [1, groups, filters], each cast once, of the group of every position."""
        value, free = self._cast(bias, frac, "bias")
        self.value = value[:, group]
        self.free = self.value if free is value else free[:, group]

    def add(self, x: Array, frac: int) -> None:
        """The next term; the first one, where there is no start, is not added to anything."""
        self._plus(*self._cast(x, frac, "term"))

    def _cast(self, x: Array, frac: int, role: str) -> tuple[Array, Array]:
        """As the accumulator holds it, and as it would if that had all integer bits."""
        if self.accum is None:
            exact = _shifted(x, self.frac - frac)
            return exact, exact
        q, lost = _rounded(x, frac, self.accum)
        value, seen = _clipped(q, q, self.accum, lost)
        self.operation.observe(self.operation.number, role, self.accum, replace(seen, used=_used(value)))
        return value, q

    def join(self, other: _Sum) -> _Sum:
        """Another sum."""
        if other.additions is not None:
            self._count(other.additions)
        self._plus(other.value, other.free)
        return self

    def finish(self) -> Array:
        """The result; the additions, and what became of the sums, are told to the observer."""
        assert self.value is not None
        if self.accum is not None and self.additions is not None:
            changed = 0 if self.value is self.free else int(np.count_nonzero(self.value != self.free))
            seen = replace(self.additions, changed=changed, used=_used(self.value))
            self.operation.observe(self.operation.number, "sum", self.accum, seen)
        return self.value

    def _plus(self, value: Array | None, free: Array | None) -> None:
        assert value is not None and free is not None
        if self.value is None or self.free is None:
            self.value, self.free = value, free
            return
        exact = self.value is self.free and value is free
        total = _added(self.value, value)
        self.free = total if exact else _added(self.free, free)
        self.value = total
        if self.accum is not None:
            self.value, seen = _clipped(total, self.free, self.accum, 0)
            self._count(seen)

    def _count(self, seen: Seen) -> None:
        self.additions = seen if self.additions is None else merged(self.additions, seen)


def _clipped(q: Array, free: Array, fmt: Format, lost: int) -> tuple[Array, Seen]:
    """q in the range of the format; free: the numbers had nothing overflowed before."""
    low, high = _ends(q)
    value = _overflowed(q, fmt, low, high)
    overflowed = 0 if value is q else int(np.count_nonzero(value != q))
    if free is not q:
        low, high = _ends(free)
    return value, Seen(q.size, overflowed, lost, overflowed, low, high, 0)


def _added(a: Array, b: Array) -> Array:
    wide = _reach(a) + _reach(b)
    return held(a, wide) + held(b, wide)


def _sequence(sums: list[_Sum]) -> _Sum:
    """((x0 + x1) + x2) + ..."""
    total = sums[0]
    for other in sums[1:]:
        total.join(other)
    return total


def _tree(sums: list[_Sum]) -> _Sum:
    """The left half takes the largest power of two below the number of leaves."""
    if len(sums) == 1:
        return sums[0]
    half = 1 << ((len(sums) - 1).bit_length() - 1)
    return _tree(sums[:half]).join(_tree(sums[half:]))


_BINARY: dict[str, Callable[[Array, Array], Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "min": np.minimum,
    "max": np.maximum,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
