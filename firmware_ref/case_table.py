"""The table of golden cases: small networks, each with a seed and a kind of inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Config = dict[str, Any]


class Case(NamedTuple):
    """build(seed) gives an hls4ml ModelGraph; inputs: 'mixed', 'l1' (L1-like, then mixed), 'exhaustive'."""

    name: str
    what: str
    build: Callable[[int], Any]
    seed: int
    events: int
    inputs: str


CASES: dict[str, Case] = {}


def case(what: str, *, events: int = 1000, inputs: str = "mixed") -> Callable[[Callable[[int], Any]], Any]:
    """Registers a builder under its function's name."""

    def register(build: Callable[[int], Any]) -> Callable[[int], Any]:
        name = build.__name__
        CASES[name] = Case(name, what, build, 1000 + len(CASES), events, inputs)
        return build

    return register


def set_layer(config: Config, name: str, *, result: str = "", accum: str = "", **keys: Any) -> None:
    """Precisions and keys of one layer; a layer's hidden <name>_linear node follows its result."""
    for key, text in (("result", result), ("accum", accum)):
        if text:
            config[name].setdefault("Precision", {})[key] = text
    if result and f"{name}_linear" in config:
        config[f"{name}_linear"].setdefault("Precision", {})["result"] = result
    for weight in ("weight", "bias"):
        if weight in keys:
            config[name]["Precision"][weight] = keys.pop(weight)
    config[name].update(keys)
