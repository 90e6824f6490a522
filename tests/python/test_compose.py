"""`bxnn.compose`: the steps compute what plain Python fractions say, and the network stays what it was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from spec.fx import overflow_int, round_fraction
from spec.random_graphs import random_graph
from spec.test_spec_native import TwinBuilder

import bxnn
from bxnn import Format, InputError, Model, UnsupportedError
from bxnn._core import Builder
from bxnn.compose import InputScaling, Score

from . import example_models as example

RNG = np.random.default_rng(0)
WIDE = Format(40, 30)


def cast(number: Fraction, fmt: Format | None) -> Fraction:
    if fmt is None:
        return number
    unit = Fraction(2) ** -fmt.frac
    return overflow_int(round_fraction(number / unit, fmt.round), fmt) * unit


def spread(values: Any, size: int) -> list[Fraction]:
    numbers = [Fraction(float(v)) for v in np.ravel(values)]
    return numbers * size if len(numbers) == 1 else numbers


def expected_score(score: Score, of: Sequence[Fraction], minus: Sequence[Fraction]) -> Fraction:
    size = len(of)
    d = [cast(a - cast(b, score.minus_format), score.difference) for a, b in zip(of, minus, strict=True)]
    w = d if score.weights is None else [cast(v, score.weights_format) for v in spread(score.weights, size)]
    terms = [cast(cast(a * b, score.product), score.accum) for a, b in zip(d, w, strict=True)]
    total = summed(terms, score)
    if score.mean:
        total *= cast(Fraction(1.0 / size), score.mean_format)
    return cast(total, score.result)


def summed(terms: list[Fraction], score: Score) -> Fraction:
    if score.order == "tree" and len(terms) > 1:
        half = 1 << ((len(terms) - 1).bit_length() - 1)
        return cast(summed(terms[:half], score) + summed(terms[half:], score), score.accum)
    total = terms[0]
    for term in terms[1:]:
        total = cast(total + term, score.accum)
    return total


def real(raw: Any, fmt: Format) -> list[Fraction]:
    return [int(r) * Fraction(2) ** -fmt.frac for r in np.ravel(raw)]


def pair(size: int = 5) -> Model:
    """Inputs x and t [size], output y: x as layer 'copy', cast to another type."""
    builder = Builder("pair")
    x = builder.input("x", [size], Format(10, 4, True, "RND", "SAT"))
    builder.input("t", [size], Format(8, 2))
    y = builder.cast(x, Format(9, 5, True, "RND_CONV", "SAT"))
    builder.probe(y, "copy")
    builder.output(y, "y")
    return Model(builder.build())


SCORES = {
    "squares": Score("y"),
    "of a layer": Score("copy", result=Format(12, 6, False, "RND", "SAT")),
    "error": Score("y", minus="x"),
    "error, cast": Score(
        "y", minus="x", minus_format=Format(6, 4), difference=Format(8, 6, True, "RND", "SAT")
    ),
    "products": Score("y", minus="t", product=Format(9, 6, True, "RND_INF", "SAT")),
    "saturating sum": Score("y", accum=Format(9, 5, True, "TRN", "SAT"), weights=[3, -2.5, 1, 2, -4]),
    "saturating tree": Score(
        "y", accum=Format(9, 5, True, "TRN", "SAT"), weights=[3, -2.5, 1, 2, -4], order="tree"
    ),
    "mean": Score("y", minus="x", mean=True, mean_format=Format(12, 0, False, "RND")),
    "mean, cast": Score(
        "y", minus="x", mean=True, mean_format=Format(12, 0, False), result=Format(10, 5, False, "TRN", "SAT")
    ),
    "discriminant": Score("y", minus=[0.5, -1.25, 0, 3, 0.0625], weights=[1, 2, -0.5, 0.125, 7]),
    "discriminant, cast": Score(
        "y",
        minus=[0.51, -1.26, 0.1, 3, 0.0],
        weights=[1.1, 2.2, -0.3, 0.4, 7.7],
        minus_format=Format(6, 3),
        weights_format=Format(7, 4, True, "RND", "SAT"),
        product=Format(12, 7),
        accum=Format(12, 7),
    ),
    "one weight": Score("y", weights=0.75, minus=1.0),
}


@pytest.mark.parametrize("name", SCORES)
def test_scores(name: str) -> None:
    score, model = SCORES[name], pair()
    composed = bxnn.compose(model, after={"score": score})
    x, t = RNG.integers(-512, 512, (60, 5)), RNG.integers(-128, 128, (60, 5))
    result, plain = composed.predict_raw([x, t]), model.predict_raw([x, t])
    assert np.array_equal(result["y"], plain)
    assert composed.outputs[1].shape == (1,)
    found = real(result["score"], composed.outputs[1].format)
    for event in range(60):
        of = real(plain[event], model.outputs[0].format)
        named = {"x": real(x[event], model.inputs[0].format), "t": real(t[event], model.inputs[1].format)}
        none = score.minus is None
        minus = (
            named.get(score.minus) if isinstance(score.minus, str) else spread(0 if none else score.minus, 5)
        )
        assert found[event] == expected_score(score, of, minus)


def test_order_and_modes_matter() -> None:
    """The cases above would notice a lost cast: their answers are not all the exact ones."""
    x, t = RNG.integers(-512, 512, (200, 5)), RNG.integers(-128, 128, (200, 5))

    def answers(name: str) -> list[Fraction]:
        composed = bxnn.compose(pair(), after={"score": SCORES[name]})
        return real(composed.predict_raw([x, t])["score"], composed.outputs[1].format)

    assert answers("saturating sum") != answers("saturating tree")
    assert answers("error") != answers("error, cast")
    assert answers("mean") != answers("mean, cast")


def test_exact_mean_of_a_power_of_two() -> None:
    composed = bxnn.compose(pair(4), after={"score": Score("y", mean=True)})
    x = RNG.integers(-512, 512, (20, 4))
    result = composed.predict_raw([x, np.zeros_like(x)])
    for y, score in zip(result["y"], result["score"], strict=True):
        frac = composed.outputs[1].format.frac
        assert (
            Fraction(int(score[0])) / 2**frac == sum(v * v for v in real(y, composed.outputs[0].format)) / 4
        )


SCALINGS = {
    "nothing": InputScaling(Format(12, 12)),
    "shift": InputScaling(Format(12, 12), scale=np.ldexp(1.0, [-3, 2, -9])),
    "offset and shift": InputScaling(Format(12, 12, False), offset=[-100, 7, 0.5], scale=0.125),
    "constants": InputScaling(
        Format(14, 10),
        offset=[-1.3, 2.7, 0.01],
        scale=[0.3, -1.7, 100.1],
        offset_format=Format(8, 4, True, "RND", "SAT"),
        sum_format=Format(12, 9, True, "TRN_ZERO", "SAT"),
        scale_format=Format(9, 5),
        product_format=Format(15, 8, True, "RND_CONV", "SAT_SYM"),
    ),
    "within a type": InputScaling(Format(8, 8), scale=[4, 0.25, 1], product_format=Format(8, 8)),
}


@pytest.mark.parametrize("name", SCALINGS)
def test_input_scaling(name: str) -> None:
    scaling = SCALINGS[name]
    builder = Builder("cast")
    target = Format(9, 5, True, "RND", "SAT")
    builder.output(builder.cast(builder.input("x", [3], target), WIDE), "y")
    composed = bxnn.compose(Model(builder.build()), before={"x": scaling})
    arrives = scaling.arrives
    assert composed.inputs[0].format == arrives
    raw = RNG.integers(arrives.min_raw, arrives.max_raw, (80, 3), endpoint=True)
    raw[0], raw[1] = arrives.min_raw, arrives.max_raw
    offset = [cast(v, scaling.offset_format) for v in spread(scaling.offset, 3)]
    scale = [cast(v, scaling.scale_format) for v in spread(scaling.scale, 3)]
    for event, found in zip(raw, composed.predict_raw(raw), strict=True):
        sums = [cast(v + o, scaling.sum_format) for v, o in zip(real(event, arrives), offset, strict=True)]
        products = [cast(v * s, scaling.product_format) for v, s in zip(sums, scale, strict=True)]
        assert real(found, WIDE) == [cast(v, target) for v in products]


def test_before_and_after_at_once() -> None:
    """A score that subtracts an input subtracts what the network sees, not what arrives."""
    scaling = InputScaling(Format(10, 10), scale=2.0**-6)
    composed = bxnn.compose(pair(), before={"x": scaling}, after={"error": Score("y", minus="x")})
    raw, t = RNG.integers(-512, 512, (50, 5)), np.zeros((50, 5), int)
    seen = [[cast(v / 64, Format(10, 4, True, "RND", "SAT")) for v in real(e, Format(10, 10))] for e in raw]
    units = [[int(v * 64) for v in event] for event in seen]
    apart = bxnn.compose(pair(), after={"error": Score("y", minus="x")}).predict_raw([np.array(units), t])
    together = composed.predict_raw([raw, t])
    assert np.array_equal(together["y"], apart["y"]) and np.array_equal(together["error"], apart["error"])
    assert len(np.unique(together["error"])) > 10


def test_any_function_is_a_step() -> None:
    composed = bxnn.compose(
        pair(), after={"best": lambda b, v: b.reduce("argmax", v["y"], 1, 5, 1, shape=[1])}
    )
    x = RNG.integers(-512, 512, (50, 5))
    result = composed.predict_raw([x, x // 4])
    assert np.array_equal(result["best"][:, 0], result["y"].argmax(1))


@pytest.mark.parametrize("seed", range(60))
def test_the_graph_stays_the_same(seed: int) -> None:
    """Every operation is emitted again as it was."""
    twin = TwinBuilder(f"seed {seed}")
    random_graph(np.random.default_rng(seed), twin)
    model = Model(twin.native.build())
    again = bxnn.compose(model)
    assert again.dump() == model.dump()
    assert (again.name, again.meta) == (model.name, model.meta)


def test_names_layers_and_metadata_stay_but_not_golden_vectors() -> None:
    model = Model(
        example.with_golden(example.dense("net"), RNG.integers(-128, 128, (4, 3)))._core.with_meta("a", "b")
    )
    composed = bxnn.compose(model, after={"score": Score("fc", result=Format(24, 16))})
    assert (composed.name, composed.meta) == ("net", {"a": "b"})
    assert [t.name for t in composed.layers] == ["fc"]
    assert [t.name for t in composed.outputs] == ["y", "score"]
    assert (model.golden_events, composed.golden_events) == (4, 0)
    assert bxnn.compose(composed, after={"twice": Score("score", minus=1)}).outputs[2].name == "twice"


def refused(message: str, error: type[Exception] = InputError, **steps: Any) -> None:
    with pytest.raises(error, match=message):
        bxnn.compose(pair(), **steps)


def test_refusals() -> None:
    scaling = InputScaling(Format(8, 8))
    refused("no input 'z'; the inputs are x, t", before={"z": scaling})
    refused("has an output 'y' already", after={"y": Score("y")})
    refused("of: no value 'z'; there are x, t, copy, y", after={"s": Score("z")})
    refused("minus: no value 'z'", after={"s": Score("y", minus="z")})
    refused("weights: expected one number or 5, got 3", after={"s": Score("y", weights=[1, 2, 3])})
    refused("minus: expected finite numbers, got nan", after={"s": Score("y", minus=math.nan)})
    refused("1/5 is not exact", after={"s": Score("y", mean=True)})
    refused(
        "weights: the numbers need .* state a format", after={"s": Score("y", weights=[1e30, 1, 1, 1, 1])}
    )
    refused("offset: expected one number or 5", before={"x": InputScaling(Format(8, 8), offset=[1, 2])})
    wide = Score("y", weights=[1, 1, 1, 1, 2.0**-61])
    refused("64", UnsupportedError, after={"s": wide})


def test_an_ambiguous_name_is_refused() -> None:
    builder = Builder("same")
    x = builder.input("x", [2], Format(8, 8))
    builder.output(builder.binary("add", x, x), "x")
    with pytest.raises(InputError, match="of: no value 'x'"):
        bxnn.compose(Model(builder.build()), after={"s": Score("x")})


def test_shapes_must_agree() -> None:
    builder = Builder("shapes")
    builder.output(builder.input("a", [4], Format(8, 8)), "y")
    builder.input("b", [2, 2], Format(8, 8))
    with pytest.raises(InputError, match=r"minus 'b': expected the shape \(4,\) of 'a', got \(2, 2\)"):
        bxnn.compose(Model(builder.build()), after={"s": Score("a", minus="b")})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"before": [1]}, "before: expected a dictionary by name, got list"),
        ({"before": {"x": 3}}, r"before\['x'\]: expected an InputScaling, got int"),
        ({"after": {"k": 5}}, r"after\['k'\]: expected a Score or a function, got int"),
        ({"after": {"": len}}, "after: expected a name for each output, got ''"),
        ({"after": {"k": lambda builder, values: None}}, r"after\['k'\]: expected the id of a value"),
        ({"after": {"k": lambda builder, values: -1}}, r"after\['k'\]: expected the id of a value"),
    ],
)
def test_arguments_of_other_types_are_refused(arguments: dict[str, Any], message: str) -> None:
    builder = Builder("one")
    builder.output(builder.input("x", [2], Format(8, 4)), "y")
    with pytest.raises(InputError, match=message):
        bxnn.compose(Model(builder.build()), **arguments)


def test_a_scaling_of_other_types_is_refused() -> None:
    with pytest.raises(InputError, match=r"arrives: expected a bxnn.Format, got str 'fixed<8,8>'"):
        InputScaling("fixed<8,8>")  # type: ignore[arg-type]
