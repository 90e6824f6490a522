"""docs/spec/file-format.md: its worked example, and its rules on every file at hand and on random graphs."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spec.random_graphs import random_graph, random_inputs

from .bxnn_reader import HEADER, KINDS, OPERATIONS, OVERFLOWS, ROUNDS, File, Format, Node, checksum, read

core: Any = pytest.importorskip("bxnn._core")

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "spec" / "file-format.md"
FILES = sorted(
    path
    for folder in ("firmware_ref/golden", "python/bxnn/data", "tests/compat")
    for path in (ROOT / folder).glob("*.bxnn")
)
CHECKSUM_LIMIT = 60_000  # bytes; longer files take the slow checksum of pure Python too much time


def worked_example() -> bytes:
    """The bytes of the page's listing."""
    (listing,) = re.findall(r"```hexdump\n(.*?)```", PAGE.read_text(), re.DOTALL)
    data = bytearray()
    for line in listing.splitlines():
        offset, rest = line.split("  ", 1)
        assert int(offset, 16) == len(data), f"offset {offset}: {len(data):04x} bytes so far"
        zeros = re.match(r"00 x (\d+)", rest)
        hexadecimal = re.match(r"(?:[0-9a-f]{2}(?: |$))+", rest)
        assert zeros or hexadecimal, line
        data += bytes(int(zeros[1])) if zeros else bytes.fromhex(hexadecimal[0])  # type: ignore[index]
    return bytes(data)


def test_worked_example_is_what_the_core_writes() -> None:
    b = core.Builder("tiny")
    b.set_meta("origin", "example")
    x = b.input("x", [2], core.Format(8, 4))
    y = b.cast(x, core.Format(4, 2, False, "RND", "SAT"), name="act")
    b.probe(y, "act")
    b.output(y, "y")
    model = b.build().with_golden([[[40, -9]]], None)
    assert model.to_bytes() == worked_example()
    graph = re.findall(r"^    ((?:%|probe|output).*)$", PAGE.read_text(), re.MULTILINE)
    assert model.dump().splitlines() == graph


def test_worked_example_loads_and_runs() -> None:
    model = core.Model.from_bytes(worked_example())
    (out,) = model.run([np.array([[40, -9]])])
    assert out.tolist() == [[10, 0]]
    assert model.self_test() == (2, 0)


def dump(file: File) -> list[str]:
    """The text of Model.dump()."""
    lines = []
    for number, node in enumerate(file.nodes):
        words = [f"%{number} = {node.operation}", *(f"%{x}" for x in node.operands)]
        words += filter(None, (_attribute(name, value) for name, value in node.attributes.items()))
        line = f"{' '.join(words)} : {node.type}[{','.join(map(str, node.shape))}]"
        lines.append(line + (f"  # {node.name}" if node.name else ""))
    lines += [f"probe %{x} {name}" for x, name in file.probes]
    return lines + [f"output %{x} {name}" for x, name in file.outputs]


def _attribute(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], Format):
        value = value[0]
    if isinstance(value, list):
        return f"{name}=[{len(value)}{' formats' if value and isinstance(value[0], Format) else ''}]"
    return f"{name}={value}"


def write(file: File) -> bytes:
    """The canonical bytes, by the writer's rules of the page."""
    program, blobs = bytearray(), bytearray()

    def put(code: str, *values: int) -> None:
        program.extend(struct.pack("<" + code, *values))

    def text(string: str) -> None:
        put("I", len(string.encode()))
        program.extend(string.encode())

    def form(f: Format) -> None:
        put("iiBBB", f.width, f.integer, f.signed, ROUNDS.index(f.round), OVERFLOWS.index(f.overflow))

    def integers(values: list[int]) -> None:
        low, high = min(values, default=0), max(values, default=0)
        width = next(n for n in (1, 2, 4, 8) if -(2 ** (8 * n - 1)) <= low and high < 2 ** (8 * n - 1))
        blobs.extend(bytes(-len(blobs) % 64))
        put("BQQ", width, len(values), len(blobs))
        blobs.extend(struct.pack(f"<{len(values)}{'bhiq'[width.bit_length() - 1]}", *values))

    def attribute(kind: Any, value: Any) -> None:
        if isinstance(kind, tuple):
            put("B", kind.index(value))
        elif kind == "format":
            form(value)
        elif kind == "optional":
            put("B", value is not None)
            if value is not None:
                form(value)
        elif kind == "formats":
            put("I", len(value))
            for f in value:
                form(f)
        elif kind == "integers":
            integers(value)
        else:
            put(kind, value)

    def put_node(node: Node) -> None:
        code = [name for name, _ in OPERATIONS].index(node.operation)
        put("B", code)
        text(node.name)
        put(f"I{len(node.operands)}I", len(node.operands), *node.operands)
        put(f"I{len(node.shape)}I", len(node.shape), *node.shape)
        form(node.type)
        for name, kind in OPERATIONS[code][1]:
            attribute(kind, node.attributes[name])

    text(file.name)
    put("I", len(file.meta))
    for key, value in sorted(file.meta.items(), key=lambda item: item[0].encode()):
        text(key)
        text(value)
    put("I", len(file.nodes))
    for node in file.nodes:
        put_node(node)
    for marks in (file.outputs, file.probes):
        put("I", len(marks))
        for x, name in marks:
            put("I", x)
            text(name)
    put("Q", file.golden_events)
    for array in file.golden_inputs + file.golden_outputs:
        integers(array)
    program.extend(bytes(-len(program) % 64))
    body = bytes(program + blobs)
    head = struct.pack(
        "<8sIIQQQQ",
        b"\x89BXNN\r\n\x1a",
        1,
        0,
        HEADER + len(body),
        checksum(body),
        HEADER,
        HEADER + len(program),
    )
    return head.ljust(HEADER, b"\0") + body


