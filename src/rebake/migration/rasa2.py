"""What a domain of Rasa 2 means in Rasa 3's format: the rules of ``rasa data migrate``, on values.

Rasa 2 has the mappings of a slot in the forms that ask for it, and fills a slot by itself from the entity of its name.
Rasa 3 has all mappings in the slot, with conditions that name the form. Nothing in here knows how a file is written;
:mod:`rebake.migration.domain_text` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rebake.assistant.reading import FileSource, describe, format_version
from rebake.assistant.yaml.values import YamlMap, plain
from rebake.assistant.yaml.yaml12 import Document
from rebake.base.location import Location, Notice
from rebake.errors import DataError

FORM_KEYS = ("required_slots", "ignored_intents")
FILLED_OUTSIDE_OF_TURNS = ("from_entity", "from_trigger_intent")  # also while the form asks for another slot

Path = tuple[str | int, ...]  # the keys and positions that lead to a value


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a mapping is written in the domain of Rasa 2."""

    file: str
    path: Path


@dataclass(slots=True)
class SlotMapping:
    """One mapping of a slot in the migrated domain.

    Attributes:
        value: as written, without the conditions that migration adds.
        origin: where it is written; None for one that Rasa 2 had without writing it.
        conditions: that migration adds, each with the origin of a mapping of another form that was equal, if any.
    """

    value: dict[str, Any]
    origin: Origin | None = None
    conditions: list[tuple[dict[str, str], Origin | None]] = field(default_factory=list)

    @property
    def migrated(self) -> dict[str, Any]:
        """The mapping as Rasa 3 has it."""
        if not self.conditions:
            return self.value
        written = self.value.get("conditions") or []
        return {**self.value, "conditions": [*written, *(condition for condition, _ in self.conditions)]}


