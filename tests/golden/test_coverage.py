"""tools/coverage.py: the page follows from the records, and records of other golden cases are refused."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.golden.replay import GOLDEN

ROOT = GOLDEN.parents[1]
SPEC = importlib.util.spec_from_file_location("coverage_page", ROOT / "tools" / "coverage.py")


@pytest.fixture
def coverage(tmp_path: Path) -> Any:
    """The program, over a copy of the records."""
    assert SPEC and SPEC.loader
    module = importlib.util.module_from_spec(SPEC)
    SPEC.loader.exec_module(module)
    golden = tmp_path / "firmware_ref" / "golden"
    golden.mkdir(parents=True)
    shutil.copy(GOLDEN / "manifest.json", golden)
    shutil.copytree(GOLDEN / "executors", golden / "executors")
    shutil.copy(GOLDEN.parent / "unavailable.json", golden.parent)
    module.ROOT, module.REFERENCE, module.MANIFEST = tmp_path, golden.parent, golden / "manifest.json"
    return module


def edit(path: Path, change: Any) -> None:
    """Applies `change` to what a JSON file holds."""
    held = json.loads(path.read_text())
    change(held)
    path.write_text(json.dumps(held))


def record_of(coverage: Any) -> Path:
    return Path(coverage.MANIFEST.parent / "executors" / "x86-64.json")


def test_no_field_is_empty(coverage: Any) -> None:
    table = coverage.page().split("## By backend and io type")[1].split("## By executor")[0]
    rows = [line for line in table.splitlines() if line.startswith("|")][2:]
    cells = [cell.strip() for row in rows for cell in row.split("|")[2:-1]]
    assert len(cells) == 4 * len(rows) > 100
    assert all(cell.isdecimal() or cell.startswith("– [") for cell in cells)


def test_a_record_of_other_cases_is_refused(coverage: Any) -> None:
    edit(coverage.MANIFEST, lambda held: held["cases"]["vae"].update(values=1))
    with pytest.raises(coverage.Stale, match=r"of other golden cases.*tests\.golden\.record"):
        coverage.page()


def test_a_field_without_case_or_reason_is_refused(coverage: Any) -> None:
    edit(coverage.REFERENCE / "unavailable.json", lambda held: held["fields"].pop())
    with pytest.raises(coverage.Stale, match=r"has no golden case.*firmware_ref\.unavailable"):
        coverage.page()


def test_a_reason_beside_a_case_is_refused(coverage: Any) -> None:
    extra = {"layer": "Dense", "backend": "Vitis", "io_type": "io_stream", "stage": "hls4ml", "reason": "?"}
    edit(coverage.REFERENCE / "unavailable.json", lambda held: held["fields"].append(extra))
    with pytest.raises(coverage.Stale, match="Dense, Vitis, io_stream has a golden case"):
        coverage.page()


def test_an_executor_that_differs_is_seen(coverage: Any) -> None:
    edit(record_of(coverage), lambda held: held["executors"]["avx2"]["each"].update(garnet=[10, 3]))
    rows = [line for line in coverage.page().splitlines() if line.startswith("| GarNet |")]
    assert "0 of 1" in rows[-1]


def test_an_executor_without_a_record_is_told(coverage: Any) -> None:
    record_of(coverage).unlink()
    assert "| avx2 | x86-64 | not recorded |" in coverage.page()
