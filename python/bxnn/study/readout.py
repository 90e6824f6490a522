"""Data against the emulator: what the trigger's hardware recorded, event by event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from bxnn._core import InputError
from bxnn.sources import CrossingColumns, Selection, Source, open_source
from bxnn.sources.source import CROSSING, LABELS, Chunk, evaluated
from bxnn.study.differences import Differences
from bxnn.study.emulators import SEEDS, Answers, Emulator, bits_of, raw_numbers

CHUNK = 65_536
_RECORDED = "recorded "


def compare_readout(
    emulator: Emulator,
    paths: str | Path | Sequence[str | Path],
    recorded: Mapping[str, str],
    *,
    columns: Sequence[str] = (),
    tree: str | None = None,
    crossing: CrossingColumns | None = None,
    shown: int = 10,
    advance: Callable[[int], None] = lambda events: None,
) -> Differences:
    """Emulate the inputs of a readout and compare with what was recorded beside them.

    recorded: by seed, output, or 'seeds' for the word of all seeds, the column that holds the hardware's
        answer: raw integers, or real numbers of the output's format. columns, tree: where the inputs are, as
        in Selection.
    crossing: columns of orbit and bx; without, a column `crossing` is used if it is among `columns`.
    advance: called with the number of events done.

    Any number of events, a chunk at a time. Raises InputError and OSError where the readout can't be used.
    """
    known = {*emulator.decision_names, *(t.name for t in emulator.model.outputs)}
    for name in recorded:
        if name not in known:
            raise InputError(f"no seed or output '{name}'; there are {', '.join(sorted(known))}")
    if not recorded:
        raise InputError(f"expected the column of at least one answer of {', '.join(sorted(known))}")
    source = open_readout(emulator, paths, recorded, columns, tree, crossing)
    differences = Differences(("emulator", "hardware"), shown=shown)
    told_file = paths if isinstance(paths, (str, Path)) else ", ".join(map(str, paths))

    def add(chunk: Chunk) -> None:
        inputs = {t.name: chunk[t.name] for t in emulator.model.inputs}
        told = hardware_answers(emulator, {name: chunk[_RECORDED + name] for name in recorded})
        differences.add(inputs, chunk.get(CROSSING), emulator.answers(inputs), told)

    for events, _ in evaluated(source.chunks(CHUNK), add, told_file):
        advance(events)
    if not differences.events:
        raise InputError("expected at least one event, got an empty readout")
    return differences


def open_readout(
    emulator: Emulator,
    paths: str | Path | Sequence[str | Path],
    recorded: Mapping[str, str],
    columns: Sequence[str],
    tree: str | None,
    crossing: CrossingColumns | None,
) -> Source:
    """The emulator's inputs and, beside them, what was recorded."""
    names = [t.name for t in emulator.model.inputs]
    wanted = [f"{_RECORDED}{name}={column}" for name, column in recorded.items()]
    for option in columns:
        head, given, _ = option.partition("=")
        whole = len(names) > 1 or (given and head in {*names, *LABELS})
        labelled = option if whole else f"{names[0]}={option}"
        wanted.append(labelled)
    labels = [CROSSING] if any(option.startswith(f"{CROSSING}=") for option in columns) else []
    inputs = [*names, *(_RECORDED + name for name in recorded), *labels]
    try:
        return open_source(paths, inputs, Selection(wanted, tree, crossing))
    except InputError as error:
        text, chosen, _ = str(error).partition(" (choose with ")
        if not chosen or f"input '{_RECORDED}" not in text:
            raise
        raise InputError(f"{text} (choose with --recorded NAME=COLUMN)") from None


def hardware_answers(emulator: Emulator, recorded: Chunk) -> Answers:
    """Recorded columns as answers. Raises InputError for values that can't be any."""
    outputs = {t.name: t for t in emulator.model.outputs}
    told = Answers({}, {})
    for name, values in recorded.items():
        if name == SEEDS and emulator.seeds:
            words = raw_numbers(values, outputs[name])
            if words.shape[1] != 1:
                raise InputError(
                    f"recorded '{name}': expected one word for every event, got {words.shape[1]} numbers; "
                    "put them together in one column"
                )
            told.decisions.update(bits_of(words[:, 0], emulator.seeds))
        elif name in outputs:
            told.numbers[name] = raw_numbers(values, outputs[name])
        else:
            flat = np.asarray(values).reshape(len(values), -1)
            if flat.shape[1] != 1:
                raise InputError(
                    f"recorded '{name}': expected 0 or 1 for every event, got {flat.shape[1]} numbers"
                )
            wrong = (flat[:, 0] != 0) & (flat[:, 0] != 1)
            if wrong.any():
                event = int(np.argmax(wrong))
                raise InputError(f"event {event}, recorded '{name}': expected 0 or 1, got {flat[event, 0]}")
            told.decisions[name] = flat[:, 0] != 0
    return told
