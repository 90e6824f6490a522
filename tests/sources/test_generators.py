"""Generated crossings depend on the seed and the crossing alone, and follow the declared distributions."""

from __future__ import annotations

from collections.abc import Callable
from math import exp
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bxnn import InputError
from bxnn.sources import (
    ArraySource,
    FillingScheme,
    Injection,
    Objects,
    PileupProfile,
    Prefetch,
    Replay,
    Signal,
    Source,
    Synthetic,
)
from bxnn.sources.counter_random import Discrete, Draws, below, poisson

POOL = ArraySource({"x": np.arange(700).reshape(100, 7)})
LABELS = np.arange(100) // 2 * 2 + 10  # 10, 10, 12, 12, ... 108, 108
SCHEME = FillingScheme.parse("3*(20b 5e) 3489e")
PROFILE = PileupProfile(50.0, lifetime=0.5)


def replay() -> Source:
    return Replay(POOL, SCHEME, count=1000)


def at_random() -> Source:
    return Replay(POOL, SCHEME, seed=1, count=1000)


def by_pileup() -> Source:
    return Replay(POOL, SCHEME, seed=1, count=1000, pileup=PROFILE, labels=LABELS)


def synthetic() -> Source:
    return Synthetic(PROFILE, SCHEME, seed=2, count=1000)


def injected() -> Source:
    signal = ArraySource({"x": -np.arange(70).reshape(10, 7)})
    return Injection(at_random(), [Signal(signal, 0.1), Signal(POOL, 0.2)], seed=3)


def injected_into_events_without_crossing() -> Source:
    return Injection(ArraySource({"x": np.zeros((1000, 7), int)}), [Signal(POOL, 0.5)], seed=3)


def prefetched() -> Source:
    return Prefetch(injected(), 2)


GENERATORS = [
    replay,
    at_random,
    by_pileup,
    synthetic,
    injected,
    injected_into_events_without_crossing,
    prefetched,
]


def joined(source: Source, size: int, start: int = 0) -> dict[str, Any]:
    chunks = list(source.chunks(size, start))
    for chunk in chunks:
        assert len({len(array) for array in chunk.values()}) == 1
        assert all(a.flags.c_contiguous and 0 < len(a) <= size for a in chunk.values())
        assert {n: (c.shape[1:], c.dtype) for n, c in chunk.items() if n in source.inputs} == source.inputs
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


@pytest.mark.parametrize("make", GENERATORS)
@settings(max_examples=15, deadline=None)
@given(size=st.integers(1, 1500), start=st.integers(0, 999))
def test_any_range_gives_the_same_events(make: Callable[[], Source], size: int, start: int) -> None:
    expected, found = joined(make(), 1000), joined(make(), size, start)
    assert list(expected) == list(found)
    for name, array in expected.items():
        assert len(array) == 1000
        assert np.array_equal(array[start:], found[name])
        assert found[name].dtype == array.dtype


@pytest.mark.parametrize("make", GENERATORS)
def test_ends_and_refusals(make: Callable[[], Source]) -> None:
    assert list(make().chunks(10, 1000)) == []
    with pytest.raises(InputError, match="cannot skip 1001 events: the source has 1000"):
        list(make().chunks(10, 1001))
    with pytest.raises(InputError, match="chunk size of at least 1"):
        list(make().chunks(0))
    with pytest.raises(InputError, match="of at least 0"):
        list(make().chunks(1, -1))


@pytest.mark.parametrize("make", [replay, at_random, by_pileup, synthetic, injected])
def test_crossings_are_those_of_the_scheme(make: Callable[[], Source]) -> None:
    crossing = joined(make(), 300)["crossing"]
    assert crossing.dtype == np.uint64
    assert np.array_equal(crossing, SCHEME.crossing_of(np.arange(1000)))


def test_replay_in_order_is_without_copies() -> None:
    chunks = [chunk["x"] for _, chunk in zip(range(4), Replay(POOL).chunks(60), strict=False)]
    assert [len(chunk) for chunk in chunks] == [60, 40, 60, 40]
    assert all(np.shares_memory(chunk, POOL.arrays["x"]) for chunk in chunks)


def test_seeds_differ() -> None:
    x = [joined(Replay(POOL, seed=seed, count=500), 500)["x"] for seed in (1, 1, 2)]
    assert np.array_equal(x[0], x[1])
    assert (x[0] != x[2]).any(axis=1).mean() > 0.9


def test_every_event_of_the_pool_is_as_likely() -> None:
    drawn = joined(Replay(POOL, seed=5, count=100_000), 10_000)["x"][:, 0] // 7
    counts = np.bincount(drawn, minlength=100)
    assert ((counts - 1000) ** 2 / 1000).sum() == pytest.approx(99, abs=5 * np.sqrt(2 * 99))


