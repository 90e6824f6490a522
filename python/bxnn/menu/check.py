"""What is legal in a menu and looks wrong: what the compiler saw, and what an empty event does."""

from __future__ import annotations

import numpy as np

from bxnn.menu.menu import Menu, Warned


def warnings_of(menu: Menu) -> tuple[Warned, ...]:
    """All warnings, by line."""
    return tuple(sorted((*menu.warnings, *_fires_on_nothing(menu)), key=lambda w: w.line))


def _fires_on_nothing(menu: Menu) -> list[Warned]:
    """Absent objects are zeros, so a cut without a threshold is true where there is nothing."""
    empty = {t.name: np.zeros((1, *t.shape), np.int64) for t in menu.model.inputs}
    fired = menu.decide(empty, threads=1).seeds[0]
    return [
        Warned(
            seed.line,
            f"seed {seed.name}: fires for an event whose numbers are all 0; absent objects are 0, 0, 0, so "
            "ask for a pT",
        )
        for seed, fires in zip(menu.seeds, fired, strict=True)
        if fires and not _always(menu, seed.name)
    ]


def _always(menu: Menu, name: str) -> bool:
    return any(w.text == f"seed {name}: fires always" for w in menu.warnings)
