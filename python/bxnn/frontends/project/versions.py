"""Which release of hls4ml a project's code means, and which backend it was made for."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bxnn._core import UnsupportedError

from .declarations import Struct
from .text import code_of, digest, read_source, read_text

RELEASES = ("0.6.0", "0.7.0", "0.7.1", "0.8.0", "0.8.1", "1.0.0", "1.1.0", "1.2.0", "1.3.0")
BACKENDS = ("Vivado", "Vitis")

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"(?:nnet_utils/)?([\w.-]+)"', re.MULTILINE)
GENERATED = "nnet_code_gen.h"

# Members that a release was the first to write.
_FIRST_WRITTEN = {
    "n_elem1": "1.3.0",
    "n_slice": "1.2.0",
    "dense_da": "1.2.0",
    "kernel": "1.0.0",
    "n_partitions": "0.7.0",
    "multiplier_limit": "0.7.0",
}


def is_since(release: str, first: str) -> bool:
    """Whether a release is `first` or a later one."""
    return RELEASES.index(release) >= RELEASES.index(first)


class Origin(NamedTuple):
    """The release whose headers the project has and the backends that they show; without headers the oldest
    release that could have written the configurations."""

    release: str
    backends: frozenset[str]
    has_headers: bool


def origin_of(firmware: Path, structs: dict[str, Struct]) -> Origin:
    """What the project's headers are; without them, what later releases changed has to be refused.

    Raises UnsupportedError for headers that are none of hls4ml's.
    """
    headers = firmware / "nnet_utils"
    if not any(path.name != GENERATED for path in headers.glob("nnet_*.h")):
        text = "".join(struct.text for struct in structs.values())
        found = [v for member, v in _FIRST_WRITTEN.items() if re.search(rf"\b{member} =", text)]
        return Origin(max(found, key=RELEASES.index, default=RELEASES[0]), frozenset(), False)
    release, backends = RELEASES[-1], frozenset[str]()
    for name in sorted(_included(firmware)):
        entry = require_known(headers / name, name)
        newest, *backend = entry.split()
        backends |= set(backend)
        release = min(release, newest, key=RELEASES.index)
    return Origin(release, backends, True)


def require_known(path: Path, name: str) -> str:
    """What is known of a header of nnet_utils; UnsupportedError if it is none of hls4ml's."""
    known = known_headers().get(name)
    text = read_text(path, f"firmware/nnet_utils/{name}") if known else ""
    entry = known.get(digest(code_of(text))) if known else None
    if entry is None:
        raise UnsupportedError(
            f"firmware/nnet_utils/{name} is not the header of a known release of hls4ml "
            f"({RELEASES[0]} to {RELEASES[-1]}), so that what it computes is not known; comments and "
            "pragmas may differ, code may not. Restore the header, or do what was added to it in Python"
        )
    return entry


def _included(firmware: Path) -> set[str]:
    """Headers of nnet_utils that the project includes, directly or not, but for the generated one."""
    waiting = [firmware / "parameters.h", firmware / "defines.h"]
    found: set[str] = set()
    while waiting:
        path = waiting.pop()
        text = read_source(path, str(path.relative_to(firmware.parent))).text
        for name in _INCLUDE.findall(text):
            if name.startswith("nnet_") and name != GENERATED and name not in found:
                found.add(name)
                waiting.append(firmware / "nnet_utils" / name)
    return found


@cache
def known_headers() -> dict[str, dict[str, str]]:
    """By header and digest the newest release that has it, with the backend where only one does."""
    table: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "headers.json").read_text())
    return table


def backend_of(project: Path, shown: frozenset[str], is_stream: bool) -> str:
    """The backend by the project's files and headers; 'unknown' where nothing tells or depends on it.

    Raises UnsupportedError for another backend, or where files contradict each other.
    """
    said = {name.capitalize(): "the headers in nnet_utils" for name in shown}
    for name, pattern in (
        ("hls4ml_config.yml", r"^Backend:\s*['\"]?(\w+)"),
        ("project.tcl", r"^\s*set\s+backend\s+\"?(\w+)"),
    ):
        path = project / name
        if path.is_file() and (found := re.search(pattern, read_text(path, name), re.MULTILINE)):
            said.setdefault(next((b for b in BACKENDS if b.lower() == found[1].lower()), found[1]), name)
    for backend, where in said.items():
        if backend not in BACKENDS:
            raise UnsupportedError(
                f"{where}: the hls4ml backend {backend} is not supported; supported: {', '.join(BACKENDS)}"
            )
    if len(said) > 1:
        parts = " but ".join(f"{where} says {backend}" for backend, where in said.items())
        raise UnsupportedError(f"the project's backend is not clear: {parts}")
    if not said and is_stream:
        raise UnsupportedError(
            "nothing tells for which backend this io_stream project was generated, and its results can "
            "depend on it; put its hls4ml_config.yml, project.tcl or firmware/nnet_utils back in their places"
        )
    return next(iter(said), "unknown")
