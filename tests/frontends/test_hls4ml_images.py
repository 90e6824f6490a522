"""Windows of convolutions and poolings against literal loops; what C-simulation can't do is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bxnn
from bxnn.frontends.hls4ml.reuse import depthwise_order
from bxnn.frontends.hls4ml.windows import Axis, elements, generated, pixels
from frontends import graphs


def test_windows_against_loops() -> None:
    height, width = Axis(5, 3, 2, 1, 3), Axis(4, 2, 1, 0, 3)
    found = elements(pixels([height, width]), 2)
    expected = []
    for oy in range(3):
        for ox in range(3):
            window = []
            for ky in range(3):
                for kx in range(2):
                    y, x = oy * 2 - 1 + ky, ox + kx
                    inside = 0 <= y < 5 and 0 <= x < 4
                    window += [(y * 4 + x) * 2 + c if inside else -1 for c in range(2)]
            expected.append(window)
    assert found.tolist() == expected


def test_generated_windows() -> None:
    code = """if (partition ==   0) { buffer[0][0] =          0; buffer[0][1] =    data[0];
    buffer[1][0] =    data[1]; buffer[1][1] = data[2]; }
    if (partition ==   1) { buffer[0][0] = data[3]; buffer[0][1] = 0;
    buffer[1][0] = 0; buffer[1][1] = data[4]; }"""
    assert generated(code, 2).tolist() == [[-1, 0], [1, 2], [3, -1], [-1, 4]]
    with pytest.raises(ValueError, match="every window"):
        generated(code.replace("buffer[1][1] = data[4];", ""), 2)


def test_depthwise_orders() -> None:
    kernel = "DepthwiseDenseResource_rf_leq_nout"
    assert depthwise_order(kernel, 3, 2, 1).tolist() == [[0, 1, 2], [0, 1, 2]]
    assert depthwise_order("DepthwiseDenseResource_rf_gt_nout_rem0", 4, 2, 4).tolist() == [[0, 2, 1, 3]] * 2
    with pytest.raises(ValueError, match="reuse factor 4 is not legal"):
        depthwise_order(kernel, 3, 3, 4)


def conv(**changed: Any) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    layer = {
        "class_name": "Conv1D",
        "name": "conv",
        "data_format": "channels_last",
        "in_width": 6,
        "n_chan": 2,
        "filt_width": 3,
        "n_filt": 4,
        "stride_width": 1,
        "out_width": 4,
        "padding": "valid",
        "pad_left": 0,
        "pad_right": 0,
        "weight_data": rng.normal(size=(3, 2, 4)),
        "bias_data": rng.normal(size=4),
    }
    return layer | changed


def test_a_convolution_is_a_dense_layer_of_every_window() -> None:
    pytest.importorskip("hls4ml", reason="hls4ml is not installed")
    layer = conv()
    config = {"conv": {"Precision": {"result": "ap_fixed<24,12>", "accum": "ap_fixed<24,12>"}}}
    model = bxnn.convert(graphs.graph(graphs.source(6, 2), layer, layer_config=config))
    weights = graphs.dense("d", 6, 4) | {
        "weight_data": layer["weight_data"].reshape(6, 4),
        "bias_data": layer["bias_data"],
    }
    config = {"d": config["conv"]}
    dense = bxnn.convert(graphs.graph(graphs.source(6), weights, layer_config=config))
    raw = np.random.default_rng(2).integers(-(2**15), 2**15, (50, 6, 2))
    found = np.asarray(model.predict_raw(raw))
    for position in range(4):
        window = raw[:, position : position + 3].reshape(50, 6)
        assert np.array_equal(found[:, position], dense.predict_raw(window))


def test_depthwise_in_resource_strategy_is_refused() -> None:
    pytest.importorskip("hls4ml", reason="hls4ml is not installed")
    weights = np.random.default_rng(1).normal(size=(3, 2, 1))
    layer = conv(class_name="DepthwiseConv1D", n_filt=2, depth_multiplier=1, bias_data=np.zeros(2))
    layer |= {"weight_data": weights, "depthwise_data": weights}
    graph = graphs.graph(graphs.source(6, 2), layer, layer_config={"conv": {"Strategy": "Resource"}})
    with pytest.raises(bxnn.UnsupportedError, match="layer 'conv' .*Latency strategy only"):
        bxnn.convert(graph)
