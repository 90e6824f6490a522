"""Quant's rounding modes on exact ratios: the rounding itself, and where its steps are."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple


class Step(NamedTuple):
    """`round(x) >= level` where x reaches `twice / 2`, or exceeds it if not `closed`."""

    twice: int
    closed: bool


class Mode(NamedTuple):
    """A rounding mode.

    `ratio` rounds n/d for d > 0; `fixed` is the ap_fixed mode that equals it, empty if there is none.
    """

    name: str
    fixed: str
    ratio: Callable[[int, int], int]
    step: Callable[[int], Step]

    def round(self, x: Fraction) -> int:
        return self.ratio(x.numerator, x.denominator)


def _floor(n: int, d: int) -> int:
    return n // d


def _ceil(n: int, d: int) -> int:
    return -(-n // d)


def _half_up(n: int, d: int) -> int:
    """Halves toward positive infinity."""
    return (2 * n + d) // (2 * d)


def _half_down(n: int, d: int) -> int:
    """Halves toward negative infinity."""
    return -((d - 2 * n) // (2 * d))


def _half_even(n: int, d: int) -> int:
    up, down = _half_up(n, d), _half_down(n, d)
    return up if up % 2 == 0 else down


FLOOR = Mode("FLOOR", "TRN", _floor, lambda level: Step(2 * level, True))
CEIL = Mode("CEIL", "", _ceil, lambda level: Step(2 * level - 2, False))
ROUND = Mode("ROUND", "RND_CONV", _half_even, lambda level: Step(2 * level - 1, level % 2 == 0))
DOWN = Mode(
    "DOWN",
    "TRN_ZERO",
    lambda n, d: _floor(n, d) if n > 0 else _ceil(n, d),
    lambda level: FLOOR.step(level) if level > 0 else CEIL.step(level),
)
UP = Mode(
    "UP",
    "",
    lambda n, d: _ceil(n, d) if n > 0 else _floor(n, d),
    lambda level: CEIL.step(level) if level > 0 else FLOOR.step(level),
)
HALF_UP = Mode(
    "HALF_UP",
    "RND_INF",
    lambda n, d: _half_up(n, d) if n > 0 else _half_down(n, d),
    lambda level: Step(2 * level - 1, level > 0),
)
HALF_DOWN = Mode(
    "HALF_DOWN",
    "RND_ZERO",
    lambda n, d: _half_down(n, d) if n > 0 else _half_up(n, d),
    lambda level: Step(2 * level - 1, level <= 0),
)

MODES = {mode.name: mode for mode in (ROUND, FLOOR, CEIL, UP, DOWN, HALF_UP, HALF_DOWN)}
MODES |= {"HALF_EVEN": ROUND, "ROUND_TO_ZERO": DOWN}
