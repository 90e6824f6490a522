"""Casts: worked examples, and the vectorised path against the definition."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from .fx import (
    OVERFLOWS,
    ROUNDS,
    Format,
    max_raw,
    min_raw,
    quantize,
    quantize_array,
    quantize_float,
    quantize_float_array,
    quantize_range,
)

# halves from -2.5 to 2.5, as raw integers with one fraction bit
HALVES = [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("TRN", [-3, -2, -2, -1, -1, 0, 0, 1, 1, 2, 2]),
        ("TRN_ZERO", [-2, -2, -1, -1, 0, 0, 0, 1, 1, 2, 2]),
        ("RND", [-2, -2, -1, -1, 0, 0, 1, 1, 2, 2, 3]),
        ("RND_ZERO", [-2, -2, -1, -1, 0, 0, 0, 1, 1, 2, 2]),
        ("RND_INF", [-3, -2, -2, -1, -1, 0, 1, 1, 2, 2, 3]),
        ("RND_MIN_INF", [-3, -2, -2, -1, -1, 0, 0, 1, 1, 2, 2]),
        ("RND_CONV", [-2, -2, -2, -1, 0, 0, 0, 1, 2, 2, 2]),
    ],
)
def test_halves(mode: str, expected: list[int]) -> None:
    assert [quantize(r, 1, Format(8, 8, True, mode)) for r in HALVES] == expected


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("TRN", [-1, -1, -1, 0, 0, 0]),
        ("TRN_ZERO", [0, 0, 0, 0, 0, 0]),
        ("RND", [-1, 0, 0, 0, 1, 1]),
        ("RND_ZERO", [-1, 0, 0, 0, 0, 1]),
        ("RND_INF", [-1, -1, 0, 0, 1, 1]),
        ("RND_MIN_INF", [-1, -1, 0, 0, 0, 1]),
        ("RND_CONV", [-1, 0, 0, 0, 0, 1]),
    ],
)
def test_quarters(mode: str, expected: list[int]) -> None:
    assert [quantize(r, 2, Format(8, 8, True, mode)) for r in (-3, -2, -1, 1, 2, 3)] == expected


@pytest.mark.parametrize(
    ("number", "fmt", "expected"),
    [
        (-0.5, Format(8, 8), -1),
        (-0.5, Format(8, 8, True, "RND"), 0),
        (-1.5, Format(8, 8, True, "RND"), -1),
        (7.5, Format(4, 4, True, "RND", "SAT"), 7),
        (7.5, Format(4, 4, True, "RND", "WRAP"), -8),
        (-9.0, Format(4, 4, True, "TRN", "SAT_SYM"), -7),
        (-9.0, Format(4, 4, False, "TRN", "SAT_SYM"), 0),
        (20.0, Format(4, 4, False, "TRN", "SAT_SYM"), 15),
        (-8.0, Format(4, 4, True, "TRN", "SAT_SYM"), -7),
        (-8.0, Format(4, 4, True, "TRN", "SAT"), -8),
        (9.0, Format(4, 4, True, "TRN", "SAT_ZERO"), 0),
        (-1.0, Format(4, 4, False, "TRN", "SAT"), 0),
        (-1.0, Format(4, 4, False, "TRN", "WRAP"), 15),
        (0.125, Format(8, -2), -128),  # frac 10: the sign bit weighs 2**-3
        (0.0625, Format(8, -2), 64),
        (96.0, Format(6, 9), 12),  # frac -3: multiples of 8
        (100.0, Format(6, 9, True, "RND"), 13),
        (-0.0001, Format(6, 3), -1),
        (2.0**70, Format(64, 64, True, "TRN", "SAT"), 2**63 - 1),
        (2.0**70 + 2.0**20, Format(64, 64, False, "TRN", "WRAP"), 2**20),
    ],
)
def test_worked_examples(number: float, fmt: Format, expected: int) -> None:
    assert quantize_float(number, fmt) == expected
    numerator, denominator = number.as_integer_ratio()
    assert quantize(numerator, denominator.bit_length() - 1, fmt) == expected


def test_saturating_sum_depends_on_order() -> None:
    fmt = Format(8, 4, True, "TRN", "SAT")
    seven = quantize_float(7.0, fmt)
    assert quantize(quantize(seven + seven, 4, fmt) - seven, 4, fmt) * 2.0**-4 == 0.9375


def test_not_finite() -> None:
    for bad in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match="no fixed-point value"):
            quantize_float(bad, Format(8, 4))
        with pytest.raises(ValueError, match="no fixed-point value"):
            quantize_float_array(np.array([0.0, bad]), Format(8, 4))


def _formats(widths: list[int], integers: list[int]) -> list[Format]:
    return [
        Format(w, i, s, r, o)
        for w, i, s, r, o in itertools.product(widths, integers, (False, True), ROUNDS, OVERFLOWS)
    ]


def test_vectorised_small_widths_exhaustively() -> None:
    """Every mode, every raw integer of seven signed bits, shifts on both sides of zero."""
    raw = np.arange(-64, 64)
    for fmt in _formats([1, 2, 4], [-2, 1, 3, 6]):
        for frac_from in (-2, 0, 3):
            expected = [quantize(int(r), frac_from, fmt) for r in raw]
            assert quantize_array(raw, frac_from, fmt).tolist() == expected, (fmt, frac_from)


def test_vectorised_wide() -> None:
    rng = np.random.default_rng(1)
    for fmt in _formats([8, 31, 62, 64], [-5, 16, 70]):
        frac_from = int(rng.integers(-40, 60))
        bits = int(rng.integers(1, 126))
        raw = [int.from_bytes(rng.bytes(16), "little") % 2**bits - 2 ** (bits - 1) for _ in range(20)]
        # ties and range limits, moved to the grid of the operand
        edges = [min_raw(fmt), max_raw(fmt), max_raw(fmt) + 1, min_raw(fmt) - 1]
        raw += [math.floor(Fraction(2 * e + 1, 2) * Fraction(2) ** (frac_from - fmt.frac)) for e in edges]
        got = quantize_array(np.array(raw, dtype=object), frac_from, fmt).tolist()
        assert got == [quantize(r, frac_from, fmt) for r in raw], (fmt, frac_from)


def test_vectorised_floats() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=40) * 10.0 ** rng.integers(-12, 12, 40)
    x = np.concatenate([x, np.round(x * 4) / 4, [0.0, -0.0, 5e-324, 1.7e308, -1.7e308]])
    for fmt in _formats([3, 16, 64], [-3, 8, 20]):
        assert quantize_float_array(x, fmt).tolist() == [quantize_float(float(v), fmt) for v in x], fmt
    single = x[:80].astype(np.float32)
    fmt = Format(16, 8, True, "RND_CONV", "SAT")
    assert quantize_float_array(single, fmt).tolist() == [quantize_float(float(v), fmt) for v in single]


def test_range_holds_every_cast() -> None:
    for fmt in _formats([1, 3], [-1, 2, 4]):
        for low, high in ((-9, 8), (0, 3), (-2, 0), (0, 31), (-1, 1)):
            cast = [quantize(r, 2, fmt) for r in range(low, high + 1)]
            found = quantize_range(low, high, 2, fmt)
            assert found[0] <= min(cast) and max(cast) <= found[1], (fmt, low, high)
            assert min_raw(fmt) <= found[0] and found[1] <= max_raw(fmt)
            if fmt.overflow in ("SAT", "SAT_SYM"):
                assert found == (min(cast), max(cast)), (fmt, low, high)


@pytest.mark.parametrize(
    ("text", "fmt"),
    [
        ("ap_fixed<16,6,AP_RND,AP_SAT,0>", Format(16, 6, True, "RND", "SAT")),
        ("ap_fixed<16, 6>", Format(16, 6)),
        ("ufixed<8,2>", Format(8, 2, False)),
        ("fixed<8,-2,RND_CONV>", Format(8, -2, True, "RND_CONV")),
        ("ap_ufixed<6,9,TRN,SAT_SYM>", Format(6, 9, False, "TRN", "SAT_SYM")),
        ("ap_uint<1>", Format(1, 1, False)),
        ("int<4>", Format(4, 4)),
    ],
)
def test_parse(text: str, fmt: Format) -> None:
    assert Format.parse(text) == fmt


@pytest.mark.parametrize(
    "text",
    ["", "float", "ap_fixed<16>", "ap_int<4,4>", "ap_fixed<8,4,UP>", "ap_fixed<8,4,RND,MAX>", "ap_fixed<a,b>"]
    + ["ap_fixed<0,0>", "ap_fixed<8,4,RND,SAT,1>", "ap_fixed<8,4"],
)
def test_parse_refuses(text: str) -> None:
    with pytest.raises(ValueError):
        Format.parse(text)
