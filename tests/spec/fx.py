"""Fixed-point casts straight from docs/spec/ir.md, in plain Python integers.

`quantize` is the definition, one number at a time, in fractions. `quantize_array` is the same definition over
arrays; it shares no code with the native core and uses no bit tricks.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

ROUNDS = ("TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV")
OVERFLOWS = ("WRAP", "SAT", "SAT_ZERO", "SAT_SYM")
INT64_SAFE = 1 << 62  # int64 arithmetic is used while every magnitude stays below this

Array = NDArray[Any]  # int64, or object holding Python ints


class FormatLike(Protocol):
    """What a format must show: the native `Format` and the one below both do."""

    @property
    def width(self) -> int: ...
    @property
    def integer(self) -> int: ...
    @property
    def frac(self) -> int: ...
    @property
    def signed(self) -> bool: ...
    @property
    def round(self) -> str: ...
    @property
    def overflow(self) -> str: ...


@dataclass(frozen=True)
class Format:
    """`ap_[u]fixed<width, integer, round, overflow>`; a raw integer r means r * 2**-frac."""

    width: int
    integer: int
    signed: bool = True
    round: str = "TRN"
    overflow: str = "WRAP"

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"format width must be at least 1, got {self.width}")
        if self.round not in ROUNDS:
            raise ValueError(f"unknown rounding mode {self.round!r}; known: {', '.join(ROUNDS)}")
        if self.overflow not in OVERFLOWS:
            raise ValueError(f"unknown overflow mode {self.overflow!r}; known: {', '.join(OVERFLOWS)}")

    @property
    def frac(self) -> int:
        return self.width - self.integer

    @property
    def min_raw(self) -> int:
        return min_raw(self)

    @property
    def max_raw(self) -> int:
        return max_raw(self)

    @staticmethod
    def parse(text: str) -> Format:
        """Read 'ap_fixed<16,6,AP_RND,AP_SAT,0>', 'ufixed<8,2>', 'ap_uint<1>', 'int<4>'; else ValueError."""
        found = re.fullmatch(r"\s*(?:ap_)?(u?)(fixed|int)\s*<([^<>]*)>\s*", text)
        if not found:
            raise ValueError(
                f"{text!r} is no format; expected ap_[u]fixed<W,I[,round[,overflow]]>, ap_[u]int<W>"
            )
        words = [w.strip().removeprefix("AP_") for w in found[3].split(",")]
        fixed = found[2] == "fixed"
        if not (2 <= len(words) <= 5 if fixed else len(words) == 1):
            raise ValueError(f"{text!r} has {len(words)} arguments; expected {'2 to 5' if fixed else 'one'}")
        if len(words) == 5 and words[4] != "0":
            raise ValueError(f"{text!r}: saturation bits other than 0 are not supported")
        modes = words[2:4] + ["TRN", "WRAP"][len(words[2:4]) :]
        try:
            width, integer = int(words[0]), int(words[1] if fixed else words[0])
        except ValueError:
            raise ValueError(f"{text!r}: widths must be integers") from None
        return Format(width, integer, not found[1], modes[0], modes[1])


def min_raw(fmt: FormatLike) -> int:
    """Smallest raw integer of the format."""
    return -(1 << (fmt.width - 1)) if fmt.signed else 0


def max_raw(fmt: FormatLike) -> int:
    """Largest raw integer of the format."""
    return (1 << (fmt.width - 1)) - 1 if fmt.signed else (1 << fmt.width) - 1


def round_fraction(number: Fraction, mode: str) -> int:
    """The integer that the rounding mode gives for an exact number."""
    below = math.floor(number)
    if mode == "TRN" or number == below:
        return below
    if mode == "TRN_ZERO":
        return below if number > 0 else below + 1
    excess = number - below
    half = Fraction(1, 2)
    if excess != half:
        return below if excess < half else below + 1
    toward_zero = below if number > 0 else below + 1
    tie = {
        "RND": below + 1,
        "RND_ZERO": toward_zero,
        "RND_INF": below + 1 if number > 0 else below,
        "RND_MIN_INF": below,
        "RND_CONV": below if below % 2 == 0 else below + 1,
    }
    return tie[mode]


def overflow_int(q: int, fmt: FormatLike) -> int:
    """An integer brought into the range of the format by its overflow mode."""
    low, high = min_raw(fmt), max_raw(fmt)
    if fmt.overflow == "WRAP":
        return (q - low) % (1 << fmt.width) + low
    if fmt.overflow == "SAT_SYM" and fmt.signed and fmt.width > 1:
        low = -high
    if low <= q <= high:
        return q
    if fmt.overflow == "SAT_ZERO":
        return 0
    return low if q < low else high


def quantize(r: int, frac_from: int, fmt: FormatLike) -> int:
    """Cast the exact number r * 2**-frac_from to fmt: the definition."""
    number = Fraction(int(r)) * Fraction(2) ** (fmt.frac - frac_from)
    return overflow_int(round_fraction(number, fmt.round), fmt)


def quantize_float(x: float, fmt: FormatLike) -> int:
    """Cast the exact binary value of x to fmt; NaN and infinities raise ValueError."""
    if not math.isfinite(x):
        raise ValueError(f"{x} has no fixed-point value")
    numerator, denominator = float(x).as_integer_ratio()
    return quantize(numerator, denominator.bit_length() - 1, fmt)


def fit_array(x: Array, magnitude: int) -> Array:
    """x as int64 if no number up to magnitude can overflow it, else as Python ints."""
    return x.astype(np.int64 if magnitude < INT64_SAFE else object, copy=False)


def quantize_array(x: Array, frac_from: int, fmt: FormatLike) -> Array:
    """`quantize` of every element of an integer array; int64 where it is proven to suffice, else object."""
    if x.size == 0:
        return x
    up = fmt.frac - frac_from
    largest = max(abs(int(x.min())), abs(int(x.max()))) * 2 ** max(up, 0) + 2 ** max(-up, 0)
    work = fit_array(x, 2 * largest + 2 ** (fmt.width + 1))
    rounded = work * 2**up if up >= 0 else _round_array(work, 2**-up, fmt.round)
    return fit_array(_overflow_array(rounded, fmt), 2**fmt.width)


def _round_array(x: Array, divisor: int, mode: str) -> Array:
    below = x // divisor
    excess = x - below * divisor
    inexact = excess > 0
    tie = 2 * excess == divisor
    up = {
        "TRN": np.zeros(x.shape, bool),
        "TRN_ZERO": inexact & (x < 0),
        "RND": tie,
        "RND_ZERO": tie & (x < 0),
        "RND_INF": tie & (x > 0),
        "RND_MIN_INF": np.zeros(x.shape, bool),
        "RND_CONV": tie & (below % 2 == 1),
    }[mode]
    if mode.startswith("RND"):
        up = up | (2 * excess > divisor)
    return np.asarray(below + up.astype(np.int64))


def _overflow_array(q: Array, fmt: FormatLike) -> Array:
    low, high = min_raw(fmt), max_raw(fmt)
    if fmt.overflow == "WRAP":
        return np.asarray((q - low) % 2**fmt.width + low)
    if fmt.overflow == "SAT_ZERO":
        return np.where((q < low) | (q > high), 0, q)
    if fmt.overflow == "SAT_SYM" and fmt.signed and fmt.width > 1:
        low = -high
    return np.minimum(np.maximum(q, low), high)


def quantize_float_array(x: NDArray[np.floating[Any]], fmt: FormatLike) -> Array:
    """`quantize_float` of every element of a floating-point array of at most 53 mantissa bits."""
    wide = np.asarray(x, dtype=np.float64)
    if not np.isfinite(wide).all():
        raise ValueError("NaN or infinity has no fixed-point value")
    mantissa, exponent = np.frexp(wide)
    integers = np.ldexp(mantissa, 53).astype(np.int64)
    out = np.zeros(wide.shape, dtype=np.int64 if fmt.width < 62 else object)
    for e in np.unique(exponent):
        here = exponent == e
        out[here] = quantize_array(integers[here], 53 - int(e), fmt)
    return out


def quantize_range(low: int, high: int, frac_from: int, fmt: FormatLike) -> tuple[int, int]:
    """Interval that holds `quantize` of every number from low to high; tight unless the cast can wrap."""
    scale = Fraction(2) ** (fmt.frac - frac_from)
    low, high = round_fraction(low * scale, fmt.round), round_fraction(high * scale, fmt.round)
    inside = min_raw(fmt) <= low and high <= max_raw(fmt)
    if inside and not (fmt.overflow == "SAT_SYM" and fmt.signed and fmt.width > 1):
        return low, high
    if fmt.overflow == "WRAP":
        return min_raw(fmt), max_raw(fmt)
    if fmt.overflow == "SAT_ZERO":
        return max(min(low, 0), min_raw(fmt)), min(max(high, 0), max_raw(fmt))
    return overflow_int(low, fmt), overflow_int(high, fmt)
