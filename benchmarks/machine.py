"""What was measured on: CPU, compilers, and the peak of its 16-bit multiply-and-add."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

NATIVE = Path(__file__).parent / "native"


class NotCompiled(Exception):
    """A small program was not compiled; the text says why."""


def cpu() -> dict[str, str]:
    """Name, family, model and stepping of the CPU."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().split("\n\n")[0].splitlines() if info.exists() else []
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    wanted = ("model name", "cpu family", "model", "stepping", "cache size")
    return {key: fields[key] for key in wanted if key in fields} or {"model name": platform.machine()}


def compilers_in(library: str) -> list[str]:
    """The compilers that an ELF file says it was made with."""
    found = re.findall(rb"GCC: \([^)]*\) [\d.]+|clang version [\d.]+", Path(library).read_bytes())
    return sorted({name.decode() for name in found})


def gxx() -> str:
    """Version of the g++ in the path; empty if there is none."""
    try:
        done = subprocess.run(["g++", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.splitlines()[0]


def compiled(command: list[str | Path], result: Path) -> Path:
    """Run g++ with these arguments; raises NotCompiled."""
    try:
        done = subprocess.run(["g++", "-O3", *command, "-o", result], capture_output=True, text=True)
    except OSError as error:
        raise NotCompiled(f"g++ does not start: {error}") from None
    if done.returncode:
        raise NotCompiled(next((s for s in done.stderr.splitlines() if "error" in s), "g++ failed"))
    return result


def compile_bxnn_loop(build: Path, folder: Path) -> Path:
    """The loop around bxnn's C API, linked with the library in a build folder; raises NotCompiled."""
    include = Path(__file__).resolve().parents[1] / "cpp" / "include"
    source = NATIVE / "bxnn_loop.cpp"
    command = ["-shared", "-fPIC", "-I", include, source, build / "libbxnn.a", "-pthread"]
    return compiled(command, folder / "bxnn_loop.so")


def compile_peak(folder: Path) -> Path:
    """The program that measures the peak; raises NotCompiled."""
    return compiled([NATIVE / "peak.cpp"], folder / "peak")


def peak(program: Path) -> tuple[int, float]:
    """Bits of the widest vpmaddwd, and 16-bit multiplications a second with it."""
    done = subprocess.run([program], capture_output=True, text=True, check=True)
    bits, rate = done.stdout.split()
    return int(bits), float(rate)


def priority() -> str:
    """Core and niceness of this process and its children."""
    return f"core {sorted(os.sched_getaffinity(0))}, nice {os.nice(0)}"
