"""The plan of a model as a readable table."""

from __future__ import annotations

from typing import Any


def as_table(document: dict[str, Any]) -> str:
    """Lay out the document of `Model.explain(json=True)`: its scalars first, then every list of steps."""
    lines = [f"{key}: {value}" for key, value in document.items() if not isinstance(value, (list, dict))]
    for key, rows in document.items():
        if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
            lines += ["", f"{key}:", *_columns(rows)]
    return "\n".join(lines)


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    heads = list(dict.fromkeys(key for row in rows for key in row))
    cells = [heads, *([_cell(row.get(head)) for head in heads] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(heads))]
    return ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in cells]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "[" + ", ".join(map(_cell, value)) + "]"
    if isinstance(value, dict):
        return " ".join(f"{key}={_cell(item)}" for key, item in value.items())
    return str(value)
