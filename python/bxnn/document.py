"""YAML that people write, as a tree that knows its lines: every error says file, line, key, what to do.

Only the plain parts of YAML are read: mappings, lists, scalars. Scalars are text here; what they mean is
decided by the key they stand under, so nothing turns into a date or a Boolean by itself. Tags, anchors,
aliases and duplicate keys are refused; size and depth are bounded.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import NoReturn, TypeVar, Union

from bxnn._core import Error, InputError

PACKAGE = "package:"  # in front of the names of files that come with bxnn
MAX_BYTES = 256 * 1024
MAX_DEPTH = 12

TIMES = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9}
RATES = {"Hz": 1, "kHz": 10**3, "MHz": 10**6, "GHz": 10**9}

T = TypeVar("T")
Content = Union[str, "list[Node]", "dict[str, Node]"]

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,19}(?:\.[0-9]{1,19})?")
_FRACTION = re.compile(r"[+-]?[0-9]{1,19}/[0-9]{1,19}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def package_file(name: str, folder: str = "") -> Path:
    """A file that comes with the package."""
    return Path(str(files("bxnn"))) / "data" / folder / name


def located(name: str, folder: Path | None = None, part: str = "") -> Path:
    """The file of a name: relative to a folder, or for 'package:NAME' in a part of bxnn's data."""
    if name.startswith(PACKAGE):
        return package_file(name.removeprefix(PACKAGE), part)
    return Path(name) if folder is None else folder / name


class DocumentError(InputError):
    """A file that can't be read or doesn't make sense; the text names file, line and key."""


def read_text(path: str | os.PathLike[str], folder: str) -> tuple[Path, str]:
    """A file and its text; 'package:NAME' is one in a folder of bxnn's data.

    Raises DocumentError for a file that is no text, OSError for one that can't be read.
    """
    file = located(os.fspath(path), part=folder)
    try:
        return file, file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError(f"{file}: not UTF-8 text, at byte {error.start}") from None


@dataclass(frozen=True)
class Node:
    """A scalar (text), a list or a mapping; `path` is how a reader names it: seeds[2].cut."""

    content: Content
    file: str
    line: int
    path: str
    key_lines: Mapping[str, int] = field(default_factory=dict)

    def fail(self, text: str, *, line: int | None = None) -> NoReturn:
        where = f"{self.path}: " if self.path else ""
        raise DocumentError(f"{self.file}:{line or self.line}: {where}{text}")

    def wrap(self, make: Callable[[], T]) -> T:
        """The result of `make`; errors of bxnn get this node's place."""
        try:
            return make()
        except DocumentError:
            raise
        except Error as error:
            self.fail(str(error))

    def loaded(self, load: Callable[[Path], T], what: str, folder: Path, part: str = "") -> T:
        """What `load` makes of the file that this names, `located` so; one that can't be read fails here."""
        path = located(self.text(what), folder, part)
        try:
            return load(path)
        except OSError as error:
            self.fail(f"can't read '{error.filename}': {error.strerror}")

    def _expected(self, what: str) -> NoReturn:
        self.fail(f"expected {what}, got {_describe(self.content)}")

    def text(self, what: str = "text") -> str:
        if not isinstance(self.content, str) or not self.content.strip():
            self._expected(what)
        return self.content.strip()

    def name(self, what: str = "a name") -> str:
        text = self.text(what)
        if not _NAME.fullmatch(text):
            self.fail(f"expected {what} of letters, digits and _, at most 64, no digit first; got '{text}'")
        return text

    def integer(self, low: int, high: int) -> int:
        text = self.text(f"a whole number from {low} to {high}")
        if not _INTEGER.fullmatch(text) or not low <= int(text) <= high:
            self.fail(f"expected a whole number from {low} to {high}, got '{text}'")
        return int(text)

    def number(self, what: str = "a number") -> Fraction:
        """An integer, a decimal number or a fraction (3/2), exactly."""
        text = self.text(what)
        exact = _DECIMAL.fullmatch(text) or (_FRACTION.fullmatch(text) and int(text.split("/")[1]))
        if not exact:
            self.fail(
                f"expected {what}: an integer, a decimal number or a fraction such as 3/2, of at most 19 "
                f"digits each; got '{text}'"
            )
        return Fraction(text)

    def quantity(self, units: Mapping[str, int]) -> Fraction:
        """A number above 0 with one of these units, in the unit that counts 1."""
        text = self.text(f"a number with one of the units {', '.join(units)}")
        number, _, unit = text.partition(" ")
        if unit.strip() not in units:
            self.fail(f"expected a number with one of the units {', '.join(units)}, got '{text}'")
        amount = Node(number, self.file, self.line, self.path).number() * units[unit.strip()]
        if amount <= 0:
            self.fail(f"expected more than 0, got '{text}'")
        return amount

    def nanoseconds(self) -> int:
        """A time of whole ns, with a unit: 500 ns, 2.5 us."""
        time = self.quantity(TIMES)
        if time.denominator != 1 or time > 2**62:
            self.fail(f"expected a whole number of ns, at most 2^62, got '{self.text()}'")
        return int(time)

    def hertz(self) -> float:
        """A rate with a unit: 100 kHz."""
        return float(self.quantity(RATES))

    def flag(self) -> bool:
        text = self.text("true or false")
        if text not in ("true", "false"):
            self._expected("true or false")
        return text == "true"

    def items(self, what: str, most: int) -> list[Node]:
        if not isinstance(self.content, list):
            self._expected(f"a list of {what}")
        if len(self.content) > most:
            self.fail(f"expected at most {most} {what}, got {len(self.content)}")
        return self.content

    def mapping(self, what: str, most: int) -> dict[str, Node]:
        """A mapping by names from elsewhere, at least one."""
        if not isinstance(self.content, dict) or not self.content:
            self._expected(f"a mapping of {what}")
        if len(self.content) > most:
            self.fail(f"expected at most {most} {what}, got {len(self.content)}")
        return self.content

    def entries(self, what: str, most: int) -> dict[str, Node]:
        """A mapping by names of the author's own choice."""
        entries = self.mapping(what, most)
        for key in entries:
            if not _NAME.fullmatch(key):
                self.fail(
                    f"expected names of letters, digits and _, at most 64, no digit first; got '{key}'",
                    line=self.key_lines[key],
                )
        return entries

    def fields(self, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Node]:
        """A mapping with these keys; an unknown one is refused with the closest that is known."""
        known = [*required, *optional]
        if not isinstance(self.content, dict):
            self._expected(f"a mapping with the keys {', '.join(known)}")
        for key in self.content:
            if key not in known:
                self.fail(
                    f"unknown key '{key}'; the keys are {', '.join(known)}{closest(key, known)}",
                    line=self.key_lines[key],
                )
        for key in required:
            if key not in self.content:
                self.fail(f"the key '{key}' is missing")
        return self.content


