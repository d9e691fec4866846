"""LexicalSyntacticFeaturizer: shape of a token and its neighbours, one-hot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rebake.archive.json_files import read_json, write_json
from rebake.base.names import named
from rebake.base.sparse_rows import SparseRows
from rebake.base.training_context import TrainingContext
from rebake.errors import ModelError
from rebake.nlu.component import TrainingData
from rebake.nlu.message import TEXT, Features, Message, Token
from rebake.nlu.token_shapes import SHAPES

_FILE = "feature_to_idx_dict.json"
_SEPARATOR = "###"

# The value of a feature is the text of what these give: "True", "False", "None", or letters of the token.
_OF_TEXT: Mapping[str, Callable[[str], object]] = {"low": str.islower, **SHAPES}
_POS, _POS2 = "pos", "pos2"  # part of speech, of tokenizers that provide it
_BEGIN, _END = "BOS", "EOS"

_Key = tuple[int, str]  # position in the window, feature
_Seen = tuple[str, str | None, bool, bool]  # all that features depend on: text, part of speech, first token, last token


class LexicalSyntacticFeaturizer:
    """Adds sequence features of the text; ``features`` is a window: a list of feature names per neighbour."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._origin: str = options["alias"] or f"run_{node}"  # as Rasa names it
        self._window: list[list[str]] = options["features"]
        self._first_offset = -(len(self._window) // 2)  # an even window looks one token further back
        self._indices: dict[_Key, dict[str, int]] = {}
        self._columns: dict[_Seen, tuple[list[int], ...]] = {}
        self._earlier: dict[_Key, dict[str, int]] = {}

    def continue_from(self, directory: Path | None, training: TrainingData) -> None:
        """Keep the columns of an earlier training: new values come behind them."""
        self._earlier = type(self).load({"alias": None, "features": self._window}, self.node, directory)._indices

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        """Number the values seen, in the order of window position, feature name and value."""
        met: list[set[_Seen]] = [set() for _ in self._window]
        for message in training.featurized:
            tokens = _seen(message.tokens.get(TEXT, []))
            for offset, at_position in enumerate(met, self._first_offset):
                at_position.update(tokens[max(0, offset) : len(tokens) + min(0, offset)])
        values: dict[_Key, set[str]] = {}
        for position, at_position in enumerate(met):
            for token in at_position:
                for name in self._window[position]:
                    values.setdefault((position, name), set()).add(_value(name, token))
        self._indices = {key: dict(columns) for key, columns in self._earlier.items()}
        offset = sum(map(len, self._indices.values()))
        for key in sorted(values):
            columns = self._indices.setdefault(key, {})
            new = sorted(values[key] - columns.keys())
            columns.update({value: offset + rank for rank, value in enumerate(new)})
            offset += len(new)
        self._columns = {}
        return {}

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        if not self._indices:
            return
        messages = [message for message in messages if message.tokens.get(TEXT)]
        if not messages:
            return
        numbers: dict[_Seen, int] = {}
        lengths = [len(message.tokens[TEXT]) for message in messages]
        ids = [numbers.setdefault(token, len(numbers)) for message in messages for token in _seen(message.tokens[TEXT])]
        rows = self._rows(np.array(ids), np.array(lengths), [self._columns_of(token) for token in numbers])
        for message, sequence in zip(messages, rows.split(lengths), strict=True):
            message.features.setdefault(TEXT, []).append(Features(self._origin, sequence=sequence))

    def _rows(
        self, ids: NDArray[np.int64], lengths: NDArray[np.int64], columns: Sequence[tuple[list[int], ...]]
    ) -> SparseRows:
        """What each token gets from the neighbours in its window, each at its position; nothing from beyond the text.

        Args:
            ids: int [all tokens], places in ``columns``.
            lengths: int [texts]
            columns: of each distinct token those that it gives at each position.
        """
        width = sum(map(len, self._indices.values()))
        place = np.arange(len(ids)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        length = np.repeat(lengths, lengths)
        parts = []
        for position in range(len(self._window)):
            offset = self._first_offset + position
            exists = (place + offset >= 0) & (place + offset < length)
            neighbours = np.where(exists, np.roll(ids, -offset), len(columns))
            table = SparseRows.from_rows([*(of_token[position] for of_token in columns), []], width)
            parts.append(table.take(neighbours))
        return SparseRows.overlaid(parts)

    def _columns_of(self, token: _Seen) -> tuple[list[int], ...]:
        """Per position in the window the columns that a token there gives; values never seen in training give none."""
        columns = self._columns.get(token)
        if columns is None:
            columns = tuple(
                [
                    column
                    for name in dict.fromkeys(names)
                    if (column := self._indices.get((position, name), {}).get(_value(name, token))) is not None
                ]
                for position, names in enumerate(self._window)
            )
            if len(self._columns) < _CACHE_SIZE:
                self._columns[token] = columns
        return columns

    def save(self, directory: Path) -> None:
        if self._indices:
            content = {f"{position}{_SEPARATOR}{name}": values for (position, name), values in self._indices.items()}
            write_json(directory / _FILE, content)

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        component = cls(options, node)
        if directory is not None:
            for key, values in read_json(directory / _FILE, dict).items():
                position, separator, name = key.partition(_SEPARATOR)
                if not separator or not position.isdecimal() or not isinstance(values, dict):
                    raise ModelError(f"{_FILE} of {named(node)} has the unreadable key {key!r}.", fix="Train it again.")
                component._indices[int(position), name] = values
        return component


_CACHE_SIZE = 200_000  # a server that lives long must not remember every token it ever saw


def _seen(tokens: Sequence[Token]) -> list[_Seen]:
    last = len(tokens) - 1
    return [(token.text, token.data.get(_POS), i == 0, i == last) for i, token in enumerate(tokens)]


def _value(name: str, token: _Seen) -> str:
    text, part_of_speech, is_first, is_last = token
    if name == _BEGIN:
        return str(is_first)
    if name == _END:
        return str(is_last)
    if name == _POS:
        return str(part_of_speech)
    if name == _POS2:
        return str(None if part_of_speech is None else part_of_speech[:2])
    return str(_OF_TEXT[name](text))
