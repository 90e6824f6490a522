"""What commands print: tables and JSON on standard output, progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import Any


def print_json(document: Any) -> None:
    """One JSON object; numbers JSON does not know are an error."""
    print(json.dumps(document, indent=2, allow_nan=False))


def print_table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns whose last row holds a number are aligned right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[str(cell) for cell in row] for row in rows]
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for i, head in enumerate(heads):
        numeric = bool(cells) and cells[-1][i][:1].isdigit()
        table.add_column(head, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    # A pipe has no width: print every cell on one line there. Rich itself would end the program with status 1
    # when the reader of a pipe has had enough.
    terminal, text = sys.stdout.isatty(), StringIO()
    Console(file=text, force_terminal=terminal, width=None if terminal else 200).print(table)
    sys.stdout.write(text.getvalue())


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yields the function that tells how many more events are done; shows events/s on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            return Text(f"{task.finished_speed or task.speed or 0:,.0f} events/s")

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, advance=done)