def agree(file: File, model: Any) -> None:
    """The independent reader's view and the native core's are the same."""
    assert file.name == model.name
    assert file.meta == model.meta
    assert dump(file) == model.dump().splitlines()
    for node, tensor in zip(file.inputs, model.inputs, strict=True):
        assert (node.name, tuple(node.shape)) == (tensor.name, tensor.shape)
        assert str(node.attributes["format"]) == str(tensor.format)
    for marks, tensors in ((file.outputs, model.outputs), (file.probes, model.probes)):
        for (x, name), tensor in zip(marks, tensors, strict=True):
            assert (name, tuple(file.nodes[x].shape)) == (tensor.name, tensor.shape)
    assert file.golden_events == model.golden_events
    if file.golden_events:
        inputs = [np.array(a, np.int64).reshape(file.golden_events, -1) for a in file.golden_inputs]
        for expected, got in zip(file.golden_outputs, model.run(inputs), strict=True):
            assert got.ravel().tolist() == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files(path: Path) -> None:
    data = path.read_bytes()
    agree(read(data, check=len(data) < CHECKSUM_LIMIT), core.Model.from_bytes(data))


class CoreBuilder:
    """The native builder for callers that hold the interpreter's formats."""

    def __init__(self, name: str) -> None:
        self.core = core.Builder(name)

    def __getattr__(self, method: str) -> Any:
        return lambda *args, **named: getattr(self.core, method)(
            *map(_native, args), **{key: _native(value) for key, value in named.items()}
        )


def _native(value: Any) -> Any:
    if isinstance(value, list):
        return [_native(v) for v in value]
    if hasattr(value, "overflow"):
        return core.Format(value.width, value.integer, value.signed, value.round, value.overflow)
    return value


@pytest.mark.parametrize("seed", range(40))
def test_random_graphs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    builder = CoreBuilder(f"graph {seed} ✓")
    random_graph(rng, builder)
    model = builder.build()
    if seed % 2:
        raw = random_inputs(rng, model, 5)
        model = model.with_golden([a.astype(np.int64) for a in raw], None).with_meta("größe", "µ")
    data = model.to_bytes()
    file = read(data, check=len(data) < CHECKSUM_LIMIT)
    agree(file, model)
    assert write(file) == data


def test_every_code_is_read() -> None:
    """The random graphs reach every operation, kind and mode of the page."""
    operations, kinds, formats = set(), set(), []
    for seed in range(40):
        builder = CoreBuilder("")
        random_graph(np.random.default_rng(seed), builder)
        for node in read(builder.build().to_bytes(), check=False).nodes:
            operations.add(node.operation)
            kinds.add((node.operation, node.attributes.get("kind")))
            formats += [f for f in node.attributes.values() if isinstance(f, Format)]
    assert operations == {name for name, _ in OPERATIONS}
    assert {("binary", kind) for kind in KINDS} <= kinds
    assert {f.round for f in formats} == set(ROUNDS)
    assert {f.overflow for f in formats} == set(OVERFLOWS)


@pytest.mark.parametrize("at", [0, 8, 16, 24, 32, 40, 64, 101, 141, 163, 178, 250, 320, 384])
def test_damage_is_refused(at: int) -> None:
    data = bytearray(worked_example())
    data[at] ^= 0x40
    with pytest.raises(core.ModelFileError):
        core.Model.from_bytes(bytes(data))


@pytest.mark.parametrize("length", [0, 7, 63, 64, 200, 385])
def test_truncation_is_refused(length: int) -> None:
    with pytest.raises(core.ModelFileError):
        core.Model.from_bytes(worked_example()[:length])


LIES = {
    "type of a node": (0xA5, b"\x05"),
    "shape of a node": (0xA1, b"\x03"),
    "operand that comes later": (0x99, b"\x01"),
    "operation": (0x65, b"\x09"),
    "width of an array": (0xE7, b"\x03"),
    "array outside the file": (0xF0, b"\x80"),
    "mode": (0xBD, b"\x07"),
    "something behind the program": (0x130, b"\x01"),
    "golden raw integer outside its format": (0x180, b"\x10"),
    "text that is not UTF-8": (0x44, b"\xff"),
    "count larger than the file": (0x61, b"\xff"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_file_with_a_right_checksum_may_still_lie(lie: str) -> None:
    at, byte = LIES[lie]
    data = bytearray(worked_example())
    data[at : at + 1] = byte
    data[24:32] = checksum(bytes(data[HEADER:])).to_bytes(8, "little")
    with pytest.raises((core.ModelFileError, core.GraphError)):
        core.Model.from_bytes(bytes(data))


def test_a_missing_shape_is_refused() -> None:
    file = read(worked_example())
    file.nodes[1].shape, file.golden_events = [], 0
    file.golden_inputs = file.golden_outputs = []
    with pytest.raises((core.ModelFileError, core.GraphError)):
        core.Model.from_bytes(write(file))
