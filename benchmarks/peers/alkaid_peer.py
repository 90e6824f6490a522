"""The compiled interpreter of alkaid, with the network traced through its symbolic arrays.

Its Keras front end wants Keras 3 layers, so the same weights and types enter as matrix products and casts.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Any

import numpy as np
from alkaid._binary import alir_interp_run
from alkaid.trace import FVArray, trace
from alkaid.trace.ops import quantize
from server import Contestant, each_batch, serve


def prepare(setting: dict[str, Any]) -> tuple[dict[str, str], list[Contestant]]:
    """Trace the network with alkaid's default options; formats are (sign, integer, fraction) bits."""
    sys.setrecursionlimit(100_000)  # tracing recurses over operations
    weights = np.load(setting["weights"])
    x = h = FVArray.from_kif(np.full(57, 1), np.full(57, 6), np.full(57, 9))  # ap_fixed<16,7>
    for layer in ("encode1", "encode2"):
        h = h @ weights[f"{layer}_weights"] + weights[f"{layer}_bias"]
        h = quantize(np.maximum(h, 0), 0, 6, 8, "SAT", "RND_CONV")  # ap_ufixed<14,6,RND_CONV,SAT>
    h = h @ weights["mean_weights"] + weights["mean_bias"]
    program = trace(x, quantize(h, 1, 7, 8, "SAT", "RND"))  # ap_fixed<16,8,RND,SAT>
    code = program.to_bytecode()
    call = each_batch(lambda reals: alir_interp_run(code, reals, 1))
    note = f"{version('alkaid')} ({len(program.ops)} operations)"
    return {"alkaid": note}, [Contestant("alkaid interpreter", np.float64, call)]


serve(prepare)
