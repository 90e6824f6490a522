"""Streams from Python: decisions against plain integers, sources of all kinds, versions, saving."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bxnn import InputError, ModelFileError, _core
from bxnn.document import package_file
from bxnn.histogram import Histogram
from bxnn.menu import Menu
from bxnn.sources import ArraySource, FillingScheme, IterableSource, Replay
from bxnn.stream import Books, SharedRing, StageSetup, Stream
from bxnn.stream.engine import Taker, keep_below
from tests.stream.trigger import Expected, expected, prescale_hash

SCHEMES = {"all": FillingScheme.full(), "lhc": FillingScheme.lhc()}


@cache
def menus() -> tuple[Menu, Menu]:
    return Menu.load("package:l1_anomaly.yml"), Menu.load("package:hlt_anomaly.yml")


@cache
def zero_bias() -> NDArray[np.int16]:
    with np.load(package_file("l1_events.npz")) as sample:
        return sample["zerobias_objs"]


def small_menu(threshold: int = 100, prescale: str = "3", dead_time: str = "") -> Menu:
    return Menu.parse(
        "menu: small\n"
        'inputs: {x: {shape: [4, 2], format: "ap_int<16>"}}\n'
        "objects: {o: {input: x, first: 0, count: 4, fields: [a, b]}}\n"
        "seeds:\n"
        f'  - {{name: first, cut: "o[0].a > {threshold}"}}\n'
        f'  - {{name: wide, cut: "any(o, a > 150 and b < 0)", prescale: {prescale}}}\n'
        '  - {name: total, cut: "sum(o.a) > 300", prescale: 5/2}\n'
        'histograms: ["o[0].b"]\n' + dead_time
    )


def random_events(n: int, seed: int) -> dict[str, NDArray[np.int16]]:
    return {"x": np.random.default_rng(seed).integers(-200, 200, (n, 4, 2)).astype(np.int16)}


def require_equal(books: Books, stages: list[Expected]) -> None:
    assert books.balanced
    for stage, right in zip(books.stages, stages, strict=True):
        counts = stage.counts
        assert counts.processed == right.processed
        assert counts.accepted == len(right.crossings)
        assert counts.dead == right.dead
        for found, wanted in (
            (counts.fired, right.fired),
            (counts.kept, right.kept),
            (counts.pure, right.pure),
        ):
            assert found.tolist() == wanted.tolist()
        assert stage.overlap.tolist() == right.overlap.tolist()
        assert sum(s.processed for s in stage.sections) == counts.processed
        assert sum(s.accepted for s in stage.sections) == counts.accepted


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("one_thread", [True, False])
def test_two_stages_decide_as_plain_integers_do(scheme: str, one_thread: bool) -> None:
    level1, hlt = menus()
    n = 60_000
    pool, crossings = zero_bias(), SCHEMES[scheme].crossing_of(np.arange(n)).tolist()
    index = np.arange(n) % len(pool)
    right1 = expected(level1, {"objects": pool[index]}, crossings)
    passed = pool[index[right1.events]]
    right2 = expected(
        hlt, {"objects": passed}, right1.crossings, right1.words, [s.name for s in level1.seeds]
    )
    stream = Stream(
        ArraySource({"objects": pool}),
        [StageSetup("l1", level1, batch=1000), StageSetup("hlt", hlt, batch=16)],
        repeat=True,
        scheme=SCHEMES[scheme],
        one_thread=one_thread,
        keep_accepted=True,
        section_orbits=2,
    )
    taken: list[Any] = []
    taker = Taker(stream, taken.append)
    books = stream.run(n)
    taker.catch_up()
    taker.close()
    require_equal(books, [right1, right2])
    assert len(right2.crossings) > 10
    assert np.concatenate([a.crossings for a in taken]).tolist() == right2.crossings
    assert np.concatenate([a.kept for a in taken]).tolist() == right2.words
    events = np.concatenate([a.events["objects"] for a in taken])
    assert (events == passed[right2.events]).all()
    scores = level1.decide({"objects": pool}).scores
    for name, histogram in books.stages[0].scores.items():
        assert histogram == Histogram.of(scores[name][index])
    assert books.arrived == n and books.empty == books.next - n


@pytest.mark.parametrize("seed", range(12))
def test_random_streams(seed: int) -> None:
    """Menus, batches, chunks, rules and sources drawn at random; the seed is the parameter."""
    rng = np.random.default_rng(seed)
    rules = [
        f"{{accepts: {rng.integers(1, 4)}, crossings: {rng.integers(4, 40)}}}" for _ in range(rng.integers(3))
    ]
    dead_time = f"dead_time: [{', '.join(rules)}]\n" if rules else ""
    menu = small_menu(int(rng.integers(-50, 190)), str(rng.choice(["1", "2", "7/3", "0", "100"])), dead_time)
    n = int(rng.integers(1, 4000))
    events = random_events(n, seed)
    sparse = np.sort(rng.choice(20 * n, n, replace=False)).astype(np.uint64)
    own = bool(rng.integers(2))
    chunks, at = [], 0
    while at < n:
        size = int(rng.integers(1, 700))
        part = {"x": events["x"][at : at + size]}
        chunks.append(part | {"crossing": sparse[at : at + size]} if own else part)
        at += size
    stream = Stream(
        IterableSource(chunks),
        [
            StageSetup(
                "only",
                menu,
                batch=int(rng.integers(1, 300)),
                ring=int(rng.integers(1, 5)),
                threads=int(rng.integers(1, 3)),
                isa=str(rng.choice(["", "reference", "portable"])),
            )
        ],
        one_thread=bool(rng.integers(2)),
        scheme=SCHEMES["lhc"],
    )
    first = stream.run(n // 3)
    books = stream.run()
    assert first.arrived == n // 3
    crossings = sparse if own else SCHEMES["lhc"].crossing_of(np.arange(n))
    require_equal(books, [expected(menu, events, crossings.tolist())])
    (histogram,) = books.stages[0].scores.values()
    assert histogram == Histogram.of(events["x"][:, 0, 1])


def test_prescales_are_those_of_the_specification() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        number, seed, crossing = (int(x) for x in rng.integers(0, 2**63, 3))
        assert _core.prescale_hash(number, seed, crossing) == prescale_hash(number, seed, crossing)
    assert keep_below(Fraction(1)) == 2**64 - 1
    assert keep_below(Fraction(0)) == 0
    assert keep_below(Fraction(5, 2)) == 2**65 // 5
    kept = np.mean([prescale_hash(1, 2, c) < keep_below(Fraction(10)) for c in range(20_000)])
    assert abs(kept - 0.1) < 5 * (0.09 / 20_000) ** 0.5


@pytest.mark.parametrize("bits", [2, 7, 12])
def test_histograms_of_the_core_are_those_of_python(bits: int) -> None:
    rng = np.random.default_rng(bits)
    values = rng.integers(-(2**63), 2**63 - 1, 500, dtype=np.int64) >> rng.integers(0, 63, 500)
    values = np.concatenate([values, [0, -1, 2**63 - 1, -(2**63)]]).astype(np.int64)
    assert Histogram(*_core.histogram_bins(values, bits)) == Histogram.of(values, bits)


@pytest.mark.parametrize("rate", [3e5, 1e8, 1e11])
def test_with_a_clock_every_crossing_is_processed_or_lost(rate: float) -> None:
    """Lost and processed crossings together are all there were, each once."""
    everything = Menu.parse(
        'menu: all\ninputs: {x: {shape: [4, 2], format: "ap_int<16>"}}\n'
        'objects: {o: {input: x, first: 0, count: 4, fields: [a, b]}}\nseeds: [{name: every, cut: "True"}]\n'
    )
    n = 30_000
    stream = Stream(
        ArraySource(random_events(1000, 1)),
        [StageSetup("l1", everything, batch=64, wait_ns=5000, ring=2)],
        repeat=True,
        rate=rate,
        scheme=SCHEMES["lhc"],
        lag_ns=50_000,
        keep_accepted=True,
    )
    seen: list[int] = []
    slow = rate > 1e10

    def take(accepted: Any) -> None:
        if slow:
            time.sleep(0.001)
        seen.extend(accepted.crossings.tolist())

    taker = Taker(stream, take)
    books = stream.run(n)
    taker.catch_up()
    taker.close()
    assert books.balanced and books.arrived == n
    every = SCHEMES["lhc"].crossing_of(np.arange(n)).tolist()
    lost: list[int] = []
    assert books.accepted is not None
    for link in (books.stages[0].link, books.accepted):
        assert link.more_runs == 0
        for run in link.runs:
            between = every[every.index(run.first) : every.index(run.last) + 1]
            assert len(between) >= run.events
            lost += between if len(between) == run.events else []
        assert int(link.lost_by_bx.sum()) == link.lost == sum(run.events for run in link.runs)
    total = books.stages[0].link.lost + books.accepted.lost
    assert len(seen) + total == n
    assert len(set(seen)) == len(seen) and set(seen) <= set(every)
    if len(lost) == total:
        assert sorted(seen + lost) == every
    if rate == 1e11:
        assert total > 0


def test_a_new_version_begins_with_an_orbit() -> None:
    old, new = small_menu(100), small_menu(150)
    events = random_events(3000, 3)
    stream = Stream(ArraySource(events), [StageSetup("l1", old, batch=700)], repeat=True, one_thread=True)
    stream.run(5000)
    stream.swap("l1", new, orbit=2)
    stream.swap(0, old)  # in the orbit after
    books = stream.run(10_000)
    orbit = 3564
    index = np.arange(15_000) % 3000
    versions = books.stages[0].versions
    assert [v.start for v in versions] == [0, 2 * orbit, 3 * orbit]
    assert [v.counts.processed for v in versions] == [2 * orbit, orbit, 15_000 - 3 * orbit]
    for version, menu, end in zip(versions, (old, new, old), (2 * orbit, 3 * orbit, 15_000), strict=True):
        part = {"x": events["x"][index[version.start : end]]}
        right = expected(menu, part, range(version.start, end))
        assert version.counts.fired.tolist() == right.fired.tolist()
        (histogram,) = version.scores.values()
        assert histogram == Histogram.of(part["x"][:, 0, 1])
    assert books.balanced
    with pytest.raises(InputError, match="rules of dead time"):
        stream.swap("l1", small_menu(dead_time="dead_time: [{accepts: 1, crossings: 9}]\n"))
    with pytest.raises(InputError, match="expected one of the stages l1, got 'l2'"):
        stream.swap("l2", old)
    with pytest.raises(InputError, match="expected an orbit"):
        stream.swap("l1", old, orbit=2**63)
    with pytest.raises(InputError, match="seeds of the one before"):
        text = old.text.replace("name: wide", "name: other")
        stream.swap("l1", Menu.parse(text))


def test_after_a_stop_a_stream_goes_on_without_a_gap() -> None:
    menu, n = small_menu(), 300_000
    events = random_events(n, 12)
    chunks = [{"x": events["x"][at : at + 10_000]} for at in range(0, n, 10_000)]
    stream = Stream(
        IterableSource(chunks), [StageSetup("l1", menu, batch=64)], rate=2e6, scheme=SCHEMES["all"]
    )
    stops = 0
    while stream.books(histograms=False).arrived < n:
        timer = threading.Timer(0.02, stream.stop)
        timer.start()
        before = stream.books(histograms=False).arrived
        stream.run()
        timer.cancel()
        timer.join()
        stops += 0 < stream.books(histograms=False).arrived - before < n
    books = stream.books()
    assert stops > 2 and books.balanced and books.arrived == n
    if books.stages[0].link.lost == 0:
        require_equal(books, [expected(menu, events, range(n))])


def test_a_version_may_change_while_the_stream_runs() -> None:
    stream = Stream(ArraySource(random_events(3000, 3)), [StageSetup("l1", small_menu())], repeat=True)
    thread = threading.Thread(target=lambda: stream.run(3_000_000))
    thread.start()
    for i in range(5):
        stream.swap("l1", small_menu(100 + i))
        time.sleep(0.01)
    thread.join()
    books = stream.books()
    assert books.balanced and books.stages[0].counts.processed == 3_000_000
    assert all(v.start % 3564 == 0 for v in books.stages[0].versions)


def test_a_saved_stream_goes_on() -> None:
    level1, hlt = menus()
    source = Replay(ArraySource({"objects": zero_bias()}), SCHEMES["lhc"], seed=4, count=40_000)

    def make() -> Stream:
        return Stream(source, [StageSetup("l1", level1), StageSetup("hlt", hlt)], scheme=SCHEMES["lhc"])

    whole = make().run()
    state, fingerprint = None, {}
    for part in (7_000, 1, 0, 20_000, None):
        stream = make()
        if state:
            assert stream.fingerprint() == fingerprint
            stream.restore(state)
        books = stream.run(part)
        state, fingerprint = stream.save(), stream.fingerprint()
    for a, b in zip(whole.stages, books.stages, strict=True):
        assert a.scores == b.scores
        assert (a.overlap == b.overlap).all()
        assert a.counts.accepted == b.counts.accepted and a.counts.dead == b.counts.dead
    with pytest.raises(ModelFileError, match="truncated"):
        make().restore(state[:-5])
    other = Stream(source, [StageSetup("l1", level1)], scheme=SCHEMES["lhc"])
    with pytest.raises(ModelFileError, match="stages"):
        other.restore(state)


def test_events_that_do_not_fit_end_the_run_and_are_counted() -> None:
    menu = small_menu()
    events = random_events(10_000, 8)["x"].astype(np.int32)
    events[6_507, 2, 1] = 1 << 20
    stream = Stream(ArraySource({"x": events}), [StageSetup("l1", menu, batch=100)])
    with pytest.raises(
        InputError, match="stage 'l1', orbit 1, bx 2943: input 'x', event 6507 of this stage, element 5"
    ):
        stream.run()
    books = stream.books()
    assert books.balanced
    assert books.stages[0].counts.processed == 6_500
    assert books.stages[0].link.abandoned == books.arrived - 6_500


def test_refusals() -> None:
    level1, hlt = menus()
    pool = ArraySource({"objects": zero_bias()})
    with pytest.raises(InputError, match="requires 'L1_AXO_Tight' of the stage before; there is none"):
        Stream(pool, [StageSetup("hlt", hlt)])
    with pytest.raises(InputError, match="no input 'x'"):
        Stream(pool, [StageSetup("l1", small_menu())])
    with pytest.raises(InputError, match="can be repeated"):
        Stream(IterableSource([{"objects": zero_bias()[:10]}]), [StageSetup("l1", level1)], repeat=True)
    with pytest.raises(InputError, match="no end"):
        Stream(pool, [StageSetup("l1", level1)], repeat=True).run()
    with pytest.raises(InputError, match="threads of its own"):
        Stream(pool, [StageSetup("l1", level1)], rate=1e6, one_thread=True)
    with pytest.raises(InputError, match="section_orbits: expected"):
        Stream(pool, [StageSetup("l1", level1)], section_orbits=2**62)
    falling = ArraySource({"objects": zero_bias()[:2], "crossing": np.array([7, 7], np.uint64)})
    with pytest.raises(InputError, match="orbit 0, bx 7 does not come after orbit 0, bx 7"):
        Stream(falling, [StageSetup("l1", level1)]).run()


def test_a_source_that_fails_in_the_middle() -> None:
    def batches() -> Any:
        yield random_events(100, 1)
        yield random_events(50, 2)
        raise OSError("the detector is on fire")

    stream = Stream(IterableSource(batches()), [StageSetup("l1", small_menu())])
    with pytest.raises(OSError, match="on fire"):
        stream.run()
    assert stream.books().balanced and stream.books().stages[0].counts.processed == 150


def test_menus_may_be_computed_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    from bxnn.model import Model

    menu = small_menu()
    asked: list[str] = []
    predict_raw = Model.predict_raw

    def elsewhere(self: Model, x: Any, *, threads: int = 0, device: str = "cpu") -> Any:
        asked.append(device)
        return predict_raw(self, x, threads=threads)

    monkeypatch.setattr(Model, "predict_raw", elsewhere)
    events = random_events(5000, 9)
    stream = Stream(ArraySource(events), [StageSetup("l1", menu, device="cuda:1", batch=999)])
    books = stream.run()
    monkeypatch.undo()
    require_equal(books, [expected(menu, events, range(5000))])
    assert set(asked) == {"cuda:1"} and len(asked) >= 6


def test_a_model_elsewhere_that_fails() -> None:
    stage = small_stage(lambda inputs: 1 / 0)
    engine = _core.Engine(inputs=[("x", 8, np.dtype(np.int16))], stages=[stage])
    engine.start()
    engine.replay([random_events(100, 1)["x"]], 1000)
    with pytest.raises(ZeroDivisionError):
        engine.finish()
    assert engine.books()["stages"][0]["link"]["abandoned"] == engine.books()["arrived"]


def small_stage(predict: Any = None, **changes: Any) -> _core.Stage:
    menu = small_menu()
    setup: dict[str, Any] = {
        "name": "l1", "model": menu.model._core, "dead_time": [],
        "seeds": [(s.name, 2**64 - 1, 2**64 - 1) for s in menu.seeds],
        "number": 0, "histogram_bits": 12, "batch": 100, "deadline_ns": 0, "budget_ns": 0,
        "ring": 4, "threads": 1, "isa": "", "predict": predict,
    }  # fmt: skip
    return _core.Stage(**setup | changes)


def test_seeds_that_a_function_makes_up_are_refused() -> None:
    def predict(inputs: list[NDArray[Any]]) -> list[NDArray[Any]]:
        return [np.full(len(inputs[0]), -1), np.zeros(len(inputs[0]), np.int64)]

    engine = _core.Engine(inputs=[("x", 8, np.dtype(np.int16))], stages=[small_stage(predict)])
    engine.start()
    engine.put([random_events(1000, 1)["x"]])
    with pytest.raises(InputError, match="orbit 0, bx 0: expected seeds of ap_uint<3> from the function"):
        engine.finish()
    books = engine.books()
    assert books["stages"][0]["counts"]["processed"] == 0
    assert books["stages"][0]["link"]["abandoned"] == books["arrived"]


SWAPS = """
import numpy as np
from bxnn import _core
from tests.stream.test_stream import small_stage

