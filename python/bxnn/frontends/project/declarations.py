"""`defines.h` and `parameters.h`: names of types and numbers, and the configuration structs of the layers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .text import MAX_NUMBER, Source, size_of

_SPACE = re.compile(r"\s+")
_DIRECTIVE = re.compile(r"#[^\n]*")
_HARMLESS = re.compile(
    r'#\s*(?:ifndef \w+|define \w+|endif|include\s*(?:"[\w./-]+"|<[\w./]+>)|pragma once)\s*'
)
_NUMBER = re.compile(r"#\s*define\s+(\w+)\s+(\d{1,9})\s*")
_NAMESPACE = re.compile(r"namespace\s+\w+\s*\{|\}(?!\s*;)")
_ARRAY_TYPE = re.compile(r"typedef\s+nnet::array\s*<\s*([\w:]+\s*(?:<[^<>;]*>)?)\s*,([^<>,;]+)>\s*(\w+)\s*;")
_PLAIN_TYPE = re.compile(
    r"typedef\s+([\w:]+\s*(?:<[^<>;{}]*>)?)\s+(\w+)\s*;|typedef\s+([\w:]+\s*<[^<>;{}]*>)(\w+)\s*;"
)
_STRUCT_TYPE = re.compile(r"typedef\s+struct\s+(\w+)\s*\{([^{}]*)\}\s*\1\s*;")
_EMULATOR = re.compile(r"using\s+(?:inputs_t|outputs_t)\s*=[^;]*;")
_POWER = re.compile(r"\s*[\w<>, ]+ sign;\s*([\w<>, ]+) weight;\s*")

_STRUCT = re.compile(r"struct\s+(\w+)\s*(:\s*nnet::\w+\s*)?\{([^{}]*)\}\s*;")
_OUTSIDE = re.compile(r"const\s+[^;={}]*?(\w+)::\w+\s*(?:\[\s*\])?\s*=\s*(?:\{[^{}]*\}|[^;{}]*)\s*;")
_ARRAY = re.compile(r"unsigned\s+(\w+)\s*\[\s*\d+\s*\]\s*=\s*\{[^{}]*\}\s*;")
_MEMBERS = tuple(
    re.compile(form)
    for form in (
        r"static const(?:expr)? [\w:]+ (\w+) = [^;{}]+",
        r"static const [\w:]+(?: ?<[^<>;]*>)? (\w+)(?: ?\[[^;]*\])?",
        r"static const unsigned ?\* ?const (\w+)",
        r"typedef [\w:]+ ?(?:<[^<>;]*>)? ?(\w+)",
        r"template ?<[^<>;]*> ?using (\w+) = [\w:]+ ?<[^<>;]*>",
        r"constexpr static auto (\w+) = [\w:]+ ?<[\w:, ]*>",
    )
)
_NAMED = re.compile(r"typedef (\w+) \w+;")
_ARRAYS = ("from_shape", "to_shape", "perm", "perm_strides")
_INTEGER = re.compile(r"= (\d+)$")


@dataclass(frozen=True)
class Types:
    """What `defines.h` says.

    `spelling` gives the element type behind a name, `words` the number of elements in a stream word,
    `special` the weight class of types that are structs, `numbers` the macros.
    """

    spelling: dict[str, str]
    words: dict[str, int]
    special: dict[str, str]
    numbers: dict[str, str]

    def element(self, name: str) -> str:
        """The C++ spelling of the (element) type behind a name, without blanks."""
        return self.spelling.get(name, name).replace(" ", "")


def read_types(source: Source) -> Types:
    """Reads `defines.h`; anything but numbers and type definitions is refused."""
    types = Types({}, {}, {}, {})
    numbers = {m[1]: m[2] for m in _NUMBER.finditer(source.text)}
    types.numbers.update(numbers)
    kept = _NUMBER.sub(lambda m: " " * len(m[0].rstrip("\n")) + "\n" * m[0].count("\n"), source.text)
    source = Source(source.name, kept, source.remarks).with_numbers(numbers)
    at = 0
    while at < len(source.text):
        at = _type_at(source, at, types)
    return types


def _type_at(source: Source, at: int, types: Types) -> int:
    text = source.text
    if found := _SPACE.match(text, at) or _harmless(source, at) or _NAMESPACE.match(text, at):
        return found.end()
    if found := _EMULATOR.match(text, at):
        return found.end()
    if found := _ARRAY_TYPE.match(text, at):
        name = found[3]
        types.words[name] = _product(size_of(source, at, found[2]))
        _define(source, at, types, name, found[1])
    elif found := _PLAIN_TYPE.match(text, at):
        _define(source, at, types, found[2] or found[4], found[1] or found[3])
    elif found := _STRUCT_TYPE.match(text, at):
        power = _POWER.fullmatch(found[2])
        types.special[found[1]] = "ExponentWeightVariable" if power else "CompressedWeightVariable"
        _define(source, at, types, found[1], power[1] if power else "struct")
    else:
        source.refuse(at, f"'{source.statement(at)}' is not a type or number that hls4ml defines")
    return found.end()


def _define(source: Source, at: int, types: Types, name: str, spelling: str) -> None:
    if name in types.spelling:
        source.refuse(at, f"the type '{name}' is defined twice")
    types.spelling[name] = " ".join(spelling.split())


def _harmless(source: Source, at: int) -> re.Match[str] | None:
    """The preprocessor line at a place, if there is one; refused if it could change what is compiled."""
    found = _DIRECTIVE.match(source.text, at)
    if found and not _HARMLESS.fullmatch(found[0]):
        source.refuse(at, f"'{found[0].strip()}' is not a line that hls4ml writes here")
    return found


@dataclass(frozen=True)
class Struct:
    """A configuration struct and what is defined beside it, as canonical text; `line` is where it begins."""

    name: str
    text: str
    line: int


def read_structs(source: Source) -> dict[str, Struct]:
    """The structs of `parameters.h` by name, each preceded by those that it names, followed by its arrays."""
    own: dict[str, tuple[str, int]] = {}
    beside: list[tuple[str, str, int]] = []
    at = 0
    while at < len(source.text):
        text = source.text
        if found := _SPACE.match(text, at) or _harmless(source, at) or _NAMESPACE.match(text, at):
            pass
        elif found := _STRUCT.match(text, at):
            if found[1] in own:
                source.refuse(at, f"the struct '{found[1]}' is defined twice")
            own[found[1]] = (_canonical(source, at, found), source.line(at))
        elif (found := _OUTSIDE.match(text, at)) or (found := _ARRAY.match(text, at)):
            beside.append((found[1], " ".join(found[0].split()), at))
        else:
            source.refuse(at, f"'{source.statement(at)}' is not a configuration that hls4ml generates")
        at = found.end()
    return _joined(source, own, beside)


def _canonical(source: Source, at: int, struct: re.Match[str]) -> str:
    """The struct with one member a line, every member of a known form."""
    lines, names = [], set()
    place = struct.start(3)
    *members, rest = struct[3].split(";")
    for member in members:
        line = " ".join(member.split())
        form = next((f for form in _MEMBERS if (f := form.fullmatch(line))), None)
        start = place + len(member) - len(member.lstrip())
        if form is None or form[1] in names:
            source.refuse(start, f"'{line};' is not a member that hls4ml generates")
        # the table of a function that has none may be stated with any size
        limit = 1 << 40 if form[1] == "table_size" else MAX_NUMBER
        if (number := _INTEGER.search(line)) and (len(number[1]) > 13 or int(number[1]) > limit):
            source.refuse(start, f"'{line};': the number is larger than {limit}")
        names.add(form[1])
        lines.append(f"    {line};\n")
        place += len(member) + 1
    if rest.strip():
        source.refuse(at, f"the struct '{struct[1]}' does not end in a semicolon")
    base = f" : {' '.join(struct[2][1:].split())}" if struct[2] else ""
    return f"struct {struct[1]}{base} {{\n{''.join(lines)}}};\n"


def _joined(
    source: Source, own: dict[str, tuple[str, int]], beside: list[tuple[str, str, int]]
) -> dict[str, Struct]:
    after: dict[str, list[str]] = {name: [] for name in own}
    for name, text, at in beside:
        owner = next((n for n in own if name in (n, *(f"{n}_{array}" for array in _ARRAYS))), None)
        if owner is None:
            source.refuse(at, f"'{text[:80]}' belongs to no struct that stands before it")
        after[owner].append(text + "\n")
    joined: dict[str, Struct] = {}
    for name, (text, line) in own.items():
        before = "".join(joined[n].text + "\n" for n in _NAMED.findall(text) if n in joined)
        joined[name] = Struct(name, before + text + "".join(after[name]), line)
    return joined


def _product(factors: tuple[int, ...]) -> int:
    total = 1
    for factor in factors:
        total *= factor
    return total
