"""The snippets of README and howtos are run: Python and shell in the order of the page, C and C++ compiled.

A block marked `needs=PACKAGE` is left out where the package is not installed, one marked `no-run` always.
C and C++ are compiled and linked with the core.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "howto").glob("*.md"))]
COMPILERS = {"cpp": ("c++", ".cpp", ["-std=c++20"]), "c": ("cc", ".c", ["-std=c11"])}

core: Any = pytest.importorskip("bxnn._core")


class Block(NamedTuple):
    language: str
    options: str
    text: str

    @property
    def runs(self) -> bool:
        needed = re.findall(r"needs=(\w+)", self.options)
        return "no-run" not in self.options and all(importlib.util.find_spec(name) for name in needed)


def blocks(page: Path, *languages: str) -> list[Block]:
    found = re.findall(r"^```(\w+) ?([^\n]*)\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
    return [block for block in map(Block._make, found) if block.language in languages]


def data_folder() -> Path:
    import bxnn

    assert bxnn.__file__
    return Path(bxnn.__file__).parent / "data"


def program(page: Path) -> str:
    """One Python program; shell blocks become calls of a shell."""
    lines = ["import subprocess as _subprocess"]
    for block in blocks(page, "python", "sh"):
        if block.runs and block.language == "python":
            lines.append(block.text)
        elif block.runs:
            lines.append(f"_subprocess.run(['sh', '-ec', {block.text!r}], check=True)")
    return "\n".join(lines)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_and_shell(page: Path, tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text(program(page))
    command = tmp_path / "bin" / "bxnn"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bxnn "$@"\n')
    command.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{command.parent}:{os.environ['PATH']}",
        "DATA": str(data_folder()),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": os.pathsep.join(
            filter(None, [str(data_folder().parents[1]), os.environ.get("PYTHONPATH")])
        ),
    }
    done = subprocess.run(
        [sys.executable, "page.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


NATIVE = [(page, block) for page in PAGES for block in blocks(page, *COMPILERS) if "int main" in block.text]


@pytest.mark.parametrize(("page", "block"), NATIVE, ids=[f"{p.stem} {i}" for i, (p, _) in enumerate(NATIVE)])
def test_native(page: Path, block: Block, native_build: Path, tmp_path: Path) -> None:
    compiler, suffix, flags = COMPILERS[block.language]
    if shutil.which(compiler) is None or shutil.which("c++") is None:
        pytest.skip(f"no {compiler}")
    source, objects, binary = tmp_path / f"example{suffix}", tmp_path / "example.o", tmp_path / "example"
    source.write_text(block.text)
    include = [f"-I{ROOT / 'cpp' / 'include'}", f"-I{native_build / 'include'}"]
    warnings = ["-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler, *flags, *warnings, *include, "-c", str(source), "-o", str(objects)], check=True)
    library = str(native_build / "libbxnn.a")
    subprocess.run(["c++", str(objects), library, "-pthread", "-o", str(binary)], check=True)
    model = data_folder() / "vae_encoder.bxnn"
    done = subprocess.run([str(binary), str(model)], capture_output=True, text=True, check=True)
    assert re.search(r"\d", done.stdout), done


def test_readme_names_every_supported_layer() -> None:
    from bxnn.frontends.hls4ml import SUPPORTED_LAYERS

    rows = re.findall(r"^\| ([A-Z][\w, ]+) \|", PAGES[0].read_text(), re.MULTILINE)
    assert set(SUPPORTED_LAYERS) <= set(re.findall(r"\w+", " ".join(rows)))


def test_readme_names_every_command() -> None:
    from bxnn.cli import main

    with pytest.raises(SystemExit):
        main(["--help"])
    commands = re.findall(r"^\| `bxnn (\w+)", PAGES[0].read_text(), re.MULTILINE)
    first = ["demo", "convert", "info", "run", "verify", "profile", "bench", "menu", "stream"]
    assert commands == [*first, "study", "rates", "roc", "compare"]


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda p: p.stem
)
def test_links_and_paths_exist(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), f"{page.name}: {target}"
    for path in re.findall(r"`((?:cpp|python|tests|docs|tools|firmware_ref)/[\w./]*\w)`", text):
        assert (ROOT / path).exists(), f"{page.name}: {path}"


def test_figures_of_the_benchmark_are_valid_json() -> None:
    for path in (ROOT / "benchmarks" / "results").glob("*.json"):
        json.loads(path.read_text())
