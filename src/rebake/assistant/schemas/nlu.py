"""The schema of ``nlu:`` in a data file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rebake.assistant.schemas.containers import ByKey, Either, Fields, Items
from rebake.assistant.schemas.kinds import Anything, Fault, Name, String

_TEXTS = "text with an example per line"
_BLOCK_FIX = "Write 'examples: |', with the bar: the lines '- text' below it are then one text."


@dataclass(frozen=True)
class _BlockText(String):
    """Text with an example per line."""

    def fix(self, value: Any) -> str:
        return _BLOCK_FIX if isinstance(value, list) else "Write 'examples: |' and '- text' below it."


@dataclass(frozen=True)
class _ListedExamples(Items):
    """Examples as mappings. A list of plain texts, which lacks the bar, is one fault and not one for each example."""

    def inner(self, value: Any, name: str) -> Iterator[Fault]:
        if value and all(isinstance(item, str) for item in value):
            yield Fault(f"{name} is a list of texts, but must be {_TEXTS}", _BLOCK_FIX)
        else:
            yield from super().inner(value, name)


_BLOCK = _BlockText(nullable=True, what=_TEXTS)
_EXAMPLE = Fields({"text": Name(what="text"), "metadata": Anything()}, required=("text",), example="- text: ...")
_EXAMPLES = Either(
    (_BLOCK, _ListedExamples(_EXAMPLE, "An example", "text: ...")), _TEXTS, "'examples: |' and '- text' below it"
)


def _named(key: str) -> Fields:
    return Fields({key: String(nullable=True), "examples": _BLOCK})


NLU = Items(
    ByKey(
        {
            "intent": Fields({"intent": String(nullable=True), "metadata": Anything(), "examples": _EXAMPLES}),
            "synonym": _named("synonym"),
            "regex": _named("regex"),
            "lookup": _named("lookup"),
        },
        "intent: name",
        otherwise=Fields({"metadata": Anything(), "examples": _EXAMPLES}),
    ),
    "An item of 'nlu'",
    "intent: name",
    nullable=True,
)
