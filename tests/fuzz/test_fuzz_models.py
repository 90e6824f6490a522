"""A handful of random networks; the seed of the day is printed, and BXNN_FUZZ_N, BXNN_FUZZ_SEED change it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import time

import pytest

MISSING = [name for name in ("hls4ml", "tensorflow", "qkeras") if importlib.util.find_spec(name) is None]
if shutil.which("g++") is None:
    MISSING.append("g++")


@pytest.mark.skipif(bool(MISSING), reason=f"C-simulation needs {', '.join(MISSING)}")
def test_random_networks_equal_c_simulation() -> None:
    from tests.fuzz.run import run_all, summarise

    count = int(os.environ.get("BXNN_FUZZ_N", "4"))
    first = int(os.environ.get("BXNN_FUZZ_SEED", str(int(time.time()) // 86400 * 1000)))
    seeds = list(range(first, first + count))
    print(f"seeds {seeds}")
    outcomes = list(run_all(seeds, engine="native", events=120, jobs=2, seconds=float("inf")))
    for outcome in outcomes:
        print(f"seed {outcome.seed}: {outcome.kind} {outcome.reason}")
    assert not summarise(outcomes)["differing"]
