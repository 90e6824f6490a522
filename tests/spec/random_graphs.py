"""Random legal graphs over every operation, attribute and mode of the IR, and inputs at their limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .fx import OVERFLOWS, ROUNDS, Array, Format, FormatLike, max_raw, min_raw

SAFE_BITS = 118  # intermediate numbers stay clear of the 126 bits at which graphs are refused
COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")

Rng = np.random.Generator


class TensorLike(Protocol):
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def format(self) -> Any: ...


class ModelLike(Protocol):
    @property
    def inputs(self) -> Sequence[Any]: ...


def random_graph(rng: Rng, builder: Any) -> None:
    """Drive `builder`, a SpecBuilder or anything alike that takes spec formats, to a legal graph.

    The same state of rng gives the same graph as long as the builder infers the same types.
    """
    _Maker(rng, builder).make()


def random_inputs(rng: Rng, model: ModelLike, n: int) -> list[NDArray[Any]]:
    """Raw inputs [n, size] in an integer dtype that holds the format: extremes, 0, ±1, uniform integers."""
    return [_raw_input(rng, t.format, n, math.prod(t.shape)) for t in model.inputs]


def random_floats(rng: Rng, model: ModelLike, n: int) -> list[NDArray[Any]]:
    """float64 inputs [n, size]: on the grid, half-way between, beyond the range, tiny, huge and zeros."""
    return [_float_input(rng, t.format, n, math.prod(t.shape)) for t in model.inputs]


def is_visible(fmt: FormatLike) -> bool:
    """Whether raw integers of the format fit int64, as inputs, outputs and probes must."""
    return fmt.width <= 64 - (not fmt.signed)


def edge_biased(rng: Rng, low: int, high: int, shape: Sequence[int] = ()) -> NDArray[Any]:
    """Integers in [low, high], half of them uniform, half at the ends, around zero and in the middle."""
    dtype = np.dtype(np.int64 if high < 2**63 else np.uint64)
    uniform = rng.integers(low, high, shape, dtype=dtype, endpoint=True)
    marks = [low, low + 1, high, high - 1, 0, 1, -1, high // 2, high // 2 + 1, low // 2]
    edges = np.array([min(max(m, low), high) for m in marks], dtype=dtype)
    return np.where(rng.random(shape) < 0.5, uniform, edges[rng.integers(0, len(edges), shape)])


def _raw_input(rng: Rng, fmt: FormatLike, n: int, size: int) -> NDArray[Any]:
    low, high = min_raw(fmt), max_raw(fmt)
    raw = edge_biased(rng, low, high, (n, size))
    ends = np.array([low, high, 0], dtype=raw.dtype)
    style = rng.random((n, 1))
    raw = np.where(style < 0.15, ends[rng.integers(0, 2, (n, size))], raw)
    raw = np.where(style > 0.9, ends[rng.integers(0, 3, (n, 1))], raw)
    return raw.astype(_container(rng, fmt))


def _container(rng: Rng, fmt: FormatLike) -> np.dtype[Any]:
    """Some integer dtype that holds every raw integer of the format."""
    need = fmt.width
    fit = [np.dtype(f"{'i' if fmt.signed else 'u'}{b}") for b in (1, 2, 4, 8) if 8 * b >= need]
    if not fmt.signed and need < 64:
        fit.append(np.dtype(np.int64))
    return fit[0] if rng.random() < 0.6 else fit[int(rng.integers(len(fit)))]


def _float_input(rng: Rng, fmt: FormatLike, n: int, size: int) -> NDArray[Any]:
    low, high = min_raw(fmt), max_raw(fmt)
    steps = edge_biased(rng, low, high, (n, size)).astype(np.float64)
    style = rng.integers(0, 8, (n, size))
    nudge = np.select([style == 0, style == 1, style == 2], [0.5, -0.5, rng.normal(size=(n, size))], 0.0)
    steps = np.where(style == 3, steps * rng.choice([1.5, 3.0, -2.0, 1e6, 1e-6]), steps + nudge)
    x = np.ldexp(steps, -fmt.frac)
    wild = np.array([0.0, -0.0, 5e-324, -1e-300, 1e300, -1e300, 2.0**63, -(2.0**64), 0.1, -0.1])
    return np.where(rng.random((n, size)) < 0.03, rng.choice(wild, (n, size)), x)


class _Maker:
    """Grows one graph; its formats aim at one lane width, its modes at one style or at all."""

    def __init__(self, rng: Rng, builder: Any) -> None:
        self.rng, self.b = rng, builder
        self.live: list[int] = []
        self.used: set[int] = set()
        self.widths, self.biggest = self.pick([((1, 9), 12), ((1, 17), 12), ((2, 33), 8), ((1, 65), 6)])
        self.modes = self.pick([None, None, ("TRN", "WRAP"), ("RND", "SAT"), ("RND_CONV", "SAT")])
        self.probing = rng.random() < 0.6
        self.probes = 0

    def make(self) -> None:
        for i in range(int(self.pick([1, 1, 1, 2, 3]))):
            fmt = self.format()
            if not is_visible(fmt):
                fmt = self.with_modes(63, fmt.integer, False)
            self.live.append(self.b.input(f"x{i}", self.shape(), fmt))
        if self.rng.random() < 0.3:
            self.network()
        once = [self.cast, self.cast_each, self.gather, self.join, self.lut, self.compare, self.select]
        twice = [self.dense, self.convolution, self.arithmetic, self.sum]
        actions = [*once, self.extreme, self.constant, self.products, *twice, *twice]
        for _ in range(int(self.rng.integers(2, 16))):
            action = actions[int(self.rng.integers(len(actions)))]
            y = action()
            self.live.append(y)
            if self.probing and self.rng.random() < 0.4:
                self.probe(y)
        self.finish()

    # ---- choices

    def pick(self, choices: Sequence[Any]) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def take(self, x: int) -> int:
        self.used.add(x)
        return x

    def value(self) -> int:
        """A live value, the latest more often than others."""
        x = self.live[-1] if self.chance(0.5) else self.pick(self.live)
        return self.take(int(x))

    def size(self, x: int) -> int:
        return math.prod(self.b.shape_of(x))

    def shape(self) -> list[int]:
        dims = int(self.pick([1, 1, 1, 2, 3]))
        shape = [int(self.rng.integers(1, 6)) for _ in range(dims)]
        return [int(self.rng.integers(1, self.biggest + 1))] if dims == 1 else shape

    def width(self) -> int:
        return int(self.rng.integers(*self.widths))

    def with_modes(self, width: int, integer: int, signed: bool) -> Format:
        round, overflow = self.modes or (self.pick(ROUNDS), self.pick(OVERFLOWS))
        if self.chance(0.1):
            round, overflow = self.pick(ROUNDS), self.pick(OVERFLOWS)
        return Format(width, integer, signed, round, overflow)

    def format(self) -> Format:
        width = self.width()
        integer = (
            int(self.rng.integers(0, width + 1))
            if self.chance(0.8)
            else int(self.rng.integers(-6, width + 7))
        )
        return self.with_modes(width, integer, self.chance(0.75))

    def near(self, frac: int, width: int) -> Format:
        """A format whose grid or range lies near that of a number with this frac and width."""
        w = self.width()
        if self.chance(0.1):
            w = int(self.rng.integers(1, 65))
        if self.chance(0.5):
            new = frac + int(self.pick([0, 0, -1, -2, -3, -5, -8, 1, 2, 4]))
        else:
            new = w - (width - frac) + int(self.pick([-3, -1, 0, 0, 1, 3]))
        if self.chance(0.03):
            new = frac + int(self.rng.integers(-40, 40))
        return self.castable(frac, width, self.with_modes(w, w - new, self.chance(0.8)))

    def accumulator(self, frac: int, width: int) -> Format:
        """A format for sums of numbers with this frac and width; often one that a few of them overflow."""
        if self.chance(0.4):
            return self.near(frac, width)
        new = frac - int(self.pick([0, 0, 0, 1, 2, 5]))
        integer = width - frac + int(self.pick([-2, -1, 0, 0, 1]))
        w = min(max(integer + new, 1), 64)
        overflow = self.pick(["SAT", "SAT", "SAT_SYM", "SAT_ZERO", "WRAP"])
        return self.castable(frac, width, Format(w, w - new, self.chance(0.9), self.pick(ROUNDS), overflow))

    def castable(self, frac: int, width: int, fmt: Format) -> Format:
        """The format, moved so that a cast of such a number to it is legal."""
        most = 110 if fmt.overflow == "WRAP" else min(110, SAFE_BITS - width)
        up = min(max(fmt.frac - frac, -110), most)
        return Format(fmt.width, fmt.width - frac - up, fmt.signed, fmt.round, fmt.overflow)

    def narrowed(self, x: int, bits: int, frac_reach: int = 40) -> int:
        """x itself, or a cast of it, with at most so many bits and a frac within reach of zero."""
        fmt = self.b.format_of(x)
        if fmt.width <= bits and abs(fmt.frac) <= frac_reach:
            return x
        width = int(self.rng.integers(1, min(bits, 64) + 1))
        frac = min(max(fmt.frac - max(0, fmt.width - width) // 2, -frac_reach), frac_reach)
        target = self.castable(fmt.frac, fmt.width, self.with_modes(width, width - frac, self.chance(0.8)))
        y = int(self.b.cast(x, target))
        if abs(target.frac) > frac_reach:  # too far for one cast
            y = self.constant_like(self.b.shape_of(x), target.width)
        return self.take(y)

    def raw(self, fmt: Format, shape: Sequence[int]) -> Array:
        # builders take int64
        low, high = min_raw(fmt), min(max_raw(fmt), 2**63 - 1)
        return edge_biased(self.rng, low, high, tuple(shape))

    # ---- operations

    def constant_like(self, shape: Sequence[int], width: int | None = None) -> int:
        w = width or self.width()
        fmt = Format(w, w - int(self.rng.integers(-3, 8)), self.chance(0.7))
        return self.take(int(self.b.constant(self.raw(fmt, shape), fmt)))

    def constant(self) -> int:
        return self.constant_like(self.shape())

    def cast(self) -> int:
        x = self.value()
        fmt = self.b.format_of(x)
        shift = int(self.pick([0, 0, 0, 1, -1, 3, -4, 7]))
        return int(self.b.cast(x, self.near(fmt.frac - shift, fmt.width), shift=shift))

    def cast_each(self) -> int:
        x = self.narrowed(self.value(), 64)
        fmt = self.b.format_of(x)
        # one grid near the operand's, so that aligning all elements stays narrow
        formats = []
        for _ in range(self.size(x)):
            w = int(self.rng.integers(1, min(self.widths[1], 33)))
            near = self.with_modes(w, w - fmt.frac + int(self.rng.integers(-4, 9)), self.chance(0.8))
            formats.append(self.castable(fmt.frac, fmt.width, near))
        return int(self.b.cast(x, formats, shift=int(self.pick([0, 0, 0, 1, -2]))))

    def weights(self, shape: Sequence[int], room: int) -> Array:
        """Integers of at most `room` bits in some style that kernels may specialise on."""
        bits = min(int(self.pick([1, 2, 3, 6, 8, 8, 8, 9, 12, 16, 24, 40, 63])), max(room, 1), 63)
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        style = self.pick(["any", "any", "sparse", "power", "edges", "positive", "same", "zero"])
        if style == "power":
            exponents = self.rng.integers(0, max(bits - 1, 1), shape)
            return np.asarray(2**exponents * self.rng.choice([-1, 1], shape), dtype=np.int64)
        if style == "edges":
            return self.rng.choice(np.array([low, high, 0], dtype=np.int64), shape)
        if style == "same":
            return np.full(shape, self.rng.integers(low, high, endpoint=True), dtype=np.int64)
        w = self.rng.integers(low, high, shape, dtype=np.int64, endpoint=True)
        if style == "positive":
            return np.abs(w)
        if style == "zero":
            return w * (self.rng.random(shape) < 0.03)
        return w * (self.rng.random(shape) < 0.3) if style == "sparse" else w

    def dot(self, x: int, groups: int, filters: int, taps: int, **maps: Any) -> int:
        fmt = self.b.format_of(x)
        w = self.weights((groups, filters, taps), 100 - fmt.width - taps.bit_length())
        w_bits = max(1, int(max(abs(int(w.min())), abs(int(w.max())))).bit_length())
        w_frac = int(self.rng.integers(-3, 12))
        frac, width = fmt.frac + w_frac, fmt.width + w_bits
        bias, b_frac = None, frac
        if self.chance(0.7):
            b_frac = frac + int(self.pick([0, 0, -1, -3, -6, 1, 4]))
            b_bits = int(self.rng.integers(1, min(max(width, 2), 40)))
            bias = self.raw(Format(b_bits, b_bits), (groups, filters))
            if self.chance(0.1):
                bias[:] = 0
        product = accum = None
        t_frac, t_width = frac, width
        if self.chance(0.35):
            product = self.near(frac, width)
            t_frac, t_width = product.frac, product.width
        if self.chance(0.65):
            accum = self.accumulator(t_frac, t_width)
            if not self._castable(b_frac, 41, accum):
                bias, b_frac = None, accum.frac
        elif abs(t_frac - b_frac) + max(t_width, 41) > 100:
            bias, b_frac = None, t_frac
        return int(self.b.dot(x, w, w_frac, bias, b_frac, product=product, accum=accum, **maps))

    def _castable(self, frac: int, width: int, fmt: Format) -> bool:
        return self.castable(frac, width, fmt) == fmt

    def dense(self) -> int:
        x = self.narrowed(self.value(), 64)
        filters = int(self.rng.integers(1, 9))
        taps = self.size(x)
        if self.chance(0.4):
            return self.dot(x, 1, filters, taps)
        index = np.arange(taps, dtype=np.int32)[None]
        return self.dot(x, 1, filters, taps, index=index, shape=[filters, 1])

    def convolution(self) -> int:
        x = self.narrowed(self.value(), 64)
        filters, positions = int(self.rng.integers(1, 4)), int(self.rng.integers(1, 7))
        groups, taps = min(int(self.pick([1, 1, 1, 2, 3])), positions), int(self.rng.integers(1, 10))
        n = self.size(x)
        if self.chance(0.5):  # a sliding window over padding
            index = np.arange(positions)[:, None] + np.arange(taps)[None] - taps // 2
            index = np.where((index < 0) | (index >= n), -1, index)
        else:
            index = self.rng.integers(-1, n, (positions, taps))
        maps: dict[str, Any] = {"index": index.astype(np.int32)}
        if groups > 1 or self.chance(0.2):
            maps["group"] = self.rng.integers(0, groups, positions).astype(np.int32)
        if self.chance(0.5):
            maps["shape"] = [positions, filters]
        return self.dot(x, groups, filters, taps, **maps)

    def network(self) -> None:
        """Dense layers with relu and casts between them, as a trigger network has."""
        x = self.take(self.narrowed(self.live[-1], 16, 20))
        if self.chance(0.4):
            x = self._gather([x], [int(self.rng.integers(20, 140))])
        width = int(self.pick([6, 8, 8, 12, 16, 18]))
        for filters in self.rng.integers(1, 40, int(self.rng.integers(1, 4))):
            x = self.dot(x, 1, int(filters), self.size(x))
            self.take(x)
            fmt = self.b.format_of(x)
            target = self.with_modes(
                width, width - fmt.frac + max(0, (fmt.width - width) // 2), self.chance(0.5)
            )
            target = self.castable(fmt.frac, fmt.width, target)
            zero = self.b.constant(np.zeros(1, np.int64), Format(1, 1, False))
            if abs(fmt.frac) + fmt.width < 100:
                x = self.b.binary("max", x, zero, target)
            x = self.narrowed(int(x), 18, 24)
            self.live.append(x)

    def gather(self) -> int:
        x = self.value()
        return self._gather([x], self.shape())

    def _gather(self, xs: list[int], shape: Sequence[int]) -> int:
        total, size = sum(self.size(x) for x in xs), math.prod(shape)
        fmt = self.b.format_of(xs[0])
        style = self.pick(["any", "permute", "pad", "copy"])
        index = self.rng.integers(-1, total, size)
        if style == "permute":
            index = self.rng.permutation(max(total, size))[:size] % total
        if style == "copy":
            index = np.arange(size) % total
        if style == "pad":
            index = np.arange(size) - int(self.rng.integers(0, size + 1))
            index = np.where((index < 0) | (index >= total), -1, index)
        fill = int(edge_biased(self.rng, max(min_raw(fmt), -(2**63)), min(max_raw(fmt), 2**63 - 1)))
        return int(
            self.b.gather(xs, index.astype(np.int32), fill=fill if self.chance(0.6) else 0, shape=list(shape))
        )

    def join(self) -> int:
        """A gather of several operands, cast to one type first."""
        xs = [self.value() for _ in range(int(self.rng.integers(2, 4)))]
        first = self.narrowed(xs[0], 64)
        fmt = self.b.format_of(first)
        same = [first]
        for x in xs[1:]:
            f = self.b.format_of(x)
            if (f.width, f.integer, f.signed) == (fmt.width, fmt.integer, fmt.signed):
                same.append(x)
                continue
            target = Format(fmt.width, fmt.integer, fmt.signed, self.pick(ROUNDS), self.pick(OVERFLOWS))
            if self._castable(f.frac, f.width, target):
                same.append(self.take(int(self.b.cast(x, target))))
        return self._gather(same, self.shape())

    def lut(self) -> int:
        x = self.narrowed(self.value(), int(self.pick([4, 8, 8, 10])))
        fmt = self.b.format_of(x)
        before, after = (int(self.pick([0, 0, 0, 1, 5])) for _ in range(2))
        w = self.width()
        type = Format(w, w - int(self.rng.integers(-3, 8)), self.chance(0.7))
        table = self.raw(type, [max_raw(fmt) - min_raw(fmt) + 1 + before + after])
        return int(self.b.lut(x, table, min_raw(fmt) - before, type))

    def partner(self, x: int) -> int:
        """A value that broadcasts with x: of its shape, or of one element."""
        shape = self.b.shape_of(x)
        same = [v for v in self.live if self.b.shape_of(v) == shape]
        style = self.rng.random()
        if style < 0.35 and same:
            return self.take(int(self.pick(same)))
        if style < 0.55:
            return self.constant_like([1] if self.chance(0.6) else shape)
        if style < 0.7:
            return self.take(self._gather([self.value()], [1]))
        return self.take(self._gather([self.value()], shape))

    def pair(self, bits: int) -> tuple[int, int]:
        """Two values that broadcast, no wider than so many bits once aligned."""
        a = self.value()
        p = self.partner(a)
        a, p = self.narrowed(a, bits // 2, 20), self.narrowed(p, bits // 2, 20)
        return (a, p) if self.chance(0.5) else (p, a)

    def optional(self, frac: int, width: int) -> Format | None:
        return self.near(frac, width) if self.chance(0.5) else None

    def arithmetic(self) -> int:
        a, p = self.pair(64 if self.chance(0.7) else 120)
        f, g = self.b.format_of(a), self.b.format_of(p)
        kind = str(self.pick(["add", "sub", "mul", "min", "max"]))
        if kind == "mul":
            return int(self.b.binary(kind, a, p, self.optional(f.frac + g.frac, f.width + g.width)))
        frac = max(f.frac, g.frac)
        width = max(f.width + frac - f.frac, g.width + frac - g.frac) + 2
        return int(self.b.binary(kind, a, p, self.optional(frac, width)))

    def compare(self) -> int:
        a, p = self.pair(100)
        fmt = self.near(0, 1) if self.chance(0.15) else None
        return int(self.b.binary(str(self.pick(COMPARISONS)), a, p, fmt))

    def select(self) -> int:
        a, p = self.pair(100)
        f, g = self.b.format_of(a), self.b.format_of(p)
        big = a if self.size(a) >= self.size(p) else p
        c = self.partner(big)
        if self.chance(0.5):
            c = self.take(int(self.b.binary(str(self.pick(COMPARISONS)), a, p)))
        frac = max(f.frac, g.frac)
        width = max(f.width + frac - f.frac, g.width + frac - g.frac) + 1
        return int(self.b.select(c, a, p, self.optional(frac, width)))

    def split(self, n: int) -> tuple[int, int, int]:
        divisors = [d for d in range(1, n + 1) if n % d == 0]
        size = int(self.pick(divisors + divisors[-2:]))
        inner = int(self.pick([d for d in range(1, n // size + 1) if (n // size) % d == 0]))
        return n // size // inner, size, inner

    def sum(self) -> int:
        x = self.narrowed(self.value(), 100, 60)
        split = self.split(self.size(x))
        if self.chance(0.7):  # enough terms that the order may matter
            split = int(self.rng.integers(1, 3)), int(self.rng.integers(3, 14)), int(self.rng.integers(1, 3))
            x = self._gather([x], split)
        fmt = self.b.format_of(x)
        accum = self.accumulator(fmt.frac, fmt.width) if self.chance(0.8) else None
        order = str(self.pick(["sequential", "tree", "tree"]))
        return int(self.b.reduce("sum", x, *split, accum=accum, order=order))

    def products(self) -> int:
        """A sum of products, or of squares."""
        x = self.narrowed(self.value(), int(self.pick([8, 16, 16, 16, 31, 50])), 20)
        y = x
        if self.chance(0.4):
            y = self.take(self._gather([self.value()], self.b.shape_of(x)))
            y = self.narrowed(y, int(self.pick([8, 16, 16, 50])), 20)
        product = int(self.b.binary("mul", x, y))
        fmt = self.b.format_of(product)
        accum = self.accumulator(fmt.frac, fmt.width) if self.chance(0.2) else None
        order = str(self.pick(["sequential", "tree"]))
        return int(self.b.reduce("sum", product, *self.split(self.size(x)), accum=accum, order=order))

    def extreme(self) -> int:
        x = self.value()
        return int(self.b.reduce(str(self.pick(["max", "min", "argmax"])), x, *self.split(self.size(x))))

    # ---- results

    def probe(self, x: int) -> None:
        if is_visible(self.b.format_of(x)):
            self.b.probe(x, f"layer{self.probes}")
            self.probes += 1

    def finish(self) -> None:
        """Output the values that nothing uses, and perhaps others."""
        loose = [x for x in self.live if x not in self.used] or [self.live[-1]]
        if self.chance(0.5):
            loose = loose[-3:]  # the rest stays dead
        if self.chance(0.3):
            loose.append(int(self.pick(self.live)))
        for i, x in enumerate(loose):
            fmt = self.b.format_of(int(x))
            self.b.output(int(x) if is_visible(fmt) else self.narrowed(int(x), 63, 200), f"y{i}")
