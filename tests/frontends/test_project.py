"""Project folders: the same graph as from hls4ml itself, without hls4ml; errors that say what and where."""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bxnn
from frontends import graphs

TINY = Path(__file__).parent / "projects" / "tiny"

# What C-simulation computes for these raw inputs, with the project's own weights.
INPUTS = np.array(
    [
        [174, 312, -489, 315],
        [-32, 15, 133, -220],
        [491, -457, -228, -120],
        [72, -94, -378, -466],
        [-511, -463, -360, 511],
        [-317, 156, 256, -272],
    ]
)
ANSWERS = np.array([[0, 0], [27, 256], [190, 1], [2, 256], [204, 163], [3, 256]])


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A copy of the committed project."""
    return Path(shutil.copytree(TINY, tmp_path / "tiny"))


def edit(project: Path, name: str, old: str, new: str) -> None:
    path = project / "firmware" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def refusal(project: Path) -> str:
    """The message with which a project is refused."""
    with pytest.raises(bxnn.UnsupportedError) as caught:
        bxnn.convert(project)
    return str(caught.value)


# Without hls4ml


@pytest.mark.parametrize("place", ["", "firmware"])
def test_without_hls4ml(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    for tool in ("hls4ml", "tensorflow", "keras", "yaml"):
        monkeypatch.setitem(sys.modules, tool, None)
    model = bxnn.convert(str(TINY / place))
    assert model.name == "tiny"
    assert [t.name for t in model.inputs] == ["x"] and [t.name for t in model.outputs] == ["score"]
    assert [t.name for t in model._core.probes] == ["hidden", "act", "last", "score"]
    assert model.meta["origin"] == "hls4ml project" and model.meta["io_type"] == "io_parallel"
    assert (model.predict_raw(INPUTS) == ANSWERS).all()


def test_the_hash_is_of_what_decides_the_results(tiny: Path) -> None:
    before = bxnn.convert(tiny).meta["graph_hash"]
    edit(tiny, "tiny.cpp", "// ****", "// another comment")
    assert bxnn.convert(tiny).meta["graph_hash"] == before
    edit(tiny, "defines.h", "ap_fixed<10,4> input_t", "ap_fixed<11,4> input_t")
    assert bxnn.convert(tiny).meta["graph_hash"] != before


def test_weights_from_headers_alone(tiny: Path) -> None:
    for path in (tiny / "firmware" / "weights").glob("*.txt"):
        path.unlink()
    assert (bxnn.convert(tiny).predict_raw(INPUTS) == ANSWERS).all()


def test_reformatted_code_and_macros(tiny: Path) -> None:
    """Line breaks, comments, pragmas, windows line ends and the numbers of older defines.h mean the same."""
    edit(tiny, "tiny.cpp", "layer2_t, config2>(x,", "\n  layer2_t,\n  config2>(/* in */ x,")
    edit(tiny, "tiny.cpp", "layer3_out[3]", "layer3_out[N_LAYER_2]")
    edit(tiny, "tiny.cpp", "input_t x[4]", "input_t x[N_INPUT_1_1]")
    edit(tiny, "parameters.h", "n_in = 4;", "n_in = N_INPUT_1_1;")
    numbers = "#define N_INPUT_1_1 4\n#define N_LAYER_2 3\n"
    edit(tiny, "defines.h", "typedef ap_fixed<10,4>", f"{numbers}typedef ap_fixed<10,4>")
    path = tiny / "firmware" / "tiny.cpp"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert (bxnn.convert(tiny).predict_raw(INPUTS) == ANSWERS).all()


def test_configurations_of_older_releases(tiny: Path) -> None:
    """Before 1.0 the headers chose the kernel by strategy and reuse factor."""
    path = tiny / "firmware" / "parameters.h"
    kernel = "    template<class data_T, class res_T, class CONFIG_T>\n    using kernel = nnet::DenseLatency<"
    lines = path.read_text().split(kernel)
    assert len(lines) == 3
    path.write_text("".join(part if i == 0 else part.split("\n", 1)[1] for i, part in enumerate(lines)))
    model = bxnn.convert(tiny)
    assert model.meta["hls4ml_version"] == "0.7.0 or later"
    assert (model.predict_raw(INPUTS) == ANSWERS).all()
    edit(tiny, "parameters.h", "nnet::latency", "nnet::resource")
    assert "before hls4ml 1.0.0 only the Latency strategy is supported" in refusal(tiny)


# What is refused


@pytest.mark.parametrize(
    ("name", "old", "new", "part"),
    [
        (
            "tiny.cpp",
            "    nnet::relu<",
            "    for (int i = 0; i < 3; i++) layer2_out[i] >>= 1;\n    nnet::relu<",
            r"tiny\.cpp:45: 'for \(int i = 0;': .*with bxnn.compose",
        ),
        (
            "tiny.cpp",
            "// score\n",
            "// score\n    score(layer5_out);\n",
            r"tiny\.cpp:50: 'score\(layer5_out\);'",
        ),
        (
            "tiny.cpp",
            "    nnet::dense<input",
            "    x[0] = x[0] << 2;\n    nnet::dense<input",
            r"'x\[0\] = x\[0\] << 2;'",
        ),
        ("tiny.cpp", "void tiny", "int shift(int a) { return a; }\nvoid tiny", r"tiny\.cpp:7: 'int shift\("),
        ("tiny.cpp", "#endif", "    w2[0] = 0;\n#endif", r"'w2\[0\] = 0;'"),
        ("tiny.cpp", "#pragma HLS PIPELINE", "#define x y", "'#define x y'"),
        ("tiny.cpp", "nnet::relu<", "nnet::swish<", "'swish' with 3 template arguments is not supported"),
        (
            "tiny.cpp",
            "nnet::relu<layer2_t",
            "nnet::relu<layer4_t",
            "'layer4_t' is not the type of its argument",
        ),
        ("tiny.cpp", "(layer2_out, layer3_out)", "(layer4_out, layer3_out)", "nothing has written before"),
        ("tiny.cpp", "(layer3_out, layer4_out", "(layer3_out, layer3_out", "has been written before"),
        ("tiny.cpp", "config4>", "config7>", "does not define 'config7'"),
        ("tiny.cpp", "layer3_out[3]", "layer3_out[0]", "the size '0' is not in 1"),
        ("tiny.cpp", "input_t x[4]", "input_t x[999999999]", "is not in 1 to"),
        ("tiny.cpp", "input_t x[4]", "input_t x[4], input_t y[4]", "'y' is neither read nor written"),
        ("tiny.cpp", ', 12>(w2, "w2', ', 11>(w2, "w2', "it loads 11 hidden_weight_t into"),
        ("tiny.cpp", '(w2, "w2', '(w2, "b2', "does not load the array of that name"),
        ("parameters.h", "n_in = 4;", "n_in = 5;", "it reads 15 weights, there are 12"),
        ("parameters.h", "n_in = 4;", "n_in = 4; int f() const { return 1; }", r"parameters\.h:2\d: "),
        ("parameters.h", "n_in = 4;", "n_in = 99999999;", "larger than"),
        ("parameters.h", "n_in = 4;", "n_in = 4;\n    static const unsigned n_in = 3;", "is not a member"),
        ("parameters.h", "struct config4", "struct config2", "'config2' is defined twice"),
        ("parameters.h", "#endif", "#include <x>\n#if 0\n#endif", "'#if 0' is not a line"),
        ("parameters.h", "nnet::latency", "nnet::distributed", "strategy 'distributed' is not supported"),
        ("defines.h", "ap_fixed<10,4> input_t", "float input_t", r"layer 'x' \(Input\): .*'float'"),
        ("defines.h", "typedef ap_fixed<10,4> input_t;", "", r"layer 'x' \(Input\): .*'input_t'"),
        (
            "defines.h",
            "typedef ap_fixed<10,4>",
            "#define ap_fixed ap_ufixed\ntypedef ap_fixed<10,4>",
            "ap_ufixed'",
        ),
        (
            "defines.h",
            "typedef ap_fixed<10,4>",
            "typedef int layer3_t;\ntypedef ap_fixed<10,4>",
            "defined twice",
        ),
        ("weights/w2.txt", ", ", ", nan, ", "element 1, 'nan', is not a number"),
        ("weights/w2.txt", ", ", ", 0.5, ", r"weights/w2\.txt: 13 numbers for an array of 12"),
        ("weights/w2.h", "= {", "= {9", "hold different weights"),
        ("weights/w2.h", "w2[12];", "w2[13];", "two definitions that differ"),
    ],
)
def test_refusals(tiny: Path, name: str, old: str, new: str, part: str) -> None:
    edit(tiny, name, old, new)
    with pytest.raises(bxnn.UnsupportedError, match=part):
        bxnn.convert(tiny)


def test_missing_and_further_files(tiny: Path) -> None:
    (tiny / "firmware" / "other.cpp").write_text("int a;")
    assert "2 C++ files (other.cpp, tiny.cpp)" in refusal(tiny)
    (tiny / "hls4ml_config.yml").write_text("Backend: Vitis\nProjectName: tiny\n")
    assert bxnn.convert(tiny).meta["backend"] == "Vitis"
    (tiny / "project.tcl").write_text('set backend "vivado"\n')
    assert "project.tcl says Vivado" in refusal(tiny)
    (tiny / "project.tcl").write_text('set backend "quartus"\n')
    assert "backend quartus is not supported; supported: Vivado, Vitis" in refusal(tiny)
    (tiny / "project.tcl").unlink()
    (tiny / "firmware" / "weights" / "w2.h").unlink()
    assert "firmware/weights/w2.h cannot be read" in refusal(tiny)
    (tiny / "firmware" / "defines.h").write_bytes(b"\xff\xfe\x00")
    assert "defines.h is not a text file" in refusal(tiny)
    (tiny / "firmware" / "defines.h").unlink()
    assert "firmware/defines.h cannot be read" in refusal(tiny)


def test_functions_whose_meaning_changed_need_the_headers(tiny: Path) -> None:
    edit(tiny, "tiny.cpp", "nnet::sigmoid<", "nnet::selu<")
    message = refusal(tiny)
    assert "hls4ml 1.2.0 or later is supported here" in message and "firmware/nnet_utils" in message


@pytest.mark.parametrize(
    "name", ["tiny.cpp", "parameters.h", "defines.h", "weights/w2.h", "weights/w2.txt", "weights/b4.txt"]
)
def test_truncated_files(tiny: Path, name: str) -> None:
    """Wherever a file ends, it gives the same answers or an error of bxnn."""
    path = tiny / "firmware" / name
    whole = path.read_bytes()
    refused = 0
    for end in range(0, len(whole), max(1, len(whole) // 60)):
        path.write_bytes(whole[:end])
        try:
            model = bxnn.convert(tiny)
        except bxnn.Error:
            refused += 1
        else:
            assert (model.predict_raw(INPUTS) == ANSWERS).all()
    assert refused > 10


def test_damaged_files(tiny: Path) -> None:
    """Any byte replaced by one that is no digit: an error of bxnn, or the same answers."""
    rng, refused = np.random.default_rng(1), 0
    for name in ("tiny.cpp", "parameters.h", "defines.h", "weights/w2.h"):
        path = tiny / "firmware" / name
        whole = path.read_bytes()
        for _ in range(60):
            damaged = bytearray(whole)
            damaged[int(rng.integers(len(whole)))] = int(rng.choice(list(b'{}()[]<>;,*/-#" x\n\x00')))
            path.write_bytes(damaged)
            try:
                model = bxnn.convert(tiny)
            except bxnn.Error:
                refused += 1
            else:
                assert (model.predict_raw(INPUTS) == ANSWERS).all(), bytes(damaged)
        path.write_bytes(whole)
    assert refused > 100


# The same as hls4ml's own graph


def write(graph: Any, folder: Path) -> Path:
    graph.config.config["OutputDir"] = str(folder)
    with contextlib.redirect_stdout(io.StringIO()):
        graph.write()
    return folder


def text_of(model: bxnn.Model) -> str:
    """The graph; the name of a reshaping is not in the generated code."""
    lines = model._core.dump().splitlines()
    reshapes = [line for line in lines if not (line.startswith("probe") and line.endswith("_out"))]
    return "\n".join(line for line in reshapes if not (line.startswith("probe") and "flat" in line))


def require_equal(graph: Any, folder: Path) -> bxnn.Model:
    expected = bxnn.convert(graph)
    model = bxnn.convert(write(graph, folder))
    assert text_of(model) == text_of(expected)
    assert [(t.name, t.shape) for t in model.inputs + model.outputs] == [
        (t.name, t.shape) for t in expected.inputs + expected.outputs
    ]
    assert {k: model.meta[k] for k in ("backend", "io_type", "hls4ml_version")} == {
        k: expected.meta[k] for k in ("backend", "io_type", "hls4ml_version")
    }
    rng = np.random.default_rng(2)
    inputs = [
        rng.integers(t.format.min_raw, t.format.max_raw + 1, (50, int(np.prod(t.shape))))
        for t in model.inputs
    ]
    for a, b in zip(model._core.run(inputs), expected._core.run(inputs), strict=True):
        assert (a == b).all()
    return model


def dense_network() -> list[graphs.Layer]:
    return [
        graphs.source(6),
        graphs.dense("d", 6, 4),
        graphs.activation("a", "relu"),
        graphs.dense("e", 4, 3),
    ]


def normalization() -> list[graphs.Layer]:
    rng = np.random.default_rng(3)
    norm = {"class_name": "BatchNormalization", "name": "n", "n_in": 6, "n_filt": -1, "use_gamma": True}
    norm |= {"use_beta": True, "epsilon": 1e-3, "gamma_data": rng.uniform(0.5, 1, 6)}
    norm |= {"beta_data": rng.normal(size=6), "mean_data": rng.normal(size=6), "variance_data": np.ones(6)}
    return [graphs.source(6), norm, graphs.softmax("s")]


def merges() -> list[graphs.Layer]:
    layers = [graphs.source(6)]
    for name in "ab":
        layers.append(graphs.dense(name, 6, 4) | {"inputs": ["x"]})
    return [*layers, graphs.merge("m", "add", ["a", "b"]), graphs.activation("t", "tanh")]


NETWORKS: dict[str, Callable[[], list[graphs.Layer]]] = {
    "dense": dense_network,
    "normalization": normalization,
    "merges": merges,
} | {
    function: lambda function=function: [graphs.source(5), graphs.activation("f", function)]  # type: ignore[misc]
    for function in (
        "sigmoid",
        "tanh",
        "softplus",
        "softsign",
        "selu",
        "binary_tanh",
        "ternary_tanh",
    )
}


@pytest.mark.parametrize("io_type", ["io_parallel", "io_stream"])
@pytest.mark.parametrize("network", NETWORKS)
def test_layer_lists(network: str, io_type: str, tmp_path: Path) -> None:
    pytest.importorskip("hls4ml", reason="hls4ml is not installed")
    for backend in ("Vitis", "Vivado"):
        graph = graphs.graph(
            *NETWORKS[network](), io_type=io_type, backend=backend, precision="ap_fixed<13,5>"
        )
        require_equal(graph, tmp_path / backend)


def test_resource_strategy(tmp_path: Path) -> None:
    """A saturating accumulator, whose order of additions the configuration tells."""
    pytest.importorskip("hls4ml", reason="hls4ml is not installed")
    precision = {"accum": "ap_fixed<10,4,AP_TRN,AP_SAT>", "result": "ap_fixed<10,4>"}
    config = {"d": {"Strategy": "Resource", "ReuseFactor": 3, "Precision": precision}}
    require_equal(graphs.graph(graphs.source(6), graphs.dense("d", 6, 4), layer_config=config), tmp_path)


def keras_graph(model: Any, io_type: str, backend: str) -> Any:
    import hls4ml

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        config = hls4ml.utils.config_from_keras_model(model, granularity="name", backend=backend)
        return hls4ml.converters.convert_from_keras_model(
            model, hls_config=config, backend=backend, io_type=io_type, output_dir="unused"
        )


def image_network(layers: Any) -> Any:
    x = layers.Conv2D(3, 3, padding="same", name="c")(image := layers.Input((4, 4, 2), name="x"))
    x = layers.MaxPooling2D(2, name="p")(layers.Activation("relu", name="r")(x))
    x = layers.Flatten(name="flat")(layers.Conv2D(2, 1, name="w")(x))
    return image, layers.Activation("softmax", name="s")(layers.Dense(3, name="d")(x))


def sequence_network(layers: Any) -> Any:
    x = layers.Conv1D(3, 3, name="c")(sequence := layers.Input((6, 2), name="x"))
    x = layers.AveragePooling1D(2, name="p")(layers.BatchNormalization(name="b")(x))
    return sequence, layers.GlobalAveragePooling1D(name="g")(layers.ZeroPadding1D(1, name="z")(x))


def shaping_network(layers: Any) -> Any:
    a, b = (layers.Input((4, 3), name=name) for name in "ab")
    x = layers.Permute((2, 1), name="p")(layers.Multiply(name="m")([a, b]))
    x = layers.Reshape((4, 3), name="r_out")(x)
    return [a, b], layers.Concatenate(axis=-1, name="c")([a, layers.LeakyReLU(0.3, name="l")(x)])


@pytest.mark.parametrize(
    ("network", "io_type"),
    [
        (image_network, "io_parallel"),
        (image_network, "io_stream"),
        (sequence_network, "io_parallel"),
        (sequence_network, "io_stream"),
        (shaping_network, "io_parallel"),
    ],
)
def test_keras_networks(network: Callable[[Any], Any], io_type: str, tmp_path: Path) -> None:
    pytest.importorskip("hls4ml", reason="hls4ml is not installed")
    keras = pytest.importorskip("tensorflow", reason="TensorFlow is not installed").keras
    keras.utils.set_random_seed(1)
    model = keras.Model(*network(keras.layers))
    for backend in ("Vitis", "Vivado"):
        require_equal(keras_graph(model, io_type, backend), tmp_path / backend)


# The headers beside the network


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A project with all its files."""
    pytest.importorskip("hls4ml", reason="hls4ml is not installed")
    return write(graphs.graph(*dense_network()), tmp_path / "project")


