"""The measured times as a JSON document, and the document as a Markdown table."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.contest import Entry, differing_events


def ratio(entry: Entry, reference: Entry, batch: int) -> float:
    """How many times slower than the reference: median over rounds of the ratio within the round."""
    rounds = zip(entry.seconds[batch], reference.seconds[batch], strict=True)
    return statistics.median(mine / best for mine, best in rounds)


def entry_document(entry: Entry, reference: Entry) -> dict[str, Any]:
    """Everything about one contestant."""
    times = {
        str(batch): {
            "median_ns": statistics.median(seconds) * 1e9,
            "best_ns": min(seconds) * 1e9,
            "times_slower": ratio(entry, reference, batch),
            "ns": [round(s * 1e9, 2) for s in seconds],
        }
        for batch, seconds in entry.seconds.items()
    }
    return {
        "name": entry.name,
        "setup_seconds": entry.peer.setup_seconds,
        "differing_events": differing_events(entry, reference),
        "ns_per_event": times,
    }


def peak_document(peaks: list[tuple[int, float]], reference: Entry, batch: int, count: int) -> dict[str, Any]:
    """The limit that multiplications set, and how near the reference comes to it."""
    rates = [rate for _, rate in peaks]
    limit = max(rates) / count
    return {
        "vector_bits": peaks[0][0],
        "multiplications_per_second_best": max(rates),
        "multiplications_per_second_median": statistics.median(rates),
        "limit_ns_per_event": 1e9 / limit,
        "fraction_median": 1 / statistics.median(reference.seconds[batch]) / limit,
        "fraction_best": 1 / min(reference.seconds[batch]) / limit,
    }


def duration(ns: float) -> str:
    """Three digits and a unit."""
    for unit, size in (("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def markdown(document: dict[str, Any]) -> str:
    """The table, and the facts that it needs to be understood."""
    batches = document["batches"]
    largest = str(batches[0])
    head = ["contestant", "events/s", *(f"time an event, batch {batch:,}" for batch in batches)]
    head += ["times slower", "differing events", "ready after"]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for entry in document["contestants"]:
        times = entry["ns_per_event"]
        row = [entry["name"], f"{1e9 / times[largest]['median_ns']:,.0f}"]
        row += [f"{duration(t['median_ns'])} ({duration(t['best_ns'])})" for t in times.values()]
        row += [f"{times[largest]['times_slower']:.3g}", f"{entry['differing_events']:,}"]
        row.append(f"{entry['setup_seconds']:.2g} s")
        lines.append(f"| {' | '.join(row)} |")
    for peer, reason in document["absent"].items():
        lines.append(f"| {peer}: absent, {reason} {'| ' * len(head)}")
    return "\n".join([*lines, "", *notes(document)])


def notes(document: dict[str, Any]) -> list[str]:
    """What a reader must know beside the table."""
    machine, versions = document["machine"], document["versions"]
    lines = [
        f"Median (best) of {document['rounds']} interleaved rounds, one core, one thread; times slower: median "
        f"over rounds at batch {document['batches'][0]:,}, relative to {document['reference']}. "
        f"{document['batches'][0]:,} real events ({document['input']}). {document['work']}",
        f"{machine['cpu']['model name']} ({machine['priority']}), {document['date']}; "
        + ", ".join(f"{tool} {version}" for tool, version in versions.items())
        + f"; core by {', '.join(machine['core_compiler'])}, C++ loops by {machine['compiler'] or 'none'}.",
    ]
    limit = document["limit"]
    count = f"{document['multiplications']:,} multiplications an event"
    if "absent" in limit:
        return [*lines, f"{count}; peak not measured: {limit['absent']}"]
    lines.append(
        f"{count}: at the measured peak of {limit['vector_bits']}-bit vpmaddwd, "
        f"{limit['multiplications_per_second_best'] / 1e9:.3g}e9 multiplications/s, "
        f"{limit['limit_ns_per_event']:.3g} ns an event; {document['reference']} reaches "
        f"{limit['fraction_median']:.0%} of that (best {limit['fraction_best']:.0%})."
    )
    return lines
