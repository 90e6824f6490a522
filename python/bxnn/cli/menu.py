"""`bxnn menu check`: is a menu right, and what is in it."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bxnn.cli import events as events_options
from bxnn.cli.arguments import refuse
from bxnn.cli.console import print_json, print_table
from bxnn.menu import Menu
from bxnn.menu.check import warnings_of
from bxnn.sources import open_source
from bxnn.sources.source import evaluated

SUMMARY = "check a trigger menu"
DESCRIPTION = """\
Read and compile a trigger menu (docs/howto/menus.md); show its seeds, networks, inputs and budgets, and
warn of what looks wrong.

  bxnn menu check menu.yml
  bxnn menu check package:l1_anomaly.yml                  a menu that comes with bxnn
  bxnn menu check menu.yml --events zero_bias.npz         also: how many events fire which seed

Events are raw integers in .npy, .npz, HDF5, ROOT or Parquet files. Wrong menus end with status 2 and one
error that says file, line and remedy; warnings don't change the status.
"""

_CHUNK = 100_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("check",), help="what to do")
    parser.add_argument("menu", help="menu file, or package:NAME")
    group = events_options.add_selection(parser)
    group.add_argument("--events", type=Path, metavar="FILE", help="count which seeds these events fire")


@dataclass(frozen=True)
class _Counts:
    events: int
    fired: Counter[str]
    any: int


def execute(args: argparse.Namespace) -> int:
    menu = Menu.load(args.menu)
    if not args.events:
        refuse(args, "columns tree", "says what is read of --events FILE, which is missing")
    counts = _count(menu, args) if args.events else None
    warnings = warnings_of(menu)
    if args.json:
        document = dict(menu.as_dict())
        document["warnings"] = [{"line": w.line, "text": w.text} for w in warnings]
        if counts:
            document["events"] = {
                "count": counts.events,
                "any": counts.any,
                "fired": {seed.name: counts.fired[seed.name] for seed in menu.seeds},
            }
        print_json(document)
        return 0
    _print(menu, counts)
    for warning in warnings:
        print(f"warning: {args.menu}:{warning.line}: {warning.text}")
    print(f"{args.menu}: right; {len(warnings)} warning{'' if len(warnings) == 1 else 's'}")
    return 0


def _count(menu: Menu, args: argparse.Namespace) -> _Counts:
    names = [tensor.name for tensor in menu.model.inputs]
    file = open_source(args.events, names, events_options.selection(args))
    fired: Counter[str] = Counter()
    total = some = 0
    for _, decisions in evaluated(file.chunks(_CHUNK), menu.decide, args.events):
        total += len(decisions.word)
        some += int((decisions.word != 0).sum())
        fired.update(dict(zip(decisions.names, decisions.seeds.sum(0).tolist(), strict=True)))
    return _Counts(total, fired, some)


def _print(menu: Menu, counts: _Counts | None) -> None:
    print(f"menu {menu.name}   version {menu.version or '-'}   sha256 {menu.sha256}")
    inputs = [(t.name, tuple(t.shape), t.format) for t in menu.model.inputs]
    print_table("inputs", ("name", "shape", "format"), inputs)
    networks = [(n.name, n.file, value, fmt) for n in menu.networks for value, fmt in n.formats.items()]
    if networks:
        print_table("networks (cuts see raw integers)", ("name", "model", "value", "format"), networks)
    requires = any(seed.requires for seed in menu.seeds)
    heads = ["bit", "name", "cut", "prescale", *(["requires"] if requires else [])]
    rows: list[list[Any]] = []
    for i, seed in enumerate(menu.seeds):
        rows.append([i, seed.name, seed.cut, seed.prescale])
        if requires:
            rows[-1].append(" or ".join(seed.requires))
        if counts:
            rows[-1] += [counts.fired[seed.name], f"{counts.fired[seed.name] / max(counts.events, 1):.3g}"]
    print_table("seeds", heads + (["fired", "fraction"] if counts else []), rows)
    if counts:
        print(f"events: {counts.events:,}, of which {counts.any:,} fire at least one seed (before prescales)")
    for rule in menu.dead_time:
        print(f"dead time: at most {rule.accepts} accepts in {rule.crossings} crossings")
    if menu.scores:
        print(f"histograms: {', '.join(menu.scores)}")
    if menu.budget_ns is not None:
        print(f"latency budget: {menu.budget_ns:,} ns")
    if menu.rate_budget_hz is not None:
        print(f"rate budget: {menu.rate_budget_hz:,.0f} Hz")
