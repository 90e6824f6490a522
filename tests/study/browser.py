"""A page in a real browser: what it makes of the pictures, and what its console says."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

# Added to a copy of the page: writes what the browser made of it into the document, which is then dumped.
_INSPECT = """<script>
window.addEventListener("load", () => {
  const size = i => ({width: i.naturalWidth, height: i.naturalHeight, shown: i.width});
  const images = [...document.images].map(size);
  const result = {images: images, page: document.documentElement.scrollWidth, window: window.innerWidth,
    resources: performance.getEntriesByType("resource").map(r => r.name.slice(0, 40))};
  const place = document.createElement("pre");
  place.id = "inspected";
  place.textContent = JSON.stringify(result);
  document.body.append(place);
});
</script></body>"""


def inspect(page: Path, folder: Path, width: int) -> tuple[dict[str, Any], list[str]]:
    """What the browser made of the page in a window of this width, and the lines of its console.

    Skips the test where there is no browser.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)}")
    copy = folder / f"inspected_{width}.html"
    text = page.read_text(encoding="utf-8")
    assert text.count("</body>") == 1
    copy.write_text(text.replace("</body>", _INSPECT), encoding="utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--enable-logging=stderr",
    ]
    profile = f"--user-data-dir={folder / f'profile_{width}'}"
    done = subprocess.run(
        [
            browser,
            *flags,
            profile,
            f"--window-size={width},900",
            "--virtual-time-budget=10000",
            "--dump-dom",
            copy.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    found = re.search(r'<pre id="inspected">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, f"the browser gave no page: {done.stderr[-2000:]}"
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(found[1])), console
