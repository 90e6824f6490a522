"""The GPU's functions, compiled for the CPU, give C-simulation's integers for every golden case."""

from __future__ import annotations

import re
from pathlib import Path

from tests.golden.record import export
from tests.golden.replay import read_cases
from tests.native import run


def test_golden_cases(native_build: Path, tmp_path: Path) -> None:
    export(tmp_path, 100)
    told = run(native_build / "tests" / "cuda" / "cuda_host_test", tmp_path)
    match = re.search(r"(\d+) models (\d+) fused (\d+) values compared 0 differ", told)
    assert match and int(match[1]) == len(read_cases()), told
    assert int(match[3]) > 300_000 and int(match[2]) > 0