def closest(name: str, known: Iterable[str]) -> str:
    """The end of an error: the known name that was probably meant, if one is near."""
    found = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean '{found[0]}'?" if found else ""


def _describe(content: Content) -> str:
    if isinstance(content, dict):
        return "a mapping"
    if isinstance(content, list):
        return "a list"
    return f"'{content[:60]}'" if content else "nothing"


@dataclass
class _Open:
    """A list or mapping whose end has not come yet; `key` waits for its value."""

    content: list[Node] | dict[str, Node]
    line: int
    path: str
    key: str | None = None
    key_lines: dict[str, int] = field(default_factory=dict)


def parse(text: str, file: str) -> Node:
    """The tree of one YAML document. Raises DocumentError."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise DocumentError(f"{file}: larger than {MAX_BYTES // 1024} KiB; expected less")
    try:
        import yaml
    except ImportError:
        raise ImportError("reading YAML needs the package pyyaml: pip install pyyaml") from None
    try:
        return _Tree(file).read(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{file}:{mark.line + 1}" if mark else file
        problem = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise DocumentError(f"{place}: not YAML: {problem}") from None
    except yaml.YAMLError as error:
        raise DocumentError(f"{file}: not YAML: {' '.join(str(error).split())}") from None


class _Tree:
    """Builds nodes from the events of the YAML parser, without recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.stack: list[_Open] = []
        self.root: Node | None = None

    def read(self, events: Iterator[object]) -> Node:
        for event in events:
            self._take(event)
        if self.root is None:
            raise DocumentError(f"{self.file}:1: the file is empty")
        return self.root

    def _take(self, event: object) -> None:
        kind = type(event).__name__
        line = event.start_mark.line + 1  # type: ignore[attr-defined]
        if kind == "AliasEvent" or getattr(event, "anchor", None):
            self._refuse(line, "anchors and aliases are not read; write the content out")
        if getattr(event, "tag", None):
            self._refuse(line, f"the tag {event.tag} is not read; leave it out")  # type: ignore[attr-defined]
        if kind == "DocumentStartEvent" and self.root is not None:
            self._refuse(line, "a second document; a file holds one")
        if kind == "ScalarEvent":
            self._scalar(event.value, line)  # type: ignore[attr-defined]
        elif kind in ("SequenceStartEvent", "MappingStartEvent"):
            if len(self.stack) >= MAX_DEPTH:
                self._refuse(line, f"nested more than {MAX_DEPTH} deep")
            path = self._path(line)
            self.stack.append(_Open([] if kind[0] == "S" else {}, line, path))
        elif kind in ("SequenceEndEvent", "MappingEndEvent"):
            done = self.stack.pop()
            self._add(Node(done.content, self.file, done.line, done.path, done.key_lines))

    def _scalar(self, value: str, line: int) -> None:
        top = self.stack[-1] if self.stack else None
        if top is None or isinstance(top.content, list) or top.key is not None:
            self._add(Node(value, self.file, line, self._path(line)))
            return
        if value in top.content:
            self._refuse(line, f"the key '{value}' stands here twice, first in line {top.key_lines[value]}")
        top.key, top.key_lines[value] = value, line

    def _path(self, line: int) -> str:
        if not self.stack:
            return ""
        top = self.stack[-1]
        if isinstance(top.content, list):
            return f"{top.path}[{len(top.content)}]"
        if top.key is None:
            self._refuse(line, "a list or mapping as a key; expected a name")
        return f"{top.path}.{top.key}" if top.path else top.key

    def _add(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if isinstance(top.content, list):
            top.content.append(node)
        else:
            assert top.key is not None
            top.content[top.key] = node
            top.key = None

    def _refuse(self, line: int, text: str) -> NoReturn:
        raise DocumentError(f"{self.file}:{line}: {text}")
