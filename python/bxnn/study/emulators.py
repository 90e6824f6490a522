"""A model or a menu as what a trigger tells of an event: decisions by seed, and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bxnn import _core
from bxnn._core import InputError, Tensor
from bxnn.document import parse
from bxnn.model import Model, Outputs

Array = NDArray[Any]
SEEDS = "seeds"  # the output of a menu whose bit s is seed s
MENU_SUFFIXES = (".yml", ".yaml")


class Answers(NamedTuple):
    """Of n events: decisions bool [n] by name of the seed, raw integers int64 [n, k] by name of the
    output."""

    decisions: dict[str, NDArray[np.bool_]]
    numbers: dict[str, NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Emulator:
    """seeds: names of the bits of output `seeds`, none for a model without. thresholds: for an output of one
    number, accept where it is greater; a decision named 'OUTPUT > THRESHOLD'.
    """

    model: Model
    seeds: tuple[str, ...] = ()
    thresholds: Mapping[str, int] = field(default_factory=dict)
    name: str = ""

    def __post_init__(self) -> None:
        outputs = {t.name: t for t in self.model.outputs}
        for output in self.thresholds:
            if output not in outputs or outputs[output].shape not in ([1], (1,)):
                single = [t.name for t in self.model.outputs if list(t.shape) == [1]]
                raise InputError(f"threshold of '{output}': expected an output of one number of {single}")

    @classmethod
    def load(cls, path: str | Path, thresholds: Mapping[str, int] | None = None) -> Emulator:
        """A .bxnn file or a menu (.yml), or package:NAME. Raises InputError and OSError."""
        text = str(path)
        if Path(text).suffix.lower() in MENU_SUFFIXES:
            from bxnn.menu import Menu

            menu = Menu.load(text)
            return cls(menu.model, tuple(s.name for s in menu.seeds), thresholds or {}, menu.name)
        model = Model.load(text)
        return cls(model, _names_of_seeds(model), thresholds or {}, model.name)

    @property
    def decision_names(self) -> tuple[str, ...]:
        return *self.seeds, *(f"{output} > {t}" for output, t in self.thresholds.items())

    def answers(self, inputs: Mapping[str, Array], *, threads: int = 0) -> Answers:
        """inputs: [n, *shape] by input name, integers as raw integers, real numbers to be quantised.

        Raises InputError as `Model.predict_raw` does.
        """
        results = self.model.predict_raw(raw_inputs(self.model, inputs), threads=threads)
        arrays = results if isinstance(results, Outputs) else (results,)
        numbers = {
            t.name: a.reshape(len(a), -1).astype(np.int64)
            for t, a in zip(self.model.outputs, arrays, strict=True)
        }
        decisions = bits_of(numbers.pop(SEEDS)[:, 0], self.seeds) if self.seeds else {}
        for output, threshold in self.thresholds.items():
            decisions[f"{output} > {threshold}"] = numbers[output][:, 0] > threshold
        return Answers(decisions, numbers)


def _names_of_seeds(model: Model) -> tuple[str, ...]:
    """Those of a compiled menu, which carries its text; none of any other model."""
    if model.meta.get("origin") != "menu":
        return ()
    from bxnn.menu.compile import MAX_SEEDS

    keys = parse(model.meta.get("menu", ""), f"the menu in '{model.name}'").entries("sections", 64)
    seeds = keys["seeds"].items("seeds", MAX_SEEDS) if "seeds" in keys else []
    return tuple(seed.entries("keys", 16)["name"].text() for seed in seeds)


def bits_of(words: Array, seeds: tuple[str, ...]) -> dict[str, NDArray[np.bool_]]:
    """The decisions in words of seeds. Raises InputError for bits beyond them."""
    beyond = (words < 0) | (words >> len(seeds) != 0)
    if beyond.any():
        event = int(np.argmax(beyond))
        raise InputError(f"event {event}: the word of seeds is {words[event]}, of {len(seeds)} seeds")
    return {name: (words >> s & 1).astype(bool) for s, name in enumerate(seeds)}


def raw_inputs(model: Model, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The same events as raw integers: integers are taken as such, real numbers are quantised."""
    raw = {}
    for tensor in model.inputs:
        array = np.asarray(inputs[tensor.name])
        if prod(array.shape[1:]) != prod(tensor.shape):
            raise InputError(
                f"input '{tensor.name}': expected events of shape {tuple(tensor.shape)}, "
                f"got {array.shape[1:]}"
            )
        flat = array.reshape(len(array), *tensor.shape)
        if array.dtype.kind == "f":
            events = np.ascontiguousarray(flat.reshape(len(flat), -1), np.float64)
            flat = np.asarray(_core.quantize_float(events, tensor.format)).reshape(flat.shape)
        raw[tensor.name] = flat
    return raw


def raw_numbers(values: Array, tensor: Tensor) -> NDArray[np.int64]:
    """Recorded values of an output as raw integers [n, k]: integers as such, real numbers exactly.

    Raises InputError for a real number that is none of the output's format, and for integers from 2**63 on.
    """
    flat = np.asarray(values).reshape(len(values), -1)
    if flat.dtype == np.uint64 and (beyond := np.argwhere(flat > np.uint64(2**63 - 1))).size:
        event, element = (int(i) for i in beyond[0])
        raise InputError(
            f"event {event}, '{tensor.name}' [{element}]: expected an integer below 2**63, "
            f"got {flat[event, element]}"
        )
    if flat.dtype.kind == "f":
        scaled = np.ldexp(flat.astype(np.float64), tensor.format.frac)
        wrong = ~(np.isfinite(scaled) & (scaled == np.rint(scaled)) & (np.abs(scaled) < 2.0**63))
        if wrong.any():
            event, element = (int(i) for i in np.argwhere(wrong)[0])
            raise InputError(
                f"event {event}, '{tensor.name}' [{element}]: expected a number of {tensor.format}, "
                f"got {flat[event, element]}"
            )
        flat = scaled
    return flat.astype(np.int64)
