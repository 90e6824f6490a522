#!/usr/bin/env python3
"""Train the two Level-1 anomaly networks of `bxnn demo` with quantisation-aware Keras (QKeras).

* vae_encoder: 57-32-16-8. A variational autoencoder is trained; the trigger needs only the encoder's mean
  vector mu, and the score is the sum of mu^2.
* autoencoder: 57-32-16-3-16-32-57. The score is the squared error between output and input.

Both see zero bias only, from the training part of the sample. Weights have 8 bits; hidden activations are
ReLUs of 14 unsigned bits with 6 integer bits. Inputs are raw integers (preprocessing.py), with no
floating-point standardisation. Seeds are fixed; with one thread the same software gives the same weights.

    pip install 'hls4ml[qkeras]==1.3.0' pyparsing
    python train.py            # about two minutes; writes models/
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import hls4ml
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from preprocessing import INPUT_PRECISION, real_inputs, write_description
from qkeras import QActivation, QDense
from tensorflow import keras

HERE = Path(__file__).parent
SAMPLE = HERE.parents[1] / "python" / "bxnn" / "data" / "l1_events.npz"
SIGNALS = ["qcd_pt30", "ttbar", "zll", "h_to_4l", "zprime_1tev_tt"]
TRAIN_EVENTS = 12000  # the first of zero bias; the rest is for testing

WEIGHTS = "quantized_bits(8,1,1,alpha=1)"  # keras counts no sign bit: ap_fixed<8,2>
ACTIVATION = "quantized_relu(14,6)"  # ap_ufixed<14,6,RND_CONV,SAT>
MEAN_PRECISION = "fixed<16,8,RND,SAT>"
RECONSTRUCTION_PRECISION = "fixed<16,7,RND,SAT>"
KL_WEIGHT = 0.002
ZERO_BIAS_ACCEPTED = 0.005

Floats = NDArray[np.float32]


def quantised_dense(units: int, name: str) -> Any:
    """A dense layer with 8-bit weights and biases."""
    return QDense(units, kernel_quantizer=WEIGHTS, bias_quantizer=WEIGHTS, name=name)


def quantised_stack(x: Any, units: list[int], prefix: str) -> Any:
    """Dense layers, each with a quantised ReLU."""
    for i, n in enumerate(units, 1):
        x = quantised_dense(n, f"{prefix}{i}")(x)
        x = QActivation(ACTIVATION, name=f"{prefix}{i}_relu")(x)
    return x


def train_vae_encoder(events: Floats, epochs: int) -> Any:
    """Train the variational autoencoder on [N, 57]; return the model from the input to mu."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((events.shape[1],), name="objects")
    hidden = quantised_stack(inputs, [32, 16], "encode")
    mean = quantised_dense(8, "mean")(hidden)
    log_variance = tf.clip_by_value(keras.layers.Dense(8, kernel_initializer="zeros")(hidden), -10, 10)
    latent = mean + tf.exp(log_variance / 2) * tf.random.normal(tf.shape(mean))
    decoded = keras.layers.Dense(32, "relu")(keras.layers.Dense(16, "relu")(latent))
    decoded = keras.layers.Dense(events.shape[1])(decoded)
    reconstruction = tf.reduce_sum((decoded - inputs) ** 2, 1)
    divergence = tf.reduce_sum(mean**2 + tf.exp(log_variance) - 1 - log_variance, 1) / 2
    vae = keras.Model(inputs, decoded)
    vae.add_loss(tf.reduce_mean(reconstruction + KL_WEIGHT * divergence))
    vae.compile(keras.optimizers.Adam(2e-3))
    vae.fit(events, epochs=epochs, batch_size=256, verbose=2)
    return keras.Model(inputs, mean, name="vae_encoder")


def train_autoencoder(events: Floats, epochs: int) -> Any:
    """Train the autoencoder on [N, 57]."""
    keras.utils.set_random_seed(2)
    inputs = keras.Input((events.shape[1],), name="objects")
    latent = quantised_stack(inputs, [32, 16, 3], "encode")
    hidden = quantised_stack(latent, [16, 32], "decode")
    model = keras.Model(
        inputs, quantised_dense(events.shape[1], "reconstruction")(hidden), name="autoencoder"
    )
    model.compile(keras.optimizers.Adam(2e-3), "mse")
    model.fit(events, events, epochs=epochs, batch_size=256, verbose=2)
    return model


def firmware_configuration(model: Any, output_precision: str) -> dict[str, Any]:
    """hls4ml's per-layer configuration: 16-bit input and output, 8-bit weights, exact accumulators."""
    configuration: dict[str, Any] = hls4ml.utils.config_from_keras_model(
        model, granularity="name", backend="Vitis", default_precision="fixed<16,6>"
    )
    layers = configuration["LayerName"]
    output = model.output_names[0]
    layers["objects"]["Precision"]["result"] = INPUT_PRECISION
    for name in (output, f"{output}_linear"):
        layers[name]["Precision"]["result"] = output_precision
    return configuration


def area_under_curve(background: Floats, signal: Floats) -> float:
    """Probability that a signal score exceeds a background one; ties count one half."""
    ordered = np.sort(background)
    below = np.searchsorted(ordered, signal, "left") + np.searchsorted(ordered, signal, "right")
    return float(below.mean() / 2 / len(background))


def evaluate(scores: dict[str, Floats]) -> dict[str, Any]:
    """Separation of every signal from the zero bias not used in training."""
    background = scores["zerobias"][TRAIN_EVENTS:]
    threshold = np.quantile(background, 1 - ZERO_BIAS_ACCEPTED)
    return {
        "zero_bias_accepted": float((background > threshold).mean()),
        "threshold": float(threshold),
        "auc": {name: round(area_under_curve(background, scores[name]), 4) for name in SIGNALS},
        "efficiency": {name: round(float((scores[name] > threshold).mean()), 4) for name in SIGNALS},
    }


def main() -> None:
    """Train, evaluate in floating point and write models/."""
    parser = argparse.ArgumentParser(description="Train the anomaly networks of `bxnn demo`.")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--out", type=Path, default=HERE / "models")
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()

    with np.load(SAMPLE) as sample:
        events = {name: real_inputs(sample[f"{name}_objs"]) for name in ["zerobias", *SIGNALS]}
    training = events["zerobias"][:TRAIN_EVENTS]
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_description(arguments.out / "preprocessing.json")

    encoder = train_vae_encoder(training, arguments.epochs)
    autoencoder = train_autoencoder(training, arguments.epochs)
    evaluation = {
        "vae_encoder": evaluate(
            {name: (encoder.predict(x, verbose=0) ** 2).sum(1) for name, x in events.items()}
        ),
        "autoencoder": evaluate(
            {name: ((autoencoder.predict(x, verbose=0) - x) ** 2).sum(1) for name, x in events.items()}
        ),
    }
    for model, precision in ((encoder, MEAN_PRECISION), (autoencoder, RECONSTRUCTION_PRECISION)):
        model.save(arguments.out / f"{model.name}.h5", include_optimizer=False)
        configuration = firmware_configuration(model, precision)
        (arguments.out / f"{model.name}_hls_config.json").write_text(
            json.dumps(configuration, indent=1) + "\n"
        )
    (arguments.out / "evaluation.json").write_text(json.dumps(evaluation, indent=1) + "\n")
    print(json.dumps(evaluation, indent=1))


if __name__ == "__main__":
    main()
