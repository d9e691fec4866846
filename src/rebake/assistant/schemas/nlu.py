"""The schema of ``nlu:`` in a data file."""

from __future__ import annotations

from rebake.assistant.schemas.containers import ByKey, Either, Fields, Items
from rebake.assistant.schemas.kinds import Anything, Name, String

_TEXTS = "text with an example per line"
_BLOCK = String(nullable=True, what=_TEXTS)
_EXAMPLE = Fields({"text": Name(what="text"), "metadata": Anything()}, required=("text",))
_EXAMPLES = Either((_BLOCK, Items(_EXAMPLE, "An example", "text: ...")), _TEXTS, "'examples: |' and '- text' below it")


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
