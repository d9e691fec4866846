"""The schema of a domain file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rebake.assistant.reading import describe, did_you_mean
from rebake.assistant.schemas.containers import Check, Either, Entries, Fields, Items
from rebake.assistant.schemas.kinds import Anything, Boolean, Fault, Kind, Name, Numeric, String
from rebake.assistant.schemas.responses import RESPONSES

SLOT_TYPES = ("text", "bool", "float", "list", "categorical", "any")
_RASA_SLOTS = "rasa.shared.core.slots."
_MIGRATE = "Run `rebake migrate` to turn a domain of Rasa 2 into one of Rasa 3."
MAPPING_TYPES: Mapping[str, tuple[str, ...]] = {  # with the keys that each needs
    "from_entity": ("entity",),
    "from_intent": ("value",),
    "from_trigger_intent": ("value",),
    "from_text": (),
    "custom": (),
}
_SETTINGS_OF_TYPE: Mapping[str, tuple[str, ...]] = {"float": ("min_value", "max_value"), "categorical": ("values",)}
_TEXT = String(nullable=True)
_NAMES = Items(Name(), "An item", "name")


def slot_type(written: object) -> str | None:
    """Return the short name of one of Rasa's types, which may be written as its dotted class; None for any other."""
    if not isinstance(written, str):
        return None
    name = written.removeprefix(_RASA_SLOTS)
    if name != written:
        name = {"BooleanSlot": "bool"}.get(name, name.removesuffix("Slot").lower())
    return name if name in SLOT_TYPES else None


class _Label(Kind):
    """The name of a role or group; a number stands for the text that it is written as."""

    what = "a name"

    def fits(self, value: Any) -> bool:
        return isinstance(value, str | int | float) and not isinstance(value, bool) and str(value) != ""


def _no_duplicates(key: str) -> Check:
    def duplicates(content: Mapping[Any, Any]) -> Iterator[Fault]:
        names = [name for item in content.get(key) or () for name in (item if isinstance(item, Mapping) else (item,))]
        for name, count in Counter(names).items():
            if count > 1:
                last = max(i for i, item in enumerate(content[key]) if item == name or _is_declared(item, name))
                yield Fault(f"'{name}' is listed twice under '{key}'", "Remove one of the two.", (key, last))

    return duplicates


def _is_declared(item: Any, name: str) -> bool:
    return isinstance(item, Mapping) and name in item


class _Declared(Kind):
    """A name, or one name with its settings below it."""

    what = "a name"

    def __init__(self, settings: Kind) -> None:
        self.settings = settings

    def fits(self, value: Any) -> bool:
        return (isinstance(value, str) and bool(value)) or isinstance(value, Mapping)

    def fix(self, value: Any) -> str:
        return "Put the name in quotes."

    def inner(self, value: Any, name: str) -> Iterator[Fault]:
        if isinstance(value, str):
            return
        if len(value) != 1:
            yield Fault(f"{name} has {len(value)} names with a colon, not one", "Start each with '- '.")
            return
        ((key, settings),) = value.items()
        if not isinstance(key, str) or not key:
            yield Fault(f"{name} is {describe(key)}, not a name", "Put the name in quotes.", (key,))
        elif not settings:
            yield Fault(
                f"'{key}' ends with a colon, but its settings are {describe(settings)}",
                "Remove the colon, or indent its settings below it.",
                (key,),
            )
        else:
            for fault in self.settings.faults(settings, f"'{key}'"):
                yield fault.below(key)


class _Nothing(Kind):
    """null or false, for no names."""

    what = "null or false"

    def fits(self, value: Any) -> bool:
        return value is None or value is False


_INTENT = Fields(
    {
        "use_entities": Either((Boolean(nullable=True), _NAMES), "a list of names, true or false", "- name"),
        "ignore_entities": Either((_NAMES, _Nothing()), "a list of names", "- name"),
    },
    open=True,
)
_ENTITY = Fields(
    {
        "roles": Items(_Label(), "A role", "name"),
        "groups": Items(_Label(), "A group", "name"),
        "influence_conversation": Boolean(),
    },
    open=True,
)
_ACTION = Fields({"send_domain": Boolean(nullable=True)})


def _check_type(mapping: Mapping[str, Any]) -> Iterator[Fault]:
    kind = mapping.get("type")
    if not isinstance(kind, str) or kind not in MAPPING_TYPES:
        hint = did_you_mean(str(kind), MAPPING_TYPES)
        found = "no type" if kind is None else f"the unknown type '{kind}'"
        yield Fault(f"A mapping has {found}", f"Use one of {', '.join(MAPPING_TYPES)}.{hint}")
        return
    for needed in MAPPING_TYPES[kind]:
        if mapping.get(needed) is None:
            yield Fault(f"A {kind} mapping does not say which '{needed}'", f"Add '{needed}:' to it.")


_CONDITION = Fields({"active_loop": _TEXT, "requested_slot": _TEXT})
_INTENT_NAMES = Items(Name(), "An intent", "name", nullable=True, or_one=True, what="an intent or a list of them")
_MAPPING = Fields(
    {
        "type": _TEXT,
        "entity": _TEXT,
        "role": _TEXT,
        "group": _TEXT,
        "intent": _INTENT_NAMES,
        "not_intent": _INTENT_NAMES,
        "value": Anything(),
        "action": _TEXT,
        "conditions": Items(_CONDITION, "A condition", "active_loop: <form>", nullable=True),
    },
    open=True,
    checks=(_check_type,),
)
_SETTINGS: Mapping[str, Kind] = {
    "type": Anything(),
    "mappings": Items(_MAPPING, "A mapping", "type: from_entity", nullable=True),
    "initial_value": Anything(),
    "influence_conversation": Boolean(nullable=True),
    "values": Items(Anything(), "A value", "value", nullable=True),
    "min_value": Numeric(nullable=True),
    "max_value": Numeric(nullable=True),
    "value_reset_delay": Anything(),
}


