"""EntitySynonymMapper: replaces the values of found entities by what they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from rebake.archive.json_files import read_json, write_json
from rebake.assistant.nlu_data.synonyms import learn_synonyms
from rebake.base.location import Location
from rebake.base.notice_kinds import NoticeKind
from rebake.base.training_context import TrainingContext
from rebake.nlu.component import TrainingData
from rebake.nlu.message import Message

_FILE = "synonyms.json"


class EntitySynonymMapper:
    """Whatever extractor found an entity: a value that is known as a synonym, in any case, becomes its target."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._targets: dict[str, str] = {}

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        """Synonyms as written, then every annotated entity; targets stand for themselves in any case."""

        def warn(surface: str, known: str, value: str, place: Location | None) -> None:
            message = f"{surface!r} is a synonym of {known!r} and of {value!r}; the last one counts."
            context.warn(message, place, NoticeKind.SYNONYM_CONFLICT)

        self._targets = dict(sorted(learn_synonyms(training.data, warn).items()))
        return {}

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        for message in messages:
            for entity in message.entities:
                target = self._targets.get(str(entity["value"]).lower())
                if target is not None:
                    entity["value"] = target
                    entity.setdefault("processors", []).append("EntitySynonymMapper")

    def save(self, directory: Path) -> None:
        if self._targets:
            write_json(directory / _FILE, self._targets)

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        component = cls(options, node)
        if directory is not None:
            component._targets = read_json(directory / _FILE, dict)
        return component
