"""Embeddings: `nnet_embed.h` in io_parallel, `nnet_embed_stream.h` in io_stream."""

from __future__ import annotations

import numpy as np

from bxnn._core import Format, quantize

from .scope import Scope

LARGEST_TABLE = 1 << 24


def embedding(scope: Scope) -> None:
    """`embeddings[data[j] * n_out + i]`, the index with its fraction dropped toward zero.

    C-simulation reads beyond its array for an index outside the vocabulary; there the result is zero.
    """
    if scope.call.function != "embedding":
        scope.refuse(f"unknown function '{scope.call.function}'")
    x, weights, rt = scope.input, scope.weights("embeddings"), scope.result()
    n_out, vocabulary = scope.number("n_out"), scope.number("vocab_size")
    _require_sizes(scope, len(weights.raw))
    emit = scope.emit
    emit.check(weights.type, rt)
    place = emit.builder.dot(
        x.value,
        np.full((n_out, 1), n_out),
        0,
        np.arange(n_out)[None, :],
        0,
        index=np.arange(x.size, dtype=np.int32)[:, None],
        shape=scope.shape(),
        name=scope.name,
    )
    kind = emit.builder.format_of(place)
    if kind.frac > 0:
        bits = max(kind.integer, 1)
        place = emit.builder.cast(place, Format(bits, bits, kind.signed, "TRN_ZERO"))
        kind = emit.builder.format_of(place)
    if kind.max_raw - kind.min_raw >= LARGEST_TABLE:
        scope.refuse(
            f"its input type {x.type} allows {1 << x.type.width} indices of {vocabulary}; "
            f"give its input the narrowest unsigned integer type that holds them"
        )
    table = np.zeros(kind.max_raw - kind.min_raw + 1, dtype=np.int64)
    used = min(vocabulary * n_out, kind.max_raw + 1)
    entries = np.asarray(quantize(weights.raw, weights.type.frac, rt.format), dtype=np.int64)
    table[-kind.min_raw : used - kind.min_raw] = entries[:used]
    scope.finish(int(emit.builder.lut(place, table, kind.min_raw, rt.format)))


def _require_sizes(scope: Scope, stored: int) -> None:
    x, n_in, n_out = scope.input, scope.number("n_in"), scope.number("n_out")
    expected = scope.number("vocab_size") * n_out
    if stored != expected:
        scope.refuse(f"it has {stored} embeddings, expected {expected}")
    if scope.shape() != (*x.shape, n_out) or x.size != n_in:
        scope.refuse(f"it reads {n_in} indices and writes {n_out} numbers for each, into {scope.shape()}")
    if scope.stream and (x.pack != n_in or scope.pack() != n_out):
        scope.refuse(
            f"its streams carry {x.pack} and {scope.pack()} elements a word; C-simulation reads one word of "
            f"{n_in} indices and writes words of {n_out}"
        )
