"""What a menu holds besides its cuts: prescales, budgets, networks and their scaling, metadata, warnings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import bxnn
from bxnn import Format, Model
from bxnn._core import Builder
from bxnn.compose import InputScaling, Score, compose
from bxnn.inspect_graph import graph_of
from bxnn.menu import DeadTime, Menu
from bxnn.menu.check import warnings_of

pytest.importorskip("yaml")

OBJECTS = """\
menu: test
inputs: {objects: {shape: [3, 2], format: "ap_int<12>"}}
units: {GeV: 2}
objects:
  met: {input: objects, first: 0, count: 1, fields: [pt, phi]}
  muon: {input: objects, first: 1, count: 2, fields: [pt, phi]}
"""


def network(tmp_path: Path, name: str = "net", seed: int = 0) -> Model:
    """A dense layer 4 -> 3 with a real-valued input format and one wrap-around; saved as NAME.bxnn."""
    rng = np.random.default_rng(seed)
    builder = Builder(name)
    x = builder.input("x", [4], Format(10, 4))
    dense = builder.dot(x, rng.integers(-8, 8, (3, 4)), 3, rng.integers(-9, 9, (1, 3)), 3)
    builder.probe(dense, "dense")
    y = builder.cast(dense, Format(9, 5))
    builder.output(y, "y")
    model = Model(builder.build())
    model.save(tmp_path / f"{name}.bxnn")
    return model


def events(count: int = 500, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(-(2**11), 2**11, (count, 3, 2))


def seeds(*cuts: str) -> str:
    return "seeds:\n" + "".join(f"  - {{name: s{i}, cut: '{cut}'}}\n" for i, cut in enumerate(cuts))


def test_what_is_stated() -> None:
    menu = Menu.parse(
        OBJECTS
        + """\
version: 3b
seeds:
  - {name: A, cut: met.pt >= 20*GeV}
  - {name: B, cut: not A, prescale: 5/2, requires: [L1_X, L1_Y]}
  - {name: C, cut: met.pt < 3, prescale: 1.25}
