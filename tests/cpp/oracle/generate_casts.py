"""Writes a table of C++ functions that cast with the vendor's ap_types: one for each pair of types.

`python generate_casts.py SEED SMALL WIDE OUTPUT`: SMALL pairs of widths up to 6, whose raw integers are all tried, in all
28 modes each; WIDE pairs of widths up to 64 with random modes.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

ROUND = ["TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV"]
OVERFLOW = ["WRAP", "SAT", "SAT_ZERO", "SAT_SYM"]
Type = tuple[int, int, bool]  # width, integer, signed


def dropped(source: Type, target: Type) -> int:
    return (source[0] - source[1]) - (target[0] - target[1])


def random_type(rng: random.Random, widest: int) -> Type:
    width = rng.randint(1, widest)
    integer = rng.choice([width, 0, rng.randint(-3, width + 3), rng.randint(0, width)])
    return width, integer, rng.random() < 0.6


def random_pair(rng: random.Random, widest: int) -> tuple[Type, Type]:
    """C-simulation aborts where a cast drops more bits than its source has: such pairs are drawn again."""
    while True:
        source, target = random_type(rng, widest), random_type(rng, widest)
        if dropped(source, target) <= source[0] and abs(dropped(source, target)) < 60:
            return source, target


def entries(seed: int, small: int, wide: int) -> list[str]:
    rng = random.Random(seed)
    rows = []
    for _ in range(small):
        source, target = random_pair(rng, 6)
        rows += [(source, target, q, o) for q in range(7) for o in range(4)]
    for _ in range(wide):
        source, target = random_pair(rng, 64)
        rows.append((source, target, rng.randrange(7), rng.randrange(4)))
    return [
        f"ROW({a[0]}, {a[1]}, {str(a[2]).lower()}, {b[0]}, {b[1]}, {str(b[2]).lower()}, {ROUND[q]}, {OVERFLOW[o]}),"
        for a, b, q, o in rows
    ]


if __name__ == "__main__":
    seed, small, wide = map(int, sys.argv[1:4])
    Path(sys.argv[4]).write_text("\n".join(entries(seed, small, wide)) + "\n")
