"""From the text of a menu to its model: reads the keys, compiles every cut into one graph."""

from __future__ import annotations

import hashlib
import keyword
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from pathlib import Path

import numpy as np

from bxnn._core import Builder, Error, Format
from bxnn.document import Node, closest, parse
from bxnn.menu.cuts import FUNCTIONS, Cut, Names
from bxnn.menu.menu import DeadTime, Menu, Seed, Warned
from bxnn.menu.networks import Network, read_network
from bxnn.menu.operations import Fault, Operations, Value
from bxnn.model import Model

MAX_SEEDS = 62
MAX_ELEMENTS = 1 << 16

_REQUIRED = ("menu", "inputs", "seeds")
_OPTIONAL = (
    "version", "units", "objects", "networks", "dead_time", "histograms", "budget", "seed_number"
)  # fmt: skip


def compile_menu(text: str, folder: Path, file: str) -> Menu:
    """The menu of a text. Raises DocumentError."""
    root = parse(text, file)
    return _Compiler(root, text, folder).menu()


@dataclass
class _Compiler:
    root: Node
    text: str
    folder: Path
    names: Names = field(default_factory=Names)
    warnings: list[Warned] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def menu(self) -> Menu:
        keys = self.root.fields(_REQUIRED, _OPTIONAL)
        name = keys["menu"].name("the menu's name")
        self.builder = Builder(name)
        self.operations = Operations(self.builder)
        self._units(keys.get("units"))
        inputs = self._inputs(keys["inputs"])
        objects = self._objects(keys.get("objects"), inputs)
        networks = self._networks(keys.get("networks"), {**inputs, **objects})
        seeds = self._seeds(keys["seeds"])
        scores = self._histograms(keys.get("histograms"))
        self._unused(keys, networks)
        version = keys["version"].text("a version") if "version" in keys else ""
        self._metadata(version, networks)
        latency, rate = _budget(keys.get("budget"))
        return Menu(
            name=name,
            version=version,
            text=self.text,
            model=self._model(),
            seeds=seeds,
            scores=scores,
            networks=networks,
            dead_time=_dead_time(keys.get("dead_time")),
            seed_number=_seed_number(keys.get("seed_number"), name),
            budget_ns=latency,
            rate_budget_hz=rate,
            warnings=tuple(sorted(self.warnings, key=lambda w: w.line)),
        )

    def _warn(self, node: Node, text: str) -> None:
        self.warnings.append(Warned(node.line, text))

    def _claim(self, name: str, node: Node) -> None:
        """A name of cuts has one meaning."""
        if name in FUNCTIONS or keyword.iskeyword(name):
            node.fail(f"'{name}' is a word of the language of cuts; take another name")
        if name in self.names.all():
            node.fail(f"the name '{name}' is taken already; units, objects, networks and seeds share names")

    def _units(self, node: Node | None) -> None:
        for name, unit in (node.entries("units", 64) if node else {}).items():
            self._claim(name, unit)
            size = unit.number("the counts of a unit")
            if size <= 0:
                unit.fail(f"expected counts above 0, got {size}")
            self.names.units[name] = size

    def _inputs(self, node: Node) -> dict[str, int]:
        """The value of every input, by name."""
        found: dict[str, int] = {}
        for name, entry in node.entries("inputs", 16).items():
            keys = entry.fields(("shape", "format"))
            shape = [n.integer(1, MAX_ELEMENTS) for n in keys["shape"].items("dimensions", 4)]
            if not shape or prod(shape) > MAX_ELEMENTS:
                keys["shape"].fail(f"expected 1 to 4 dimensions and at most {MAX_ELEMENTS} elements")
            text = keys["format"].text("a format, as in ap_int<16>")
            fmt = keys["format"].wrap(lambda text=text: Format.parse(text))  # type: ignore[misc]
            found[name] = entry.wrap(
                lambda name=name, shape=shape, fmt=fmt: self.builder.input(name, shape, fmt)  # type: ignore[misc]
            )
        if not found:
            node.fail("expected at least one input")
        return found

    def _objects(self, node: Node | None, inputs: Mapping[str, int]) -> dict[str, int]:
        """The numbers of every object as they lie in its input, by name; the cuts learn of their fields."""
        found: dict[str, int] = {}
        for name, entry in (node.entries("objects", 256) if node else {}).items():
            self._claim(name, entry)
            if name in inputs:
                entry.fail(f"an input is called '{name}' already; take another name")
            keys = entry.fields(("input", "first", "count", "fields"))
            source = keys["input"].name("the name of an input")
            if source not in inputs:
                keys["input"].fail(
                    f"no input '{source}'; there are {', '.join(inputs)}{closest(source, inputs)}"
                )
            fields = [n.name("the name of a field") for n in keys["fields"].items("fields", 1024)]
            first, count = self._rows(entry, keys, inputs[source], fields)
            raw = self.operations.known(inputs[source], source)
            width = len(fields)
            rows = range(first, first + count)
            self.names.objects[name] = {
                field: self.operations.elements(raw, [row * width + i for row in rows], name)
                for i, field in enumerate(fields)
            }
            index = np.arange(first * width, (first + count) * width, dtype=np.int32)
            found[name] = self.builder.gather([inputs[source]], index)
        return found

    def _rows(self, entry: Node, keys: Mapping[str, Node], x: int, fields: list[str]) -> tuple[int, int]:
        """First row and number of rows of an object, checked against the shape of its input."""
        shape = self.builder.shape_of(x)
        rows, width = (shape[0], prod(shape[1:]))
        if len(fields) != width or len(set(fields)) != width:
            keys["fields"].fail(
                f"expected {width} different names, one for each number of a row of the input's shape "
                f"{list(shape)}, got {', '.join(fields) or 'none'}"
            )
        for name, node in zip(fields, keys["fields"].items("fields", 1024), strict=True):
            if name in FUNCTIONS or keyword.iskeyword(name) or name in self.names.units:
                node.fail(f"'{name}' means something else in cuts; take another name")
        first = keys["first"].integer(0, rows - 1)
        return first, keys["count"].integer(1, rows - first)

    def _networks(self, node: Node | None, sources: Mapping[str, int]) -> tuple[Network, ...]:
        found: list[Network] = []
        for name, entry in (node.entries("networks", 32) if node else {}).items():
            self._claim(name, entry)
            network = read_network(name, entry, self.folder, sources, self.operations)
            self.names.networks[name] = network.values
            found.append(network)
        return tuple(found)

    def _seeds(self, node: Node) -> tuple[Seed, ...]:
        seeds: list[Seed] = []
        values: list[Value] = []
        for entry in node.items("seeds", MAX_SEEDS):
            keys = entry.fields(("name", "cut"), ("prescale", "requires"))
            name = keys["name"].name("the name of a seed")
            self._claim(name, keys["name"])
            value, cut = self._compiled(keys["cut"], f"seed {name}", condition=True)
            prescale, uses = _prescale(keys.get("prescale")), frozenset(cut.used)
            seed = Seed(name, cut.text, prescale, _required(keys), entry.line, uses)
            self._look_at(seed, entry, value, seeds, values)
            self.names.seeds[name] = value
            seeds.append(seed)
            values.append(value)
        if not seeds:
            node.fail("expected at least one seed")
        word = self.operations.word(values)
        self.builder.output(word, "seeds")
        return tuple(seeds)

    def _compiled(self, node: Node, what: str, *, condition: bool) -> tuple[Value, Cut]:
        cut = Cut(node.text("an expression"), self.names, self.operations)
        try:
            value = cut.condition() if condition else cut.number()
        except Fault as fault:
            node.fail(f"{what}: {fault}")
        self.used |= cut.used
        for oddity in cut.oddities:
            self._warn(node, f"{what}: {oddity}")
        return value, cut

    def _look_at(self, seed: Seed, node: Node, value: Value, seeds: list[Seed], values: list[Value]) -> None:
        """Warn of what is legal and looks wrong."""
        if value.decided is not None:
            self._warn(node, f"seed {seed.name}: fires {'always' if value.decided else 'never'}")
        if seed.prescale == 0:
            self._warn(node, f"seed {seed.name}: prescale 0 switches it off")
        for other, known in zip(seeds, values, strict=True):
            same = value.literal is None and value.handle == known.handle and other.requires == seed.requires
            if same and known.literal is None:
                self._warn(node, f"seed {seed.name}: has the same cut as {other.name}")

    def _histograms(self, node: Node | None) -> tuple[str, ...]:
        names: list[str] = []
        for entry in node.items("histograms", 64) if node else []:
            value, cut = self._compiled(entry, "histogram", condition=False)
            if cut.text in ("seeds", *names):
                entry.fail(f"the score '{cut.text}' stands here twice")
            if not -(2**63) <= value.low <= value.high < 2**63:
                entry.fail(f"'{cut.text}' may need more than 64 bits; a score is a signed integer of 64")
            entry.wrap(
                lambda value=value, cut=cut: self.builder.output(  # type: ignore[misc]
                    self.operations.id(value), cut.text
                )
            )
            names.append(cut.text)
        return tuple(names)

    def _unused(self, keys: Mapping[str, Node], networks: tuple[Network, ...]) -> None:
        for section in ("objects", "networks"):
            entries = keys[section].entries(section, 256) if section in keys else {}
            for name, entry in entries.items():
                if name not in self.used:
                    self._warn(entry, f"{section[:-1]} {name}: no seed or histogram uses it")

    def _metadata(self, version: str, networks: tuple[Network, ...]) -> None:
        facts = {
            "origin": "menu",
            "menu": self.text,
            "menu_sha256": hashlib.sha256(self.text.encode()).hexdigest(),
            "menu_version": version,
            **{f"network_sha256.{network.name}": network.sha256 for network in networks},
        }
        for key, fact in facts.items():
            self.builder.set_meta(key, fact)

    def _model(self) -> Model:
        try:
            return Model(self.builder.build())
        except Error as error:
            self.root.fail(f"the compiled menu is refused: {error}")


