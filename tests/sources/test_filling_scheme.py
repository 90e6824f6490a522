"""Filling schemes: the notation of trains, files, and the numbers of crossings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bxnn import InputError
from bxnn.sources import BUNCHES_PER_ORBIT, REVOLUTION_FREQUENCY, FillingScheme

SCHEMES = [
    FillingScheme.full(),
    FillingScheme.lhc(),
    FillingScheme.parse("1b 3563e"),
    FillingScheme.parse("2*(9e 3b) 3540e"),
]
CROSSINGS = st.integers(0, 2**50)


def test_nominal_scheme() -> None:
    scheme = FillingScheme.lhc()
    assert scheme.bunches == 2808
    changes = np.flatnonzero(np.diff(scheme.filled.astype(int), prepend=0, append=0))
    lengths = np.diff(changes)
    assert (lengths[::2] == 72).all() and len(lengths[::2]) == 39
    assert set(lengths[1::2]) == {8, 38, 39}
    assert BUNCHES_PER_ORBIT - changes[-1] == 119  # the abort gap ends the orbit
    assert scheme.crossing_rate == 2808 * REVOLUTION_FREQUENCY == pytest.approx(31.577e6, rel=1e-4)


def test_notation() -> None:
    scheme = FillingScheme.parse(" 2*( 2b1e 2 * (1b 1e)) 3550e")
    expected = "11010101101010" + "0" * 3550
    assert "".join(map(str, scheme.filled.astype(int))) == expected
    assert FillingScheme.parse("(1b) 3563e") == FillingScheme.parse("1b 3000e 563e") != FillingScheme.full()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("72b 8e", "expected 3564 bunch crossings, got 80"),
        ("3564e", "at least one filled"),
        ("3564b", "abort gap of at least 119 .* has 0"),
        ("60e 3446b 58e", "abort gap .* has 118"),
        ("", "expected 3564 bunch crossings, got 0"),
        ("3*72b", "character 3: expected '\\(' behind a factor"),
        ("3*", "expected '\\(' behind a factor"),
        ("72b) 8e", "character 4: expected a '\\(' for this '\\)'"),
        ("(72b 8e", "expected '\\)'"),
        ("72x", "character 1: expected '72b'"),
        ("72b -8e", "character 4"),
        ("99999999999999999999b", "more than 3564"),
        ("9999*(9999*(1b))", "more than 3564"),
        ("3564*(3564*(3564*(1b 1e)))", "more than 3564"),
        ("(" * 100_000, "expected '\\)'"),
    ],
)
def test_refused_notation(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        FillingScheme.parse(text)


def test_gap_may_lie_across_the_start_of_the_orbit() -> None:
    assert FillingScheme.parse("60e 3445b 59e").bunches == 3445


def test_files(tmp_path: Path) -> None:
    scheme, path = FillingScheme.lhc(), tmp_path / "scheme.txt"
    path.write_text("# bx\n" + "\n".join(map(str, np.flatnonzero(scheme.filled))) + " # the last\n")
    assert FillingScheme.from_file(path) == scheme
    path.write_text(",".join(map(str, scheme.filled.astype(int))))
    assert FillingScheme.from_file(path) == scheme


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2 3564", "different bx of 0..3563.*up to 3564; subtract 1"),
        ("1 2 2", "3 of which 2 differ"),
        ("1 two", "got 'two'"),
        ("", "got ''"),
        ("-1", "got '-1'"),
        (" ".join(["1"] * 3564), "abort gap"),
    ],
)
def test_refused_files(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "scheme.txt").write_text(text)
    with pytest.raises(InputError, match=f"scheme.txt: .*{message}"):
        FillingScheme.from_file(tmp_path / "scheme.txt")


def test_unreadable_files(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\0")
    for name in ("binary", "none", "."):
        with pytest.raises(InputError, match="not a readable filling scheme"):
            FillingScheme.from_file(tmp_path / name)


def test_of_an_array() -> None:
    for wrong in (np.ones(3563, bool), np.ones(3564, int), np.zeros(3564, bool)):
        with pytest.raises(InputError, match="a filling scheme: expected"):
            FillingScheme(wrong)
    filled = np.arange(3564) < 3
    scheme = FillingScheme(filled)
    filled[:] = False
    assert scheme.bunches == 3 and scheme.filled.sum() == 3


@given(st.sampled_from(SCHEMES), st.lists(CROSSINGS, min_size=1, max_size=20))
def test_crossings_and_their_numbers(scheme: FillingScheme, numbers: list[int]) -> None:
    crossings = scheme.crossing_of(numbers)
    assert crossings.dtype == np.uint64
    bx = np.flatnonzero(scheme.filled)
    expected = [n // scheme.bunches * 3564 + int(bx[n % scheme.bunches]) for n in numbers]
    assert crossings.tolist() == expected
    assert scheme.filled_before(crossings).tolist() == numbers
    assert scheme.is_filled(crossings).all()
    assert int(scheme.crossing_of(numbers[0])) == expected[0]


@given(st.sampled_from(SCHEMES), st.integers(0, 20_000), st.integers(0, 20_000))
def test_empty_between(scheme: FillingScheme, first: int, span: int) -> None:
    expected = sum(not scheme.filled[c % 3564] for c in range(first, first + span))
    assert int(scheme.empty_between(first, first + span)) == expected
    assert expected + int(scheme.filled_before(first + span) - scheme.filled_before(first)) == span


def test_numbers_that_are_none() -> None:
    scheme = FillingScheme.lhc()
    with pytest.raises(InputError, match="at least 0"):
        scheme.crossing_of([-1])
    with pytest.raises(InputError, match="expected integers"):
        scheme.crossing_of(np.array([1.0]))
    with pytest.raises(InputError, match="first <= last"):
        scheme.empty_between(2, 1)
