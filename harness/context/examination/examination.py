"""Looks at a target before its gate: row by row, each fault with its fix, whatever else is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import msgspec

from harness.context.examination.answers_checks import ANSWERS
from harness.context.examination.named_things import NAMED_THINGS
from harness.context.examination.surroundings_checks import SURROUNDINGS
from harness.context.examination.symptom import Obstacle, Symptom
from harness.context.run_context import RunContext
from harness.errors import ConfigurationError, HarnessError, ProcessError, one_line

AT_REST: tuple[Symptom, ...] = (*SURROUNDINGS, *NAMED_THINGS)
"""What is checked without starting or sending anything."""


class Examination(msgspec.Struct, kw_only=True):
    """What was checked, and what is wrong."""

    checked: list[str] = []
    """Titles of the rows that were checked, in order."""
    obstacles: list[Obstacle] = []
    left_out: list[str] = []
    """Titles of the rows that could not be checked, because of what is wrong, or was not to be."""


def examine(directory: Path, *, overlay: str | None, live: bool) -> Examination:
    """Look at the target in ``directory``; with ``live`` also start its processes, read once, and deliver once."""
    found = Examination()
    try:
        with RunContext.begun(directory, overlay=overlay) as context:
            context.check_waivers()
            found.checked.append("harness.toml")
            _look(context, AT_REST, found)
            _look_live(context, found, live=live)
    except ConfigurationError as exc:
        found.obstacles.append(Obstacle("harness.toml", str(exc)))
        found.left_out += [symptom.title for symptom in (*AT_REST, *ANSWERS)]
    return found


def _look_live(context: RunContext, found: Examination, *, live: bool) -> None:
    wrong = {obstacle.symptom for obstacle in found.obstacles}
    if not live or wrong & {"variables", "extras", "programs", "ports"}:
        found.left_out += [symptom.title for symptom in _about(context, ANSWERS)]
        return
    try:
        with context.running():
            found.checked.append("the processes of the target")
            _look(context, ANSWERS, found)
    except ProcessError as exc:
        found.obstacles.append(Obstacle("processes", context.vault.redact(str(exc))))
        found.left_out += [symptom.title for symptom in _about(context, ANSWERS)]


def _about(context: RunContext, symptoms: Sequence[Symptom]) -> list[Symptom]:
    """Return those about which the target has anything."""
    return [each for each in symptoms if not each.section or getattr(context.config, each.section) is not None]


def _look(context: RunContext, symptoms: Sequence[Symptom], found: Examination) -> None:
    for symptom in _about(context, symptoms):
        if {obstacle.symptom for obstacle in found.obstacles} & set(symptom.needs):
            found.left_out.append(symptom.title)
            continue
        found.checked.append(symptom.title)
        texts = (context.vault.redact(text) for text in _faults(context, symptom))
        found.obstacles += [Obstacle(symptom.id, text) for text in texts]


def _faults(context: RunContext, symptom: Symptom) -> Iterator[str]:
    try:
        yield from symptom.look(context)
    except HarnessError as exc:
        yield str(exc)
    except httpx.HTTPError as exc:
        yield f"{symptom.title}: {one_line(exc)}"
