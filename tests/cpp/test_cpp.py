"""Builds the C++ tests with CMake, runs CTest, and a project that uses the installed CMake package.

BXNN_BUILD_DIR names a folder where the tests are built already; BXNN_CPP_TESTS=0 leaves all of this out.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPILER = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")

pytestmark = [
    pytest.mark.skipif(shutil.which("cmake") is None, reason="needs cmake"),
    pytest.mark.skipif(COMPILER is None, reason="needs a C++ compiler"),
    pytest.mark.skipif(os.environ.get("BXNN_CPP_TESTS") == "0", reason="BXNN_CPP_TESTS=0"),
]


def run(*command: str | Path) -> str:
    """Runs a command, shows what it printed if it fails."""
    words = [str(c) for c in command]
    result = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert result.returncode == 0, f"{' '.join(words)}\n{result.stdout[-8000:]}"
    return result.stdout


def configure(source: Path, build: Path, *options: str) -> None:
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    run("cmake", "-S", source, "-B", build, *generator, *options)


def ap_types() -> str:
    """Folder of the vendors' headers in the installed hls4ml, or nothing."""
    spec = importlib.util.find_spec("hls4ml")
    if spec is None or spec.origin is None:
        return ""
    return str(Path(spec.origin).parent / "templates" / "vivado" / "ap_types")


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder with the core and its tests."""
    if given := os.environ.get("BXNN_BUILD_DIR"):
        return Path(given)
    folder = tmp_path_factory.mktemp("cpp")
    configure(ROOT, folder, "-DBXNN_TESTS=ON", f"-DBXNN_AP_TYPES_DIR={ap_types()}")
    run("cmake", "--build", folder, "--parallel", str(os.cpu_count() or 1))
    return folder


def test_ctest(build: Path) -> None:
    told = run("ctest", "--test-dir", build, "--output-on-failure")
    assert "100% tests passed" in told
    if not ap_types():
        pytest.skip("CTest passed; without hls4ml, casts are not compared with the vendors' headers")


def test_downstream_project(build: Path, tmp_path: Path) -> None:
    """An installed package is found, linked and run."""
    prefix, project = tmp_path / "prefix", tmp_path / "project"
    run("cmake", "--install", build, "--prefix", prefix)
    configure(ROOT / "tests" / "downstream", project, f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", project)
    models = tmp_path / "models"
    run(build / "tests" / "cpp" / "write_models", models)
    told = run(project / "downstream", models / "network.bxnn")
    assert "0 differ" in told


def test_downstream_of_the_wheel(tmp_path: Path) -> None:
    """The CMake package inside the installed Python package serves as well."""
    import bxnn

    folder = Path(bxnn.__file__).parent / "lib" / "cmake" / "bxnn"
    if not folder.is_dir():
        pytest.skip("bxnn is not installed as a wheel: it has no CMake package")
    configure(ROOT / "tests" / "downstream", tmp_path / "project", f"-Dbxnn_DIR={folder}")
    run("cmake", "--build", tmp_path / "project")
    model = ROOT / "firmware_ref" / "golden" / "vae.bxnn"
    vectors = tmp_path / "vae.bxnn"
    core = bxnn._core.Model.load(str(model))
    events = [[[0] * int(tensor.shape[0])] * 3 for tensor in core.inputs]
    vectors.write_bytes(core.with_golden(events, None).to_bytes())
    assert "0 differ" in run(tmp_path / "project" / "downstream", vectors)
