"""A profile as tables and as a picture."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import TYPE_CHECKING

from bxnn.text_table import text_table

if TYPE_CHECKING:
    from bxnn.profile import CastProfile, LayerProfile, Profile

_LAYERS = (
    *("layer", "format", "seen", "allowed", "integer bits", "wrapped", "saturated", "lost bits"),
    *("at limits", "constant"),
)
_CASTS = (
    *("layer", "operation", "cast", "format", "values", "wrapped", "saturated", "lost bits", "changed"),
    *("seen", "integer", "fraction", "suggested"),
)


def as_text(profile: Profile) -> str:
    """Two tables, and how to read them."""
    layers = text_table("layers", _LAYERS, [_layer(layer) for layer in profile.layers], 2)
    casts = text_table("casts", _CASTS, [_cast(cast) for cast in profile.casts], 4)
    legend = "integer, fraction: bits needed of bits given; suggested: integer bits that these events need"
    head = f"'{profile.model}', {profile.events:,} events: {profile.overflowed:,} values overflowed"
    return f"{head}\n{layers}{casts}{legend}"


def real(raw: int, fraction: int) -> str:
    """A raw integer as a real number of six digits."""
    return f"{float(Fraction(raw) / Fraction(2) ** fraction):.6g}"


def _count(count: int, of: int) -> str:
    return f"{count:,} ({count / of:.1%})" if count else "0"


def _grid(fmt: str | None) -> str:
    """A format without its modes."""
    return "" if fmt is None else ",".join(fmt.rstrip(">").split(",")[:2]) + ">"


def _layer(layer: LayerProfile) -> tuple[str, ...]:
    fraction = layer.fraction
    return (
        layer.name,
        layer.format,
        f"{real(layer.low, fraction)} … {real(layer.high, fraction)}",
        f"{real(layer.allowed_low, fraction)} … {real(layer.allowed_high, fraction)}",
        f"{layer.integer_used} of {layer.integer}",
        f"{layer.wrapped:,}",
        f"{layer.saturated:,}",
        f"{layer.lost:,}",
        _count(layer.at_limits, layer.values),
        f"{layer.constant} of {layer.elements}",
    )


def _cast(cast: CastProfile) -> tuple[str, ...]:
    needed = "more" if cast.integer_needed is None else str(cast.integer_needed)
    return (
        cast.layer,
        f"%{cast.node} {cast.operation}",
        cast.role,
        cast.format,
        f"{cast.values:,}",
        _count(cast.wrapped, cast.values),
        _count(cast.saturated, cast.values),
        _count(cast.lost, cast.values),
        f"{cast.changed:,}",
        f"{real(cast.low, cast.fraction)} … {real(cast.high, cast.fraction)}",
        f"{needed} of {cast.integer}",
        f"{cast.fraction_used} of {cast.fraction}",
        _grid(cast.suggested),
    )


def draw(profile: Profile, path: str | os.PathLike[str]) -> None:
    """For every cast the bits that its format has (pale), that the events use (dark), and what is missing."""
    from matplotlib.figure import Figure

    casts = profile.casts
    figure = Figure(figsize=(10, 1.5 + 0.28 * len(casts)), layout="constrained")
    axes = figure.subplots()
    for row, cast in enumerate(casts):
        top = cast.integer + 8 if cast.integer_needed is None else cast.integer_needed
        used = min(top, cast.integer)
        axes.barh(row, cast.integer + cast.fraction, left=-cast.fraction, color="#cfd8e3")
        if used > -cast.fraction_used:
            axes.barh(row, used + cast.fraction_used, left=-cast.fraction_used, height=0.45, color="#33638d")
        if top > cast.integer and cast.wrapped + cast.saturated:
            colour = "#c0392b" if cast.wrapped else "#e08e0b"
            axes.barh(row, top - cast.integer, left=cast.integer, height=0.45, color=colour)
    for label, colour in (
        ("bits of the format", "#cfd8e3"),
        ("bits that the events use", "#33638d"),
        ("missing: wrapped", "#c0392b"),
        ("missing: saturated", "#e08e0b"),
    ):
        axes.barh(0, 0, color=colour, label=label)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.margins(x=0.03)
    labels = [f"{cast.layer}  %{cast.node} {cast.operation} {cast.role}" for cast in casts]
    axes.set_yticks(range(len(casts)), labels, fontsize=7)
    axes.set_ylim(len(casts) - 0.4, -0.6)
    axes.set(xlabel="bit: place 0 is the binary point, fraction to the left, integer to the right")
    axes.set_title(f"{profile.model}: {profile.events:,} events")
    figure.legend(fontsize=7, loc="outside lower center", ncols=4)
    figure.savefig(path, dpi=130)
