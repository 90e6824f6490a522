"""What the compiler reads of a project: every file that the top file includes must be one that is known."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from .arrays import check_weight_header
from .declarations import Struct, Types
from .text import Source, read_source
from .versions import GENERATED, known_headers, require_known

_LINE = re.compile(r"^[^\S\n]*#[^\S\n]*(\w+)((?:\\\n|[^\n])*)", re.MULTILINE)
_INCLUDED = re.compile(r'\s*(?:"([\w./-]+)"|<([\w./-]+)>)\s*')
_DEFINED = re.compile(r"\s*([A-Z]\w*)(?:\s+\d+)?\s*")
_TOOLCHAIN = re.compile(r"(?:ap|hls)_\w+\.h|utils/x_hls_utils\.h")
_STANDARD = re.compile(r"[a-z_0-9]+|(?:assert|math|stdio|stdlib|string|stdint|stddef|float|limits)\.h")

_SPACE = re.compile(r"\s+|^[^\S\n]*#(?:\\\n|[^\n])*", re.MULTILINE)
_OUTER = re.compile(r'namespace\s+(?!nnet\b|std\b|hls\b)\w+\s*\{|extern\s*"C"(?:\s*\{)?|\}|;')
_TYPE = re.compile(r"typedef\s+[^;{}()]*?\b(\w+)\s*;|using\s+(\w+)\s*=[^;{}()]*;")
_PROTOTYPE = re.compile(r"(?!template\b)\w[\w:\s]*\(([^;{}()=]*)\)\s*;")
_HEAD = re.compile(
    r"\s*(?:template\s*<[^{}()]*>\s*)?"
    r"(?:(?:class|struct)\s+(?P<kind>\w+)\s*(?::\s*public\s+(?:nnet::)?\w+\s*<[^{}()]*>\s*)?"
    r"|(?:inline\s+|static\s+)?void\s+(?P<function>\w+)\s*\([^{}]*\)\s*)"
)
# hls4ml ends the names of what it generates for a layer with the layer's number.
_GENERATED_NAME = re.compile(r"PointwiseConv[12]D|\w+_(?:\d+|iq)")


@dataclass
class _Walk:
    firmware: Path
    top: Source
    types: Types
    structs: dict[str, Struct]
    defined: dict[str, str] = field(default_factory=dict)
    seen: set[Path] = field(default_factory=set)

    def file(self, path: Path) -> None:
        """A file, its preprocessor lines in order and the files that it includes at their places."""
        if path in self.seen:
            return
        self.seen.add(path)
        place = path.relative_to(self.firmware)
        name = f"firmware/{place.as_posix()}"
        if place.parent.as_posix() == "nnet_utils" and place.name in known_headers():
            require_known(path, place.name)
            # known text: only what it includes could be another file
            for found in _LINE.finditer(read_source(path, name).text):
                if found[1] == "include" and (target := self._own(path, found[2])):
                    self.file(target)
            return
        source = read_source(path, name)
        if place.parent.as_posix() == "weights":
            check_weight_header(source)
        self._lines(path, source)
        if place.as_posix() in ("defines.h", "parameters.h") or name == self.top.name:
            return
        if place.as_posix() == f"nnet_utils/{GENERATED}":
            _check_generated(source)
        elif place.parent.as_posix() != "weights":
            self._check_empty(source)

    def _lines(self, path: Path, source: Source) -> None:
        depth = 0
        for found in _LINE.finditer(source.text):
            directive, rest = found[1], found[2].strip()
            if directive == "include":
                self._include(path, source, found)
            elif directive == "define":
                self._define(source, found.start(), rest)
            elif directive == "ifndef" and rest != "__SYNTHESIS__":
                if depth or rest in self.defined or _SPACE.sub("", source.text[: found.start()]).strip():
                    self._refuse_line(source, found.start(), "only the include guard of a file is supported")
                depth += 1
            elif directive in ("if", "ifdef", "elif", "undef"):
                self._refuse_line(source, found.start(), "conditions and changes of macros are not supported")

    def _define(self, source: Source, at: int, rest: str) -> None:
        found = _DEFINED.fullmatch(rest)
        if found is None or rest.startswith("AP_"):
            self._refuse_line(
                source, at, "a macro could change what the network's code means; supported are names in "
                "capitals, without value or with a number"
            )  # fmt: skip
        if found[1] in self.defined:
            source.refuse(
                at, f"the macro '{found[1]}' is defined twice, before in {self.defined[found[1]]}; remove one"
            )
        self.defined[found[1]] = f"{source.name}:{source.line(at)}"

    def _refuse_line(self, source: Source, at: int, reason: str) -> NoReturn:
        source.refuse(at, f"'{source.statement(at)}': {reason}. Remove it from a copy of the project")

    def _own(self, path: Path, rest: str) -> Path | None:
        """The project's file that an include means, if there is one."""
        found = _INCLUDED.fullmatch(rest)
        name = (found[1] or found[2]) if found else ""
        for folder in (path.parent, self.firmware):
            if name and (target := (folder / name).resolve()).is_file():
                return target
        return None

    def _include(self, path: Path, source: Source, line: re.Match[str]) -> None:
        found, target = _INCLUDED.fullmatch(line[2]), self._own(path, line[2])
        if target is not None and target.is_relative_to(self.firmware):
            return self.file(target)
        name = (found[1] or found[2]) if found else ""
        known = _TOOLCHAIN.fullmatch(name) or (found and found[2] and _STANDARD.fullmatch(name))
        headers = name.removeprefix("nnet_utils/")
        # a weights header that is missing is named where the array is read
        known = known or re.fullmatch(r"weights/\w+\.h", name)
        if target is None and (known or headers in known_headers() or headers == GENERATED):
            return None
        self._refuse_line(
            source, line.start(), "this file is neither in the project's firmware nor one of hls4ml's, so "
            "that what it changes is not known"
        )  # fmt: skip

    def _check_empty(self, source: Source) -> None:
        """Refuse a header that has more than prototypes and names of further types."""
        text, at = source.text, 0
        while at < len(text):
            if found := _SPACE.match(text, at) or _OUTER.match(text, at):
                pass
            elif found := _TYPE.match(text, at):
                name = found[1] or found[2]
                if name in self.types.spelling or name in self.structs:
                    source.refuse(
                        at, f"'{name}' is defined in defines.h or parameters.h too; remove this one"
                    )
            elif not (found := _PROTOTYPE.match(text, at)):
                source.refuse(
                    at,
                    f"'{source.statement(at)}' could change what the network's code means, and is not "
                    "emulated; headers may have includes, types and declarations of functions. Remove it "
                    "from a copy, or do the same in Python with bxnn.compose",
                )
            at = found.end()


