"""The measured document as Markdown tables and as plots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

HEADLINES = (1, 1_000, 100_000)  # batches that the table of peers shows


def markdown(document: dict[str, Any]) -> str:
    """Both tables, and the facts that they need to be understood."""
    networks = [subject for subject in document["networks"] if subject["contestants"]]
    parts = [_speeds(document, networks), _contests(networks), _notes(document), _absences(document)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(head: list[str], rows: list[list[str]], left: int) -> str:
    lines = [head, ["---"] * left + ["--:"] * (len(head) - left), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _speeds(document: dict[str, Any], networks: list[dict[str, Any]]) -> str:
    """bxnn at every level and batch."""
    batches = document["batches"]
    head = [
        "network",
        "bxnn",
        *(f"batch {b:,}" for b in batches),
        "of the limit",
        "streamed",
        "one event, p50 / p99.9",
    ]
    rows = []
    for subject in networks:
        for entry in subject["contestants"]:
            if not entry["name"].startswith("bxnn"):
                continue
            limit = subject["limit"] if entry["name"] == subject["reference"] else {}
            row = [subject["name"], entry["name"].removeprefix("bxnn ")]
            row += [_rate(entry["batches"].get(str(batch))) for batch in batches]
            row += [f"{limit[key]:.0%}" if key in limit else "" for key in ("fraction", "streamed_fraction")]
            rows.append([*row, _latency(entry)])
    return f"Events a second on one core:\n\n{_table(head, rows, 2)}"


def _contests(networks: list[dict[str, Any]]) -> str:
    """Everyone against bxnn's best level."""
    head = ["network", "contestant", *(f"batch {b:,}" for b in HEADLINES), "one event, p50 / p99.9"]
    head += ["times slower", "values that differ", "largest difference", "ready after"]
    rows = []
    for subject in networks:
        for entry in subject["contestants"]:
            if entry["name"].startswith("bxnn") and entry["name"] != subject["reference"]:
                continue
            times = [entry["batches"].get(str(batch)) for batch in HEADLINES]
            row = [subject["name"], entry["name"], *(_duration(t["median_ns"]) if t else "" for t in times)]
            share = entry["differing"] / entry["compared"]
            row += [_latency(entry), f"{entry['times_slower']:.3g}", f"{share:.2%}" if share else "0"]
            row += [f"{entry['largest_difference']:.3g}" if share else "", f"{entry['setup_seconds']:.2g} s"]
            rows.append(row)
    return f"Time an event, and agreement with the reference executor:\n\n{_table(head, rows, 2)}"


def _rate(times: dict[str, Any] | None) -> str:
    return f"{1e3 / times['median_ns']:.3g} M/s" if times else ""


def _latency(entry: dict[str, Any]) -> str:
    found = entry["latency_ns"]
    return f"{_duration(found['p50'])} / {_duration(found['p99.9'])}" if found else ""


def _duration(ns: float) -> str:
    for unit, size in (("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def _notes(document: dict[str, Any]) -> str:
    machine, peaks = document["machine"], document["peaks"]
    versions = ", ".join(f"{tool} {version}" for tool, version in document["versions"].items())
    own = [e for s in document["networks"] for e in s["contestants"] if e["name"].startswith("bxnn")]
    compared, differing = (sum(entry[key] for entry in own) for key in ("compared", "differing"))
    paragraphs = [
        f"Medians of {document['rounds']} rounds, in which the contestants of a network take turns on one "
        "core with one thread. Inputs are in each tool's own form before the timing. Batches up to 1,000 go "
        "through 1,000 events again and again, larger ones through so many. Times slower: each at its "
        "fastest batch, the median of the ratios within the rounds. Latencies are of calls with one event, "
        "each timed.",
        f"{compared:,} values of bxnn were compared with the reference executor's, {differing} differ. Peers "
        "that promise exactness are compared at the same events; the rest at events of typical size, after "
        "rounding and clamping to what the answer's type can hold.",
        f"{machine['cpu']['model name']}, nice {machine['nice']}, {document['date']}; {versions}; core "
        f"compiled by {', '.join(machine['core_compiler'])}, loops by {machine['compiler']}.",
    ]
    if peaks:
        rates = [
            f"{peak['best'] / 1e9:.4g} G multiplications/s of {bits} bits ({peak['instruction']})"
            for bits, peak in peaks.items()
            if bits != "read_bytes"
        ]
        paragraphs.append(
            f"The limit: {', '.join(rates)}, {peaks['read_bytes']['best'] / 1e9:.3g} GB/s read from memory, "
            "the best that was measured between the rounds. Of the limit: the multiplications alone, at the "
            "fastest batch; streamed: the larger of multiplications and bytes, at the largest batch."
        )
    return "\n\n".join(paragraphs)


def _absences(document: dict[str, Any]) -> str:
    reasons: dict[tuple[str, str], list[str]] = {}
    for subject in document["networks"]:
        for who, why in subject["absent"].items():
            reasons.setdefault((who, why), []).append(subject["name"])
    lines = [f"- {who} ({', '.join(names)}): {why}" for (who, why), names in reasons.items()]
    return "Not measured:\n\n" + "\n".join(lines) if lines else ""


def draw(document: dict[str, Any], path: Path) -> None:
    """Time an event over the size of the batch: a plot for each network. Raises ImportError."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    networks = [subject for subject in document["networks"] if subject["contestants"]]
    columns = min(3, len(networks))
    rows = -(-len(networks) // columns)
    figure, grid = plt.subplots(
        rows,
        columns,
        figsize=(max(10, 5.5 * columns), 4 * rows + 0.5),
        squeeze=False,
        layout="constrained",
        sharex=True,
    )
    names = list(dict.fromkeys(entry["name"] for subject in networks for entry in subject["contestants"]))
    colours = {name: plt.get_cmap("tab20")(i % 20) for i, name in enumerate(names)}
    for axes, subject in zip(grid.flat, networks, strict=False):
        for entry in subject["contestants"]:
            points = [(int(batch), times["median_ns"]) for batch, times in entry["batches"].items()]
            style = "o-" if entry["name"].startswith("bxnn") else "s--"
            axes.plot(
                *zip(*points, strict=True), style, color=colours[entry["name"]], ms=4, label=entry["name"]
            )
        if "multiply_ns" in subject["limit"]:
            axes.axhline(subject["limit"]["multiply_ns"], color="black", linewidth=0.8)
        axes.axhline(25, color="grey", linestyle=":")
        axes.set(xscale="log", yscale="log", title=subject["name"])
    figure.suptitle("One core. Dotted: 25 ns; solid: the multiplications alone, at the measured peak")
    for axes in grid.flat:
        axes.set(xlabel="events a call", ylabel="ns an event")
    for axes in list(grid.flat)[len(networks) :]:
        axes.set_visible(False)
    handles = {h.get_label(): h for axes in grid.flat for h in axes.get_legend_handles_labels()[0]}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4, fontsize="small")
    figure.savefig(path, dpi=110)
    plt.close(figure)
