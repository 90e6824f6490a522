"""A trigger at work: crossings from a source through stages of menus, with exact books.

>>> from bxnn.stream import StageSetup, Stream
>>> stream = Stream(source, [StageSetup("l1", menu)])
>>> books = stream.run(crossings=1_000_000)
"""

from __future__ import annotations

from bxnn._core import SharedRing
from bxnn.stream.books import Books, Counts, Link, StageBooks, Version
from bxnn.stream.engine import StageSetup, Stream
from bxnn.stream.setup import StreamSetup, read_setup

__all__ = [
    "Books",
    "Counts",
    "Link",
    "SharedRing",
    "StageBooks",
    "StageSetup",
    "Stream",
    "StreamSetup",
    "Version",
    "read_setup",
]
