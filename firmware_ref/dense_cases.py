"""Golden cases of dense layers, activations, softmax, merges and reshapes."""

from __future__ import annotations

from typing import Any

from firmware_ref.case_models import branches, chain, convert, convert_qonnx, encoder, fill, keras, qonnx_mlp
from firmware_ref.case_table import Config, case, set_layer

ROUNDINGS = ("TRN", "TRN_ZERO", "RND", "RND_ZERO", "RND_INF", "RND_MIN_INF", "RND_CONV")
OVERFLOWS = ("WRAP", "SAT", "SAT_ZERO", "SAT_SYM")


@case("57-32-16-8 encoder of a VAE, relu, default precisions by name", inputs="l1")
def vae(seed: int) -> Any:
    return convert(fill(chain(57, encoder([32, 16, 8])), seed))


@case(
    "57-32-16-8 encoder, every type ap_fixed<16,6>: narrow accumulators that drop bits and wrap", inputs="l1"
)
def vae_narrow(seed: int) -> Any:
    return convert(fill(chain(57, encoder([32, 16, 8])), seed, gain=2.0), granularity="model")


@case("57-32-16-3-16-32-57 autoencoder with batch normalisation fused by hls4ml", events=600, inputs="l1")
def autoencoder(seed: int) -> Any:
    layers, widths = [], [32, 16, 3, 16, 32, 57]
    for i, width in enumerate(widths):
        layers.append(keras().layers.Dense(width, name=f"dense{i}"))
        if i + 1 < len(widths):
            layers.append(keras().layers.BatchNormalization(name=f"bn{i}"))
            layers.append(keras().layers.Activation("relu", name=f"relu{i}"))
    return convert(fill(chain(57, layers), seed))


@case("QKeras quantized_bits weights and quantized_relu activations", inputs="l1")
def qkeras(seed: int) -> Any:
    from qkeras import QActivation, QDense, quantized_bits, quantized_relu

    layers = []
    for i, width in enumerate((32, 16, 8)):
        kernel, bias = quantized_bits(6, 0, alpha=1), quantized_bits(8, 2, alpha=1)
        layers.append(QDense(width, kernel_quantizer=kernel, bias_quantizer=bias, name=f"dense{i}"))
        if i < 2:
            layers.append(QActivation(quantized_relu(8 - i, 3), name=f"relu{i}"))
    return convert(fill(chain(57, layers), seed))


@case("QKeras scaled weights (alpha auto_po2): hls4ml's ApplyAlpha")
def qkeras_alpha(seed: int) -> Any:
    from qkeras import QActivation, QDense, quantized_bits

    layers = []
    for i, width in enumerate((12, 8, 5)):
        kernel = quantized_bits(4, 0, alpha="auto_po2")
        layers.append(
            QDense(width, kernel_quantizer=kernel, bias_quantizer="quantized_bits(6,1)", name=f"dense{i}")
        )
        layers.append(QActivation("quantized_bits(9,3,alpha=1)", name=f"act{i}"))
    return convert(fill(chain(16, layers), seed))


@case("QKeras binary weights: signs, binary_tanh and xnor")
def binary(seed: int) -> Any:
    from qkeras import QActivation, QDense

    layers = []
    for i, width in enumerate((16, 12, 6)):
        layers.append(QDense(width, kernel_quantizer="binary(alpha=1)", use_bias=i != 1, name=f"dense{i}"))
        if i < 2:
            layers.append(keras().layers.BatchNormalization(name=f"bn{i}"))
            layers.append(QActivation("binary(alpha=1)", name=f"sign{i}"))
    return convert(fill(chain(16, layers), seed))


@case("QKeras ternary weights and ternary_tanh")
def ternary(seed: int) -> Any:
    from qkeras import QActivation, QDense

    layers = []
    for i, width in enumerate((16, 12, 6)):
        layers.append(QDense(width, kernel_quantizer="ternary(alpha=1)", name=f"dense{i}"))
        if i < 2:
            layers.append(QActivation("ternary(alpha=1)", name=f"sign{i}"))
    return convert(fill(chain(16, layers), seed))


