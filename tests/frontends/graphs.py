"""Small hls4ml graphs made from layer lists, without a training framework."""

from __future__ import annotations

from typing import Any

import numpy as np

Layer = dict[str, Any]


def source(*shape: int, name: str = "x") -> Layer:
    return {"class_name": "InputLayer", "name": name, "input_shape": list(shape)}


def dense(name: str, n_in: int, n_out: int, **attributes: Any) -> Layer:
    rng = np.random.default_rng(n_in * 100 + n_out)
    made: Layer = {
        "class_name": "Dense",
        "name": name,
        "n_in": n_in,
        "n_out": n_out,
        "weight_data": rng.normal(size=(n_in, n_out)),
        "bias_data": rng.normal(size=n_out),
    }
    return made | attributes


def activation(name: str, function: str, **attributes: Any) -> Layer:
    return {"class_name": "Activation", "name": name, "activation": function} | attributes


def softmax(name: str, **attributes: Any) -> Layer:
    return {"class_name": "Softmax", "name": name, "activation": "softmax", "axis": -1} | attributes


def merge(name: str, op: str, inputs: list[str]) -> Layer:
    return {"class_name": "Merge", "name": name, "op": op, "inputs": inputs}


def graph(
    *layers: Layer,
    layer_config: dict[str, dict[str, Any]] | None = None,
    precision: str = "ap_fixed<16,6>",
    io_type: str = "io_parallel",
    backend: str = "Vitis",
    inputs: list[str] | None = None,
    outputs: list[str] | None = None,
) -> Any:
    """The resolved ModelGraph; nothing is written to disk."""
    from hls4ml.backends import get_backend
    from hls4ml.model import ModelGraph

    config = get_backend(backend).create_initial_config()
    config |= {
        "Backend": backend,
        "ProjectName": "myproject",
        "OutputDir": "unused",
        "IOType": io_type,
        "HLSConfig": {
            "Model": {"Precision": {"default": precision}, "ReuseFactor": 1, "Strategy": "Latency"},
            "LayerName": layer_config or {},
        },
    }
    return ModelGraph.from_layer_list(config, list(layers), inputs, outputs)
