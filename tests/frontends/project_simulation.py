"""The C-simulation of a project folder: its own text, compiled with hls4ml's headers, on raw integers."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BRIDGE = Path(__file__).parents[2] / "firmware_ref"
Raw = NDArray[np.int64]

_ARGUMENT = re.compile(r"(hls::stream<\w+>|\w+)\s*&?\s*(\w+)(\[[^\]]*\])?")
_MAIN = """#include "bridge.h"
#include "{top}.cpp"
int main(int, char **argv) {{
    const size_t events = std::strtoull(argv[1], 0, 10);
    auto data = bridge::read_all<int64_t>(argv[2], events * {n_in});
    bridge::slots().push_back({{"answer", {n_out}, std::vector<int64_t>(events * {n_out})}});
    for (bridge::event = 0; bridge::event < events; bridge::event++) {{
        {declarations}
        bridge::load(data.data() + bridge::event * {n_in}, {source}, {n_in});
        {function}({source}, {target});
        bridge::save({target}, "answer", {n_out});
        bridge::drain({target});
    }}
    bridge::write_all(argv[3]);
}}
"""


def missing() -> str:
    """Why a folder can't be compiled here; empty if it can."""
    if find_spec("hls4ml") is None:
        return "hls4ml is not installed"
    return "" if shutil.which("g++") else "no g++"


def simulate(project: Path, raw: Raw, n_out: int, optimise: str = "-O1") -> Raw:
    """Answers [N, n_out] of the only top function of `project`/firmware, of one input, for raw [N, n_in].

    Headers that the folder lacks are those of the installed hls4ml, for the backend that project.tcl names.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        firmware = folder / "firmware"
        _headers(project, firmware)
        shutil.copytree(project / "firmware", firmware, dirs_exist_ok=True)
        (folder / "main.cpp").write_text(_main(firmware, raw.shape[1], n_out))
        command = ["g++", optimise, "-std=c++17", "-w", f"-I{BRIDGE}", f"-I{firmware}"]
        command += [f"-I{firmware}/ap_types", f'-DWEIGHTS_DIR="{firmware}/weights"']
        subprocess.run([*command, "main.cpp", "-o", "main"], cwd=folder, check=True)
        np.ascontiguousarray(raw, dtype=np.int64).tofile(folder / "raw")
        subprocess.run(["./main", str(len(raw)), "raw", "answers"], cwd=folder, check=True)
        return np.fromfile(folder / "answers", dtype=np.int64).reshape(len(raw), n_out)


def _headers(project: Path, firmware: Path) -> None:
    spec = find_spec("hls4ml")
    assert spec is not None and spec.origin is not None
    templates = Path(spec.origin).parent / "templates"
    shutil.copytree(templates / "vivado" / "ap_types", firmware / "ap_types")
    script = project / "project.tcl"
    vivado = script.exists() and "vivado" in script.read_text()
    for backend in ("vivado",) if vivado else ("vivado", "vitis"):
        source = templates / backend / "nnet_utils"
        shutil.copytree(source, firmware / "nnet_utils", dirs_exist_ok=True)


def _main(firmware: Path, n_in: int, n_out: int) -> str:
    (top,) = firmware.glob("*.cpp")
    found = re.search(r"void\s+(\w+)\s*\(([^(){}]*)\)\s*;", top.with_suffix(".h").read_text())
    assert found is not None, top
    arguments = [_ARGUMENT.fullmatch(piece.strip()) for piece in found[2].split(",")]
    (kind, source, size), (kind2, target, size2) = (a.groups("") for a in arguments if a is not None)
    return _MAIN.format(
        top=top.stem,
        function=found[1],
        declarations=f"{kind} {source}{size}; {kind2} {target}{size2};",
        source=source,
        target=target,
        n_in=n_in,
        n_out=n_out,
    )
