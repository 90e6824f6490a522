"""Claims of ARCHITECTURE.md that a build or an import can show."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LIGHT = "import sys, bxnn; print(*sys.modules)"


def test_importing_needs_numpy_alone() -> None:
    modules = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True).stdout
    heavy = {"rich", "matplotlib", "mplhep", "yaml", "hls4ml", "tensorflow"}
    heavy |= {"onnx", "h5py", "uproot", "pyarrow"}
    assert not heavy & set(modules.split())


@pytest.mark.skipif(shutil.which("nm") is None, reason="nm is not installed")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="no instruction set is compiled apart here")
def test_code_of_an_instruction_set_is_not_shared(native_build: Path) -> None:
    """A weak symbol compiled for AVX-512 might be the one that the linker keeps for every CPU."""
    cache = (native_build / "CMakeCache.txt").read_text()
    kinds = re.findall(r"^CMAKE_BUILD_TYPE:\w+=(\w*)$", cache, re.MULTILINE)
    if set(kinds) - {"", "Release"}:
        pytest.skip(f"a build of type {kinds[0]}: without optimisation inline functions are emitted")
    listing = subprocess.run(
        ["nm", "-C", str(native_build / "libbxnn.a")], capture_output=True, text=True, check=True
    ).stdout
    for level in ("amx", "avx2", "avxvnni", "avx512", "avx512vnni"):
        (symbols,) = re.findall(rf"^{level}\.cpp\.o:\n(.*?)(?:\n\n|\Z)", listing, re.DOTALL | re.MULTILINE)
        defined = re.findall(r"^[0-9a-f]+ ([TWVuDB]) (.*)$", symbols, re.MULTILINE)
        assert sorted(defined) == [("T", f"bxnn::kernels::{level}()")]
