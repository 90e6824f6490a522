"""What stages do, in plain Python integers, from the words that their menus give; docs/spec/stream.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bxnn.menu import Menu

_MASK = 2**64 - 1
_GOLDEN = 0x9E3779B97F4A7C15


def _mixed(x: int) -> int:
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & _MASK
    return x ^ x >> 31


def prescale_hash(number: int, seed: int, crossing: int) -> int:
    h = _mixed(number + _GOLDEN & _MASK)
    h = _mixed(h + seed + _GOLDEN & _MASK)
    return _mixed(h + crossing + _GOLDEN & _MASK)


def _kept(prescale: Fraction, number: int, seed: int, crossing: int) -> bool:
    if prescale in (0, 1):
        return prescale == 1
    return prescale_hash(number, seed, crossing) < Fraction(2**64) // prescale


@dataclass
class Expected:
    """What a stage has counted, and what it accepted: crossings, kept words, numbers of its events."""

    processed: int
    dead: int
    fired: NDArray[np.int64]
    kept: NDArray[np.int64]
    pure: NDArray[np.int64]
    overlap: NDArray[np.int64]
    crossings: list[int] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    events: list[int] = field(default_factory=list)


def expected(
    menu: Menu,
    events: Mapping[str, NDArray[Any]],
    crossings: Sequence[int],
    before: Sequence[int] | None = None,
    seeds_before: Sequence[str] = (),
) -> Expected:
    """The decisions of one stage; before: the kept words of the stage in front of it."""
    n = len(menu.seeds)
    words = menu.decide(events).word.tolist()
    zero = [np.zeros(n, np.int64) for _ in range(3)]
    result = Expected(len(words), 0, *zero, np.zeros((n, n), np.int64))
    for i, (word, crossing) in enumerate(zip(words, crossings, strict=True)):
        kept = []
        for s, seed in enumerate(menu.seeds):
            if not word >> s & 1:
                continue
            result.fired[s] += 1
            required = [seeds_before.index(name) for name in seed.requires]
            if required and not any(before[i] >> r & 1 for r in required):  # type: ignore[index]
                continue
            if _kept(seed.prescale, menu.seed_number, s, crossing):
                kept.append(s)
        for s in kept:
            result.kept[s] += 1
            result.overlap[s, kept] += 1
        if len(kept) == 1:
            result.pure[kept[0]] += 1
        if not kept:
            continue
        accepted = result.crossings
        if any(
            len(accepted) >= rule.accepts and crossing - accepted[-rule.accepts] < rule.crossings
            for rule in menu.dead_time
        ):
            result.dead += 1
            continue
        result.crossings.append(int(crossing))
        result.words.append(sum(1 << s for s in kept))
        result.events.append(i)
    return result
