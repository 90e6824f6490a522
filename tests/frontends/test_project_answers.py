"""Generated projects as users keep them: stored answers of their C-simulation, without hls4ml; hand edits.

BXNN_FUZZ_N sets how many of the projects are simulated again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import bxnn
from frontends import project_simulation

PROJECTS = Path(__file__).parent / "projects"
CASES = sorted(path.parent.name for path in PROJECTS.glob("*/answers.npz"))
SIMULATED = CASES[: int(os.environ.get("BXNN_FUZZ_N", "1"))]

_BARE = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("hls4ml", "tensorflow", "keras", "qkeras", "hgq", "da4ml", "yaml"):
            raise ImportError(f"{name} is not to be imported")

sys.meta_path.insert(0, Absent())
import numpy as np
import bxnn

folder = sys.argv[1]
with np.load(f"{folder}/answers.npz") as stored:
    raw, expected = stored["raw"].astype(np.int64), stored["expected"].astype(np.int64)
found = np.asarray(bxnn.convert(folder).predict_raw(raw)).reshape(expected.shape)
print(len(raw), (found != expected).sum(), len(np.unique(expected)))
"""


def stored(case: str) -> tuple[np.ndarray, np.ndarray]:
    with np.load(PROJECTS / case / "answers.npz") as arrays:
        return arrays["raw"].astype(np.int64), arrays["expected"].astype(np.int64)


def answers(project: Path, raw: np.ndarray) -> np.ndarray:
    return np.asarray(bxnn.convert(project).predict_raw(raw)).reshape(len(raw), -1)


def test_the_projects() -> None:
    assert CASES == ["adders", "adders_conv", "adders_conv_stream", "stream_vitis", "stream_vivado", "tiny"]


