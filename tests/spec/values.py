"""Types of values, and the checks that a graph must pass before anything is computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .fx import Array, Format, FormatLike, max_raw, min_raw

MAX_BITS = 126  # of every intermediate number, and of every shift
MAX_NAMED_WIDTH = 64  # of inputs, constants, casts, tables and accumulators

Run = Callable[[list[Array]], Array]


@dataclass(frozen=True)
class Value:
    """One value of the graph, the values it is made from and the function that makes it."""

    label: str
    type: Format
    shape: tuple[int, ...]
    operands: tuple[int, ...] = ()
    run: Run | None = None  # None: an input

    @property
    def n(self) -> int:
        return math.prod(self.shape)

    @property
    def low(self) -> int:
        return min_raw(self.type)

    @property
    def high(self) -> int:
        return max_raw(self.type)


def exact_type(low: int, high: int, frac: int, label: str) -> Format:
    """Narrowest format with this frac that holds low and high; ValueError if wider than the IR allows."""
    signed = low < 0
    width = max(1, max(high, 0).bit_length() + signed, (-low - 1).bit_length() + 1 if signed else 0)
    if width > MAX_BITS:
        raise ValueError(f"{label}: the result needs {width} bits, at most {MAX_BITS} are supported")
    return Format(width, width - frac, signed)


def integers(values: ArrayLike) -> Array:
    """An array of Python ints, whatever integers came in."""
    array = np.asarray(values)
    if array.dtype.kind not in "iuO":
        raise ValueError(f"expected integers, got an array of {array.dtype}")
    return array.astype(object)


def check_magnitude(low: int, high: int, label: str) -> None:
    """Refuse intermediate numbers beyond 126 bits and a sign."""
    if low < -(2**MAX_BITS) or high >= 2**MAX_BITS:
        raise ValueError(f"{label}: an intermediate number needs more than {MAX_BITS} bits and a sign")


def span(values: Sequence[int]) -> tuple[int, int]:
    return min(values), max(values)


def grid_of(fmt: FormatLike) -> Format:
    """Grid and range alone, the modes dropped."""
    return Format(fmt.width, fmt.integer, fmt.signed)


def named(fmt: FormatLike, label: str) -> Format:
    if not 1 <= fmt.width <= MAX_NAMED_WIDTH:
        raise ValueError(f"{label}: format is {fmt.width} bits wide, expected 1 to {MAX_NAMED_WIDTH}")
    return Format(fmt.width, fmt.integer, fmt.signed, fmt.round, fmt.overflow)


def check_raw(raw: Array, fmt: Format, label: str) -> None:
    if raw.size and (raw.min() < min_raw(fmt) or raw.max() > max_raw(fmt)):
        raise ValueError(
            f"{label}: raw integers span [{raw.min()}, {raw.max()}], "
            f"the format allows [{min_raw(fmt)}, {max_raw(fmt)}]"
        )


def check_cast(low: int, high: int, frac: int, fmt: Format, label: str) -> None:
    """Refuse shifts and intermediate numbers that the IR leaves undefined."""
    up = fmt.frac - frac
    if abs(up) > MAX_BITS:
        raise ValueError(f"{label}: the cast shifts by {up}, at most {MAX_BITS} is supported")
    if fmt.overflow != "WRAP":
        check_magnitude(low * 2 ** max(up, 0), high * 2 ** max(up, 0), label)


def index_map(index: ArrayLike, ndim: int, limit: int, label: str) -> Array:
    array = np.asarray(index).astype(np.int64)
    if array.ndim != ndim or array.size == 0:
        raise ValueError(
            f"{label}: index map of shape {array.shape}, expected {ndim} dimension(s), not empty"
        )
    if array.min() < -1 or array.max() >= limit:
        raise ValueError(f"{label}: indices span [{array.min()}, {array.max()}], expected [-1, {limit - 1}]")
    return array


def common_shape(shapes: Sequence[tuple[int, ...]], label: str) -> tuple[int, ...]:
    """The common shape: operands of one element are repeated."""
    many = {s for s in shapes if math.prod(s) > 1}
    if len(many) > 1:
        raise ValueError(f"{label}: shapes {list(shapes)} differ; only one-element operands are repeated")
    return many.pop() if many else shapes[0]
