"""The assistants of a repository, and the parts of each that are to be trained, as a matrix of jobs on GitHub."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebake.archive.manifest import Part
from rebake.assistant.importer import load_assistant
from rebake.assistant.yaml.yaml12 import read_yaml
from rebake.build.plan import Baseline, Plan, make_plan
from rebake.build.request import Request
from rebake.errors import DataError, ModelError, RebakeError, StorageError
from rebake.staleness.verdict import needs_training

CONFIG, DOMAIN, DATA = "config.yml", "domain.yml", "data"
RECOGNISED = frozenset({"pipeline", "policies", "recipe"})  # keys of which a config.yml of Rasa has one at least
SKIPPED = frozenset({"node_modules", "venv", "site-packages", "__pycache__"})  # besides those that start with a dot

TRAINED_PARTS: tuple[Part, ...] = ("core", "nlu")
Stale = Callable[[Plan], Sequence[Part]]


@dataclass(frozen=True)
class PlannedAssistant:
    """An assistant and what is stale of it.

    Attributes:
        directory: relative to where the search began, "." for that itself.
        stale: the stale parts; all that are trained where ``problem`` keeps from saying.
        together: Core and NLU train in one job, since Core sees texts as the NLU pipeline does.
        problem: why it cannot be read; its own job reports that with all details.
    """

    directory: str
    stale: tuple[Part, ...]
    together: bool = False
    problem: str = ""

    @property
    def groups(self) -> list[list[Part]]:
        """The parts of each of its jobs."""
        parts = [part for part in TRAINED_PARTS if part in self.stale]
        return [parts] if self.together and parts else [[part] for part in parts]


def find_assistants(root: Path = Path()) -> list[str]:
    """Return the directories at or below ``root`` whose config.yml has keys of Rasa's, sorted. Follows no link."""
    found = []
    for place, directories, files in os.walk(root):
        directories[:] = sorted(name for name in directories if not name.startswith(".") and name not in SKIPPED)
        if CONFIG in files and _is_assistant(Path(place) / CONFIG):
            found.append(Path(place).relative_to(root).as_posix())
    return sorted(found)


def _is_assistant(config: Path) -> bool:
    try:
        content = read_yaml(config).value
    except RebakeError:  # its job says what is wrong with it, if a person names it
        return False
    return isinstance(content, dict) and bool(RECOGNISED & content.keys())


def plan_assistants(
    directories: Iterable[str], baseline: Callable[[], Baseline], stale: Stale, env: frozenset[str] = frozenset()
) -> Iterator[PlannedAssistant]:
    """Plan each assistant, with the files that the defaults name, and find what is stale of it.

    Args:
        directories: relative to the working directory.
        baseline: the model to compare with, asked in the assistant's directory.
        stale: the stale parts of a plan.
        env: names of environment variables that the files may use.
    """
    for directory in directories:
        with chdir(directory):
            try:
                domain = DOMAIN if Path(DOMAIN).exists() else None
                assistant = load_assistant(CONFIG, domain, [DATA], env=env)
                plan = make_plan(Request(assistant=assistant, to_train=False), baseline())
            except (DataError, ModelError, StorageError) as error:
                yield PlannedAssistant(directory, TRAINED_PARTS, together=True, problem=str(error).splitlines()[0])
                continue
        yield PlannedAssistant(directory, tuple(stale(plan)), together=assistant.is_end_to_end)


def stale_by_model(plan: Plan) -> tuple[Part, ...]:
    """What the comparison with a model says."""
    return tuple(part.part for part in plan.verdict.parts if needs_training(part.state))


def matrix_of_parts(assistants: Iterable[PlannedAssistant]) -> dict[str, Any]:
    """Return a job for each stale part that has to be trained, for ``strategy.matrix``."""
    return {
        "include": [
            {"working-directory": assistant.directory, "parts": ",".join(group)}
            for assistant in assistants
            for group in assistant.groups
        ]
    }


def matrix_of_assistants(assistants: Iterable[PlannedAssistant]) -> dict[str, Any]:
    """Return a job for each assistant, stale or not, for ``strategy.matrix``."""
    return {"include": [{"working-directory": assistant.directory} for assistant in assistants]}
