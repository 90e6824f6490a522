"""C++ types of hls4ml precisions, and the numbers that C++ reads from text and from floats."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bxnn.frontends.hls4ml.formats import (
    CType,
    assignment_fault,
    from_decimals,
    from_floats,
    from_precision,
    from_text,
)


def precision(kind: str, **fields: Any) -> Any:
    """An object like hls4ml's precisions, whose classes converters rename with a prefix."""
    fields.setdefault("saturation_bits", 0)
    for mode, name in (("rounding_mode", "TRN"), ("saturation_mode", "WRAP")):
        fields[mode] = SimpleNamespace(name=fields.get(mode, name))
    return type(kind, (), {**fields, "__str__": lambda self: kind})()


def test_precisions_become_cpp_types() -> None:
    fixed = precision("FixedPrecisionType", width=16, integer=6, signed=True, rounding_mode="RND")
    assert from_precision(fixed) == CType(16, 6, True, False, "RND", "WRAP")
    integer = precision("APIntegerPrecisionType", width=5, signed=False)
    assert from_precision(integer) == CType(5, 5, False, True)
    assert from_precision(precision("APXnorPrecisionType", width=1, signed=False)).is_bit


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        ("StandardFloatPrecisionType", {"width": 32}, "not a fixed-point"),
        ("UnspecifiedPrecisionType", {"width": 0}, "not a fixed-point"),
        (
            "FixedPrecisionType",
            {"width": 8, "integer": 3, "signed": True, "saturation_bits": 2},
            "saturation bits",
        ),
        ("FixedPrecisionType", {"width": 65, "integer": 3, "signed": True}, "65 bits wide"),
        (
            "FixedPrecisionType",
            {"width": 1, "integer": 1, "signed": True, "saturation_mode": "SAT_SYM"},
            "signed bit",
        ),
    ],
)
def test_unknown_precisions_are_refused(kind: str, fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        from_precision(precision(kind, **fields))


def test_cpp_spelling() -> None:
    assert from_text("ap_fixed<18, 8>") == CType(18, 8, True)
    assert from_text("ap_ufixed<15,5,AP_RND,AP_SAT,0>") == CType(15, 5, False, False, "RND", "SAT")
    assert from_text("ap_uint<1>").is_bit
    assert not from_text("ap_ufixed<1,1>").is_bit


def test_expression_types_are_those_of_the_headers() -> None:
    a, b = CType(8, 3, True), CType(6, 4, False)
    assert a * b == CType(14, 7, True)
    assert a + b == CType(11, 6, True)  # the unsigned operand needs a sign bit
    assert b - b == CType(7, 5, True)
    assert -b == CType(7, 5, True)
    assert (CType(4, 4, True, True) * CType(3, 3, False, True)).is_int


def test_rounding_that_drops_more_bits_than_there_are_aborts() -> None:
    source = CType(4, -6, True)  # 10 fraction bits
    assert assignment_fault(source, CType(8, 3, True, False, "RND")) is not None
    assert assignment_fault(source, CType(8, 3, True)) is None
    assert assignment_fault(CType(4, -6, False), CType(8, 3, False, False, "TRN_ZERO")) is None
    assert assignment_fault(CType(11, 1, True), CType(8, 3, True, False, "RND")) is None


def test_integers_from_numbers_without_integer_bits_are_refused() -> None:
    assert assignment_fault(CType(8, 0, True), CType(4, 4, True, True)) is not None
    assert assignment_fault(CType(8, 0, False), CType(4, 4, True, True)) is None


def test_decimal_text_is_a_step_of_its_own() -> None:
    # three fraction digits of -0.0001 leave nothing, although the cast of the number itself would floor to -1
    kind = CType(6, 3, True)
    assert from_decimals([f"{-0.0001:.3f}"], kind).tolist() == [0]
    assert from_floats(np.array([-0.0001]), kind).tolist() == [-1]
    assert from_decimals(["0.875", "-4.001", "3.999"], kind).tolist() == [7, 31, 31]
    assert from_decimals(["3", "5"], CType(6, 9, True)).tolist() == [0, 0]  # grid of 8


def test_integer_weights_are_read_as_integers() -> None:
    assert from_decimals(["-1", "-0", "9", "1.0"], CType(3, 3, True, True)).tolist() == [-1, 0, 1, 1]
    with pytest.raises(ValueError, match="64 bits"):
        from_decimals([f"{2.0**63:.0f}"], CType(8, 8, True, True))


def test_weights_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        from_decimals(["0.5", "nan"], CType(8, 3, True))


def test_infinity_saturates_or_wraps_to_zero() -> None:
    numbers = np.array([np.inf, -np.inf])
    assert from_floats(numbers, CType(8, 3, True, False, "RND", "SAT")).tolist() == [127, -128]
    assert from_floats(numbers, CType(8, 3, True)).tolist() == [0, 0]


def test_floats_assigned_to_integers() -> None:
    # toward zero, except for the one that ap_int makes of a small negative number
    numbers = np.array([1.9, -1.9, -0.75, -0.25, 0.25])
    assert from_floats(numbers, CType(4, 4, True, True)).tolist() == [1, -1, 0, 1, 0]
