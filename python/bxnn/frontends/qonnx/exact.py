"""Exact numbers: arrays of rationals for constants, lines through integers for what is computed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rationals = NDArray[Any]  # dtype object, elements Fraction
Indices = NDArray[np.int64]

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True)
class Line:
    """What an integer x of the graph means: `slope * x + offset`, brought into [low, high].

    The slope is positive, so that every line keeps the order of integers.
    """

    slope: Fraction = ONE
    offset: Fraction = ZERO
    low: Fraction | None = None
    high: Fraction | None = None

    @property
    def clipped(self) -> bool:
        return self.low is not None or self.high is not None

    def at(self, x: Fraction) -> Fraction:
        y = self.slope * x + self.offset
        if self.low is not None:
            y = max(y, self.low)
        return y if self.high is None else min(y, self.high)

    def moved(self, factor: Fraction, term: Fraction) -> Line:
        """`factor * line + term` for a positive factor."""
        low, high = (None if b is None else factor * b + term for b in (self.low, self.high))
        return Line(factor * self.slope, factor * self.offset + term, low, high)

    def negated(self) -> Line:
        """The negative of the line as a function of -x."""
        low, high = (None if b is None else -b for b in (self.high, self.low))
        return Line(self.slope, -self.offset, low, high)

    def within(self, low: Fraction | None, high: Fraction | None) -> Line:
        """The line brought into [low, high]."""

        def bring(bound: Fraction | None, missing: Fraction | None) -> Fraction | None:
            if bound is None:
                return missing
            bound = bound if low is None else max(bound, low)
            return bound if high is None else min(bound, high)

        return Line(self.slope, self.offset, bring(self.low, low), bring(self.high, high))


@dataclass(frozen=True)
class Tensor:
    """A value of the graph, and the number of every element's line. The shape has the batch of one."""

    value: int
    lines: NDArray[np.int32]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.lines.shape

    @property
    def size(self) -> int:
        return self.lines.size


class Integers(NamedTuple):
    """Rationals as integers times one positive unit, the largest possible."""

    raw: list[int]
    unit: Fraction


def integers(numbers: Iterable[Fraction]) -> Integers:
    given = list(numbers)
    distinct = {id(x): x for x in given}  # quantised weights are few objects
    denominator = math.lcm(*(x.denominator for x in distinct.values()))
    raw = {key: x.numerator * (denominator // x.denominator) for key, x in distinct.items()}
    divisor = math.gcd(*raw.values()) or 1
    raw = {key: r // divisor for key, r in raw.items()}
    return Integers([raw[id(x)] for x in given], Fraction(divisor, denominator))


def rationals(numbers: ArrayLike) -> Rationals:
    """The exact values of an array of floats or integers; ValueError for NaN and infinities."""
    array = np.asarray(numbers)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError("it holds NaN or infinity")
    out = np.empty(array.size, dtype=object)
    known: dict[Any, Fraction] = {}
    for i, x in enumerate(array.ravel().tolist()):
        out[i] = known.get(x)
        if out[i] is None:
            out[i] = known[x] = Fraction(x)
    return out.reshape(array.shape)


def odd_part(x: Fraction) -> Fraction:
    """x without its powers of two."""
    n, d = x.numerator, x.denominator
    return Fraction(n // (n & -n) if n else 0, d // (d & -d))


def is_dyadic(x: Fraction) -> bool:
    return x.denominator & (x.denominator - 1) == 0


def exponent_of(x: Fraction) -> int | None:
    """k where x is 2^k, else None."""
    if x <= 0 or odd_part(x) != 1:
        return None
    return x.numerator.bit_length() - x.denominator.bit_length()
