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

LAYERS = ("encode1", "encode2", "mean")


def prepare(setting: dict[str, Any]) -> tuple[dict[str, str], list[Contestant]]:
    sys.setrecursionlimit(100_000)  # tracing recurses over operations
    weights = np.load(setting["weights"])
    x = FVArray.from_kif(np.full(57, 1), np.full(57, 6), np.full(57, 9))  # ap_fixed<16,7>: sign apart
    h = x
    for layer in LAYERS:
        h = h @ weights[f"{layer}_weights"] + weights[f"{layer}_bias"]
        if layer == "mean":
            h = quantize(h, 1, 7, 8, "SAT", "RND")  # ap_fixed<16,8,RND,SAT>
        else:
            h = quantize(np.maximum(h, 0), 0, 6, 8, "SAT", "RND_CONV")  # ap_ufixed<14,6,RND_CONV,SAT>
    program = trace(x, h)
    code = program.to_bytecode()
    contestant = Contestant(
        "alkaid interpreter",
        lambda raw: np.ldexp(raw.astype(np.float64), -9),
        each_batch(lambda reals: alir_interp_run(code, reals, 1)),
        lambda outputs: np.ldexp(outputs, 8).astype(np.int64).reshape(-1, 8),
    )
    return {"alkaid": version("alkaid"), "operations": str(len(program.ops))}, [contestant]


serve(prepare)
