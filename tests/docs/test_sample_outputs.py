"""The sample outputs of the README are what the commands print, but for speeds.

A line of three dots stands for lines that are left out.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
SAMPLE = re.compile(
    r"^<!-- sample output: bxnn (\w+) -->\n```text\n(.*?)```\n<!-- end of sample output -->",
    re.DOTALL | re.MULTILINE,
)
SAMPLES = SAMPLE.findall(README.read_text(encoding="utf-8"))


def plain(line: str) -> str:
    """Without what depends on the machine: seconds, instruction sets, speeds, widths of tables."""
    line = re.sub(r"in [\d.]+ s;", "in # s;", line)
    line = re.sub(r"one core, \w+", "one core, #", line)
    line = re.sub(
        r"^(│ \w+ +│ +[\d,]+ │ +\d+ │).*", r"\1", line
    )  # demo: values compared, differ, then speeds
    line = re.sub(r"[━─]+", "━", line)
    return " ".join(line.split())


def test_there_are_samples() -> None:
    assert [command for command, _ in SAMPLES] == ["study", "demo"]


@pytest.mark.parametrize(("command", "sample"), SAMPLES, ids=[command for command, _ in SAMPLES])
def test_sample_is_what_the_command_prints(command: str, sample: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("yaml")
    done = subprocess.run(
        [sys.executable, "-m", "bxnn", command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    printed = "\n".join(plain(line) for line in done.stdout.splitlines())
    expected = [re.escape(plain(line)) if line != "..." else "(?s:.*)" for line in sample.splitlines()]
    assert re.fullmatch("\n".join(expected), printed), printed


def test_a_changed_number_is_seen() -> None:
    line = "│ L1_AXO_Tight │ 1 │ 7.73 +7.72 −3.86 │"
    assert plain(line) == line and plain("│ vae_encoder │ 4,608 │ 0 │ 9 │") != plain(
        "│ vae_encoder │ 4,608 │ 1 │ 9 │"
    )
