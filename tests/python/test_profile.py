"""`bxnn.profile`: every count, every range, and suggestions that are neither too wide nor too narrow."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import bxnn
from bxnn import Error, Format, InputError, Model, profile
from bxnn._core import Builder
from bxnn.profile import CastProfile, needed

from . import example_models as example
from .test_exact import random_inputs, random_model

X8 = Format(8, 4)
MODULE = sys.modules["bxnn.profile"]  # the attribute of the package is the function


def one_cast(fmt: Format | list[Format], n: int, source: Format = X8, probe: bool = True) -> Model:
    """x[n] -> layer 'c' = output 'y' = cast of x."""
    builder = Builder("cast")
    y = builder.cast(builder.input("x", [n], source), fmt)
    if probe:
        builder.probe(y, "c")
    builder.output(y, "y")
    return Model(builder.build())


def dense(weights: Any, accum: Format, bias: Any = None, source: Format = X8) -> Model:
    weights = np.asarray(weights)
    builder = Builder("dense")
    y = builder.dot(builder.input("x", [weights.shape[1]], source), weights, 0, bias, 4, accum=accum)
    builder.probe(y, "fc")
    builder.output(y, "y")
    return Model(builder.build())


def casts(model: Model, x: Any, raw: bool = True) -> dict[str, CastProfile]:
    """By role, of a graph with one operation."""
    return {cast.role: cast for cast in profile(model, np.asarray(x), raw=raw).casts}


def test_a_saturating_cast() -> None:
    """ap_fixed<8,4> to ap_fixed<4,3>: raw 13/16 lies between 6/8 and 7/8 of a half, 60 and -100 outside."""
    fmt = Format(4, 3, True, "RND", "SAT")
    cast = casts(one_cast(fmt, 4), [[13, 16, 60, -100], [8, -8, 0, 4]])["result"]
    assert (cast.values, cast.wrapped, cast.saturated, cast.lost, cast.changed) == (8, 0, 2, 4, 2)
    assert (cast.low, cast.high) == (-12, 8)  # -100 / 8 = -12.5 rounds up, 60 / 8 = 7.5 too
    assert (cast.allowed_low, cast.allowed_high) == (-8, 7)
    assert (cast.integer, cast.integer_needed, cast.fraction) == (3, 4, 1)
    assert cast.suggested == "ap_fixed<5,4,AP_RND,AP_SAT>"
    assert (cast.layer, cast.node, cast.operation) == ("c", 1, "cast")


def test_wrapped_values_are_not_saturated() -> None:
    cast = casts(one_cast(Format(6, 2), 2), [[127, -128], [31, -32]])["result"]
    assert (cast.wrapped, cast.saturated, cast.lost) == (2, 0, 0)
    assert cast.suggested == "ap_fixed<8,4>"


def test_bits_that_are_never_used() -> None:
    cast = casts(one_cast(Format(12, 6), 3), [[4, 12, -8]])["result"]
    assert cast.fraction_used == 2 and cast.fraction == 6  # all are multiples of 1/4
    assert cast.integer_needed == 1 and cast.suggested == "ap_fixed<7,1>"
    nothing = casts(one_cast(Format(12, 6), 1), [[0]])["result"]
    assert nothing.fraction_used == 0 and nothing.suggested == "ap_fixed<1,-5>"


def test_a_negative_number_needs_a_sign() -> None:
    cast = casts(one_cast(Format(8, 4, False), 2), [[-1, 5]])["result"]
    assert cast.wrapped == 1 and cast.suggested == "ap_fixed<4,0>"


@pytest.mark.parametrize("overflow", ["WRAP", "SAT", "SAT_ZERO", "SAT_SYM"])
@pytest.mark.parametrize("seed", range(12))
def test_a_suggested_accumulator_is_just_enough(overflow: str, seed: int) -> None:
    """With the suggested format nothing overflows, with a bit less something does."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(-9, 10, (3, 5))
    bias = rng.integers(-300, 300, 3)
    raw = rng.integers(-128, 128, (20, 5)) >> int(rng.integers(0, 5))
    given = Format(int(rng.integers(4, 18)), 6, True, "TRN", overflow)
    given = Format(given.width, given.width - int(rng.integers(2, 7)), True, "TRN", overflow)
    total = casts(dense(weights, given, bias), raw)["sum"]
    enough = given if total.suggested is None else Format.parse(total.suggested)
    assert (enough.frac, enough.overflow) == (given.frac, overflow)
    good = casts(dense(weights, enough, bias), raw)
    assert sum(c.wrapped + c.saturated for c in good.values()) == 0 and good["sum"].suggested is None
    narrow = Format(enough.width - 1, enough.integer - 1, True, "TRN", overflow)
    bad = casts(dense(weights, narrow, bias), raw)
    assert sum(c.wrapped + c.saturated for c in bad.values()) > 0
    assert bad["sum"].suggested == good["sum"].format


def test_sums_that_overflow_and_come_back() -> None:
    """120 + 120 - 120 wraps twice in eight bits, and the sum is right."""
    total = casts(dense([[1, 1, -1]], Format(8, 4)), [[120, 120, 120], [1, 1, 1]])["sum"]
    assert (total.values, total.wrapped, total.changed, total.high) == (6, 2, 0, 240)
    total = casts(dense([[1, 1, -1]], Format(8, 4, True, "TRN", "SAT")), [[120, 120, 120]])["sum"]
    assert (total.saturated, total.changed) == (1, 1)