def test_headers_tell_release_and_backend(written: Path) -> None:
    for name in ("hls4ml_config.yml", "project.tcl"):
        (written / name).unlink()
    meta = bxnn.convert(written).meta
    assert meta["hls4ml_version"] == "1.3.0"
    assert meta["backend"] == "Vitis"
    edit(written, "nnet_utils/nnet_dense.h", "#include", "// a remark\n    #pragma HLS INLINE\n#include")
    assert bxnn.convert(written).meta == meta


def test_edited_headers_are_refused(written: Path) -> None:
    edit(written, "nnet_utils/nnet_mult.h", "return a * w;", "return a * w + 1;")
    assert "nnet_mult.h is not the header of a known release of hls4ml" in refusal(written)


def test_c_simulation_of_the_folder(tmp_path: Path) -> None:
    """Every layer of a converted folder against the program that the same text compiles to."""
    pytest.importorskip("hls4ml", reason="hls4ml is not installed")
    if shutil.which("g++") is None:
        pytest.skip("C-simulation needs g++")
    from firmware_ref.csim import Csim

    def network() -> Any:
        return graphs.graph(*dense_network(), graphs.softmax("s"))

    model = bxnn.convert(write(network(), tmp_path))
    fmt = model.inputs[0].format
    raw = np.random.default_rng(4).integers(fmt.min_raw, fmt.max_raw + 1, (300, 6))
    with contextlib.redirect_stdout(io.StringIO()), Csim(network(), optimise="-O0") as csim:
        outputs, traced = csim.run([raw])
    answers = model.trace(raw, raw=True)
    assert (model.predict_raw(raw) == outputs[0]).all()
    assert set(traced) == {"d", "a", "e", "s"}
    for name, expected in traced.items():
        assert (answers[name] == expected).all(), name
