"""What hls4ml generated for a layer: its configuration struct and its function call, read back from C++.

The generated text is the most resolved form of a layer: whatever passes changed, the compiler sees this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod

_CONSTANT = re.compile(r"static\s+const(?:expr)?\s+[\w:]+\s+(\w+)\s*=\s*([^;]+);")
_TYPEDEF = re.compile(r"typedef\s+([^;]+?)\s+(\w+);")
_ALIAS = re.compile(r"using\s+(\w+)\s*=\s*([\w:]+)<")
_OUTSIDE = re.compile(r"^const\s+\w+\s+\w+::(\w+)\s*=\s*([^;]+);", re.MULTILINE)
_STRUCT = re.compile(r"^struct ([\w:]+(?:<\d+>)?)\s*[:{].*?^\};", re.MULTILINE | re.DOTALL)
_ARRAY = re.compile(r"^unsigned\s+config\d+_(\w+)\[\d+\]\s*=\s*\{([^}]*)\};", re.MULTILINE)
_CALL = re.compile(r"^\s*([\w:]+?)\s*<([^<>]*)>\s*\(([^()]*)\)\s*;?\s*$")

# Members that `nnet::activ_config` gives to every activation struct, unless the struct hides them.
_ACTIVATION_DEFAULTS = {"table_size": "1024", "table_t": "ap_fixed<18, 8>"}


class Config:
    """Members of a configuration struct, as text."""

    def __init__(self, text: str) -> None:
        self._members: dict[str, str] = dict(_ACTIVATION_DEFAULTS) if "nnet::activ_config" in text else {}
        self._members.update({name: value.strip() for name, value in _CONSTANT.findall(text)})
        self._members.update({name: spelling.strip() for spelling, name in _TYPEDEF.findall(text)})
        self._members.update({name: target.split("::")[-1] for name, target in _ALIAS.findall(text)})
        self._members.update({name: value.strip() for name, value in _OUTSIDE.findall(text)})
        self._arrays: dict[str, str] = dict(_ARRAY.findall(text))

    def text(self, name: str) -> str:
        """The member's value as written; KeyError if the struct has none."""
        return self._members[name]

    def word(self, name: str) -> str:
        """The last part of a qualified name: `latency` of `nnet::latency`."""
        return self._members[name].split("::")[-1]

    def number(self, name: str) -> int:
        """An integer member; shapes are written as products, as `4*6`."""
        return prod(int(factor) for factor in self._members[name].split("*"))

    def real(self, name: str) -> float:
        return float(self._members[name].rstrip("fF"))

    def array(self, name: str) -> list[int]:
        """An array that is defined beside the struct."""
        return [int(number) for number in self._arrays[name].split(",")]


def structs(text: str) -> dict[str, str]:
    """The text of every struct of a layer that has several, by name."""
    return {found[1]: found[0] for found in _STRUCT.finditer(text)}


@dataclass(frozen=True)
class Call:
    """`function<types...>(arguments...)`."""

    function: str
    types: tuple[str, ...]
    arguments: tuple[str, ...]


def parse_call(text: str) -> Call | None:
    """The call of a generated line; None if it has another form."""
    found = _CALL.match(text.strip())
    if not found:
        return None
    name = found[1].split("::")[-1]
    return Call(name, _split(found[2]), _split(found[3]))


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if text.strip() else ()
