"""Histograms against counting in Python integers, over the whole range of 64 bits."""

from __future__ import annotations

import csv
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bxnn import InputError, histogram
from bxnn.histogram import Histogram, bin_bounds, bin_number

LEAST, MOST = -(2**63), 2**63 - 1
near_powers = st.builds(
    lambda e, d, sign: max(LEAST, min(MOST, sign * (2**e + d))),
    st.integers(0, 63),
    st.integers(-2, 2),
    st.sampled_from((1, -1)),
)
values = st.one_of(st.integers(LEAST, MOST), st.integers(-50, 50), near_powers)
bits = st.integers(2, 9)


def bin_by_definition(v: int, b: int) -> int:
    if v < 0:
        return -1 - bin_by_definition(-1 - v, b)
    if v < 2**b:
        return v
    s = v.bit_length() - 1 - b + 1
    return (s << (b - 1)) + (v >> s)


def edges_near(h: Histogram) -> list[int]:
    """The edges at both sides of every filled bin; at all others nothing changes."""
    filled = h.counts > 0
    return sorted({*h.upper()[filled].tolist(), *(int(v) - 1 for v in h.lower()[filled])})


@given(st.lists(values, min_size=1), st.integers(2, 24))
def test_bin_numbers_are_those_of_the_definition(vs: list[int], b: int) -> None:
    assert bin_number(np.array(vs), b).tolist() == [bin_by_definition(v, b) for v in vs]


@given(values, st.integers(2, 24))
def test_bounds_enclose_exactly_the_values_of_a_bin(v: int, b: int) -> None:
    k = bin_number(np.array([v]), b)
    lower, upper = (int(bound[0]) for bound in bin_bounds(k, b))
    assert lower <= v <= upper
    assert bin_by_definition(lower, b) == bin_by_definition(upper, b) == int(k[0])
    assert lower == LEAST or bin_by_definition(lower - 1, b) == int(k[0]) - 1
    assert upper == MOST or bin_by_definition(upper + 1, b) == int(k[0]) + 1


@settings(deadline=None)
@given(st.lists(values, min_size=1), bits, st.one_of(values, st.just(LEAST - 1), st.just(MOST + 1)))
def test_counts_above_a_threshold(vs: list[int], b: int, t: int) -> None:
    h = Histogram.of(vs, b)
    above = h.above(t)
    assert above.least <= sum(v > t for v in vs) <= above.most
    for edge in edges_near(h):
        exact = h.above(edge)
        assert exact.exact and exact.least == sum(v > edge for v in vs)
    assert h.total == len(vs) == sum(h.counts.tolist())


@settings(deadline=None)
@given(st.lists(values, min_size=1, max_size=30), bits, st.integers(0, 35), st.fractions(0, 1))
def test_thresholds_and_quantiles_are_the_smallest_edges(
    vs: list[int], b: int, allowed: int, q: Fraction
) -> None:
    h = Histogram.of(vs, b)
    edges = edges_near(h)
    assert h.threshold_for(count=allowed) == next(e for e in edges if sum(v > e for v in vs) <= allowed)
    share = floor(q * len(vs))
    assert h.threshold_for(fraction=q) == next(e for e in edges if sum(v > e for v in vs) <= share)
    needed = max(1, ceil(q * len(vs)))
    assert h.quantile(q) == next(e for e in edges if sum(v <= e for v in vs) >= needed)


@given(st.lists(st.integers(-4095, 4095), min_size=1), st.integers(0, 40))
def test_small_values_are_exact(vs: list[int], allowed: int) -> None:
    h = Histogram.of(vs)
    smallest = next(t for t in range(min(vs) - 1, 4096) if sum(v > t for v in vs) <= allowed)
    assert h.threshold_for(count=allowed) == smallest
    assert all(h.above(t).exact for t in vs)


@settings(deadline=None)
@given(st.lists(values), st.lists(values), st.lists(values), bits)
def test_merging_is_associative_and_the_same_as_filling(
    a: list[int], b: list[int], c: list[int], n: int
) -> None:
    ha, hb, hc = (Histogram.of(np.array(v, np.int64), n) for v in (a, b, c))
    together = Histogram.of(np.array(a + b + c, np.int64), n)
    assert (ha + hb) + hc == ha + (hb + hc) == hc + hb + ha == together
    ha.merge(hb)
    ha.fill(np.array(c, np.int64))
    assert ha == together


def test_counts_reach_two_to_the_64_less_one() -> None:
    half = Histogram(12, 5, np.array([2**63], np.uint64))
    more = Histogram(12, 6, np.array([2**63 - 1], np.uint64))
    full = half + more
    assert full.total == 2**64 - 1 and full.above(5).least == 2**63 - 1
    assert full.threshold_for(count=2**63 - 1) == 5 and full.quantile(1) == 6
    with pytest.raises(InputError, match=r"fewer than 2\*\*64"):
        full + Histogram.of([1])
    with pytest.raises(InputError, match=r"fewer than 2\*\*64"):
        half + half


def test_edges_are_exact_at_both_ends() -> None:
    h = Histogram.of([LEAST, MOST, 0], 4)
    assert [int(e) for e in h.edges()] == [*h.lower().tolist(), 2**63]


def test_many_values_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    vs = np.random.default_rng(3).integers(-(10**6), 10**9, 10_000)
    whole = Histogram.of(vs)
    monkeypatch.setattr(histogram, "_FILL_AT_ONCE", 77)
    assert Histogram.of(vs.reshape(100, 100)) == whole


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Histogram(1),
        lambda: Histogram(25),
        lambda: Histogram.of([1.5]),
        lambda: Histogram.of(np.array([2**63], np.uint64)),
        lambda: Histogram(12, 0, np.array([-1])),
        lambda: Histogram(12, 0, np.array([0.5])),
        lambda: Histogram(2, 1000, np.array([1])),
        lambda: Histogram(2) + Histogram(3),
        lambda: Histogram().threshold_for(count=0),
        lambda: Histogram.of([1]).threshold_for(),
        lambda: Histogram.of([1]).threshold_for(count=-1),
        lambda: Histogram.of([1]).quantile(1.1),
        lambda: Histogram.from_arrays({"bits": 3}),
    ],
)
def test_refusals(wrong: object) -> None:
    with pytest.raises(InputError):
        wrong()  # type: ignore[operator]


def test_files(tmp_path: Path) -> None:
    both = {"score": Histogram.of([-70000, 3, 3, 10**12]), "empty/one": Histogram(5)}
    histogram.save(tmp_path / "h.npz", both)
    assert histogram.load(tmp_path / "h.npz") == both
    both["score"].to_csv(tmp_path / "h.csv")
    rows = list(csv.reader((tmp_path / "h.csv").open()))
    assert rows[0] == ["lower", "upper", "count"] and ["3", "3", "2"] in rows and len(rows) == 4
    (tmp_path / "no.npz").write_bytes(b"no")
    with pytest.raises(InputError):
        histogram.load(tmp_path / "no.npz")


def test_root_file(tmp_path: Path) -> None:
    uproot = pytest.importorskip("uproot")
    h = Histogram.of([-70000, 3, 3, 10**12, MOST])
    histogram.write_root(tmp_path / "h.root", {"score": h})
    with uproot.open(tmp_path / "h.root") as file:
        counts, edges = file["score"].to_numpy()
        assert file["score"].classname == "TH1D"
    assert (edges == h.edges()).all() and (counts == h.counts.astype(float)).all()
