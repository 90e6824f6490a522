"""The compiled interpreter of alkaid, with the network traced through its symbolic arrays.

Its Keras front end wants Keras 3 layers, so the same weights and types enter as matrix products and casts.
"""

from __future__ import annotations

import sys
from importlib.metadata import version

import numpy as np
from alkaid._binary import alir_interp_run
from alkaid.trace import FVArray, trace
from alkaid.trace.ops import quantize
from network import Network
from server import Contestant, InPython, Ready, Setting, expect, real, serve


def prepare(setting: Setting, network: Network) -> Ready:
    """Trace the network with alkaid's default options; formats are (sign, integer, fraction) bits."""
    expect(network, "dense")
    sys.setrecursionlimit(100_000)  # tracing recurses over operations
    kind, size = network.input, network.shape[0]
    bits = (int(kind.signed), kind.integer - kind.signed, kind.frac)
    x = h = FVArray.from_kif(*(np.full(size, b) for b in bits))
    for layer in network.layers:
        t = layer.type
        h = h @ layer.real_weights.T + layer.real_bias
        if layer.relu:
            h = np.maximum(h, 0)
        h = quantize(h, int(t.signed), t.integer - t.signed, t.frac, t.overflow, t.round)
    program = trace(x, h)
    code = program.to_bytecode()
    way = InPython(lambda real: alir_interp_run(code, real, 1))
    return Ready(
        {"alkaid": version("alkaid")},
        [Contestant("alkaid interpreter", real(kind, "float64"), way, True)],
        {},
    )


serve(prepare)
