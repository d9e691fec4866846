"""Mode plan: which parts of which assistants are stale, as matrices for the jobs that train them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from rebake.action.event import Event
from rebake.action.runner import Runner
from rebake.action.settings import Settings
from rebake.archive.lineage import finetuned_key
from rebake.archive.manifest import Part
from rebake.base.confinement import confined_to
from rebake.build.assistants import (
    PlannedAssistant,
    assistants_below,
    matrix_of_assistants,
    matrix_of_parts,
    plan_assistants,
)
from rebake.build.plan import NO_BASELINE, Plan
from rebake.errors import DataError, RebakeError
from rebake.report.escaping import code, escape
from rebake.report.model import PART_NAMES
from rebake.report.redaction import Redaction
from rebake.store.protocol import Store


def plan_matrices(settings: Settings, event: Event, store: Store, runner: Runner) -> int:
    """Find the assistants below the working directory, and set the outputs; returns the exit code.

    A part is stale if the store does not have it, or the input force is set. Nothing is compared, trained, commented or
    set.
    """
    redaction = Redaction.of(os.environ.get(name, "") for name in settings.env)

    def stale(plan: Plan) -> list[Part]:
        wanted = [part for part in plan.verdict.parts if part.fingerprint is not None]
        return [part.part for part in wanted if settings.force or not has(part.part, part.fingerprint or "")]

    def has(part: Part, fingerprint: str) -> bool:
        keys = (fingerprint, finetuned_key(fingerprint)) if settings.finetune == "auto" else (fingerprint,)
        return any(store.find(part, key) is not None for key in keys)

    try:
        with confined_to(event.workspace):
            found = assistants_below()
            if not found:
                raise DataError(
                    "There is no assistant: no config.yml below the working directory has a pipeline or policies.",
                    fix="Check the input working-directory.",
                )
            planned = plan_assistants(found, lambda: NO_BASELINE, stale, settings.env, settings.augmentation_factor)
            assistants = [replace(assistant, problem=redaction.text(assistant.problem)) for assistant in planned]
    except RebakeError as error:
        runner.error(redaction.text(str(error)), error.location)
        return error.exit_code
    below = [in_repository(assistant, runner) for assistant in assistants]
    matrix = matrix_of_parts(below)
    runner.output("matrix", json.dumps(matrix) if matrix["include"] else "")  # GitHub takes no matrix without jobs
    runner.output("assistants", json.dumps(matrix_of_assistants(below)))
    runner.output("result", "stale" if any(assistant.stale for assistant in assistants) else "fresh")
    runner.summary(_summary(below))
    return 0


def in_repository(assistant: PlannedAssistant, runner: Runner) -> PlannedAssistant:
    """The assistant with its directory relative to the workspace, as the input working-directory is."""
    path = PurePosixPath(runner.in_repository(assistant.directory))
    return replace(assistant, found=replace(assistant.found, directory=path))


def _summary(assistants: Sequence[PlannedAssistant]) -> str:
    rows = ["| Assistant | Stale |", "| --- | --- |"]
    for assistant in assistants:
        parts = ", ".join(PART_NAMES[part] for part in assistant.stale)
        found = f"not known: {escape(assistant.problem)}" if assistant.problem else parts or "nothing"
        rows.append(f"| {code(assistant.directory)} | {found} |")
    return "### rebake\n\n" + "\n".join(rows) + "\n"
