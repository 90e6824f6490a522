"""LSTM, GRU, Bidirectional and TimeDistributed against numbers that C-simulation gave, and against itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bxnn._core import UnsupportedError
from frontends import sequences as seq
from frontends.graphs import activation, dense, graph, source

pytest.importorskip("hls4ml", reason="hls4ml is not installed")

NARROW = "ap_fixed<12,4,AP_RND,AP_SAT>"


def lstm() -> Any:
    return graph(source(3, 2), seq.recurrent("LSTM", "l", 3, 2, 2))


def lstm_sequence() -> Any:
    """Rounding and saturation everywhere, own weight and table types, relu, sums in another order."""
    layer = seq.recurrent("LSTM", "l", 3, 2, 2, return_sequences=True, activation="relu")
    keys = seq.typed(
        NARROW, NARROW, Strategy="Resource", ReuseFactor=2, TableSize=200, table_t="ap_fixed<9,2>"
    )
    keys["Precision"] |= {"weight": "ap_fixed<7,2>", "recurrent_weight": "ap_fixed<8,2,AP_RND,AP_SAT>"}
    return graph(source(3, 2), layer, layer_config={"x": seq.typed(NARROW), "l": keys}, io_type="io_stream")


def gru() -> Any:
    return graph(source(3, 2), seq.recurrent("GRU", "g", 3, 2, 2), backend="Vivado")


def gru_types() -> Any:
    """Three types; gates in the order r, z."""
    keys = seq.typed("ap_fixed<10,2,AP_RND,AP_SAT>", "ap_fixed<14,5,AP_RND_CONV,AP_SAT_SYM>")
    layer = seq.recurrent("GRU", "g", 3, 2, 2, pytorch=True, return_sequences=True)
    return graph(source(3, 2), layer, layer_config={"x": seq.typed("ap_ufixed<7,3>"), "g": keys})


def both_ways() -> Any:
    layer = seq.bidirectional("b", 3, 2, [("LSTM", 2), ("GRU", 1)], return_sequences=True)
    keys = seq.typed("ap_fixed<11,3,AP_RND,AP_SAT>", "ap_fixed<15,6,AP_TRN,AP_SAT>")
    return graph(source(3, 2), layer, layer_config={"b": keys})


def initial_states() -> Any:
    layer = seq.recurrent(
        "LSTM", "l", 2, 2, 2, inputs=["x", "h", "s"], pytorch=True, pass_initial_states=True
    )
    inputs = ["x", "h", "s"]
    return graph(source(2, 2), source(2, name="h"), source(2, name="s"), layer, inputs=inputs, outputs=["l"])


def every_row() -> Any:
    wrapped = dense("d", 2, 2)
    return graph(source(3, 2), seq.time_distributed("t", 3, wrapped, [3, 2]), activation("a", "tanh"))


MODELS: dict[str, Callable[[], Any]] = {
    f.__name__: f for f in (lstm, lstm_sequence, gru, gru_types, both_ways, initial_states, every_row)
}

# Outputs of C-simulation for the events of `sequences.ramps`.
EXPECTED: dict[str, list[list[int]]] = {
    "lstm": [[43, -251], [0, -73]],
    "lstm_sequence": [[36, 89, 26, 29, 18, 16], [0, 0, 1, 0, 2, 0]],
    "gru": [[52, -327], [792, -122]],
    "gru_types": [[10, -22, 0, -96, -7, -130], [-3, -88, -8, -125, -13, -144]],
    "both_ways": [[32, 64, -84, 23, -29, -157, 11, -63, -103], [0, -4, -256, 0, -10, -256, 0, -18, -254]],
    "initial_states": [[-182, -91], [0, 21]],
    "every_row": [[-1018, 999, 567, 691, 545, 716], [1023, -1021, 1023, -1017, 1023, -1009]],
}


@pytest.mark.parametrize("name", MODELS)
def test_numbers_of_c_simulation(name: str) -> None:
    model = MODELS[name]()
    (got,) = seq.run(model, seq.ramps(model))
    assert got.tolist() == EXPECTED[name]


@seq.needs_compiler
@pytest.mark.parametrize("name", ["lstm_sequence", "gru_types", "both_ways", "every_row"])
def test_same_as_c_simulation(name: str) -> None:
    model = MODELS[name]()
    seq.assert_same_as_c_simulation(model, seq.draw(model, 120))


def test_structs_of_a_layer() -> None:
    from bxnn.frontends.hls4ml.code import Config, structs

    found = structs(str(both_ways().graph["b"].get_attr("config_cpp")))
    assert {"config2", "config2_forward", "config2_backward", "config2_1_f", "config2_2_b"} <= set(found)
    assert [Config(found[f"config2_2_{d}"]).number("n_out") for d in "fb"] == [8, 3]
    stack = "struct a : b {\n  template<int L>\n  struct c {};\n};\ntemplate<>\nstruct a::c<1> : b {\n};\n"
    assert list(structs(stack)) == ["a", "a::c<1>"]


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_static_state_and_streams_change_nothing(kind: str) -> None:
    answers = []
    for static, io_type in ((True, "io_parallel"), (False, "io_parallel"), (True, "io_stream")):
        layer = seq.recurrent(kind, "l", 3, 2, 2, return_sequences=True)
        model = graph(source(3, 2), layer, layer_config={"l": {"static": static}}, io_type=io_type)
        assert ("use_static = true" in model.graph["l"].get_attr("config_cpp")) is static
        (out,) = seq.run(model, seq.draw(model, 30))
        answers.append(out)
    assert (answers[0] == answers[1]).all() and (answers[0] == answers[2]).all()
    assert len(np.unique(answers[0])) > 20


def test_the_last_step_is_the_last_of_the_sequence() -> None:
    (every,) = seq.run(m := gru_sequence(True), seq.draw(m, 30))
    (last,) = seq.run(m := gru_sequence(False), seq.draw(m, 30))
    assert (every[:, -2:] == last).all()


def gru_sequence(whole: bool) -> Any:
    return graph(source(3, 2), seq.recurrent("GRU", "g", 3, 2, 2, return_sequences=whole))


def refusals() -> dict[str, tuple[Callable[[], Any], str]]:
    lstm_layer, gru_layer = seq.recurrent("LSTM", "l", 3, 2, 2), seq.recurrent("GRU", "l", 3, 2, 2)
    back = seq.bidirectional("l", 3, 2, [("GRU", 2), ("GRU", 2)])
    summed = seq.bidirectional("l", 3, 2, [("GRU", 2), ("GRU", 2)], n_out=2, merge_mode="sum")
    hard = gru_layer | {"recurrent_activation": "hard_sigmoid"}
    short = gru_layer | {"bias_data": np.zeros(1)}
    simple = {k: v for k, v in gru_layer.items() if "recurrent_activation" not in k} | {
        "class_name": "SimpleRNN"
    }
    rows = seq.time_distributed("l", 3, dense("d", 2, 2), [3, 2])
    wrong = seq.time_distributed("l", 3, dense("d", 2, 2), [2, 2])
    types = {"l": seq.typed("ap_fixed<14,5>")}
    names = ["x", "h", "s"]
    states = {"inputs": names, "pass_initial_states": True}
    pair = [source(3, 2), source(2, name="h"), source(2, name="s"), lstm_layer | states]
    pair.append(lstm_layer | states | {"name": "m"})
    return {
        "shared": (
            lambda: graph(*pair, inputs=names, outputs=["l", "m"]),
            "overwrites its initial state 'h'",
        ),
        "types": (lambda: graph(source(3, 2), lstm_layer, layer_config=types), "one type for its input"),
        "input": (
            lambda: graph(source(3, 2), lstm_layer, layer_config={"x": seq.typed("ap_fixed<9,5>")}),
            "one type for its input",
        ),
        "activation": (lambda: graph(source(3, 2), hard), "no activation 'hard_sigmoid'"),
        "bias": (lambda: graph(source(3, 2), short), "1 biases for 6 outputs"),
        "simple": (lambda: graph(source(3, 2), simple), "no code for it"),
        "stream": (
            lambda: graph(source(3, 2), back, io_type="io_stream", backend="Vivado"),
            "io_parallel only",
        ),
        "sum": (lambda: graph(source(3, 2), summed), "goes beyond its arrays"),
        "rows": (lambda: graph(source(3, 2), rows, io_type="io_stream"), "exists in io_parallel"),
        "steps": (lambda: graph(source(3, 2), wrong), "goes beyond them"),
    }


@pytest.mark.parametrize("name", refusals())
def test_refused(name: str) -> None:
    make, reason = refusals()[name]
    with pytest.raises(UnsupportedError, match=reason) as caught:
        seq.run(make(), [])
    assert str(caught.value).startswith("layer 'l")
