"""Operations of the interpreter, worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .fx import Format
from .interpreter import SpecBuilder, SpecModel

INT8 = Format(8, 8)


def finish(b: SpecBuilder, y: int) -> SpecModel:
    b.output(y, "y")
    return b.build()


def run(b: SpecBuilder, y: int, *inputs: Any) -> list[list[int]]:
    result: list[list[int]] = finish(b, y).run(list(inputs))[0].tolist()
    return result


def type_of(b: SpecBuilder, x: int) -> tuple[int, int, bool]:
    f = b.format_of(x)
    return f.width, f.integer, f.signed


def test_input_of_floats_uses_its_modes() -> None:
    b = SpecBuilder()
    x = b.input("x", [3], Format(4, 3, True, "RND", "SAT"))
    assert run(b, x, np.array([[0.25, -0.25, 100.0]])) == [[1, 0, 7]]


def test_input_checks() -> None:
    m = finish(b := SpecBuilder(), b.input("x", [2], Format(4, 4)))
    for bad in ([[8, 0]], [[0, -9]], [[0]], [0, 0], [[np.nan, 0.0]]):
        with pytest.raises(ValueError, match="x|NaN"):
            m.run([np.array(bad)])
    with pytest.raises(ValueError, match="1 inputs, got 2"):
        m.run([np.zeros((1, 2), int)] * 2)


def test_cast_with_shift() -> None:
    b = SpecBuilder()
    x = b.input("x", [2], Format(8, 4))
    y = b.cast(x, Format(8, 4, True, "RND_CONV", "SAT"), shift=-1)
    assert run(b, y, [[3, -5]]) == [[2, -2]]
    b = SpecBuilder()
    y = b.cast(b.input("x", [2], Format(8, 4)), Format(8, 8), shift=4)
    assert run(b, y, [[3, -128]]) == [[3, -128]]


def test_cast_per_element() -> None:
    b = SpecBuilder()
    x = b.input("x", [3], Format(8, 4))
    y = b.cast(x, [Format(3, 1), Format(2, 2, False, "TRN", "SAT"), Format(4, 4)])
    # frac 2, 0, 0 aligned to 2; the widest is 4 integer bits, signed
    assert type_of(b, y) == (6, 4, True)
    assert run(b, y, [[-9, 127, 40]]) == [[-3, 12, 8]]


def test_dot_casts_every_term_and_every_sum() -> None:
    b = SpecBuilder()
    x = b.input("x", [2], Format(4, 2))  # frac 2
    w = [[1, 1], [1, -3]]
    exact = b.dot(x, w, 0, [1, 0], 1)
    floor = b.dot(x, w, 0, [1, 0], 1, accum=INT8)
    product = b.dot(x, w, 0, product=Format(8, 7, True, "RND", "SAT"))
    for y, name in ((exact, "exact"), (floor, "floor"), (product, "product")):
        b.output(y, name)
    out = b.build().run_dict([[[3, 2], [-1, -1]]])
    assert out["exact"].tolist() == [[7, -3], [0, 2]]
    # 0.75 and 0.5 floor to 0 each; -1.5 floors to -2; the bias 0.5 floors to 0
    assert out["floor"].tolist() == [[0, -2], [-2, -1]]
    # frac 1: 0.75 -> 1.0, 0.5, -1.5; -0.25 -> -0.0, 0.75 -> 1.0
    assert out["product"].tolist() == [[3, -1], [0, 2]]
    # the exact sums span -2 - 1.75 * 3 .. 1.75 + 2 * 3
    assert type_of(b, exact) == (6, 4, True)
    assert type_of(b, floor) == (8, 8, True)


def test_dot_saturates_in_order() -> None:
    sat = Format(4, 4, True, "TRN", "SAT")
    b = SpecBuilder()
    y = b.dot(b.input("x", [3], INT8), [[1, 1, 1], [1, 1, 1]], 0, [0, -8], accum=sat)
    assert run(b, y, [[7, 7, -7], [-7, 7, 7]]) == [[0, -1], [7, 6]]


def test_dot_index_and_groups() -> None:
    b = SpecBuilder()
    x = b.input("x", [4], INT8)
    weights = [[[1, 10]], [[100, 1000]]]
    y = b.dot(x, weights, 0, [[5], [7]], index=[[0, 1], [2, -1], [3, 3]], group=[0, 1, 1], shape=[3, 1])
    assert b.shape_of(y) == (3, 1)
    assert run(b, y, [[1, 2, 3, 4]]) == [[26, 307, 4407]]


def test_dot_padding_is_multiplied() -> None:
    """Index -1 is the number zero: its product is cast and added like any other."""
    b = SpecBuilder()
    accum = Format(4, 4, True, "TRN", "SAT_SYM")
    y = b.dot(b.input("x", [1], INT8), [[1, 1]], 0, [-8], accum=accum, index=[[-1, -1]])
    assert run(b, y, [[3]]) == [[-7]]


def test_gather() -> None:
    b = SpecBuilder()
    x, y = b.input("x", [2], INT8), b.input("y", [1], INT8)
    g = b.gather([x, y], [2, -1, 0, 0], fill=-3, shape=[2, 2])
    assert run(b, g, [[1, 2]], [[9]]) == [[9, -3, 1, 1]]
    with pytest.raises(ValueError, match="types"):
        b.gather([x, b.constant([1], Format(8, 7))], [0])
    with pytest.raises(ValueError, match=r"\[128, 128\]"):
        b.gather([x], [0], fill=128)


def test_lut() -> None:
    b = SpecBuilder()
    x = b.input("x", [2], Format(2, 2))
    y = b.lut(x, [10, 20, 30, 40, 50], -2, Format(6, 3, False))
    assert type_of(b, y) == (6, 3, False)
    assert run(b, y, [[-2, 1]]) == [[10, 40]]
    for first, size in ((-1, 4), (-2, 3)):
        with pytest.raises(ValueError, match="table covers"):
            b.lut(x, [0] * size, first, INT8)


@pytest.mark.parametrize(
    ("kind", "expected", "result"),
    [
        ("add", [[7, -32]], (6, 4, True)),
        ("sub", [[-1, 0]], (6, 4, True)),
        ("mul", [[6, 128]], (9, 6, True)),
        ("min", [[3, -16]], (5, 3, True)),
        ("max", [[4, -16]], (5, 3, True)),
        ("lt", [[1, 0]], (1, 1, False)),
        ("ge", [[0, 1]], (1, 1, False)),
        ("eq", [[0, 1]], (1, 1, False)),
        ("ne", [[1, 0]], (1, 1, False)),
    ],
)
def test_binary(kind: str, expected: list[list[int]], result: tuple[int, int, bool]) -> None:
    b = SpecBuilder()
    p = b.input("p", [2], Format(5, 3))  # frac 2
    q = b.input("q", [2], Format(4, 3))  # frac 1
    y = b.binary(kind, p, q)
    assert type_of(b, y) == result
    assert run(b, y, [[3, -16]], [[2, -8]]) == expected


def test_binary_types_are_narrowest() -> None:
    b = SpecBuilder()
    u, s = b.input("u", [1], Format(4, 4, False)), b.input("s", [1], Format(4, 4))
    assert type_of(b, b.binary("max", u, s)) == (4, 4, False)
    assert type_of(b, b.binary("min", u, s)) == (4, 4, True)
    assert type_of(b, b.binary("mul", s, s)) == (8, 8, True)
    assert type_of(b, b.binary("mul", u, u)) == (8, 8, False)
    assert type_of(b, b.binary("sub", u, u)) == (5, 5, True)
    assert type_of(b, b.select(u, u, s)) == (5, 5, True)


def test_broadcast_of_one_element() -> None:
    b = SpecBuilder()
    x = b.input("x", [2, 2], INT8)
    zero = b.constant([0], Format(1, 1, False))
    y = b.binary("max", zero, x, Format(3, 3, False, "TRN", "SAT"))
    assert b.shape_of(y) == (2, 2)
    assert run(b, y, [[-1, 3, 9, 7]]) == [[0, 3, 7, 7]]
    with pytest.raises(ValueError, match="differ"):
        b.binary("add", x, b.constant([1, 2, 3, 4], INT8))


def test_select() -> None:
    b = SpecBuilder()
    x = b.input("x", [3], INT8)
    y = b.select(x, b.constant([5], Format(4, 3)), x)
    assert type_of(b, y) == (9, 8, True)
    assert run(b, y, [[0, 1, -1]]) == [[0, 5, 5]]


def test_reduce() -> None:
    b = SpecBuilder()
    x = b.input("x", [2, 3, 2], Format(4, 4))
    raw = np.array([[1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -3, -2]])
    expected = {
        "sum": [[9, 12, -7, -8]],
        "max": [[5, 6, -1, -2]],
        "min": [[1, 2, -3, -4]],
        "argmax": [[2, 2, 0, 0]],
    }
    for kind in expected:
        y = b.reduce(kind, x, 2, 3, 2)
        assert b.shape_of(y) == (2, 2)
        b.output(y, kind)
    out = b.build().run_dict([raw])
    assert {k: v.tolist() for k, v in out.items()} == expected
    assert type_of(b, b.reduce("sum", x, 2, 3, 2)) == (6, 6, True)
    assert type_of(b, b.reduce("argmax", x, 1, 12, 1)) == (4, 4, False)


def test_sum_orders_differ_when_saturating() -> None:
    sat = Format(4, 4, True, "TRN", "SAT")
    b = SpecBuilder()
    x = b.input("x", [5], Format(4, 4))
    for order in ("sequential", "tree"):
        b.output(b.reduce("sum", x, 1, 5, 1, accum=sat, order=order), order)
    out = b.build().run_dict([[[7, 7, -8, -8, 3]]])
    # ((((7+7)-8)-8)+3) and ((7+7)+(-8-8))+3
    assert out["sequential"].tolist() == [[-5]]
    assert out["tree"].tolist() == [[2]]


def test_probes_and_wide_results() -> None:
    b = SpecBuilder("m")
    x = b.input("x", [1], Format(60, 60))
    wide = b.binary("mul", x, x)
    assert type_of(b, wide) == (120, 120, True)
    with pytest.raises(ValueError, match="does not fit"):
        b.output(wide, "y")
    narrow = b.cast(wide, Format(64, 120, True, "RND_CONV", "SAT"))
    b.probe(x, "first")
    m = finish(b, narrow)
    low = -(2**59)
    assert m.run([np.array([[low], [3]])], trace=True)[0].tolist() == [[2**62], [0]]
    assert m.trace_dict([np.array([[low]])])["first"].tolist() == [[low]]
    with pytest.raises(ValueError, match="180 bits|wider|126"):
        b.binary("mul", wide, x)


def test_refusals() -> None:
    b = SpecBuilder()
    x = b.input("x", [2], Format(64, 0))
    with pytest.raises(ValueError, match="at most 126"):
        b.cast(x, Format(8, 100 + 63))
    with pytest.raises(ValueError, match="more than 126 bits"):
        b.cast(x, Format(64, -64, True, "TRN", "SAT"))
    b.cast(x, Format(64, -62, True, "TRN", "WRAP"))  # the high bits do not matter
    with pytest.raises(ValueError, match="format is 65 bits"):
        b.cast(x, Format(65, 0))
    with pytest.raises(ValueError, match="unknown kind"):
        b.binary("xor", x, x)
    with pytest.raises(ValueError, match="no output"):
        b.build()
