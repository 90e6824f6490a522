"""Where the events of a run come from: files, pipes, generators, and the bunches of the LHC.

>>> source = open_source("zerobias_*.npz")
>>> for chunk in source.chunks(4096): ...    # {'x': array [n, 19, 3], ...}
>>> FillingScheme.lhc().crossing_of([0, 72])
"""

from __future__ import annotations

from bxnn.sources.files import FileChain, FileSource, open_source
from bxnn.sources.layout import Collection, Field, InputLayout, Layout
from bxnn.sources.lhc import BUNCHES_PER_ORBIT, REVOLUTION_FREQUENCY, FillingScheme
from bxnn.sources.pileup import PileupProfile
from bxnn.sources.prefetch import Prefetch
from bxnn.sources.replay import Injection, Replay, Signal
from bxnn.sources.selection import CrossingColumns, Selection
from bxnn.sources.source import CROSSING, TRUTH, ArraySource, Chunk, InputSpec, Source, whole
from bxnn.sources.streams import IterableSource, StreamSource
from bxnn.sources.synthetic import Objects, Synthetic

from_iterable = IterableSource

__all__ = [
    "BUNCHES_PER_ORBIT",
    "CROSSING",
    "REVOLUTION_FREQUENCY",
    "TRUTH",
    "ArraySource",
    "Chunk",
    "Collection",
    "CrossingColumns",
    "Field",
    "FileChain",
    "FileSource",
    "FillingScheme",
    "Injection",
    "InputLayout",
    "InputSpec",
    "IterableSource",
    "Layout",
    "Objects",
    "PileupProfile",
    "Prefetch",
    "Replay",
    "Selection",
    "Signal",
    "Source",
    "StreamSource",
    "Synthetic",
    "from_iterable",
    "open_source",
    "whole",
]
