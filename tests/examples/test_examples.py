"""The examples run, and the shipped sample and models are what their README says."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = REPOSITORY / "examples"
DATA = REPOSITORY / "python" / "bxnn" / "data"
SIGNALS = ["qcd_pt30", "ttbar", "zll", "h_to_4l", "zprime_1tev_tt"]
NETWORKS = {"vae_encoder": 8, "autoencoder": 57}


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


generate = load(EXAMPLES / "l1_events" / "generate.py")
preprocessing = load(EXAMPLES / "train_l1_anomaly" / "preprocessing.py")


@pytest.fixture(scope="module")
def sample() -> dict[str, np.ndarray]:
    with np.load(DATA / "l1_events.npz") as file:
        return dict(file)


def test_generator_makes_documented_arrays_and_repeats_itself() -> None:
    pytest.importorskip("pythia8mc", reason="pythia8mc is not installed")
    samples = generate.generate(events=2, pileup=3.0, seed=1, report=lambda text: None)
    assert set(samples) == {f"{p}_{kind}" for p in ["zerobias", *SIGNALS] for kind in ("objs", "regions")}
    for name, array in samples.items():
        events = 2 if name.startswith("zerobias") else 1
        objects = name.endswith("_objs")
        assert array.shape == (events, *((19, 3) if objects else (18, 14)))
        assert array.dtype == (np.int16 if objects else np.uint16)
    first, again = (list(generate.collide(generate.SIGNALS["ttbar"], 2, seed=9)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_reconstruction_puts_known_particles_where_they_are() -> None:
    electron = (60.0, 0.3, 1.0, generate.ELECTROMAGNETIC)
    pion = (200.0, -1.0, 4.0, generate.HADRON)
    muon = (30.0, 1.5, 5.0, generate.MUON)
    particles = np.array([electron, pion, muon], np.float32)
    objects, regions = generate.reconstruct([particles, particles[:0]], np.random.default_rng(3))
    met, egamma, jet = objects[0, 0], objects[0, 1], objects[0, 9]
    assert abs(egamma[0] * 0.5 - 60) < 6
    assert abs(egamma[1] * 0.0435 - 0.3) < 0.06
    assert abs(egamma[2] * 2 * np.pi / 144 - 1.0) < 0.06
    assert abs(jet[0] * 0.5 - 200) < 60
    assert abs(jet[1] * 0.0435 + 1.0) < 0.06
    assert abs(jet[2] * 2 * np.pi / 144 - 4.0) < 0.06
    assert 100 < met[0] * 0.5 < 260
    muons = objects[0, 5:9]
    assert abs(muons[0, 1] * 0.010875 - 1.5) < 0.011
    assert abs(muons[0, 2] * 2 * np.pi / 576 - 5.0) < 0.011
    assert not muons[1:].any()
    assert regions[0].sum() * 0.5 == pytest.approx((egamma[0] + jet[0]) * 0.5, rel=0.3)
    assert not objects[1, :, 0].any()
    assert not regions[1].any()


def test_of_equal_neighbours_one_is_the_local_maximum() -> None:
    towers = np.zeros((1, 72, 56), np.float32)
    towers[0, 71:, 20:22] = 5
    towers[0, 0, 20] = 5
    found = generate.is_local_maximum(towers, 1)
    assert found[0][towers[0] > 0].sum() == 1


def test_sample_is_the_documented_file() -> None:
    content = (DATA / "l1_events.npz").read_bytes()
    assert len(content) < 3_000_000
    assert hashlib.sha256(content).hexdigest() in (DATA / "README.md").read_text()


def test_sample_has_documented_shapes_and_ranges(sample: dict[str, np.ndarray]) -> None:
    assert list(sample) == [f"{name}_objs" for name in ["zerobias", *SIGNALS]]
    for name, objects in sample.items():
        assert objects.dtype == np.int16
        assert objects.shape == (20000 if name == "zerobias_objs" else 2000, 19, 3)
        pt, eta, phi = np.moveaxis(objects, 2, 0)
        muon = (np.arange(19) >= 5) & (np.arange(19) < 9)
        assert pt.min() >= 0
        assert np.abs(eta[:, muon]).max() <= 225
        assert np.abs(eta[:, ~muon]).max() <= 69
        assert phi.min() >= 0
        assert phi[:, muon].max() < 576
        assert phi[:, ~muon].max() < 144
        assert not objects[:, 1:][pt[:, 1:] == 0].any()


def test_preprocessing_is_exact(sample: dict[str, np.ndarray]) -> None:
    for objects in sample.values():
        raw = preprocessing.raw_inputs(objects)
        assert raw.dtype == np.int16
        assert raw.shape == (len(objects), 57)
        assert np.array_equal(raw.astype(int) >> preprocessing.FEATURE_SHIFT, objects.reshape(-1, 57))
        real = preprocessing.real_inputs(objects)
        assert real.dtype == np.float32
        assert np.array_equal(real.astype(np.float64) * 512, raw)


def test_preprocessing_takes_the_largest_objects_and_refuses_larger_ones() -> None:
    largest = np.zeros((1, 19, 3), np.int16)
    largest[0, :, 0] = 4095
    assert preprocessing.raw_inputs(largest).max() == 32760
    with pytest.raises(ValueError, match="16 bits"):
        preprocessing.raw_inputs(largest + 1)


def test_preprocessing_file_agrees_with_the_program(tmp_path: Path) -> None:
    preprocessing.write_description(tmp_path / "new.json")
    shipped = EXAMPLES / "train_l1_anomaly" / "models" / "preprocessing.json"
    assert (tmp_path / "new.json").read_text() == shipped.read_text()
    assert (DATA / "preprocessing.json").read_text() == shipped.read_text()
    assert preprocessing.read_shift(shipped) == preprocessing.FEATURE_SHIFT
    assert json.loads(shipped.read_text())["features"][:4] == ["met_pt", "met_eta", "met_phi", "egamma0_pt"]


@pytest.mark.parametrize("name", NETWORKS)
def test_shipped_model_gives_its_golden_outputs(name: str, sample: dict[str, np.ndarray]) -> None:
    pytest.importorskip("bxnn._core", reason="bxnn is not built")
    bxnn = pytest.importorskip("bxnn")
    model = bxnn.Model.load(DATA / f"{name}.bxnn")
    assert model.golden_events == 256
    assert model.self_test().ok
    assert json.loads(model.meta["input_shift"]) == preprocessing.FEATURE_SHIFT
    raw = preprocessing.raw_inputs(sample["ttbar_objs"])
    result, score = model.predict_raw(raw)
    assert result.shape == (2000, NETWORKS[name])
    result = result.astype(np.int64)
    expected = result if name == "vae_encoder" else result - raw
    assert np.array_equal(score[:, 0], (expected**2).sum(1))


@pytest.mark.parametrize("name", NETWORKS)
def test_shipped_model_tells_signal_from_zero_bias(name: str, sample: dict[str, np.ndarray]) -> None:
    pytest.importorskip("bxnn._core", reason="bxnn is not built")
    bxnn = pytest.importorskip("bxnn")
    model = bxnn.Model.load(DATA / f"{name}.bxnn")

    def scores(objects: np.ndarray) -> np.ndarray:
        return np.sort(model.predict_raw(preprocessing.raw_inputs(objects))["score"][:, 0].astype(np.int64))

    background = scores(sample["zerobias_objs"][12000:])
    for signal, at_least in (("ttbar", 0.98), ("zprime_1tev_tt", 0.995)):
        rank = np.searchsorted(background, scores(sample[f"{signal}_objs"]))
        assert rank.mean() / len(background) > at_least
