"""Fractions of a menu against every way in which prescales can choose."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bxnn import InputError
from bxnn.study.menus import MenuCounts
from bxnn.study.rates import fraction

NAMES = ("a", "b", "c")
PRESCALES = (Fraction(1), Fraction(4), Fraction(5, 2))
word_lists = st.lists(st.integers(0, 7), min_size=1, max_size=30)


def outcomes(word: int, prescales: tuple[Fraction, ...]) -> Iterator[tuple[set[str], Fraction]]:
    """Every set of seeds that may keep the event, with its probability."""
    for kept in itertools.product((False, True), repeat=3):
        chance = [
            (1 / p if k else 1 - 1 / p) if word >> s & 1 and p else Fraction(not k)
            for s, (k, p) in enumerate(zip(kept, prescales, strict=True))
        ]
        yield {NAMES[s] for s in range(3) if kept[s]}, prod(chance, start=Fraction(1))


def expected(words: list[int], prescales: tuple[Fraction, ...], event: object) -> float:
    total = sum((c for w in words for kept, c in outcomes(w, prescales) if event(kept)), Fraction())  # type: ignore[operator]
    return float(total / len(words))


@settings(deadline=None)
@given(word_lists, st.sampled_from([PRESCALES, (Fraction(1),) * 3, (Fraction(3), Fraction(0), Fraction(1))]))
def test_fractions_are_means_over_all_choices(words: list[int], prescales: tuple[Fraction, ...]) -> None:
    counts = MenuCounts(NAMES, prescales)
    counts.fill(np.array(words))
    found = counts.summary()
    for s, name in enumerate(NAMES):
        seed = found.seeds[s]
        assert counts.fired[s] == sum(w >> s & 1 for w in words)
        assert seed.fired.value == pytest.approx(counts.fired[s] / len(words))
        assert seed.kept.value == pytest.approx(expected(words, prescales, lambda kept, n=name: n in kept))
        assert seed.pure.value == pytest.approx(expected(words, prescales, lambda kept, n=name: kept == {n}))
        for r, other in enumerate(NAMES):
            pair = expected(words, prescales, lambda kept, p={name, other}: p <= kept)
            assert found.overlap[s, r] == pytest.approx(pair)
        for interval in (seed.fired, seed.kept, seed.pure):
            assert interval.low <= interval.value + 1e-12 and interval.value <= interval.high + 1e-12
    assert found.total.value == pytest.approx(expected(words, prescales, bool))
    only = expected(words, prescales, lambda kept: bool(kept) and "a" not in kept)
    assert counts.gain(["b", "c"]).value == pytest.approx(only)
    assert counts.accepted(["b", "c"]).value == pytest.approx(
        expected(words, prescales, lambda kept: bool(kept & {"b", "c"}))
    )


@settings(deadline=None)
@given(word_lists, word_lists)
def test_merging_is_filling(first: list[int], second: list[int]) -> None:
    a, b, both = (MenuCounts(NAMES) for _ in range(3))
    a.fill(first)
    b.fill(np.array(second, np.uint8))
    a.merge(b)
    both.fill(first + second)
    assert (a.words == both.words).all() and (a.counts == both.counts).all()
    assert dict(zip(both.words.tolist(), both.counts.tolist(), strict=True)) == {
        w: (first + second).count(w) for w in first + second
    }


def test_without_prescales_it_is_counting() -> None:
    counts = MenuCounts(NAMES, PRESCALES)
    counts.fill([0, 1, 3, 2, 0, 0, 0, 4])
    plain = counts.summary(prescaled=False)
    assert plain.total == fraction(4, 8)
    assert [s.pure.value * 8 for s in plain.seeds] == [1, 1, 1]
    assert plain.overlap.tolist() == [[2 / 8, 1 / 8, 0], [1 / 8, 2 / 8, 0], [0, 0, 1 / 8]]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: MenuCounts(()),
        lambda: MenuCounts(("a", "a")),
        lambda: MenuCounts(("a",), (Fraction(1, 2),)),
        lambda: MenuCounts(("a",)).fill([2]),
        lambda: MenuCounts(("a",)).fill([-1]),
        lambda: MenuCounts(("a",)).fill([0.5]),
        lambda: MenuCounts(("a",)).merge(MenuCounts(("b",))),
        lambda: MenuCounts(("a",)).accepted(["b"]),
        lambda: MenuCounts(("a",)).summary(),
    ],
)
def test_refusals(wrong: object) -> None:
    with pytest.raises(InputError):
        wrong()  # type: ignore[operator]
