"""Generated combinational code, compiled with the vendors' headers and as read: the same integers."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bxnn._core import Builder, Format
from bxnn.frontends.hls4ml import adders, logic
from bxnn.frontends.hls4ml.emit import Emit, Tensor
from bxnn.frontends.hls4ml.formats import CType, from_text

# Every form of statement that da4ml generates; v9 and v11 wrap, v10 drops bits.
CODE = """
template <typename inp_t, typename out_t>
void logic_1(inp_t model_inp[4], out_t model_out[6]) { // ap_fixed<8,4> -> ap_fixed<12,6>
    #pragma HLS INLINE
    static const ap_fixed<5,2> table_a[] = {0.0,0.5,1.0,1.5,-2.0,-1.5,-1.0,-0.5};
    ap_fixed<9, 4, AP_RND, AP_WRAP> model_inp_q_0 = model_inp[0];
    ap_fixed<6,4,AP_RND,AP_WRAP> model_inp_q_1 = model_inp[1];
    ap_fixed<9,4> v0 = model_inp_q_0; // 0.0
    ap_fixed<6,4> v1 = model_inp_q_1;
    ap_fixed<8,4> v2 = model_inp[2];
    ap_ufixed<7,3> v3 = model_inp[3];
    ap_fixed<12,6> v4 = v0 + bit_shift<1>(v1); // 1.0
    ap_fixed<12,6> v5 = v2 - bit_shift<-2>(v0);
    ap_fixed<9,5> v6 = -v2;
    ap_fixed<9,5> v7 = v2 + ap_ufixed<2,1>(1.5);
    ap_ufixed<7,3> v8 = v2 > 0 ? ap_ufixed<7,3>(v2) : ap_ufixed<7,3>(0);
    ap_fixed<5,2> v9 = v4;
    ap_fixed<6,5> v10 = v0;
    ap_ufixed<4,2> v11 = v2 > 0 ? ap_ufixed<4,2>(0) : ap_ufixed<4,2>(-v2);
    ap_fixed<13,7> v12 = v6[8] ? ap_fixed<13,7>(v4) : ap_fixed<13,7>(-bit_shift<1>(v5));
    ap_fixed<12,6> v13 = v3[6] ? ap_fixed<12,6>(v4) : ap_fixed<12,6>(v5);
    ap_fixed<17,8> v14 = v0 * v2;
    ap_fixed<3,2> v15 = v2;
    ap_fixed<5,2> v16 = table_a[v15.range()];
    ap_ufixed<3,1> v17 = 1.25;
    ap_fixed<14,7> v18 = v9 + v10;
    ap_fixed<9,5> v19 = v16 + v11;
    ap_fixed<9,4> v20 = v17 - v8;
    model_out[0] = ap_fixed<14,7>(v18);
    model_out[1] = ap_fixed<13,7>(v12);
    model_out[2] = ap_fixed<17,8>(bit_shift<-1>(v14));
    model_out[3] = ap_fixed<9,5>(-v19);
    model_out[4] = ap_fixed<12,6>(v13);
    model_out[5] = ap_fixed<9,4>(v20);
}
"""
INPUT, OUTPUT = "ap_fixed<8,4>", "ap_fixed<18,9>"
HEADERS = importlib.util.find_spec("hls4ml")

BIT_SHIFT = "".join(
    f"""
