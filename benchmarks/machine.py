"""What was measured on: CPU, compilers, peaks of its multiplications and of its memory."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.contest import Absent

NATIVE = Path(__file__).parent / "native"


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


def peak(folder: Path) -> dict[str, Any]:
    """What native/peak.cpp prints, compiled at the first call; raises Absent.

    `8` and `16`: the instruction, and multiplications a second of so many bits; `read_bytes`: a second.
    """
    program = folder / "peak"
    if not program.exists():
        compiled([str(NATIVE / "peak.cpp")], program)
    text = _output([str(program)])
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        raise Absent(f"{program.name} printed '{text.strip()}'") from None
    return found
