"""Counterexamples: as small as they can be, in few calls, the same every time, and still different."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bxnn import Format, InputError, verify
from bxnn.shrink import MAX_CALLS, shrink

from . import example_models as example

MODEL = example.dense()
RAW = np.random.default_rng(0).integers(-128, 128, (40, 3))
X = RAW * example.LSB


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=60), st.data())
@settings(max_examples=100, deadline=None)
def test_needed_numbers_stay_and_others_go(values: list[int], data: st.DataObject) -> None:
    """What matters: that some places are at least so far from zero."""
    vector = np.array(values, np.int64)
    places = data.draw(st.sets(st.integers(0, len(values) - 1), max_size=4))
    least = {p: data.draw(st.integers(0, abs(values[p]))) for p in places}

    def differs(rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.array([all(abs(row[p]) >= n for p, n in least.items()) for row in rows], bool)

    found = shrink(vector, differs)
    expected = np.zeros_like(vector)
    for p, n in least.items():
        expected[p] = np.sign(vector[p]) * n
    assert found.calls <= MAX_CALLS
    assert found.vector.tolist() == expected.tolist()


def test_the_search_is_bounded() -> None:
    calls = []

    def differs(rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        calls.append(len(rows))
        return rows.sum(axis=1) >= 10**6

    vector = np.full(300, 2**30)
    found = shrink(vector, differs)
    assert len(calls) == found.calls <= MAX_CALLS
    assert found.vector.sum() == 10**6 and np.count_nonzero(found.vector) == 1
    assert np.array_equal(shrink(vector, differs).vector, found.vector)


def wrong_where(x: NDArray[Any]) -> NDArray[np.int64]:
    """The model's answers, but for neuron 1 where x0 * x1 > 3001."""
    y = example.dense_raw(x)
    y[:, 1] += x[:, 0].astype(np.int64) * x[:, 1] > 3001
    return y


def test_a_function_of_raw_integers() -> None:
    report = verify(MODEL, wrong_where, RAW, raw=True)
    found = report.counterexample
    assert found is not None and report.first is not None and report.first.first is not None
    assert found.event == report.first.first.event and (found.kind, found.name) == ("output", "y")
    a, b, c = found.inputs["x"]
    assert c == 0 and a * b > 3001 and (a - 1) * b <= 3001 and a * (b - 1) <= 3001
    assert found.expected[1] == found.found[1] + 1 and found.nonzero == (3, 2)
    assert 0 < found.calls <= MAX_CALLS + 2
    assert f"x[0] = {a} raw" in str(report)
    assert verify(MODEL, wrong_where, RAW, raw=True).counterexample == found


@pytest.mark.parametrize("x", [X, X.astype(np.float32), {"x": X}, X.reshape(8, 5, 3)])
def test_functions_see_events_in_the_form_they_were_given(x: Any) -> None:
    forms = set()

    def reference(x: Any) -> NDArray[np.int64]:
        array = x["x"] if isinstance(x, dict) else x
        forms.add((type(x), array.dtype, array.shape[-1]))
        return wrong_where((array.reshape(-1, 3) * 16).astype(np.int64))

    report = verify(MODEL, reference, x)
    assert report.counterexample is not None and report.counterexample.nonzero == (3, 2)
    assert len(forms) == 1


def test_a_model_of_two_inputs() -> None:
    """sum = a + b against a + b + 1 where a0 is at least one."""
    model = example.two_inputs()

    def reference(x: list[NDArray[Any]]) -> NDArray[np.float64]:
        return x[0] + x[1] + (x[0] >= 1) / 32

    rng = np.random.default_rng(1)
    x = [rng.integers(-100, 100, (30, 2)) / 16, rng.integers(-100, 100, (30, 2)) / 32]
    found = verify(model, reference, x).counterexample
    assert found is not None and found.inputs["b"] == [0, 0]
    assert sorted(found.inputs["a"]) == [0, 16]


def test_models_are_asked_again() -> None:
    found = verify(MODEL, example.dense("other", np.array([7, -7])), X).counterexample
    assert found is not None and found.inputs == {"x": [0, 0, 0]}
    assert (found.kind, found.name, found.expected) == ("layer", "fc", [7, -7])


def test_real_numbers_off_the_grid_matter() -> None:
    """The finer model's answer differs only for numbers that the coarse one cannot hold."""
    coarse, fine = example.identity([3], Format(8, 4)), example.identity([3], Format(10, 5))
    found = verify(coarse, fine, np.array([[0.5, 0.03125, -1.0]])).counterexample
    assert found is not None and found.nonzero == (3, 1)
    assert found.found == [0, 0, 0] and found.expected == [0, 0.03125, 0]


@pytest.mark.parametrize("reference", ["array", "function of one sample"])
def test_what_can_not_be_asked_again_is_kept(reference: str) -> None:
    wrong = wrong_where(RAW)
    answers: Any = {"array": wrong, "function of one sample": lambda _: wrong}[reference]
    report = verify(MODEL, answers, RAW, raw=True)
    found = report.counterexample
    assert found is not None and found.calls == 0
    assert found.inputs["x"] == RAW[found.event].tolist()
    assert found.expected == wrong[found.event].tolist()
    assert "as it was given" in str(report)


def test_a_reference_that_fails_later_is_not_an_error() -> None:
    asked = []

    def reference(x: NDArray[Any]) -> NDArray[np.int64]:
        asked.append(len(x))
        if len(asked) > 2:
            raise InputError("no more")
        return wrong_where(x)

    found = verify(MODEL, reference, RAW, raw=True).counterexample
    assert len(asked) == 3 and found is not None and found.calls == 0


def test_equal_answers_have_no_counterexample() -> None:
    assert verify(MODEL, example.dense(), X).counterexample is None


def test_flat_events_of_a_shape_that_could_be_a_batch() -> None:
    """(1, 3) as one event of the input's shape, or as a batch of one flat event: both are asked again."""
    coarse, fine = example.identity([1, 3], Format(8, 4)), example.identity([1, 3], Format(9, 4))
    found = verify(coarse, fine, np.array([[0.5, 1 / 32, 1.0], [0, 0, 0]])).counterexample
    assert found is not None and found.calls > 0 and found.nonzero == (3, 1)
