"""Tables as text, for reports that are printed."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO


def text_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> str:
    """A table of up to 240 columns; all but the first `left` columns are aligned right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for i, head in enumerate(heads):
        table.add_column(head, justify="left" if i < left else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    file = StringIO()
    Console(file=file, width=240).print(table)
    return "".join(line.rstrip() + "\n" for line in file.getvalue().splitlines())
