"""Reading and decoding ahead of what consumes events, in a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from queue import Empty, Queue
from threading import Event, Thread

from bxnn._core import InputError
from bxnn.sources.source import Array, Chunk, InputSpec, Source

_PATIENCE = 5.0  # seconds that a source may still take for its current chunk when nobody wants it any more


class Prefetch:
    """The chunks of another source, up to `depth` of them decoded ahead.

    Errors of the source are raised after the chunks before them. The thread begins with the first chunk and
    is gone when the iterator is exhausted, closed or dropped. A source that waits for data all the while,
    such as a silent pipe, is waited for 5 s; then its daemon thread is left to its read.
    """

    def __init__(self, source: Source, depth: int = 4) -> None:
        if depth < 1:
            raise InputError(f"expected a depth of at least 1 chunk, got {depth}")
        self._source, self._depth = source, depth

    @property
    def inputs(self) -> Mapping[str, InputSpec]:
        return self._source.inputs

    @property
    def count(self) -> int | None:
        return self._source.count

    @property
    def arrays(self) -> Mapping[str, Array] | None:
        return self._source.arrays

    def chunks(self, size: int, start: int = 0) -> Iterator[Chunk]:
        queue: Queue[Chunk | BaseException | None] = Queue(self._depth)
        stop = Event()
        thread = Thread(
            target=_fill, args=(self._source, size, start, queue, stop), name="bxnn-prefetch", daemon=True
        )
        thread.start()
        try:
            while (item := queue.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            stop.set()
            _drain(queue)  # a thread that waits for room finds some, and then the order to stop
            thread.join(_PATIENCE)


def _fill(
    source: Source, size: int, start: int, queue: Queue[Chunk | BaseException | None], stop: Event
) -> None:
    end: BaseException | None = None
    try:
        for chunk in source.chunks(size, start):
            if stop.is_set():
                return
            queue.put(chunk)
            if stop.is_set():
                return
    except BaseException as error:
        end = error
    queue.put(end)


def _drain(queue: Queue[Chunk | BaseException | None]) -> None:
    try:
        while True:
            queue.get_nowait()
    except Empty:
        pass
