"""The suite: every network, bxnn and its peers in turns, as one JSON document."""

from __future__ import annotations

import contextlib
import datetime
import json
import re
import shutil
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import graphs, machine, models
from benchmarks.contest import Absent, Entry, Peer
from benchmarks.peers.network import Network
from bxnn import _core


class Options(NamedTuple):
    """What to measure, from the command line."""

    models: list[str]
    peers: list[str]
    levels: list[str]
    batches: list[int]
    rounds: int
    pythons: dict[str, str]  # peer -> interpreter; the calling one if it is not named
    build: Path | None


class Arena(NamedTuple):
    """A network as files for the peers, and what is known of it."""

    network: Network
    setting: dict[str, Any]
    facts: dict[str, Any]


def measure(options: Options, folder: Path) -> dict[str, Any]:
    """Run everything; the JSON document."""
    versions: dict[str, str] = {}
    peaks: list[dict[str, Any]] = []
    subjects: list[dict[str, Any]] = []
    for name in options.models:
        where = folder / name
        where.mkdir()
        try:
            subjects.append(_subject(name, options, where, peaks, versions))
        except Absent as error:
            subjects.append({"name": name, "absent": {"all": str(error)}, "contestants": []})
        shutil.rmtree(where)
    document: dict[str, Any] = {
        "date": datetime.date.today().isoformat(),
        "machine": machine.description(_core.__file__),
        "versions": versions,
        "rounds": options.rounds,
        "batches": options.batches,
        "levels": options.levels,
        "peaks": _summary(peaks),
        "networks": subjects,
    }
    for subject in subjects:
        _add_limits(subject, document["peaks"])
    return document


def _subject(
    name: str, options: Options, folder: Path, peaks: list[dict[str, Any]], versions: dict[str, str]
) -> dict[str, Any]:
    """Everything about one network."""
    arena = _arena(name, options, folder)
    absent: dict[str, str] = {}
    with _peers(arena, options, folder, absent) as peers:
        for peer in peers:
            versions |= peer.versions
            absent |= peer.absent
        entries = [Entry(peer, contestant) for peer in peers for contestant in peer.contestants]
        entries = [
            e for e in entries if _tried(e, absent, lambda e: e.enter(options.batches, models.DISTINCT))
        ]
        for done in range(options.rounds):
            print(f"{name}, round {done + 1} of {options.rounds}", file=sys.stderr)
            entries = [e for e in entries if _tried(e, absent, Entry.measure)]
            with contextlib.suppress(Absent):
                peaks.append(machine.peak(folder.parent))
    reference = next((e for e in reversed(entries) if e.peer.name == "bxnn"), None)
    if reference is None:
        return {"name": name, "absent": absent, "contestants": []}
    return {
        "name": name,
        **arena.facts,
        "reference": reference.name,
        "contestants": [_entry_document(entry, reference) for entry in entries],
        "absent": absent,
    }


def _tried(entry: Entry, absent: dict[str, str], work: Any) -> bool:
    try:
        work(entry)
    except Absent as error:
        absent[entry.name] = str(error)
        return False
    return True


def _arena(name: str, options: Options, folder: Path) -> Arena:
    """Write model, events and reference answers."""
    subject = models.SUBJECTS[name]()
    built = graphs.build(subject.network, folder)
    (tensor,), (output,) = built.model.inputs, built.model.outputs
    distinct = models.events(subject).astype(tensor.dtype)
    (answers,) = built.model.run([distinct], isa="reference")
    (folder / "model.bxnn").write_bytes(built.model.to_bytes())
    subject.network.write(folder / "network.json")
    np.save(folder / "reference.npy", answers)
    np.save(
        folder / "events.npy",
        np.resize(distinct, (max(*options.batches, models.DISTINCT), distinct.shape[1])),
    )
    layers = subject.network.layers
    widths = [subject.network.input.width]
    widths += [w for layer in layers for w in (layer.weight_type.width, layer.type.width)]
    between = widths[:-1] if layers else widths  # the last result is not multiplied
    setting = {
        "network": str(folder / "network.json"),
        "model": str(folder / "model.bxnn"),
        "events": str(folder / "events.npy"),
        "reference": str(folder / "reference.npy"),
        "typical": models.EXTREME,
        "frac": output.format.frac,
        "low": output.format.min_raw,
        "high": output.format.max_raw,
        "down": bool(layers) and layers[-1].type.round == "TRN" and not subject.network.error,
        "build": str(options.build.resolve()) if options.build else "",
        "levels": options.levels,
    }
    facts = {
        "multiplications": built.multiplications,
        "bits": 8 if max(between) <= 8 else 16,
        "bytes": distinct[0].nbytes + answers[0].nbytes,
    }
    return Arena(subject.network, setting, facts)


