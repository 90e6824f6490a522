"""Two versions of a model or of a menu on the same events: what is gained, what is lost."""

from __future__ import annotations

from collections.abc import Callable

from bxnn._core import InputError
from bxnn.sources import Source
from bxnn.sources.source import CROSSING, Chunk, evaluated
from bxnn.study.differences import Differences
from bxnn.study.emulators import SEEDS, Answers, Emulator
from bxnn.study.readout import CHUNK


def compare_versions(
    old: Emulator,
    new: Emulator,
    source: Source,
    *,
    shown: int = 10,
    advance: Callable[[int], None] = lambda events: None,
) -> Differences:
    """Seeds and outputs that both have, by name; seeds that only one has are compared as never firing in the
    other.

    Outputs are compared as raw integers. Raises InputError for a menu and a model, unless both take the
    inputs of the source, if an output changed its format, and for a source without events.
    """
    if bool(old.seeds) != bool(new.seeds):
        menu, other = (old, new) if old.seeds else (new, old)
        raise InputError(
            f"'{menu.name}' is a menu with {len(menu.seeds)} seeds, '{other.name}' a model without; expected "
            "two menus, each as .yml or compiled, or two models"
        )
    formats = {t.name: t.format for t in old.model.outputs}
    for tensor in new.model.outputs:
        if old.seeds and tensor.name == SEEDS:  # compared by name
            continue
        if str(formats.get(tensor.name, tensor.format)) != str(tensor.format):
            raise InputError(
                f"output '{tensor.name}' is {tensor.format}, was {formats[tensor.name]}: its raw integers "
                "can't be compared; compare decisions alone, of menus"
            )
    for emulator in (old, new):
        names = {t.name for t in emulator.model.inputs}
        if missing := sorted(names - set(source.inputs)):
            raise InputError(
                f"'{emulator.name}' takes {missing}; the events have {sorted(source.inputs)}; rename them"
            )
    differences = Differences(("old", "new"), shown=shown)

    def add(chunk: Chunk) -> None:
        one, other = old.answers(chunk), new.answers(chunk)
        differences.add(
            {t.name: chunk[t.name] for t in old.model.inputs},
            chunk.get(CROSSING),
            _with_seeds(one, other),
            _with_seeds(other, one),
        )

    for events, _ in evaluated(source.chunks(CHUNK), add, "the events"):
        advance(events)
    if not differences.events:
        raise InputError("expected at least one event, got none")
    return differences


def _with_seeds(answers: Answers, other: Answers) -> Answers:
    """The same, and the seeds that only the other has, which don't fire."""
    missing = {n: fired & False for n, fired in other.decisions.items() if n not in answers.decisions}
    return Answers(answers.decisions | missing, answers.numbers)
