"""A handful of random networks, from a seed that changes daily and is printed.

BXNN_FUZZ_N sets how many are to be compared, BXNN_FUZZ_SEED the first seed.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import time

import pytest

NEEDS = {"keras": ("hls4ml", "tensorflow", "qkeras"), "hgq": ("hls4ml", "hgq")}


def missing(networks: str) -> list[str]:
    absent = [name for name in NEEDS[networks] if importlib.util.find_spec(name) is None]
    return absent if shutil.which("g++") else [*absent, "g++"]


@pytest.mark.parametrize("networks", sorted(NEEDS))
def test_random_networks_equal_c_simulation(networks: str) -> None:
    if missing(networks):
        pytest.skip(f"C-simulation needs {', '.join(missing(networks))}")
    from tests.fuzz.run import run_all

    count = int(os.environ.get("BXNN_FUZZ_N", "4"))
    first = int(os.environ.get("BXNN_FUZZ_SEED", str(int(time.time()) // 86400 * 1000)))
    print(f"seeds from {first}")
    equal = 0
    seeds = list(range(first, first + 5 * count))
    for outcome in run_all(
        seeds, networks=networks, engine="native", events=500, jobs=2, seconds=float("inf")
    ):
        print(f"seed {outcome.seed}: {outcome.kind} {outcome.reason}")
        assert outcome.kind not in ("MISMATCH", "crashed"), f"seed {outcome.seed}: {outcome.reason}"
        equal += outcome.kind == "equal"
        if equal >= count:
            break
    assert equal >= count, f"only {equal} of {5 * count} random networks could be compared"
