"""Commands that build the native core and projects that use it."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run(*command: str | Path) -> str:
    """Runs a command; a failure shows the end of what it printed."""
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