def test_pileup_chooses_the_nearest_label() -> None:
    source = Replay(POOL, SCHEME, seed=1, count=2000, pileup=PROFILE, labels=LABELS)
    events = joined(source, 500)
    numbers = PROFILE.interactions(1, events["crossing"])
    assert numbers.min() < 30 and numbers.max() > 60
    nearest = [min(LABELS, key=lambda label: (abs(label - n), label)) for n in numbers]
    assert LABELS[events["x"][:, 0] // 7].tolist() == nearest
    assert len(set(events["x"][:, 0] % 2)) == 2  # both events of a label


def test_more_pileup_than_any_event_has() -> None:
    source = Replay(POOL, seed=1, count=50, pileup=PileupProfile(255), labels=LABELS)
    assert set(joined(source, 50)["x"][:, 0] // 14) == {49}


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 255), st.integers(0, 2**64 - 1))
def test_poisson(mean: float, seed: int) -> None:
    n = 20_000
    crossings = np.arange(n, dtype=np.uint64)
    numbers = PileupProfile(mean).interactions(seed, crossings)
    error = max(np.sqrt(mean / n), 1 / n)
    assert numbers.min() >= 0
    assert abs(numbers.mean() - mean) < 6 * error + 1 / 512
    if mean > 1:
        assert numbers.var() == pytest.approx(mean, rel=0.08)


def test_poisson_of_small_means_is_exact() -> None:
    """Frequencies against the formula, for a mean that is the sum of both tables."""
    n, mean = 1 << 20, 1.5
    bits = Draws(9, 1, np.arange(n)).bits(0)[:, 0]
    counts = np.bincount(poisson(np.full(n, 384), bits), minlength=12)[:8]
    factorial = [1, 1, 2, 6, 24, 120, 720, 5040]
    expected = np.array([n * exp(-mean) * mean**k / factorial[k] for k in range(8)])
    assert ((counts - expected) ** 2 / expected).sum() < 30


def test_profiles() -> None:
    orbit, second = 3564, 11_246 * 3564
    crossings = np.array([0, 1, orbit, 10 * second, 20 * second], np.uint64)
    bunches = [10.0] + [20.0] * 3563
    assert (PileupProfile(bunches).steps(crossings) / 256).tolist() == [10, 20, 10, 10, 10]
    decaying = PileupProfile(100.0, lifetime=10.0).steps(crossings) / 256
    assert decaying == pytest.approx([100, 100, 100, 100 * exp(-1), 100 * exp(-2)], rel=0.04)
    levelled = PileupProfile(10.0, levels=[(0, 1.0), (10, 3.0), (15, 2.0)]).steps(crossings) / 256
    assert levelled == pytest.approx([10, 10, 10, 30, 20], rel=0.04)


def test_discrete_has_exact_thresholds() -> None:
    """Every 32-bit number around a threshold falls on its side."""
    weights = [1.0, 2.0, 0.0, 5.0, 1e-6, 3.0]
    edges = [round(sum(weights[: i + 1]) / sum(weights) * 2**32) for i in range(len(weights) - 1)]
    near = sorted({edge + d for edge in edges for d in range(-2, 3)} | {0, 2**32 - 1})
    drawn = Discrete([weights]).draw(np.array(near, np.uint64) << np.uint64(32))
    assert drawn.tolist() == [sum(edge <= number for edge in edges) for number in near]


@given(st.integers(1, 2**32))
def test_below(limit: int) -> None:
    ends = below(np.array([0, 2**64 - 1], np.uint64), limit)
    assert ends.tolist() == [0, (2**32 - 1) * limit >> 32] and ends[1] < limit


def test_bits_of_draws() -> None:
    """As many ones as zeros in every bit, and no pair of bits, crossings or draws goes together."""
    bits = Draws(1, 2, np.arange(1 << 14)).bits(0, 4)
    ones = np.unpackbits(bits.view(np.uint8).reshape(len(bits), -1), axis=1).astype(float)
    assert abs(ones.mean(axis=0) - 0.5).max() < 5 / 2 / np.sqrt(len(ones))
    correlation = np.corrcoef(ones.T) - np.eye(ones.shape[1])
    assert abs(correlation).max() < 6 / np.sqrt(len(ones))
    assert abs(np.corrcoef(ones[:-1, 0], ones[1:, 0])[0, 1]) < 5 / np.sqrt(len(ones))
    assert len(np.unique(bits)) == bits.size


def test_draws_are_those_of_splitmix64() -> None:
    """Against the generator's definition in Python integers."""

    def mix(z: int) -> int:
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return z ^ z >> 31

    gamma, crossing = 0x9E3779B97F4A7C15, 2**40 + 12345
    base = mix((crossing * gamma + mix((mix(7) + 3 * gamma) % 2**64)) % 2**64)
    expected = [mix((base + (i + 1) * gamma) % 2**64) for i in range(5)]
    assert Draws(7, 3, [crossing]).bits(0, 5).tolist() == [expected]
    assert Draws(7, 3, [crossing]).bits(3, 2).tolist() == [expected[3:]]


