"""Claims of ARCHITECTURE.md that a build or an import can show."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BUILD = os.environ.get("BXNN_BUILD_DIR")
LIGHT = "import sys, bxnn; print(*sys.modules)"


def test_importing_needs_numpy_alone() -> None:
    modules = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True).stdout
    heavy = {"rich", "matplotlib", "hls4ml", "tensorflow", "onnx", "h5py", "uproot", "pyarrow"}
    assert not heavy & set(modules.split())


@pytest.mark.skipif(BUILD is None, reason="BXNN_BUILD_DIR does not name a build folder with libbxnn.a")
@pytest.mark.skipif(shutil.which("nm") is None, reason="nm is not installed")
def test_code_of_an_instruction_set_is_not_shared() -> None:
    """A weak symbol compiled for AVX-512 might be the one that the linker keeps for every CPU."""
    build = Path(str(BUILD))
    kinds = re.findall(r"^CMAKE_BUILD_TYPE:\w+=(\w*)$", (build / "CMakeCache.txt").read_text(), re.MULTILINE)
    if set(kinds) - {"", "Release"}:
        pytest.skip(f"a build of type {kinds[0]}: without optimisation inline functions are emitted")
    listing = subprocess.run(
        ["nm", "-C", str(build / "libbxnn.a")], capture_output=True, text=True, check=True
    ).stdout
    for level in ("avx2", "avx512"):
        (symbols,) = re.findall(rf"^{level}\.cpp\.o:\n(.*?)(?:\n\n|\Z)", listing, re.DOTALL | re.MULTILINE)
        defined = re.findall(r"^[0-9a-f]+ ([TWVuDB]) (.*)$", symbols, re.MULTILINE)
        assert defined == [("T", f"bxnn::kernels::{level}()")]
