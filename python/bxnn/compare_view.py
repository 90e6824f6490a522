"""A comparison with a float network as a table and as a picture."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bxnn.text_table import text_table

if TYPE_CHECKING:
    from bxnn.compare import Comparison, LayerComparison

_HEADS = (
    *("layer", "kind", "format", "values", "mean |Δ|", "max |Δ|", "mean in LSB", "max in LSB"),
    *("correlation", "off > 1 LSB", "first events"),
)


def as_text(comparison: Comparison) -> str:
    """A table, the first layer that is off, notes."""
    rows = [_row(layer) for layer in comparison.layers]
    lines = [
        f"'{comparison.model}' against float, {comparison.events:,} events",
        text_table("layers", _HEADS, rows, left=3).rstrip(),
    ]
    first = comparison.first
    if first is None:
        lines.append("no value is off by more than an LSB")
    else:
        event = first.first[0]
        lines.append(
            f"first off by more than an LSB: '{first.name}', event {event.event}, neuron {event.neuron}: "
            f"float {event.float_value:.9g}, fixed point {event.model_value:.9g}"
        )
    return "\n".join([*lines, *(f"note: {note}" for note in comparison.notes)])


def _row(layer: LayerComparison) -> tuple[str, ...]:
    return (
        layer.name,
        layer.kind,
        layer.format,
        f"{layer.values:,}",
        f"{layer.mean:.3g}",
        f"{layer.max:.3g}",
        f"{layer.mean_lsb:,.2f}",
        f"{layer.max_lsb:,.2f}",
        "" if layer.correlation is None else f"{layer.correlation:.6f}",
        f"{layer.share:.2%}",
        ", ".join(str(event.event) for event in layer.first),
    )


def draw(comparison: Comparison, path: str | os.PathLike[str]) -> None:
    """Left the absolute difference in LSBs, right the share of values that are off by more than one."""
    from matplotlib.figure import Figure

    layers = comparison.layers
    figure = Figure(figsize=(11, 1.6 + 0.32 * len(layers)), layout="constrained")
    size, share = figure.subplots(1, 2, sharey=True)
    rows = range(len(layers))
    size.plot([layer.mean_lsb for layer in layers], rows, "o", color="#33638d", label="mean")
    size.plot([layer.max_lsb for layer in layers], rows, "|", markersize=12, color="#c0392b", label="largest")
    size.axvline(1, color="grey", linestyle=":")
    size.set_xscale("symlog", linthresh=0.1)
    size.set_xlim(left=0)
    size.set_yticks(rows, [layer.name for layer in layers], fontsize=8)
    size.set_ylim(len(layers) - 0.5, -0.5)
    size.set(xlabel="absolute difference in LSBs of the layer", title=comparison.model)
    size.legend(fontsize=8)
    share.barh(rows, [layer.share for layer in layers], color="#33638d")
    share.set(xlabel="values off by more than an LSB", xlim=(0, 1), title=f"{comparison.events:,} events")
    for axes in (size, share):
        axes.grid(alpha=0.3, axis="x")
    figure.savefig(path, dpi=130)
