"""Boosted trees: `bxnn.convert` gives what conifer's compiled C++ gives, and refuses what is damaged."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bxnn
from bxnn import Error, Model, ModelFileError, UnsupportedError
from bxnn._core import Builder
from bxnn.frontends.conifer.ensemble import Ensemble, read
from bxnn.frontends.conifer.graph import emit
from bxnn.frontends.conifer.project import parameters
from bxnn.frontends.project.text import read_source
from frontends.conifer import make_fixtures

DATA = Path(__file__).parent / "conifer"
CASES = sorted(make_fixtures.CASES)
PROJECTS = ["sklearn_binary", "sklearn_binary_rolled"]
Document = dict[str, Any]


def document(case: str = "sklearn_binary") -> Document:
    made: Document = json.loads((DATA / f"{case}.json").read_text())
    return made


def stored(case: str) -> tuple[np.ndarray, np.ndarray]:
    with np.load(DATA / "expected.npz") as arrays:
        return arrays["raw"].astype(np.int64), arrays[case]


def model_of(ensemble: Ensemble) -> Model:
    builder = Builder("forest")
    emit(ensemble, builder)
    return Model(builder.build())


def scores(model: Model, raw: np.ndarray) -> np.ndarray:
    return np.asarray(model.predict_raw(raw)).astype(np.int64)


@pytest.mark.parametrize("case", CASES)
def test_json_file(case: str) -> None:
    raw, expected = stored(case)
    model = bxnn.convert(DATA / f"{case}.json")
    assert np.array_equal(scores(model, raw), expected)
    assert (model.name, model.meta["origin"], model.meta["conifer_version"]) == (case, "conifer", "1.11")
    assert [t.name for t in (*model.inputs, *model.outputs)] == ["x", "score"]


@pytest.mark.parametrize("case", CASES)
def test_the_stored_answers_tell_one_rule_from_another(case: str) -> None:
    """Convention, order of the sum, initial value: a mistake in any of them would show."""
    raw, expected = stored(case)
    ensemble = read(document(case), "it", "it")
    wrong = {
        "convention": replace(ensemble, inclusive=not ensemble.inclusive),
        "order": replace(ensemble, adder_tree=not ensemble.adder_tree),
        "initial": replace(ensemble, initial=ensemble.initial + 0.05),
        "norm": replace(ensemble, norm=0.75),
        "overflow": replace(ensemble, score_type=replace(ensemble.score_type, overflow="WRAP")),
    }
    for what, other in wrong.items():
        assert not np.array_equal(scores(model_of(other), raw), expected), what


@pytest.mark.parametrize("case", PROJECTS)
def test_parameters_of_an_hls_project(case: str) -> None:
    raw, expected = stored(case)
    made = parameters(read_source(DATA / f"{case}.h", case))
    assert np.array_equal(
        scores(model_of(read(made | {"metadata": [{"version": "1.11"}]}, case, case)), raw), expected
    )


def forest(trees: list[Document], **changes: Any) -> Document:
    """A document with one class, two features and the exact types that a test needs."""
    config = {"backend": "cpp"} | {
        f"{r}_precision": "ap_fixed<8,4>" for r in ("input", "threshold", "weight")
    }
    made: Document = {
        "n_classes": 2,
        "n_features": 2,
        "n_trees": len(trees),
        "init_predict": [0.0],
        "norm": 1,
        "splitting_convention": "<=",
        "trees": [[tree] for tree in trees],
        "config": config | {"score_precision": "ap_fixed<8,4>"},
        "metadata": [{"version": "1.11"}],
    }
    made["config"] |= changes.pop("config", {})
    return made | changes


def stump(threshold: float, low: float, high: float, weight: list[float] | None = None) -> Document:
    return {
        "feature": [0, -2, -2],
        "threshold": [threshold, -2.0, -2.0],
        "value": [0.0, low, high],
        "weight": [weight or [1, 0], [0, 0], [0, 0]],
        "children_left": [1, -1, -1],
        "children_right": [2, -1, -1],
    }


def leaf(value: float) -> Document:
    return {
        "feature": [-2],
        "threshold": [-2.0],
        "value": [value],
        "weight": [[0, 0]],
        "children_left": [-1],
        "children_right": [-1],
    }


def converted(source: Document, folder: Path) -> Model:
    path = folder / "forest.json"
    path.write_text(json.dumps(source))
    return bxnn.convert(path)


ALL = np.stack(np.meshgrid(np.arange(-128, 128), np.arange(-128, 128, 9)), -1).reshape(-1, 2)


def test_a_weight_of_one_is_what_its_type_makes_of_it(tmp_path: Path) -> None:
    """In ap_fixed<8,1> one becomes minus one, so that the comparison is of -x."""
    model = converted(forest([stump(0.25, 1, -1)], config={"weight_precision": "ap_fixed<8,1>"}), tmp_path)
    expected = np.where(-ALL[:, :1] <= 4, 16, -16)
    expected[ALL[:, 0] == -128] = 16  # 8 wraps to -8
    assert np.array_equal(scores(model, ALL), expected)


def test_oblique_sums_are_cast_after_every_feature(tmp_path: Path) -> None:
    saturating = {f"{r}_precision": "ap_fixed<8,4,AP_TRN,AP_SAT>" for r in ("input", "threshold", "weight")}
    model = converted(forest([stump(0, 1, -1, [2.5, -1.5])], config=saturating), tmp_path)
    first = np.clip(ALL[:, 0] * 40 >> 4, -128, 127)
    total = np.clip((first * 16 + ALL[:, 1] * -24) >> 4, -128, 127)
    assert np.array_equal(scores(model, ALL)[:, 0], np.where(total <= 0, 16, -16))


def test_trees_of_one_leaf(tmp_path: Path) -> None:
    model = converted(forest([leaf(1.5), leaf(0.03125)]), tmp_path)
    assert (scores(model, ALL) == 24).all()
    model = converted(forest([leaf(1.5), stump(0, 1, 2)]), tmp_path)
    assert np.array_equal(scores(model, ALL)[:, 0], np.where(ALL[:, 0] <= 0, 40, 56))


def test_norm_and_sum_are_of_the_type_of_the_score(tmp_path: Path) -> None:
    model = converted(forest([leaf(7.0), leaf(7.0)], norm=0.3), tmp_path)
    assert (scores(model, ALL) == (((112 + 112) - 256) * 4 >> 4)).all()


def broken(change: Callable[[Document], object]) -> Document:
    made = document()
    change(made)
    return made


def tree(made: Document) -> Document:
    found: Document = made["trees"][0][0]
    return found


DAMAGE: dict[str, Callable[[Document], object]] = {
    "n_trees: expected an integer from 1 to 1048576, got nothing": lambda d: d.pop("n_trees"),
    "trees: expected 10 entries, got 9": lambda d: d.update(n_trees=10),
    "trees[1]: expected 1 entries, got 2": lambda d: d["trees"][1].append(d["trees"][0][0]),
    "n_features: expected an integer from 1 to 1048576, got -4": lambda d: d.update(n_features=-4),
    "n_classes: expected an integer from 1 to 1048576, got True": lambda d: d.update(n_classes=True),
    "init_predict: expected 3 entries": lambda d: d.update(n_classes=3),
    "norm: expected finite numbers, got 'one'": lambda d: d.update(norm="one"),
    "norm: expected finite numbers, got inf": lambda d: d.update(norm=float("inf")),
    "norm: expected finite numbers, got 1000": lambda d: d.update(norm=10**400),
    "splitting_convention: expected one of <, <=": lambda d: d.update(splitting_convention=">"),
    "config: expected named entries, got nothing": lambda d: d.pop("config"),
    "unroll: expected true or false": lambda d: d["config"].pop("unroll"),
    "metadata: expected a list": lambda d: d.pop("metadata"),
    "metadata: expected the version": lambda d: d.update(metadata=[]),
    "trees[0][0].value: expected 15 entries, got 14": lambda d: tree(d)["value"].pop(),
    "trees[0][0].value: expected finite numbers, got nan": lambda d: tree(d)["value"].__setitem__(0, np.nan),
    "trees[0][0].feature: expected integers from -2 to 3, got 4": lambda d: tree(d)["feature"].__setitem__(
        0, 4
    ),
    "trees[0][0].feature: expected a list": lambda d: tree(d).pop("feature"),
    "trees[0][0].weight: expected a row for node": lambda d: tree(d).update(weight=[]),
    "n_features: expected an integer from 1 to 1048576, got 1000": lambda d: d.update(n_features=10**30),
    "trees[0][0].weight[0]: expected 4 entries, got 5": lambda d: tree(d)["weight"][0].append(0),
    "trees[0][0].children_left: expected integers": lambda d: tree(d)["children_left"].__setitem__(0, 99),
    "can't be a child of node 1": lambda d: tree(d)["children_left"].__setitem__(1, 1),
    "can't be a child of node": lambda d: tree(d)["children_left"].__setitem__(
        0, tree(d)["children_right"][0]
    ),
    "and children -1, ": lambda d: tree(d)["children_left"].__setitem__(0, -1),
    "node 0 has feature -1": lambda d: tree(d)["feature"].__setitem__(0, -1),
}


@pytest.mark.parametrize("message", DAMAGE)
def test_damaged_documents(message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError) as caught:
        converted(broken(DAMAGE[message]), tmp_path)
    assert message in str(caught.value) and "forest.json" in str(caught.value)


UNSUPPORTED: dict[str, Callable[[Document], object]] = {
    "backend 'vhdl' is not supported; supported: cpp, xilinxhls": lambda d: d["config"].update(
        backend="vhdl"
    ),
    "written by conifer '1.3'": lambda d: d["metadata"].append({"version": "1.3"}),
    "score_precision 'float'": lambda d: d["config"].update(score_precision="float"),
    "score_precision nothing": lambda d: d["config"].pop("score_precision"),
    "the width must be 1 to 64": lambda d: d["config"].update(score_precision="ap_fixed<65,6>"),
    "differ, which conifer's backend cpp": lambda d: d["config"].update(backend="cpp"),
}


@pytest.mark.parametrize("message", UNSUPPORTED)
def test_unsupported_documents(message: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError) as caught:
        converted(broken(UNSUPPORTED[message]), tmp_path)
    assert message in str(caught.value)


def test_truncated_files(tmp_path: Path) -> None:
    text = (DATA / "sklearn_binary.json").read_bytes()
    path = tmp_path / "cut.json"
    for end in range(0, len(text) - 2, 101):
        path.write_bytes(text[:end])
        with pytest.raises(ModelFileError, match="JSON is truncated or damaged"):
            bxnn.convert(path)
    for hostile, message in ((b"[" * 100_000, "nested too deeply"), (b'{"a": "\xff"}', "damaged")):
        path.write_bytes(hostile)
        with pytest.raises(ModelFileError, match=message):
            bxnn.convert(path)


@pytest.mark.parametrize("case", PROJECTS)
def test_truncated_parameters(case: str) -> None:
    source = read_source(DATA / f"{case}.h", case)
    whole = parameters(source)
    for end in range(0, len(source.text) - 10, 97):
        with pytest.raises(Error):
            cut = parameters(replace(source, text=source.text[:end])) | {"metadata": [{"version": "1.11"}]}
            assert cut["trees"] != whole["trees"]
            read(cut, case, case)


def test_folders_that_are_no_known_project(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        shutil.copyfile(DATA / "xgboost_multiclass.json", tmp_path / name)
    with pytest.raises(ModelFileError, match=r"expected one .json file of conifer, found 2"):
        bxnn.convert(tmp_path)
    firmware = tmp_path / "firmware"
    firmware.mkdir()
    shutil.copyfile(DATA / "sklearn_binary.h", firmware / "parameters.h")
    with pytest.raises(UnsupportedError, match=r"firmware/BDT.h' cannot be read"):
        bxnn.convert(tmp_path)
    (firmware / "BDT.h").write_text("// changed")
    (firmware / "BDT.cpp").write_text("")
    with pytest.raises(UnsupportedError, match=r"not that of conifer 1.11"):
        bxnn.convert(tmp_path)


def test_a_cpp_project_folder(tmp_path: Path) -> None:
    shutil.copyfile(DATA / "xgboost_multiclass.json", tmp_path / "my_prj.json")
    raw, expected = stored("xgboost_multiclass")
    assert np.array_equal(scores(bxnn.convert(tmp_path), raw), expected)


# --- a hundred rounds ---

FORESTS = ["sklearn_100", "sklearn_classes_100", "xgboost_classes_100"]
VARIANTS = sorted(make_fixtures.VARIANTS)


def grown(name: str) -> Document:
    made: Document = json.loads(gzip.decompress((DATA / "forests" / f"{name}.json.gz").read_bytes()))
    assert made["n_trees"] == 100
    return made


def grown_answers(name: str, variant: str) -> tuple[np.ndarray, np.ndarray]:
    with np.load(DATA / "forests" / "answers.npz") as arrays:
        return arrays["raw"].astype(np.int64), arrays[f"{name}_{variant}"].astype(np.int64)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", FORESTS)
def test_hundred_rounds(name: str, variant: str, tmp_path: Path) -> None:
    raw, expected = grown_answers(name, variant)
    model = converted(make_fixtures.variant(grown(name), variant), tmp_path)
    assert np.array_equal(scores(model, raw), expected)


@pytest.mark.parametrize("name", FORESTS)
def test_the_order_of_additions_shows(name: str) -> None:
    """Unrolled HLS adds the trees as a balanced tree, rolled HLS and C++ one after the other."""
    answers = {variant: grown_answers(name, variant)[1] for variant in VARIANTS}
    assert np.array_equal(answers["rolled"], answers["cpp"])
    assert not np.array_equal(answers["unrolled"], answers["cpp"])


# --- against conifer itself ---


def missing() -> str:
    """Why conifer's C++ can't be compiled here; empty if it can."""
    if importlib.util.find_spec("conifer") is None:
        return "conifer is not installed"
    if shutil.which("g++") is None:
        return "no g++"
    folders = ["/usr/include", "/usr/local/include", *os.environ.get("CPLUS_INCLUDE_PATH", "").split(":")]
    if not any((Path(folder) / "nlohmann" / "json.hpp").is_file() for folder in folders if folder):
        return "nlohmann/json.hpp is not installed"
    if not (Path(os.environ.get("XILINX_AP_INCLUDE", "")) / "ap_fixed.h").is_file():
        return "XILINX_AP_INCLUDE does not name the folder of ap_fixed.h"
    return ""


needs_conifer = pytest.mark.skipif(bool(missing()), reason=missing())


def random_tree(rng: np.random.Generator, depth: int, oblique: bool) -> Document:
    made: Document = {key: [] for key in leaf(0)}

    def grow(left: int) -> int:
        node = len(made["feature"])
        for values in made.values():
            values.append(-1)
        inner = left > 0 and (left == depth or rng.random() < 0.8)
        feature = int(rng.integers(2)) if inner else -2
        one = [float(feature == 0), float(feature == 1)]
        made["feature"][node], made["value"][node] = feature, float(rng.normal())
        made["threshold"][node] = float(rng.normal() * 3)
        made["weight"][node] = [float(w) for w in rng.normal(size=2)] if oblique and inner else one
        if inner:
            made["children_left"][node], made["children_right"][node] = grow(left - 1), grow(left - 1)
        return node

    grow(depth)
    return made


LIVE = [
    {
        "Backend": "cpp",
        "InputPrecision": "ap_fixed<10,5>",
        "ScorePrecision": "ap_fixed<9,2,AP_RND_CONV,AP_SAT_SYM>",
    },
    {
        "Backend": "xilinxhls",
        "InputPrecision": "ap_fixed<8,4,AP_RND,AP_SAT>",
        "ThresholdPrecision": "ap_fixed<9,4>",
        "ScorePrecision": "ap_fixed<9,2,AP_TRN,AP_SAT>",
        "Unroll": True,
    },
    {
        "Backend": "xilinxhls",
        "InputPrecision": "ap_int<6>",
        "ScorePrecision": "ap_fixed<8,3>",
        "Unroll": False,
    },
]


@needs_conifer
@pytest.mark.parametrize("number", range(len(LIVE)))
def test_live(number: int, tmp_path: Path) -> None:
    """A model object, its JSON and its project folder."""
    config, rng = LIVE[number], np.random.default_rng(number)
    classes = 3 if number == 0 else 1
    source = forest([])
    source |= {
        "n_classes": classes,
        "n_trees": 7,
        "max_depth": 3,
        "library": "any",
        "splitting_convention": "<" if number == 1 else "<=",
        "init_predict": rng.normal(size=classes).tolist(),
        "norm": 0.75,
        "trees": [[random_tree(rng, 3, number == 1) for _ in range(classes)] for _ in range(7)],
    }
    folder = str(tmp_path / "project")
    model = bxnn.convert(make_fixtures.model_of(source, config, folder))
    fmt = model.inputs[0].format
    raw = rng.integers(fmt.min_raw, fmt.max_raw, (2000, 2), endpoint=True)
    expected = make_fixtures.simulated(source, config, folder, raw)
    assert len(np.unique(expected)) > 5
    for other in (
        model,
        bxnn.convert(tmp_path / "project"),
        bxnn.convert(tmp_path / "project" / "my_prj.json"),
    ):
        assert np.array_equal(scores(other, raw), expected)
    if config["Backend"] == "xilinxhls":
        edited(tmp_path / "project", lambda changed: scores(changed, raw).tolist() == expected.tolist())


def edited(project: Path, is_same: Callable[[Model], bool]) -> None:
    """Pragmas and comments change nothing; code is refused."""
    path = project / "firmware" / "BDT.h"
    text = path.read_text()
    path.write_text("/* by hand */\n" + re.sub("#pragma HLS pipeline.*", "#pragma HLS inline // less", text))
    assert is_same(bxnn.convert(project))
    path.write_text(text + "int score(int a);\n")
    with pytest.raises(UnsupportedError, match="bxnn.compose"):
        bxnn.convert(project)
