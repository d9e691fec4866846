"""RegexFeaturizer: one column per regex and lookup table, 1 where a token overlaps a match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from rebake.archive.json_files import read_json, write_json
from rebake.base.sparse_rows import SparseRows
from rebake.base.training_context import TrainingContext
from rebake.nlu.component import TrainingData
from rebake.nlu.message import ACTION_TEXT, RESPONSE, TEXT, Features, Message, Token
from rebake.nlu.patterns import Pattern, extract_patterns, grown, patterns_from_json

_FILE = "patterns.json"


class RegexFeaturizer:
    """Adds sequence and sentence features, and ``token.data["pattern"]`` (name -> matched) for the CRF.

    Without any pattern there are no features at all; neither are there any for an empty text.
    """

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._options = options
        self._origin: str = options["alias"] or f"run_{node}"  # as Rasa names it
        self._case_sensitive = bool(options["case_sensitive"])
        self._patterns: list[Pattern] = []
        self._earlier: list[Pattern] = []

    def continue_from(self, directory: Path | None, training: TrainingData) -> None:
        """Keep the columns of an earlier training, also of patterns that are gone: new ones come behind them."""
        self._earlier = type(self).load(self._options, self.node, directory)._patterns

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        """Collect the patterns of the training data."""
        found = extract_patterns(training.data, self._options, case_sensitive=self._case_sensitive)
        self._patterns = grown(self._earlier, found)
        return {}

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        if not self._patterns:
            return
        for attribute in (TEXT, RESPONSE, ACTION_TEXT) if training else (TEXT,):
            self._featurize([m for m in messages if m.attributes.get(attribute) and m.tokens.get(attribute)], attribute)

    def _featurize(self, messages: Sequence[Message], attribute: str) -> None:
        if not messages:
            return
        rows: list[list[int]] = []
        counts: list[int] = []
        sentences: list[list[int]] = []
        for message in messages:
            tokens = message.tokens[attribute]
            matched = self._match(message.attributes[attribute], tokens)
            rows += matched
            counts.append(len(tokens))
            sentences.append(sorted({column for row in matched for column in row}))
        width = len(self._patterns)
        sequence = SparseRows.from_rows(rows, width).split(counts)
        sentence = SparseRows.from_rows(sentences, width).split([1] * len(sentences))
        for message, token_rows, sentence_row in zip(messages, sequence, sentence, strict=True):
            features = Features(self._origin, sequence=token_rows, sentence=sentence_row)
            message.features.setdefault(attribute, []).append(features)

    def _match(self, text: str, tokens: Sequence[Token]) -> list[list[int]]:
        """Per token the columns of the patterns that it overlaps a match of, ascending."""
        rows: list[list[int]] = [[] for _ in tokens]
        # Of patterns with the same name the last one decides what the token says of the name, as in Rasa.
        flags: list[dict[str, bool]] = [{} for _ in tokens]
        for column, pattern in enumerate(self._patterns):
            spans = [match.span() for match in pattern.compiled.finditer(text)]
            for token, row, flag in zip(tokens, rows, flags, strict=True):
                overlaps = any(token.start < end and token.end > start for start, end in spans)
                flag[pattern.name] = overlaps
                if overlaps:
                    row.append(column)
        for token, flag in zip(tokens, flags, strict=True):
            token.data["pattern"] = flag
        return rows

    def save(self, directory: Path) -> None:
        write_json(directory / _FILE, [pattern.as_dict() for pattern in self._patterns])

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        component = cls(options, node)
        if directory is not None:
            entries = read_json(directory / _FILE, list)
            component._patterns = patterns_from_json(entries, case_sensitive=component._case_sensitive)
        return component
