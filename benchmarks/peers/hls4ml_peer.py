"""C-simulation of hls4ml: by its own predict, and by a plain C++ loop over events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hls4ml
import keras_network
import numpy as np
from network import Network, Type
from server import Contestant, InCpp, InPython, Ready, Setting, compile_loop, expect, raw, real, serve


def _text(t: Type) -> str:
    modes = f",{t.round},{t.overflow}" if (t.round, t.overflow) != ("TRN", "WRAP") else ""
    return f"{'' if t.signed else 'u'}fixed<{t.width},{t.integer}{modes}>"


def configuration(network: Network, model: Any) -> dict[str, Any]:
    """The types of the network; what it leaves exact is left to hls4ml's own derivation of types."""
    config: dict[str, Any] = hls4ml.utils.config_from_keras_model(model, granularity="name", backend="Vitis")
    names = config["LayerName"]
    names["x"]["Precision"] = {"result": _text(network.input)}
    for at, layer in enumerate(network.layers):
        sums = names[f"sums{at}"]["Precision"]
        accum = _text(layer.accum) if layer.accum else "auto"
        result = accum if layer.relu else _text(layer.type)
        sums |= {"weight": _text(layer.weight_type), "bias": _text(layer.bias_type), "accum": accum}
        sums["result"] = result
        if f"sums{at}_linear" in names:
            names[f"sums{at}_linear"]["Precision"]["result"] = result
        if layer.relu:
            names[f"relu{at}"]["Precision"]["result"] = _text(layer.type)
        if layer.pool > 1:
            names[f"pool{at}"]["Precision"]["result"] = _text(layer.type)
    return config


def loop(graph: Any, network: Network, setting: Setting, folder: Path) -> InCpp:
    """The project's sources with the loop around its top function, as one library; raises Absent."""
    (x,), (y,) = graph.get_input_variables(), graph.get_output_variables()
    top = graph.config.get_project_name()
    sizes = int(np.prod(x.shape)), int(np.prod(y.shape))
    flags = ["-std=c++23", f"-I{folder}/firmware/ap_types", "-include", f"{folder}/firmware/{top}.cpp"]
    dtype = np.load(setting.events, mmap_mode="r").dtype
    names = {"TOP": top, "INPUT": x.type.name, "RESULT": y.type.name, "RAW": f"{dtype}_t"}
    flags += [f"-D{key}={value}" for key, value in names.items()]
    flags += [f"-DINPUTS={sizes[0]}", f"-DRESULTS={sizes[1]}", f'-DWEIGHTS_DIR="{folder}/firmware/weights"']
    return InCpp(compile_loop("hls4ml_loop.cpp", setting.folder, flags), "", "int64", sizes[1])


def prepare(setting: Setting, network: Network) -> Ready:
    """Convert and compile the network."""
    expect(network, "dense", "conv", "narrow sums")
    folder = Path(setting.folder) / "hls4ml"
    model = keras_network.plain(network)
    graph = hls4ml.converters.convert_from_keras_model(
        model,
        hls_config=configuration(network, model),
        backend="Vitis",
        io_type="io_parallel",
        output_dir=str(folder),
    )
    graph.compile()
    predict = InPython(lambda x: graph.predict(x.reshape(-1, *network.shape)))
    return Ready(
        {"hls4ml": hls4ml.__version__},
        [
            Contestant("hls4ml C-simulation, C++ loop", raw, loop(graph, network, setting, folder), True),
            Contestant("hls4ml C-simulation, predict", real(network.input, "float32"), predict, True),
        ],
        {},
    )


serve(prepare)
