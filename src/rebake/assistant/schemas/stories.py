"""The schemas of ``stories:`` and ``rules:`` in a data file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rebake.assistant.reading import describe
from rebake.assistant.schemas.containers import ByKey, Fields, Items
from rebake.assistant.schemas.kinds import Anything, Boolean, Fault, Kind, Name, String


class _Entity(Kind):
    """A name, or one name with a value, and a role or a group."""

    what = "a name, or a name with a value"

    def fits(self, value: Any) -> bool:
        return isinstance(value, str | Mapping)

    def fix(self, value: Any) -> str:
        return "Write '- name: value'."

    def inner(self, value: Any, name: str) -> Iterator[Fault]:
        if isinstance(value, str):
            return
        names = [key for key in value if key not in ("role", "group")]
        if len(names) != 1 or not isinstance(names[0], str):
            fix = "Write '- name: value', with 'role:' or 'group:' below it where it has one."
            yield Fault(f"{name} is {describe(value)}, not one name with one value", fix)
        for key in ("role", "group"):
            if not isinstance(value.get(key), str | None):
                yield Fault(f"'{key}' must be text, not {describe(value[key])}", "Put it in quotes.", (key,))


class _EntityOfAlternative(_Entity):
    """The same in an alternative of ``or``, where Rasa fails without a value."""

    def inner(self, value: Any, name: str) -> Iterator[Fault]:
        yield from super().inner(value, name)
        for key in value if isinstance(value, Mapping) else ():
            if key not in ("role", "group") and value[key] is None:
                yield Fault(f"{name} of an alternative has no value", f"Write '- {key}: value', or '- {key}'.", (key,))


class _SlotValues(Kind):
    """A slot's name, or names with values."""

    what = "a slot, or a slot with a value"

    def fits(self, value: Any) -> bool:
        return isinstance(value, str | Mapping)

    def fix(self, value: Any) -> str:
        return "Write '- slot: value'."

    def inner(self, value: Any, name: str) -> Iterator[Fault]:
        for key in value if isinstance(value, Mapping) else ():
            if not isinstance(key, str):
                yield Fault(f"The name of a slot is {describe(key)}", "Put it in quotes.", (key,))


_ENTITIES = Items(_Entity(), "An entity", "name: value")
_INTENT = Fields({"intent": Name(), "user": String(), "entities": _ENTITIES})
_USER = Fields({"user": Name(what="text"), "entities": _ENTITIES})
_SLOTS = Fields({"slot_was_set": Items(_SlotValues(), "A slot", "slot: value")})
_LOOP = Fields({"active_loop": Name(nullable=True)})
_ALTERNATIVE = Fields({**_INTENT.of, "entities": Items(_EntityOfAlternative(), "An entity", "name: value")})
_OR = Fields(
    {
        "or": Items(
            ByKey({"intent": _ALTERNATIVE, "slot_was_set": _SLOTS}, "intent: name"),
            "An alternative of 'or'",
            "intent: name",
            least=1,
        )
    }
)
_IN_BOTH: Mapping[str, Fields] = {
    "intent": _INTENT,
    "user": _USER,
    "or": _OR,
    "action": Fields({"action": Name()}),
    "slot_was_set": _SLOTS,
    "active_loop": _LOOP,
}
_IN_STORIES: Mapping[str, Fields] = {
    "bot": Fields({"bot": Name(what="text")}),
    "checkpoint": Fields(
        {"checkpoint": Name(), "slot_was_set": Items(_SlotValues(), "A slot", "slot: value", nullable=True)}
    ),
}
_NOT_IN_RULES: Mapping[str, str] = {
    "bot": "Write '- action: name', or a story instead.",
    "checkpoint": "Write a story instead.",
}


class _RuleStep(ByKey):
    """A step of a rule."""

    def inner(self, value: Any, name: str) -> Iterator[Fault]:
        refused = next((key for key in _NOT_IN_RULES if key in value), None)
        if refused is not None and not any(key in value for key in self.of):
            yield Fault(f"A rule cannot have a step '{refused}'", _NOT_IN_RULES[refused], (refused,))
        else:
            yield from super().inner(value, name)


_STORY = Fields(
    {
        "story": Name(),
        "metadata": Anything(),
        # A checkpoint comes before the slots that may stand beside it.
        "steps": Items(ByKey({**_IN_STORIES, **_IN_BOTH}, "intent: name"), "A step", "intent: name", nullable=True),
    },
    required=("story",),
)
_RULE = Fields(
    {
        "rule": Name(),
        "metadata": Anything(),
        "condition": Items(
            ByKey({"active_loop": _LOOP, "slot_was_set": _SLOTS}, "active_loop: name"),
            "A condition",
            "active_loop: name",
            nullable=True,
        ),
        "conversation_start": Boolean(nullable=True),
        "wait_for_user_input": Boolean(nullable=True),
        "steps": Items(_RuleStep(_IN_BOTH, "intent: name"), "A step", "intent: name", nullable=True),
    },
    required=("rule",),
)

STORIES = Items(_STORY, "An item of 'stories'", "story: name", nullable=True)
RULES = Items(_RULE, "An item of 'rules'", "rule: name", nullable=True)
