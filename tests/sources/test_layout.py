"""Jagged objects become rows of hardware integers, compared with a loop over events written apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bxnn import InputError
from bxnn.sources import Collection, CrossingColumns, Field, InputLayout, Layout, open_source, whole
from bxnn.sources.columns import EventFault, Lists

LAYOUT = """
tree: Events
crossing: {orbit: orbitNumber, bx: bunchCrossing, first_bx: 1}
inputs:
  objects:
    dtype: int16
    collections:
      - objects: 1
        fields:
          - {branch: MET_pt, lsb: 0.5, round: TRN, range: [0, 4095], overflow: clip}
          - {constant: 0}
          - {branch: MET_phi, lsb: 0.04363323129985824, round: TRN, period: 144}
      - objects: 2
        falling: Muon_pt
        count: nMuon
        padding: -1
        fields:
          - {branch: Muon_pt, lsb: 0.5, round: RND, range: [0, 511], overflow: clip}
          - {branch: Muon_eta, lsb: 0.010875, round: RND_CONV}
          - {branch: Muon_charge}
"""
PT = [[3.2, 700.0, 3.3], [], [5.0], [4.0, 4.0]]
ETA = [[0.5, -1.0, 2.0], [], [0.0], [1.0, -1.0]]
CHARGE = [[1, -1, 1], [], [-1], [1, -1]]
MET_PT, MET_PHI = [10.3, 9999.0, 0.0, 0.49], [-0.01, 0.0, 3.14, 0.05]
ORBIT, BX = [0, 0, 2, 1 << 30], [1, 3564, 7, 1]
EXPECTED = [
    [[20, 0, 143], [511, -92, -1], [7, 184, 1]],
    [[4095, 0, 0], [-1, -1, -1], [-1, -1, -1]],
    [[0, 0, 71], [10, 0, -1], [-1, -1, -1]],
    [[0, 0, 1], [8, 92, 1], [8, -92, -1]],
]
CROSSINGS = [0, 3563, 2 * 3564 + 6, (1 << 30) * 3564]


def branches() -> dict[str, Any]:
    awkward = pytest.importorskip("awkward")
    return {
        "nMuon": np.array([len(pt) for pt in PT], np.int32),
        "Muon_pt": awkward.values_astype(awkward.Array(PT), np.float32),
        "Muon_eta": awkward.Array(ETA),
        "Muon_charge": awkward.values_astype(awkward.Array(CHARGE), np.int32),
        "MET_pt": np.array(MET_PT),
        "MET_phi": np.array(MET_PHI),
        "orbitNumber": np.array(ORBIT, np.uint32),
        "bunchCrossing": np.array(BX, np.int32),
    }


def ttree(folder: Path) -> Path:
    uproot = pytest.importorskip("uproot")
    with uproot.recreate(folder / "x.root") as file:
        columns = branches()
        file.mktree(
            "Events", {name: getattr(c, "dtype", None) or c.type.content for name, c in columns.items()}
        )
        file["Events"].extend(columns)
    assert uproot.open(folder / "x.root")["Events"].classname == "TTree"
    return folder / "x.root"


def rntuple(folder: Path) -> Path:
    uproot = pytest.importorskip("uproot")
    if not hasattr(uproot.writing.writable.WritableDirectory, "mkrntuple"):
        pytest.skip("this uproot does not write RNTuples")
    with uproot.recreate(folder / "x.root") as file:
        file.mkrntuple("Events", branches())
    assert "RNTuple" in uproot.open(folder / "x.root").classname_of("Events")
    return folder / "x.root"


def parquet(folder: Path) -> Path:
    arrow, writer = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = {n: c.tolist() for n, c in branches().items()}
    writer.write_table(arrow.table(columns), folder / "x.parquet", row_group_size=3)
    return folder / "x.parquet"


def hdf5(folder: Path) -> Path:
    """No lists: rows of three objects, with any numbers behind those that count."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "x.h5", "w") as file:
        for name, column in branches().items():
            rows = column.tolist()
            padded = [row + [99] * (3 - len(row)) for row in rows] if isinstance(rows[0], list) else rows
            file[name] = padded
    return folder / "x.h5"


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize("write", [ttree, rntuple, parquet, hdf5])
def test_files(tmp_path: Path, write: Any, size: int) -> None:
    (tmp_path / "layout.yaml").write_text(LAYOUT)
    source = open_source(write(tmp_path), ["objects"], Layout.load(tmp_path / "layout.yaml"))
    assert source.inputs == {"objects": ((3, 3), np.dtype(np.int16))}
    for start in (0, 1, 3):
        chunks = list(source.chunks(size, start))
        assert np.concatenate([c["objects"] for c in chunks]).tolist() == EXPECTED[start:]
        assert np.concatenate([c["crossing"] for c in chunks]).tolist() == CROSSINGS[start:]
        assert all(c["crossing"].dtype == np.uint64 for c in chunks)


