"""The assistants of a repository, and the parts of each that are to be trained, as a matrix of jobs on GitHub."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from rebake.archive.manifest import Part
from rebake.assistant.discovery import FoundAssistant, find_assistants
from rebake.assistant.importer import load_assistant
from rebake.build.plan import Baseline, Plan, make_plan
from rebake.build.request import Request
from rebake.errors import DataError, ModelError, StorageError
from rebake.staleness.verdict import needs_training

SKIPPED = frozenset({"node_modules", "venv", "site-packages", "__pycache__"})  # besides those that start with a dot

TRAINED_PARTS: tuple[Part, ...] = ("core", "nlu")
Stale = Callable[[Plan], Sequence[Part]]


@dataclass(frozen=True)
class PlannedAssistant:
    """An assistant and what is stale of it.

    Attributes:
        found: its files; the directory is relative to where the search began.
        stale: the stale parts; all that are trained where ``problem`` keeps from saying.
        together: Core and NLU train in one job, since Core sees texts as the NLU pipeline does.
        problem: why it cannot be read; its own job reports that with all details.
    """

    found: FoundAssistant
    stale: tuple[Part, ...]
    together: bool = False
    problem: str = ""

    @property
    def directory(self) -> str:
        """Its directory, "." for where the search began."""
        return str(self.found.directory)

    @property
    def inputs(self) -> dict[str, str]:
        """The inputs of the action that name its files."""
        domain, data = self.found.domain or "domain.yml", "\n".join(self.found.data)
        return {"working-directory": self.directory, "config": self.found.config, "domain": domain, "data": data}

    @property
    def groups(self) -> list[list[Part]]:
        """The parts of each of its jobs."""
        parts = [part for part in TRAINED_PARTS if part in self.stale]
        return [parts] if self.together and parts else [[part] for part in parts]


def assistants_below(root: Path = Path()) -> list[FoundAssistant]:
    """Return the assistants at or below ``root``. No link to a directory is followed."""
    files = []
    for place, directories, names in os.walk(root):
        directories[:] = sorted(name for name in directories if not name.startswith(".") and name not in SKIPPED)
        files += [PurePosixPath(Path(place).relative_to(root).as_posix(), name) for name in names]
    return find_assistants(root, files)


def plan_assistants(
    assistants: Iterable[FoundAssistant],
    baseline: Callable[[], Baseline],
    stale: Stale,
    env: frozenset[str] = frozenset(),
    augmentation_factor: int | None = None,
) -> Iterator[PlannedAssistant]:
    """Plan each assistant, and find what is stale of it.

    Args:
        assistants: their directories are relative to the working directory.
        baseline: the model to compare with, asked in the assistant's directory.
        stale: the stale parts of a plan.
        env: names of environment variables that the files may use.
        augmentation_factor: of the stories, as their training has it.
    """
    for found in assistants:
        with chdir(found.directory):
            try:
                assistant = load_assistant(found.config, found.domain, found.data, env=env)
                request = Request(assistant=assistant, to_train=False, augmentation_factor=augmentation_factor)
                plan = make_plan(request, baseline())
            except (DataError, ModelError, StorageError) as error:
                yield PlannedAssistant(found, TRAINED_PARTS, together=True, problem=str(error).splitlines()[0])
                continue
        yield PlannedAssistant(found, tuple(stale(plan)), together=assistant.is_end_to_end)


def stale_by_model(plan: Plan) -> tuple[Part, ...]:
    """What the comparison with a model says."""
    return tuple(part.part for part in plan.verdict.parts if needs_training(part.state))


def matrix_of_parts(assistants: Iterable[PlannedAssistant]) -> dict[str, Any]:
    """Return a job for each stale part that has to be trained, for ``strategy.matrix``."""
    return {
        "include": [
            {**assistant.inputs, "parts": ",".join(group)} for assistant in assistants for group in assistant.groups
        ]
    }


def matrix_of_assistants(assistants: Iterable[PlannedAssistant]) -> dict[str, Any]:
    """Return a job for each assistant, stale or not, for ``strategy.matrix``."""
    return {"include": [assistant.inputs for assistant in assistants]}
