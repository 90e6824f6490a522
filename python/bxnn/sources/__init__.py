"""Where the events of a run come from: files, pipes, generators, and the bunches of the LHC.

>>> source = open_source("zerobias_*.npz")
>>> for chunk in source.chunks(4096): ...    # {'x': array [n, 19, 3], ...}
>>> FillingScheme.lhc().crossing_of([0, 72])
"""

from __future__ import annotations

from bxnn.sources.files import FileChain, FileSource, open_source
from bxnn.sources.lhc import BUNCHES_PER_ORBIT, REVOLUTION_FREQUENCY, FillingScheme
from bxnn.sources.selection import CrossingColumns, Selection
from bxnn.sources.source import ArraySource, Chunk, InputSpec, Source

__all__ = [
    "BUNCHES_PER_ORBIT",
    "REVOLUTION_FREQUENCY",
    "ArraySource",
    "Chunk",
    "CrossingColumns",
    "FileChain",
    "FileSource",
    "FillingScheme",
    "InputSpec",
    "Selection",
    "Source",
    "open_source",
]
