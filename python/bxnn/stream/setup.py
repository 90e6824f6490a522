"""A stream as a file: docs/howto/streams.md has the keys."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bxnn._core import InputError, SharedRing
from bxnn.document import Node, located, parse, read_text
from bxnn.menu import Menu
from bxnn.places import require_place
from bxnn.sources import (
    CrossingColumns,
    FillingScheme,
    Injection,
    Layout,
    PileupProfile,
    Replay,
    Selection,
    Signal,
    Source,
    StreamSource,
    Synthetic,
    open_source,
)
from bxnn.sources.files import expand
from bxnn.stream.engine import LHC_CLOCK, AnySource, StageSetup, Stream

_FIRST_WAIT, _LATER_WAIT = 20_000, 5_000_000  # ns, where nothing is said
_WAITING = 1 << 19  # events in front of a stage, where nothing is said of its ring
MOST_CROSSINGS = 10**18
_END = 1 << 20  # bytes of a file's beginning and of its end that tell it from others


@dataclass(frozen=True)
class Checkpoint:
    """Where a run is saved, and how often."""

    file: Path
    every_s: float = 60.0


@dataclass(frozen=True)
class StreamSetup:
    """What a configuration file says; `open` makes the stream. Paths are absolute."""

    name: str
    file: str
    source: Node
    stages: tuple[StageSetup, ...]
    crossings: int | None = None
    endless: bool = False
    repeat: bool = False
    rate: float | None = None
    scheme: FillingScheme = field(default_factory=FillingScheme.lhc)
    lag_ns: int = 10_000_000
    one_thread: bool = False
    section_orbits: int = 1 << 18
    accepted: Path | None = None
    histograms: Path | None = None
    report: Path | None = None
    prometheus: tuple[str, int] | None = None
    checkpoint: Checkpoint | None = None

    def require_outputs(self) -> None:
        """Raises InputError unless every file to be written has a place of its own that may be written."""
        read = [Path(self.file), *self.files]
        written: list[Path] = []
        point = self.checkpoint.file if self.checkpoint else None
        for path in (self.accepted, self.histograms, self.report, point):
            if path is None:
                continue
            require_place(path, read, "the stream")
            if path in written:
                raise InputError(f"{path}: two things are to be written to it")
            written.append(path)

    def require_end(self) -> None:
        """Raises InputError for a source without end, unless the number of crossings is known."""
        if self.endless and self.crossings is None:
            self.source.fail(
                "this source has no end: say how many crossings with collisions, `crossings: 1000000`"
            )

    @property
    def files(self) -> list[Path]:
        """Of events, of signals, and layouts."""
        return list(_files_of(self.source, Path(self.file).parent))

    def states(self) -> dict[Path, tuple[int, int]]:
        """Size and time of change of every file that is read."""
        return {path: ((s := path.stat()).st_size, s.st_mtime_ns) for path in self.files}

    def fingerprint(self) -> dict[str, str]:
        """Of the source: what the configuration says of it, and its files by their names, sizes and ends."""
        digest = hashlib.sha256(repr(_plain(self.source)).encode())
        for path in self.files:
            digest.update(f"{path.name} {path.stat().st_size} ".encode())
            with path.open("rb") as file:
                digest.update(file.read(_END))
                file.seek(max(0, path.stat().st_size - _END))
                digest.update(file.read(_END))
        return {"the source": digest.hexdigest(), "the clock": str(self.rate), "the lag": str(self.lag_ns)}

    def open(self, *, keep_accepted: bool | None = None) -> Stream:
        """The stream, its source opened. Raises InputError and OSError."""
        keep = self.accepted is not None if keep_accepted is None else keep_accepted
        return Stream(
            _source(self.source, Path(self.file).parent, self),
            self.stages,
            repeat=self.repeat,
            rate=self.rate,
            scheme=self.scheme,
            lag_ns=self.lag_ns,
            one_thread=self.one_thread,
            keep_accepted=keep,
            section_orbits=self.section_orbits,
        )


def read_setup(path: str | os.PathLike[str]) -> StreamSetup:
    """Read a configuration; paths in it are relative to its folder, 'package:NAME' is a file of bxnn.

    Raises InputError that says file, line, key and remedy, and OSError for a file that can't be read.
    """
    file, text = read_text(path, "streams")
    keys = parse(text, str(file)).fields(
        ("stream", "source", "stages"),
        ("crossings", "clock", "bunches", "lag", "one_thread", "section", "accepted", "histograms", "report",
         "prometheus", "checkpoint"),
    )  # fmt: skip
    folder = file.parent
    clock = keys.get("clock")
    rate = None if clock is None else _clock(clock)
    source = keys["source"]
    live = rate is not None or any(key in _mapping(source) for key in ("shared", "rows"))
    one_thread = keys["one_thread"].flag() if "one_thread" in keys else False
    if rate is not None and one_thread:
        keys["one_thread"].fail("a stream with a clock needs threads of its own; leave out one of the two")
    repeat = "repeat" in _mapping(source) and _mapping(source)["repeat"].flag()
    if repeat and "draw" in _mapping(source):
        _mapping(source)["draw"].fail("events that are drawn have no end already; leave out `repeat`")
    if "lag" in keys and rate is None:
        keys["lag"].fail("without a clock nothing is late; say `clock:`, or leave this out")
    crossings = keys["crossings"].integer(0, MOST_CROSSINGS) if "crossings" in keys else None
    endless = repeat or any(key in _mapping(source) for key in ("synthetic", "draw"))
    section = keys["section"].integer(1, 2**40) if "section" in keys else 1 << 18
    return StreamSetup(
        name=keys["stream"].name(),
        file=str(file),
        source=source,
        stages=_stages(keys["stages"], folder, live),
        crossings=crossings,
        endless=endless,
        repeat=repeat,
        rate=rate,
        scheme=_scheme(keys.get("bunches"), folder),
        lag_ns=keys["lag"].nanoseconds() if "lag" in keys else 10_000_000,
        one_thread=one_thread,
        section_orbits=section,
        accepted=_path(keys.get("accepted"), folder),
        histograms=_path(keys.get("histograms"), folder),
        report=_path(keys.get("report"), folder),
        prometheus=_prometheus(keys.get("prometheus")),
        checkpoint=_checkpoint(keys.get("checkpoint"), folder),
    )


def _plain(node: Node) -> Any:
    """What a node says, without its place."""
    if isinstance(node.content, dict):
        return {key: _plain(value) for key, value in sorted(node.content.items())}
    return [_plain(value) for value in node.content] if isinstance(node.content, list) else node.content


def _files_of(node: Node, folder: Path) -> Iterator[Path]:
    if isinstance(node.content, list):
        for entry in node.content:
            yield from _files_of(entry, folder)
    elif isinstance(node.content, dict):
        for key, value in node.content.items():
            if key == "files":
                paths = _paths(value, folder)
                yield from (p for p in expand(paths) if p.exists()) if paths != "-" else ()
            elif key == "layout":
                yield folder / value.text("a path")
            else:
                yield from _files_of(value, folder)


def _mapping(node: Node) -> Mapping[str, Node]:
    return node.content if isinstance(node.content, dict) else {}


def _clock(node: Node) -> float:
    return LHC_CLOCK if node.content == "lhc" else node.hertz()


def _path(node: Node | None, folder: Path) -> Path | None:
    return None if node is None else (folder / node.text("a path")).absolute()


def _prometheus(node: Node | None) -> tuple[str, int] | None:
    if node is None:
        return None
    if isinstance(node.content, str):
        return "127.0.0.1", node.integer(0, 65535)
    keys = node.fields(("port",), ("address",))
    address = keys["address"].text("an address") if "address" in keys else "127.0.0.1"
    return address, keys["port"].integer(0, 65535)


def _checkpoint(node: Node | None, folder: Path) -> Checkpoint | None:
    if node is None:
        return None
    if isinstance(node.content, str):
        return Checkpoint((folder / node.text("a path")).absolute())
    keys = node.fields(("file",), ("every",))
    file = (folder / keys["file"].text("a path")).absolute()
    return Checkpoint(file, keys["every"].nanoseconds() / 1e9) if "every" in keys else Checkpoint(file)


def _scheme(node: Node | None, folder: Path) -> FillingScheme:
    if node is None or node.content == "lhc":
        return FillingScheme.lhc()
    if node.content == "all":
        return FillingScheme.full()
    if isinstance(node.content, dict):
        file = node.fields(("file",))["file"]
        return file.wrap(lambda: FillingScheme.from_file(folder / file.text("a path")))
    text = node.text("lhc, all, trains such as '72b 8e ...', or {file: PATH}")
    return node.wrap(lambda: FillingScheme.parse(text))


def _stages(node: Node, folder: Path, live: bool) -> tuple[StageSetup, ...]:
    entries = node.items("stages", 16)
    if not entries:
        node.fail("expected at least one stage")
    stages: dict[str, StageSetup] = {}
    for entry in entries:
        stage = _stage(entry, folder, _LATER_WAIT if stages else _FIRST_WAIT if live else 0)
        if stage.name in stages:
            entry.fail(f"a stage before is called '{stage.name}' too; take another name")
        stages[stage.name] = stage
    return tuple(stages.values())


def _stage(node: Node, folder: Path, wait_ns: int) -> StageSetup:
    keys = node.fields(
        ("name", "menu"), ("batch", "wait", "ring", "threads", "isa", "device", "histogram_bits")
    )
    menu = keys["menu"].loaded(Menu.load, "the path of a menu", folder, "menus")

    def number(key: str, low: int, high: int, default: int) -> int:
        return keys[key].integer(low, high) if key in keys else default

    batch = number("batch", 1, 1 << 20, 1024 if wait_ns == _FIRST_WAIT else 4096)
    return StageSetup(
        name=keys["name"].name(),
        menu=menu,
        batch=batch,
        wait_ns=keys["wait"].nanoseconds() if "wait" in keys else wait_ns,
        ring=number("ring", 1, 1 << 16, max(2, min(64, _WAITING // batch))),
        threads=number("threads", 1, 1024, 1),
        isa=keys["isa"].text("an instruction set") if "isa" in keys else "",
        device=keys["device"].text("cpu, cuda or cuda:NUMBER") if "device" in keys else "cpu",
        histogram_bits=number("histogram_bits", 2, 24, 12),
    )


_FILES = ("files",)
_DRAWN = "events that are drawn get crossings of the filling scheme; leave out 'draw' or their own 'crossing'"
_FILE_KEYS = ("columns", "tree", "layout", "crossing", "repeat", "draw", "signals")


def _source(node: Node, folder: Path, setup: StreamSetup) -> AnySource:
    kinds = [kind for kind in ("files", "synthetic", "shared", "rows") if kind in _mapping(node)]
    if len(kinds) != 1:
        node.fail("expected one of the keys files, synthetic, shared, rows")
    if kinds == ["files"]:
        return node.wrap(lambda: _files(node, folder, setup))
    keys = node.fields(kinds)
    inner = keys[kinds[0]]
    if kinds == ["synthetic"]:
        return inner.wrap(lambda: _synthetic(inner, setup))
    if kinds == ["shared"]:
        return inner.wrap(lambda: _shared(inner, setup))
    return inner.wrap(lambda: _rows(inner))


def _files(node: Node, folder: Path, setup: StreamSetup) -> Source:
    keys = node.fields(_FILES, _FILE_KEYS)
    names = list(dict.fromkeys(t.name for stage in setup.stages for t in stage.menu.model.inputs))
    crossing = CrossingColumns.of(keys["crossing"]) if "crossing" in keys else None
    if "layout" in keys:
        if set(keys) & {"columns", "tree", "crossing"}:
            keys["layout"].fail("a layout says columns and crossings itself; leave those keys out")
        layout = keys["layout"].loaded(Layout.load, "a path", folder)
        if layout.crossing and "draw" in keys:
            keys["draw"].fail(_DRAWN)
        source: Source = open_source(_paths(keys["files"], folder), names, layout)
    else:
        if crossing and "draw" in keys:
            keys["draw"].fail(_DRAWN)
        columns = _columns(keys)
        tree = keys["tree"].text("the name of a tree") if "tree" in keys else None
        choice = Selection(columns, tree, crossing) if columns or tree or crossing else None
        source = open_source(_paths(keys["files"], folder), names, choice)
    if "draw" in keys:
        draw = keys["draw"].fields(("seed",))
        source = Replay(source, setup.scheme, seed=draw["seed"].integer(0, 2**63 - 1), count=setup.crossings)
    if "signals" in keys:
        source = _signals(source, keys["signals"], folder, names)
    return source


def _columns(keys: Mapping[str, Node]) -> list[str]:
    entries = keys["columns"].items("columns", 256) if "columns" in keys else []
    return [entry.text("[INPUT=]NAME") for entry in entries]


def _signals(source: Source, node: Node, folder: Path, names: list[str]) -> Source:
    keys = node.fields(("seed", "mixed_in"))
    signals = []
    for entry in keys["mixed_in"].items("signals", 255):
        part = entry.fields(("files", "fraction"), ("columns",))
        opened = open_source(_paths(part["files"], folder), names, Selection(_columns(part)))
        signals.append(Signal(opened, float(part["fraction"].number())))
    return Injection(source, signals, keys["seed"].integer(0, 2**63 - 1))


def _paths(node: Node, folder: Path) -> str | list[str | Path]:
    entries = node.items("files", 100_000) if isinstance(node.content, list) else [node]
    if len(entries) == 1 and entries[0].content == "-":
        return "-"
    texts = [entry.text("a path or pattern") for entry in entries]
    return [located(text, folder) for text in texts]


def _synthetic(node: Node, setup: StreamSetup) -> Source:
    keys = node.fields(("seed",), ("pileup", "lifetime"))
    mean = float(keys["pileup"].number()) if "pileup" in keys else 50.0
    lifetime = keys["lifetime"].nanoseconds() / 1e9 if "lifetime" in keys else None
    profile = PileupProfile(mean, lifetime)
    return Synthetic(profile, setup.scheme, seed=keys["seed"].integer(0, 2**63 - 1), count=setup.crossings)


def _shared(node: Node, setup: StreamSetup) -> SharedRing:
    keys = node.fields(("name",), ("batch", "slots", "dtype"))
    dtype = _dtype(keys["dtype"]) if "dtype" in keys else None
    tensors = {t.name: t for stage in setup.stages for t in stage.menu.model.inputs}
    inputs = [(name, int(np.prod(t.shape)), dtype or t.dtype) for name, t in tensors.items()]
    batch = keys["batch"].integer(1, 1 << 20) if "batch" in keys else 1024
    slots = keys["slots"].integer(2, 1 << 16) if "slots" in keys else 64
    return SharedRing.create(keys["name"].text("a name such as /trigger"), inputs, batch, slots)


def _rows(node: Node) -> Source:
    """Standard input: rows of fixed size."""
    import sys

    if sys.stdin is None:
        raise InputError("standard input is closed; the rows come from there")
    rows: dict[str, tuple[tuple[int, ...], Any]] = {}
    for name, entry in node.entries("inputs", 64).items():
        keys = entry.fields(("shape", "dtype"))
        shape = tuple(n.integer(1, 1 << 24) for n in keys["shape"].items("numbers", 8))
        rows[name] = shape, _dtype(keys["dtype"])
    return StreamSource(sys.stdin.buffer, rows)


def _dtype(node: Node) -> np.dtype[Any]:
    try:
        return np.dtype(node.text("a NumPy dtype such as int16"))
    except TypeError as error:
        raise InputError(str(error)) from None
