"""Dot products of 16 bits in pairs and of 8 bits in quads: every way to end, to lie and to round them down.

The reference executor knows neither. Batches of one event run with outputs across lanes, batches of many
with events across lanes.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from bxnn import _core

Format = _core.Format
ROUNDS = ("TRN", "RND", "RND_CONV", "TRN_ZERO")
OVERFLOWS = ("WRAP", "SAT", "SAT_SYM", "SAT_ZERO")
KINDS = ("wide", "floored", "narrow")


def formats(rng: np.random.Generator, width: int, integer: int) -> Any:
    signed = bool(rng.random() < 0.7)
    return Format(width, integer, signed, str(rng.choice(ROUNDS)), str(rng.choice(OVERFLOWS)))


def network(rng: np.random.Generator, kind: str) -> tuple[Any, str]:
    """Two dot products, the first over windows of channels; and what they are, for messages."""
    floored, narrow = kind == "floored", kind == "narrow"
    b = _core.Builder("pairs")
    channels, length = int(rng.integers(1, 6)), int(rng.integers(2, 8))
    window = int(rng.integers(1, min(length, 4) + 1))
    x_width = int(rng.integers(2, 9) if narrow else rng.integers(4, 17))
    x = b.input("x", [length, channels], Format(x_width, 6, bool(x_width == 16 or rng.random() < 0.7)))
    positions = length - window + 1
    offsets = range(window * channels)
    index = [[p * channels + offset for offset in offsets] for p in range(positions)]
    what = f"{length}x{channels}, window {window}"
    for depth in range(2):
        filters, terms = int(rng.integers(1, 40)), len(index[0])
        bits = int(rng.integers(2, 17 if floored else 9 if narrow else 12))
        weights = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (filters, terms))
        if rng.random() < 0.4:
            weights[rng.random(weights.shape) < rng.random()] = 0
        x_frac = b.format_of(x).frac
        w_frac = int(rng.integers(0, bits))
        options: dict[str, Any] = {}
        if floored:
            shift = int(rng.integers(1, 16))
            wide = bool(rng.random() < 0.3)  # whose sums can't overflow
            width = int(rng.integers(2, 17)) if not wide else 40
            options["accum"] = Format(width, width - (x_frac + w_frac - shift), True)
            what += f", {bits}-bit weights, floored by {shift} in {width} bits"
        elif rng.random() < 0.3:
            width = int(rng.integers(4, 20))
            options["accum"] = Format(width, width - (x_frac + w_frac), True)
        bias = rng.integers(-20, 20, filters)
        x = b.dot(x, weights, w_frac, bias, 0, index=np.array(index, np.int32), **options)
        what += f", {terms} to {filters}"
        if depth == 0 or rng.random() < 0.8:
            width = int(rng.integers(3, 10 if narrow else 17))
            frac = b.format_of(x).frac - int(rng.integers(-2, 24 if floored else 12))
            x = b.cast(x, formats(rng, width, width - frac))
            what += f", {b.format_of(x)}"
        size = int(np.prod(b.shape_of(x)))
        if rng.random() < 0.5:
            least = b.constant([int(rng.integers(-3, 4))], Format(8, 8 - b.format_of(x).frac))
            x = b.binary(str(rng.choice(["max", "min"])), x, least)
        index = [list(range(size))]
    b.output(x, "y")
    return b.build(), what


def events_of(model: Any, rng: np.random.Generator, count: int) -> np.ndarray[Any, Any]:
    fmt = model.inputs[0].format
    raw = rng.integers(fmt.min_raw, fmt.max_raw + 1, (count, int(np.prod(model.inputs[0].shape))))
    raw[: count // 4] = np.where(rng.random(raw[: count // 4].shape) < 0.5, fmt.min_raw, fmt.max_raw)
    return raw.astype(np.int64)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(60))
def test_equals_the_reference(seed: int, kind: str) -> None:
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    model, what = network(rng, kind)
    raw = events_of(model, rng, 130)
    (expected,) = model.run([raw], isa="reference")
    for level in _core.isa_levels():
        for count in (130, 23, 1):
            (found,) = model.run([raw[:count]], isa=level)
            np.testing.assert_array_equal(found, expected[:count], f"{level}, {count} events: {what}")


def test_zeros_are_left_out_where_they_are_many() -> None:
    """Pruned weights, of which some filters keep none: the kernel changes, the numbers don't."""
    rng = np.random.default_rng(5)
    kernels = []
    for density in (0.0, 0.05, 0.3, 0.7, 1.0):
        b = _core.Builder("pruned")
        x = b.input("x", [40], Format(16, 6))
        weights = rng.integers(1, 100, (7, 40)) * (rng.random((7, 40)) < density)
        b.output(b.dot(x, weights, 5, rng.integers(-9, 9, 7), 0), "y")
        model = b.build()
        kernels.append(json.loads(model.explain("portable"))["steps"][0]["kernel"])
        raw = events_of(model, rng, 130)
        (expected,) = model.run([raw], isa="reference")
        for level in _core.isa_levels():
            np.testing.assert_array_equal(model.run([raw], isa=level)[0], expected)
    assert kernels == ["sparse pairs"] * 3 + ["pairs"] * 2


@pytest.mark.parametrize("down", range(14, 24))
@pytest.mark.parametrize("overflow", ("WRAP", "SAT"))
def test_rounding_by_more_than_the_sum(down: int, overflow: str) -> None:
    """Half a step of the rounding needs more bits than the floored sum that it is added to."""
    b = _core.Builder("rounded")
    x = b.input("x", [4], Format(8, 0))
    y = b.dot(x, [[100, -50, 30, 20]], 27, accum=Format(16, -4))
    b.output(b.cast(y, Format(8, 8 - (20 - down), True, "RND", overflow)), "y")
    model = b.build()
    step = json.loads(model.explain("portable"))["steps"][0]
    assert (step["path"], step["kernel"]) == ("floored per term", "pairs")
    raw = events_of(model, np.random.default_rng(down), 500)
    (expected,) = model.run([raw], isa="reference")
    for level in _core.isa_levels():
        for count in (500, 1):
            np.testing.assert_array_equal(model.run([raw[:count]], isa=level)[0], expected[:count], level)


@pytest.mark.parametrize(
    ("groups", "terms", "message"), [(1, 0, "terms and groups must"), (2, 4, "2 groups, more than")]
)
def test_dots_that_are_refused(groups: int, terms: int, message: str) -> None:
    b = _core.Builder("refused")
    x = b.input("x", [4], Format(8, 4))
    with pytest.raises(_core.GraphError, match=message):
        b.dot(x, np.zeros((groups, 3, terms), int), 2, index=np.zeros((1, terms), np.int32), group=[0])


def test_remainders_of_many_terms() -> None:
    """Halves of remainders are emptied before they overflow: all of them greatest, more than 2^16 in sum."""
    for shift in (1, 7, 12, 15):
        b = _core.Builder("long")
        x = b.input("x", [1500], Format(16, 16))
        accum = Format(16, 16 + shift, True)
        b.output(b.dot(x, np.full((3, 1500), -1), 0, [0, 1, 2], -shift, accum=accum), "y")
        model = b.build()
        raw = np.concatenate([np.ones((100, 1500)), np.full((30, 1500), 32767)]).astype(np.int64)
        (expected,) = model.run([raw], isa="reference")
        assert expected[0, 0] == -1500  # floor(-1 / 2^shift), 1500 times
        for level in _core.isa_levels():
            for count in (130, 1):
                np.testing.assert_array_equal(model.run([raw[:count]], isa=level)[0], expected[:count])