@dataclass(slots=True)
class DomainMigration:
    """The slots and forms of a whole domain, whatever files they are in.

    Attributes:
        mappings: slot -> its mappings in Rasa 3.
        required_slots: form -> names of slots.
        notices: what a person should look at.
    """

    mappings: dict[str, list[SlotMapping]] = field(default_factory=dict)
    required_slots: dict[str, list[str]] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)

    def migrated(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return the content of one domain file as Rasa 3 has it; the version is left as it is."""
        result = dict(plain(content))
        if result.get("slots"):
            result["slots"] = {name: self._slot(name, slot) for name, slot in result["slots"].items()}
        if result.get("forms"):
            result["forms"] = {name: self._form(name, form) for name, form in result["forms"].items()}
        return result

    def _slot(self, name: str, written: Mapping[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in written.items() if key != "auto_fill"}
        return {**kept, "mappings": [mapping.migrated for mapping in self.mappings[name]]}

    def _form(self, name: str, written: Mapping[str, Any] | None) -> dict[str, Any]:
        ignored = (written or {}).get("ignored_intents")
        kept = {} if ignored is None else {"ignored_intents": ignored}
        return {"required_slots": self.required_slots[name], **kept}


def migrate_domain(documents: Sequence[Document]) -> DomainMigration | None:
    """Return the migrated domain; None where nothing in it is as only Rasa 2 has it.

    Args:
        documents: all files of the domain.

    Raises:
        DataError: something cannot be migrated; the message names file and line.
    """
    files = [(document, document.value) for document in documents if isinstance(document.value, YamlMap)]
    old = next((place for document, content in files for place in _old(FileSource(document.file), content)), None)
    if old is None:
        return None
    for document, content in files:
        if (format_version(content.get("version")) or (2, 0)) >= (3, 0) and any(content.get(k) for k in _SECTIONS):
            raise DataError(
                f"The file says that it has Rasa 3's format, but the domain has Rasa 2's at {old}.",
                location=document.at(content.line_of("version")),
                fix='Migrate the other file alone, with --domain, or write version: "2.0" here to migrate both.',
            )
    return _Migration(files).migrate()


_SECTIONS = ("slots", "forms")


def _old(source: FileSource, content: YamlMap) -> Iterator[Location | None]:
    """Where the file has what only Rasa 2 has."""
    slots = source.mapping(content, "slots")
    for name, slot in slots.items():
        if isinstance(slot, Mapping) and (slot.get("mappings") is None or "auto_fill" in slot):
            yield source.at(slots, name)
    if isinstance(content.get("forms"), list):
        yield source.at(content, "forms")
        return
    forms = source.mapping(content, "forms")
    for name, form in forms.items():
        if not isinstance(form, Mapping) or not isinstance(form.get("required_slots"), list):
            if isinstance(form, Mapping) and not form:
                continue  # Rasa 3 takes a form without slots
            yield source.at(forms, name)


class _Migration:
    """Reads the parts of the domain, and moves mappings from forms to slots."""

    def __init__(self, files: Sequence[tuple[Document, YamlMap]]) -> None:
        self.files = files
        self.result = DomainMigration()
        self.places: dict[tuple[str, str], Location | None] = {}  # (section, name) -> where it is
        self.slots: dict[str, Mapping[str, Any]] = {}
        self.entities: list[Any] = []

    def migrate(self) -> DomainMigration:
        for document, content in self.files:
            self.add_slots(FileSource(document.file), content)
            self.entities += content.get("entities") or []
        for document, content in self.files:
            source = FileSource(document.file)
            if isinstance(content.get("forms"), list):
                raise source.error(
                    "'forms' is a list of names, so the forms are Python classes of the action server, which Rasa 3 "
                    "does not run.",
                    content,
                    "forms",
                    "Write 'required_slots:' with mappings below the name of each form.",
                )
            forms = source.mapping(content, "forms")
            for name in forms:
                self.once("forms", name, forms, source)
                self.add_form(name, forms, source)
        for name, slot in self.slots.items():
            self.fill_by_entity(name, slot)
        return self.result

    def once(self, section: str, name: str, owner: Mapping[str, Any], source: FileSource) -> None:
        place = source.at(owner, name)
        if (section, name) in self.places:
            raise DataError(
                f"'{name}' is under '{section}' in two files, first at {self.places[section, name]}.",
                location=place,
                fix="Remove one of the two.",
            )
        self.places[section, name] = place

    def add_slots(self, source: FileSource, content: YamlMap) -> None:
        slots = source.mapping(content, "slots")
        for name, slot in slots.items():
            self.once("slots", name, slots, source)
            if not isinstance(slot, Mapping):
                raise source.error(f"The slot '{name}' has no settings.", slots, name, "Give it at least a type.")
            self.slots[name] = slot
            self.result.mappings[name] = [
                SlotMapping(value, Origin(source.file or "", ("slots", name, "mappings", index)))
                for index, value in enumerate(_mappings(source, slot, "mappings", name))
            ]

    def add_form(self, name: str, forms: Mapping[str, Any], source: FileSource) -> None:
        form = {} if forms[name] is None else forms[name]
        if not isinstance(form, Mapping):
            raise source.error(
                f"The form '{name}' is {describe(form)}.", forms, name, "Write 'required_slots:' below it."
            )
        path: Path = ("forms", name)
        asked: Mapping[str, Any] = form
        if "required_slots" in form:
            for unread in (key for key in form if key not in FORM_KEYS):
                message = (
                    f"The form '{name}' has the key '{unread}' beside 'required_slots', where Rasa 2 does not read it. "
                    "Like `rasa data migrate`, rebake leaves it out. If it is a slot, move it below 'required_slots'."
                )
                self.result.notices.append(Notice(message, source.at(form, unread)))
        if isinstance(form.get("required_slots"), list):
            self.result.required_slots[name] = list(source.names(form, "required_slots"))
            return
        if "required_slots" in form:
            path, asked = (*path, "required_slots"), source.mapping(form, "required_slots")
        self.result.required_slots[name] = [slot for slot in asked if asked is not form or slot != "ignored_intents"]
        for slot in self.result.required_slots[name]:
            if slot not in self.slots:
                message = f"The form '{name}' asks for the slot '{slot}', which is not under 'slots'."
                raise source.error(message, asked, slot, "Add the slot, with its type.")
            found = _mappings(source, asked, slot, slot)
            new = [
                SlotMapping(value, Origin(source.file or "", (*path, slot, index))) for index, value in enumerate(found)
            ]
            self.move(name, slot, new)

    def move(self, form: str, slot: str, new: list[SlotMapping]) -> None:
        """Add the mappings that a form has for a slot: an equal one of the slot gets one more condition."""
        for known in self.result.mappings[slot]:
            value = {key: value for key, value in known.value.items() if key != "conditions"}
            equal = next((mapping for mapping in new if mapping.value == value), None)
            if equal is not None:
                new = [mapping for mapping in new if mapping is not equal]
                known.conditions.append((_condition(form, slot, known.value), equal.origin))
        for mapping in new:
            mapping.value = {key: value for key, value in mapping.value.items() if key != "conditions"}
            mapping.conditions.append((_condition(form, slot, mapping.value), None))
            self.result.mappings[slot].append(mapping)

    def fill_by_entity(self, name: str, slot: Mapping[str, Any]) -> None:
        """What Rasa 2 fills from the entity of the slot's name needs a mapping; a slot without any is an action's."""
        mappings = self.result.mappings[name]
        fills_itself = slot.get("auto_fill", True) is True
        mapping = {"type": "from_entity", "entity": name}
        if fills_itself and name in self.entities and mapping not in [known.migrated for known in mappings]:
            mappings.append(SlotMapping(mapping))
        place = self.places["slots", name]
        settings = any(isinstance(entity, Mapping) and name in entity for entity in self.entities)
        if fills_itself and settings and mapping not in [known.migrated for known in mappings]:
            message = (
                f"Rasa 2 filled the slot '{name}' from the entity '{name}'. Like `rasa data migrate`, rebake adds no "
                f"mapping for an entity with settings. If you want it, add '- type: from_entity' with 'entity: {name}'."
            )
            self.result.notices.append(Notice(message, place))
        elif not mappings:
            message = f"Nothing fills the slot '{name}', so it gets a custom mapping. Check that an action sets it."
            self.result.notices.append(Notice(message, place))
        if not mappings:
            mappings.append(SlotMapping({"type": "custom"}))


def _condition(form: str, slot: str, mapping: Mapping[str, Any]) -> dict[str, str]:
    condition = {"active_loop": form}
    return condition if mapping.get("type") in FILLED_OUTSIDE_OF_TURNS else {**condition, "requested_slot": slot}


def _mappings(source: FileSource, owner: Mapping[Any, Any], key: str, slot: str) -> list[dict[str, Any]]:
    """The mappings of a slot: a list of them, a single one, or none."""
    value = owner.get(key)
    single = isinstance(value, Mapping)
    mappings = [value] if single else source.sequence(owner, key)
    for index, mapping in enumerate(mappings):
        if not isinstance(mapping, Mapping) or not isinstance(mapping.get("type"), str):
            message = f"A mapping of the slot '{slot}' is {describe(mapping)} without a type."
            container, at = (owner, key) if single else (value, index)
            raise source.error(message, container, at, "Write '- type: from_text', or another type.")
        source.sequence(mapping, "conditions")
    return [plain(mapping) for mapping in mappings]