dead_time: [{accepts: 1, crossings: 3}, {accepts: 4, crossings: 240}]
histograms: [met.pt, "max(muon, pt)"]
budget: {latency: 1.5 us, rate: 100.5 kHz}
"""
    )
    assert (menu.name, menu.version, menu.model.name) == ("test", "3b", "test")
    assert [s.prescale for s in menu.seeds] == [1, Fraction(5, 2), Fraction(5, 4)]
    assert menu.seeds[1].requires == ("L1_X", "L1_Y") and menu.seeds[0].requires == ()
    assert [s.line for s in menu.seeds] == [9, 10, 11]
    assert menu.dead_time == (DeadTime(1, 3), DeadTime(4, 240))
    assert (menu.budget_ns, menu.rate_budget_hz) == (1500, 100_500.0)
    assert menu.scores == ("met.pt", "max(muon, pt)")
    assert [t.name for t in menu.model.outputs] == ["seeds", *menu.scores]
    assert [tuple(t.shape) for t in menu.model.outputs] == [(1,)] * 3
    assert str(menu.model.outputs[0].format) == "ap_ufixed<3,3>"
    assert menu.model.meta["menu"] == menu.text
    assert menu.model.meta["menu_sha256"] == menu.sha256 == hashlib.sha256(menu.text.encode()).hexdigest()


def test_defaults() -> None:
    menu = Menu.parse(OBJECTS + seeds("met.pt > 1"))
    assert (menu.version, menu.dead_time, menu.scores) == ("", (), ())
    assert (menu.budget_ns, menu.rate_budget_hz) == (None, None)
    other = Menu.parse(OBJECTS.replace("menu: test", "menu: test2") + seeds("met.pt > 1"))
    assert 0 <= menu.seed_number < 2**63 and menu.seed_number != other.seed_number
    assert Menu.parse(OBJECTS + "seed_number: 7\n" + seeds("met.pt > 1")).seed_number == 7


def test_a_saved_model_is_the_menu(tmp_path: Path) -> None:
    menu = Menu.parse(OBJECTS + seeds("met.pt > 1", "any(muon, pt > 3)"))
    menu.model.with_golden(events(50), raw=True).save(tmp_path / "menu.bxnn")
    loaded = Model.load(tmp_path / "menu.bxnn")
    loaded.self_test()
    again = Menu.parse(loaded.meta["menu"])
    assert (again.decide(events()).word == menu.decide(events()).word).all()


def test_decisions() -> None:
    menu = Menu.parse(OBJECTS + seeds("met.pt > 1", "met.pt > 100") + "histograms: [met.pt]\n")
    x = events()
    decisions = menu.decide(x)
    assert decisions.word.dtype == np.uint64 and decisions.seeds.shape == (len(x), 2)
    assert (decisions["s1"] == (x[:, 0, 0] > 100)).all()
    assert (decisions.scores["met.pt"] == x[:, 0, 0]).all()
    assert (menu.decide({"objects": x}).word == decisions.word).all()
    with pytest.raises(KeyError, match="no seed 's2'; the seeds are s0, s1"):
        decisions["s2"]
    with pytest.raises(bxnn.InputError, match="event 1"):
        menu.decide(np.array([x[0], x[0] + 5000]))


def test_the_highest_of_62_bits() -> None:
    menu = Menu.parse(OBJECTS + seeds(*(f"met.pt > {i}" for i in range(62))))
    x = events()
    expected = (x[:, 0, 0][:, None] > np.arange(62)).astype(np.uint64) << np.arange(62, dtype=np.uint64)
    assert (menu.decide(x).word == expected.sum(1)).all() and (menu.decide(x).word >> np.uint64(61)).any()


FEED = {"from": "[met, muon]"}


@pytest.mark.parametrize(
    ("feed", "scaling"),
    [
        ("shift: 0", InputScaling(Format(12, 12), scale=2.0**-6)),
        ("shift: 3", InputScaling(Format(12, 12), scale=2.0**-3)),
        ("shift: -2", InputScaling(Format(12, 12), scale=2.0**-8)),
        ("shift: [0, 1, 2, -1]", InputScaling(Format(12, 12), scale=np.ldexp(1.0, [-6, -5, -4, -7]))),
        ("scale: 0.375", InputScaling(Format(12, 12), scale=0.375)),
        (
            "{offset: [1, 2, -3, 0.5], scale: 0.1, scale_format: 'ap_fixed<12,1>', "
            "product_format: 'ap_fixed<14,8,AP_RND>'}",
            InputScaling(
                Format(12, 12),
                offset=[1, 2, -3, 0.5],
                scale=0.1,
                scale_format=Format(12, 1),
                product_format=Format(14, 8, True, "RND"),
            ),
        ),
    ],
)
def test_scaling_is_that_of_compose(tmp_path: Path, feed: str, scaling: InputScaling) -> None:
    composed = compose(network(tmp_path), before={"x": scaling}, after={"score": Score("y")})
    text = f"""\
networks:
  net: {{model: net.bxnn, inputs: {{x: {{from: [muon], {feed.strip("{}")}}}}}, score: {{sum_of_squares: y}}}}
histograms: [net.score, "net.y[0]", "net.y[2]"]
"""
    menu = Menu.parse(OBJECTS + text + seeds("net.score > 3"), folder=tmp_path)
    x = events()
    expected = composed.predict_raw(x[:, 1:].reshape(-1, 4))
    decided = menu.decide(x)
    assert (decided.scores["net.score"] == expected["score"].reshape(-1)).all()
    assert (decided.scores["net.y[2]"] == expected["y"][:, 2]).all()
    assert (decided["s0"] == (expected["score"].reshape(-1) > 3)).all()
    assert len(np.unique(decided.scores["net.score"])) > 10
    assert [t.name for t in menu.model.layers] == ["net.dense"]


def test_weighted_scores(tmp_path: Path) -> None:
    score = Score("y", minus=[1, 2, 3], weights=[1, -2, 0.5], result=Format(12, 9))
    composed = compose(
        network(tmp_path), before={"x": InputScaling(Format(12, 12), scale=2.0**-6)}, after={"score": score}
    )
    text = """\
