"""Every seed bit and every score of a menu is what plain Python integers say, at every instruction set."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import bxnn
from bxnn._core import isa_levels
from bxnn.document import package_file
from bxnn.menu import DocumentError, Menu

from .plain_cuts import Event
from .random_cuts import RandomCuts

pytest.importorskip("yaml")

DATA = package_file("")
OBJECTS = {"met": (0, 1), "egamma": (1, 4), "muon": (5, 4), "jet": (9, 10), "lead": (9, 2)}
FIELDS = ("pt", "eta", "phi")
UNITS = {"GeV": Fraction(2), "half": Fraction(1, 2), "third": Fraction(7, 3)}
CASES = int(os.environ.get("BXNN_FUZZ_N", "12"))
FIRST = int(os.environ.get("BXNN_FUZZ_FIRST", "0"))

HEAD = (
    """
menu: random
inputs:
  objects: {shape: [19, 3], format: "ap_int<16>"}
units: {GeV: 2, half: 1/2, third: 7/3}
objects:
"""
    + "".join(
        f"  {name}: {{input: objects, first: {first}, count: {count}, fields: [pt, eta, phi]}}\n"
        for name, (first, count) in OBJECTS.items()
    )
    + """
networks:
  vae: {model: "package:vae_encoder.bxnn", inputs: {objects: {from: objects, shift: meta}}, score: score}
  auto: {model: "package:autoencoder.bxnn", inputs: {objects: {from: objects, shift: meta}}}
