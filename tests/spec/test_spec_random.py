"""The interpreter against itself: int64 arrays against Python integers and casts one number at a time."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from . import fx, interpreter, operations
from .fx import Array, FormatLike
from .interpreter import SpecBuilder, SpecModel
from .random_graphs import random_floats, random_graph, random_inputs

SEEDS = range(int(os.environ.get("BXNN_FUZZ_N", "60")))


def build(seed: int) -> SpecModel:
    b = SpecBuilder(f"seed {seed}")
    random_graph(np.random.default_rng(seed), b)
    return b.build()


def cast_each(x: Array, frac_from: int, fmt: FormatLike) -> Array:
    cast = [fx.quantize(int(r), frac_from, fmt) for r in x.flat]
    return np.array(cast, dtype=object).reshape(x.shape)


@pytest.mark.parametrize("seed", SEEDS)
def test_int64_equals_python_integers(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def run() -> list[list[Any]]:
        model, rng = build(seed), np.random.default_rng([seed, 1])
        raw = model.run(random_inputs(rng, model, 4), trace=True)
        real = model.run(random_floats(rng, model, 4), trace=True)
        for x, t in zip(raw, model.outputs + model.probes, strict=True):
            assert t.format.min_raw <= x.min() and x.max() <= t.format.max_raw, (seed, t.name)
        return [x.tolist() for x in raw + real]

    fast = run()
    monkeypatch.setattr(fx, "INT64_SAFE", 0)
    for module in (interpreter, operations):
        monkeypatch.setattr(module, "quantize_array", cast_each)
    assert run() == fast, f"seed {seed}"
