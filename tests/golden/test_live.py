"""A few golden networks rebuilt, converted and compared with a C-simulation compiled now."""

from __future__ import annotations

import importlib.util
import shutil
from typing import Any

import numpy as np
import pytest

from bxnn import _core

NEEDED = ("hls4ml", "tensorflow", "qkeras")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]
if shutil.which("g++") is None:
    MISSING.append("g++")
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"C-simulation needs {', '.join(MISSING)}")

SAMPLED = (
    "vae_narrow",
    "qkeras",
    "softmax_stream",
    "merges",
    "resource",
    "odd_types",
    "conv2d_stream",
    "all_sequences_vivado_parallel",
)


@pytest.mark.parametrize("name", SAMPLED)
def test_fresh_c_simulation(name: str) -> None:
    import bxnn
    from firmware_ref.cases import CASES
    from firmware_ref.csim import Csim
    from firmware_ref.generate import draw_inputs

    case = CASES[name]._replace(events=400, seed=CASES[name].seed + 1)
    graph = case.build(case.seed)
    inputs = draw_inputs(case, graph)
    model = bxnn.convert(graph)
    with Csim(graph) as csim:
        outputs, layers = csim.run(inputs)
        fracs = [2.0**-v.type.precision.fractional for v in graph.get_input_variables()]
        from_floats, _ = csim.run_float([raw * lsb for raw, lsb in zip(inputs, fracs, strict=True)])
    assert all(np.array_equal(a, b) for a, b in zip(outputs, from_floats, strict=True))
    for level in ["reference", *_core.isa_levels()]:
        assert_equal(model._core, level, inputs, outputs, layers)


def assert_equal(
    model: Any, level: str, inputs: list[Any], outputs: list[Any], layers: dict[str, Any]
) -> None:
    results = model.run(inputs, trace=True, isa=level)
    n_out = len(model.outputs)
    got = {t.name: raw for t, raw in zip(model.probes, results[n_out:], strict=True)}
    assert layers.keys() <= got.keys()
    for name, raw in layers.items():
        assert np.array_equal(got[name], raw), f"layer {name} at {level}"
    for raw, result in zip(outputs, results[:n_out], strict=True):
        assert np.array_equal(raw, result), f"output at {level}"
