"""``rebake plan``: the stale parts of all assistants, as a matrix of jobs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from rebake.assistant.discovery import FoundAssistant
from rebake.base.visible import one_line
from rebake.build.assistants import (
    PlannedAssistant,
    assistants_below,
    matrix_of_parts,
    plan_assistants,
    stale_by_model,
)
from rebake.build.plan import Baseline
from rebake.errors import StorageError
from rebake.report.model import PART_NAMES
from rebake.store.directory import newest_model


def plan(options: argparse.Namespace) -> int:
    """Print what is stale of each assistant, or the matrix; returns 0."""
    found = assistants_below()
    if options.directory:
        found = [_named(directory, found) for directory in options.directory]
    if not found:
        raise StorageError(
            f"There is no assistant below {Path.cwd()}: no config.yml has a pipeline or policies.",
            fix="Name the directories of the assistants.",
        )

    for each in found:
        newest_model(Path(each.directory, options.out))  # a mistake in --out concerns all of them

    def newest() -> Baseline:
        return Baseline.of_model(newest_model(Path(options.out)))

    assistants = list(plan_assistants(found, newest, stale_by_model, frozenset(options.env)))
    for assistant in assistants:
        if assistant.problem:
            print(f"rebake: {one_line(f'{assistant.directory}: {assistant.problem}')}", file=sys.stderr)
    if options.format == "json":
        print(json.dumps(matrix_of_parts(assistants)))
    else:
        print("\n".join(map(_line, assistants)))
    return 0


def _named(directory: str, found: Sequence[FoundAssistant]) -> FoundAssistant:
    """The assistant in a directory; where none is recognised, one with the files that the defaults name."""
    path = Path(directory)
    if not path.is_dir():
        raise StorageError(f"{directory} is not a directory.", fix="Name the directories of the assistants.")
    place = PurePosixPath(path.as_posix())
    domain = "domain.yml" if (path / "domain.yml").exists() else None
    named = FoundAssistant(place, "config.yml", domain, ("data",))
    return next((assistant for assistant in found if assistant.directory == place), named)


def _line(assistant: PlannedAssistant) -> str:
    parts = "unknown" if assistant.problem else ", ".join(PART_NAMES[part] for part in assistant.stale) or "fresh"
    return one_line(f"{assistant.directory}: {parts}")
