"""`from_qonnx` against the qonnx executor where floats are exact, and against plain fractions elsewhere."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")
core: Any = pytest.importorskip("bxnn._core")

import bxnn  # noqa: E402
from bxnn.frontends.qonnx import SUPPORTED_OPERATORS  # noqa: E402
from tests.frontends import qonnx_rationals as rational  # noqa: E402
from tests.frontends.qonnx_graphs import QONNX, Array, Graph, execute, numbers_of, outputs_of  # noqa: E402
from tests.frontends.qonnx_random import random_model  # noqa: E402

needs_executor = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("qonnx", "onnxruntime")), reason="needs qonnx"
)

GRAPHS, EVENTS = 96, 64
MODES = ("ROUND", "FLOOR", "CEIL", "UP", "DOWN", "HALF_UP", "HALF_DOWN")


def differing(x: Array, model: Any, expected: list[Array]) -> tuple[int, int]:
    """(values compared, values that differ) as raw integers."""
    compared = different = 0
    got = outputs_of(model, model.predict_raw(core.quantize_float(x, model.inputs[0].format)))
    for tensor, raw, reference in zip(model.outputs, got, expected, strict=True):
        wanted = np.ldexp(reference.astype(np.float64), tensor.format.frac).reshape(raw.shape)
        compared += raw.size
        different += int((wanted != raw).sum())
    return compared, different


# --- power-of-two scales: the executor's floats are exact ----------------------------------------------


@needs_executor
def test_random_graphs_equal_the_executor() -> None:
    compared, varied, kinds = 0, 0, Counter[str]()
    for seed in range(GRAPHS):
        batched, model = random_model(seed, EVENTS), bxnn.from_qonnx(random_model(seed, 1))
        assert not [key for key in model.meta if key.startswith(("scale:", "offset:"))], seed
        shape = [d.dim_value for d in batched.graph.input[0].type.tensor_type.shape.dim]
        x = np.random.default_rng(seed).normal(0, 4, shape).astype(np.float32)
        x[::2] = np.round(x[::2] * 8) / 8  # ties
        expected = execute(batched, {"x": x})
        count, different = differing(x, model, expected)
        assert different == 0, f"seed {seed}: {different} of {count} values differ"
        compared += count
        varied += sum(array.size for array in expected if len(np.unique(array)) > 5)
        kinds.update(node.op_type for node in batched.graph.node)
    assert compared > 200_000
    assert varied > 100_000  # of tensors that take many values
    assert set(SUPPORTED_OPERATORS) <= set(kinds)


@needs_executor
@pytest.mark.parametrize("mode", [*MODES, "HALF_EVEN", "half_even"])
def test_quantiser_equals_the_executor_on_all_inputs(mode: str) -> None:
    x = np.arange(-256, 256).reshape(-1, 1) * 2.0**-4
    kinds = [(1, 1, 0, 0.0), (1, 0, 1, 0.0), (3, 1, 1, 0.5), (3, 0, 1, 0.0), (4, 0, 0, 3.0), (5, 1, 0, -3.0)]

    def model(batch: int) -> Any:
        g = Graph(batch)
        y = g.quant(g.input("x", 1), 9, 2.0**-4)
        return g.model(
            *(
                g.quant(y, bits, scale, signed=signed, narrow=narrow, zero=zero, mode=mode)
                for bits, signed, narrow, zero in kinds
                for scale in (2.0**-4, 2.0**-2, 1.0, 8.0)
            )
        )

    compared, different = differing(x, bxnn.from_qonnx(model(1)), execute(model(len(x)), {"x": x}))
    assert (compared, different) == (512 * 24, 0)


@needs_executor
@pytest.mark.parametrize("kind", ["Clip", "Relu"])
def test_channels_beyond_a_bound_stay_at_it(kind: str) -> None:
    """Biases that put whole channels below or above what the bounds of another leave them."""
    x = np.repeat(np.arange(0, 4.0).reshape(-1, 1), 6, axis=1)
    biases, bounds = np.array([[0, -5, 1, -2, 9, -60.0]]), [0.0, 2.0] if kind == "Clip" else []

    def model(batch: int) -> Any:
        g = Graph(batch)
        y = g.quant(g.input("x", 6), 2, 1.0, signed=0)
        y = g.node(kind, g.node("Add", y, g.constant(biases)), *map(g.constant, bounds))
        return g.model(y, g.node("Add", y, y), g.quant(g.node("Mul", y, g.constant(-3.0)), 6, 0.5))

    compared, different = differing(x, bxnn.from_qonnx(model(1)), execute(model(len(x)), {"x": x}))
    assert (compared, different) == (4 * 18, 0)


@needs_executor
@pytest.mark.parametrize("seed", range(12))
def test_chains_of_bounds_equal_the_executor_on_all_inputs(seed: int) -> None:
    """Bounds upon bounds, turned over and moved, and every operator that has to see them."""
    x = np.arange(-64, 64).reshape(-1, 1) * 0.125

    def model(batch: int) -> Any:
        rng, g = np.random.default_rng(seed), Graph(batch)
        y = g.quant(g.input("x", 1), 7, 0.125)
        for _ in range(5):
            kind = str(rng.choice(["Clip", "Relu", "Mul", "Add"]))
            low, high = np.sort(rng.integers(-24, 24, 2)) * 0.125
            constants = {"Clip": [low, high], "Relu": [], "Mul": [rng.choice([-1, 2, -0.5])], "Add": [low]}
            y = g.node(kind, y, *map(g.constant, constants[kind]))
        pair = g.node("Concat", y, g.quant(y, 3, 0.5), g.node("Neg", y), axis=1)
        best = g.node("ArgMax", pair, axis=1)
        bipolar = g.node("BipolarQuant", y, g.constant(1.0), domain=QONNX)
        return g.model(y, pair, g.node("Sign", y), bipolar, g.node("Mul", y, y), best, kinds={best: 7})

    compared, different = differing(x, bxnn.from_qonnx(model(1)), execute(model(len(x)), {"x": x}))
    assert (compared, different) == (128 * 8, 0)


@needs_executor
def test_batch_normalisation_has_the_coefficients_of_the_runtime() -> None:
    """Scale and term are float32 numbers: read from the executor at 1 and 0."""
    n, rng = 300, np.random.default_rng(3)
    gamma, variance = rng.normal(1, 0.5, n), rng.uniform(0.01, 3, n)
    zeros, beta, mean = np.zeros(n), rng.normal(0, 1, n), rng.normal(0, 1, n)
    for parameters, at in (((gamma, zeros, zeros, variance), 1), ((gamma, beta, mean, variance), 0)):
        g = Graph(1)
        x = g.quant(g.input("x", n), 2, 1.0)
        proto = g.model(g.node("BatchNormalization", x, *map(g.constant, parameters), epsilon=1e-5))
        model = bxnn.from_qonnx(proto)
        (expected,) = execute(proto, {"x": np.full((1, n), at)})
        (got,) = numbers_of(model, model.predict_raw(np.full((1, n), at)))
        assert (got == rational.exact(expected)).all()


# --- other scales: plain fractions ----------------------------------------------------------------------


def test_quantiser_at_any_scale_equals_fractions_on_all_inputs() -> None:
    rng = np.random.default_rng(0)
    raw = np.arange(-128, 128).reshape(-1, 1)
    for _ in range(150):
        options = {
            "signed": int(rng.integers(2)), "narrow": int(rng.integers(2)), "mode": str(rng.choice(MODES)),
        }  # fmt: skip
        bits, zero = int(rng.integers(1, 7)), float(rng.choice([0.0, 1.0, -3.0, 0.5]))
        scale = float(rng.choice([0.1, 1 / 3, 3.0, 1.5, 6.0, 0.75, 12.0, 0.05, 0.375]))
        factor, term, step = (
            rng.choice(c) for c in ([1.0, 0.3, -1.7, 3.0], [0.0, 0.1, -0.7], [0.25, 1.0, 2.0])
        )
        rectified = bool(rng.integers(2))
        g = Graph()
        y = g.node("Mul", g.quant(g.input("x", 1), 8, step), g.constant(factor))
        y = g.node("Add", y, g.constant(term))
        y = g.node("Relu", y) if rectified else y
        model = bxnn.from_qonnx(g.model(g.quant(y, bits, scale, zero=zero, **options)))
        (got,) = numbers_of(model, model.predict_raw(raw))
        s, z, f, t = (Fraction(float(np.float32(n))) for n in (scale, zero, factor, term))
        for r, number in zip(raw.ravel().tolist(), got.ravel(), strict=True):
            x = r * Fraction(float(step)) * f + t
            x = max(x, Fraction(0)) if rectified else x
            expected = rational.quantised(
                x, s, z, bits, options["signed"], options["narrow"], options["mode"]
            )
            assert number == expected, (r, bits, scale, zero, factor, term, rectified, options)


def brevitas_mlp(rng: np.random.Generator) -> tuple[Any, Any]:
    """Float scales of the input's side, of weights per channel, of biases; and the same in fractions."""
    g, sizes = Graph("batch"), (6, 5, 4)
    x = g.quant(g.input("x", sizes[0]), 6, 2.0**-2)
    steps = []
    for i, (n, m) in enumerate(pairwise(sizes)):
        w, b = rng.normal(0, 0.5, (m, n)).astype(np.float32), rng.normal(0, 0.5, m).astype(np.float32)
        ws = (np.abs(w).max(1, keepdims=True) / 7).astype(np.float32)
        bs, s = np.float32(rng.uniform(0.001, 0.01)), np.float32(rng.uniform(0.05, 0.2))
        weights = g.quant(g.constant(w), 4, ws, narrow=1)
        x = g.node("Gemm", x, weights, g.quant(g.constant(b), 8, bs), transB=1)
        if i == 0:
            x = g.node("Relu", x)
        x = g.quant(x, 5, s, signed=int(i > 0))
        wq, bq = rational.quant(rational.exact(w), 4, ws, narrow=1), rational.quant(rational.exact(b), 8, bs)
        steps.append((wq, bq, s, int(i > 0)))

    def reference(events: Array) -> Array:
        for wq, bq, s, signed in steps:
            events = events @ wq.T + bq
            events = rational.quant(events, 5, s, signed=signed)  # unsigned: the rectifier does nothing more
        return events

    return g.model(x), reference


