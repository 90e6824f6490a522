"""What the front end refuses: it names the layer, its class and the reason."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from bxnn._core import Builder, UnsupportedError
from frontends import graphs

pytest.importorskip("hls4ml", reason="hls4ml is not installed")

from bxnn.frontends.hls4ml import from_model_graph


def refusal(model: Any) -> str:
    """The message with which the model is refused."""
    with pytest.raises(UnsupportedError) as caught:
        from_model_graph(model, Builder("refused"))
    return str(caught.value)


def test_unknown_layer_names_what_is_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    from bxnn.frontends.hls4ml import graph

    monkeypatch.setattr(graph, "_HANDLERS", {k: v for k, v in graph._HANDLERS.items() if k != "Activation"})
    message = refusal(graphs.graph(graphs.source(4), graphs.activation("act", "relu")))
    assert message.startswith("layer 'act' (Activation): ")
    assert "supported are" in message and "Dense" in message


@pytest.mark.parametrize(
    ("precision", "reason"),
    [
        ("float", "not a fixed-point"),
        ("ap_fixed<8,3,AP_RND,AP_WRAP,2>", "saturation bits"),
        ("ap_fixed<80,40>", "80 bits wide"),
    ],
)
def test_types(precision: str, reason: str) -> None:
    model = graphs.graph(
        graphs.source(4), graphs.dense("d", 4, 3), layer_config={"d": {"Precision": {"result": precision}}}
    )
    assert re.match(f"layer 'd' \\(Dense\\): .*{reason}", refusal(model))


def test_rounding_on_which_c_simulation_aborts() -> None:
    precisions = {"weight": "ap_fixed<4,-8>", "accum": "ap_fixed<8,4,AP_RND,AP_SAT>"}
    model = graphs.graph(
        graphs.source(4),
        graphs.dense("d", 4, 3),
        layer_config={"x": {"Precision": {"result": "ap_fixed<4,-8>"}}, "d": {"Precision": precisions}},
    )
    assert "C-simulation aborts" in refusal(model)


def test_activation_unknown_to_the_headers() -> None:
    model = graphs.graph(graphs.source(4), graphs.activation("a", "swish"))
    assert "'swish' is not supported" in refusal(model)


def test_relu6_has_no_stream_form() -> None:
    layers = (graphs.source(4), graphs.activation("a", "relu6"))
    from_model_graph(graphs.graph(*layers), Builder("parallel"))
    assert "does not compile" in refusal(graphs.graph(*layers, io_type="io_stream"))


def test_activation_after_flatten_is_undefined_in_streams() -> None:
    flatten = {"class_name": "Reshape", "name": "flat", "target_shape": [12]}
    layers = (graphs.source(3, 4), flatten, graphs.activation("a", "relu"), graphs.dense("d", 12, 2))
    from_model_graph(graphs.graph(*layers), Builder("parallel"))
    assert "put the layer before the Flatten" in refusal(graphs.graph(*layers, io_type="io_stream"))


def test_softmax_tables_must_be_powers_of_two() -> None:
    model = graphs.graph(graphs.source(4), graphs.softmax("s", table_size=1000))
    assert "powers of two" in refusal(model)


def test_softmax_table_wider_than_its_argument() -> None:
    config = {"s": {"inv_inp_t": "ap_fixed<8,4>"}}
    model = graphs.graph(graphs.source(4), graphs.softmax("s"), layer_config=config)
    assert "8 bits only" in refusal(model)


def test_illegal_reuse_factor() -> None:
    model = graphs.graph(
        graphs.source(12),
        graphs.dense("d", 12, 6),
        layer_config={"d": {"Strategy": "Resource", "ReuseFactor": 4}},
    )
    node = next(n for n in model.get_layers() if n.name == "d")
    text = node.get_attr("config_cpp")
    node.attributes["config_cpp"] = text.replace("reuse_factor = 4", "reuse_factor = 5")
    assert "reuse factor 5 is not legal" in refusal(model)


def test_layer_without_generated_code() -> None:
    model = graphs.graph(graphs.source(4), graphs.activation("a", "relu"))
    node = next(n for n in model.get_layers() if n.name == "a")
    del node.attributes["function_cpp"]
    assert "generates no code" in refusal(model)


def test_weights_shorter_than_the_loop_are_undefined() -> None:
    model = graphs.graph(graphs.source(4), graphs.dense("d", 4, 3))
    node = next(n for n in model.get_layers() if n.name == "d")
    node.weights["bias"].data = np.zeros(1)
    assert "1 biases for 3 outputs" in refusal(model)


def test_other_backends() -> None:
    model = graphs.graph(graphs.source(4), graphs.activation("a", "relu"))
    model.config.backend.name, kept = "Quartus", model.config.backend.name
    try:
        assert "supported: Vivado, Vitis" in refusal(model)
    finally:
        model.config.backend.name = kept
