"""Files of every released format version stay readable and give the same answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from bxnn import _core

FILES = sorted(Path(__file__).parent.glob("version*.bxnn"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("isa", ["reference", *_core.isa_levels()])
def test_old_file(path: Path, isa: str) -> None:
    model = _core.Model.load(str(path))
    compared, differing = model.self_test(isa)
    assert compared > 0 and differing == 0


def test_there_are_files() -> None:
    assert FILES