@pytest.mark.parametrize("seed", range(4))
def test_mlp_with_float_scales_equals_fractions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    proto, reference = brevitas_mlp(rng)
    model = bxnn.from_qonnx(proto)
    raw = rng.integers(-32, 32, (200, 6))
    (got,) = numbers_of(model, model.predict_raw(raw))
    expected = reference(raw.astype(object) * Fraction(1, 4))
    assert len(set(expected.ravel())) > 8
    assert (got == expected).all()


def brevitas_cnn(rng: np.random.Generator, batch: int | str) -> Any:
    """Conv, BatchNormalization, Relu, Quant, pooling, Gemm, with float scales per channel."""
    g, c = Graph(batch), 4

    def weights(*shape: int) -> str:
        w = rng.normal(0, 0.5, shape).astype(np.float32)
        scale = np.abs(w).max(tuple(range(1, w.ndim)), keepdims=True) / 7
        return g.quant(g.constant(w), 4, scale, narrow=1)

    x = g.quant(g.input("x", 2, 6, 6), 6, 2.0**-3)
    x = g.node("Conv", x, weights(c, 2, 3, 3), kernel_shape=[3, 3], pads=[1] * 4)
    parameters = rng.uniform(0.5, 2, c), rng.normal(0, 1, c), rng.normal(0, 1, c), rng.uniform(0.1, 2, c)
    x = g.node("BatchNormalization", x, *map(g.constant, parameters), epsilon=1e-5)
    x = g.quant(g.node("Relu", x), 5, 0.0471, signed=0)
    x = g.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = g.quant(g.node("Conv", x, weights(c, 1, 3, 3), kernel_shape=[3, 3], pads=[1] * 4, group=c), 5, 0.0713)
    x = g.node("AveragePool", x, kernel_shape=[3, 3])
    x = g.quant(g.node("Flatten", x), 6, 0.0237)
    x = g.node("Gemm", x, weights(3, c), g.constant(rng.normal(0, 0.1, 3)), transB=1)
    return g.model(x, g.quant(x, 6, 0.11))


