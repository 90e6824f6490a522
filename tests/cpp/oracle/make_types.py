"""Writes the pairs of types whose casts are compared, as C++ for the vendors' ap_types headers.

    python make_types.py HEADERS FOLDER --seed S

ap_fixed is a template, and each pair of types costs the compiler 15 ms for each of its 28 modes. So a copy of
ap_fixed_base.h is made in which comparisons with the mode parameters become comparisons with two variables:
`ap_fixed_base` of that copy, renamed, gives all modes from one pair. A last file has random pairs with the
header as it is, which shows that the copy computes the same.
"""

from __future__ import annotations

import argparse
import random
import re
from pathlib import Path

ROUNDS = ["AP_TRN", "AP_TRN_ZERO", "AP_RND", "AP_RND_ZERO", "AP_RND_INF", "AP_RND_MIN_INF", "AP_RND_CONV"]
OVERFLOWS = ["AP_WRAP", "AP_SAT", "AP_SAT_ZERO", "AP_SAT_SYM"]

Type = tuple[int, int, bool]  # width, integer, signed


def modes_at_run_time(headers: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = (headers / "ap_fixed_base.h").read_text()
    text, count = re.subn(r"\b_AP_([QO]) (==|!=)", r"oracle_\1 \2", text)
    if count < 20:
        raise SystemExit(f"{headers}/ap_fixed_base.h is not as expected: {count} comparisons of modes")
    text = "inline int oracle_Q = 0, oracle_O = 0;\n" + text
    write(folder / "ap_fixed_base.h", text)


def narrow_pairs() -> list[tuple[Type, Type]]:
    """All widths up to 5 and all shifts up to 6, at various distances of the point from the bits."""
    pairs: list[tuple[Type, Type]] = []
    for w1 in range(1, 6):
        for w2 in range(1, 6):
            for signs in range(4):
                for shift in range(-6, 7):
                    i1 = w1 + (len(pairs) * 7) % 19 - 9
                    i2 = w2 - (w1 - i1 - shift)
                    pairs.append(((w1, i1, bool(signs & 1)), (w2, i2, bool(signs & 2))))
    return pairs


def wide_pairs(rng: random.Random, count: int) -> list[tuple[Type, Type]]:
    """Random pairs over a few widths: a new width costs the compiler more than a new pair."""
    special = [1, 2, 7, 8, 9, 15, 16, 17, 18, 31, 32, 33, 48, 62, 63, 64]
    widths = rng.sample(special, 4) + rng.sample(range(6, 62), 3)
    pairs: list[tuple[Type, Type]] = []
    for _ in range(count):
        w1, w2 = rng.choice(widths), rng.choice(widths)
        f1 = rng.randint(-10, w1 + 10)
        shift = rng.choice([rng.randint(-6, 6), rng.randint(-w2 - 2, w1 + 2), w1 - w2 + rng.randint(-3, 3)])
        pairs.append(((w1, w1 - f1, rng.random() < 0.6), (w2, w2 - (f1 - shift), rng.random() < 0.6)))
    return pairs


def number(value: Type) -> str:
    return f"{value[0]}, {value[1]}, {'true' if value[2] else 'false'}"


def source(name: str, pairs: list[tuple[Type, Type]], rng: random.Random | None) -> str:
    """One file; with rng, fixed random modes and the header as it is."""
    lines = ['#include "casts.hpp"\n', f"const std::vector<oracle::Pair> oracle::{name} = {{"]
    for x, y in pairs:
        modes = f", {rng.choice(ROUNDS)}, {rng.choice(OVERFLOWS)}" if rng else ""
        lines.append(f"    pair<{number(x)}, {number(y)}{modes}>(),")
    return "\n".join([*lines, "};", ""])


def write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("headers", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    modes_at_run_time(args.headers, args.folder / "run_time")
    write(args.folder / "narrow.cpp", source("narrow", narrow_pairs(), None))
    for name in ("wide1", "wide2", "wide3"):
        write(args.folder / f"{name}.cpp", source(name, wide_pairs(rng, 160), None))
    write(args.folder / "plain.cpp", source("plain", wide_pairs(rng, 150), rng))


if __name__ == "__main__":
    main()