def test_fields_of_collections_of_an_rntuple(tmp_path: Path) -> None:
    uproot, awkward = pytest.importorskip("uproot"), pytest.importorskip("awkward")
    with uproot.recreate(tmp_path / "x.root") as file:
        file.mkrntuple("Events", {"Muon": awkward.zip({"pt": awkward.Array(PT), "eta": awkward.Array(ETA)})})
    layout = single(Collection(1, (Field("Muon.pt", round="TRN"),)))
    assert whole(open_source(tmp_path / "x.root", None, layout))["x"].ravel().tolist() == [3, 0, 5, 4]


ROUNDINGS = {
    "TRN": floor,
    "TRN_ZERO": int,
    "RND": lambda x: floor(x + Fraction(1, 2)),
    "RND_MIN_INF": lambda x: ceil(x - Fraction(1, 2)),
    "RND_ZERO": lambda x: ceil(x - Fraction(1, 2)) if x > 0 else floor(x + Fraction(1, 2)),
    "RND_INF": lambda x: floor(x + Fraction(1, 2)) if x > 0 else ceil(x - Fraction(1, 2)),
    "RND_CONV": round,
}
NUMBERS = st.floats(-1000, 1000, width=32) | st.integers(-4000, 4000).map(lambda i: i / 4)


@st.composite
def events(draw: st.DrawFn) -> list[list[float]]:
    return draw(st.lists(st.lists(NUMBERS, max_size=6), min_size=1, max_size=8))


def lists(rows: Sequence[Sequence[float]], dtype: Any = np.float64) -> Lists:
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return Lists(offsets, np.array([x for row in rows for x in row], dtype))


def single(collection: Collection, dtype: str = "int32") -> Layout:
    return Layout({"x": InputLayout((collection,), dtype)})


@settings(max_examples=300, deadline=None)
@given(
    events(),
    st.integers(1, 7),
    st.booleans(),
    st.sampled_from(sorted(ROUNDINGS)),
    st.sampled_from([1.0, 0.5, 0.25, 4.0]),
    st.none() | st.integers(1, 100),
    st.integers(-5, 5),
)
def test_against_a_loop(
    rows: list[list[float]],
    objects: int,
    falling: bool,
    mode: str,
    lsb: float,
    period: int | None,
    padding: int,
) -> None:
    field = Field("a", lsb=lsb, round=mode, period=period, range=(-300, 300), overflow="clip")
    index = Field("i")
    collection = Collection(objects, (field, index), "a" if falling else None, padding=padding)
    numbered = [list(range(len(row))) for row in rows]
    found = single(collection).assemble({"a": lists(rows), "i": lists(numbered, np.int8)})["x"]
    for row, made in zip(rows, found.tolist(), strict=True):
        order = sorted(range(len(row)), key=lambda i: -row[i]) if falling else list(range(len(row)))
        expected = []
        for i in order[:objects]:
            counts = ROUNDINGS[mode](Fraction(row[i]) / Fraction(lsb))
            counts = counts if period is None else counts % period
            expected.append([min(300, max(-300, counts)), i])
        assert made == expected + [[padding, padding]] * (objects - len(expected))


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, np.bool_, np.float32])
def test_order_of_any_dtype(dtype: Any) -> None:
    rows = [[0, 1, 0, 1], [1], []]
    layout = single(Collection(4, (Field("i"),), "key", padding=9))
    columns = {"key": lists(rows, dtype), "i": lists([list(range(len(row))) for row in rows], np.int16)}
    assert layout.assemble(columns)["x"][..., 0].tolist() == [[1, 3, 0, 2], [0, 9, 9, 9], [9] * 4]
    if dtype != np.bool_:
        ends = np.iinfo(dtype) if np.dtype(dtype).kind in "iu" else np.finfo(dtype)
        columns = {"key": lists([[ends.min, ends.max, 5]], dtype), "i": lists([[0, 1, 2]], np.int16)}
        assert layout.assemble(columns)["x"][0, :3, 0].tolist() == [1, 2, 0]