def function():
    return lambda inputs: [np.zeros(len(inputs[0]), np.int64)] * 2

engine = _core.Engine(inputs=[("x", 8, np.dtype(np.int16))], stages=[small_stage(function(), batch=1)])
engine.start()
x = np.zeros((1, 8), np.int16)
for k in range(3000):
    engine.swap(0, small_stage(function(), batch=1))
    engine.put([x], np.array([k * 3564], np.uint64))
engine.finish()
assert engine.books()["stages"][0]["counts"]["processed"] == 3000
"""


def test_versions_in_python_may_follow_each_other_fast() -> None:
    """A stage lets a version go, which takes the interpreter's lock, while the next one is given to it."""
    subprocess.run([sys.executable, "-c", SWAPS], check=True, timeout=100)


def test_a_ring_of_other_inputs_is_refused() -> None:
    name = f"/bxnn-test-{time.time_ns()}"
    ring = SharedRing.create(name, [("x", 8, np.dtype(np.int16)), ("y", 1, np.dtype(np.int8))])
    writer = SharedRing.open(name)
    writer.write([np.zeros((3, 8), np.int16), np.zeros((3, 1), np.int8)])
    engine = _core.Engine(inputs=[("x", 8, np.dtype(np.int16))], stages=[small_stage()])
    engine.start()
    expected = r"expected a ring of the engine's inputs, 'x' \(8 of int16\); got one of .*, 'y' \(1 of int8\)"
    with pytest.raises(InputError, match=expected):
        engine.put_shared(ring, 0.1)
    engine.finish()


