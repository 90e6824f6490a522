"""A reader of .bxnn files written from docs/spec/file-format.md alone; it needs nothing but Python."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

SIGNATURE = b"\x89BXNN\r\n\x1a"
HEADER = 64
ROUNDS = ("TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV")
OVERFLOWS = ("WRAP", "SAT", "SAT_ZERO", "SAT_SYM")
KINDS = ("add", "sub", "mul", "min", "max", "lt", "le", "gt", "ge", "eq", "ne")

# Operations by code, and their attributes in file order: (name, kind of field).
OPERATIONS: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...] = (
    ("input", (("format", "format"),)),
    ("constant", (("type", "format"), ("raw", "integers"))),
    ("cast", (("formats", "formats"), ("shift", "i"))),
    (
        "dot",
        (
            ("positions", "I"),
            ("filters", "I"),
            ("terms", "I"),
            ("groups", "I"),
            ("weights", "integers"),
            ("w_frac", "i"),
            ("bias", "integers"),
            ("b_frac", "i"),
            ("index", "integers"),
            ("group", "integers"),
            ("product", "optional"),
            ("accum", "optional"),
        ),
    ),
    ("gather", (("index", "integers"), ("fill", "q"))),
    ("lut", (("type", "format"), ("first", "q"), ("table", "integers"))),
    ("binary", (("kind", KINDS), ("format", "optional"))),
    ("select", (("format", "optional"),)),
    (
        "reduce",
        (
            ("kind", ("sum", "max", "min", "argmax")),
            ("outer", "I"),
            ("size", "I"),
            ("inner", "I"),
            ("accum", "optional"),
            ("order", ("sequential", "tree")),
        ),
    ),
)


@dataclass(frozen=True)
class Format:
    width: int
    integer: int
    signed: bool
    round: str
    overflow: str

    def __str__(self) -> str:
        modes = (
            f",AP_{self.round},AP_{self.overflow}" if (self.round, self.overflow) != ("TRN", "WRAP") else ""
        )
        return f"ap_{'' if self.signed else 'u'}fixed<{self.width},{self.integer}{modes}>"


@dataclass
class Node:
    operation: str
    name: str
    operands: list[int]
    shape: list[int]
    type: Format
    attributes: dict[str, Any]


@dataclass
class File:
    name: str = ""
    meta: dict[str, str] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    outputs: list[tuple[int, str]] = field(default_factory=list)
    probes: list[tuple[int, str]] = field(default_factory=list)
    golden_events: int = 0
    golden_inputs: list[list[int]] = field(default_factory=list)
    golden_outputs: list[list[int]] = field(default_factory=list)

    @property
    def inputs(self) -> list[Node]:
        return [node for node in self.nodes if node.operation == "input"]


def checksum(data: bytes) -> int:
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & (2**64 - 1)
    return value


def read(data: bytes, *, check: bool = True) -> File:
    """The content of a file. `check` False skips the checksum, which is slow in Python."""
    assert data[:8] == SIGNATURE, "signature"
    version, _, size, digest, program_at, blobs_at = struct.unpack_from("<IIQQQQ", data, 8)
    assert version == 1, "version"
    assert size == len(data), "size"
    assert not check or digest == checksum(data[HEADER:]), "checksum"
    assert HEADER <= program_at <= blobs_at <= size, "sections"
    return _Cursor(data[program_at:blobs_at], data[blobs_at:]).file()


class _Cursor:
    """Walks the program section; integer arrays are fetched from the blob section."""

    def __init__(self, program: bytes, blobs: bytes) -> None:
        self.program, self.blobs, self.at = program, blobs, 0

    def number(self, code: str) -> int:
        (value,) = struct.unpack_from("<" + code, self.program, self.at)
        self.at += struct.calcsize("<" + code)
        return int(value)

    def text(self) -> str:
        length = self.number("I")
        self.at += length
        return self.program[self.at - length : self.at].decode("utf-8")

    def format(self) -> Format:
        width, integer = self.number("i"), self.number("i")
        signed, rounding, overflow = self.number("B"), self.number("B"), self.number("B")
        return Format(width, integer, bool(signed), ROUNDS[rounding], OVERFLOWS[overflow])

    def integers(self) -> list[int]:
        width, count, offset = self.number("B"), self.number("Q"), self.number("Q")
        code = {1: "b", 2: "h", 4: "i", 8: "q"}[width]
        return list(struct.unpack_from(f"<{count}{code}", self.blobs, offset))

    def attribute(self, kind: Any) -> Any:
        if isinstance(kind, tuple):
            return kind[self.number("B")]
        if kind == "format":
            return self.format()
        if kind == "optional":
            return self.format() if self.number("B") else None
        if kind == "formats":
            return [self.format() for _ in range(self.number("I"))]
        if kind == "integers":
            return self.integers()
        return self.number(kind)

    def node(self) -> Node:
        operation, attributes = OPERATIONS[self.number("B")]
        name = self.text()
        operands = [self.number("I") for _ in range(self.number("I"))]
        shape = [self.number("I") for _ in range(self.number("I"))]
        kind = self.format()
        return Node(operation, name, operands, shape, kind, {n: self.attribute(k) for n, k in attributes})

    def marks(self) -> list[tuple[int, str]]:
        return [(self.number("I"), self.text()) for _ in range(self.number("I"))]

    def file(self) -> File:
        made = File(name=self.text())
        for _ in range(self.number("I")):
            key = self.text()
            made.meta[key] = self.text()
        made.nodes = [self.node() for _ in range(self.number("I"))]
        made.outputs, made.probes = self.marks(), self.marks()
        made.golden_events = self.number("Q")
        if made.golden_events:
            made.golden_inputs = [self.integers() for _ in made.inputs]
            made.golden_outputs = [self.integers() for _ in made.outputs]
        assert not any(self.program[self.at :]), "something behind the program"
        return made
