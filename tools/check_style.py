"""What the formatters do not see: length of files, names of files, words that do not belong.

python tools/check_style.py
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = {".py", ".cpp", ".hpp", ".inl", ".h", ".c"}
TEXT = CODE | {".pyi", ".md", ".toml", ".txt", ".cmake", ".sh", ".yml", ".in"}
LONGEST = 600
NO_ROOM = {"utils", "util", "helpers", "helper", "misc", "common2", "stuff"}
# The project speaks of itself alone: no machine's paths, no diary of its own making.
FOREIGN = re.compile(
    r"(?<![\w./])(?:/work/|/tmp/bash_jobs|/home/[a-z]|/root/)|\.\./shared\b"
    r"|\b(?:TODO|FIXME|XXX|HACK)\b|as an AI\b|\bbrief\.md\b",
    re.IGNORECASE,
)


def files() -> list[Path]:
    """Tracked files, and new ones that git does not ignore; without git, all but build folders."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True)
    if listed.returncode == 0:
        return [path for line in listed.stdout.splitlines() if (path := ROOT / line).is_file()]
    return [p for p in ROOT.rglob("*") if p.is_file() and "build" not in p.relative_to(ROOT).parts]


def faults_of(path: Path) -> Iterator[str]:
    place = path.relative_to(ROOT)
    if path.stem.lower() in NO_ROOM:
        yield f"{place}: name it after what it does, and put it in the room that owns it"
    if path.suffix not in TEXT or path == Path(__file__).resolve():
        return
    lines = path.read_text(encoding="utf-8").split("\n")
    if path.suffix in CODE and len(lines) > LONGEST:
        yield f"{place}: {len(lines)} lines, at most {LONGEST}"
    for number, line in enumerate(lines, 1):
        if found := FOREIGN.search(line):
            yield f"{place}:{number}: '{found[0]}' does not belong in the repository"
        if line != line.rstrip() and path.suffix != ".md":
            yield f"{place}:{number}: blanks at the end of the line"
    if lines[-1]:
        yield f"{place}: no newline at the end"


def main() -> int:
    faults = [fault for path in sorted(files()) for fault in faults_of(path)]
    for fault in faults:
        print(fault)
    print(f"check_style: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
