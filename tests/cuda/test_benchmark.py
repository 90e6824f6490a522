"""benchmarks/cuda.py: without a GPU it says so; its logic, on the imitation of CUDA's runtime."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import cuda as benchmark
from bxnn import cuda
from tests.cuda.test_cuda import GPUS, use_library


class OrdinaryMemory:
    """The driver of a device whose memory is ordinary memory."""

    def __init__(self, number: int) -> None:
        assert number == 0

    def upload(self, address: int, array: Any) -> None:
        ctypes.memmove(address, array.ctypes.data, array.nbytes)

    def download(self, array: Any, address: int) -> None:
        ctypes.memmove(array.ctypes.data, address, array.nbytes)

    def bandwidths(self) -> dict[str, float]:
        return {"device": 1e10, "up": 1e9, "down": 1e9}


@pytest.fixture
def imitation(native_build: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    use_library(monkeypatch, native_build / "tests" / "cuda" / "libbxnn_cuda_imitation.so")
    monkeypatch.setattr(benchmark, "Driver", OrdinaryMemory)
    monkeypatch.setattr(benchmark, "SECONDS", 0.001)
    yield
    monkeypatch.undo()
    cuda._library.cache_clear()
    cuda._models.clear()


@pytest.mark.skipif(bool(GPUS), reason="there is a GPU")
def test_without_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["--models", "A"]) == 2
    assert "no GPU to measure" in capsys.readouterr().err


def options(path: Path) -> list[str]:
    given = ["--models", "A", "Af", "B", "--events", "200", "--batches", "100", "--rounds", "1"]
    return [*given, "--out", str(path)]


def test_a_run(imitation: None, tmp_path: Path) -> None:
    assert benchmark.main(options(tmp_path / "found")) == 0
    document = json.loads((tmp_path / "found.json").read_text())
    a, af, b = document["networks"]
    assert a["compared"] == {
        "generic": {"compared": 1600, "differing": 0},
        "fused": {"compared": 1600, "differing": 0},
    }
    assert list(af["compared"]) == ["generic"] and "rounded one by one" in af["plan"]["because"]
    assert b["compared"]["fused"] == {"compared": 200, "differing": 0}
    for one in (a, af, b):
        for found in one["batches"]["100"].values():
            assert found["events"] > 0 and 0 < found["share"] < 1
    text = (tmp_path / "found.md").read_text()
    assert "| A | bxnn fused |" in text and "1,600, 0" in text and "| B | bxnn host |" in text


def test_a_wrong_value_is_told(imitation: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    download = OrdinaryMemory.download

    def wrong(self: OrdinaryMemory, array: Any, address: int) -> None:
        download(self, array, address)
        array.flat[0] ^= 1

    monkeypatch.setattr(OrdinaryMemory, "download", wrong)
    assert benchmark.main(options(tmp_path / "found")) == 1
    networks = json.loads((tmp_path / "found.json").read_text())["networks"]
    assert [one["compared"]["generic"]["differing"] for one in networks] == [1, 1, 1]