@needs_executor
def test_cnn_with_float_scales_is_what_the_executor_approximates() -> None:
    model = bxnn.from_qonnx(brevitas_cnn(np.random.default_rng(5), "batch"))
    x = np.random.default_rng(6).normal(0, 2, (300, 2, 6, 6))
    got = numbers_of(model, model.predict_raw(core.quantize_float(x, model.inputs[0].format)))
    for ours, floats in zip(got, execute(brevitas_cnn(np.random.default_rng(5), 300), {"x": x}), strict=True):
        assert np.std(floats) > 0.1
        # float32 may round to the other side of a tie of a later quantiser, in few events
        assert (np.abs(ours.astype(np.float64) - floats) > 1e-5).mean() < 0.002


@pytest.mark.parametrize("mode", MODES)
def test_terms_of_many_bits_are_added_exactly(mode: str) -> None:
    g = Graph()
    x = g.quant(g.input("x", 1), 6, 0.5)
    x = g.node("Add", g.node("Sub", x, g.constant(2.0**-40)), g.constant(2.0**30 + 2.0**7))
    model = bxnn.from_qonnx(g.model(g.quant(x, 34, 1.0, mode=mode)))
    raw = np.arange(-32, 32).reshape(-1, 1)
    (got,) = numbers_of(model, model.predict_raw(raw))
    exact = raw.astype(object) * Fraction(1, 2) + 2**30 + 2**7 - Fraction(1, 2**40)
    assert got.ravel().tolist() == [rational.rounded(x, mode) for x in exact.ravel()]