FAULTS: list[tuple[Collection, dict[str, Any], int, str]] = [
    (Collection(1, (Field("a"),)), {"a": lists([[1], [1], [np.nan]])}, 2, "nan of 'a' is not finite"),
    (Collection(1, (Field("a", lsb=1e-300),)), {"a": lists([[1e10]])}, 0, "not finite"),
    (Collection(1, (Field("a", lsb=0.5),)), {"a": lists([[], [2**60]], np.int64)}, 1, "not exact"),
    (Collection(1, (Field("a", lsb=0.5),)), {"a": lists([[-(2**63)]], np.int64)}, 0, "not exact"),
    (Collection(1, (Field("a"),)), {"a": lists([[2**63]], np.uint64)}, 0, "63 bits"),
    (
        Collection(1, (Field("a", range=(0, 5)),)),
        {"a": lists([[5], [6]])},
        1,
        "outside 0 to 5 .*overflow: clip",
    ),
    (Collection(1, (Field("a"),)), {"a": lists([[1], [1e6]])}, 1, "1000000 is no int16"),
    (
        Collection(1, (Field("a"), Field("b"))),
        {"a": lists([[1], [1]]), "b": lists([[1], []])},
        1,
        "'b' has 0 objects, 'a' 1",
    ),
    (Collection(1, (Field("a"),), count="n"), {"a": lists([[1]]), "n": np.array([2])}, 0, "'n' is 2, of 1"),
    (Collection(1, (Field("a"),), count="n"), {"a": lists([[1]]), "n": np.array([-1])}, 0, "'n' is -1"),
    (
        Collection(2, (Field("a"),), "k"),
        {"a": lists([[1], [1, 2]]), "k": lists([[1], [1, np.inf]])},
        1,
        "'k' holds",
    ),
]


@pytest.mark.parametrize(("collection", "columns", "event", "message"), FAULTS)
def test_faults_of_events(collection: Collection, columns: dict[str, Any], event: int, message: str) -> None:
    with pytest.raises(EventFault, match=message) as raised:
        single(collection, "int16").assemble(columns)
    assert raised.value.index == event


