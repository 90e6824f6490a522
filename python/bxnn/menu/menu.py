"""A trigger menu: seeds with their cuts, the networks they use, and everything compiled into one model."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn.document import DocumentError, read_text
from bxnn.menu.networks import Network
from bxnn.model import Events, Model, Outputs

__all__ = ["DeadTime", "Decisions", "DocumentError", "Menu", "Seed"]


@dataclass(frozen=True)
class Seed:
    """A seed, or path, of a menu: bit `index in Menu.seeds` of the word `seeds`.

    prescale: one of so many events that fire is kept; 0: none. requires: seeds of the stage before, of which
    at least one has to be set; empty: no condition. line: where it stands in the menu's text. uses: the
    objects, networks and seeds that its cut names.
    """

    name: str
    cut: str
    prescale: Fraction = Fraction(1)
    requires: tuple[str, ...] = ()
    line: int = 0
    uses: frozenset[str] = frozenset()


@dataclass(frozen=True)
class DeadTime:
    """At most so many accepts in any so many consecutive crossings."""

    accepts: int
    crossings: int


@dataclass(frozen=True)
class Warned:
    """Something that is legal and looks wrong; `line` in the menu's text."""

    line: int
    text: str


@dataclass(frozen=True)
class Decisions:
    """What a menu says of N events, before requirements, prescales and dead time.

    word: uint64 [N], bit i is seed i. seeds: bool [N, seeds]. scores: int64 [N] by the name of the score.
    """

    names: tuple[str, ...]
    word: NDArray[np.uint64]
    seeds: NDArray[np.bool_]
    scores: dict[str, NDArray[np.int64]]

    def __getitem__(self, name: str) -> NDArray[np.bool_]:
        """Whether the seed fired: bool [N]. Raises KeyError."""
        if name not in self.names:
            raise KeyError(f"no seed '{name}'; the seeds are {', '.join(self.names)}")
        fired: NDArray[np.bool_] = self.seeds[:, self.names.index(name)]
        return fired


@dataclass(frozen=True, eq=False)
class Menu:
    """A compiled menu; made by `load` or `parse`, immutable.

    model: outputs `seeds` (bit i: the cut of seed i is true), then one output for each of `scores`, raw
        integers. dead_time, budget_ns, rate_budget_hz: what a run is held to. seed_number: decides, with the
        seed and the crossing, which events a prescale keeps; by default it follows from the menu's name.
    """

    name: str
    version: str
    text: str
    model: Model
    seeds: tuple[Seed, ...]
    scores: tuple[str, ...]
    networks: tuple[Network, ...]
    dead_time: tuple[DeadTime, ...]
    seed_number: int
    budget_ns: int | None
    rate_budget_hz: float | None
    warnings: tuple[Warned, ...]

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Menu:
        """Read a menu; paths in it are relative to its folder. 'package:NAME' is a menu of bxnn.

        Raises DocumentError (an InputError) that says file and line, OSError for a file that can't be read.
        """
        file, text = read_text(path, "menus")
        return cls.parse(text, folder=file.parent, file=str(file))

    @classmethod
    def parse(cls, text: str, *, folder: str | os.PathLike[str] = ".", file: str = "menu") -> Menu:
        """The menu of a text. folder: where relative paths start; file: what errors call the text."""
        from bxnn.menu.compile import compile_menu

        return compile_menu(text, Path(folder), file)

    @property
    def sha256(self) -> str:
        """Of the menu's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def decide(self, events: Events, *, threads: int = 0) -> Decisions:
        """Which seeds fire, for arrays of raw integers as in `Model.predict_raw`, flattened to N events."""
        results = self.model.predict_raw(events, threads=threads)
        arrays = results if isinstance(results, Outputs) else (results,)
        word = arrays[0].reshape(-1).astype(np.uint64)
        bits = np.arange(len(self.seeds), dtype=np.uint64)
        seeds = (word[:, None] >> bits & np.uint64(1)).astype(np.bool_)
        scores = {
            name: array.reshape(-1).astype(np.int64)
            for name, array in zip(self.scores, arrays[1:], strict=True)
        }
        return Decisions(tuple(seed.name for seed in self.seeds), word, seeds, scores)

    def as_dict(self) -> Mapping[str, Any]:
        """Everything but the model and the text, for JSON."""
        return {
            "menu": self.name,
            "version": self.version,
            "sha256": self.sha256,
            "inputs": [
                {"name": t.name, "shape": list(t.shape), "format": str(t.format)} for t in self.model.inputs
            ],
            "networks": [
                {"name": n.name, "model": n.file, "sha256": n.sha256, "values": n.formats}
                for n in self.networks
            ],
            "seeds": [
                {
                    "name": seed.name,
                    "cut": seed.cut,
                    "prescale": str(seed.prescale),
                    "requires": list(seed.requires),
                }
                for seed in self.seeds
            ],
            "histograms": list(self.scores),
            "dead_time": [{"accepts": d.accepts, "crossings": d.crossings} for d in self.dead_time],
            "seed_number": self.seed_number,
            "budget": {"latency_ns": self.budget_ns, "rate_hz": self.rate_budget_hz},
            "warnings": [{"line": w.line, "text": w.text} for w in self.warnings],
        }