"""
)


def shipped(count: int) -> np.ndarray[Any, Any]:
    with np.load(DATA / "l1_events.npz") as sample:
        arrays = [sample[name][:count] for name in sorted(sample.files)]
    return np.concatenate(arrays)


def random_events(rng: np.random.Generator, count: int) -> np.ndarray[Any, Any]:
    """Small numbers, numbers of the whole range, the ends of the range, absent objects."""
    events = rng.integers(-300, 300, (count, 19, 3))
    wide = rng.integers(-(2**15), 2**15, events.shape)
    ends = rng.choice([-(2**15), 2**15 - 1, 0, 1, -1], events.shape)
    which = rng.random(events.shape)
    events = np.where(which < 0.2, wide, np.where(which < 0.3, ends, events))
    events[rng.random((count, 19)) < 0.2] = 0
    return events.astype(np.int16)


def network_outputs(events: np.ndarray[Any, Any]) -> dict[str, dict[str, np.ndarray[Any, Any]]]:
    """Raw outputs [N, n] of the shipped networks on their own, inputs scaled here."""
    found = {}
    for name, file in (("vae", "vae_encoder"), ("auto", "autoencoder")):
        model = bxnn.Model.load(DATA / f"{file}.bxnn")
        shift = json.loads(model.meta["input_shift"])
        shifted = events.reshape(len(events), 57).astype(np.int64) << np.array(shift)
        wrapped = (shifted + 2**15) % 2**16 - 2**15
        results = model.predict_raw(wrapped)
        found[name] = {key: results[key].reshape(len(events), -1) for key in results.names}
    return found


def plain_events(events: np.ndarray[Any, Any]) -> list[Event]:
    outputs = network_outputs(events)
    found = []
    for i, event in enumerate(events.tolist()):
        lists: dict[str, Mapping[str, list[int]]] = {
            name: {f: [event[first + k][j] for k in range(count)] for j, f in enumerate(FIELDS)}
            for name, (first, count) in OBJECTS.items()
        }
        for network, values in outputs.items():
            lists[network] = {key: array[i].tolist() for key, array in values.items()}
        found.append(Event(UNITS, lists))
    return found


def expected(menu: Menu, plain: list[Event]) -> tuple[list[int], dict[str, list[int]]]:
    words, scores = [], {name: [] for name in menu.scores}
    for event in plain:
        event.seeds = {}
        for seed in menu.seeds:
            event.seeds[seed.name] = bool(event.value(seed.cut))
        words.append(sum(bit << i for i, bit in enumerate(event.seeds.values())))
        for name in menu.scores:
            scores[name].append(int(event.value(name)))
    return words, scores


def assert_equal_everywhere(menu: Menu, events: np.ndarray[Any, Any]) -> int:
    """Numbers compared."""
    words, scores = expected(menu, plain_events(events))
    wanted = np.array([words, *scores.values()], dtype=object)
    compared = 0
    flat = np.ascontiguousarray(events.reshape(len(events), -1))
    for level in ("reference", *isa_levels()):
        for part in (flat, flat[:5]):  # blocks, and events one by one
            got = menu.model._core.run([part], isa=level)
            got_words = np.array([[int(v) for v in array.reshape(-1)] for array in got], dtype=object)
            assert (got_words == wanted[:, : len(part)]).all(), level
            compared += got_words.size
    decided = menu.decide(events)
    assert [int(w) for w in decided.word] == words
    for i, seed in enumerate(menu.seeds):
        assert [bool(w >> i & 1) for w in words] == decided[seed.name].tolist()
    for name in menu.scores:
        assert decided.scores[name].tolist() == scores[name]
    return compared


def random_menu(seed: int) -> Menu:
    """A menu of random cuts that the compiler takes; cuts that may need more than 126 bits are left out."""
    rng = np.random.default_rng(seed)
    cuts = RandomCuts(
        rng,
        {name: (count, FIELDS) for name, (_, count) in OBJECTS.items()},
        {"vae.mean": 8, "vae.score": 1, "auto.score": 1, "auto.reconstruction": 57},
        ["GeV"],
        [0, 1, 2, *(int(v) for v in rng.integers(-200, 300, 24)), 32767, -32768, 40000, 1_300_000],
    )
    kept: list[str] = []
    for i in range(int(rng.integers(1, 40))):
        line = f"  - {{name: s{i}, cut: '{cuts.condition(int(rng.integers(0, 4)))}'}}\n"
        try:
            Menu.parse(HEAD + "seeds:\n" + "".join(kept) + line)
        except DocumentError as error:
            assert "too wide" in str(error), error
            continue
        kept.append(line)
        cuts.seeds.append(f"s{i}")
    kept = kept or ["  - {name: s0, cut: 'met.pt > 1'}\n"]
    scores = ["vae.score", "vae.mean[3]", "sum(jet.pt)", "max(jet, pt - abs(eta))", "-met.pt"]
    return Menu.parse(HEAD + "seeds:\n" + "".join(kept) + f"histograms: {json.dumps(scores)}\n")


@pytest.mark.parametrize("seed", range(FIRST, FIRST + CASES))
def test_random_menus(seed: int) -> None:
    menu = random_menu(seed)
    rng = np.random.default_rng(seed + 10**6)
    events = np.concatenate([random_events(rng, 150), shipped(10)])
    assert assert_equal_everywhere(menu, events) > 0


@pytest.mark.parametrize("name", ["l1_anomaly", "hlt_anomaly"])
def test_shipped_menus(name: str) -> None:
    text = package_file(f"{name}.yml", "menus").read_text()
    menu = Menu.parse(text.replace("autoencoder:", "auto:").replace("autoencoder.score", "auto.score"))
    rng = np.random.default_rng(1)
    events = np.concatenate([shipped(150), random_events(rng, 100)])
    fired = menu.decide(events).seeds
    assert fired.any(axis=0).all() and (not fired.all(axis=0)[:-1].any())
    assert assert_equal_everywhere(menu, events) > 0


def test_the_evaluator_can_fail() -> None:
    """A menu with another threshold is told from the one that is evaluated."""
    menu = Menu.parse(HEAD + "seeds: [{name: a, cut: 'met.pt >= 20'}]\n")
    other = Menu.parse(HEAD + "seeds: [{name: a, cut: 'met.pt >= 21'}]\n")
    events = np.zeros((3, 19, 3), np.int16)
    events[:, 0, 0] = [19, 20, 21]
    words, _ = expected(menu, plain_events(events))
    assert words == [0, 1, 1] == menu.decide(events).word.tolist()
    assert other.decide(events).word.tolist() == [0, 0, 1]