def test_what_is_not_used_may_be_anything() -> None:
    """Objects beyond those that are kept, or beyond the count, are not looked at."""
    columns = {"a": np.array([[1.0, np.nan, 1e9]]), "n": np.array([2])}
    assert single(Collection(1, (Field("a"),))).assemble(columns)["x"].tolist() == [[[1]]]
    columns["a"] = np.array([[1.0, 2.0, np.nan]])
    layout = single(Collection(5, (Field("a"),), "a", "n"))
    assert layout.assemble(columns)["x"].ravel().tolist() == [2, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.zeros((2, 2, 2)), "'a': expected \\[events\\] or"),
        (Lists(np.array([0, 1]), lists([[1]])), "lists in lists"),
        (np.array(["a"]), "expected numbers"),
    ],
)
def test_columns_that_never_fit(column: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        single(Collection(1, (Field("a"),))).assemble({"a": column})


def test_events_before_a_bad_one(tmp_path: Path) -> None:
    uproot, awkward = pytest.importorskip("uproot"), pytest.importorskip("awkward")
    values = np.arange(100.0)
    values[70], values[60] = np.nan, 1e9
    with uproot.recreate(tmp_path / "x.root") as file:
        file["t"] = {"a": awkward.unflatten(values, 1), "b": awkward.unflatten(values[::-1].copy(), 1)}
    layout = single(Collection(1, (Field("a"), Field("b", overflow="clip", range=(0, 1)))))
    found = []
    with pytest.raises(InputError, match=r"x.root: event 29: .*nan of 'b'.*events before are good"):
        for chunk in open_source(tmp_path / "x.root", None, layout).chunks(8):
            found += chunk["x"][:, 0, 0].tolist()
    assert found == list(range(29))


CROSSING_FAULTS = [(-1, 1), (0, 0), (0, 3565)]


@pytest.mark.parametrize(("orbit", "bx"), CROSSING_FAULTS)
def test_crossings_that_do_not_exist(orbit: int, bx: int) -> None:
    crossing = CrossingColumns("o", "b", first_bx=1)
    with pytest.raises(EventFault, match="run from 1 to 3564") as raised:
        crossing.assemble({"o": np.array([5, orbit]), "b": np.array([5, bx])})
    assert raised.value.index == 1


def test_crossings_counted_from_0() -> None:
    columns = {"o": np.array([2], np.uint16), "b": np.array([3563], np.uint16)}
    assert CrossingColumns("o", "b").assemble(columns).tolist() == [3 * 3564 - 1]
    with pytest.raises(EventFault):
        CrossingColumns("o", "b").assemble({"o": np.array([0]), "b": np.array([3564])})
    with pytest.raises(InputError, match="expected an integer"):
        CrossingColumns("o", "b").assemble({"o": np.array([0.0]), "b": np.array([0])})
    with pytest.raises(InputError, match="first_bx"):
        CrossingColumns("o", "b", 2)


ONE = {"branch": "a"}
COLLECTION = {"objects": 1, "fields": [ONE]}


def declared(**changes: Any) -> dict[str, Any]:
    return {"inputs": {"x": {"collections": [COLLECTION | changes]}}}


DECLARATIONS: list[tuple[Any, str]] = [
    (None, "x.yaml:1: expected a mapping with the keys inputs"),
    ([], "x.yaml:1: expected a mapping"),
    ({"input": {}}, "unknown key 'input'; .*did you mean 'inputs'?"),
    ({"tree": "t"}, "the key 'inputs' is missing"),
    ({"inputs": {}}, "inputs: expected a mapping of inputs"),
    ({"inputs": {"x": {}}}, "inputs.x: the key 'collections' is missing"),
    ({"inputs": {"x": {"collections": []}}}, "collections of an input: expected at least one"),
    ({"inputs": {"crossing": {"collections": [COLLECTION]}}}, "none called"),
    ({"inputs": {"x": {"collections": [COLLECTION], "dtype": "float32"}}}, "dtype: expected an integer"),
    ({"inputs": {"x": {"collections": [COLLECTION], "dtype": "int17"}}}, "dtype: expected an integer"),
    ({"inputs": {"x": {"collections": [COLLECTION], "dtype": "2024-01-01"}}}, "dtype: expected an integer"),
    (declared(objects=0), r"collections\[0\].objects: expected a whole number from 1"),
    (declared(objects=True), r"objects: expected a whole number"),
    (declared(order="pt"), "unknown key 'order'"),
    (declared(fields=[]), "expected at least 1 object and 1 field"),
    (declared(fields=[{"constant": 1}]), "at least one of its fields has to be a branch"),
    (declared(fields=[{}]), r"fields\[0\]: expected a branch or a constant"),
    (declared(fields=[{"lsb": 1.0}]), "expected a branch or a constant"),
    (declared(fields=[ONE | {"constant": 1}]), "a branch or a constant, and not both"),
    (declared(fields=[ONE | {"lsb": 0}]), "lsb of more than 0"),
    (declared(fields=[ONE | {"lsb": float("nan")}]), "lsb: expected a number"),
    (declared(fields=[ONE | {"round": "UP"}]), r"fields\[0\]: round: .*UP"),
    (declared(fields=[ONE | {"range": [5, 1]}]), r"expected a range \[lowest, highest\]"),
    (declared(fields=[ONE | {"range": [5]}]), r"expected a range \[lowest, highest\]"),
    (declared(fields=[ONE | {"range": 5}]), r"fields\[0\].range: expected a list"),
    (declared(fields=[ONE | {"range": [0.5, 7.5]}]), r"range\[0\]: expected a whole number"),
    (declared(fields=[ONE | {"range": ["a", 3]}]), r"range\[0\]: expected a whole number"),
    (declared(fields=[ONE | {"range": [None, 1]}]), r"range\[0\]: expected a whole number"),
    (declared(fields=[ONE | {"range": [0, 40000]}]), "int16 cannot hold"),
    (declared(fields=[ONE | {"overflow": "wrap"}]), "clip or refuse"),
    (declared(fields=[ONE | {"period": 0}]), "period"),
    (declared(padding=40000), "int16 cannot hold"),
    (
        {"inputs": {"x": {"collections": [COLLECTION, {"objects": 1, "fields": [ONE, ONE]}]}}},
        "as many fields",
    ),
    (declared() | {"crossing": {"orbit": "o"}}, "crossing: the key 'bx' is missing"),
    (
        declared() | {"crossing": {"orbit": "o", "bx": "b", "first_bx": 2}},
        "crossing.first_bx: expected a whole number from 0 to 1",
    ),
]


@pytest.mark.parametrize(("document", "message"), DECLARATIONS)
def test_declarations_that_are_refused(document: Any, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(json.dumps(document))  # which YAML reads
    with pytest.raises(InputError, match=message):
        Layout.load(tmp_path / "x.yaml")


def test_unreadable_declarations(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Layout.load(tmp_path / "none.yaml")
    texts = (
        ("inputs: [", "not YAML"),
        ("tree: a\ntree: b", "2: the key 'tree' stands here twice, first in line 1"),
    )
    for text, message in texts:
        (tmp_path / "x.yaml").write_text(text)
        with pytest.raises(InputError, match=message):
            Layout.load(tmp_path / "x.yaml")


@pytest.mark.parametrize("value", [1e30, -1e30])
def test_counts_beyond_integers_have_no_phase(value: float) -> None:
    with pytest.raises(Exception, match="more counts of 0.01 than 63 bits hold"):
        Field("phi", lsb=0.01, period=576).convert(np.array([0.0, value]))


def test_branches_that_are_missing(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", b=np.ones(3))
    with pytest.raises(
        InputError, match=r"x.npz: the layout needs \['a'\]; the file holds the arrays \['b'\]"
    ):
        open_source(tmp_path / "x.npz", None, single(Collection(1, (Field("a"),))))
    with pytest.raises(InputError, match=r"makes the inputs \['x'\], wanted are \['y'\]"):
        open_source(tmp_path / "x.npz", ["y"], single(Collection(1, (Field("a"),))))
