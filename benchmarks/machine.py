"""What was measured on: CPU, compilers, and the peak of its 16-bit multiply-and-add."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.contest import Absent

NATIVE = Path(__file__).parent / "native"
INCLUDE = Path(__file__).resolve().parents[1] / "cpp" / "include"


def pin(core: int | None) -> None:
    """Run this process and its children on one CPU: the last allowed one if none is given."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0)) if core is None else core})


def description(core_library: str) -> dict[str, Any]:
    """CPU, core and priority of this process, compilers of bxnn's core and of the C++ loops."""
    found = re.findall(rb"GCC: \([^)]*\) [\d.]+|clang version [\d.]+", Path(core_library).read_bytes())
    return {
        "cpu": _cpu(),
        "core": sorted(os.sched_getaffinity(0)),
        "nice": os.nice(0),
        "compiler": _output(["g++", "--version"]).splitlines()[0],
        "core_compiler": sorted({name.decode() for name in found}),
    }


def _cpu() -> dict[str, str]:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().split("\n\n")[0].splitlines() if info.exists() else []
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    wanted = ("model name", "cpu family", "model", "stepping", "cache size")
    return {key: fields[key] for key in wanted if key in fields} or {"model name": platform.machine()}


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "none\n"


def compiled(command: list[str], result: Path) -> Path:
    """The result of g++ -O3 with these arguments; raises Absent."""
    try:
        done = subprocess.run(["g++", "-O3", *command, "-o", result], capture_output=True, text=True)
    except OSError as error:
        raise Absent(f"g++ does not start: {error}") from None
    if done.returncode:
        raise Absent(next((s for s in done.stderr.splitlines() if "error" in s), "g++ failed"))
    return result


def compile_bxnn_loop(build: Path, folder: Path) -> Path:
    """The loop around bxnn's C API, linked with the library in a build folder; raises Absent."""
    library = build / "libbxnn.a"
    if not library.exists():
        raise Absent(f"no file '{library}'")
    command = ["-shared", "-fPIC", f"-I{INCLUDE}", str(NATIVE / "bxnn_loop.cpp"), str(library), "-pthread"]
    return compiled(command, folder / "bxnn_loop.so")


def compile_peak(folder: Path) -> Path:
    """The program that measures the peak; raises Absent."""
    return compiled([str(NATIVE / "peak.cpp")], folder / "peak")


def peak(program: Path) -> tuple[int, float]:
    """Bits of the widest vpmaddwd, and 16-bit multiplications a second with it; raises Absent without one."""
    bits, _, rate = _output([str(program)]).partition(" ")
    if not rate:
        raise Absent("the CPU has no vpmaddwd of 256 bits")
    return int(bits), float(rate)
