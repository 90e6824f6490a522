"""Fails if the code for GPUs computes with floating-point numbers: it must not, not even between integers.

Fails too if the kernels for tensor cores do not use them, or keep anything in local memory.

python tools/check_ptx.py [--nvcc NVCC] [--arch 90]

Compiles cuda/backend.cu to PTX and looks at the types of every instruction.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FLOATING = re.compile(r"\.(?:f16|f16x2|bf16|bf16x2|tf32|f32|f32x2|f64|e\dm\d\w*)\b")
FUNCTION = re.compile(r"^\s*(?:\.\w+\s+)*\.(?:entry|func)\b(?:\s*\([^)]*\))?\s*(\w+)")


def floating_point(ptx: str) -> Iterator[tuple[str, str]]:
    """Function and text of every instruction on floating-point numbers."""
    function = "?"
    for line in ptx.splitlines():
        if match := FUNCTION.match(line):
            function = match[1]
        statement = line.split("//")[0].strip()
        if FLOATING.search(statement):
            yield function, statement


def slow(ptx: str) -> Iterator[str]:
    """What must not be in the kernels for tensor cores."""
    parts = re.split(r"(?=\.entry |\.func )", ptx)
    kernels = [part for part in parts if re.match(r"\.entry \w*run_fused", part)]
    if not kernels:
        yield "there is no run_fused"
    for kernel in kernels:
        if "mma.sync" not in kernel:
            yield "a run_fused without mma.sync"
        if "__local_depot" in kernel:
            yield "a run_fused with local memory"


def instructions(ptx: str) -> int:
    return sum(line.strip().endswith(";") and not line.strip().startswith(".") for line in ptx.splitlines())


def compile_ptx(nvcc: str, architecture: str, source: Path) -> str:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "backend.ptx"
        includes = [f"-I{ROOT / place}" for place in (".", "cpp/src", "cpp/include")]
        options = ["-std=c++20", "-O3", "-ptx", f"-arch=compute_{architecture}"]
        subprocess.run([nvcc, *options, *includes, str(source), "-o", str(out)], check=True)
        return out.read_text()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--nvcc", default=shutil.which("nvcc") or "/usr/local/cuda/bin/nvcc")
    parser.add_argument("--arch", default="90")
    options = parser.parse_args()
    ptx = compile_ptx(options.nvcc, options.arch, ROOT / "cuda" / "backend.cu")
    functions = len(re.findall(r"^\s*(?:\.\w+\s+)*\.(?:entry|func)\b", ptx, re.MULTILINE))
    faults = sorted(set(floating_point(ptx)))
    for function, statement in faults:
        print(f"{function}: {statement}")
    print(
        f"check_ptx: {instructions(ptx)} instructions, {functions} functions, {len(faults)} on floating point"
    )
    lost = list(slow(ptx))
    print("\n".join(lost), end="\n" if lost else "")
    return 1 if faults or lost or "run_plan" not in ptx else 0


if __name__ == "__main__":
    sys.exit(main())
