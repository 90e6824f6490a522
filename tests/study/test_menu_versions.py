"""Two versions of a menu on shipped events."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("yaml")

from bxnn import InputError
from bxnn.menu import Menu
from bxnn.sources import ArraySource
from bxnn.study.emulators import Emulator
from bxnn.study.versions import compare_versions

MENU = """
menu: small
version: 1
inputs:
  objects: {shape: [19, 3], format: "ap_int<16>"}
objects:
  muon: {input: objects, first: 5, count: 4, fields: [pt, eta, phi]}
seeds:
  - {name: Mu, cut: "any(muon, pt >= THRESHOLD)"}
  - {name: TWO, cut: "count(muon, pt >= 6) >= 2"}
"""


def emulator(text: str) -> Emulator:
    menu = Menu.parse(text)
    return Emulator(menu.model, tuple(seed.name for seed in menu.seeds))


def test_gained_and_lost_by_seed() -> None:
    with (files("bxnn") / "data" / "l1_events.npz").open("rb") as file, np.load(file) as sample:
        objects = sample["zll_objs"]
    old, new = emulator(MENU.replace("THRESHOLD", "20")), emulator(MENU.replace("THRESHOLD", "30"))
    found = compare_versions(old, new, ArraySource({"objects": objects}))
    pt = objects[:, 5:9, 0]
    lost = (pt >= 20).any(axis=1) & ~(pt >= 30).any(axis=1)
    assert found.seeds["Mu"].only_first == lost.sum() == found.differing > 0
    assert found.seeds["Mu"].only_second == 0 and found.seeds["TWO"].differing == 0
    assert found.seeds["TWO"].both == ((pt >= 6).sum(axis=1) >= 2).sum()
    renamed = compare_versions(
        old,
        emulator(MENU.replace("THRESHOLD", "20").replace("TWO", "New")),
        ArraySource({"objects": objects}),
    )
    assert renamed.seeds["New"].only_second == renamed.seeds["TWO"].only_first == found.seeds["TWO"].both


def test_a_menu_equals_itself_compiled(tmp_path: Path) -> None:
    """A compiled menu has its seeds' names; a model has none, and is no version of a menu."""
    text, objects = MENU.replace("THRESHOLD", "20"), np.full((3, 19, 3), 25, np.int16)
    (tmp_path / "menu.yml").write_text(text)
    Menu.parse(text).model.save(tmp_path / "menu.bxnn")
    one, other = (Emulator.load(tmp_path / f"menu.{kind}") for kind in ("yml", "bxnn"))
    found = compare_versions(one, other, ArraySource({"objects": objects}))
    assert found.ok and found.events == 3 and found.seeds["Mu"].both == 3
    with pytest.raises(InputError, match="'small' is a menu with 2 seeds, .*expected two menus"):
        compare_versions(one, Emulator(other.model, name="m"), ArraySource({"objects": objects}))