@contextlib.contextmanager
def _peers(arena: Arena, options: Options, folder: Path, absent: dict[str, str]) -> Iterator[list[Peer]]:
    """The peers that get ready, bxnn first; `absent` takes the reasons of the others."""
    started: list[Peer] = []
    try:
        for name in ["bxnn", *(peer for peer in options.peers if peer != "bxnn")]:
            own = folder / name
            own.mkdir()
            try:
                python = options.pythons.get(name, sys.executable)
                started.append(Peer(name, python, arena.setting | {"folder": str(own)}))
            except Absent as error:
                absent[name] = str(error)
        yield started
    finally:
        for peer in started:
            peer.close()


def _entry_document(entry: Entry, reference: Entry) -> dict[str, Any]:
    """Everything about one contestant. `times_slower` is the median over rounds of the ratio to bxnn's best
    level within a round; that of the contestant compares each at its own fastest batch."""
    times = {}
    for batch, seconds in entry.seconds.items():
        theirs = reference.seconds.get(batch)
        times[str(batch)] = {
            "median_ns": statistics.median(seconds) * 1e9,
            "best_ns": min(seconds) * 1e9,
            "times_slower": _ratio(seconds, theirs) if theirs else None,
            "ns": [round(s * 1e9, 2) for s in seconds],
        }
    fastest, own = _fastest(entry), _fastest(reference)
    return {
        "name": entry.name,
        "exact": entry.exact,
        "setup_seconds": entry.peer.setup_seconds,
        "compared": entry.compared,
        "differing": entry.differing,
        "largest_difference": entry.largest,
        "fastest_batch": fastest,
        "times_slower": _ratio(entry.seconds[fastest], reference.seconds[own]),
        "batches": times,
        "latency_ns": {
            q: statistics.median(found[q] for found in entry.latencies) for q in entry.latencies[0]
        }
        if entry.latencies
        else None,
    }


def _ratio(mine: list[float], theirs: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(mine, theirs, strict=True))


def _fastest(entry: Entry) -> int:
    return min(entry.seconds, key=lambda batch: statistics.median(entry.seconds[batch]))


def _summary(peaks: list[dict[str, Any]]) -> dict[str, Any]:
    """The best and the median of every peak."""
    if not peaks:
        return {}
    summary = {}
    for key, first in peaks[0].items():
        rates = [found[key]["rate"] if isinstance(first, dict) else found[key] for found in peaks]
        what = {"instruction": first["instruction"]} if isinstance(first, dict) else {}
        summary[key] = {**what, "best": max(rates), "median": statistics.median(rates)}
    return summary


def _add_limits(subject: dict[str, Any], peaks: dict[str, Any]) -> None:
    """The shortest times that the peaks allow, and how near the best level's medians come to them."""
    if not subject["contestants"]:
        return
    rate, memory = peaks.get(str(subject["bits"])), peaks.get("read_bytes")
    best = next(c for c in subject["contestants"] if c["name"] == subject["reference"])
    streamed = max(best["batches"], key=int)
    limit: dict[str, Any] = {}
    if rate and memory and subject["multiplications"]:
        limit["multiply_ns"] = subject["multiplications"] / rate["best"] * 1e9
        limit["memory_ns"] = subject["bytes"] / memory["best"] * 1e9
        limit["fraction"] = limit["multiply_ns"] / best["batches"][str(best["fastest_batch"])]["median_ns"]
        longest = max(limit["memory_ns"], limit["multiply_ns"])
        limit["streamed_batch"] = int(streamed)
        limit["streamed_fraction"] = longest / best["batches"][streamed]["median_ns"]
    subject["limit"] = limit


def write(document: dict[str, Any], path: Path) -> None:
    """The document as a JSON file; makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=1)
    lists = re.sub(r"\[[-+\d.,e\s]+\]", lambda found: " ".join(found[0].split()), text)  # a line for each
    path.write_text(lists + "\n")


def wrong(document: dict[str, Any]) -> list[str]:
    """What must not be: exact contestants with other answers than the reference's, and failures of bxnn."""
    faults = []
    for subject in document["networks"]:
        for entry in subject["contestants"]:
            if entry["exact"] and entry["differing"]:
                faults.append(f"{subject['name']}: {entry['name']}: {entry['differing']} values differ")
        for who, why in subject["absent"].items():
            if who.startswith("bxnn"):
                faults.append(f"{subject['name']}: {who}: {why}")
    return faults
