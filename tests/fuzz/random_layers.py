"""One layer and one input of a random network, and random ap_fixed types."""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

import numpy as np

ROUNDINGS = ("TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV")
OVERFLOWS = ("WRAP", "SAT", "SAT_ZERO", "SAT_SYM")


Shape = tuple[int, ...]


class Source(NamedTuple):
    """One input: its type, and its shape without the events."""

    type: str
    shape: Shape


class LayerPlan(NamedTuple):
    """One layer; config holds its hls4ml keys, options what its constructor needs."""

    kind: str
    name: str
    width: int
    config: dict[str, Any]
    options: dict[str, Any]


def draw_type(rng: np.random.Generator, *, modes: float = 0.4, signed: bool | None = None) -> str:
    """An ap_[u]fixed: mostly 4 to 18 bits, sometimes wide, with negative integer or integer above width."""
    style = rng.random()
    if style < 0.72:
        width, integer = int(rng.integers(4, 19)), 0
        integer = int(rng.integers(1, min(width, 9) + 1))
    elif style < 0.82:
        width = int(rng.integers(20, 33))
        integer = int(rng.integers(4, 15))
    elif style < 0.89:
        width, integer = int(rng.integers(3, 13)), int(rng.integers(-4, 1))
    elif style < 0.95:
        width = int(rng.integers(2, 10))
        integer = width + int(rng.integers(0, 4))
    else:
        width = int(rng.integers(1, 4))
        integer = int(rng.integers(0, 3))
    is_signed = bool(rng.random() < 0.8) if signed is None else signed
    name = "ap_fixed" if is_signed else "ap_ufixed"
    if rng.random() < modes:
        return f"{name}<{width},{integer},AP_{rng.choice(ROUNDINGS)},AP_{rng.choice(OVERFLOWS)}>"
    return f"{name}<{width},{integer}>"


def draw_state_type(rng: np.random.Generator) -> str:
    """As `draw_type`, but mostly one in which a state of a recurrent layer lives."""
    if rng.random() < 0.2:
        return draw_type(rng)
    width = int(rng.integers(7, 19))
    integer = int(rng.integers(2, min(width, 8)))
    if rng.random() < 0.5:
        return f"ap_fixed<{width},{integer}>"
    overflow = str(rng.choice(["WRAP", "SAT", "SAT", "SAT_ZERO", "SAT_SYM"]))
    return f"ap_fixed<{width},{integer},AP_{rng.choice(ROUNDINGS)},AP_{overflow}>"


def generator(seed: int, name: str) -> np.random.Generator:
    """For the weights of a layer, which depend on its name, not on what else is in the network."""
    return np.random.default_rng([seed, 2, zlib.crc32(name.encode())])