def _prescale(node: Node | None) -> Fraction:
    if node is None:
        return Fraction(1)
    prescale = node.number("a prescale")
    if prescale != 0 and prescale < 1:
        node.fail(f"expected a prescale of at least 1, or 0 to switch the seed off; got {prescale}")
    return prescale


def _required(keys: Mapping[str, Node]) -> tuple[str, ...]:
    if "requires" not in keys:
        return ()
    node = keys["requires"]
    names = [n.name("the name of a seed") for n in node.items("seeds of the stage before", MAX_SEEDS)]
    if not names:
        node.fail("expected at least one seed of the stage before; leave the key out for no requirement")
    if len(set(names)) != len(names):
        node.fail("expected every seed once")
    return tuple(names)


def _dead_time(node: Node | None) -> tuple[DeadTime, ...]:
    rules: list[DeadTime] = []
    for entry in node.items("rules", 16) if node else []:
        keys = entry.fields(("accepts", "crossings"))
        rule = DeadTime(keys["accepts"].integer(1, 1 << 20), keys["crossings"].integer(1, 1 << 40))
        if rule.crossings <= rule.accepts:
            entry.fail(
                f"{rule.accepts} accepts in {rule.crossings} crossings forbid nothing; state more crossings"
            )
        rules.append(rule)
    return tuple(rules)


def _budget(node: Node | None) -> tuple[int | None, float | None]:
    """Nanoseconds and Hz."""
    keys = node.fields((), ("latency", "rate")) if node else {}
    latency = keys["latency"].nanoseconds() if "latency" in keys else None
    return latency, keys["rate"].hertz() if "rate" in keys else None


def _seed_number(node: Node | None, name: str) -> int:
    if node is not None:
        return node.integer(0, 2**63 - 1)
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little") >> 1
