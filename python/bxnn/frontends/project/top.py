"""The top function of a project: its arguments, its variables and its calls, nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .declarations import Types
from .text import Source, size_of

_SPACE = re.compile(r"\s+")
_BEFORE = re.compile(
    r'#\s*include\s*(?:"[\w./-]+"|<[\w./]+>)[^\S\n]*|namespace\s+\w+\s*\{|extern\s*"C"(?:\s*\{)?'
)
_HEAD = re.compile(r"void\s+(\w+)\s*\(([^(){}]*)\)\s*\{")
_CLOSING = re.compile(r"\s*(?:\}\s*)*")

_ARRAY_ARGUMENT = re.compile(r"([\w:]+(?:\s*<[^<>]*>)?)\s+(\w+)\s*\[([^\[\]]+)\]")
_STREAM_ARGUMENT = re.compile(r"hls::stream\s*<\s*([\w:]+)\s*>\s*&\s*(\w+)")
_SIZE_ARGUMENT = re.compile(r"unsigned\s+short\s*&\s*(const_size_\w+)")

_SIMULATION_BEGINS = re.compile(r"#\s*ifndef\s+__SYNTHESIS__[^\S\n]*(?=\n)")
_SIMULATION_ENDS = re.compile(r"#\s*endif[^\S\n]*(?=\n)")
_PRAGMA = re.compile(r"#\s*pragma\s+HLS\s(?:[^\n\\]|\\\n)*(?=\n)", re.IGNORECASE)
_LOADING = re.compile(
    r"static\s+bool\s+loaded_weights\s*=\s*false\s*;|if\s*\(\s*!\s*loaded_weights\s*\)\s*\{"
    r"|loaded_weights\s*=\s*true\s*;\s*\}"
)
_LOAD = re.compile(
    r"nnet::load_(?:compressed_|exponent_)?weights_from_txt\s*<\s*([\w:]+)\s*,\s*(\d+)\s*>"
    r'\s*\(\s*(\w+)\s*,\s*"(\w+)\.txt"\s*\)\s*;'
)
_SAVE = re.compile(r'nnet::save_layer_output\s*<[^<>;]*>\s*\(\s*\w+\s*,\s*"[^"]*"\s*,[^();]*\)\s*;')
_SIZE = re.compile(r"const_size_\w+\s*=\s*[\w*]+\s*;")
_ARRAY = re.compile(r"([A-Za-z_]\w*)\s+(\w+)\s*\[([^\[\];]+)\]\s*;")
_STREAM = re.compile(r'(?:static\s+)?hls::stream\s*<\s*([\w:]+)\s*>\s*(\w+)\s*(?:\(\s*"[^"]*"\s*\))?\s*;')
_SAME = re.compile(r"auto\s*&\s*(\w+)\s*=\s*(\w+)\s*;")
_CALL = re.compile(r"(\w+)::(\w+)\s*<([^<>;]*)>\s*\(([^();]*)\)\s*;")

_ADVICE = (
    "this is not a statement that hls4ml generates, so that its effect is not emulated. If it was added by "
    "hand, convert a copy of the project without it, and add the same to the model with bxnn.compose: "
    "scaling in front of the network, scores and selections behind it"
)


@dataclass(frozen=True)
class Declared:
    """An array, with the factors of its size, or a stream (`dims` is empty) of a type."""

    name: str
    type: str
    dims: tuple[int, ...]
    is_stream: bool
    at: int


@dataclass(frozen=True)
class CallLine:
    """`nnet::function<types...>(arguments...);` and the name in the comment behind it."""

    function: str
    types: tuple[str, ...]
    arguments: tuple[str, ...]
    text: str
    remark: str
    at: int


@dataclass
class Top:
    """The top function: what it declares, the calls in order, `names` given to variables a second time."""

    source: Source
    name: str
    arguments: dict[str, Declared]
    variables: dict[str, Declared] = field(default_factory=dict)
    loaded: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    calls: list[CallLine] = field(default_factory=list)

    @property
    def is_stream(self) -> bool:
        return any(d.is_stream for d in self.arguments.values())

    def has(self, name: str) -> bool:
        return name in self.arguments or name in self.variables or name in self.names


def read_top(source: Source, types: Types) -> Top:
    """Reads the top function of a file; every other statement is refused with its file and line."""
    text, at = source.text, 0
    while found := _SPACE.match(text, at) or _BEFORE.match(text, at):
        at = found.end()
    head = _HEAD.match(text, at)
    if head is None:
        source.refuse(
            at, f"'{source.statement(at)}': expected the top function, 'void name(...) {{'; {_ADVICE}"
        )
    top = Top(source, head[1], _arguments(source, head))
    at = _body(top, head.end())
    if not _CLOSING.fullmatch(text, at):
        rest = _CLOSING.match(text, at)
        assert rest is not None
        source.refuse(rest.end(), f"'{source.statement(rest.end())}' behind the top function: {_ADVICE}")
    return top


def _arguments(source: Source, head: re.Match[str]) -> dict[str, Declared]:
    found: dict[str, Declared] = {}
    at = head.start(2)
    for piece in head[2].split(","):
        text = piece.strip()
        place = at + len(piece) - len(piece.lstrip())
        at += len(piece) + 1
        if _SIZE_ARGUMENT.fullmatch(text):
            continue
        if argument := _STREAM_ARGUMENT.fullmatch(text):
            declared = Declared(argument[2], argument[1], (), True, place)
        elif argument := _ARRAY_ARGUMENT.fullmatch(text):
            declared = Declared(argument[2], argument[1], size_of(source, place, argument[3]), False, place)
        else:
            source.refuse(place, f"the argument '{text}' is neither an array nor a stream: {_ADVICE}")
        if declared.name in found:
            source.refuse(place, f"the argument '{declared.name}' appears twice")
        found[declared.name] = declared
    if not found:
        source.refuse(head.start(), "the top function has no arguments")
    return found


def _body(top: Top, at: int) -> int:
    """Reads statements up to the brace that closes the function; the place behind it."""
    source, text = top.source, top.source.text
    simulation, loading = False, False
    while True:
        if at >= len(text):
            source.refuse(len(text) - 1, "the file ends inside the top function; it may be truncated")
        if text[at] == "}" and not simulation:
            return at + 1
        if found := _SPACE.match(text, at) or _PRAGMA.match(text, at):
            pass
        elif (found := _SIMULATION_BEGINS.match(text, at)) and not simulation:
            simulation = True
        elif (found := _SIMULATION_ENDS.match(text, at)) and simulation and not loading:
            simulation = False
        elif found := _LOADING.match(text, at):
            loading = "{" in found[0] or (loading and "}" not in found[0])
        elif (found := _LOAD.match(text, at)) and loading:
            _loaded(top, found)
        elif found := _SAVE.match(text, at):
            pass
        elif simulation:
            source.refuse(at, f"'{source.statement(at)}': {_ADVICE}")
        else:
            found = _statement(top, at)
        at = found.end()


def _loaded(top: Top, found: re.Match[str]) -> None:
    if found[3] != found[4] or found[3] in top.loaded:
        top.source.refuse(
            found.start(), f"'{' '.join(found[0].split())}' does not load the array of that name"
        )
    top.loaded[found[3]] = (found[1], int(found[2]), found.start())


def _statement(top: Top, at: int) -> re.Match[str]:
    """A declaration, a second name, or a call."""
    source, text = top.source, top.source.text
    if found := _SIZE.match(text, at):
        return found
    if found := _STREAM.match(text, at):
        _declare(top, Declared(found[2], found[1], (), True, at))
    elif found := _SAME.match(text, at):
        _name_again(top, found[1], found[2], at)
    elif found := _CALL.match(text, at):
        if found[1] != "nnet":
            source.refuse(
                at, f"'{source.statement(at)}': '{found[1]}::{found[2]}' is no function of hls4ml; {_ADVICE}"
            )
        parts = tuple(tuple(p.strip() for p in found[i].split(",")) for i in (3, 4))
        line = source.line(found.end())
        call = " ".join(found[0].split())
        top.calls.append(CallLine(found[2], parts[0], parts[1], call, source.remarks.get(line, ""), at))
    elif (found := _ARRAY.match(text, at)) and found[1] not in ("return", "static", "const", "delete"):
        _declare(top, Declared(found[2], found[1], size_of(source, at, found[3]), False, at))
    else:
        source.refuse(at, f"'{source.statement(at)}': {_ADVICE}")
    return found


def _declare(top: Top, declared: Declared) -> None:
    if top.has(declared.name):
        top.source.refuse(declared.at, f"the variable '{declared.name}' is declared twice")
    if declared.is_stream != top.is_stream:
        top.source.refuse(declared.at, f"the variable '{declared.name}' mixes arrays and streams")
    top.variables[declared.name] = declared


def _name_again(top: Top, new: str, old: str, at: int) -> None:
    if top.has(new) or not top.has(old):
        top.source.refuse(at, f"'auto& {new} = {old};': '{old}' must be declared before, and '{new}' not")
    top.names[new] = old
