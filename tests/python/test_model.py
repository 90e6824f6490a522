"""Model files, and what a model tells about itself."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bxnn import Error, Format, InputError, Model, ModelFileError, _core

from . import example_models as example

RAW = np.random.default_rng(0).integers(-128, 128, (40, 3))


def same(a: Model, b: Model) -> bool:
    return a.to_bytes() == b.to_bytes() and np.array_equal(a.predict_raw(RAW), b.predict_raw(RAW))


def test_save_and_load(tmp_path: Path) -> None:
    model, path = example.with_golden(example.dense(), RAW), tmp_path / "model.bxnn"
    model.save(path)
    assert same(Model.load(path), model) and same(Model.load(str(path)), model)
    assert list(tmp_path.iterdir()) == [path]


def test_saving_replaces_the_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "model.bxnn"
    path.write_bytes(b"older and much longer" * 1000)
    example.dense().save(path)
    assert same(Model.load(path), example.dense())


@pytest.mark.parametrize("target", ["missing/model.bxnn", "."])
def test_a_failed_save_leaves_nothing(tmp_path: Path, target: str) -> None:
    with pytest.raises((OSError, ValueError)):
        example.dense().save(tmp_path / target)
    assert not list(tmp_path.iterdir())


def test_pickle_and_copy() -> None:
    model = example.dense()
    assert same(pickle.loads(pickle.dumps(model)), model)
    assert same(copy.copy(model), model) and same(copy.deepcopy(model), model)


def test_outputs_survive_pickle() -> None:
    outputs = example.two_outputs().predict_raw(RAW)
    again = pickle.loads(pickle.dumps(outputs))
    assert np.array_equal(again["y2"], outputs["y2"])


def test_unreadable_paths(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Model.load(tmp_path / "missing.bxnn")
    with pytest.raises(IsADirectoryError):
        Model.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\0", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"\xff" * 4096])
def test_what_is_not_a_model_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.bxnn"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"model\.bxnn"):
        Model.load(path)


@given(st.integers(0, 10**9))
@settings(max_examples=40, deadline=None)
def test_truncated_files(position: int) -> None:
    data = example.dense().to_bytes()
    with pytest.raises(Error):
        Model.from_bytes(data[: position % len(data)])


def test_tensors() -> None:
    model = example.dense("net")
    assert model.name == "net"
    assert [(t.name, tuple(t.shape), t.format) for t in model.inputs] == [("x", (3,), Format(8, 4))]
    assert [(t.name, tuple(t.shape), t.dtype) for t in model.outputs] == [("y", (2,), np.dtype(np.int32))]
    assert [t.name for t in model.layers] == ["fc"]


def test_repr_says_what_goes_in_and_out() -> None:
    text = repr(example.dense("net"))
    assert "net" in text and "x[3] ap_fixed<8,4" in text and "y[2] ap_fixed<20,16" in text


def test_explain() -> None:
    model = example.dense()
    document = model.explain(json=True)
    assert isinstance(document, dict) and document
    table = model.explain()
    assert "dot" in table and "{" not in table


def test_dump_names_the_operations() -> None:
    assert "dot" in example.dense().dump()


def test_self_test() -> None:
    report = example.with_golden(example.dense(), RAW).self_test()
    assert report.ok and report.events == 40 and report.differing == 0
    assert all(counts == (80, 0) for counts in report.levels.values())
    assert "0 differ" in str(report)


def test_with_golden() -> None:
    model = example.dense()
    for golden in (model.with_golden(RAW * example.LSB), model.with_golden(RAW, raw=True)):
        assert golden.self_test().events == golden.golden_events == 40
        assert np.array_equal(golden.predict_raw(RAW), example.dense_raw(RAW))
    assert model.golden_events == 0


def test_self_test_raises_on_one_differing_value() -> None:
    model = example.with_golden(example.dense(), RAW, wrong=1)
    with pytest.raises(Error, match="does not give its golden outputs"):
        model.self_test()
    assert model.replay_golden().differing == len(model.replay_golden().levels)


def test_self_test_without_golden_vectors() -> None:
    with pytest.raises(Error, match="no golden vectors"):
        example.dense().self_test()


def test_errors_are_of_the_expected_kinds() -> None:
    assert issubclass(InputError, ValueError) and issubclass(InputError, Error)
    assert issubclass(ModelFileError, Error) and issubclass(Error, RuntimeError)


def test_explain_expects_cycles_of_every_step() -> None:
    document = example.dense().explain(json=True)
    assert document["isa"] in _core.isa_levels()
    kernels = ("tiles", "quads", "sparse pairs", "pairs", "lanes", "none")
    assert all(step["kernel"] in kernels for step in document["steps"])
    assert document["expected_cycles_per_event"] >= sum(step["cycles"] for step in document["steps"]) > 0


def test_tune_changes_the_level_alone() -> None:
    model = example.dense()
    tuned = model.tune(seconds=0.01)
    assert tuned.isa in _core.isa_levels()
    assert (tuned.predict_raw(RAW) == model.predict_raw(RAW)).all()
    with pytest.raises(InputError, match="up to 3600 seconds, got 0"):
        model.tune(seconds=0)


def test_a_forced_level_is_stronger_than_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    core = example.dense()._core.with_isa("portable")
    monkeypatch.setenv("BXNN_ISA", "reference")
    assert core.isa == "portable" and example.dense().isa == "reference"
    with pytest.raises(InputError, match="'mmx' is not usable"):
        core.with_isa("mmx")
