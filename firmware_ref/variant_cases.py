"""Golden cases of the backends and io types in which the cases above leave a layer out."""

from __future__ import annotations

from itertools import product
from typing import Any

from firmware_ref import kl_models, recurrent_models, variant_models
from firmware_ref.case_table import case

VARIANTS = tuple(product(("Vitis", "Vivado"), ("io_parallel", "io_stream")))
PARALLEL = (("Vitis", "io_parallel"), ("Vivado", "io_parallel"))

_NETWORKS = (
    (variant_models.sequences, "recurrent layers, embedding, pointwise convolution, reshaping", VARIANTS),
    (variant_models.scaled, "scaled weights, batch normalisation, unequal products", VARIANTS),
    (kl_models.kl_score, "score of a variational autoencoder", PARALLEL),
    (recurrent_models.bidirectional_rows, "bidirectional layers, a layer over time", PARALLEL[1:]),
    (recurrent_models.garnet, "GarNet with a varying number of vertices", PARALLEL[1:]),
)

for _build, _what, _variants in _NETWORKS:
    for _backend, _io in _variants:

        def _named(seed: int, build: Any = _build, backend: str = _backend, io: str = _io) -> Any:
            return build(seed, backend, io)

        _named.__name__ = f"{_build.__name__}_{_backend.lower()}_{_io.removeprefix('io_')}"
        case(f"{_what}, {_backend}, {_io}", events=200)(_named)
