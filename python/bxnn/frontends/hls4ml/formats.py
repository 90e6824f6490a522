"""hls4ml precisions as C++ types, and the numbers that C++ gets from decimal text and from float literals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bxnn._core import Format, quantize, quantize_float

MAX_WIDTH = 64


@dataclass(frozen=True)
class CType:
    """A C++ type `ap_[u]fixed` or, with `is_int`, `ap_[u]int`; also that of an intermediate expression.

    The arithmetic below gives the types that C++ deduces: exact, nothing is lost before an assignment.
    """

    width: int
    integer: int
    signed: bool
    is_int: bool = False
    round: str = "TRN"
    overflow: str = "WRAP"

    @property
    def frac(self) -> int:
        return self.width - self.integer

    @property
    def format(self) -> Format:
        """As the target of assignments; an `ap_int` drops the fraction of a number toward zero."""
        return Format(
            self.width, self.integer, self.signed, "TRN_ZERO" if self.is_int else self.round, self.overflow
        )

    @property
    def is_bit(self) -> bool:
        """True for `ap_uint<1>`, for which the dense headers have their own overloads."""
        return self.is_int and self.width == 1 and not self.signed

    def __str__(self) -> str:
        sign = "" if self.signed else "u"
        if self.is_int:
            return f"ap_{sign}int<{self.width}>"
        modes = (
            "" if (self.round, self.overflow) == ("TRN", "WRAP") else f",AP_{self.round},AP_{self.overflow}"
        )
        return f"ap_{sign}fixed<{self.width},{self.integer}{modes}>"

    def __mul__(self, other: CType) -> CType:
        return CType(
            self.width + other.width,
            self.integer + other.integer,
            self.signed or other.signed,
            self.is_int and other.is_int,
        )

    def __add__(self, other: CType) -> CType:
        integer = 1 + max(
            self.integer + (other.signed and not self.signed),
            other.integer + (self.signed and not other.signed),
        )
        signed = self.signed or other.signed
        return CType(integer + max(self.frac, other.frac), integer, signed, self.is_int and other.is_int)

    def __sub__(self, other: CType) -> CType:
        total = self + other
        return CType(total.width, total.integer, True, total.is_int)

    def __neg__(self) -> CType:
        return CType(self.width + 1, self.integer + 1, True, self.is_int)


C_INT = CType(32, 32, True, True)
C_UNSIGNED = CType(32, 32, False, True)


def from_precision(precision: Any) -> CType:
    """The C++ type of an hls4ml precision object; ValueError says what about it is not supported."""
    kind = type(precision).__name__.removeprefix("AP").removesuffix("PrecisionType")
    if kind in ("Integer", "Xnor", "Exponent"):
        return _checked(CType(int(precision.width), int(precision.width), bool(precision.signed), True))
    if kind != "Fixed":
        raise ValueError(
            f"the type {precision} ({type(precision).__name__}) is not a fixed-point or integer type"
        )
    if precision.saturation_bits:
        raise ValueError(f"the type {precision} has saturation bits; only 0 is supported")
    return _checked(
        CType(
            int(precision.width),
            int(precision.integer),
            bool(precision.signed),
            False,
            precision.rounding_mode.name,
            precision.saturation_mode.name,
        )
    )


def from_text(text: str) -> CType:
    """The C++ type spelled in generated code, as `ap_fixed<18, 8, AP_RND, AP_SAT>` or `ap_uint<1>`."""
    fmt = Format.parse(text.strip())
    is_int = "int<" in text.replace(" ", "")
    return _checked(CType(fmt.width, fmt.integer, fmt.signed, is_int, fmt.round, fmt.overflow))


def _checked(ctype: CType) -> CType:
    if not 1 <= ctype.width <= MAX_WIDTH:
        raise ValueError(f"the type {ctype} is {ctype.width} bits wide, supported are 1 to {MAX_WIDTH}")
    if ctype.width == 1 and ctype.signed and ctype.overflow == "SAT_SYM":
        raise ValueError(f"the type {ctype}: C-simulation saturates a signed bit to -1 under AP_SAT_SYM")
    return ctype


def negative_is_above(a: CType, b: CType) -> bool:
    """Whether C++ compares these types so that a negative number counts as above every unsigned one."""
    if a.signed == b.signed:
        return False
    widths = [a.width + max(b.frac - a.frac + 1, 0) if b.frac > a.frac else a.width]
    widths.append(b.width + max(a.frac - b.frac, 0))
    signed, unsigned = widths if a.signed else widths[::-1]
    return max(widths) >= 32 and unsigned >= signed


def assignment_fault(source: CType, target: CType) -> str | None:
    """Why C-simulation aborts or goes wrong on this assignment, whatever the value; None if it is sound."""
    if target.is_int:
        if not source.is_int and source.integer <= 0 and (source.signed or source.integer < 0):
            return f"C-simulation converts {source}, which has no integer bits, to {target} wrongly"
        return None
    looks_below = target.round != "TRN" and not (target.round == "TRN_ZERO" and not source.signed)
    if looks_below and source.frac - target.frac > source.width:
        return (
            f"C-simulation aborts: rounding {source} to {target} drops {source.frac - target.frac} bits, "
            f"more than the {source.width} it has"
        )
    return None


def from_floats(x: ArrayLike, ctype: CType) -> NDArray[np.int64]:
    """Raw integers of C++ floats or doubles assigned to a type, of the shape of x.

    Infinity counts as an enormous number (1/0 saturates, or wraps to zero); NaN raises ValueError.
    """
    values = np.asarray(x, dtype=np.float64)
    if np.isnan(values).any():
        raise ValueError("a table entry is not a number")
    finite = np.where(np.isinf(values), np.copysign(2.0**1023, values), values)
    if ctype.is_int:
        # the ap_int constructor negates the -1 that it makes of numbers in (-1/2, 0)
        finite = np.where((finite > -0.5) & (finite < 0), 1.0, finite)
    return np.asarray(quantize_float(finite, ctype.format), dtype=np.int64)


def from_decimals(texts: Sequence[str], ctype: CType) -> NDArray[np.int64]:
    """Raw integers that C-simulation reads from the decimal texts of weights.

    `ap_fixed` reads a double and casts it with its own modes; `ap_int` reads an integer and keeps its
    low bits. Raises ValueError for text that is not a finite number, or an integer beyond 64 bits.
    """
    numbers = np.array([float(t) for t in texts], dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError("a weight is not a finite number")
    if not ctype.is_int:
        return np.asarray(quantize_float(numbers, ctype.format), dtype=np.int64)
    if (np.abs(numbers) >= 2.0**63).any():
        raise ValueError("a weight does not fit 64 bits")
    return np.asarray(quantize(np.trunc(numbers).astype(np.int64), 0, ctype.format), dtype=np.int64)