def test_synthetic_objects() -> None:
    events = next(Synthetic(PileupProfile(50.0), seed=1).chunks(50_000))["objects"].astype(int)
    assert events.shape == (50_000, 19, 3) and events.dtype == int
    pt, eta, phi = np.moveaxis(events, 2, 0)
    assert (events[pt == 0] == 0).all()
    for first, last in ((1, 5), (5, 9), (9, 19)):
        assert (np.diff(pt[:, first:last], axis=1) <= 0).all()
    assert (pt[:, 0] > 0).all() and (eta[:, 0] == 0).all()
    assert abs(eta[:, 9:]).max() == 65 and phi[:, 9:].max() == 143 and phi[:, 5:9].max() == 575
    jets = phi[:, 9:][pt[:, 9:] > 0]
    counts = np.bincount(jets, minlength=144)
    assert ((counts - counts.mean()) ** 2 / counts.mean()).sum() == pytest.approx(143, abs=5 * np.sqrt(286))
    assert (pt[:, 5:9] > 0).sum(axis=1).mean() == pytest.approx(50 * 0.0012, rel=0.1)


def test_multiplicity_rises_with_pileup() -> None:
    collections = (Objects(8, [1.0], 7, 0, 1, per_interaction=0.05),)
    sources = [Synthetic(PileupProfile(m), seed=1, collections=collections) for m in (0.0, 20.0, 60.0)]
    mean = [(next(s.chunks(20_000))["objects"][:, :, 0] == 7).sum(axis=1).mean() for s in sources]
    assert mean == pytest.approx([0, 1, 3], rel=0.05, abs=1e-9)


def test_signals_are_injected_where_truth_says() -> None:
    background = joined(at_random(), 1000)["x"]
    events = joined(injected(), 100)
    truth, x = events["truth"], events["x"]
    assert truth.dtype == np.uint8
    assert np.array_equal(x[truth == 0], background[truth == 0])
    assert (x[truth == 1][:, 1:] < 0).all() and (x[truth == 2][:, 1:] > 0).all()
    share = np.bincount(truth, minlength=3) / 1000
    assert share == pytest.approx([0.7, 0.1, 0.2], abs=5 * 0.0145)
    assert np.array_equal(POOL.arrays["x"], np.arange(700).reshape(100, 7))  # the pool stays what it was


def test_all_and_none_are_signals() -> None:
    for fraction, expected in ((0.0, {0}), (1.0, {1})):
        source = Injection(at_random(), [Signal(POOL, fraction)], seed=3)
        assert set(joined(source, 100)["truth"]) == expected


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: Replay(ArraySource({"x": np.empty((0, 2))})), "at least one event"),
    (lambda: Replay(Replay(POOL)), "known length"),
    (lambda: Replay(POOL, labels=LABELS), "needs labels and a seed"),
    (lambda: Replay(POOL, pileup=PROFILE, labels=LABELS), "needs labels and a seed"),
    (lambda: Replay(POOL, pileup=PROFILE, seed=1), "needs labels and a seed"),
    (lambda: Replay(POOL, pileup=PROFILE, seed=1, labels=LABELS[:5]), "each of 100 events"),
    (lambda: Replay(POOL, pileup=PROFILE, seed=1, labels=-LABELS), "at least 0"),
    (lambda: Replay(POOL, pileup=PROFILE, seed=1, labels=LABELS * 10_000), "below 65,536"),
    (lambda: next(Replay(POOL, seed=-1).chunks(1)), "seed"),
    (lambda: PileupProfile(256.0), "means of 0 to 255"),
    (lambda: PileupProfile(-1.0), "means of 0 to 255"),
    (lambda: PileupProfile(float("nan")), "means of 0 to 255"),
    (lambda: PileupProfile([1.0, 2.0]), "1 mean or 3564, got 2"),
    (lambda: PileupProfile(1.0, lifetime=0.0), "lifetime"),
    (lambda: PileupProfile(1.0, lifetime=1.0, levels=[(0, 1)]), "no levels beside it"),
    (lambda: PileupProfile(1.0, levels=[(1, 1), (0, 1)]), "rising times"),
    (lambda: PileupProfile(200.0, levels=[(0, 2)]), "means of 0 to 255"),
    (lambda: Objects(0, [1.0], 1, 1, 1), "slots"),
    (lambda: Objects(1, [1.0] * 4096, 1, 1, 1), "pT up to 4095"),
    (lambda: Synthetic(PROFILE, seed=1, collections=[Objects(1, [0.0], 1, 1, 1)]), "relative frequencies"),
    (lambda: Injection(POOL, [], 1), "1 to 255 signals"),
    (lambda: Injection(POOL, [Signal(POOL, 0.6), Signal(POOL, 0.6)], 1), "0 to 1 in all"),
    (lambda: Injection(POOL, [Signal(ArraySource({"x": np.ones((5, 2))}), 0.1)], 1), "signal 1: expected"),
    (lambda: next(Injection(injected(), [Signal(POOL, 0.1)], 1).chunks(5)), "signals in it already"),
    (lambda: Prefetch(POOL, 0), "depth of at least 1"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_refusals(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_combinations_of_hash_thresholds_are_independent() -> None:
    """That an event is drawn says nothing of whether it becomes a signal."""
    crossings = np.arange(1 << 16)
    a, b = (Draws(1, purpose, crossings).bits(0)[:, 0] >> np.uint64(63) for purpose in (2, 3))
    n = len(crossings)
    assert abs(int((a & b).sum()) - n / 4) < 5 * np.sqrt(n * 3 / 16)
