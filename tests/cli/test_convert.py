"""`bxnn convert` and `bxnn verify --source`, from a Keras file to the bits of C-simulation."""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from bxnn import InputError, Model, cli
from bxnn.cli.conversion import Options, add_arguments, options


@pytest.mark.skipif(shutil.which("g++") is None, reason="C-simulation needs g++")
def test_from_a_keras_file_to_equal_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("hls4ml")
    keras = pytest.importorskip("tensorflow").keras
    monkeypatch.chdir(tmp_path)
    keras.utils.set_random_seed(1)
    network = keras.Sequential(
        [keras.layers.Dense(4, "relu", name="fc", input_shape=(5,)), keras.layers.Dense(2, name="out")]
    )
    network.save("net.h5")
    capfd.readouterr()

    assert cli.main(["convert", "net.h5", "--granularity", "model", "--golden", "10", "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["output"] == "net.bxnn" and document["golden_events"] == 10
    model = Model.load("net.bxnn")
    assert model.self_test().events == 10
    assert np.allclose(model.predict(np.ones((1, 5))), network.predict(np.ones((1, 5)), verbose=0), atol=0.1)
    capfd.readouterr()

    source = ["verify", "net.bxnn", "--source", "net.h5", "--json", "--random", "50"]
    assert cli.main([*source, "--granularity", "model"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["ok"] and {c["kind"] for c in document["comparisons"]} == {"layer", "output"}
    assert cli.main([*source, "--granularity", "name"]) == 1
    assert json.loads(capfd.readouterr().out)["differing"] > 0


def options_of(*arguments: str) -> Options:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return options(parser.parse_args(arguments))


PROJECT = """
Backend: Vivado
IOType: io_stream
KerasModel: !keras_model model.keras
HLSConfig:
  Model: {Precision: "ap_fixed<24,12>"}
"""


def test_the_configuration_of_a_whole_project(tmp_path: Path) -> None:
    config = tmp_path / "hls4ml_config.yml"
    config.write_text(PROJECT)
    expected = Options({"Model": {"Precision": "ap_fixed<24,12>"}}, "Vivado", "io_stream", None)
    assert options_of("--config", str(config)) == expected
    assert options_of("--config", str(config), "--backend", "Vivado") == expected
    with pytest.raises(InputError, match="--backend Vitis: .*hls4ml_config.yml says Backend: Vivado"):
        options_of("--config", str(config), "--backend", "Vitis")
    with pytest.raises(InputError, match="--granularity: --config says that already"):
        options_of("--config", str(config), "--granularity", "type")


@pytest.mark.parametrize("name", ["config.json", "config.yml"])
def test_configuration_files(tmp_path: Path, name: str) -> None:
    config = {"Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1}}
    if name.endswith("yml"):
        yaml = pytest.importorskip("yaml")
        (tmp_path / name).write_text(yaml.safe_dump(config))
    else:
        (tmp_path / name).write_text(json.dumps(config))
    assert options_of("--config", str(tmp_path / name)) == Options(config, None, None, None)


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "just text"])
def test_unusable_configuration_files(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError, match=r"config\.json: "):
        options_of("--config", str(tmp_path / "config.json"))


def test_what_to_install_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if importlib.util.find_spec("hls4ml"):
        pytest.skip("hls4ml is installed")
    (tmp_path / "net.keras").write_bytes(b"")
    assert cli.main(["convert", str(tmp_path / "net.keras")]) == 2
    assert "pip install 'hls4ml[qkeras]==1.3.0'" in capsys.readouterr().err
