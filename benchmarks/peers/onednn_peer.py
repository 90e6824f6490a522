"""oneDNN's 8-bit inner products (native/onednn_loop.cpp), needs its headers and library.

Types of 8 bits keep their own grid; wider ones get the finest that holds what typical events reach. Without
VNNI instructions oneDNN adds pairs of products in 16 bits; weights then lose their lowest bit, as its manual
advises, so that the sums hold.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
from network import Network
from numpy.typing import NDArray
from server import Contestant, InCpp, Ready, Setting, compile_loop, expect, serve

FLAGS = ["-std=c++17", "-ldnnl"]


def numbers(network: Network, rows: NDArray[np.float64]) -> tuple[float, bool, list[Any]]:
    """Step and sign of the input, and what native/onednn_loop.cpp reads, from typical real inputs."""
    bits = 8 if "vnni" in Path("/proc/cpuinfo").read_text() else 7
    text: list[Any] = [len(network.layers), network.shape[0], int(network.input.signed)]
    kind = network.input
    first = step = 2.0**-kind.frac if kind.width <= 8 else float(np.abs(rows).max()) / (255 >> kind.signed)
    x = rows
    for layer in network.layers:
        last = layer is network.layers[-1]
        x = x @ layer.real_weights.T + layer.real_bias
        x = np.maximum(x, 0) if layer.relu else x
        dropped = max(layer.weight_type.width - bits, 0)
        weights = np.rint(np.ldexp(np.array(layer.weights, float), -dropped)).clip(max=2 ** (bits - 1) - 1)
        grid = step * 2.0 ** (dropped - layer.weight_type.frac)  # of the sums
        if last:
            result, largest, is_signed = 1.0, 0, True
        elif layer.type.width <= 8:
            result, largest, is_signed = 2.0**-layer.type.frac, layer.type.largest, layer.type.signed
        else:
            result, largest, is_signed = float(x.max()) / 255, 255, False
        text += [len(layer.weights), repr(grid / result), largest, int(is_signed)]
        text += weights.ravel().astype(int).tolist()
        text += np.rint(layer.real_bias / grid).astype(int).tolist()
        step = result
    return first, kind.signed, text


def prepare(setting: Setting, network: Network) -> Ready:
    """Write the numbers, compile the loop."""
    expect(network, "dense", "narrow sums")
    reference = np.load(setting.reference)
    raw = np.load(setting.events, mmap_mode="r")
    typical = network.input.real(raw[setting.typical : len(reference)])
    step, is_signed, text = numbers(network, typical)
    path = Path(setting.folder) / "onednn.txt"
    path.write_text("\n".join(map(str, text)))
    library = compile_loop("onednn_loop.cpp", setting.folder, FLAGS)
    way = InCpp(library, str(path), "float32", reference.shape[1])

    def form(events: NDArray[Any]) -> NDArray[Any]:
        low, high, dtype = (-128, 127, np.int8) if is_signed else (0, 255, np.uint8)
        quantised: NDArray[Any] = np.rint(network.input.real(events) / step).clip(low, high).astype(dtype)
        return quantised

    return Ready({"onednn": _version(library)}, [Contestant("oneDNN, int8", form, way, False)], {})


def _version(library: Path) -> str:
    function = ctypes.CDLL(str(library)).dnnl_version
    function.restype = ctypes.POINTER(ctypes.c_int * 3)
    return ".".join(map(str, function().contents))


serve(prepare)
