"""Runs the C++ tests, and a project that uses the installed CMake package."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.native import ROOT, ap_types, configure, run


def test_ctest(native_build: Path) -> None:
    told = run("ctest", "--test-dir", native_build, "--output-on-failure")
    assert "100% tests passed" in told
    if not ap_types():
        pytest.skip("CTest passed; without hls4ml, casts are not compared with the vendors' headers")


def test_downstream_project(native_build: Path, tmp_path: Path) -> None:
    """An installed package is found, linked and run."""
    prefix, project = tmp_path / "prefix", tmp_path / "project"
    run("cmake", "--install", native_build, "--prefix", prefix)
    configure(ROOT / "tests" / "downstream", project, f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", project)
    models = tmp_path / "models"
    run(native_build / "tests" / "cpp" / "write_models", models)
    told = run(project / "downstream", models / "network.bxnn")
    assert "0 differ" in told


def test_downstream_of_the_wheel(tmp_path: Path) -> None:
    """The CMake package inside the installed Python package serves as well."""
    import bxnn

    package = Path(bxnn.__file__).parent
    if not (package / "lib" / "cmake" / "bxnn").is_dir():
        pytest.skip("bxnn is not installed as a wheel: it has no CMake package")
    folder = run(sys.executable, "-m", "bxnn", "--cmakedir").strip()
    configure(ROOT / "tests" / "downstream", tmp_path / "project", f"-Dbxnn_DIR={folder}")
    run("cmake", "--build", tmp_path / "project")
    told = run(tmp_path / "project" / "downstream", package / "data" / "vae_encoder.bxnn")
    assert "0 differ" in told
