"""One build of the native core and its tests, for all tests that need it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.native import ROOT, ap_types, configure, run


@pytest.fixture(scope="session")
def native_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder with the core and the C++ tests; BXNN_BUILD_DIR names one that is built already."""
    if given := os.environ.get("BXNN_BUILD_DIR"):
        return Path(given).resolve()
    if shutil.which("cmake") is None:
        pytest.skip("needs cmake")
    if not (os.environ.get("CXX") or shutil.which("c++")):
        pytest.skip("needs a C++ compiler")
    folder = tmp_path_factory.mktemp("native")
    configure(ROOT, folder, "-DBXNN_TESTS=ON", "-DBXNN_WERROR=ON", f"-DBXNN_AP_TYPES_DIR={ap_types()}")
    run("cmake", "--build", folder, "--parallel", str(os.cpu_count() or 1))
    return folder
