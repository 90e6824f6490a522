"""A running stream on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bxnn.sources.lhc import BUNCHES_PER_ORBIT, REVOLUTION_FREQUENCY
from bxnn.stream.books import Books, Link, StageBooks

if TYPE_CHECKING:
    from rich.console import Group

_MOST_SEEDS = 24


class LiveView:
    """Tables of what happened since the start, and how fast since the picture before."""

    def __init__(self, name: str, bunches: int) -> None:
        self._name = name
        self._hz = bunches * REVOLUTION_FREQUENCY  # crossings with collisions in a second of the machine
        self._before: Books | None = None

    def draw(self, books: Books) -> Group:
        """What `rich` shows."""
        from rich.console import Group

        before, self._before = self._before, books
        now = 0.0
        if before and books.elapsed_ns > before.elapsed_ns:
            now = (books.arrived - before.arrived) * 1e9 / (books.elapsed_ns - before.elapsed_ns)
        orbit, bx = divmod(books.next, BUNCHES_PER_ORBIT)
        head = (
            f"{self._name}   orbit {orbit:,} bx {bx}   {books.arrived:,} crossings with collisions   "
            f"{now / 1e6:.2f} M/s now, {books.events_per_second / 1e6:.2f} M/s on average"
        )
        return Group(head, self._stages(books), *(self._seeds(stage) for stage in books.stages))

    def _stages(self, books: Books) -> Any:
        table = _table(
            "", ["stage", "processed", "accepted", "dead", "lost", "ring", "p50", "p99", "p99.99", "max"]
        )
        for stage in books.stages:
            latency = [duration(stage.latency[q]) for q in ("p50", "p99", "p99.99", "max")]
            counts = stage.counts
            table.add_row(
                stage.name, f"{counts.processed:,}", f"{counts.accepted:,}", f"{counts.dead:,}",
                f"{stage.link.lost:,}", _ring(stage.link), *latency,
            )  # fmt: skip
        if books.accepted is not None:
            link = books.accepted
            table.add_row("file", f"{link.arrived - link.lost:,}", "", "", f"{link.lost:,}", _ring(link))
        return table

    def _seeds(self, stage: StageBooks) -> Any:
        table = _table(stage.name, ["seed", "fired", "kept", "pure", "rate"])
        counts = stage.counts
        rows = list(zip(stage.seeds, counts.fired, counts.kept, counts.pure, strict=True))
        for name, fired, kept, pure in rows[:_MOST_SEEDS]:
            table.add_row(name, f"{fired:,}", f"{kept:,}", f"{pure:,}", self._rate(int(kept), stage))
        if len(rows) > _MOST_SEEDS:
            table.add_row(f"and {len(rows) - _MOST_SEEDS} more")
        return table

    def _rate(self, kept: int, stage: StageBooks) -> str:
        """Of the first stage alone: later ones see what it accepts."""
        first = self._before.stages[0] if self._before else stage
        seen = first.counts.processed
        return frequency(kept * self._hz / seen) if seen else ""


def _table(title: str, heads: list[str]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for i, head in enumerate(heads):
        table.add_column(head, justify="right" if i else "left", no_wrap=True)
    return table


def _ring(link: Link) -> str:
    return f"{link.waiting}/{link.capacity}"


def duration(nanoseconds: int) -> str:
    """'870 ns', '4.2 us', '13 ms', '2.5 s'."""
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds} ns"


def frequency(hertz: float) -> str:
    """'1.2 MHz', '30 kHz', '4.1 Hz'."""
    for unit, size in (("MHz", 1e6), ("kHz", 1e3)):
        if hertz >= size:
            return f"{hertz / size:.3g} {unit}"
    return f"{hertz:.3g} Hz"