def test_division_by_three_is_kept_as_a_scale() -> None:
    g = Graph()
    y = g.node("Div", g.quant(g.input("x", 2), 4, 0.5), g.constant([3.0, 5.0]))
    z = g.node("AveragePool", g.node("Unsqueeze", y, g.constant([1], np.int64)), kernel_shape=[2])
    best = g.node("ArgMax", y, axis=1)
    model = bxnn.from_qonnx(g.model(y, z, best, kinds={best: 7}))
    assert model.meta[f"scale:{y}"] == "1/15"
    raw = np.array([[3, 5], [-3, 4], [1, 2], [7, -8]])
    quotients, means, best = numbers_of(model, model.predict_raw(raw))
    expected = raw.astype(object) * Fraction(1, 2) / np.array([3, 5], object)
    assert (quotients == expected).all()
    assert (means.ravel() == expected.sum(1) / 2).all()
    assert best.ravel().tolist() == [0, 1, 1, 0]  # 3/6 and 5/10 are equal: the first


def test_the_best_of_classes_on_unlike_scales_equals_fractions() -> None:
    rng = np.random.default_rng(8)
    w, b = rng.normal(0, 0.5, (5, 6)).astype(np.float32), rng.normal(0, 0.5, 5).astype(np.float32)
    scales = rng.uniform(0.05, 0.1, (5, 1)).astype(np.float32)
    g = Graph()
    x = g.quant(g.node("Mul", g.quant(g.input("x", 6), 4, 1.0), g.constant(0.3)), 5, 0.17)
    x = g.node("Gemm", x, g.quant(g.constant(w), 4, scales), g.constant(b), transB=1)
    _, index = g.node("TopK", x, g.constant([1], np.int64), outputs=2, largest=0)
    least = g.node("ArgMin", x, axis=1)
    model = bxnn.from_qonnx(g.model(g.node("ArgMax", x, axis=1), least, index, kinds={least: 7, index: 7}))
    raw = rng.integers(-8, 8, (500, 6))
    inner = rational.quant(raw.astype(object) * rational.exact(0.3), 5, 0.17)
    sums = inner @ rational.quant(rational.exact(w), 4, scales).T + rational.exact(b)
    for got, best in zip(model.predict_raw(raw), (np.argmax, np.argmin, np.argmin), strict=True):
        assert len(np.unique(got)) >= 4
        assert (got.ravel() == best(sums, 1)).all()


