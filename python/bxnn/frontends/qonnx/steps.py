"""Quantisation of computed tensors: rounding of a rational function of integers, as integer operations.

Rounding keeps order, so that a quantised line is a staircase: level j begins at a smallest integer, its
threshold. Two staircases with the same thresholds are the same function. A slope that is no short binary
fraction is replaced by one that provably has the same thresholds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn._core import Format

from .emit import Emit, dyadic, holding
from .exact import ONE, Line, Rationals, Tensor, exponent_of
from .rounding import CEIL, FLOOR, UP, Mode

MOST_LEVELS = 1 << 17
_MOST_STEPS = 1 << 22  # levels of all different stairs of a node
_MOST_BITS = 60  # of a slope, so that it is a constant of the graph


@dataclass(frozen=True)
class Stair:
    """`round(slope * x + offset)` brought into [low, high]."""

    slope: Fraction
    offset: Fraction
    low: int
    high: int


def quantised(
    emit: Emit,
    x: Tensor,
    factor: Rationals,
    term: Rationals,
    mode: Mode,
    bounds: tuple[int, int] | None,
) -> int:
    """`round(factor * x + term)` brought into the bounds, as integers; factors are positive."""
    moved = emit.through(x, Line.moved, factor, term)
    first, last = emit.range_of(x.value)
    step = Fraction(2) ** -emit.builder.format_of(x.value).frac
    known: dict[int, Stair] = {}
    for k in np.unique(moved.lines):
        line = emit.lines[k]
        ends = mode.round(line.at(first * step)), mode.round(line.at(last * step))
        low, high = bounds or ends
        within = [min(max(end, low), high) for end in ends]
        known[int(k)] = Stair(line.slope, line.offset, within[0], within[1])
    stairs = [known[k] for k in moved.lines.ravel().tolist()]
    if all(exponent_of(s.slope) is not None for s in known.values()) and _is_dyadic(known.values()):
        return _exactly(emit, x.value, stairs, mode)
    if (value := _replaced(emit, x.value, stairs, mode)) is not None:
        return value
    if _is_dyadic(known.values()):
        return _exactly(emit, x.value, stairs, mode)
    return _by_cells(emit, x.value, stairs, mode)


def _is_dyadic(stairs: Iterable[Stair]) -> bool:
    return all(dyadic([s.slope, s.offset]) for s in stairs)


def _exactly(emit: Emit, value: int, stairs: Sequence[Stair], mode: Mode) -> int:
    """Slopes and offsets that are binary fractions: the number itself, cast."""
    slope, shift = stairs[0].slope, 0
    exponent = exponent_of(slope)
    if exponent is not None and all(s.slope == slope for s in stairs):
        shift = exponent
        value = emit.plus(value, [s.offset / slope for s in stairs])
    else:
        value = emit.plus(emit.times(value, [s.slope for s in stairs]), [s.offset for s in stairs])
    return _rounded(emit, value, shift, mode, stairs)


def _rounded(emit: Emit, value: int, shift: int, mode: Mode, stairs: Sequence[Stair]) -> int:
    """`value * 2^shift`, rounded and brought into the bounds of its stair."""
    lows, highs = [s.low for s in stairs], [s.high for s in stairs]
    low, high = min(lows), max(highs)
    fmt = holding(low, high)
    if fmt is None:
        emit.refuse("its result needs more than 64 bits")
    symmetric = fmt.signed and low == -high == fmt.min_raw + 1 and fmt.width > 1
    overflow = "SAT_SYM" if symmetric else "SAT"

    def cast(x: int, rounding: str) -> int:
        target = Format(fmt.width, fmt.integer, fmt.signed, rounding, overflow)
        return int(emit.builder.cast(x, target, shift=shift))

    def ceil(x: int) -> int:
        frac = emit.builder.format_of(x).frac - shift
        almost = (1 - Fraction(1, 2**frac)) if frac > 0 else Fraction(0)
        return cast(emit.plus(x, [almost / Fraction(2) ** shift]), "TRN")

    if mode is CEIL:
        value = ceil(value)
    elif mode is UP:
        negative = emit.builder.binary("lt", value, emit.constant([Fraction(0)]))
        value = int(emit.builder.select(negative, cast(value, "TRN"), ceil(value)))
    else:
        value = cast(value, mode.fixed)
    first, last = emit.range_of(value)
    if any(n > max(first, -last if symmetric else first) for n in lows):
        value = emit.bounded(value, "max", [Fraction(n) for n in lows])
    if any(n < last for n in highs):
        value = emit.bounded(value, "min", [Fraction(n) for n in highs])
    return value


def _replaced(emit: Emit, value: int, stairs: Sequence[Stair], mode: Mode) -> int | None:
    """One multiplication, one addition and one floor with the same thresholds; None where there are none."""
    first, last = emit.range_of(value)
    frac = emit.builder.format_of(value).frac
    known: dict[Stair, tuple[Fraction, Fraction] | None] = {}
    if sum(min(s.high - s.low, MOST_LEVELS) for s in set(stairs)) > _MOST_STEPS:
        return None
    for stair in stairs:
        if stair not in known:
            known[stair] = _short(stair, mode, frac, first, last)
            if known[stair] is None:
                return None
    lines = [line for stair in stairs if (line := known[stair]) is not None]
    value = emit.plus(emit.times(value, [a for a, _ in lines]), [b for _, b in lines])
    return _rounded(emit, value, 0, FLOOR, stairs)


def _short(stair: Stair, mode: Mode, frac: int, first: int, last: int) -> tuple[Fraction, Fraction] | None:
    """A and B, short binary fractions, with `floor(A x + B)` the stair for all raw integers of the type."""
    levels = stair.high - stair.low
    if levels == 0:
        return ONE, Fraction(0)
    if levels > MOST_LEVELS:
        return None
    slope = stair.slope / Fraction(2) ** frac  # of the raw integer
    level, threshold = _thresholds(stair, mode, slope)
    reached, missed = threshold <= last, threshold > first  # by some integer of the type
    size = slope.numerator.bit_length() - slope.denominator.bit_length()
    for bits in range(levels.bit_length(), _MOST_BITS, 3):
        scale = max(bits - size, 0)
        a = round(slope * 2**scale)
        wanted = level * 2**scale
        at_least = wanted[reached] - a * np.maximum(threshold[reached], first)
        below = wanted[missed] - a * np.minimum(threshold[missed] - 1, last)
        b = at_least.max() if reached.any() else below.min() - 1
        if not missed.any() or b < below.min():
            return Fraction(a, 2**scale) * Fraction(2) ** frac, Fraction(int(b), 2**scale)
    return None


def _thresholds(stair: Stair, mode: Mode, slope: Fraction) -> tuple[NDArray[Any], NDArray[Any]]:
    """Levels above the lowest, and the smallest raw integers that reach them."""
    levels = list(range(stair.low + 1, stair.high + 1))
    denominator = slope.denominator * stair.offset.denominator
    a = 2 * slope.numerator * stair.offset.denominator
    b = 2 * stair.offset.numerator * slope.denominator
    thresholds = []
    for level in levels:
        twice, closed = mode.step(level)
        n = twice * denominator - b
        thresholds.append(-(-n // a) if closed else n // a + 1)
    return np.array(levels, dtype=object), np.array(thresholds, dtype=object)


def _by_cells(emit: Emit, value: int, stairs: Sequence[Stair], mode: Mode) -> int:
    """Rounding by the place among the multiples of one half, on which alone every mode depends.

    `floor(2 t) + ceil(2 t)`, a quarter of which lies where t lies.
    """
    twice = [Stair(2 * s.slope, 2 * s.offset, 2 * s.low, 2 * s.high) for s in stairs]
    below, above = (_replaced(emit, value, twice, m) for m in (FLOOR, CEIL))
    if below is None or above is None:
        emit.refuse(
            "the ratio of the scales of its input and its result is no binary fraction, and its result has "
            f"too many levels to be proven; supported are {MOST_LEVELS:,} at such ratios, and any number at "
            "ratios that are powers of two"
        )
    return _rounded(emit, int(emit.builder.binary("add", below, above)), -2, mode, stairs)