def _check_generated(source: Source) -> None:
    """Refuse all but `namespace nnet` with what hls4ml generates for single layers."""
    text = re.sub(_LINE, lambda found: " " * len(found[0]), source.text)
    depth = begin = 0
    for found in re.finditer(r"[{};]", text):
        head, at = text[begin : found.start()], begin + len(text[begin:]) - len(text[begin:].lstrip())
        if found[0] == "{":
            if depth == 0 and not re.fullmatch(r"\s*namespace\s+nnet\s*", head):
                _refuse_generated(source, at)
            if depth == 1:
                item = _HEAD.fullmatch(head)
                name = (item["kind"] or item["function"]) if item else ""
                if not _GENERATED_NAME.fullmatch(name):
                    _refuse_generated(source, at)
            depth += 1
        elif depth < 2 and head.strip():
            _refuse_generated(source, at)
        elif found[0] == "}":
            depth -= 1
        begin = found.end() if depth < 2 else begin


def _refuse_generated(source: Source, at: int) -> NoReturn:
    source.refuse(
        at, f"'{source.statement(at)}' is not code that hls4ml generates for a layer; remove it from a copy"
    )


def check_reach(firmware: Path, top: Source, types: Types, structs: dict[str, Struct]) -> None:
    """Refuse a project of which the compiler would read code that is not read here.

    Raises UnsupportedError, naming file and line.
    """
    _Walk(firmware, top, types, structs).file(firmware / Path(top.name).name)
