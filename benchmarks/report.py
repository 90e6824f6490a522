"""The measured times as a JSON document, and the document as a Markdown table."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from benchmarks.contest import Entry


def entry_document(entry: Entry, reference: Entry) -> dict[str, Any]:
    """Everything about one contestant; times_slower is the median over rounds of the ratio within a round."""
    times = {}
    for batch, seconds in entry.seconds.items():
        ratios = [mine / other for mine, other in zip(seconds, reference.seconds[batch], strict=True)]
        times[str(batch)] = {
            "median_ns": statistics.median(seconds) * 1e9,
            "best_ns": min(seconds) * 1e9,
            "times_slower": statistics.median(ratios),
            "ns": [round(s * 1e9, 2) for s in seconds],
        }
    return {
        "name": entry.name,
        "setup_seconds": entry.peer.setup_seconds,
        "differing_events": entry.differing_events(reference),
        "ns_per_event": times,
    }


def limit_document(peaks: list[tuple[int, float]], seconds: list[float], count: int) -> dict[str, Any]:
    """The limit that `count` multiplications set, and how near these seconds an event come to it."""
    rates = [rate for _, rate in peaks]
    limit = count / max(rates)
    return {
        "vector_bits": peaks[0][0],
        "multiplications_per_second": max(rates),
        "multiplications_per_second_median": statistics.median(rates),
        "ns_per_event": limit * 1e9,
        "fraction_median": limit / statistics.median(seconds),
        "fraction_best": limit / min(seconds),
    }


def write(document: dict[str, Any], path: Path | None) -> None:
    """The document as a file, where one is asked for; makes its folder."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=1) + "\n")


def markdown(document: dict[str, Any]) -> str:
    """The table, and the facts that it needs to be understood."""
    batches = document["batches"]
    head = ["contestant", "events/s", *(f"time an event, batch {batch:,}" for batch in batches)]
    head += ["times slower", "differing events", "ready after"]
    lines = [f"| {' | '.join(head)} |", f"|---{'|--:' * (len(head) - 1)}|"]
    for entry in document["contestants"]:
        times = entry["ns_per_event"]
        largest = times[str(batches[0])]
        row = [entry["name"], f"{1e9 / largest['median_ns']:,.0f}"]
        row += [f"{_duration(t['median_ns'])} ({_duration(t['best_ns'])})" for t in times.values()]
        row += [f"{largest['times_slower']:.3g}", f"{entry['differing_events']:,}"]
        row.append(f"{entry['setup_seconds']:.2g} s")
        lines.append(f"| {' | '.join(row)} |")
    absent = [f"Absent: {name} ({reason})." for name, reason in document["absent"].items()]
    return "\n".join([*lines, "", *_notes(document), *absent])


def _duration(ns: float) -> str:
    for unit, size in (("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def _notes(document: dict[str, Any]) -> list[str]:
    machine, limit, reference = document["machine"], document["limit"], document["reference"]
    versions = ", ".join(f"{tool} {version}" for tool, version in document["versions"].items())
    lines = [
        f"Median (best) of {document['rounds']} interleaved rounds, one thread on one core. Events/s and "
        f"times slower (median of the ratio to {reference} within each round) are for batch "
        f"{document['batches'][0]:,}. {document['work']}",
        f"{machine['cpu']['model name']}, nice {machine['nice']}, {document['date']}; {versions}; core "
        f"compiled by {', '.join(machine['core_compiler'])}, C++ loops by {machine['compiler']}.",
    ]
    count = f"{document['multiplications']:,} multiplications an event"
    if "absent" in limit:
        return [*lines, f"{count}; their limit was not measured: {limit['absent']}."]
    return [
        *lines,
        f"{count} take {limit['ns_per_event']:.3g} ns at the measured peak of {limit['vector_bits']}-bit "
        f"vpmaddwd, {limit['multiplications_per_second'] / 1e9:.3g}e9 multiplications/s; {reference} reaches "
        f"{limit['fraction_median']:.0%} of that (best {limit['fraction_best']:.0%}).",
    ]
