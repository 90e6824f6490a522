"""tools/check_ptx.py sees floating-point instructions, and with nvcc: finds none."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.native import ROOT

TOOL = ROOT / "tools" / "check_ptx.py"
PTX = """
.visible .entry _Z3runv(
    .param .u64 _Z3runv_param_0
)
{
    .reg .b64 %rd<3>;
    add.s64 %rd1, %rd2, %rd2;  // .f64 in a remark
    STATEMENT
}
"""


def tool() -> Any:
    spec = importlib.util.spec_from_file_location("check_ptx", TOOL)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "statement",
    [
        "add.f64 %fd1, %fd2, %fd3;",
        "cvt.rn.f32.s64 %f1, %rd1;",
        "@%p1 fma.rn.f32 %f1, %f2, %f3, %f4;",
        "mul.bf16x2 %r1, %r2, %r3;",
        ".reg .f64 %fd<4>;",
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f1}, {%r1}, {%r2}, {%f2};",
    ],
)
def test_floating_point_is_seen(statement: str) -> None:
    assert list(tool().floating_point(PTX.replace("STATEMENT", statement))) == [("_Z3runv", statement)]


def test_integers_are_fine() -> None:
    assert not list(tool().floating_point(PTX.replace("STATEMENT", "mad.lo.s32 %r1, %r2, %r3, %r4;")))


def test_kernels_for_tensor_cores() -> None:
    good = ".visible .entry _Z9run_fusedv(\n)\n{\n    mma.sync.aligned {%r1}, {%r2};\n}\n"
    assert not list(tool().slow(good + PTX))
    assert list(tool().slow(PTX)) == ["there is no run_fused"]
    assert list(tool().slow(good.replace("mma.sync", "add"))) == ["a run_fused without mma.sync"]
    local = good.replace("{\n    mma", "{\n    .local .align 8 .b8 __local_depot0[8];\n    mma")
    assert list(tool().slow(local)) == ["a run_fused with local memory"]


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")
def test_the_kernel_is_free_of_it() -> None:
    done = subprocess.run([sys.executable, TOOL], capture_output=True, text=True)
    assert done.returncode == 0 and "0 on floating point" in done.stdout, done.stdout + done.stderr