@case("QKeras quantized_po2 weights: shifts")
def po2(seed: int) -> Any:
    from qkeras import QActivation, QDense

    layers = []
    for i, width in enumerate((12, 8, 5)):
        kernel = f"quantized_po2({4 + i % 2})"
        layers.append(
            QDense(width, kernel_quantizer=kernel, bias_quantizer="quantized_bits(6,1)", name=f"dense{i}")
        )
        if i < 2:
            layers.append(QActivation("quantized_relu(7,3)", name=f"relu{i}"))
    return convert(fill(chain(16, layers), seed))


def _tables(seed: int, io: str, kinds: list[str], table_size: int, table_t: str, precision: str) -> Any:
    model = branches(16, [keras().layers.Activation(kind, name=f"f_{kind}") for kind in kinds])

    def edit(config: Config) -> None:
        for kind in kinds:
            set_layer(config, f"f_{kind}", result=precision, TableSize=table_size, table_t=table_t)

    return convert(fill(model, seed), edit, io=io)


@case("tables of 1024 over all ap_fixed<16,6>", inputs="exhaustive")
def tables(seed: int) -> Any:
    kinds = ["sigmoid", "tanh", "softplus", "softsign", "elu", "selu"]
    return _tables(seed, "io_parallel", kinds, 1024, "ap_fixed<18,8>", "ap_fixed<16,6>")


@case("tables of 512, streamed, over all ap_fixed<16,6>", inputs="exhaustive")
def tables_stream(seed: int) -> Any:
    kinds = ["sigmoid", "tanh", "softplus", "softsign", "elu", "selu"]
    return _tables(
        seed, "io_stream", kinds, 512, "ap_fixed<14,5,AP_RND,AP_SAT>", "ap_fixed<12,4,AP_RND,AP_SAT>"
    )


@case("tables of an odd size and a narrow type over all ap_fixed<16,6>", inputs="exhaustive")
def tables_odd(seed: int) -> Any:
    kinds = ["sigmoid", "tanh", "softplus", "softsign", "elu", "selu"]
    return _tables(seed, "io_parallel", kinds, 777, "ap_ufixed<9,1,AP_RND_CONV,AP_SAT>", "ap_fixed<10,3>")


def _piecewise() -> list[Any]:
    from qkeras import QActivation

    layers = keras().layers
    return [
        layers.Activation("relu", name="relu"),
        layers.Activation("hard_sigmoid", name="hard_sigmoid"),
        layers.LeakyReLU(0.3, name="leaky"),
        layers.ThresholdedReLU(1.25, name="threshold"),
        layers.ELU(0.7, name="elu"),
        layers.PReLU(name="prelu"),
        QActivation("quantized_tanh(8)", name="hard_tanh"),
    ]


@case("activations without or with a parameter over all ap_fixed<16,6>", inputs="exhaustive")
def piecewise(seed: int) -> Any:
    return convert(fill(branches(16, _piecewise()), seed))


@case("the same activations, streamed", inputs="exhaustive")
def piecewise_stream(seed: int) -> Any:
    return convert(fill(branches(16, _piecewise()), seed), io="io_stream")


@case(
    "QKeras activations: quantized sigmoid, tanh, relu with slope, binary and ternary tanh",
    inputs="exhaustive",
)
def qkeras_activations(seed: int) -> Any:
    from qkeras import QActivation

    texts = {
        "hard_sigmoid": "quantized_sigmoid(8)",
        "sigmoid": "quantized_sigmoid(8,use_real_sigmoid=True)",
        "tanh": "quantized_tanh(8,use_real_tanh=True)",
        "slope": "quantized_relu(8,3,negative_slope=0.25)",
        "ternary": "ternary(alpha=1)",
        "binary": "binary(alpha=1)",
        "bits": "quantized_bits(10,4,alpha=1)",
    }
    return convert(
        fill(branches(16, [QActivation(text, name=f"q_{name}") for name, text in texts.items()]), seed)
    )


def _softmax(seed: int, io: str) -> Any:
    kinds = ["latency", "stable", "legacy", "argmax"]
    dense = keras().layers.Dense
    tails = [
        [dense(5 + i, name=f"in_{k}"), keras().layers.Activation("softmax", name=k)]
        for i, k in enumerate(kinds)
    ]

    def edit(config: Config) -> None:
        for kind in kinds:
            set_layer(config, f"in_{kind}", result="ap_fixed<14,5,AP_RND,AP_SAT>")
            set_layer(config, kind, Implementation=kind)

    return convert(fill(branches(8, tails), seed, gain=1.5), edit, io=io)


