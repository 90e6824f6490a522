"""The operations that need more than a line: dot, sums, and the table of binary kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .fx import Array, Format, FormatLike, fit_array, quantize_array, quantize_range
from .values import Value, check_cast, check_magnitude, exact_type, grid_of, index_map, integers, named, span


class Dot:
    """The attributes of one `dot`, its type and its evaluation."""

    def __init__(
        self,
        x: Value,
        weights: ArrayLike,
        w_frac: int,
        bias: ArrayLike | None,
        b_frac: int,
        index: ArrayLike | None,
        group: ArrayLike | None,
        product: FormatLike | None,
        accum: FormatLike | None,
        label: str,
    ) -> None:
        self.x, self.label = x, label
        self.w = integers(weights)
        if self.w.ndim == 2:
            self.w = self.w[None]
        if self.w.ndim != 3 or self.w.size == 0:
            raise ValueError(f"{label}: weights must be [G, F, K] or [F, K], got shape {self.w.shape}")
        groups, filters, taps = self.w.shape
        self.b = integers(np.zeros((groups, filters), np.int64) if bias is None else bias)
        if self.b.ndim == 1 and groups == 1:
            self.b = self.b[None]
        if self.b.shape != (groups, filters):
            raise ValueError(f"{label}: bias must be [{groups}, {filters}], got shape {self.b.shape}")
        self.idx = index_map(np.arange(x.n)[None] if index is None else index, 2, x.n, label)
        if self.idx.shape[1] != taps:
            raise ValueError(f"{label}: {taps} weights a filter, but {self.idx.shape[1]} indices a position")
        positions = len(self.idx)
        self.group = index_map(np.zeros(positions, np.int64) if group is None else group, 1, groups, label)
        if self.group.shape != (positions,) or self.group.min() < 0:
            raise ValueError(f"{label}: the group map must hold {positions} groups in [0, {groups - 1}]")
        self.size = positions * filters
        self.p_frac, self.b_frac = w_frac + x.type.frac, b_frac
        self.product = None if product is None else named(product, label)
        self.accum = None if accum is None else named(accum, label)
        self.t_frac = self.p_frac if self.product is None else self.product.frac
        self.frac = max(self.t_frac, b_frac) if self.accum is None else self.accum.frac
        self.type, self.reach = self._type()

    def _type(self) -> tuple[Format, int]:
        """Type of the result, and a bound of every number on the way where no cast limits it."""
        x, w, label = self.x, self.w, self.label
        p_low, p_high = np.minimum(w * x.low, w * x.high), np.maximum(w * x.low, w * x.high)
        products = int(p_low.min()), int(p_high.max())
        check_magnitude(*products, label)
        reach = max(abs(n) for n in (*products, x.low, x.high, int(w.min()), int(w.max())))
        terms = products
        if self.product is not None:
            check_cast(*products, self.p_frac, self.product, label)
            terms = quantize_range(*products, self.p_frac, self.product)
        if self.accum is not None:
            check_cast(*terms, self.t_frac, self.accum, label)
            check_cast(int(self.b.min()), int(self.b.max()), self.b_frac, self.accum, label)
            return grid_of(self.accum), reach
        up_t, up_b = self.frac - self.t_frac, self.frac - self.b_frac
        t_low, t_high = self._terms(p_low, p_high)
        low, high = self._sums(t_low << up_t, t_high << up_t, up_b)
        check_magnitude(low, high, label)
        largest = max(abs(int(t_low.min())), abs(int(t_high.max()))) << up_t
        bias = max(abs(int(self.b.min())), abs(int(self.b.max()))) << up_b
        return exact_type(low, high, self.frac, label), max(reach, largest * w.shape[2] + bias)

    def _terms(self, lows: Array, highs: Array) -> tuple[Array, Array]:
        """Range of every term after the cast to product."""
        product = self.product
        if product is None:
            return lows, highs
        pairs = zip(lows.flat, highs.flat, strict=True)
        cast = np.array([quantize_range(*pair, self.p_frac, product) for pair in pairs], dtype=object)
        return cast[:, 0].reshape(lows.shape), cast[:, 1].reshape(lows.shape)

    def _sums(self, lows: Array, highs: Array, up_b: int) -> tuple[int, int]:
        """Range of all sums: the terms vary independently, those of index -1 are zero."""
        found: list[int] = []
        for g, used in {(int(g), tuple(i >= 0)) for g, i in zip(self.group, self.idx, strict=True)}:
            mask, start = np.array(used), self.b[g] << up_b
            found += list(start + lows[g][:, mask].sum(axis=1)) + list(start + highs[g][:, mask].sum(axis=1))
        return min(found), max(found)

    def run(self, args: list[Array]) -> Array:
        safe = 4 * self.reach
        padded = np.concatenate([args[0], args[0][:, :1] * 0], axis=1)
        x = fit_array(padded, safe)[:, np.where(self.idx < 0, self.x.n, self.idx)]
        w, b = fit_array(self.w, safe)[self.group], self.b[self.group]
        if self.accum is None:
            acc = fit_array(b * 2 ** (self.frac - self.b_frac), safe)
        else:
            acc = quantize_array(b, self.b_frac, self.accum)
        acc = np.broadcast_to(acc, (len(x), *acc.shape))
        for k in range(self.w.shape[2]):
            t = x[:, :, k, None] * w[:, :, k]
            if self.product is not None:
                t = quantize_array(t, self.p_frac, self.product)
            if self.accum is None:
                acc = acc + fit_array(t, safe) * 2 ** (self.frac - self.t_frac)
            else:
                acc = quantize_array(acc + quantize_array(t, self.t_frac, self.accum), self.frac, self.accum)
        return fit_array(acc.reshape(len(x), -1), 2**self.type.width)


def sum_of(
    v: Value, size: int, accum: FormatLike | None, order: str, label: str
) -> tuple[Format, Callable[[Array], Array]]:
    fmt = None if accum is None else named(accum, label)
    if fmt is None:
        result = exact_type(v.low * size, v.high * size, v.type.frac, label)
        reach = 2 * size * 2**v.type.width
    else:
        check_cast(v.low, v.high, v.type.frac, fmt, label)
        result, reach = grid_of(fmt), 4 * 2**fmt.width

    def add(a: Array, b: Array) -> Array:
        total = fit_array(a, reach) + fit_array(b, reach)
        return total if fmt is None else quantize_array(total, fmt.frac, fmt)

    def tree(leaves: list[Array]) -> Array:
        if len(leaves) == 1:
            return leaves[0]
        half = max(2**e for e in range(len(leaves).bit_length()) if 2**e < len(leaves))
        return add(tree(leaves[:half]), tree(leaves[half:]))

    def run(a: Array) -> Array:
        leaves = [a[:, :, k] for k in range(size)]
        if fmt is not None:
            leaves = [quantize_array(leaf, v.type.frac, fmt) for leaf in leaves]
        if order == "tree":
            total = tree(leaves)
        else:
            total = leaves[0]
            for leaf in leaves[1:]:
                total = add(total, leaf)
        return fit_array(total, 2**result.width)

    return result, run


ARITHMETIC: dict[str, Callable[[Array, Array], Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "min": np.minimum,
    "max": np.maximum,
}
COMPARISONS: dict[str, Callable[[Array, Array], Any]] = {
    "lt": lambda a, b: (a < b).astype(np.int64),
    "le": lambda a, b: (a <= b).astype(np.int64),
    "gt": lambda a, b: (a > b).astype(np.int64),
    "ge": lambda a, b: (a >= b).astype(np.int64),
    "eq": lambda a, b: (a == b).astype(np.int64),
    "ne": lambda a, b: (a != b).astype(np.int64),
}


def binary_range(kind: str, p_low: int, p_high: int, q_low: int, q_high: int) -> tuple[int, int]:
    if kind == "add":
        return p_low + q_low, p_high + q_high
    if kind == "sub":
        return p_low - q_high, p_high - q_low
    if kind == "mul":
        return span([p_low * q_low, p_low * q_high, p_high * q_low, p_high * q_high])
    if kind == "min":
        return min(p_low, q_low), min(p_high, q_high)
    return max(p_low, q_low), max(p_high, q_high)