networks:
  net:
    model: net.bxnn
    inputs: {x: {from: muon, shift: 0}}
    score: {weighted_sum: y, weights: [1, -2, 0.5], minus: [1, 2, 3], result: "ap_fixed<12,9>"}
histograms: [net.score]
"""
    menu = Menu.parse(OBJECTS + text + seeds("net.score > 3"), folder=tmp_path)
    x = events()
    expected = composed.predict_raw(x[:, 1:].reshape(-1, 4))["score"].reshape(-1)
    assert (menu.decide(x).scores["net.score"] == expected).all()


def test_several_networks_and_inputs(tmp_path: Path) -> None:
    """Two networks share an input, another input has its own; each gives what it gives alone."""
    a, b = network(tmp_path, "a", 1), network(tmp_path, "b", 2)
    text = """\
menu: two
inputs:
  towers: {shape: [2, 2], format: "ap_fixed<10,4>"}
  other: {shape: [4], format: "ap_fixed<10,4>"}
networks:
  a: {model: a.bxnn, inputs: {x: {from: towers, shift: 0}}}
  b: {model: b.bxnn, inputs: {x: {from: towers, shift: 0}}}
  c: {model: a.bxnn, inputs: {x: {from: other, shift: 0}}}
histograms: ["a.y[1]", "b.y[1]", "c.y[1]", "max(a.y)"]
seeds:
  - {name: s, cut: "a.y[0] > b.y[0] and sum(c.y) < 40"}
