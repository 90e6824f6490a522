"""Keras' and QKeras' own predict, one batch a call."""

from __future__ import annotations

from typing import Any

import keras_network
import tensorflow as tf
from network import Network
from server import Absent, Contestant, InPython, Ready, Setting, expect, real, serve


def prepare(setting: Setting, network: Network) -> Ready:
    """Build both models."""
    expect(network, "dense", "conv", "lstm", "narrow sums", "squared error")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)

    form = real(network.input, "float32")

    def contestant(name: str, model: Any) -> Contestant:
        def call(x: Any) -> Any:
            return model.predict(x.reshape(-1, *network.shape), batch_size=len(x), verbose=0)

        return Contestant(name, form, InPython(call), False)

    versions = {"tensorflow": tf.__version__}
    contestants = [contestant("Keras predict, float32", keras_network.plain(network))]
    try:
        import qkeras

        if "lstm" in network.kinds():
            raise Absent("its LSTM has other types than the network")
        versions["qkeras"] = qkeras.__version__
        contestants.append(contestant("QKeras predict", keras_network.quantised(network)))
    except (Absent, ImportError) as error:
        return Ready(versions, contestants, {"QKeras predict": str(error)})
    return Ready(versions, contestants, {})


serve(prepare)
