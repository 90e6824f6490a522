"""Raw inputs for a C-simulation: typical, over the whole range, at the edges, every value, L1-like events."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Raw = NDArray[np.int64]
EVENTS = Path(__file__).parents[1] / "python/bxnn/data/l1_events.npz"


class Grid(NamedTuple):
    """Raw integers that an input takes: [low, high], value = raw * 2**-frac."""

    low: int
    high: int
    frac: int


def grid_of(precision: Any) -> Grid:
    """The grid of an hls4ml fixed-point or integer precision."""
    width, integer, signed = int(precision.width), int(precision.integer), bool(precision.signed)
    low = -(1 << (width - 1)) if signed else 0
    return Grid(low, low + (1 << width) - 1, width - integer)


def mixed(rng: np.random.Generator, grid: Grid, events: int, size: int) -> Raw:
    """[events, size]: half typical (normal, 1.5 wide), a third over the whole range, the rest edges."""
    clip = (grid.low, grid.high)
    scale = min(2.0**grid.frac * 1.5, (grid.high - grid.low) / 4)
    typical = np.clip(
        np.rint(rng.normal(0, max(scale, 1), (events, size))), float(grid.low), float(grid.high)
    ).astype(np.int64)
    spread = rng.integers(*clip, (events, size), np.int64, endpoint=True)
    edges = np.array([grid.low, grid.low + 1, -1, 0, 1, grid.high - 1, grid.high], np.int64)
    extreme = rng.choice(np.clip(edges, *clip), (events, size))
    kind = np.arange(events)[:, None] % 6
    return np.where(kind < 3, typical, np.where(kind < 5, spread, extreme))


def exhaustive(grid: Grid, size: int) -> Raw:
    """[ceil(range / size), size]: every raw integer once, ascending along events in every feature."""
    values = np.arange(grid.low, grid.high + 1, dtype=np.int64)
    padded = np.resize(values, -(-len(values) // size) * size)
    return np.ascontiguousarray(padded.reshape(size, -1).T)


def l1_like(grid: Grid, events: int) -> Raw | None:
    """[<= events, 57] L1-like events in units of 32 hardware counts, if the project's event file is there."""
    if not EVENTS.exists():
        return None
    with np.load(EVENTS) as file:
        objects = [file[key] for key in sorted(file.files) if file[key].shape[1:] == (19, 3)]
    share = -(-events // max(len(objects), 1))
    flat = np.concatenate([o[:share].reshape(-1, 57) for o in objects])[:events].astype(np.float64)
    return np.clip(np.rint(flat / 32 * 2.0**grid.frac), grid.low, grid.high).astype(np.int64)
