"""Places of files that are to be written, looked at before work begins."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bxnn._core import InputError


def require_place(path: Path, read: Iterable[str | Path | None] = (), reader: str = "this command") -> None:
    """Raise InputError unless a file can be written there, which is none of those that `reader` reads.

    What is read may be a pattern, as for `bxnn.sources.open_files`.
    """
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InputError(f"{path}: expected a file in an existing directory that may be written")
    if not path.exists():
        return
    for entry in map(str, filter(None, read)):
        found = [entry, *glob.glob(entry, recursive=True)]  # noqa: PTH207 (absolute patterns too)
        if any(Path(other).exists() and path.samefile(other) for other in found):
            raise InputError(f"{path}: is read by {reader}; write to another file")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields where to write; the file is then the new one, or after any failure the old one, whole."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        _sync(partial)
        partial.replace(path)
        _sync(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Bring a file or a folder to the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
