"""Embedding, LayerNormalization and GarNet against numbers that C-simulation gave, and against itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bxnn._core import UnsupportedError
from frontends import sequences as seq
from frontends.graphs import graph, source

pytest.importorskip("hls4ml", reason="hls4ml is not installed")

INDEX = {"x": seq.typed("ap_uint<3>")}


def embedding() -> Any:
    return graph(source(4), seq.embedding("e", 4, 8, 3), layer_config=INDEX)


def embedding_stream() -> Any:
    keys = seq.typed("ap_fixed<9,4,AP_RND,AP_SAT>")
    keys["Precision"]["embeddings"] = "ap_fixed<12,3>"
    layer = seq.embedding("e", 4, 8, 3)
    return graph(source(4), layer, layer_config=INDEX | {"e": keys}, io_type="io_stream", backend="Vivado")


def normalization() -> Any:
    return graph(source(2, 3), seq.layer_normalization("n", 2, 3))


def normalization_types() -> Any:
    """A table of its own size and range, sums that saturate after every addition."""
    keys = seq.typed("ap_fixed<13,4,AP_RND_CONV,AP_SAT>", "ap_fixed<12,5,AP_RND,AP_SAT>")
    keys["Precision"] |= {"scale": "ap_fixed<9,2>", "table": "ap_ufixed<12,6>"}
    keys |= {"table_size": 1000, "table_range_power2": 2}
    layer = seq.layer_normalization("n", 2, 3, epsilon=2)
    return graph(source(2, 3), layer, layer_config={"x": seq.typed("ap_fixed<10,4>"), "n": keys})


def vertices(layer: Any, number: str = "ap_uint<3>", **config: Any) -> Any:
    types = {"x": seq.typed("ap_fixed<12,4>"), "n": seq.typed(number)} | config
    inputs = [source(4, 3), source(1, name="n")]
    return graph(*inputs, layer, layer_config=types, inputs=["x", "n"], outputs=["g"])


def garnet() -> Any:
    return vertices(seq.garnet("g", 4, 3, (2, 2, 2)))


def garnet_types() -> Any:
    """Two groups of vertices, sums that round and saturate, a number of vertices with a fraction."""
    keys = seq.typed("ap_fixed<14,5,AP_RND,AP_SAT>", ReuseFactor=2)
    keys["Precision"] |= {
        "aggr": "ap_fixed<13,4,AP_RND,AP_SAT>",
        "edge_weight": "ap_ufixed<8,0,AP_RND,AP_SAT>",
        "edge_weight_aggr": "ap_ufixed<8,2,AP_RND,AP_SAT>",
    }
    return vertices(seq.garnet("g", 4, 3, (2, 2, 2)), "ap_fixed<7,5>", g=keys)


def garnet_narrow() -> Any:
    """4 / 1 does not fit the type of the number of vertices, which C++ keeps for the quotient."""
    return vertices(seq.garnet("g", 4, 3, (2, 2, 2)), "ap_uint<2>")


def garnet_negative() -> Any:
    """C++ divides by a negative ap_int as by an unsigned number."""
    return vertices(seq.garnet("g", 4, 3, (2, 2, 2)), "ap_int<4>")


def garnet_stack() -> Any:
    return vertices(seq.garnet_stack("g", 4, 3, [(2, 2, 3), (2, 3, 2), (1, 2, 2)]))


MODELS: dict[str, Callable[[], Any]] = {
    f.__name__: f
    for f in (
        embedding,
        embedding_stream,
        normalization,
        normalization_types,
        garnet,
        garnet_types,
        garnet_narrow,
        garnet_negative,
        garnet_stack,
    )
}

# Outputs of C-simulation for the events of `sequences.ramps`.
EXPECTED: dict[str, list[list[int]]] = {
    "embedding": [
        [960, -576, 1792, -1920, 448, -1088, 960, -576, 1792, 1280, -256, -1792],
        [1664, 128, -1408, 576, -960, 1408, -1536, 832, -704, -128, -1664, 704],
    ],
    "embedding_stream": [
        [30, -18, 56, -60, 14, -34, 30, -18, 56, 40, -8, -56],
        [52, 4, -44, 18, -30, 44, -48, 26, -22, -4, -52, 22],
    ],
    "normalization": [[-452, 9, 717, -153, 1585, -738], [-17471, 9162, -7496, 23700, -8936, -676]],
    "normalization_types": [[-423, 13, 631, -76, 787, -373], [474, -1487, 354, -236, 1486, -615]],
    "garnet": [[450, 71], [1399, 203]],
    "garnet_types": [[156, 129], [119, 26]],
    "garnet_narrow": [[450, 71], [186, -39]],
    "garnet_negative": [[313, 260], [399, 163]],
    "garnet_stack": [[127, 191], [-998, 786]],
}


@pytest.mark.parametrize("name", MODELS)
def test_numbers_of_c_simulation(name: str) -> None:
    model = MODELS[name]()
    (got,) = seq.run(model, seq.ramps(model))
    assert got.tolist() == EXPECTED[name]


@seq.needs_compiler
@pytest.mark.parametrize(
    "name",
    [
        "embedding_stream",
        "normalization_types",
        "garnet_types",
        "garnet_narrow",
        "garnet_negative",
        "garnet_stack",
    ],
)
def test_same_as_c_simulation(name: str) -> None:
    model = MODELS[name]()
    seq.assert_same_as_c_simulation(model, seq.draw(model, 120))


def test_every_index_gives_its_row() -> None:
    model = embedding()
    (got,) = seq.run(model, [np.arange(8, dtype=np.int64).reshape(2, 4)])
    assert got.reshape(8, 3).tolist() == np.floor(seq.numbers(8, 3, scale=2.0) * 1024).astype(int).tolist()


def test_an_index_with_a_fraction_starts_inside_a_row() -> None:
    model = graph(source(1), seq.embedding("e", 1, 16, 3), layer_config={"x": seq.typed("ap_fixed<9,5>")})
    (got,) = seq.run(model, [np.array([[24], [-4]], dtype=np.int64)])  # 1.5 and -0.25
    flat = np.floor(seq.numbers(16, 3, scale=2.0) * 1024).astype(int).ravel()
    assert got.tolist() == flat[[[4, 5, 6], [0, 0, 1]]].tolist()


def test_an_index_beyond_the_vocabulary_gives_zero() -> None:
    model = graph(source(2), seq.embedding("e", 2, 5, 3), layer_config=INDEX)
    (got,) = seq.run(model, [np.array([[4, 5]], dtype=np.int64)])
    assert got[0, :3].any() and not got[0, 3:].any()


@pytest.mark.parametrize("number", [0, 3, 4, 7])
def test_vertices_that_do_not_count_change_nothing(number: int) -> None:
    model = garnet()
    rng = np.random.default_rng(3)
    x = rng.integers(-300, 300, (2, 4, 3))
    x[1, : min(number, 4)] = x[0, : min(number, 4)]
    (got,) = seq.run(model, [x.reshape(2, 12), np.full((2, 1), number)])
    assert (got[0] == got[1]).all()


def refusals() -> dict[str, tuple[Callable[[], Any], str]]:
    embed, norm = seq.embedding("g", 4, 8, 3), seq.layer_normalization("g", 2, 3)
    net, stack = seq.garnet("g", 4, 3, (2, 2, 2)), seq.garnet_stack("g", 4, 3, [(2, 2, 2)])
    wide = {"x": seq.typed("ap_uint<32>")}
    return {
        "index": (lambda: graph(source(4), embed, layer_config=wide), "narrowest unsigned integer"),
        "normalization": (lambda: graph(source(2, 3), norm, io_type="io_stream"), "io_parallel only"),
        "vertices": (lambda: vertices(net | {"collapse": None}), "leaves the outputs of vertices"),
        "max": (lambda: vertices(net | {"collapse": "max"}), "collapse='mean' alone"),
        "number": (lambda: vertices(net, "ap_uint<17>"), "number of its vertices"),
        "stack": (lambda: vertices(stack), "use a GarNet"),
    }


@pytest.mark.parametrize("name", refusals())
def test_refused(name: str) -> None:
    make, reason = refusals()[name]
    with pytest.raises(UnsupportedError, match=reason) as caught:
        seq.run(make(), [])
    assert str(caught.value).startswith("layer 'g")