@case("softmax: latency, stable, legacy, argmax", events=2000)
def softmax(seed: int) -> Any:
    return _softmax(seed, "io_parallel")


@case("softmax, streamed", events=2000)
def softmax_stream(seed: int) -> Any:
    return _softmax(seed, "io_stream")


def _merges(seed: int, io: str) -> Any:
    layers = keras().layers
    x = inputs = layers.Input((10,), name="x")
    a, b = layers.Dense(6, name="a")(x), layers.Dense(6, name="b")(x)
    kinds = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"]
    outputs = [getattr(layers, kind)(name=kind.lower())([a, b]) for kind in kinds]
    model = keras().Model(inputs, outputs)

    def edit(config: Config) -> None:
        set_layer(config, "a", result="ap_fixed<12,5,AP_RND,AP_SAT>")
        set_layer(config, "b", result="ap_fixed<14,4>")
        for kind, text in zip(kinds[2:6], ("ap_fixed<18,7>", "ap_fixed<9,3,AP_RND,AP_SAT>") * 2, strict=True):
            set_layer(config, kind.lower(), result=text)

    return convert(fill(model, seed), edit, io=io)


@case("add, subtract, multiply, average, maximum, minimum, concatenate")
def merges(seed: int) -> Any:
    return _merges(seed, "io_parallel")


@case("the same merges, streamed", events=700)
def merges_stream(seed: int) -> Any:
    return _merges(seed, "io_stream")


@case("flatten and reshape around dense layers")
def reshapes(seed: int) -> Any:
    layers = keras().layers
    tail = [
        layers.Flatten(name="flatten"),
        layers.Dense(12, name="dense0"),
        layers.Activation("tanh", name="tanh"),
    ]
    tail += [layers.Reshape((3, 4), name="reshape"), layers.Permute((2, 1), name="permute")]
    tail += [
        layers.Activation("relu", name="relu"),
        layers.Flatten(name="flat"),
        layers.Dense(5, name="dense1"),
    ]
    return convert(fill(chain((4, 3), tail), seed))


@case("every rounding mode, in the result and in the accumulator")
def roundings(seed: int) -> Any:
    model = branches(8, [keras().layers.Dense(5, name=f"d_{mode.lower()}") for mode in ROUNDINGS])

    def edit(config: Config) -> None:
        for i, mode in enumerate(ROUNDINGS):
            accum = f"ap_fixed<14,7,AP_{mode},AP_SAT>" if i % 2 else f"ap_fixed<13,7,AP_{ROUNDINGS[-i]}>"
            set_layer(config, f"d_{mode.lower()}", result=f"ap_fixed<9,4,AP_{mode},AP_SAT>", accum=accum)

    return convert(fill(model, seed), edit)