template <int s, int b, int i, ap_q_mode Q, ap_o_mode O, int N>
{kind}<b, i + s> bit_shift({kind}<b, i, Q, O, N> x) {{
    {kind}<b, i + s> r;
    r.range() = x.range();
    return r;
}}
"""
    for kind in ("ap_fixed", "ap_ufixed")
)


class FakeScope:
    """What the readers of generated code use of a layer."""

    def __init__(self, elements: int) -> None:
        self.builder = Builder("logic")
        self.name = "layer"
        self.emit = Emit(self.builder, self.refuse)
        kind = from_text(INPUT)
        value = self.builder.input("x", (elements,), kind.format)
        self.input = Tensor(int(value), kind, (elements,), 0)

    def result(self) -> CType:
        return from_text(OUTPUT)

    def refuse(self, reason: str) -> Any:
        raise AssertionError(reason)


def evaluate(code: str, raw: Any) -> Any:
    scope: Any = FakeScope(raw.shape[1])
    value = adders.apply(scope, code, np.arange(raw.shape[1])[None, :])
    scope.builder.output(value, "y")
    return scope.builder.build().run([raw])[0]


@pytest.mark.skipif(HEADERS is None or shutil.which("g++") is None, reason="needs hls4ml's headers and g++")
def test_every_statement_equals_the_compiled_code(tmp_path: Path) -> None:
    assert HEADERS and HEADERS.origin
    raw = np.random.default_rng(0).integers(-128, 128, (4000, 4))
    main = f"""
#include "ap_fixed.h"
#include <cstdio>
{BIT_SHIFT}{CODE}
int main() {{
    int r[4];
    while (std::scanf("%d %d %d %d", r, r + 1, r + 2, r + 3) == 4) {{
        {INPUT} x[4]; {OUTPUT} y[6];
        for (int i = 0; i < 4; i++) x[i].range() = r[i];
        logic_1(x, y);
        for (int i = 0; i < 6; i++) std::printf("%.0f ", y[i].to_double() * 512);
        std::printf("\\n");
    }}
}}"""
    (tmp_path / "logic.cpp").write_text(main)
    headers = Path(HEADERS.origin).parent / "templates" / "vivado" / "ap_types"
    binary = tmp_path / "logic"
    command = ["g++", "-std=c++17", "-w", "-I", str(headers), str(tmp_path / "logic.cpp"), "-o", str(binary)]
    subprocess.run(command, check=True)
    lines = "\n".join(" ".join(map(str, row)) for row in raw.tolist())
    told = subprocess.run([str(binary)], input=lines, capture_output=True, text=True, check=True).stdout
    expected = np.array(told.split(), dtype=float).astype(np.int64).reshape(len(raw), 6)
    assert np.array_equal(evaluate(CODE, raw), expected)


LINEAR = """
void dense_da_1(inp_t model_inp[3], out_t model_out[2]) {
    ap_fixed<5,3,AP_RND,AP_WRAP> q = model_inp[0];
    ap_fixed<8,4> v1 = model_inp[2];
    ap_fixed<11,6> v2 = q - bit_shift<-1>(v1); // 1.0
    ap_fixed<12,6> v3 = v2 + ap_ufixed<1,-1>(0.25);
    model_out[0] = ap_fixed<13,8>(bit_shift<2>(v3));
    model_out[1] = 0;
}"""


def test_adders_are_linear_forms() -> None:
    found = adders.read(LINEAR)
    assert [element for element, _ in found.inputs] == [0, 2]
    assert found.outputs[0].coefficients == {0: Fraction(4), 1: Fraction(-2)}
    assert found.outputs[0].constant == 1
    assert found.outputs[1].coefficients == {}


def test_adders_that_may_wrap_are_no_linear_form() -> None:
    with pytest.raises(ValueError, match="may lose bits in 'ap_fixed<8,3> v2"):
        adders.read(LINEAR.replace("ap_fixed<11,6> v2", "ap_fixed<8,3> v2"))


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("ap_fixed<8,4> v1 = model_inp[0] / 2;", "not known"),
        ("ap_fixed<8,4> v1 = v7;", "not known"),
        ("int i = 3;", "not known"),
        ("ap_fixed<8,4> v1 = table[model_inp[0].range()];", "not known"),
    ],
)
def test_unknown_statements(statement: str, reason: str) -> None:
    scope: Any = FakeScope(1)
    code = f"void f(inp_t model_inp[1], out_t model_out[1]) {{ {statement} model_out[0] = v1; }}"
    with pytest.raises(ValueError, match=reason):
        logic.apply(scope, code, np.zeros((1, 1), dtype=np.int64), CType(8, 4, True))


def test_formats_of_the_example_agree() -> None:
    assert from_text(INPUT).format == Format(8, 4)
