"""What CRFEntityExtractor sees of a token: attributes of the token and its neighbours, each a string with a weight.

CRFsuite knows attributes by their names: ``"-1:low:tea"`` (weight 1) says that the token before is "tea" in lower case,
``"0:upper"`` has weight 1 where the token itself is in capitals and 0 where not. The names are Rasa's, since Rasa
trains the same model again from the stored tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rebake.nlu.entity_tags import OUTSIDE
from rebake.nlu.token_shapes import SHAPES

PATTERN, DENSE, ENTITY = "pattern", "text_dense_features", "entity"
POS = "pos"

_OF_TEXT: Mapping[str, Callable[[str], str | bool]] = {"low": str.lower, "bias": lambda _: "bias", **SHAPES}

Attributes = dict[str, float]
"""Name -> weight, in the order in which CRFsuite is to see them."""


@dataclass(slots=True)
class CrfToken:
    """One entry of ``crf_dataset.json``.

    Attributes:
        pos_tag: part of speech, where the tokenizer provides it.
        pattern: name of a regex or lookup table -> whether the token overlaps a match.
        dense_features: of all dense featurizers.
        tags: entity, role and group tag.
    """

    text: str
    pos_tag: str | None = None
    pattern: Mapping[str, bool] = field(default_factory=dict)
    dense_features: Sequence[float] = ()
    tags: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Serialize as Rasa does."""
        return {
            "text": self.text,
            "pos_tag": self.pos_tag,
            "pattern": dict(self.pattern),
            "dense_features": [str(value) for value in self.dense_features],
            **{f"{ENTITY}{part}_tag": self.tags.get(name, OUTSIDE) for part, name in _TAG_KEYS},
        }

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> CrfToken:
        """Read an entry. Raises KeyError, ValueError or TypeError on anything that Rasa did not write."""
        return CrfToken(
            str(values["text"]),
            None if values["pos_tag"] is None else str(values["pos_tag"]),
            {str(name): bool(matched) for name, matched in values["pattern"].items()},
            tuple(float(value) for value in values["dense_features"]),
            {name: str(values[f"{ENTITY}{part}_tag"]) for part, name in _TAG_KEYS},
        )


_TAG_KEYS = (("", "entity"), ("_role", "role"), ("_group", "group"))  # in the order of the keys in Rasa's file


class Window:
    """Option ``features``: what is looked at of the tokens before, of the token itself, and of those after.

    What a token gives at a place in the window is remembered, since most tokens come again.
    """

    def __init__(self, features: list[list[str]]) -> None:
        """``features`` is an odd number of lists of known names."""
        self.features = features
        self._names = [tuple(dict.fromkeys(names)) for names in self.features]
        self._seen: dict[tuple[Any, ...], Attributes] = {}

    def attributes(self, tokens: Sequence[CrfToken], *, with_entity: bool) -> list[Attributes]:
        """Return the attributes of every token of one text.

        Args:
            tokens: of the text.
            with_entity: for roles and groups, which are tagged when the entities are known: adds their tags around.
        """
        half = len(self._names) // 2
        keys = [(token.text, token.pos_tag, *token.pattern.items()) for token in tokens]
        rows: list[Attributes] = []
        for place in range(len(tokens)):
            row: Attributes = {}
            for offset in range(-half, half + 1):
                neighbour = place + offset
                if neighbour < 0:
                    row["BOS"] = 1.0
                elif neighbour >= len(tokens):
                    row["EOS"] = 1.0
                else:
                    row.update(self._of(tokens[neighbour], keys[neighbour], offset))
                    if with_entity:
                        _add(row, f"{offset}:{ENTITY}", ENTITY, tokens[neighbour])
            rows.append(row)
        return rows

    def _of(self, token: CrfToken, key: tuple[Any, ...], offset: int) -> Attributes:
        found = self._seen.get((offset, key))
        if found is None:
            names = self._names[offset + len(self._names) // 2]
            found = {}
            for name in names:
                _add(found, f"{offset}:{name}", name, token)
            if len(self._seen) < _CACHE_SIZE and DENSE not in names and ENTITY not in names:
                self._seen[offset, key] = found
        return found


_CACHE_SIZE = 200_000  # a server that lives long must not remember every token it ever saw


def _add(row: Attributes, key: str, name: str, token: CrfToken) -> None:
    if name in _OF_TEXT:
        value = _OF_TEXT[name](token.text)
        if isinstance(value, str):
            row[f"{key}:{value}"] = 1.0
        else:
            row[key] = float(value)
    elif name == PATTERN:
        row.update((f"{key}:{pattern}", float(matched)) for pattern, matched in token.pattern.items())
    elif name == DENSE:
        row.update((f"{key}:{DENSE}:{index}", float(value)) for index, value in enumerate(token.dense_features))
    elif name == ENTITY:
        row[f"{key}:{token.tags.get(ENTITY, OUTSIDE)}"] = 1.0
    elif token.pos_tag is not None:
        row[f"{key}:{token.pos_tag if name == POS else token.pos_tag[:2]}"] = 1.0
