"""Golden networks with recurrent, embedding, normalisation and graph layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from firmware_ref.case_models import branches, chain, convert, fill, keras

Config = dict[str, Any]


def _types(config: Config, name: str, result: str, accum: str, **keys: Any) -> None:
    config[name].setdefault("Precision", {}).update(result=result, accum=accum)
    config[name].update(keys)


def lstm_stream(seed: int) -> Any:
    """LSTM over a sequence into an LSTM, in 12 bits that round and saturate; Resource; io_stream, Vivado."""
    kind = "ap_fixed<12,4,AP_RND,AP_SAT>"

    def edit(config: Config) -> None:
        config["x"]["Precision"]["result"] = kind
        _types(config, "first", kind, kind, Strategy="Resource", ReuseFactor=4, table_t="ap_fixed<9,2>")
        _types(config, "second", kind, kind, TableSize=300)
        config["second"]["Precision"].update(
            weight="ap_fixed<8,2>", recurrent_weight="ap_fixed<9,3,AP_RND,AP_SAT>"
        )

    layer = keras().layers
    layers = [
        layer.LSTM(4, return_sequences=True, name="first"),
        layer.LSTM(3, activation="relu", name="second"),
        layer.Dense(2, name="dense"),
    ]
    return convert(fill(chain((5, 4), layers), seed, gain=1.5), edit, io="io_stream", backend="Vivado")


def gru_branches(seed: int) -> Any:
    """GRU with and without static state, with three types, over the whole sequence and its last step."""

    def edit(config: Config) -> None:
        _types(config, "typed", "ap_fixed<10,2,AP_RND,AP_SAT>", "ap_fixed<15,6,AP_RND_CONV,AP_SAT_SYM>")
        config["typed"]["Precision"]["recurrent_weight"] = "ap_fixed<7,2>"
        _types(config, "resource", "ap_fixed<12,4>", "ap_fixed<11,4,AP_TRN,AP_SAT>")
        config["resource"].update(Strategy="Resource", ReuseFactor=9, static=False)

    layer = keras().layers
    tails = [
        layer.GRU(3, name="plain"),
        layer.GRU(3, return_sequences=True, recurrent_activation="tanh", name="typed"),
        [layer.GRU(3, activation="relu", name="resource"), layer.Dense(2, name="dense")],
    ]
    return convert(fill(branches((4, 3), tails), seed, gain=1.5), edit)


def bidirectional_rows(seed: int, backend: str = "Vitis", io: str = "io_parallel") -> Any:
    """An LSTM forward and a GRU backward over a sequence, then a dense layer on every time step."""

    def edit(config: Config) -> None:
        kind = "ap_fixed<14,5,AP_RND,AP_SAT>"
        _types(config, "both", kind, "ap_fixed<17,6,AP_TRN,AP_SAT>")
        for name in ("rows", "dense"):  # every type on the way is one, or C-simulation does not compile
            config.setdefault(name, {}).setdefault("Precision", {})["result"] = kind

    layer = keras().layers
    both = layer.Bidirectional(
        layer.LSTM(3, return_sequences=True),
        backward_layer=layer.GRU(2, return_sequences=True, go_backwards=True),
        name="both",
    )
    rows = layer.TimeDistributed(layer.Dense(3, name="dense"), name="rows")
    return convert(fill(chain((4, 3), [both, rows]), seed, gain=1.5), edit, backend=backend, io=io)


def embedding_normalization(seed: int) -> Any:
    """Embedded indices, normalised with a table of another size and range, into a GRU."""

    def edit(config: Config) -> None:
        config["x"]["Precision"]["result"] = "uint<4>"
        config["norm"].update(table_size=1000, table_range_power2=2)
        config["norm"]["Precision"].update(
            result="ap_fixed<13,4>", table="ap_ufixed<12,6,AP_RND_CONV,AP_SAT>"
        )

    layer = keras().layers
    layers = [
        layer.Embedding(16, 3, input_length=5, name="embed"),
        layer.LayerNormalization(name="norm"),
        layer.GRU(2, name="gru"),
    ]
    return convert(fill(chain(5, layers), seed, gain=2.0), edit)


def garnet(
    seed: int,
    backend: str = "Vitis",
    io: str = "io_parallel",
    nets: tuple[str, ...] = ("net", "stack"),
) -> Any:
    """A GarNet and a GarNetStack over up to eight vertices, in two groups and in one."""
    rng = np.random.default_rng(seed)

    def exchange(number: str, n_in: int, n_aggregators: int, n_propagate: int, n_out: int) -> Config:
        shapes = {
            f"FLR{number}": (n_in, n_propagate),
            f"S{number}": (n_in, n_aggregators),
            f"Fout{number}": (n_aggregators * n_propagate, n_out),
        }
        data: Config = {}
        for name, shape in shapes.items():
            data[f"{name}_kernel_data"] = rng.normal(0, 0.6, shape)
            data[f"{name}_bias_data"] = rng.normal(0, 0.3, shape[1])
        return data

    common = {"inputs": ["x", "n"], "n_vertices": 8, "collapse": "mean", "input_format": "xn"}
    one = common | {"class_name": "GarNet", "name": "net", "mean_by_nvert": False, "n_in_features": 3}
    one |= {"n_aggregators": 2, "n_propagate": 3, "n_out_features": 2} | exchange("", 3, 2, 3, 2)
    two = common | {"class_name": "GarNetStack", "name": "stack", "mean_by_nvert": False, "n_sublayers": 2}
    two |= {"n_in_features": [3, 3], "n_aggregators": [2, 3], "n_propagate": [2, 2], "n_out_features": [3, 2]}
    two |= exchange("0", 3, 2, 2, 3) | exchange("1", 3, 3, 2, 2)
    layers: list[Config] = [
        {"class_name": "InputLayer", "name": "x", "input_shape": [8, 3]},
        {"class_name": "InputLayer", "name": "n", "input_shape": [1]},
        one,
        two,
    ]
    names = {
        "x": {"Precision": {"result": "ap_fixed<12,4>"}},
        "n": {"Precision": {"result": "ap_uint<4>"}},
        "net": {"ReuseFactor": 2, "Precision": {"result": "ap_fixed<14,5,AP_RND,AP_SAT>"}},
    }
    used = [layer for layer in layers if layer["name"] in ("x", "n", *nets)]
    return _from_layers(used, names, ["x", "n"], list(nets), backend, io)


def _from_layers(
    layers: list[Config], names: Config, inputs: list[str], outputs: list[str], backend: str, io: str
) -> Any:
    """The hls4ml ModelGraph of a list of layers, configured by name."""
    from hls4ml.backends import get_backend
    from hls4ml.model import ModelGraph

    config = get_backend(backend).create_initial_config()
    model = {"Precision": {"default": "ap_fixed<16,6>"}, "ReuseFactor": 1, "Strategy": "Latency"}
    config |= {
        "Backend": backend,
        "ProjectName": "myproject",
        "OutputDir": "unused",
        "IOType": io,
        "HLSConfig": {"Model": model, "LayerName": names},
    }
    return ModelGraph.from_layer_list(config, layers, inputs, outputs)