@case("every overflow mode, in the result and in the accumulator", events=1500)
def overflows(seed: int) -> Any:
    names = [f"d_{mode.lower()}_{sign}" for mode in OVERFLOWS for sign in ("s", "u")]
    model = branches(8, [keras().layers.Dense(4, name=name) for name in names])

    def edit(config: Config) -> None:
        for i, name in enumerate(names):
            mode, prefix = OVERFLOWS[i // 2], ("ap_fixed", "ap_ufixed")[i % 2]
            accum = f"ap_fixed<10,4,AP_TRN,AP_{mode}>"
            set_layer(config, name, result=f"{prefix}<7,3,AP_RND,AP_{mode}>", accum=accum)

    return convert(fill(model, seed, gain=2.0), edit)


def _resource(seed: int, io: str, strategy: str) -> Any:
    reuse = [1, 2, 4, 8, 16, 24] if strategy == "Resource" else [2, 4, 8]
    model = branches(12, [keras().layers.Dense(8, name=f"d_{factor}") for factor in reuse])

    def edit(config: Config) -> None:
        for factor in reuse:
            accum = "ap_fixed<10,4,AP_RND,AP_SAT>"
            keys = {"Strategy": strategy, "ReuseFactor": factor}
            set_layer(config, f"d_{factor}", result="ap_fixed<12,5>", accum=accum, **keys)

    return convert(fill(model, seed, gain=2.0), edit, io=io)


@case("Resource strategy, reuse factors 1 to 24, rounding and saturating accumulators")
def resource(seed: int) -> Any:
    return _resource(seed, "io_parallel", "Resource")


@case("Resource strategy, streamed")
def resource_stream(seed: int) -> Any:
    return _resource(seed, "io_stream", "Resource")


@case("unrolled Resource strategy, saturating accumulators")
def resource_unrolled(seed: int) -> Any:
    return _resource(seed, "io_parallel", "resource_unrolled")


@case("types with negative integer bits, and with more integer bits than bits")
def odd_types(seed: int) -> Any:
    def edit(config: Config) -> None:
        config["x"]["Precision"]["result"] = "ap_fixed<8,-2>"
        set_layer(
            config,
            "dense0",
            result="ap_fixed<9,-1,AP_RND,AP_SAT>",
            weight="ap_fixed<6,0>",
            bias="ap_fixed<7,-3>",
        )
        set_layer(config, "relu0", result="ap_ufixed<6,-2>")
        coarse = "ap_fixed<6,9>"
        set_layer(config, "dense1", result="ap_fixed<6,9,AP_RND>", accum="ap_fixed<12,14>", weight=coarse)
        set_layer(config, "relu1", result="ap_ufixed<5,8,AP_RND,AP_SAT>")
        set_layer(
            config, "dense2", result="ap_fixed<20,18>", weight="ap_fixed<8,3,AP_RND>", bias="ap_ufixed<4,7>"
        )

    return convert(fill(chain(10, encoder([8, 8, 6])), seed, gain=60.0), edit)


@case("types of 24 to 32 bits", events=600)
def wide_types(seed: int) -> Any:
    def edit(config: Config) -> None:
        config["x"]["Precision"]["result"] = "ap_fixed<24,12>"
        for i, text in enumerate(
            ("ap_fixed<32,14>", "ap_fixed<24,10,AP_RND,AP_SAT>", "ap_fixed<28,12,AP_RND_CONV>")
        ):
            set_layer(config, f"dense{i}", result=text, weight="ap_fixed<24,6>", bias="ap_fixed<27,8>")
            if i < 2:
                set_layer(config, f"relu{i}", result="ap_ufixed<28,13,AP_RND,AP_SAT>")
        set_layer(config, "dense1", accum="ap_fixed<32,14>")

    return convert(fill(chain(10, encoder([8, 8, 6])), seed), edit)


@case("QONNX model with Quant nodes on inputs, weights, biases and activations")
def qonnx(seed: int) -> Any:
    return convert_qonnx(qonnx_mlp(seed))


@case("batch normalisation that hls4ml can't fuse")
def batchnorm(seed: int) -> Any:
    layers = keras().layers
    tail = [layers.BatchNormalization(name="bn0"), layers.Activation("relu", name="relu0")]
    tail += [
        layers.BatchNormalization(name="bn1"),
        layers.Dense(6, name="dense"),
        layers.Activation("tanh", name="tanh"),
    ]
    tail += [layers.BatchNormalization(name="bn2")]

    def edit(config: Config) -> None:
        for name, text in (("bn0", "ap_fixed<16,7>"), ("bn1", "ap_fixed<12,6,AP_RND,AP_SAT>")):
            set_layer(config, name, result=text)
            config[name]["Precision"].update(scale="ap_fixed<12,4>", bias="ap_fixed<11,4,AP_RND>")

    return convert(fill(chain(12, tail), seed), edit)


@case("Vivado backend: dense, tanh, dense, softmax")
def vivado(seed: int) -> Any:
    layers = encoder([10, 8, 5])
    layers[1] = keras().layers.Activation("tanh", name="tanh0")
    layers.append(keras().layers.Activation("softmax", name="softmax"))
    return convert(fill(chain(16, layers), seed), backend="Vivado")


@case("Vivado backend, streamed, Resource strategy")
def vivado_stream(seed: int) -> Any:
    def edit(config: Config) -> None:
        for i in range(3):
            set_layer(config, f"dense{i}", Strategy="Resource", ReuseFactor=4, accum="ap_fixed<14,6>")

    return convert(fill(chain(16, encoder([12, 8, 4])), seed), edit, backend="Vivado", io="io_stream")