@pytest.mark.parametrize("case", CASES)
def test_stored_answers_without_hls4ml(case: str) -> None:
    command = [sys.executable, "-c", _BARE, str(PROJECTS / case)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    events, differ, distinct = map(int, done.stdout.split())
    assert (events, differ) == (300, 0) and distinct > 50


@pytest.mark.parametrize("case", SIMULATED)
def test_c_simulation_of_the_files(case: str) -> None:
    if reason := project_simulation.missing():
        pytest.skip(reason)
    raw, expected = stored(case)
    assert (project_simulation.simulate(PROJECTS / case, raw, expected.shape[1], "-O0") == expected).all()


# Edited by hand

Edit = Callable[[Path], None]


def replaced(name: str, old: str, new: str) -> Edit:
    def edit(firmware: Path) -> None:
        path = firmware / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return edit


def in_top(old: str, new: str) -> Edit:
    return replaced("calo_net.cpp", old, new)


def renamed(firmware: Path) -> None:
    """Another name of project and top function, in all files."""
    for path in list(firmware.glob("calo_net.*")):
        text = path.read_text().replace("calo_net", "l1_calo_v3").replace("CALO_NET", "L1_CALO_V3")
        path.unlink()
        (firmware / path.name.replace("calo_net", "l1_calo_v3")).write_text(text)


def further_types(firmware: Path) -> None:
    path = firmware / "defines.h"
    first, rest = path.read_text().split("typedef", 1)
    types = "typedef ap_ufixed<10,4> threshold_t;\ntypedef nnet::array<ap_int<7>, 3*1> links_t;\n"
    path.write_text(f"{first}#define N_LINKS 18\n{types}typedef{rest}")


def without_texts(firmware: Path) -> None:
    """Synthesis alone: no weights as text, no block that loads them."""
    for path in (firmware / "weights").glob("*.txt"):
        path.unlink()
    path = firmware / "calo_net.cpp"
    before, rest = path.read_text().split("#ifndef __SYNTHESIS__", 1)
    path.write_text(before + rest.split("#endif", 1)[1])


def kernel(firmware: Path) -> None:
    """A function that a kernel's host code can link to."""
    for name in ("calo_net.cpp", "calo_net.h"):
        replaced(name, "void calo_net(", 'extern "C" void calo_net(')(firmware)


LICENSE = "/*\n * Copyright the experiment\n * nnet::relu<a, b, c>(d, e);\n */\n"
SUPPORTED: dict[str, Edit] = {
    "renamed": renamed,
    "types": further_types,
    "pragmas": in_top(
        "#pragma HLS DATAFLOW",
        "#pragma HLS DATAFLOW disable_start_propagation\n    #pragma HLS INTERFACE ap_ctrl_none port=return\n"
        "    #pragma HLS INTERFACE axis port=image register_mode=both \\\n        depth=64\n"
        "    #pragma HLS ALLOCATION operation instances=mul limit=900",
    ),
    "comments": in_top(
        "void calo_net", f"{LICENSE}// the last line, continued \\\n   void other() {{\nvoid calo_net"
    ),
    "kernel": kernel,
    "guard": replaced("calo_net.h", "#define CALO_NET_H_", "#pragma once\n#define OTHER_GUARD"),
    "synthesis": without_texts,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the streamed image network."""
    return Path(shutil.copytree(PROJECTS / "stream_vitis", tmp_path / "copy"))


@pytest.mark.parametrize("edit", SUPPORTED)
def test_edits_that_change_no_answer(edit: str, project: Path) -> None:
    SUPPORTED[edit](project / "firmware")
    raw, expected = stored("stream_vitis")
    assert (answers(project, raw) == expected).all()


def test_c_simulation_of_an_edited_project(project: Path) -> None:
    """Those edits together, but for the last, without which C-simulation has no weights."""
    if reason := project_simulation.missing():
        pytest.skip(reason)
    for name in ("types", "pragmas", "comments", "kernel", "guard", "renamed"):
        SUPPORTED[name](project / "firmware")
    raw, expected = stored("stream_vitis")
    assert bxnn.convert(project).name == "l1_calo_v3"
    assert (answers(project, raw) == expected).all()
    assert (project_simulation.simulate(project, raw, expected.shape[1], "-O0") == expected).all()


SCORE = """
    result_t classes = layer12_out.read();
    score.write(classes[0] - classes[3]);
}
"""
UNSUPPORTED: dict[str, tuple[str, Edit, bool]] = {
    # place and text of the error, edit, whether bxnn.compose is the remedy
    "score behind": (
        r"calo_net\.cpp:\d+: 'result_t classes = ",
        lambda f: (f / "calo_net.cpp").write_text((f / "calo_net.cpp").read_text().rstrip()[:-1] + SCORE),
        True,
    ),
    "scaling in front": (
        r"calo_net\.cpp:\d+: 'for \(int i",
        in_top(
            "nnet::conv_2d_cl<",
            "for (int i = 0; i < 64; i++) link.write(image.read() >> 2);\n nnet::conv_2d_cl<",
        ),
        True,
    ),
    "function in front": (
        r"calo_net\.cpp:\d+: 'int cut\(",
        in_top("void calo_net(", "int cut(int a) { return a; }\nvoid calo_net("),
        True,
    ),
    "function behind": (
        r"calo_net\.cpp:\d+: 'void score\(",
        lambda f: (f / "calo_net.cpp").write_text(
            (f / "calo_net.cpp").read_text() + "void score(int *a) {}\n"
        ),
        True,
    ),
    "argument": (
        r"calo_net\.cpp:\d+: the argument 'ap_uint<1> &accept'",
        in_top("&image,", "&image, ap_uint<1> &accept,"),
        True,
    ),
    "condition": (
        r"calo_net\.cpp:\d+: '#ifdef FAST'",
        in_top("nnet::conv_2d_cl<", "#ifdef FAST\n    nnet::conv_2d_cl<"),
        True,
    ),
    "constant": (
        r"defines\.h:\d+: 'static const int threshold = 7;'",
        replaced("defines.h", "#include <array>", "#include <array>\nstatic const int threshold = 7;"),
        False,
    ),
    "member": (
        r"parameters\.h:\d+: 'struct config2 .*static int count\(",
        replaced("parameters.h", "static const unsigned pad_top = 0;", "static int count() { return 0; }"),
        False,
    ),
    "macro": (
        r"calo_net\.h:\d+: '#define relu",
        replaced("calo_net.h", '#include "defines.h"', '#include "defines.h"\n#define relu sigmoid'),
        False,
    ),
}


@pytest.mark.parametrize("edit", UNSUPPORTED)
def test_edits_that_are_refused(edit: str, project: Path) -> None:
    pattern, change, is_composed = UNSUPPORTED[edit]
    change(project / "firmware")
    with pytest.raises(bxnn.UnsupportedError, match=pattern) as caught:
        bxnn.convert(project)
    assert ("bxnn.compose" in str(caught.value)) == is_composed