def test_the_output_of_unlike_scales_has_scale_and_offset() -> None:
    g = Graph()
    x = g.quant(g.input("x", 2), 4, 0.5)
    y = g.node(
        "Gemm", x, g.quant(g.constant(np.eye(2)), 8, [[0.0123], [0.0456]]), g.constant([0.1, 0.7]), transB=1
    )
    y = g.node("Mul", y, g.constant([1e-6, 3e7]))
    model = bxnn.from_qonnx(g.model(y))
    assert {key.split(":")[0] for key in model.meta} >= {"scale", "offset"}
    raw = np.array([[3, -4], [7, 1]])
    (got,) = numbers_of(model, model.predict_raw(raw))
    diagonal = np.diag(rational.quant(rational.exact(np.eye(2)), 8, [[0.0123], [0.0456]]))
    products = raw.astype(object) * Fraction(1, 2) * diagonal
    assert (got == (products + rational.exact([0.1, 0.7])) * rational.exact([1e-6, 3e7])).all()


# --- inputs, outputs, probes, sources -------------------------------------------------------------------


def tiny(**options: Any) -> Any:
    g = Graph()
    return g.model(g.node("Relu", g.quant(g.input("x", 3), 6, 0.25, **options)))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "ap_fixed<6,4,AP_RND_CONV,AP_SAT>"),
        ({"narrow": 1}, "ap_fixed<6,4,AP_RND_CONV,AP_SAT_SYM>"),
        ({"signed": 0, "mode": "FLOOR"}, "ap_ufixed<6,4,AP_TRN,AP_SAT>"),
        ({"mode": "HALF_UP"}, "ap_fixed<6,4,AP_RND_INF,AP_SAT>"),
        ({"mode": "ROUND_TO_ZERO"}, "ap_fixed<6,4,AP_TRN_ZERO,AP_SAT>"),
    ],
)
def test_the_input_has_the_format_of_its_quantiser(options: dict[str, Any], expected: str) -> None:
    assert str(bxnn.from_qonnx(tiny(**options)).inputs[0].format) == expected


def test_a_stated_format_replaces_the_quantiser_of_the_input() -> None:
    proto = tiny(mode="CEIL")
    with pytest.raises(bxnn.UnsupportedError, match=r"CEIL.*formats=\{'x': 'fixed<16,6>'\}"):
        bxnn.from_qonnx(proto)
    for stated in ("fixed<16,6>", bxnn.Format(16, 6)):
        model = bxnn.from_qonnx(proto, formats={"x": stated})
        assert model.predict([0.26, -0.3, 1.0]).tolist() == [0.5, 0.0, 1.0]


def test_quantisers_are_traced_and_the_model_can_be_saved(tmp_path: Path) -> None:
    model = bxnn.from_qonnx(tiny(), name="mine")
    assert (model.name, model.meta["origin"]) == ("mine", "qonnx")
    assert model.trace([0.3, -0.3, 9.0])["quant0"].tolist() == [0.25, -0.25, 7.75]
    model.save(tmp_path / "model.bxnn")
    assert bxnn.Model.load(tmp_path / "model.bxnn").predict([0.3, -0.3, 9.0]).tolist() == [0.25, 0.0, 7.75]


