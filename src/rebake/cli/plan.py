"""``rebake plan``: the stale parts of all assistants, as a matrix of jobs."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rebake.base.visible import one_line
from rebake.build.assistants import (
    PlannedAssistant,
    find_assistants,
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
    directories = options.directory or find_assistants()
    if not directories:
        raise StorageError(
            f"There is no assistant below {Path.cwd()}: no config.yml has a pipeline or policies.",
            fix="Name the directories of the assistants.",
        )
    for directory in directories:
        if not Path(directory).is_dir():
            raise StorageError(f"{directory} is no directory.", fix="Name the directories of the assistants.")

    def newest() -> Baseline:
        return Baseline.of_model(newest_model(Path(options.out)))

    assistants = list(plan_assistants(directories, newest, stale_by_model, frozenset(options.env)))
    for assistant in assistants:
        if assistant.problem:
            print(f"rebake: {one_line(f'{assistant.directory}: {assistant.problem}')}", file=sys.stderr)
    if options.json:
        print(json.dumps(matrix_of_parts(assistants)))
    else:
        print("\n".join(map(_line, assistants)))
    return 0


def _line(assistant: PlannedAssistant) -> str:
    parts = "unknown" if assistant.problem else ", ".join(PART_NAMES[part] for part in assistant.stale) or "fresh"
    return one_line(f"{assistant.directory}: {parts}")