def test_one_format_per_element() -> None:
    a, b = Format(4, 4), Format(8, 4)
    found = profile(one_cast([a, b, a], 3), np.array([[127, 127, 127], [16, 1, 8]]), raw=True)
    rows = {cast.format: cast for cast in found.casts if cast.role == "result"}
    assert set(rows) == {str(a), str(b)}
    assert (rows[str(a)].values, rows[str(a)].lost, rows[str(b)].lost) == (4, 3, 0)


def test_real_inputs_are_cast_too() -> None:
    model = example.identity([3])
    cast = casts(model, [[0.5, 0.51, 8.0], [-8.0, -9.0, 1e300]], raw=False)["input"]
    assert (cast.values, cast.wrapped, cast.lost, cast.layer) == (6, 3, 1, "x")
    assert cast.integer_needed is None and cast.suggested is None
    assert "1e+308" in str(profile(model, np.array([[1e308, 0, 0]])))


def test_raw_inputs_are_not_cast() -> None:
    """-8 is no result of a cast to four symmetric bits, but a raw integer of the format."""
    cast = casts(example.identity([2], Format(4, 4, True, "TRN", "SAT_SYM")), [[-8, 7]])["input"]
    assert (cast.saturated, cast.lost, cast.low) == (0, 0, -8)


def test_layers() -> None:
    fmt = Format(4, 3, True, "RND", "SAT")
    found = profile(one_cast(fmt, 4), np.array([[13, 16, 60, -100], [8, 16, 0, 4]]), raw=True)
    (layer,) = found.layers
    assert (layer.name, layer.kind, layer.format) == ("c", "layer", "ap_fixed<4,3>")
    assert (layer.values, layer.saturated, layer.lost, layer.wrapped) == (8, 2, 4, 0)
    assert (layer.low, layer.high, layer.at_limits) == (-8, 7, 2)
    assert (layer.constant, layer.elements, layer.integer_used) == (1, 4, 3)
    assert found.overflowed == 2 and found.events == 2
    (output,) = profile(one_cast(fmt, 1, probe=False), np.array([[1]]), raw=True).layers
    assert (output.name, output.kind) == ("y", "output")


def test_the_chunk_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model, rng = example.dense(), np.random.default_rng(0)
    raw = rng.integers(-128, 128, (50, 3))
    whole = profile(model, raw, raw=True)
    monkeypatch.setattr(MODULE, "_CHUNK_NUMBERS", 200)
    assert profile(model, raw, raw=True) == whole
    assert {c.role: c.values for c in whole.casts} == {"input": 150, "bias": 2, "term": 300, "sum": 300}


@pytest.mark.parametrize("seed", range(25))
def test_random_graphs(seed: int) -> None:
    """The answers are compared with the core inside; overflows only where the range is left, and back."""
    model, rng = random_model(seed)
    raw: list[NDArray[Any]] = random_inputs(rng, model, 30)
    for cast in profile(model, raw if len(raw) > 1 else raw[0], raw=True).casts:
        inside = cast.allowed_low <= cast.low and cast.high <= cast.allowed_high
        # the range of a sum is that of its bias and terms as well; raw inputs are not cast
        if cast.role not in ("sum", "input"):
            assert (cast.wrapped + cast.saturated == 0) == inside, cast
        if inside:
            assert cast.wrapped + cast.saturated == 0, cast
        assert cast.lost <= cast.values and cast.changed <= cast.values


def test_a_wrong_evaluation_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from bxnn.exact import evaluate

    def wrong(*args: Any) -> dict[int, NDArray[Any]]:
        return {node: value + 1 for node, value in evaluate(*args).items()}

    monkeypatch.setattr(MODULE, "evaluate", wrong)
    with pytest.raises(Error, match="differs from the model's answer"):
        profile(example.dense(), np.zeros((1, 3)))


def test_text_json_and_picture(tmp_path: Path) -> None:
    found = profile(example.dense(), np.random.default_rng(0).normal(0, 9, (30, 3)))
    text = str(found)
    for part in ("'dense', 30 events", "fc", "%1 dot", "sum", "ap_fixed<20,16>", "of 16"):
        assert part in text
    document = json.loads(found.to_json())
    assert document["casts"][0]["wrapped"] == found.casts[0].wrapped > 0
    assert document["layers"][0]["name"] == "fc" and document["overflowed"] == found.overflowed
    found.plot(tmp_path / "bits.png")
    assert (tmp_path / "bits.png").read_bytes()[:4] == b"\x89PNG"


def test_needed_widths() -> None:
    for overflow, low, width in (("SAT", -8, 4), ("SAT_SYM", -8, 5), ("SAT_SYM", -7, 4)):
        found = needed(Format(10, 5, True, "TRN", overflow), low, 7)
        assert found is not None and found.width == width
    assert needed(Format(8, 8), 0, 2**63 - 1) == Format(64, 64)
    assert needed(Format(8, 8), 0, 2**63) is None
    assert needed(Format(8, 8, False), 0, 0) == Format(1, 1, False)


@pytest.mark.parametrize(
    ("x", "raw", "message"),
    [
        (np.zeros((0, 3)), False, "at least one event"),
        (np.zeros((2, 4)), False, "expected shape"),
        (np.full((2, 3), np.nan), False, "event 0"),
        (np.full((2, 3), 999), True, "event 0"),
    ],
)
def test_events_that_do_not_fit(x: Any, raw: bool, message: str) -> None:
    with pytest.raises(InputError, match=message):
        bxnn.profile(example.dense(), x, raw=raw)