def test_sources_are_files_protocol_buffers_and_wrappers(tmp_path: Path) -> None:
    import onnx

    class Wrapper:
        model = tiny()

    path = tmp_path / "network.onnx"
    onnx.save(tiny(), str(path))
    expected = bxnn.from_qonnx(tiny()).meta["graph_hash"]
    assert bxnn.from_qonnx(path).name == "network"
    for source in (path, str(path), Wrapper()):
        assert bxnn.from_qonnx(source).meta["graph_hash"] == expected
    with pytest.raises(FileNotFoundError):
        bxnn.from_qonnx(tmp_path / "none.onnx")
    with pytest.raises(bxnn.InputError, match="cannot read a builtins.int"):
        bxnn.from_qonnx(3)


# --- refusals ----------------------------------------------------------------------------------------


def refused(*, build: Any, opset: int = 17, **options: Any) -> str:
    g = Graph(opset=opset)
    x = g.quant(g.input("x", 2, 4), 6, 0.25)
    with pytest.raises(bxnn.UnsupportedError) as error:
        bxnn.from_qonnx(g.model(build(g, x)), **options)
    return str(error.value)


REFUSALS: dict[str, tuple[Any, str]] = {
    "Softmax": (
        lambda g, x: g.node("Softmax", x),
        r"node 'Softmax_1' \(Softmax\).*not rational.*bxnn.convert",
    ),
    "unknown": (lambda g, x: g.node("Einsum", x, equation="abc->ab"), "not supported; supported are Add, "),
    "domain": (lambda g, x: g.node("MatMul", x, x, domain="other"), "domain 'other'"),
    "attribute": (lambda g, x: g.node("Relu", x, slope=1.0), "attribute slope"),
    "two tensors": (lambda g, x: g.node("MatMul", x, x), "both operands are computed"),
    "shapes": (lambda g, x: g.node("Add", x, g.constant(np.ones((1, 3, 4)))), "do not broadcast"),
    "reshape": (lambda g, x: g.node("Reshape", x, g.constant([5, -1], np.int64)), "does not fit"),
    "computed scale": (
        lambda g, x: g.node("BipolarQuant", x, x, domain=QONNX),
        "is computed; expected a constant",
    ),
    "scale": (lambda g, x: g.quant(x, 4, 0.0), "must be positive"),
    "NaN": (lambda g, x: g.node("Mul", x, g.constant(np.nan)), "NaN or infinity"),
    "bits": (lambda g, x: g.quant(x, 3.5, 1.0), "bit width is 3.5"),
    "mode": (lambda g, x: g.quant(x, 4, 1.0, mode="ODD"), "rounding_mode 'ODD' is not known"),
    "zero": (lambda g, x: g.node("Div", x, g.constant(0.0)), "divides by zero"),
    "k": (lambda g, x: g.node("TopK", x, g.constant([2], np.int64), outputs=2)[0], "k=\\[2\\]"),
    "wide weights": (
        lambda g, x: g.node("MatMul", x, g.constant(np.array([[1e20], [1e-20], [1], [1]]))),
        "weights need more than 63 bits",
    ),
    "training": (
        lambda g, x: g.node("BatchNormalization", x, *[g.constant([1.0, 1.0])] * 4, training_mode=1),
        "training_mode=1",
    ),
    "variance": (
        lambda g, x: g.node("BatchNormalization", x, *[g.constant([1.0, -1.0])] * 4),
        "NaN or infinity",
    ),
    "constant": (lambda g, x: g.node("Identity", g.constant([1.0])), "it is a constant"),
    "missing": (lambda g, x: g.node("Relu", "nowhere"), "'nowhere' is neither"),
    "enormous": (lambda g, x: g.node("Expand", x, g.constant([2**40, 2, 4], np.int64)), "at most 1,048,576"),
    "window": (
        lambda g, x: g.node("MaxPool", x, kernel_shape=[2**40], pads=[2**39, 2**39]),
        "pads|does not fit",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_not_supported_is_refused_by_name(case: str) -> None:
    build, pattern = REFUSALS[case]
    assert re.search(pattern, message := refused(build=build)), message


def test_an_input_that_is_not_quantised_is_refused_with_the_remedy() -> None:
    g = Graph()
    proto = g.model(g.node("Relu", g.input("x", 3)))
    with pytest.raises(bxnn.UnsupportedError, match=r"input 'x' is read by node 'Relu_0' \(Relu\).*formats="):
        bxnn.from_qonnx(proto)
    assert bxnn.from_qonnx(proto, formats={"x": "fixed<8,4>"}).predict([1.5, -1, 3]).tolist() == [1.5, 0, 3]
    with pytest.raises(bxnn.InputError, match=r"formats: no input 'y'"):
        bxnn.from_qonnx(proto, formats={"y": "fixed<8,4>"})
    with pytest.raises(bxnn.InputError, match=r"formats\['x'\]: expected a format"):
        bxnn.from_qonnx(proto, formats={"x": "float"})


def test_an_input_that_is_also_an_output_is_refused_with_the_remedy() -> None:
    g = Graph()
    x = g.node("Identity", g.input("x", 3))
    proto = g.model(x, g.quant(x, 4, 1.0))
    with pytest.raises(bxnn.UnsupportedError, match=r"input 'x' is an output too.*formats="):
        bxnn.from_qonnx(proto)
    plain, rounded = bxnn.from_qonnx(proto, formats={"x": "fixed<8,4>"}).predict([1.75, -1, 3])
    assert (plain.tolist(), rounded.tolist()) == ([1.75, -1, 3], [2, -1, 3])


@pytest.mark.parametrize("options", [{"scale": 0.1}, {"zero": 1.0}, {"narrow": 1, "signed": 0}, {"bits": 1}])
def test_a_quantiser_that_is_no_format_is_refused_with_the_remedy(options: dict[str, Any]) -> None:
    g = Graph()
    bits, scale = options.pop("bits", 6), options.pop("scale", 0.25)
    proto = g.model(g.quant(g.input("x", 3), bits, scale, **options))
    with pytest.raises(bxnn.UnsupportedError, match=r"its quantiser 'Quant_0'.*formats="):
        bxnn.from_qonnx(proto)
    assert bxnn.from_qonnx(proto, formats={"x": "fixed<8,4>"})


@pytest.mark.parametrize("batch", [2, 64])
def test_a_batch_of_another_size_is_refused(batch: int) -> None:
    g = Graph(batch)
    with pytest.raises(bxnn.UnsupportedError, match="expected a batch of one"):
        bxnn.from_qonnx(g.model(g.quant(g.input("x", 3), 4, 1.0)))


# --- damaged files -----------------------------------------------------------------------------------


def test_damaged_files_are_errors(tmp_path: Path) -> None:
    whole = brevitas_cnn(np.random.default_rng(1), 1).SerializeToString()
    rng, path = np.random.default_rng(2), tmp_path / "damaged.onnx"
    refusals = 0
    for i in range(120):
        data = bytearray(whole if i % 2 else whole[: int(rng.integers(0, len(whole)))])
        for at in rng.integers(0, max(len(data), 1), 4 if i % 2 else 0):
            data[at] = int(rng.integers(0, 256))
        path.write_bytes(bytes(data))
        try:
            bxnn.from_qonnx(path)
        except bxnn.Error as error:
            refusals += 1
            assert str(error)
    assert refusals > 60  # some flipped bytes are weights
    path.write_bytes(b"not a model")
    with pytest.raises(bxnn.ModelFileError, match=r"damaged\.onnx' is no ONNX model, or is damaged"):
        bxnn.from_qonnx(path)


def test_initializers_without_their_data_are_refused() -> None:
    proto = tiny()
    proto.graph.initializer[0].dims.extend([2**40, 2**40])
    with pytest.raises(bxnn.UnsupportedError, match="initializer 'c0': its data can't be read"):
        bxnn.from_qonnx(proto)