_ADD_MAPPINGS = (
    f"{_MIGRATE} Or give it 'mappings:' with '- type: from_entity' and 'entity: <name>', or '- type: custom' where an "
    "action sets it."
)


class _Slot(Fields):
    """The settings of a slot; which there are depends on its type."""

    def _faults(self, value: Mapping[Any, Any], name: str) -> Iterator[Fault]:
        if value.get("mappings") is None:
            yield Fault(f"{name} has no mappings; Rasa 3 no longer fills slots by their name", _ADD_MAPPINGS)
        written = value.get("type")
        kind = slot_type(written)
        if kind is None and isinstance(written, str) and "." in written:  # the assistant's; training Core refuses it
            known = {key: item for key, item in value.items() if key in ("mappings", "influence_conversation")}
            yield from super()._faults(known, name)
            return
        yield from super()._faults({key: item for key, item in value.items() if key != "type"}, name)
        if kind is None:
            yield _unknown_type(written, name)
            return
        for owner, keys in _SETTINGS_OF_TYPE.items():
            for key in keys:
                if key in value and kind != owner:
                    yield Fault(f"{name} has '{key}', which only slots of the type {owner} have", "Remove it.", (key,))


def _unknown_type(kind: object, name: str) -> Fault:
    fix = f"Use one of {', '.join(SLOT_TYPES)}.{did_you_mean(str(kind), SLOT_TYPES)}"
    if kind == "unfeaturized":
        fix = f"{_MIGRATE} Or write 'type: any' with 'influence_conversation: false'."
    found = f"has the unknown type '{kind}'" if isinstance(kind, str) else f"has {describe(kind)} as its type"
    return Fault(f"{name} has no type", fix) if kind is None else Fault(f"{name} {found}", fix, ("type",))


def _check_range(slot: Mapping[str, Any]) -> Iterator[Fault]:
    if slot_type(slot.get("type")) != "float":
        return
    least, most = slot.get("min_value", 0.0), slot.get("max_value", 1.0)
    for key in ("min_value", "max_value"):
        if key in slot and slot[key] is None:
            yield Fault(f"'{key}' is empty", "Write a number, or remove it.", (key,))
            return
    if not least < most:
        yield Fault(f"The range from {least} to {most} is empty", "Set min_value below max_value.", ("min_value",))
    initial = slot.get("initial_value")
    if initial is not None and not isinstance(initial, int | float):
        yield Fault(f"'initial_value' must be a number, not {describe(initial)}", "Write a number.", ("initial_value",))


def _check_any(slot: Mapping[str, Any]) -> Iterator[Fault]:
    if slot_type(slot.get("type")) == "any" and slot.get("influence_conversation"):
        message = "A slot of the type any cannot influence the conversation"
        yield Fault(message, "Remove influence_conversation, or give it another type.", ("influence_conversation",))


_SLOT = _Slot(
    _SETTINGS,
    checks=(_check_range, _check_any),
    unknown_fixes={"auto_fill": f"Rasa 3 fills slots by 'mappings' alone. {_MIGRATE}"},
)


def _check_form(form: Mapping[str, Any]) -> Iterator[Fault]:
    if "ignored_intents" in form and "required_slots" not in form:
        yield Fault("The form has no 'required_slots'", "Add them.")


class _Form(Fields):
    """The settings of a form; those of a Rasa 2 form have slot mappings in them."""

    def _faults(self, value: Mapping[Any, Any], name: str) -> Iterator[Fault]:
        if set(value) - set(self.of) or isinstance(value.get("required_slots"), Mapping):
            fix = f"{_MIGRATE} Or list the slots' names under 'required_slots:' and move the mappings to the slots."
            yield Fault(f"{name} has slot mappings, as forms did in Rasa 2", fix)
        else:
            yield from super()._faults(value, name)


def _keys_are_text(settings: Mapping[Any, Any]) -> Iterator[Fault]:
    for key in settings:
        if not isinstance(key, str):
            yield Fault(f"A key of 'config' is {describe(key)}, not text", "Remove it.", (key,))


_FORM = _Form(
    {
        "required_slots": Items(Name(), "A required slot", "name", nullable=True),
        "ignored_intents": _INTENT_NAMES,
    },
    checks=(_check_form,),
)

DOMAIN = Fields(
    {
        "intents": Items(_Declared(_INTENT), "An intent", "name"),
        "entities": Items(_Declared(_ENTITY), "An entity", "name"),
        "actions": Items(_Declared(_ACTION), "An action", "name"),
        "e2e_actions": Items(Name(what="text"), "A text", "text", nullable=True),
        "slots": Entries(_SLOT, "slot", needs_letter=True),
        "forms": Entries(_FORM, "form", needs_letter=True),
        "responses": RESPONSES,
        "config": Fields({"store_entities_as_slots": Boolean(nullable=True)}, open=True, checks=(_keys_are_text,)),
        "session_config": Fields(
            {
                "session_expiration_time": Numeric(least=0, nullable=True, what="a number of 0 or more"),
                "carry_over_slots_to_new_session": Boolean(nullable=True),
            },
            open=True,
        ),
    },
    open=True,
    checks=tuple(map(_no_duplicates, ("intents", "entities", "actions", "e2e_actions"))),
)
