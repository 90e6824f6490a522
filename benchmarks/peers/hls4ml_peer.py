"""C-simulation of hls4ml: by its own predict, and by a plain C++ loop over events."""

from __future__ import annotations

import ctypes
import json
import subprocess
from pathlib import Path
from typing import Any

import hls4ml
import numpy as np
from qkeras.utils import load_qmodel
from server import Contestant, each_batch, serve

FLAGS = ["-O3", "-fPIC", "-shared", "-std=c++23", "-w"]  # those of hls4ml's own build


def compile_loop(graph: Any, folder: Path, source: str) -> Any:
    """The project's sources with the loop around its top function, as one library."""
    (x,), (y,) = graph.get_input_variables(), graph.get_output_variables()
    top = graph.config.get_project_name()
    command = ["g++", *FLAGS, "-Ifirmware/ap_types", "-include", f"firmware/{top}.cpp"]
    command += [f"-DTOP={top}", f"-DINPUT={x.type.name}", f"-DRESULT={y.type.name}"]
    command += [f'-DWEIGHTS_DIR="{folder}/firmware/weights"', source, "-o", "loop.so"]
    subprocess.run(command, cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "loop.so"))


def prepare(setting: dict[str, Any]) -> tuple[dict[str, str], list[Contestant]]:
    """Convert and compile the trained network."""
    folder = Path(setting["folder"]) / "hls4ml"
    graph = hls4ml.converters.convert_from_keras_model(
        load_qmodel(f"{setting['trained']}.h5", compile=False),
        hls_config=json.loads(Path(f"{setting['trained']}_hls_config.json").read_text()),
        backend="Vitis",
        io_type="io_parallel",
        output_dir=str(folder),
    )
    graph.compile()
    library = compile_loop(graph, folder, setting["loop"])
    mean = np.empty((setting["count"], 8), np.int16)

    def loop(raw: Any, batch: int) -> Any:
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in (raw, mean)]
        library.hls4ml_loop(*pointers, ctypes.c_size_t(len(raw)))
        return mean

    return {"hls4ml": hls4ml.__version__}, [
        Contestant("hls4ml C-simulation, C++ loop", np.int16, loop),
        Contestant("hls4ml C-simulation, predict", np.float32, each_batch(graph.predict)),
    ]


serve(prepare)
