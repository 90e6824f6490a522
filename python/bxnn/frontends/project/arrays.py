"""Weight arrays: `weights/<name>.h`, which synthesis reads, and the `.txt` beside it, for C-simulation."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bxnn._core import UnsupportedError

from .declarations import Types
from .text import Source, read_source, read_text

_DEFINITION = re.compile(
    r"\b([\w:]+(?:\s*<[^<>;]*>)?)\s+(\w+)\s*\[\s*(\d{1,9})\s*\]\s*(?:=\s*\{(.*?)\}\s*)?;", re.DOTALL
)
_DIRECTIVE = re.compile(r"^[^\S\n]*#(?:\\\n|[^\n])*", re.MULTILINE)
_SIMULATION = ("# ifndef __SYNTHESIS__", "# else", "# endif")
_DECIMAL = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,60})?|\.\d{1,60})(?:[eE][+-]?\d{1,3})?")
_OCTAL = re.compile(r"[+-]?0\d+")
_POWER = re.compile(r"\{\s*([01])(?:\.0+)?\s*,\s*([+-]?\d{1,5})(?:\.0+)?\s*\}")


@dataclass(frozen=True)
class NamedType:
    """A type by its name in `defines.h`; a stream word has `n_elem` elements."""

    name: str
    n_elem: int = 0
    n_pack: int = 1
    unpack: bool = False


@dataclass(frozen=True)
class WeightArray:
    """A weight array as its decimal texts, which are what C++ reads."""

    name: str
    type: NamedType
    weight_class: str
    texts: tuple[str, ...]

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    @property
    def data(self) -> NDArray[np.float64]:
        """The numbers of the texts, flat; of powers of two `+-2^e`."""
        if self.weight_class != "ExponentWeightVariable":
            return np.array([float(text) for text in self.texts], dtype=np.float64)
        pairs = [_POWER.fullmatch(text) for text in self.texts]
        return np.array([(2 * int(p[1]) - 1) * 2.0 ** max(-999, min(999, int(p[2]))) for p in pairs if p])


def read_weights(folder: Path, name: str, types: Types, loaded: Container[str]) -> WeightArray:
    """The array `name` of the project's weights folder.

    Raises UnsupportedError where a file is missing or damaged, or where the header and the text differ;
    `loaded` are the arrays that C-simulation reads from their texts.
    """
    place = f"firmware/weights/{name}.h"
    source = read_source(folder / f"{name}.h", place)
    found = [m for m in _DEFINITION.finditer(source.text) if m[2] == name]
    if not found:
        source.refuse(0, f"the array '{name}' is not defined here; the file may be truncated")
    kinds = {" ".join(m[1].split()) for m in found}
    lengths = {int(m[3]) for m in found}
    if len(kinds) > 1 or len(lengths) > 1:
        source.refuse(found[1].start(), f"the array '{name}' has two definitions that differ")
    kind, length = kinds.pop(), lengths.pop()
    weight_class = types.special.get(kind, "WeightVariable")
    blocks = [m[4] for m in found if m[4] is not None]
    texts = _texts(source.name, blocks[0] if blocks else None, weight_class, length)
    if any(_texts(source.name, block, weight_class, length) != texts for block in blocks[1:]):
        source.refuse(found[1].start(), f"the array '{name}' has two definitions that differ; remove one")
    in_simulation = next((m for m in found if m[4] is None), None)
    text_file = folder / f"{name}.txt"
    # without any such line the project is for synthesis alone, and its headers have the numbers
    if in_simulation and name not in loaded and (text_file.exists() or loaded):
        source.refuse(
            in_simulation.start(),
            f"in C-simulation the array '{name}' has no numbers, because the top function does not load it; "
            f"put 'nnet::load_weights_from_txt<...>({name}, \"{name}.txt\");' back beside the others",
        )
    if text_file.exists():
        read = _texts(f"{place[:-1]}txt", read_text(text_file, f"{place[:-1]}txt"), weight_class, length)
        if texts is not None and texts != read:
            raise UnsupportedError(
                f"{place} and {name}.txt hold different weights, so that firmware and C-simulation differ; "
                "delete the one that is out of date"
            )
        texts = read
    if texts is None:
        source.refuse(0, f"neither this file nor {name}.txt has the numbers of '{name}'")
    return WeightArray(name, NamedType(kind), weight_class, texts)


def check_weight_header(source: Source) -> None:
    """Refuse preprocessor lines other than the include guard and hls4ml's `#ifndef __SYNTHESIS__`."""
    if (at := source.text.find("(")) >= 0:
        source.refuse(at, "a weights header may have arrays of numbers only; remove other code")
    lines = [(m.start(), " ".join(m[0].replace("#", "# ").split())) for m in _DIRECTIVE.finditer(source.text)]
    lines = [(at, line) for at, line in lines if line != "# pragma once"]
    expected = list(_SIMULATION)
    if lines and lines[0][1] != expected[0]:
        guard = lines[0][1].removeprefix("# ifndef ")
        inner = expected if len(lines) > 3 else []
        expected = [f"# ifndef {guard}", f"# define {guard}", *inner, "# endif"]
    if lines and [line for _, line in lines] != expected:
        at = next((at for (at, line), e in zip(lines, expected, strict=False) if line != e), lines[-1][0])
        source.refuse(
            at,
            f"'{source.statement(at)}': a weights header may have its include guard and "
            "'#ifndef __SYNTHESIS__', '#else', '#endif' around the array; remove other preprocessor lines",
        )


def _texts(place: str, block: str | None, weight_class: str, length: int) -> tuple[str, ...] | None:
    if block is None:
        return None
    block = block.strip()
    power = weight_class == "ExponentWeightVariable"
    pieces = re.split(r",(?![^{]*\})", block) if "{" in block else block.split(",")
    texts = tuple(piece.strip() for piece in pieces)
    if weight_class == "CompressedWeightVariable":
        return texts
    form = _POWER if power else _DECIMAL
    for i, text in enumerate(texts):
        if _OCTAL.fullmatch(text):
            raise UnsupportedError(
                f"{place}: element {i}, '{text[:40]}': C++ reads it to base 8; write it without the leading 0"
            )
        if not form.fullmatch(text):
            raise UnsupportedError(f"{place}: element {i}, '{text[:40]}', is not a number")
    if len(texts) != length:
        raise UnsupportedError(f"{place}: {len(texts)} numbers for an array of {length}; is it truncated?")
    return texts
