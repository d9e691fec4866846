"""LexicalSyntacticFeaturizer: shape of a token and its neighbours, one-hot (RASA36 section 2.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from rebake.errors import DataError, ModelError
from rebake.nlu.component import TrainingContext, TrainingData
from rebake.nlu.files import read_json, write_json
from rebake.nlu.message import TEXT, Features, Message, Token
from rebake.nlu.sparse import SparseRows

_FILE = "feature_to_idx_dict.json"
_SEPARATOR = "###"

# The value of a feature is the text of what these give: "True", "False", "None", or letters of the token.
_FEATURES: Mapping[str, Callable[[Token], object]] = {
    "low": lambda token: token.text.islower(),
    "title": lambda token: token.text.istitle(),
    "upper": lambda token: token.text.isupper(),
    "digit": lambda token: token.text.isdigit(),
    "prefix2": lambda token: token.text[:2],
    "prefix5": lambda token: token.text[:5],
    "suffix1": lambda token: token.text[-1:],
    "suffix2": lambda token: token.text[-2:],
    "suffix3": lambda token: token.text[-3:],
    "suffix5": lambda token: token.text[-5:],
    "pos": lambda token: token.data.get("pos"),
    "pos2": lambda token: token.data["pos"][:2] if "pos" in token.data else None,
}
_BEGIN, _END = "BOS", "EOS"
_NAMES = frozenset(_FEATURES) | {_BEGIN, _END}

_Key = tuple[int, str]  # position in the window, feature
_Seen = tuple[int, str, object, bool, bool]  # position in the window; token's text and part of speech; first? last?


class LexicalSyntacticFeaturizer:
    """Adds sequence features of the text; ``features`` is a window: a list of feature names per neighbour."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._origin: str = options["alias"] or node
        self._window = _checked(options["features"])
        self._first_offset = -(len(self._window) // 2)  # an even window looks one token further back
        self._indices: dict[_Key, dict[str, int]] = {}
        self._columns: dict[_Seen, tuple[int, ...]] = {}

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        """Number the values seen, in the order of window position, feature name and value."""
        values: dict[_Key, set[str]] = {}
        done: set[_Seen] = set()
        for message in training.messages:
            for _, seen, token in self._neighbours(message.tokens.get(TEXT, [])):
                if seen not in done:
                    done.add(seen)
                    for key, value in self._values(seen, token):
                        values.setdefault(key, set()).add(value)
        self._indices = {}
        offset = 0
        for key in sorted(values):
            self._indices[key] = {value: offset + rank for rank, value in enumerate(sorted(values[key]))}
            offset += len(values[key])
        self._columns = {}
        return {}

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        if not self._indices:
            return
        messages = [message for message in messages if message.tokens.get(TEXT)]
        if not messages:
            return
        rows: list[list[int]] = []
        counts: list[int] = []
        for message in messages:
            tokens = message.tokens[TEXT]
            of_message: list[list[int]] = [[] for _ in tokens]
            for anchor, seen, token in self._neighbours(tokens):
                of_message[anchor] += self._columns_of(seen, token)
            rows += map(sorted, of_message)
            counts.append(len(tokens))
        width = sum(map(len, self._indices.values()))
        for message, sequence in zip(messages, SparseRows.from_rows(rows, width).split(counts), strict=True):
            message.features.setdefault(TEXT, []).append(Features(self._origin, sequence=sequence))

    def _neighbours(self, tokens: Sequence[Token]) -> Iterator[tuple[int, _Seen, Token]]:
        """Each token, each token of its window, and what the features of that one depend on."""
        last = len(tokens) - 1
        for anchor in range(len(tokens)):
            for position in range(len(self._window)):
                index = anchor + self._first_offset + position
                if 0 <= index <= last:
                    token = tokens[index]
                    yield anchor, (position, token.text, token.data.get("pos"), index == 0, index == last), token

    def _values(self, seen: _Seen, token: Token) -> Iterator[tuple[_Key, str]]:
        position, _, _, first, last = seen
        for name in self._window[position]:
            value = first if name == _BEGIN else last if name == _END else _FEATURES[name](token)
            yield (position, name), str(value)

    def _columns_of(self, seen: _Seen, token: Token) -> tuple[int, ...]:
        columns = self._columns.get(seen)
        if columns is None:
            found = (self._indices.get(key, {}).get(value) for key, value in self._values(seen, token))
            columns = tuple({column for column in found if column is not None})
            if len(self._columns) < _CACHE_SIZE:
                self._columns[seen] = columns
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
                    raise ModelError(f"{_FILE} of {node} has the unreadable key {key!r}.", fix="Train it again.")
                component._indices[int(position), name] = values
        return component


_CACHE_SIZE = 200_000  # a server that lives long must not remember every token it ever saw


def _checked(window: object) -> list[list[str]]:
    """The option ``features``. Raises DataError."""
    fix = f"Give a list of lists of these: {', '.join(sorted(_NAMES))}."
    if not isinstance(window, list) or not all(isinstance(names, list) for names in window):
        raise DataError("features is not a list of lists.", fix=fix)
    for name in (name for names in window for name in names):
        if name not in _NAMES:
            raise DataError(f"features: there is no feature {name!r}.", fix=fix)
    return window
