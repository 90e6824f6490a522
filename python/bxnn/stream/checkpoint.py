"""A run between two legs, on disk: written whole or not at all."""

from __future__ import annotations

import fcntl
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bxnn._core import InputError
from bxnn.places import replacing

_VERSION = 1


@dataclass(frozen=True)
class Saved:
    """state: of the stream. fingerprint: what must be the same to go on.

    written: accepted events in their file, and the checksum of these.
    """

    state: bytes
    fingerprint: dict[str, str]
    written: tuple[int, int] | None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """No other run uses the checkpoint meanwhile. Raises InputError if one does, OSError."""
    with path.with_name(f".{path.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{path}: another process runs with this checkpoint") from None
        yield


def save(path: Path, saved: Saved) -> None:
    """Replace the file; after a crash at any moment it is the old or the new one. Raises OSError."""
    about = {"version": _VERSION, "fingerprint": saved.fingerprint, "written": saved.written}
    with (
        replacing(path) as partial,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        archive.writestr("about.json", json.dumps(about))
        archive.writestr("state.bin", saved.state)


def load(path: Path) -> Saved:
    """Raises InputError for a file that is damaged or no checkpoint, OSError."""
    try:
        with zipfile.ZipFile(path) as archive:
            about = json.loads(archive.read("about.json"))
            if about["version"] != _VERSION:
                raise InputError(f"{path}: a checkpoint of another version of bxnn; begin anew without it")
            written = about["written"]
            kept = None if written is None else (int(written[0]), int(written[1]))
            return Saved(archive.read("state.bin"), dict(about["fingerprint"]), kept)
    except (
        zipfile.BadZipFile,
        zlib.error,
        KeyError,
        ValueError,
        TypeError,
        EOFError,
        NotImplementedError,
    ) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: damaged, or no checkpoint of bxnn: {error}") from None


def require_same(path: Path, saved: dict[str, str], now: dict[str, str]) -> None:
    """Raises InputError that names what differs."""
    for what in dict.fromkeys([*saved, *now]):
        if saved.get(what) != now.get(what):
            raise InputError(
                f"{path}: was saved by another run: {what} differs; "
                "remove the file, or use --fresh, to begin anew"
            )
