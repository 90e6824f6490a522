"""C++ text of a project with its comments taken out, in which every place still has its file and line."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from bxnn._core import UnsupportedError

MAX_BYTES = 1 << 28
MAX_NUMBER = 1 << 24

_TOKEN = re.compile(r'//(?:\\\n|[^\n])*|/\*.*?(?:\*/|\Z)|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")
_QUOTED = re.compile(r'("(?:\\.|[^"\\\n])*")')
_COMMENT = re.compile(r"//(?:\\\n|[^\n])*|/\*.*?\*/", re.DOTALL)
_PRAGMA = re.compile(r"^[ \t]*#[ \t]*pragma\b(?:\\\n|[^\n])*", re.MULTILINE)
_OCTAL = re.compile(r"(?<![\w.])(?<![eE][+-])0\d+(?![\w.])")
_PRODUCT = re.compile(r"\d+(?:\s*[*/]\s*\d+)*")


@dataclass(frozen=True)
class Source:
    """A file's text, comments blanked; `remarks` are the comments that follow code, by line."""

    name: str
    text: str
    remarks: dict[int, str] = field(default_factory=dict)

    def line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1

    def refuse(self, at: int, reason: str) -> NoReturn:
        raise UnsupportedError(f"{self.name}:{self.line(at)}: {reason}")

    def statement(self, at: int) -> str:
        """What stands at a place, up to its semicolon, for a message."""
        rest = self.text[at:].lstrip()
        end = rest.find("\n" if rest.startswith("#") else ";")
        shown = " ".join(rest[: end + 1 if end >= 0 else len(rest)].split())
        return shown if len(shown) <= 120 else f"{shown[:117]}..."

    def with_numbers(self, numbers: dict[str, str]) -> Source:
        """The text after the preprocessor has put in the numbers of `defines.h`."""
        if not numbers:
            return self
        parts = _QUOTED.split(self.text)
        parts[::2] = [_WORD.sub(lambda word: numbers.get(word[0], word[0]), part) for part in parts[::2]]
        return Source(self.name, "".join(parts), self.remarks)


def read_text(path: Path, name: str) -> str:
    """The text of a file; UnsupportedError if it is missing, not text, or too large."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnsupportedError(f"{name} is larger than the supported {MAX_BYTES >> 20} MB")
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise UnsupportedError(f"{name} is not a text file: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise UnsupportedError(f"{name} cannot be read: {error.strerror}; the project needs it") from error


def read_source(path: Path, name: str) -> Source:
    """A C++ file of the project; raises as `read_text`."""
    text = read_text(path, name)
    remarks: dict[int, str] = {}

    def blank(token: re.Match[str]) -> str:
        if token[0].startswith('"'):
            return token[0]
        line_start = text.rfind("\n", 0, token.start()) + 1
        if token[0].startswith("//") and text[line_start : token.start()].strip():
            remarks[text.count("\n", 0, token.start()) + 1] = token[0][2:].strip()
        return re.sub(r"[^\n]", " ", token[0])

    return Source(name, _TOKEN.sub(blank, text), remarks)


def refuse_octal(source: Source) -> None:
    """Refuse integers that begin with 0, which C++ reads to base 8."""
    if found := _OCTAL.search(source.text):
        source.refuse(found.start(), f"C++ reads '{found[0]}' to base 8; write it without the leading 0")


def code_of(text: str) -> str:
    """What decides the results: the text without comments, pragmas and blanks."""
    return re.sub(r"\s+", "", _PRAGMA.sub("", _COMMENT.sub(" ", text)))


def digest(code: str) -> str:
    """The name of a known text, of 16 hexadecimal digits."""
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def size_of(source: Source, at: int, text: str) -> tuple[int, ...]:
    """Factors of an array size, as `4*6`; a quotient is one number."""
    compact = text.strip()
    if not _PRODUCT.fullmatch(compact):
        source.refuse(at, f"the size '{compact}' is not a number")
    if any(len(number) > 9 for number in re.findall(r"\d+", compact)):
        source.refuse(at, f"the size '{compact}' is too large")
    if "/" in compact:
        head, *divisors = compact.split("/")
        quotient = _product(head.split("*"))
        for divisor in divisors:
            if not divisor.strip().isdigit() or int(divisor) == 0 or quotient % int(divisor):
                source.refuse(at, f"the size '{compact}' is not a whole number")
            quotient //= int(divisor)
        factors: tuple[int, ...] = (quotient,)
    else:
        factors = tuple(int(factor) for factor in compact.split("*"))
    if not 1 <= _product([str(f) for f in factors]) <= MAX_NUMBER:
        source.refuse(at, f"the size '{compact}' is not in 1 to {MAX_NUMBER}")
    return factors


def _product(factors: list[str]) -> int:
    total = 1
    for factor in factors:
        total *= int(factor)
    return total
