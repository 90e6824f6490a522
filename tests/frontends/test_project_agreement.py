"""Edits after which the compiled C++ and what is read would differ: each is refused with its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import bxnn
from bxnn.frontends.hls4ml.code import Config
from bxnn.frontends.project.agreement import window_fault

TINY = Path(__file__).parent / "projects" / "tiny"
CODE = "nnet_utils/nnet_code_gen.h"
INCLUDE = ("tiny.cpp", '#include "parameters.h"', '#include "parameters.h"\n#include "custom.h"')

Edit = tuple[str, str, str]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A copy of the committed project."""
    return Path(shutil.copytree(TINY, tmp_path / "tiny"))


def apply(project: Path, *edits: Edit) -> None:
    """Replace a text, or make a file where there is nothing to replace."""
    for name, old, new in edits:
        path = project / "firmware" / name
        path.parent.mkdir(exist_ok=True)
        if old:
            assert old in path.read_text()
            path.write_text(path.read_text().replace(old, new, 1))
        else:
            path.write_text(new)


REFUSED: dict[str, tuple[str, list[Edit]]] = {
    "namespace": (r"tiny\.cpp:\d+: .*'my::relu' is no function", [("tiny.cpp", "nnet::relu", "my::relu")]),
    "code in a header": (
        r"custom\.h:1: 'namespace nnet",
        [INCLUDE, ("custom.h", "", "namespace nnet { template<> void relu() {} }\n")],
    ),
    "type again": (
        r"custom\.h:1: 'layer3_t' is defined in defines",
        [INCLUDE, ("custom.h", "", "typedef ap_int<3> layer3_t;\n")],
    ),
    "file elsewhere": (r"tiny\.cpp:5: '#include \"custom\.h\"': this file is neither", [INCLUDE]),
    "generated": (r"nnet_code_gen\.h:1: 'template<>", [(CODE, "", "template<> void relu() {}\n")]),
    "overload": (
        r"nnet_code_gen\.h:2: 'template <class T> T cast",
        [(CODE, "", "namespace nnet {\ntemplate <class T> T cast(T x) { return x; }\n}\n")],
    ),
    "specialised class": (
        r"nnet_code_gen\.h:2: 'template <> class DenseLatency<a>",
        [(CODE, "", "namespace nnet {\ntemplate <> class DenseLatency<a> { };\n}\n")],
    ),
    "global": (r"nnet_code_gen\.h:2: 'int x;'", [(CODE, "", "namespace nnet {\nint x;\n}\n")]),
    "strategy": (
        r"tiny\.cpp:\d+: .*the strategy is resource but the kernel DenseLatency",
        [("parameters.h", "nnet::latency", "nnet::resource")],
    ),
    "kernel of another reuse": (
        r"tiny\.cpp:\d+: .*the kernel is DenseResource_rf_leq_nin, .* reuse factor 8 for 4 inputs",
        [
            ("parameters.h", "nnet::latency", "nnet::resource"),
            ("parameters.h", "nnet::DenseLatency", "nnet::DenseResource_rf_leq_nin"),
            ("parameters.h", "reuse_factor = 1", "reuse_factor = 8"),
        ],
    ),
    "condition": (r"weights/w2\.h:6: '#ifdef OLD'", [("weights/w2.h", "#ifndef W2_H_", "#ifdef OLD")]),
    "macro": (r"weights/w2\.h:\d+: '#define x y'", [("weights/w2.h", "#else", "#define x y\n#else")]),
    "two arrays": (
        r"the array 'b4' has two definitions that differ",
        [("weights/b4.h", "", "last_bias_t b4[2] = {0, 1};\nlast_bias_t b4[2] = {1, 0};\n")],
    ),
    "octal": (r"base 8", [("weights/b4.h", "", "last_bias_t b4[2] = {010, 0};\n")]),
    "octal type": (
        r"defines\.h:\d+: C\+\+ reads '010'",
        [("defines.h", "ap_fixed<10,4>", "ap_fixed<010,4>")],
    ),
    "not loaded": (
        r"w2\.h:\d+: in C-simulation the array 'w2' has no numbers",
        [("tiny.cpp", 'nnet::load_weights_from_txt<hidden_weight_t, 12>(w2, "w2.txt");', "")],
    ),
    "macro twice": (
        r"defines\.h:\d+: the macro 'WIDE' is defined twice",
        [("defines.h", "typedef", "#define WIDE 4\n#define WIDE 5\ntypedef")],
    ),
    "larger array": (
        r"tiny\.cpp:\d+: the array 'layer2_out' has 5 elements",
        [("tiny.cpp", "layer2_out[3]", "layer2_out[5]")],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, tiny: Path) -> None:
    pattern, edits = REFUSED[case]
    apply(tiny, *edits)
    with pytest.raises(bxnn.UnsupportedError, match=pattern):
        bxnn.convert(tiny)


def test_byte_order_mark_and_further_types(tiny: Path) -> None:
    apply(tiny, INCLUDE, ("custom.h", "", "#pragma once\n// types\ntypedef ap_int<3> links_t;\n"))
    path = tiny / "firmware" / "defines.h"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert bxnn.convert(tiny).meta["graph_hash"] == bxnn.convert(TINY).meta["graph_hash"]


WINDOWS = """class fill_buffer_2 : public nnet::FillConv1DBuffer<data_T, CONFIG_T> {
    public:
    static void fill_buffer(data_T data[3], data_T buffer[1][2], const unsigned partition) {
        if (partition ==   0) {
            buffer[0][0] = data[0]; buffer[0][1] = data[1];
        }
        if (partition ==   1) {
            buffer[0][0] = data[1]; buffer[0][1] = data[2];
        }
    }
};
"""
MEMBERS = {"in_width": 3, "filt_width": 2, "stride_width": 1, "pad_left": 0, "pad_right": 0}
MEMBERS |= {"out_width": 2, "n_chan": 1, "n_partitions": 2}


@pytest.mark.parametrize(
    ("member", "value", "old", "new", "fault"),
    [
        ("n_chan", 1, "", "", ""),
        ("stride_width", 2, "", "", "out_width is 2, which does not follow"),
        ("out_width", 3, "", "", "out_width is 3, which does not follow"),
        ("n_chan", 1, "data[2]", "data[1]", "cuts other windows"),
        ("n_chan", 1, "data[2]", "data[2] * 2", "not as hls4ml generates"),
        ("n_chan", 1, WINDOWS, "", "is missing"),
    ],
)
def test_windows(member: str, value: int, old: str, new: str, fault: str) -> None:
    members = MEMBERS | {member: value}
    lines = "".join(f"    static const unsigned {name} = {n};\n" for name, n in members.items())
    found = window_fault(Config(f"struct config2 {{\n{lines}}};\n"), 1, WINDOWS.replace(old, new, 1))
    assert fault in found and bool(fault) == bool(found)
