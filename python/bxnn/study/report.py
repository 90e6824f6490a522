"""Reports: one HTML file that needs nothing else: no script, no network; readable on a phone, in the dark, on
paper."""

from __future__ import annotations

import base64
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import bxnn
from bxnn import _core
from bxnn.study.plots import svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PACKAGES = ("numpy", "matplotlib", "mplhep", "hls4ml", "uproot", "h5py", "pyarrow")

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8881; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1rem; }
h1, h2, p, a, dd, figcaption { overflow-wrap: anywhere; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
dt { font-weight: 600; } dd { margin: 0 0 .5rem; }
nav a { margin-right: 1rem; display: inline-block; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); }
th, td { text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } thead th { background: var(--soft); }
figure { margin: 1.5rem 0; } figcaption { font-size: .9rem; }
img { display: block; width: 100%; max-width: 46rem; height: auto; background: white; border-radius: 4px; }
pre { overflow-x: auto; background: var(--soft); padding: .8rem; font-size: .8rem; }
@media print { nav { display: none; } figure, table { break-inside: avoid; } }
"""


@dataclass(frozen=True)
class Table:
    """Rows of text; the first column is aligned left, all others right."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True)
class Picture:
    """A plot, as SVG, with what it shows."""

    caption: str
    svg: bytes

    @classmethod
    def of(cls, caption: str, figure: Figure) -> Picture:
        return cls(caption, svg(figure))


@dataclass
class Section:
    """A heading with paragraphs, tables and pictures below, in this order."""

    title: str
    text: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    verbatim: str = ""


def software() -> dict[str, str]:
    """Versions of what computed the numbers."""
    found = {
        "bxnn": bxnn.__version__,
        "instruction set": _core.active_isa(),
        "Python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def write_report(
    path: str | Path, title: str, sections: Sequence[Section], facts: Mapping[str, str] | None = None
) -> None:
    """Write the page. facts: shown under the title, by name. Versions of the software are added at the end.

    All text is escaped: names and configurations can't change the page.
    """
    software_table = Table("", ("software", "version"), list(software().items()))
    pages = [*sections, Section("Software", tables=[software_table])]
    links = "".join(f'<a href="#s{i}">{escape(s.title)}</a> ' for i, s in enumerate(pages))
    body = "".join(_section(f"s{i}", s) for i, s in enumerate(pages))
    listed = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>\n" for k, v in (facts or {}).items())
    top = f"<dl>{listed}</dl>\n" if facts else ""
    Path(path).write_text(
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n{top}<nav>{links}</nav>\n{body}</body>\n</html>\n",
        encoding="utf-8",
    )


def _section(anchor: str, section: Section) -> str:
    parts = [f'<section id="{anchor}">\n<h2>{escape(section.title)}</h2>\n']
    parts += [f"<p>{escape(paragraph)}</p>\n" for paragraph in section.text]
    parts += [_table(table) for table in section.tables]
    parts += [_picture(picture) for picture in section.pictures]
    if section.verbatim:
        parts.append(f"<pre>{escape(section.verbatim)}</pre>\n")
    return "".join([*parts, "</section>\n"])


def _table(table: Table) -> str:
    caption = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
    heads = "".join(f"<th>{escape(head)}</th>" for head in table.heads)
    head = f"<thead><tr>{heads}</tr></thead>" if any(table.heads) else ""
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>\n" for row in table.rows
    )
    return f'<div class="scroll"><table>{caption}{head}<tbody>\n{rows}</tbody></table></div>\n'


def _picture(picture: Picture) -> str:
    data = base64.b64encode(picture.svg).decode("ascii")
    caption = escape(picture.caption)
    return (
        f'<figure><img alt="{caption}" src="data:image/svg+xml;base64,{data}">'
        f"<figcaption>{caption}</figcaption></figure>\n"
    )
