"""The configuration of a menu study: a small YAML file, whose errors name line and key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bxnn.document import Node, located, parse, read_text
from bxnn.menu import Menu
from bxnn.sources.lhc import BUNCHES_PER_ORBIT, REVOLUTION_FREQUENCY
from bxnn.study.rates import FILLED_BUNCHES

SHIPPED = "package:l1_anomaly.yml"
_MOST_SAMPLES = 64
_RATES = (1e4, 1e5)


@dataclass(frozen=True)
class Sample:
    """Events of one process: the file, where its inputs are, and how many events at its start are left
    out."""

    name: str
    file: Path
    columns: tuple[str, ...]
    tree: str | None
    first: int


@dataclass(frozen=True, eq=False)
class StudyConfiguration:
    """What a study is made of; `background` names the sample that stands for all crossings."""

    name: str
    text: str
    menu: Menu
    samples: tuple[Sample, ...]
    background: str
    anomaly: tuple[str, ...]
    filled_bunches: int
    rates: tuple[float, ...]
    sections: int
    note: str

    @property
    def crossing_rate(self) -> float:
        """Filled crossings a second."""
        return REVOLUTION_FREQUENCY * self.filled_bunches


def load_configuration(path: str | Path) -> StudyConfiguration:
    """Read a study; paths in it are relative to its folder. 'package:NAME' is a study, menu or file of bxnn.

    Raises DocumentError, an InputError that says line and key, and OSError for files that can't be read.
    """
    file, text = read_text(path, "studies")
    keys = parse(text, str(file)).fields(
        ("study", "menu", "background", "samples"), ("anomaly", "filled_bunches", "rates", "sections", "note")
    )
    menu = keys["menu"].loaded(Menu.load, "the path of a menu, or package:NAME", file.parent, "menus")
    waiting = [seed.name for seed in menu.seeds if seed.requires]
    if waiting:
        keys["menu"].fail(
            f"seed '{waiting[0]}' of menu '{menu.name}' requires seeds of the stage before, and a study is "
            "of one stage alone; let the events stream through both (bxnn stream)"
        )
    entries = keys["samples"].entries("samples", _MOST_SAMPLES)
    samples = tuple(_sample(name, node, file.parent) for name, node in entries.items())
    background = keys["background"].name("the name of a sample")
    if background not in entries:
        keys["background"].fail(f"no sample '{background}'; the samples are {', '.join(entries)}")
    names = [seed.name for seed in menu.seeds]
    chosen = anomaly_seeds(menu)
    if "anomaly" in keys:
        given = keys["anomaly"].items("seeds", len(names))
        for node in given:
            if node.text() not in names:
                node.fail(f"no seed '{node.text()}'; the seeds are {', '.join(names)}")
        chosen = tuple(node.text() for node in given)
    rates = [_rate(n) for n in keys["rates"].items("rates", 20)] if "rates" in keys else _RATES
    return StudyConfiguration(
        name=keys["study"].name(),
        text=text,
        menu=menu,
        samples=samples,
        background=background,
        anomaly=chosen,
        filled_bunches=_integer(keys.get("filled_bunches"), FILLED_BUNCHES, 1, BUNCHES_PER_ORBIT),
        rates=tuple(rates),
        sections=_integer(keys.get("sections"), 20, 1, 10_000),
        note=keys["note"].text() if "note" in keys else "",
    )


def anomaly_seeds(menu: Menu) -> tuple[str, ...]:
    """Seeds whose cut uses a network, or a seed that does."""
    networks, found = {n.name for n in menu.networks}, list[str]()
    for seed in menu.seeds:
        if seed.uses & {*networks, *found}:
            found.append(seed.name)
    return tuple(found)


def _sample(name: str, node: Node, folder: Path) -> Sample:
    keys = node.fields(("file",), ("columns", "tree", "first"))
    columns: tuple[str, ...] = ()
    if "columns" in keys:
        listed = isinstance(keys["columns"].content, list)
        nodes = keys["columns"].items("columns", 64) if listed else [keys["columns"]]
        columns = tuple(n.text() for n in nodes)
    file = located(keys["file"].text("the path of a file of events"), folder)
    if not file.is_file():
        keys["file"].fail(f"no such file: {file}")
    tree = keys["tree"].text() if "tree" in keys else None
    return Sample(name, file, columns, tree, _integer(keys.get("first"), 0, 0, 2**62))


def _rate(node: Node) -> float:
    rate = float(node.number("a rate in Hz"))
    if rate <= 0:
        node.fail(f"expected a rate above 0 Hz, got {rate:g}")
    return rate


def _integer(node: Node | None, default: int, low: int, high: int) -> int:
    return default if node is None else node.integer(low, high)
