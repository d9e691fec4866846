"""Which parts the user's own Rasa is to train, and what their fingerprints cover besides."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rebake.archive.manifest import Item, Part
from rebake.assistant.model import Assistant, ComponentSpec
from rebake.errors import UnsupportedError
from rebake.own_rasa.environment import OwnRasa
from rebake.own_rasa.modules import ModuleSources, search_path
from rebake.registry.entry import Section
from rebake.registry.lookup import find, needs_rasa
from rebake.registry.node import is_left_out


@dataclass(frozen=True)
class OwnTraining:
    """What Rasa trains.

    Attributes:
        version: of Rasa.
        parts: those with a component or policy that rebake does not train.
        modules: dotted path of a class -> the files of the assistant that its module and what that imports are in.
        packages: the directories of Rasa's environment that packages are installed in.
    """

    version: str
    parts: frozenset[Part]
    modules: Mapping[str, tuple[Item, ...]]
    packages: tuple[Path, ...] = ()

    def items(self, specs: Sequence[ComponentSpec]) -> tuple[Item, ...]:
        """The files of all classes among some components, each once, sorted."""
        found = {item.name: item for spec in specs for item in self.modules.get(spec.name, ())}
        return tuple(found[name] for name in sorted(found))


NOTHING = OwnTraining("", frozenset(), {})


def plan_own_training(rasa: OwnRasa | None, assistant: Assistant, parts: frozenset[Part]) -> OwnTraining:
    """Find the parts that Rasa has to train; none without ``rasa``, or where rebake trains everything.

    Raises:
        DataError: a module of the assistant cannot be found.
        UnsupportedError: Core sees texts through the pipeline, so that neither part can be trained without the other.
        StorageError: a module cannot be read.
    """
    if rasa is None:
        return NOTHING
    config = assistant.config
    asked: dict[Part, tuple[Section, list[ComponentSpec]]] = {}
    if "nlu" in parts and assistant.nlu:
        asked["nlu"] = "pipeline", list(config.pipeline)
    if "core" in parts and assistant.stories and not assistant.domain.is_empty:
        asked["core"] = "policies", [spec for spec in config.policies if not is_left_out(spec, config)]
    foreign = {
        part: (section, [spec for spec in specs if needs_rasa(spec, section)])
        for part, (section, specs) in asked.items()
        if any(needs_rasa(spec, section) for spec in specs)
    }
    if not foreign:
        return NOTHING
    if len(asked) == 2 and assistant.is_end_to_end:
        _, specs = next(iter(foreign.values()))
        raise _entangled(assistant, specs[0])
    directory = Path.cwd()
    python_path = os.environ.get("PYTHONPATH") if "PYTHONPATH" in rasa.env else None
    sources = ModuleSources(search_path(directory, python_path), rasa.environment.packages)
    modules = {
        spec.name: sources.items(spec)
        for section, specs in foreign.values()
        for spec in specs
        if find(spec.name, section) is None and not spec.name.startswith("rasa.")  # those the version covers
    }
    return OwnTraining(rasa.environment.version, frozenset(foreign), modules, rasa.environment.packages)


def _entangled(assistant: Assistant, spec: ComponentSpec) -> UnsupportedError:
    story = next(story for story in assistant.stories if story.is_end_to_end)
    return UnsupportedError(
        f"'{story.name}' contains texts, so that Core learns through the pipeline, and '{spec.name}' is not trained by "
        "rebake: one part cannot be trained by Rasa and the other by rebake.",
        location=story.location,
        fix="Write intents and actions in the stories, or train this assistant with `rasa train` alone.",
    )