def test_memory_is_taken_when_it_is_used() -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    before = resident()
    engine = _core.Engine(
        inputs=[("x", 8, np.dtype(np.int16))], stages=[small_stage(batch=1 << 16, ring=1 << 9)]
    )
    assert resident() - before < 100 << 20
    del engine


WRITER = """
import sys, numpy as np
from bxnn.stream import SharedRing
ring = SharedRing.open(sys.argv[1])
x = np.random.default_rng(3).integers(-200, 200, (20_000, 8)).astype(np.int16)
for at in range(0, len(x), 333):
    part = x[at:at + 333]
    assert ring.write([part], seconds=60) == len(part)
if sys.argv[2] == "close":
    ring.close()
"""


@pytest.mark.parametrize("end", ["close", "die"])
def test_events_from_another_process(end: str) -> None:
    name = f"/bxnn-test-{time.time_ns()}"
    menu = small_menu()
    ring = SharedRing.create(name, [("x", 8, np.dtype(np.int16))], batch=256, slots=4)
    writer = subprocess.Popen([sys.executable, "-c", WRITER, name, end])
    stream = Stream(ring, [StageSetup("l1", menu)])
    if end == "close":
        stream.run()
    else:
        with pytest.raises(InputError, match="has ended without closing"):
            while True:
                stream.run(1_000_000)
    assert writer.wait() == 0
    x = np.random.default_rng(3).integers(-200, 200, (20_000, 4 * 2)).astype(np.int16)
    require_equal(stream.books(), [expected(menu, {"x": x.reshape(-1, 4, 2)}, range(20_000))])


