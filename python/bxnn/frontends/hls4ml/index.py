"""From a fixed-point number to a table index: `x * size / divisor`, converted and clamped as in C++."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bxnn._core import Format

from .emit import Emit
from .formats import C_INT, C_UNSIGNED, CType

_INT_MAX = (1 << 31) - 1


@dataclass(frozen=True)
class Rule:
    """`trunc(x * size / divisor) + offset`, then clamped to the table.

    C++ keeps the low 32 bits of both the truncated number and the sum. `below` says what becomes of an index
    that is negative then: 'first' entry, or 'last', where the header compares it as unsigned only.
    """

    size: int
    divisor: int
    offset: int
    below: str = "first"


def lookup(emit: Emit, x: int, xt: CType, rule: Rule, entries: NDArray[np.int64], target: CType) -> int:
    """`entries[index]` for every element of x; entries are raw integers of `target`."""
    scaled, shift = _scaled(emit, x, xt, rule)
    reach = _reach(xt, rule)
    if reach + rule.offset <= _INT_MAX:
        first, bits, signed = -rule.offset, _bits(rule), rule.offset > 0
        index = emit.builder.cast(scaled, Format(bits, bits, signed, "TRN_ZERO", "SAT"), shift=shift)
        first_raw = -(1 << (bits - 1)) if signed else 0
    else:
        index, bits = _wrapped(emit, scaled, shift, rule)
        first, first_raw = 0, 0
    reachable = np.arange(first_raw, first_raw + (1 << bits))
    table = entries[np.clip(reachable - first, 0, rule.size - 1)]
    return int(emit.builder.lut(index, table, first_raw, target.format))


def _bits(rule: Rule) -> int:
    """Width of the narrowest saturating integer that reaches both ends of the table."""
    last = rule.size - 1 - rule.offset
    signed = rule.offset > 0
    return max(1, last.bit_length() + signed, (rule.offset - 1).bit_length() + 1 if signed else 0)


def _reach(xt: CType, rule: Rule) -> int:
    """Bound of the truncated number's magnitude."""
    top = 1 << (xt.width - 1 if xt.signed else xt.width)
    number = top * rule.size // abs(rule.divisor)
    return (number >> xt.frac if xt.frac >= 0 else number << -xt.frac) + 1


def _scaled(emit: Emit, x: int, xt: CType, rule: Rule) -> tuple[int, int]:
    """A value and a shift that together are `x * size / divisor`, on the grid on which C++ divides."""
    if rule.divisor < 0:
        x = emit.binary("sub", emit.integer(0), x)
    steps = abs(rule.divisor).bit_length() - 1
    if rule.size & (rule.size - 1) == 0:
        shift = rule.size.bit_length() - 1 - steps
    else:
        x, shift = emit.binary("mul", x, emit.integer(rule.size)), -steps
    if xt.frac >= 0:
        return x, shift
    # the quotient keeps the operand's grid, which is coarser than the integers
    width = emit.builder.format_of(x).width + max(shift, 0) + 1
    if width > 64:
        emit.refuse(f"its input type {xt} is too wide for a table of {rule.size} entries")
    coarse = Format(width, width - xt.frac, True, "TRN_ZERO", "WRAP")
    return int(emit.builder.cast(x, coarse, shift=shift)), 0


def _wrapped(emit: Emit, scaled: int, shift: int, rule: Rule) -> tuple[int, int]:
    """The clamped index where the number may exceed an `int`."""
    wide = CType(32, 32, True, True, "TRN", "WRAP")
    index = int(emit.builder.cast(scaled, wide.format, shift=shift))
    if rule.offset:
        index = emit.binary("add", index, emit.integer(rule.offset), C_INT, C_INT)
    if rule.below == "last":
        index = int(emit.builder.cast(index, C_UNSIGNED.format))
    bits = max(1, (rule.size - 1).bit_length())
    return int(emit.builder.cast(index, Format(bits, bits, False, "TRN", "SAT"))), bits
