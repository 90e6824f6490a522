"""Wrong menus: every error says file, line, key, what came and what to do; nothing hostile gets through."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bxnn.document import DocumentError
from bxnn.menu import Menu

pytest.importorskip("yaml")

RIGHT = """\
menu: test
inputs:
  objects: {shape: [3, 2], format: "ap_int<16>"}
  towers: {shape: [57], format: "ap_int<16>"}
units: {GeV: 2}
objects:
  met: {input: objects, first: 0, count: 1, fields: [pt, phi]}
  muon: {input: objects, first: 1, count: 2, fields: [pt, phi]}
networks:
  vae: {model: "package:vae_encoder.bxnn", inputs: {objects: {from: towers, shift: meta}}, score: score}
seeds:
  - name: A
    cut: met.pt >= 20*GeV
"""


def refused(text: str) -> str:
    with pytest.raises(DocumentError) as error:
        Menu.parse(text, file="menu.yml")
    return str(error.value)


def test_the_right_one_is_right() -> None:
    assert [seed.name for seed in Menu.parse(RIGHT).seeds] == ["A"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("menu: test\n", "", ["menu.yml:1:", "'menu' is missing"]),
        ("menu: test", "menu: [a]", ["menu.yml:1: menu: expected the menu's name, got a list"]),
        ("menu: test", "menu: 'a b'", ["menu.yml:1: menu:", "'a b'"]),
        ("units:", "unit:", ["menu.yml:5:", "unknown key 'unit'", "did you mean 'units'?"]),
        ("units: {GeV: 2}", "units: {GeV: -2}", ["menu.yml:5: units.GeV:", "above 0, got -2"]),
        ("units: {GeV: 2}", "units: {GeV: 1/0}", ["menu.yml:5: units.GeV:", "1/0"]),
        ("units: {GeV: 2}", "units: {sum: 2}", ["menu.yml:5: units.sum:", "word of the language"]),
        ("units: {GeV: 2}", "units: {GeV: 2, GeV: 3}", ["menu.yml:5:", "'GeV' stands here twice"]),
        ("units: {GeV: 2}", "units: {met: 2}", ["menu.yml:7: objects.met:", "taken already"]),
        ("[3, 2]", "[3, 0]", ["menu.yml:3: inputs.objects.shape[1]:", "got '0'"]),
        ("[3, 2]", "[65536, 65536]", ["menu.yml:3: inputs.objects.shape:", "at most 65536 elements"]),
        ('"ap_int<16>"}\n  tow', '"ap_real<16>"}\n  tow', ["menu.yml:3: inputs.objects.format:"]),
        ("input: objects, first: 0", "input: object, first: 0", ["menu.yml:7:", "did you mean 'objects'?"]),
        ("first: 1, count: 2", "first: 1, count: 3", ["menu.yml:8: objects.muon.count:", "from 1 to 2"]),
        ("first: 1, count: 2", "first: 3, count: 2", ["menu.yml:8: objects.muon.first:", "from 0 to 2"]),
        ("2, fields: [pt, phi]", "2, fields: [pt]", ["menu.yml:8: objects.muon.fields:", "expected 2"]),
        ("2, fields: [pt, phi]", "2, fields: [pt, GeV]", ["menu.yml:8: objects.muon.fields[1]:"]),
        ("vae_encoder.bxnn", "none.bxnn", ["menu.yml:10: networks.vae.model:", "can't read"]),
        ("package:vae_encoder.bxnn", "/", ["menu.yml:10: networks.vae.model:", "can't read"]),
        ("vae_encoder.bxnn", "README.md", ["menu.yml:10: networks.vae.model:", "is no model"]),
        ("inputs: {objects: {from", "inputs: {x: {from", ["menu.yml:10:", "unknown key 'x'", "objects"]),
        ("from: towers", "from: tower", ["menu.yml:10:", "did you mean 'towers'?"]),
        ("from: towers", "from: objects", ["networks.vae.inputs.objects.from:", "expected 57 numbers"]),
        (", shift: meta", "", ["networks.vae.inputs.objects:", "state how what arrives is scaled"]),
        ("shift: meta", "shift: [1, 2]", ["inputs.objects.shift:", "expected one shift or 57, got 2"]),
        ("shift: meta", "shift: 1, scale: 2", ["don't go together"]),
        ("shift: meta", "scale: two", ["inputs.objects.scale:", "expected a number, got 'two'"]),
        ("shift: meta", "scale: nan", ["networks.vae.inputs.objects:", "finite"]),
        ("score: score", "score: scor", ["networks.vae.score:", "did you mean 'score'?"]),
        ("score: score", "score: {sum_of_squares: mean}", ["has an output 'score' already"]),
        ("  - name: A\n    cut", "  - cut", ["menu.yml:12: seeds[0]: the key 'name' is missing"]),
        ("name: A", "name: met", ["menu.yml:12: seeds[0].name: the name 'met' is taken"]),
        ("name: A", "name: and", ["menu.yml:12: seeds[0].name: 'and' is a word"]),
        ("name: A", "name: A\n    prescal: 2", ["menu.yml:13: seeds[0]:", "did you mean 'prescale'?"]),
        ("name: A", "name: A\n    prescale: 1/2", ["menu.yml:13: seeds[0].prescale:", "at least 1"]),
        ("name: A", "name: A\n    prescale: -1", ["menu.yml:13: seeds[0].prescale:", "at least 1"]),
        ("name: A", "name: A\n    requires: []", ["menu.yml:13: seeds[0].requires:", "at least one"]),
        ("name: A", "name: A\n    requires: B", ["menu.yml:13: seeds[0].requires:", "expected a list"]),
        ("name: A", "name: A\n    requires: [B, B]", ["seeds[0].requires:", "every seed once"]),
        ("seeds:\n  - name: A\n    cut: met.pt >= 20*GeV", "seeds: []", ["seeds: expected at least one"]),
        ("menu: test", "menu: test\nbudget: {latency: 4}", ["menu.yml:2: budget.latency:", "ns, us"]),
        ("menu: test", "menu: test\nbudget: {latency: 0.5 ns}", ["whole number of ns"]),
        ("menu: test", "menu: test\nbudget: {rate: -1 kHz}", ["menu.yml:2: budget.rate:", "more than 0"]),
        ("menu: test", "menu: test\ndead_time: [{accepts: 3, crossings: 3}]", ["forbid nothing"]),
        ("menu: test", "menu: test\nhistograms: [met.pt, met.pt]", ["histograms[1]:", "twice"]),
        ("menu: test", "menu: test\nhistograms: [muon.pt]", ["histograms[0]:", "list over muon"]),
        ("menu: test", "menu: test\nhistograms: [met.pt > 2]", ["histograms[0]:", "expected a number"]),
        ("menu: test", "menu: test\nhistograms: [met.pt*met.pt*met.pt*met.pt*met.pt]", ["64 bits"]),
        ("menu: test", "menu: test\nseed_number: -1", ["menu.yml:2: seed_number:"]),
        ("menu: test", "menu: test: 3", ["menu.yml:1: not YAML"]),
        ("menu: test", "menu: &a test", ["menu.yml:1: anchors and aliases"]),
        ("menu: test", "menu: !!python/object/apply:os.system [exit]", ["menu.yml:1: the tag"]),
        ("menu: test", "menu: test\n---\nmenu: b", ["menu.yml:", "a file holds one"]),
        ("menu: test", "menu: test\n? [a]\n: b", ["a list or mapping as a key"]),
        ("menu: test", "menu: " + "[" * 100, ["menu.yml:1: nested more than 12 deep"]),
        ("menu: test", "menu: test # " + "x" * 300_000, ["larger than 256 KiB"]),
    ],
)
def test_keys(old: str, new: str, expected: list[str]) -> None:
    assert old in RIGHT
    message = refused(RIGHT.replace(old, new, 1))
    for part in expected:
        assert part in message


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        ("met.pt", ["expected a condition, got a number", "compare it"]),
        ("met.pt >= 20.3*GeV", ["40.6 is not an integer; the nearest integers are 40 and 41"]),
        ("met.pt >= 0.5", ["0.5 is not an integer"]),
        ("met.pt >= 1e3", ["'1e3'", "expected an integer"]),
        ("met.pt >= 'a'", ["expected an integer"]),
        ("met.pt * 0.3 >= 1", ["0.3 is not an integer"]),
        ("met.ptt >= 1", ["'met.ptt'", "met has no 'ptt', only pt, phi", "did you mean 'pt'?"]),
        ("mett.pt >= 1", ["no such object or network", "did you mean 'met'?"]),
        ("met >= 1", ["'met'", "object", "met.pt"]),
        ("vae > 1", ["'vae'", "network", "vae.score"]),
        ("GeVV > 1", ["unknown name", "did you mean 'GeV'?"]),
        ("B", ["'B': unknown name"]),
        ("muon.pt >= 1", ["a list over muon", "any, all or count"]),
        ("muon[2].pt >= 1", ["there are 2, so the last is [1]"]),
        ("muon[-1].pt >= 1", ["expected a whole number from 0"]),
        ("muon[True].pt >= 1", ["expected a whole number from 0"]),
        ("muon[0:1].pt >= 1", ["expected a whole number from 0"]),
        ("any(muon.pt > vae.mean)", ["vae.mean and muon are lists over different things"]),
        ("any(muon, pt > vae.mean)", ["lists over different things"]),
        ("any(muon, vae.mean > 3)", ["a list over vae.mean"]),
        ("any(muon, any(met, pt > 3))", ["stands inside a condition on muon"]),
        ("any(muon)", ["expected the form any(object, condition)"]),
        ("any(muon, pt)", ["expected a condition, got a number"]),
        ("any(muon, pt > 1, 2)", ["expected the form"]),
        ("count(muon, pt > 1)", ["expected a condition, got a number"]),
        ("sum(muon, pt > 1) > 2", ["expected a number, got a condition", "count"]),
        ("abs(muon, pt) > 2", ["expected the form abs(number)"]),
        ("max(key=3) > 2", ["expected the form max"]),
        ("max(*muon) > 2", ["expected the form max"]),
        ("pow(met.pt, 2) > 2", ["unknown function", "abs"]),
        ("met.pt / 2 > 2", ["expected one of + - *; multiply the other side"]),
        ("met.pt ** 2 > 2", ["expected one of + - *"]),
        ("met.pt > 2 & met.pt < 3", ["write 'and'"]),
        ("met.pt > 2 and 3", ["'3': expected a condition, got a number"]),
        ("not met.pt", ["expected a condition"]),
        ("~met.pt > 2", ["expected not or -"]),
        ("met.pt is 2", ["expected one of the comparisons"]),
        ("met.pt in (1, 2)", ["Tuple is not part of the language"]),
        ("1 if met.pt > 2 else 0", ["IfExp is not part of the language"]),
        ("[x for x in met]", ["ListComp is not part of the language"]),
        ("__import__('os').system('true')", ["unknown function"]),
        ("().__class__", ["expected object.field"]),
        ("met.__class__", ["met has no '__class__'"]),
        ("lambda: 1", ["Lambda is not part of the language"]),
        ("met.pt >", ["not an expression"]),
        ("met.pt > 1; 2", ["not an expression"]),
        ("met.pt > 1 # and met.pt < 9", ["'#' begins no comment inside a cut"]),
        ("a = 2", ["not an expression"]),
        ("met.pt > 9223372036854775808", ["beyond 64 bits"]),
        ("met.pt > " + "9" * 4050, ["beyond 64 bits"]),
        ("met.pt > " + "9" * 4090, ["longer than 4096 characters"]),
        ("(" * 300 + "met.pt" + ")" * 300 + " > 1", ["not an expression"]),
        ("met.pt > " + "-" * 60 + "1", ["nested more than 50 deep"]),
        ("met.pt > " + "-" * 4000 + "1", ["nested"]),
        ("*".join(["met.pt"] * 9) + " > 1", ["too wide"]),
    ],
)
def test_cuts(cut: str, expected: list[str]) -> None:
    message = refused(RIGHT.replace("met.pt >= 20*GeV", '"' + cut.replace('"', '\\"') + '"'))
    assert message.startswith("menu.yml:13: seeds[0].cut: seed A: ")
    for part in expected:
        assert part in message


def test_too_many_seeds() -> None:
    many = "".join(f"  - {{name: s{i}, cut: met.pt > {i}}}\n" for i in range(63))
    head = RIGHT[: RIGHT.index("seeds:")]
    assert "at most 62 seeds, got 63" in refused(head + "seeds:\n" + many)
    menu = Menu.parse(head + "seeds:\n" + many[: many.rindex("  - ")])
    assert str(menu.model.outputs[0].format) == "ap_ufixed<62,62>"


@pytest.mark.parametrize("text", ["", "\0", "- a", "menu", "{}", "a: {", "\ufeff", "%YAML 9\n---\na: b", "'"])
def test_what_is_no_menu(text: str) -> None:
    assert "menu.yml" in refused(text)


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "menu.yml"
    with pytest.raises(FileNotFoundError):
        Menu.load(path)
    path.write_bytes(b"menu: \xff")
    with pytest.raises(DocumentError, match=r"menu\.yml: not UTF-8 text, at byte 6"):
        Menu.load(path)
    path.write_text(RIGHT.replace("20*GeV", "20.3*GeV"))
    with pytest.raises(DocumentError, match=r"menu\.yml:13: seeds\[0\]\.cut: seed A: "):
        Menu.load(path)


def test_import_needs_no_yaml() -> None:
    """`import bxnn` and the package itself load no YAML reader."""
    code = "import bxnn, bxnn.menu, sys; sys.exit('yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
