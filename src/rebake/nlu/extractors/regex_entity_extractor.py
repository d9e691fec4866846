"""RegexEntityExtractor: one entity per match of a regex or lookup table of the entity's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from rebake.archive.json_files import read_json, write_json
from rebake.base.names import named
from rebake.base.training_context import TrainingContext
from rebake.nlu.component import TrainingData
from rebake.nlu.message import Message
from rebake.nlu.patterns import Pattern, extract_patterns, patterns_from_json

_FILE = "regex.json"


class RegexEntityExtractor:
    """Adds entities without a confidence, pattern by pattern; only names that are annotated in the data count."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._options = options
        self._case_sensitive = bool(options["case_sensitive"])
        self._patterns: list[Pattern] = []

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        """Collect the patterns whose name is an entity of the examples."""
        names = frozenset(entity.entity for example in training.data.examples for entity in example.entities)
        self._patterns = extract_patterns(
            training.data, self._options, case_sensitive=self._case_sensitive, names=names
        )
        if not self._patterns:
            context.warn(
                f"{named(self.node)} finds nothing: no regex and no lookup table has the name of an annotated entity."
            )
        return {}

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        for message in messages:
            for pattern in self._patterns:
                for match in pattern.compiled.finditer(message.text):
                    message.entities.append(
                        {
                            "entity": pattern.name,
                            "start": match.start(),
                            "end": match.end(),
                            "value": match[0],
                            "extractor": "RegexEntityExtractor",
                        }
                    )

    def save(self, directory: Path) -> None:
        if self._patterns:
            write_json(directory / _FILE, [pattern.as_dict() for pattern in self._patterns])

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        component = cls(options, node)
        if directory is not None:
            entries = read_json(directory / _FILE, list)
            component._patterns = patterns_from_json(entries, case_sensitive=component._case_sensitive)
        return component