"""
    menu = Menu.parse(text, folder=tmp_path)
    rng = np.random.default_rng(5)
    towers, other = rng.integers(-512, 512, (300, 2, 2)), rng.integers(-512, 512, (300, 4))
    decided = menu.decide({"towers": towers, "other": other})
    alone = a.predict_raw(towers.reshape(-1, 4)), b.predict_raw(towers.reshape(-1, 4)), a.predict_raw(other)
    for name, y in zip("abc", alone, strict=True):
        assert (decided.scores[f"{name}.y[1]"] == y[:, 1]).all()
    assert (decided.scores["max(a.y)"] == alone[0].max(1)).all()
    expected = (alone[0][:, 0] > alone[1][:, 0]) & (alone[2].astype(int).sum(1) < 40)
    assert (decided["s"] == expected).all() and 0 < expected.sum() < len(expected)
    assert set(menu.model.meta) >= {"network_sha256.a", "network_sha256.b", "network_sha256.c"}


def operations(*cuts: str) -> int:
    return len(graph_of(Menu.parse(OBJECTS + seeds(*cuts)).model).nodes)


def test_what_is_equal_is_built_once() -> None:
    one = operations("any(muon, pt >= 20 and abs(phi) < 9)")
    assert operations("any(muon, pt >= 20 and abs(phi) < 9)", "any(muon, 20 <= pt and abs(phi) < 9)") == one
    assert (
        operations("any(muon, pt >= 20 and abs(phi) < 9)", "any(muon, pt > 19 and 10*GeV > abs(phi)+11)")
        > one
    )
    assert operations("met.pt + met.phi > 1", "met.phi + met.pt > 1") == operations("met.pt + met.phi > 1")


def warned(text: str) -> list[tuple[int, str]]:
    return [(w.line, w.text) for w in warnings_of(Menu.parse(text))]


def test_warnings() -> None:
    text = OBJECTS + seeds(
        "any(muon, pt >= 10)",
        "met.pt >= 2048",
        "any(muon, 10 <= pt) and True",
        "any(muon, abs(phi) <= 2000*GeV)",
        "any(muon, abs(phi) <= 20)",
        "False",
    ).replace("name: s0", "name: s0, prescale: 0")
    assert warned(text) == [
        (8, "seed s0: prescale 0 switches it off"),
        (9, "seed s1: 'met.pt >= 2048' is never true: 'met.pt' lies in [-2048, 2047]"),
        (9, "seed s1: fires never"),
        (10, "seed s2: has the same cut as s0"),
        (11, "seed s3: 'abs(phi) <= 2000*GeV' is always true: 'abs(phi)' lies in [0, 2048]"),
        (11, "seed s3: fires always"),
        (
            12,
            "seed s4: fires for an event whose numbers are all 0; absent objects are 0, 0, 0, so "
            "ask for a pT",
        ),
        (13, "seed s5: fires never"),
    ]


def test_what_nothing_uses_is_told(tmp_path: Path) -> None:
    assert warned(OBJECTS + seeds("met.pt > 3")) == [(6, "object muon: no seed or histogram uses it")]
    assert warned(OBJECTS + seeds("met.pt > max(muon, pt) + 1")) == []


def test_networks_of_equal_inputs_share_their_scaling(tmp_path: Path) -> None:
    network(tmp_path, "a", 1), network(tmp_path, "b", 2)
    nets = "networks:\n" + "".join(
        f"  {name}: {{model: {name}.bxnn, inputs: {{x: {{from: muon, shift: SHIFT{name}}}}}}}\n"
        for name in "ab"
    )
    text = OBJECTS + nets + seeds("a.y[0] > b.y[0]")
    casts = [
        sum(n.operation == "cast" for n in graph_of(Menu.parse(t, folder=tmp_path).model).nodes)
        for t in (text.replace("SHIFTa", "1").replace("SHIFTb", s) for s in ("1", "2"))
    ]
    assert casts[0] == casts[1] - 1


def test_thresholds_on_the_same_objects_share_all_but_a_comparison() -> None:
    cut = "any(muon, pt >= {} and abs(phi) < 9)"
    one = operations(cut.format(20))
    assert operations(cut.format(20), cut.format(30)) == one + 2  # a constant, a comparison


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        ("count(muon, pt >= met.pt) == 1", lambda met, a, b: ((a >= met) + 0 + (b >= met)) == 1),
        (
            "any(muon, pt > max(met.pt, min(muon.pt)))",
            lambda met, a, b: np.maximum(a, b) > np.maximum(met, np.minimum(a, b)),
        ),
        ("any(muon, pt < 9 and pt >= -5)", lambda met, a, b: ((a >= -5) & (a < 9)) | ((b >= -5) & (b < 9))),
        ("any(muon, pt >= -2048 and pt < -9)", lambda met, a, b: (a < -9) | (b < -9)),
        ("count(muon, 1 < 2) == 2", lambda met, a, b: a == a),
        ("sum(muon, 1, pt > 0) == 1", lambda met, a, b: (a > 0) != (b > 0)),
        ("sum(muon, met.pt) == 2*met.pt", lambda met, a, b: a == a),
        ("-20 < met.pt <= 7.5*GeV", lambda met, a, b: (met > -20) & (met <= 15)),
        ("all(muon, pt == 0 or pt >= 10)", lambda met, a, b: ((a == 0) | (a >= 10)) & ((b == 0) | (b >= 10))),
        ("any(muon, 3 <= pt < 100)", lambda met, a, b: ((a >= 3) & (a < 100)) | ((b >= 3) & (b < 100))),
        ("any(met, pt > 3) and any(met.pt > 3)", lambda met, a, b: met > 3),
        ("not True or met.pt > 3 and not False", lambda met, a, b: met > 3),
    ],
)
def test_forms_of_cuts(cut: str, expected: Callable[..., np.ndarray]) -> None:
    x = events() % 37 - 12
    met, a, b = x[:, 0, 0], x[:, 1, 0], x[:, 2, 0]
    wanted = expected(met, a, b)
    assert (Menu.parse(OBJECTS + seeds(cut)).decide(x)["s0"] == wanted).all()
