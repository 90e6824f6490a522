"""Fails on files that are too long, on names that say nothing, and on words that have no business in the project."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
LONGEST = 600
EMPTY_NAMES = {"utils", "util", "helpers", "misc", "common2"}
CODE = {".py", ".pyi", ".cpp", ".hpp", ".h", ".inl", ".c"}
FOREIGN = re.compile(r"/work/|\.\./shared|\bTODO\b|\bFIXME\b")


def violations(path: Path) -> list[str]:
    name = path.relative_to(ROOT)
    found = []
    if path.stem in EMPTY_NAMES:
        found.append(f"{name}: a name that says nothing; put the thing in the room that owns it")
    if path.suffix not in CODE | {".md", ".toml", ".txt", ".sh"} or path == Path(__file__):
        return found
    lines = path.read_text().splitlines()
    if path.suffix in CODE and len(lines) > LONGEST:
        found.append(f"{name}: {len(lines)} lines, more than {LONGEST}")
    return found + [f"{name}:{n}: {line.strip()}" for n, line in enumerate(lines, 1) if FOREIGN.search(line)]


if __name__ == "__main__":
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    files = [ROOT / name for name in tracked.split("\0") if name and (ROOT / name).is_file()]
    found = [line for path in files for line in violations(path)]
    print("\n".join(found) or f"{len(files)} files are in order")
    sys.exit(1 if found else 0)
