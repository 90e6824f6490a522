"""Fails on an #include or import against the arrow of ARCHITECTURE.md."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Each room may include itself, the public headers and the rooms before it.
ROOMS = ["fx", "ir", "ops", "passes", "kernels", "isa", "runtime", "adapters"]
# The rules of the operations are declared in ops/ and called by ir/'s verifier: the one pair that knows each other.
ALLOWED = {("ir", "ops")}
HEAVY = {
    "hls4ml",
    "tensorflow",
    "keras",
    "qkeras",
    "onnx",
    "qonnx",
    "rich",
    "matplotlib",
    "uproot",
    "h5py",
    "pyarrow",
}


def cpp_violations() -> list[str]:
    found = []
    for path in sorted((ROOT / "cpp/src").rglob("*.*")):
        room = path.relative_to(ROOT / "cpp/src").parts[0]
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r'\s*#include "([a-z]+)/', line)
            if not match or match[1] == "bxnn":
                continue
            other = match[1]
            if other not in ROOMS or (
                ROOMS.index(other) > ROOMS.index(room) and (room, other) not in ALLOWED
            ):
                found.append(f"{path.relative_to(ROOT)}:{number}: {room} must not include {other}")
    return found


def python_violations() -> list[str]:
    found = []
    package = ROOT / "python/bxnn"
    for path in sorted(package.rglob("*.py")):
        inside = path.relative_to(package)
        for number, line in enumerate(path.read_text().splitlines(), 1):
            where = f"python/bxnn/{inside}:{number}"
            top = re.match(r"(?:import|from) ([a-z0-9_]+)", line)
            if top and top[1] in HEAVY:
                found.append(f"{where}: {top[1]} is optional: import it inside the function that needs it")
            if inside.parts[0] == "frontends" and re.match(
                r"\s*from (bxnn|\.\.\.|\.\.)\.?(cli|demo|verify)\b", line
            ):
                found.append(f"{where}: a front end must not know who calls it")
    return found


if __name__ == "__main__":
    violations = cpp_violations() + python_violations()
    print("\n".join(violations) or "includes and imports follow the arrow")
    sys.exit(1 if violations else 0)
