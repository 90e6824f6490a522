"""Fails if code compiled for one instruction set could be linked for all.

Objects of cpp/src/isa/ may define one function each. A weak function in one of them (an inline function of
a header) could be picked by the linker for the whole program, and then crash other CPUs.

    python tools/check_isa_symbols.py [BUILD_FOLDER]    without one, the files are compiled for the check
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEVELS = {
    "avx2": ["-mavx2"],
    "avx512": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"],
}


def compiled(folder: Path) -> dict[str, Path]:
    """Objects of the levels, as the build compiles them."""
    compiler = os.environ.get("CXX") or shutil.which("g++") or "c++"
    objects = {}
    for level, flags in LEVELS.items():
        objects[level] = folder / f"{level}.o"
        include = ["-I", str(ROOT / "cpp" / "include"), "-I", str(ROOT / "cpp" / "src")]
        source = str(ROOT / "cpp" / "src" / "isa" / f"{level}.cpp")
        command = [compiler, "-std=c++20", "-O3", *flags, *include, "-c", source, "-o", str(objects[level])]
        subprocess.run(command, check=True)
    return objects


def faults_of(level: str, path: Path) -> list[str]:
    """Functions of an object, other than the level's own, that the linker may share."""
    command = ["nm", "-C", "--defined-only", str(path)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True)
    faults = []
    for line in lines.stdout.splitlines():
        match = re.match(r"[0-9a-f]+ ([TWVu]) (.*)", line)
        if match and not (match[1] == "T" and match[2] == f"bxnn::kernels::{level}()"):
            faults.append(f"{level}: {match[1]} {match[2]}")
    return faults


def main() -> int:
    if platform.machine() != "x86_64":
        print(f"check_isa_symbols: skipped, {platform.machine()} has no level of its own")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        if len(sys.argv) > 1:
            folder = Path(sys.argv[1]) / "CMakeFiles" / "bxnn_core.dir" / "cpp" / "src" / "isa"
            objects = {level: folder / f"{level}.cpp.o" for level in LEVELS}
        else:
            objects = compiled(Path(scratch))
        faults = [fault for level, path in objects.items() for fault in faults_of(level, path)]
    for fault in faults:
        print(f"{fault}: compiled for one instruction set, but shared by the linker")
    print(f"check_isa_symbols: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
