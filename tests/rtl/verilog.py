"""A network as Verilog: made by da4ml, simulated by Verilator. An answer that owes nothing to C-simulation.

    python -m tests.rtl.verilog     # makes jets.bxnn and answers.npz again, in minutes

Needs Verilator, da4ml, HGQ2 and hls4ml (pip install 'hls4ml[da,hgq2,keras-v3]==1.3.0' tensorflow-cpu).
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
EVENTS = 100_000
INPUTS = 16
KEPT = 1000


def network(seed: int = 40) -> Any:
    """A jet tagger by HGQ2 (16 features, 5 scores), a format an element; ranges calibrated, not trained."""
    import hgq.layers
    import keras
    from hgq.config import LayerConfigScope, QuantizerConfigScope
    from hgq.utils import trace_minmax

    keras.utils.set_random_seed(seed)
    with (
        QuantizerConfigScope(place="all", default_q_type="kbi", overflow_mode="wrap"),
        QuantizerConfigScope(place="datalane"),
        LayerConfigScope(enable_ebops=False),
    ):
        inputs = keras.Input((INPUTS,), name="x")
        hidden = hgq.layers.QDense(24, activation="relu", name="hidden")(inputs)
        model = keras.Model(inputs, hgq.layers.QDense(5, name="scores")(hidden))
    data = np.random.default_rng(seed).normal(size=(2000, INPUTS)).astype(np.float32)
    trace_minmax(model, data)
    return model


def events(count: int = EVENTS) -> NDArray[np.float64]:
    """Float inputs [count, 16], multiples of 2^-8 in [-16, 16): the same on every machine (splitmix64)."""
    with np.errstate(over="ignore"):
        z = np.arange(1, count * INPUTS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    raw = ((z >> np.uint64(40)) & np.uint64(0x1FFF)).astype(np.int64) - 0x1000
    return (raw / 256.0).reshape(count, INPUTS)


def simulate(model: Any, x: NDArray[np.float64], directory: Path) -> NDArray[np.float64]:
    """Scores [N, 5] of the pipelined Verilog that da4ml generates for the model, by Verilator."""
    from da4ml.codegen import RTLModel
    from da4ml.codegen.rtl.rtl_model import get_io_kifs
    from da4ml.converter.hgq2.parser import trace_model
    from da4ml.trace import comb_trace

    logic = comb_trace(*trace_model(model))
    rtl = RTLModel(logic, "jets", str(directory), latency_cutoff=5)
    rtl.write()
    into, out = ([int(n) for n in kif.max(axis=1)] for kif in get_io_kifs(logic))
    raw = np.floor(x * 2.0 ** into[2]).astype(np.int64)
    answers = _clocked(directory, raw, sum(into), logic.shape[1], sum(out), len(rtl._pipe.solutions))
    answers -= (answers >> (sum(out) - 1)) << sum(out)  # the sign
    return answers / 2.0 ** out[2]


def _clocked(
    directory: Path, raw: NDArray[np.int64], width: int, outputs: int, out_width: int, latency: int
) -> NDArray[np.int64]:
    """Raw outputs [N, outputs], unsigned, for raw inputs [N, n] of one width."""
    for source in directory.glob("src/**/*.v"):  # Verilator before 5.010 has one name for both warnings
        source.write_text(source.read_text().replace("WIDTHTRUNC", "WIDTH").replace("WIDTHEXPAND", "WIDTH"))
    command = [
        "verilator",
        "--cc",
        "--exe",
        "--build",
        "-O3",
        "-CFLAGS",
        "-O1",
        "-I../src",
        "-I../src/static",
    ]
    command += ["--top-module", "jets_wrapper", "jets_wrapper.v", str(HERE / "driver.cpp"), "-o", "clocked"]
    done = subprocess.run(command, cwd=directory / "sim", capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"Verilator: {done.stderr[-2000:]}")
    words = _packed(_bits(raw, width))
    program = [str(directory / "sim/obj_dir/clocked"), str(len(raw)), str(latency)]
    answer = subprocess.run(
        program, cwd=directory / "src/memfiles", input=words.tobytes(), capture_output=True, check=True
    )
    found = np.frombuffer(answer.stdout, np.uint8).reshape(len(raw), -1)
    bits = np.unpackbits(found, axis=1, bitorder="little")[:, : outputs * out_width]
    return bits.reshape(len(raw), outputs, out_width).astype(np.int64) @ (1 << np.arange(out_width))


def _bits(raw: NDArray[np.int64], width: int) -> NDArray[np.uint8]:
    return ((raw[:, :, None] >> np.arange(width)) & 1).astype(np.uint8).reshape(len(raw), -1)


def _packed(bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Rows of bits as rows of whole 32-bit words, the lowest bit first."""
    return np.packbits(np.pad(bits, ((0, 0), (0, -bits.shape[1] % 32))), axis=1, bitorder="little")


def converted(model: Any) -> Any:
    """The hls4ml ModelGraph of the model, with distributed arithmetic."""
    import hls4ml

    return hls4ml.converters.convert_from_keras_model(
        model,
        output_dir="unused",
        project_name="jets",
        hls_config={
            "Model": {"Precision": "fixed<16,6>", "ReuseFactor": 1, "Strategy": "distributed_arithmetic"}
        },
        backend="Vitis",
    )


def record(directory: Path) -> None:
    """Writes the model and the answers of its Verilog next to this file."""
    import bxnn

    model = network()
    scores = simulate(model, events(), directory)
    emulator = bxnn.convert(converted(model))
    differing = np.argwhere(emulator.predict(events()) != scores)
    if len(differing):
        raise SystemExit(f"{len(differing)} of {scores.size} scores differ, the first at {differing[0]}")
    emulator.save(HERE / "jets.bxnn")
    np.savez_compressed(HERE / "answers.npz", first=scores[:KEPT], sha256=np.array(digest(scores)))
    print(f"{scores.size} scores equal")


def digest(scores: NDArray[np.float64]) -> str:
    """SHA-256 of scores as little-endian float64."""
    return hashlib.sha256(np.ascontiguousarray(scores, "<f8").tobytes()).hexdigest()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        record(Path(folder))
