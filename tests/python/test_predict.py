"""Arrays into and out of a model: shapes, dtypes, memory layouts, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bxnn import Format, InputError, UnsupportedError

from . import example_models as example

DENSE = example.dense()
RAW = np.random.default_rng(0).integers(-128, 128, (40, 3))


@given(hnp.arrays(np.int8, st.tuples(st.integers(0, 20), st.just(3)), elements=st.integers(-128, 127)))
@settings(max_examples=30, deadline=None)
def test_numbers_are_exact(raw: NDArray[np.int8]) -> None:
    expected = example.dense_raw(raw)
    result = DENSE.predict_raw(raw)
    assert isinstance(result, np.ndarray) and result.dtype == np.int32
    assert np.array_equal(result, expected)
    assert np.array_equal(DENSE.predict(raw * example.LSB), expected * example.LSB)


@pytest.mark.parametrize("batch", [(), (0,), (1,), (7,), (2, 3), (2, 0, 3)])
def test_batch_axes_are_kept(batch: tuple[int, ...]) -> None:
    raw = np.random.default_rng(1).integers(-128, 128, (*batch, 3))
    result = DENSE.predict(raw * example.LSB)
    assert isinstance(result, np.ndarray) and result.dtype == np.float64
    assert result.shape == (*batch, 2)
    assert np.array_equal(result, example.dense_raw(raw) * example.LSB)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f2", ">f4", ">f8", "g"])
def test_real_dtypes(dtype: str) -> None:
    x = (RAW * example.LSB).astype(dtype)
    assert np.array_equal(DENSE.predict(x), example.dense_raw(RAW) * example.LSB)


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", ">i2", ">i8", "u1", ">u4", "u8", "?"])
def test_raw_dtypes(dtype: str) -> None:
    raw = np.abs(RAW) % (2 if dtype == "?" else 128)
    assert np.array_equal(DENSE.predict_raw(raw.astype(dtype)), example.dense_raw(raw))


def layouts() -> dict[str, NDArray[Any]]:
    x = np.ascontiguousarray(RAW * example.LSB)
    wide = np.zeros((40, 9))
    wide[:, ::3] = x
    readonly = x.copy()
    readonly.flags.writeable = False
    return {
        "fortran": np.asfortranarray(x),
        "strided": wide[:, ::3],
        "reversed": x[::-1].copy()[::-1],
        "readonly": readonly,
        "big-endian strided": wide.astype(">f8")[:, ::3],
        "unaligned": np.frombuffer(b"\0" + x.tobytes(), dtype=np.uint8)[1:].view(np.float64).reshape(x.shape),
    }


@pytest.mark.parametrize("layout", layouts())
def test_memory_layouts(layout: str) -> None:
    x = layouts()[layout]
    before = x.copy()
    assert np.array_equal(DENSE.predict(x), example.dense_raw(RAW) * example.LSB)
    assert np.array_equal(x, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_contiguous_arrays_are_not_copied(dtype: type) -> None:
    x: NDArray[Any] = np.ones((5, 3), dtype)
    _, (seen,) = DENSE.events(x, raw=False)
    assert np.shares_memory(x, seen)
    raw = np.ones((5, 3), np.int8)
    _, (seen,) = DENSE.events(raw, raw=True)
    assert np.shares_memory(raw, seen)


def test_lists_are_arrays() -> None:
    assert np.array_equal(DENSE.predict([[1, 2.5, -3]]), [[1 - 5 - 9 + 7 / 16, 4 + 12.5 + 18 - 0.5]])
    assert np.array_equal(DENSE.predict_raw([1, 2, 3]), [13, -12])


def test_flat_events_of_a_shaped_input() -> None:
    model = example.identity([2, 3])
    x = np.arange(24).reshape(4, 6) / 16
    assert np.array_equal(model.predict(x), x.reshape(4, 2, 3))
    assert np.array_equal(model.predict(x.reshape(2, 2, 2, 3)), x.reshape(2, 2, 2, 3))
    assert np.array_equal(model.predict(x[0]), x[0].reshape(2, 3))


def test_an_ambiguous_shape_is_refused() -> None:
    model = example.identity([1, 3])
    with pytest.raises(InputError, match=r"one event of shape \(1, 3\) or a batch of flat events"):
        model.predict(np.zeros((1, 3)))
    assert np.shape(model.predict(np.zeros((5, 3)))) == (5, 1, 3)
    assert np.shape(model.predict(np.zeros((1, 1, 3)))) == (1, 1, 3)


@pytest.mark.parametrize("x", [np.zeros((4, 2)), np.zeros(()), np.zeros((3, 4)), [], [[]], [[[1, 2]]]])
def test_wrong_shapes(x: Any) -> None:
    with pytest.raises(InputError, match=r"input 'x': expected shape \(\.\.\., 3\), got"):
        DENSE.predict(x)


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((2, 3), complex),
        np.array([["a", "b", "c"]]),
        np.array([[None, 1, 2]]),
        np.zeros((2, 3), "datetime64[s]"),
        [[1, 2, 3], [4, 5]],
        np.zeros(3, [("a", float)]),
    ],
)
def test_what_is_not_real_numbers(x: Any) -> None:
    with pytest.raises(InputError, match="input 'x'"):
        DENSE.predict(x)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g"])
def test_nan_and_infinity_are_refused_with_their_place(bad: float, dtype: str) -> None:
    x = np.zeros((50, 3), dtype)
    x[37, 1] = bad
    with pytest.raises(InputError, match=r"input 'x', event 37, element 1: "):
        DENSE.predict(x)


@pytest.mark.parametrize("bad", [128, -129, 2**40])
def test_raw_integers_outside_the_format_are_refused_with_their_place(bad: int) -> None:
    raw = np.zeros((50, 3), np.int64)
    raw[37, 1] = bad
    with pytest.raises(InputError, match=r"input 'x', event 37, element 1: .* -128 to 127"):
        DENSE.predict_raw(raw)


@pytest.mark.parametrize("x", [np.zeros((2, 3)), np.zeros((2, 3), np.float32), [0.0, 1.0, 2.0]])
def test_predict_raw_refuses_floats(x: Any) -> None:
    with pytest.raises(InputError, match=r"expected raw integers of .*real numbers go to predict"):
        DENSE.predict_raw(x)


def test_integers_are_real_numbers_for_predict() -> None:
    assert np.array_equal(DENSE.predict(np.array([[1, 2, 3]])), DENSE.predict(np.array([[1.0, 2.0, 3.0]])))
    with pytest.raises(InputError, match="event 1, feature 2"):
        DENSE.predict(np.array([[0, 0, 0], [0, 0, 2**53 + 1]]))
    with pytest.raises(InputError, match="event 0, feature 0"):
        DENSE.predict(np.array([[2**64 - 1, 0, 0]], dtype=np.uint64))


@pytest.mark.skipif(np.finfo(np.longdouble).nmant <= 52, reason="long double is double here")
def test_long_doubles_that_float64_would_round_are_refused() -> None:
    x = np.zeros((2, 3), np.longdouble)
    x[1, 2] = np.longdouble(1) + np.longdouble(2) ** -60
    with pytest.raises(InputError, match="event 1, feature 2"):
        DENSE.predict(x)


def test_masked_values_are_refused() -> None:
    x = np.ma.masked_array(np.zeros((2, 3)), mask=np.eye(2, 3, 1, dtype=bool))
    with pytest.raises(InputError, match="masked"):
        DENSE.predict(x)


def test_values_beyond_the_input_format_follow_its_modes() -> None:
    wrapping = example.identity([1])
    saturating = example.identity([1], Format(8, 4, True, "RND", "SAT"))
    x = np.array([[8.0], [-9.0], [0.0312], [1e30]])
    assert np.array_equal(wrapping.predict(x)[:3], [[-8.0], [7.0], [0.0]])
    assert np.array_equal(saturating.predict(x), [[127 / 16], [-8.0], [0.0], [127 / 16]])


@pytest.mark.parametrize(("fmt", "fits"), [(Format(54, 54), True), (Format(55, 55), False)])
def test_outputs_wider_than_float64(fmt: Format, fits: bool) -> None:
    model = example.identity([1], fmt)
    raw = np.array([[fmt.max_raw], [fmt.min_raw]])
    assert np.array_equal(model.predict_raw(raw), raw)
    if fits:
        assert np.array_equal(model.predict(raw / 2), raw // 2)
        return
    with pytest.raises(UnsupportedError, match=r"output 'y'.*predict_raw"):
        model.predict(np.zeros((1, 1)))


def test_several_outputs() -> None:
    model = example.two_outputs()
    result = model.predict_raw(RAW)
    y, y2 = result
    assert isinstance(result, tuple)
    assert np.array_equal(y, example.dense_raw(RAW)) and np.array_equal(y2, 2 * y)
    assert result["y2"] is y2
    with pytest.raises(KeyError, match="the outputs are y, y2"):
        result["z"]


def test_several_inputs() -> None:
    model = example.two_inputs()
    a, b = np.array([[1.0, 2.0]]), np.array([[0.5, -0.03125]])
    for x in ([a, b], (a, b), {"b": b, "a": a}):
        assert np.array_equal(model.predict(x), a + b)
    refused: list[tuple[Any, str]] = [
        (a, "2 arrays for the inputs"),
        ([a], "2 arrays for the inputs"),
        ({"a": a}, r"inputs \['a', 'b'\], got \['a'\]"),
        ({"a": a, "c": b}, r"got \['a', 'c'\]"),
        ([a, np.zeros((2, 2))], r"input 'b': expected the batch shape \(1,\)"),
    ]
    for x, message in refused:
        with pytest.raises(InputError, match=message):
            model.predict(x)


def test_one_input_by_name() -> None:
    assert np.array_equal(DENSE.predict_raw({"x": RAW}), example.dense_raw(RAW))
    with pytest.raises(InputError, match=r"\['x'\], got \['z'\]"):
        DENSE.predict_raw({"z": RAW})


@pytest.mark.parametrize("threads", [0, 1, 2, 5])
def test_threads_do_not_change_the_answer(threads: int) -> None:
    raw = np.random.default_rng(2).integers(-128, 128, (5000, 3))
    assert np.array_equal(DENSE.predict_raw(raw, threads=threads), example.dense_raw(raw))


def test_a_negative_number_of_threads() -> None:
    with pytest.raises(ValueError, match="threads"):
        DENSE.predict_raw(RAW, threads=-1)


def test_trace() -> None:
    real = DENSE.trace(RAW * example.LSB)
    raw = DENSE.trace(RAW, raw=True)
    assert list(real) == list(raw) == ["fc", "y"]
    assert np.array_equal(raw["fc"], example.dense_raw(RAW)) and raw["fc"].dtype == np.int32
    assert np.array_equal(real["y"], raw["y"] * example.LSB)
