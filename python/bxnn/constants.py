"""Numbers of a trained model or a trigger as constants of a graph, in the format stated or exactly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bxnn._core import Builder, Format, InputError, quantize_float


def narrow_constant(builder: Builder, raw: NDArray[np.int64], frac: int) -> int:
    """The numbers raw * 2^-frac with as few bits as they need: a factor of one is the raw integer 1."""
    while raw.any() and not (raw & 1).any():
        raw, frac = raw >> 1, frac - 1
    signed = bool((raw < 0).any())
    width = max(1, *(int(r if r >= 0 else ~r).bit_length() + signed for r in (raw.min(), raw.max())))
    return builder.constant(raw, Format(width, width - frac, signed))


def real_constant(
    builder: Builder, values: ArrayLike, fmt: Format | None, shape: Sequence[int], what: str
) -> int:
    """Real numbers, one for all elements of `shape` or one for each, cast to `fmt`; without it, exactly.

    The result has one element or `shape`. Raises InputError, naming `what`, for another number of values, one
    that is not finite, and numbers that no common grid of 62 bits holds exactly.
    """
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{what}: expected real numbers, got {values!r}") from None
    size = int(np.prod(shape))
    if numbers.size not in (1, size):
        raise InputError(f"{what}: expected one number or {size}, got {numbers.size}")
    if not np.isfinite(numbers).all():
        raise InputError(f"{what}: expected finite numbers, got {numbers[~np.isfinite(numbers)][0]}")
    numbers = numbers.reshape(tuple(shape) if numbers.size == size else (1,))
    if fmt is not None:
        return builder.constant(np.asarray(quantize_float(numbers, fmt), dtype=np.int64), fmt)
    mantissa, exponent = np.frexp(numbers)
    used = numbers != 0
    # 53 bits of mantissa are integers; what they share of trailing zeros goes with narrow_constant
    low = int(exponent[used].min()) - 53 if used.any() else 0
    high = int(exponent[used].max()) if used.any() else 0
    fine = mantissa * 2.0**53
    integers = [
        int(m) << (int(e) - 53 - low) if m else 0 for m, e in zip(fine.flat, exponent.flat, strict=True)
    ]
    shift = _trailing_zeros(integers)
    if high - low - shift > 62:
        raise InputError(
            f"{what}: the numbers need {high - low - shift} bits to be exact, supported are 62; state a "
            "format for them"
        )
    raw = np.array([i >> shift for i in integers], dtype=np.int64).reshape(numbers.shape)
    return narrow_constant(builder, raw, -low - shift)


def _trailing_zeros(integers: Sequence[int]) -> int:
    together = 0
    for integer in integers:
        together |= abs(integer)
    return (together & -together).bit_length() - 1 if together else 0
