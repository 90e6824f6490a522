"""The exact evaluator against the native core, bit for bit, and what it says of every cast."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from spec.fx import OVERFLOWS, ROUNDS, overflow_int, round_fraction
from spec.random_graphs import edge_biased, random_graph, random_inputs
from spec.test_spec_native import native_argument

from bxnn import Format, Model
from bxnn._core import Builder, quantize, quantize_float
from bxnn.exact import Seen, cast_integers, cast_reals, evaluate
from bxnn.inspect_graph import graph_of
from docs import bxnn_reader

FIRST = int(os.environ.get("BXNN_FUZZ_FIRST", "0"))
COUNT = int(os.environ.get("BXNN_FUZZ_N", "60"))


class Translating:
    """A native Builder that takes the formats of the specification."""

    def __init__(self, name: str) -> None:
        self.native = Builder(name)

    def __getattr__(self, method: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            return getattr(self.native, method)(
                *map(native_argument, args), **{k: native_argument(v) for k, v in kwargs.items()}
            )

        return call


def random_model(seed: int) -> tuple[Model, np.random.Generator]:
    rng = np.random.default_rng(seed)
    builder = Translating(f"seed {seed}")
    random_graph(rng, builder)
    return Model(builder.build()), rng


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
def test_random_graphs(seed: int) -> None:
    model, rng = random_model(seed)
    graph = graph_of(model)
    raw = random_inputs(rng, model, 40)
    values = evaluate(graph, [x.astype(np.int64) for x in raw])
    native = model._core.run(raw, trace=True)
    for (node, name), expected in zip([*graph.outputs, *graph.probes], native, strict=True):
        got = np.broadcast_to(values[node], expected.shape)
        assert got.tolist() == expected.tolist(), f"seed {seed}, '{name}'"


@pytest.mark.parametrize("seed", range(4))
def test_the_graph_is_what_the_independent_reader_reads(seed: int) -> None:
    model, rng = random_model(seed)
    model = model.with_golden([x.astype(np.int64) for x in random_inputs(rng, model, 3)], raw=True)
    mine, other = graph_of(model), bxnn_reader.read(model.to_bytes(), check=False)
    assert (mine.name, list(mine.outputs), list(mine.probes)) == (other.name, other.outputs, other.probes)
    assert [x.ravel().tolist() for x in mine.golden_inputs] == other.golden_inputs
    assert [x.ravel().tolist() for x in mine.golden_outputs] == other.golden_outputs
    assert len(mine.nodes) == len(other.nodes)
    for a, b in zip(mine.nodes, other.nodes, strict=True):
        assert (a.operation, a.name, list(a.operands), list(a.shape)) == (
            b.operation,
            b.name,
            b.operands,
            b.shape,
        )
        assert str(a.type) == str(b.type)
        for key, value in b.attributes.items():
            assert plain(a.attributes[key]) == plain(value), key


def plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value if isinstance(value, int) else str(value)


def seen_by_definition(numbers: list[Fraction], fmt: Format) -> Seen:
    """`Seen`, one exact number at a time."""
    scaled = [number * Fraction(2) ** fmt.frac for number in numbers]
    rounded = [round_fraction(s, fmt.round) for s in scaled]
    results = [overflow_int(q, fmt) for q in rounded]
    off = sum(r != q for r, q in zip(results, rounded, strict=True))
    used = 0
    for r in results:
        used |= r
    lost = sum(s != q for s, q in zip(scaled, rounded, strict=True))
    return Seen(len(numbers), off, lost, off, min(rounded), max(rounded), used)


@pytest.mark.parametrize("overflow", OVERFLOWS)
@pytest.mark.parametrize("round", ROUNDS)
def test_casts_are_counted(round: str, overflow: str) -> None:
    rng = np.random.default_rng(1)
    for _ in range(30):
        width = int(rng.choice([1, 2, 3, 8, 16, 31, 32, 33, 62, 63]))
        fmt = Format(width, int(rng.integers(-5, width + 6)), bool(rng.random() < 0.6), round, overflow)
        frac = fmt.frac + int(rng.integers(-30, 70))
        raw = np.concatenate([np.arange(-20, 20), edge_biased(rng, -(2**63), 2**63 - 1, (30,))])
        result, seen = cast_integers(raw, frac, fmt)
        assert result.tolist() == quantize(raw, frac, fmt).tolist(), (fmt, frac)
        assert seen == seen_by_definition([Fraction(int(r)) * Fraction(2) ** -frac for r in raw], fmt)
        real = np.ldexp(rng.integers(-40, 40, 60) / 4, rng.integers(-3, width + 3, 60) - fmt.frac)
        real = np.concatenate([real, [0.0, -0.0, 5e-324, 1e300, -1e300]])
        result, seen = cast_reals(real, fmt)
        assert result.tolist() == quantize_float(real, fmt).tolist(), fmt
        assert seen == seen_by_definition([Fraction(x) for x in real], fmt)


@pytest.mark.parametrize("up", [1, 61, 62, 63, 64, 100])
def test_far_shifts_stay_exact(up: int) -> None:
    """2**63 fits no int64 but does fit a uint64, with which NumPy makes a float."""
    for raw in ([0, 0], [1, -1], [2**62, -(2**63)]):
        for fmt in (Format(64, 64 - up), Format(64, 64 - up, False, "RND", "SAT"), Format(8, 8 - up)):
            result, _ = cast_integers(np.array(raw), 0, fmt)
            assert result.dtype.kind in "iO"
            assert result.tolist() == [overflow_int(r << up, fmt) for r in raw]


def observed(build: Any, raw: list[list[int]], fmt: Format) -> dict[tuple[int, str], Seen]:
    builder = Builder("m")
    builder.output(build(builder, builder.input("x", [len(raw[0])], fmt)), "y")
    model, found = Model(builder.build()), {}

    def observe(node: int, role: str, fmt: Format, seen: Seen) -> None:
        before = found.get((node, role))
        found[node, role] = seen if before is None else Seen(*(a + b for a, b in pairs(before, seen)))

    evaluate(graph_of(model), [np.array(raw)], observe)
    return found


def pairs(a: Seen, b: Seen) -> list[tuple[int, int]]:
    return list(zip(vars(a).values(), vars(b).values(), strict=True))


def test_overflows_of_a_sum_may_cancel() -> None:
    """7 + 7 - 7 in four bits: two additions wrap and the sum is right; saturating, it is wrong."""
    x = Format(4, 4)
    for overflow, additions, changed in (("WRAP", 2, 0), ("SAT", 1, 1)):
        accum = Format(4, 4, True, "TRN", overflow)
        found = observed(lambda b, i, accum=accum: b.dot(i, [[1, 1, -1]], 0, accum=accum), [[7, 7, 7]], x)
        total = found[1, "sum"]
        assert (total.values, total.overflowed, total.changed) == (3, additions, changed)
        assert (total.low, total.high) == (7, 14)  # the sums had nothing overflowed


def test_terms_that_lose_bits() -> None:
    """Weights of 1/4: products off the accumulator's grid; the bias of 3/4 too."""
    found = observed(
        lambda b, i: b.dot(i, [[1, 1]], 2, [3], 2, accum=Format(8, 7)), [[1, 2], [4, 3]], Format(8, 8)
    )
    assert found[1, "bias"].lost == 1 and found[1, "bias"].values == 1
    assert found[1, "term"].lost == 2  # 1/4 and 3/4; 1/2 and 1 are on the grid of halves
    assert found[1, "sum"].lost == 0 and found[1, "sum"].used == 0b110


def test_a_tree_of_sums() -> None:
    """((1 + 2) + (3 + 4)) + 5 in four unsigned bits: 15 fits; with 6 instead of 5 the last addition wraps."""
    accum, x = Format(4, 4, False), Format(4, 4, False)

    def tree(b: Builder, i: int) -> int:
        return b.reduce("sum", i, 1, 5, 1, accum=accum, order="tree")

    assert observed(tree, [[1, 2, 3, 4, 5]], x)[1, "sum"].overflowed == 0
    total = observed(tree, [[1, 2, 3, 4, 6]], x)[1, "sum"]
    assert (total.values, total.overflowed, total.changed, total.high) == (4, 1, 1, 16)
