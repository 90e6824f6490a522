"""Reports: self-contained, safe with any text, and shown by a real browser."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from bxnn.study import plots
from bxnn.study.report import Picture, Section, Table, software, write_report
from tests.study.browser import inspect

HOSTILE = '</style><script>console.error("ran")</script>"><img src=x onerror=alert(1)>&'


@pytest.fixture
def page(tmp_path: Path) -> Path:
    with plots.style():
        figure = plots.mismatches_by_bx("map", np.full(3564, 4), np.arange(3564) % 3)
    section = Section(
        HOSTILE,
        [HOSTILE],
        [Table(HOSTILE, (HOSTILE, "wide " * 60), [(HOSTILE, 1), ("b", 2.5)])],
        [Picture.of(HOSTILE, figure)],
        HOSTILE,
    )
    write_report(tmp_path / "page.html", HOSTILE, [section, Section("Ünïcode −±∞")], {HOSTILE: HOSTILE})
    return tmp_path / "page.html"


def test_nothing_from_outside_and_no_script(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text and "onerror=alert(1)>" not in text.replace("&gt;", "")
    assert not re.findall(r'(?:src|href)="(?!data:|#)', text)
    assert "@import" not in text and "url(" not in text
    assert 'name="viewport"' in text and "color-scheme: light dark" in text
    assert all(str(value) in text for value in software().values())


def test_pictures_are_the_same_bytes_every_time() -> None:
    def draw() -> bytes:
        with plots.style():
            return plots.svg(plots.mismatches_by_bx("map", np.full(3564, 4), np.arange(3564) % 3))

    assert draw() == draw()


def test_picture_is_in_the_page(page: Path) -> None:
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page.read_text(encoding="utf-8"))
    assert base64.b64decode(data).lstrip().startswith(b"<?xml")


@pytest.mark.parametrize("width", [1200, 500])
def test_in_a_browser(page: Path, tmp_path: Path, width: int) -> None:
    found, console = inspect(page, tmp_path, width)
    assert console == []
    assert len(found["images"]) == 1
    for image in found["images"]:
        assert image["width"] > 300 and image["height"] > 200
        assert 0 < image["shown"] <= found["window"]
    assert found["page"] <= found["window"]  # wide tables scroll by themselves
    assert all(name.startswith("data:") for name in found["resources"])


def test_the_browser_tells_of_errors(tmp_path: Path) -> None:
    """A broken picture and an error would be seen."""
    (tmp_path / "bad.html").write_text(
        '<!DOCTYPE html><html><body><img src="data:image/svg+xml;base64,AAAA">'
        '<script>console.error("wrong")</script></body></html>'
    )
    found, console = inspect(tmp_path / "bad.html", tmp_path, 800)
    assert found["images"][0]["width"] == 0 and any("wrong" in line for line in console)
