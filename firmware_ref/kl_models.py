"""A golden network with hls4ml's contributed score of variational autoencoders."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from firmware_ref.case_models import convert, keras
from firmware_ref.case_table import Config

_registered: set[str] = set()


def _contributed(backend: str) -> Any:
    """hls4ml's module, with its layer known to the converter and to the backend."""
    import hls4ml
    from keras.src.layers.merging import base_merge

    sys.modules.setdefault("keras.layers.merge", base_merge)  # where the module looks for it
    from hls4ml.contrib.kl_layer import kl_layer

    if not _registered:
        hls4ml.converters.register_keras_v2_layer_handler("KLLoss", kl_layer.parse_klloss_layer)
        hls4ml.model.layers.register_layer("KLLoss", kl_layer.HKLLoss)
    if backend not in _registered:
        target = hls4ml.backends.get_backend(backend)
        target.register_template(kl_layer.HKLLossConfigTemplate)
        target.register_template(kl_layer.HKLLossFunctionTemplate)
        target.register_source(Path(kl_layer.__file__).parent / "kl_layer.h")
    _registered.add(backend)
    return kl_layer


def kl_score(seed: int, backend: str, io: str) -> Any:
    """The score of eight means and logarithms of variances, of two types."""
    score = _contributed(backend).KLLoss(name="score")
    mean, log_var = (keras().layers.Input((8,), name=name) for name in ("mean", "log_var"))

    def edit(config: Config) -> None:
        config["log_var"]["Precision"]["result"] = "ap_fixed<12,4,AP_RND,AP_SAT>"
        config["score"]["Precision"]["accum"] = "ap_fixed<24,12>"

    return convert(keras().Model([mean, log_var], score([mean, log_var])), edit, backend=backend, io=io)
