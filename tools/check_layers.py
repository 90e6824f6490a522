"""Fails on an #include or an import against the arrow (ARCHITECTURE.md, "Directories").

python tools/check_layers.py
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = {".cpp", ".hpp", ".inl", ".h"}

# Each directory of cpp/src may include itself, the directories named here and the public headers.
CPP = {
    "fx": set[str](),
    "ir": {"fx"},
    "ops": {"fx", "ir"},
    "passes": {"fx", "ir", "ops"},
    "kernels": {"fx", "passes"},
    "isa": {"kernels"},
    "runtime": {"fx", "ir", "ops", "passes", "kernels"},
    "stream": set[str](),
    "adapters": set[str](),
}
# The verifier and the inference of types hand each operation to its own rules.
EXCEPTIONS = {("ir/verify.cpp", "ops/rules.hpp"), ("ir/graph.cpp", "ops/rules.hpp")}
# Bodies for instruction sets are included in isa/, together with what they need of fx.
ISA_BODIES = {"fx", "passes"}

# Each part of python/bxnn may import the parts named here. Other modules of the package are free.
PYTHON = {
    "frontends": {"_core", "frontends", "constants"},
    "model": {"_core", "model", "document", "places", "explanation", "cuda"},
    "sources": {"_core", "sources", "document"},
    "score": {"_core", "score", "model", "constants"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)


def cpp_faults() -> Iterator[str]:
    for path in sorted((ROOT / "cpp").rglob("*")):
        if path.suffix not in SOURCES:
            continue
        for bracket, target in INCLUDE.findall(path.read_text()):
            if target.startswith(("Python", "pybind11", "numpy")):
                yield f"{path.relative_to(ROOT)}: includes <{target}>; the core knows nothing of Python"
            if bracket == '"' and (fault := include_fault(path, target)):
                yield f"{path.relative_to(ROOT)}: {fault}"


def include_fault(path: Path, target: str) -> str | None:
    """What is wrong with one #include of a file of ours."""
    top = target.split("/")[0]
    if path.is_relative_to(ROOT / "cpp" / "include"):
        return None if top == "bxnn" else f'the public interface includes "{target}", which is not installed'
    place = path.relative_to(ROOT / "cpp" / "src")
    room = place.parts[0]
    if room not in CPP:
        return f"tools/check_layers.py does not know the directory {room}"
    allowed = CPP[room] | {room, "bxnn"} | (ISA_BODIES if room == "isa" else set())
    if top in allowed or (place.as_posix(), target) in EXCEPTIONS:
        return None
    return f'{room} includes "{target}"; it may include {", ".join(sorted(allowed))}'


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute name of every module that a file of python/bxnn imports."""
    package = ["bxnn", *path.relative_to(ROOT / "python" / "bxnn").parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join(base + ([node.module] if node.module else []))
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def python_faults() -> Iterator[str]:
    for path in sorted((ROOT / "python" / "bxnn").rglob("*.py")):
        part = path.relative_to(ROOT / "python" / "bxnn").with_suffix("").parts[0]
        for line, name in imports_of(path):
            place = f"{path.relative_to(ROOT)}:{line}"
            steps = name.split(".")
            if steps[0] in ("tests", "firmware_ref", "benchmarks"):
                yield f"{place}: imports {name}; the package does not know what tests it"
            if steps[0] != "bxnn" or len(steps) < 2:
                continue
            if steps[1] == "cli" and part not in ("cli", "__main__"):
                yield f"{place}: imports {name}; nothing but the command line imports the command line"
            elif part in PYTHON and steps[1] not in PYTHON[part] and is_module(steps[1]):
                yield f"{place}: {part} imports {name}; it may import {', '.join(sorted(PYTHON[part]))}"


def is_module(name: str) -> bool:
    package = ROOT / "python" / "bxnn"
    return (package / f"{name}.py").exists() or (package / name).is_dir()


def main() -> int:
    faults = [*cpp_faults(), *python_faults()]
    for fault in faults:
        print(fault)
    print(f"check_layers: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