def test_a_shared_ring_refuses() -> None:
    name = f"/bxnn-test-{time.time_ns()}"
    with pytest.raises(InputError, match="opening it"):
        SharedRing.open(name)
    with pytest.raises(InputError, match="expected a name such as"):
        SharedRing.create("trigger", [("x", 8, np.dtype(np.int16))])
    ring = SharedRing.create(name, [("x", 8, np.dtype(np.int16))])
    with pytest.raises(InputError, match="another process reads it"):
        SharedRing.create(name, [("x", 8, np.dtype(np.int16))])
    writer = SharedRing.open(name)
    with pytest.raises(InputError, match="another process writes to it"):
        SharedRing.open(name)
    with pytest.raises(InputError, match="expected int16, got float64"):
        writer.write([np.zeros((3, 8))])
    del ring
    assert not Path(f"/dev/shm{name}").exists()
    with pytest.raises(InputError, match="its reader has ended"):
        writer.write([np.zeros((3, 8), np.int16)])


def test_what_a_stream_refuses() -> None:
    source, menu = ArraySource(random_events(10, 1)), small_menu()
    with pytest.raises(InputError, match="lag_ns: expected a number from 0"):
        Stream(source, [StageSetup("l1", menu)], lag_ns=-1)
    with pytest.raises(InputError, match="make batch or ring smaller"):
        Stream(source, [StageSetup("l1", menu, batch=1 << 20, ring=1 << 10)])
