"""Data against the emulator, and versions: differences that were put in are found, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bxnn import InputError, Model
from bxnn._core import Builder, Format
from bxnn.sources import ArraySource, CrossingColumns, Selection, open_source
from bxnn.study import readout
from bxnn.study.differences import Differences, _difference
from bxnn.study.emulators import Answers, Emulator
from bxnn.study.readout import compare_readout
from bxnn.study.versions import compare_versions

EVENTS = 5000


def scorer(scale: int = 3, name: str = "scorer") -> Model:
    """x[4] -> score = scale * x[0]."""
    builder = Builder(name)
    x = builder.input("x", [4], Format(16, 8))
    first = builder.gather([x], [0], shape=[1])
    weights = np.array([[scale]])
    builder.output(builder.dot(first, weights, 0, np.array([[0]]), 0, accum=Format(24, 16)), "score")
    return Model(builder.build())


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """A readout without differences, read in chunks that do not divide it."""
    monkeypatch.setattr(readout, "CHUNK", 999)
    rng = np.random.default_rng(2)
    x = rng.integers(-(2**15), 2**15, (EVENTS, 4)).astype(np.int16)
    score = 3 * x[:, 0].astype(np.int32)
    number = np.sort(rng.choice(3564 * 40, EVENTS, replace=False))
    orbit, bx = number // 3564 + 7, number % 3564 + 1
    return {"x": x, "hw": score, "accept": score > 50_000, "orbit": orbit, "bx": bx}


def compare(path: Path, record: dict[str, np.ndarray], **recorded: str) -> Differences:
    if path.suffix == ".npz":
        np.savez(path, **record)
    elif path.suffix == ".h5":
        h5py = pytest.importorskip("h5py")
        with h5py.File(path, "w") as file:
            for name, array in record.items():
                file[name] = array
    else:
        uproot = pytest.importorskip("uproot")
        with uproot.recreate(path) as file:
            file.mktree(
                "Events", {k: v.dtype if v.ndim == 1 else (v.dtype, v.shape[1:]) for k, v in record.items()}
            )
            file["Events"].extend(record)
    emulator = Emulator(scorer(), thresholds={"score": 50_000})
    return compare_readout(
        emulator, path, recorded, columns=["x"], crossing=CrossingColumns("orbit", "bx", first_bx=1)
    )


@pytest.mark.parametrize("suffix", [".npz", ".h5", ".root"])
def test_differences_that_were_put_in_are_found(
    suffix: str, record: dict[str, np.ndarray], tmp_path: Path
) -> None:
    same = compare(tmp_path / f"same{suffix}", record, score="hw", **{"score > 50000": "accept"})
    assert same.ok and same.events == EVENTS and same.numbers["score"].values == EVENTS
    assert same.seeds["score > 50000"].both == int(record["accept"].sum()) > 0

    wrong = np.array([17, 998, 999, 4321])
    record["hw"][wrong] += np.array([1, -2, 1, 70_000])
    record["accept"][[17, 3000]] ^= True
    found = compare(tmp_path / f"wrong{suffix}", record, score="hw", **{"score > 50000": "accept"})
    assert not found.ok and found.differing == 5 and found.numbers["score"].differing == 4
    by = found.numbers["score"].by
    assert by.total == 4 and by.above(1).least == 1 and by.above(0).least == 3
    assert found.seeds["score > 50000"].differing == 2
    events = [17, 998, 999, 3000, 4321]
    assert [e["event"] for e in found.first] == events
    for shown, e in zip(found.first, events, strict=True):
        assert (shown["orbit"], shown["bx"]) == (record["orbit"][e], record["bx"][e] - 1)
        assert shown["inputs"]["x"] == record["x"][e].tolist()
        assert shown["emulator"]["score"] == [3 * int(record["x"][e, 0])]
        assert shown["hardware"]["score"] == [int(record["hw"][e])]
    assert found.bx_differing is not None and found.bx_events is not None
    assert np.flatnonzero(found.bx_differing).tolist() == sorted({int(record["bx"][e]) - 1 for e in events})
    assert found.bx_events.sum() == EVENTS and found.bx_differing.sum() == 5
    json.dumps(found.as_dict(), allow_nan=False)


def test_real_numbers_are_compared_exactly(record: dict[str, np.ndarray], tmp_path: Path) -> None:
    record["x"] = record["x"] / 2.0**8
    record["hw"] = record["hw"] / 2.0**8
    assert compare(tmp_path / "r.npz", record, score="hw").ok
    record["hw"][1234] += 2.0**-9
    with pytest.raises(InputError, match=r"event 1234.*expected a number of ap_fixed<24,16>"):
        compare(tmp_path / "r.npz", record, score="hw")


def test_what_can_not_be_compared(record: dict[str, np.ndarray], tmp_path: Path) -> None:
    for recorded, text in (
        ({}, "at least one"),
        ({"score": "none"}, "none"),
        ({"other": "hw"}, "no seed or output"),
    ):
        with pytest.raises(InputError, match=text):
            compare(tmp_path / "r.npz", record, **recorded)
    with pytest.raises(InputError, match="expected 0 or 1"):
        compare(tmp_path / "r.npz", record, **{"score > 50000": "hw"})
    with pytest.raises(InputError, match="one number"):
        Emulator(scorer(), thresholds={"x": 1})
    with pytest.raises(InputError, match="neither a seed nor an output"):
        Differences(("a", "b")).add({"x": record["x"]}, None, Answers({}, {}), Answers({}, {}))


def test_versions(record: dict[str, np.ndarray], tmp_path: Path) -> None:
    np.savez(tmp_path / "e.npz", x=record["x"])
    source = open_source(tmp_path / "e.npz", ["x"], Selection())
    old = Emulator(scorer(), thresholds={"score": 50_000})
    assert compare_versions(old, old, source).ok
    new = Emulator(scorer(4), thresholds={"score": 60_000})
    found = compare_versions(old, new, source)
    was, now = 3 * record["x"][:, 0].astype(int) > 50_000, 4 * record["x"][:, 0].astype(int) > 60_000
    lost, gained = found.seeds["score > 50000"], found.seeds["score > 60000"]
    # Seeds of different names: one is gone, the other is new.
    assert (lost.only_first, lost.both, gained.only_second) == (was.sum(), 0, now.sum())
    assert found.numbers["score"].differing == (record["x"][:, 0] != 0).sum()


def test_versions_need_the_same_inputs_and_formats() -> None:
    old = Emulator(scorer())
    with pytest.raises(InputError, match="takes"):
        compare_versions(old, old, ArraySource({"y": np.zeros((2, 4), np.int16)}))
    builder = Builder("other")
    x = builder.input("x", [4], Format(16, 8))
    builder.output(builder.gather([x], [0], shape=[1]), "score")
    with pytest.raises(InputError, match="can't be compared"):
        compare_versions(
            old, Emulator(Model(builder.build())), ArraySource({"x": np.zeros((2, 4), np.int16)})
        )


def test_differences_of_the_largest_numbers() -> None:
    least, most = -(2**63), 2**63 - 1
    one, other = np.array([least, most, 5, -1]), np.array([most, least, 3, most])
    assert _difference(one, other).tolist() == [most, least, -2, most]
