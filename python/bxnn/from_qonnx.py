"""From a QONNX graph to a bxnn model with the exact meaning of the graph's own operators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bxnn._core import Format

from .model import Model


def from_qonnx(
    source: Any, *, formats: Mapping[str, Format | str] | None = None, name: str | None = None
) -> Model:
    """The model that computes, exactly, the numbers that a QONNX graph defines.

    source: a path ending in .onnx, an onnx `ModelProto`, or a qonnx `ModelWrapper`.
    formats: for inputs by name, the fixed-point format in which their numbers arrive, as a `Format` or text
        ('fixed<16,6>'). An input without one takes it from the Quant node that reads it.
    name: of the model; otherwise the file's stem or the graph's name.

    The results are exact, whatever the scales: what floating point would give if it did not round. Outputs
    are numbers of fixed-point formats. Where none of 53 bits holds an output, as behind a division by three,
    `meta['scale:<output>']` has the factor to multiply by, and `meta['offset:<output>']` the term to add then
    if it is not zero: 'numerator/denominator', one for all elements or one for each. `trace` gives what
    quantisers give, as far as it has a format.

    Events of an input of shape [1, ...] or [batch, ...] have the shape that remains; a batch of another size
    is refused. Raises UnsupportedError naming the node, its type and what is supported; ModelFileError for a
    damaged file; OSError for one that can't be read; InputError for a source or a format that is none;
    ImportError without the package onnx.
    """
    from .frontends.qonnx import read_graph

    return Model(read_graph(source, formats or {}, name))
