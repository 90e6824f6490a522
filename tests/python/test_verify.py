"""`bxnn.verify`: every kind of reference, and the first difference found in the right place."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bxnn import Format, InputError, verify

from . import example_models as example

MODEL = example.dense()
RAW = np.random.default_rng(0).integers(-128, 128, (40, 3))
X = RAW * example.LSB
EXPECTED = example.dense_raw(RAW)


def references() -> dict[str, Any]:
    return {
        "raw integers": EXPECTED,
        "narrow raw integers": EXPECTED.astype(np.int16),
        "real numbers": EXPECTED * example.LSB,
        "float32": (EXPECTED * example.LSB).astype(np.float32),
        "list": EXPECTED.tolist(),
        "mapping": {"y": EXPECTED},
        "model": example.dense(),
        "function of reals": lambda x: x @ example.WEIGHTS.T + example.BIAS / 16,
        "function of raws": lambda _: EXPECTED,
    }


@pytest.mark.parametrize("kind", references())
def test_equal_references(kind: str) -> None:
    report = verify(MODEL, references()[kind], X)
    assert report.ok and report.differing == 0 and report.first is None
    assert report.events == 40 and report.comparisons[-1].compared == 80
    assert "identical: 0 of" in str(report)
    assert json.loads(report.to_json())["ok"] is True


def test_raw_events() -> None:
    assert verify(MODEL, EXPECTED, RAW, raw=True).ok
    assert verify(MODEL, example.dense(), RAW, raw=True).ok


@given(st.integers(0, 39), st.integers(0, 1), st.integers(-3, 3).filter(bool))
@settings(max_examples=20, deadline=None)
def test_one_wrong_bit_is_found_where_it_is(event: int, neuron: int, delta: int) -> None:
    wrong = EXPECTED.copy()
    wrong[event, neuron] += delta
    wrong[39, 1] += 5
    for reference in (wrong, wrong * example.LSB):
        report = verify(MODEL, reference, X)
        assert not report.ok and report.first is not None and report.first.first is not None
        first = report.first.first
        if (event, neuron) != (39, 1):
            assert (first.event, first.neuron) == (event, neuron)
            assert first.model.raw == EXPECTED[event, neuron] and first.reference.raw == wrong[event, neuron]
            assert first.model.hex == f"0x{EXPECTED[event, neuron] & 0xFFFFF:05x}"
            assert first.model.real == EXPECTED[event, neuron] / 16
        text = json.loads(report.to_json())
        assert text["ok"] is False and text["comparisons"][0]["name"] == "y"


def test_layers_come_before_outputs() -> None:
    report = verify(MODEL, example.dense("other", np.array([7, -7])), X)
    assert report.first is not None and report.first.kind == "layer" and report.first.name == "fc"
    assert report.first.differing == report.first.events_differing == 40
    assert report.first.first is not None and report.first.first.neuron == 1
    text = str(report)
    assert "first difference: layer 'fc', event 0, neuron 1" in text
    assert "DIFFERENT: 80 of 160 values differ" in text


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.03])
def test_reference_values_off_the_grid_differ(bad: float) -> None:
    expected = EXPECTED * example.LSB
    expected[3, 1] = bad
    report = verify(MODEL, expected, X)
    assert report.differing == 1 and report.first is not None and report.first.first is not None
    assert (report.first.first.event, report.first.first.reference.raw) == (3, None)
    assert "off grid" in str(report)
    json.loads(report.to_json(), parse_constant=pytest.fail)


def test_models_with_other_binary_points() -> None:
    coarse, fine = example.identity([2], Format(8, 4)), example.identity([2], Format(10, 5))
    x = np.array([[0.5, -1.0], [7.9375, 0.03125]])
    report = verify(coarse, fine, x)
    assert report.differing == 1 and report.first is not None and report.first.first is not None
    assert (report.first.first.event, report.first.first.neuron) == (1, 1)
    assert report.first.first.reference.real == 0.03125
    with pytest.raises(InputError, match="input formats differ"):
        verify(coarse, fine, np.zeros((1, 2), int), raw=True)


def test_full_width_integers_are_compared_exactly() -> None:
    model = example.identity([1], Format(64, 64))
    raw = np.array([[2**63 - 1], [2**53 + 1]])
    assert verify(model, raw, raw, raw=True).ok
    assert verify(model, raw.astype(np.uint64), raw, raw=True).ok
    assert verify(model, raw - 1, raw, raw=True).differing == 2
    assert verify(model, raw.astype(np.uint64) - np.uint64(1), raw, raw=True).differing == 2


def test_a_reference_too_narrow_to_prove_anything_is_refused() -> None:
    wide = example.identity([1], Format(30, 20))
    with pytest.raises(InputError, match="more bits than the reference's float32 holds"):
        verify(wide, np.zeros((2, 1), np.float32), np.zeros((2, 1)))


REFUSED: list[tuple[Any, str]] = [
    (EXPECTED[:39], "2 reference values for each of 40 events"),
    (EXPECTED[:, :1], "2 reference values for each of 40 events"),
    ({"z": EXPECTED}, r"\['y'\], got \['z'\]"),
    (EXPECTED.astype(complex), "got dtype complex128"),
    (EXPECTED.astype(str), "got dtype"),
    (example.two_outputs(), "outputs differ"),
]


@pytest.mark.parametrize(("reference", "message"), REFUSED)
def test_references_that_do_not_fit(reference: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        verify(MODEL, reference, X)


def test_no_events() -> None:
    with pytest.raises(InputError, match="at least one event"):
        verify(MODEL, EXPECTED[:0], X[:0])


def test_several_outputs() -> None:
    model = example.two_outputs()
    good: list[NDArray[Any]] = [EXPECTED, 2 * EXPECTED]
    for reference in (good, tuple(good), {"y2": good[1], "y": good[0]}, model.predict(X)):
        assert verify(model, reference, X).ok
    assert verify(model, good[::-1], X).comparisons[1].name == "y2"
    assert not verify(model, good[::-1], X).ok
    with pytest.raises(InputError, match="expected 2 reference outputs, got 1"):
        verify(model, [EXPECTED], X)
    with pytest.raises(InputError, match="got one array"):
        verify(model, EXPECTED, X)


def test_batch_axes() -> None:
    assert verify(MODEL, EXPECTED.reshape(4, 10, 2), X.reshape(4, 10, 3)).ok
