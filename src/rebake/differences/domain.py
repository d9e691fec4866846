"""How the domains of two states of an assistant differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from rebake.assistant.domain.names import DEFAULT_ACTIONS, action_names, entity_states, used_entities
from rebake.assistant.model import Domain, Entity, Form, Intent, Response, Slot
from rebake.base.location import Location
from rebake.differences.model import Clause, Difference, change_text, count_text, quoted, shortened
from rebake.differences.sequences import is_reordered, left_over, name_changes
from rebake.staleness.meaning import digest


class Named(Protocol):
    """An entry of the domain."""

    @property
    def name(self) -> str: ...

    @property
    def location(self) -> Location | None: ...


_Entry = TypeVar("_Entry", Intent, Entity, Slot, Form, Response)
_Compare = Callable[[_Entry, _Entry], list[str]]


def domain_differences(before: Domain, after: Domain) -> Iterator[Difference]:
    """Yield what differs, kind by kind."""
    yield from _of_kind("intent", before.intents, after.intents, lambda old, new: _intent(before, old, after, new))
    yield from _of_kind("entity", before.entities, after.entities, _entity)
    yield from _of_kind("slot", before.slots, after.slots, _slot)
    yield from _of_kind("form", before.forms, after.forms, _form)
    yield from _of_actions(before, after)
    yield from _of_kind("response", before.responses, after.responses, _response)
    settings = _fields(before, after, ("version", "store_entities_as_slots"))
    settings += _fields(
        before.session_config, after.session_config, ("session_expiration_time", "carry_over_slots_to_new_session")
    )
    if is_reordered(action_names(before), action_names(after)):
        settings.append("order of actions changed")
    if settings:
        yield Difference("domain", "", tuple(Clause(text, after.location) for text in settings))


def _of_kind(
    kind: str, before: Sequence[_Entry], after: Sequence[_Entry], compare: _Compare[_Entry]
) -> Iterator[Difference]:
    old = {entry.name: entry for entry in before}
    new = {entry.name: entry for entry in after}
    for name, entry in new.items():
        if name not in old:
            yield Difference(kind, name, (Clause("added to the domain", entry.location),))
        elif clauses := compare(old[name], entry):
            yield Difference(kind, name, tuple(Clause(text, entry.location) for text in clauses))
    for name, entry in old.items():
        if name not in new:
            yield Difference(kind, name, (Clause("removed from the domain", entry.location, "base"),))


def _fields(before: object, after: object, names: Sequence[str]) -> list[str]:
    """Fields of one value, by name."""
    pairs = [(name, getattr(before, name), getattr(after, name)) for name in names]
    return [change_text(name, old, new) for name, old, new in pairs if digest(old) != digest(new)]


def _names(label: str, before: Sequence[str], after: Sequence[str], *, ordered: bool = False) -> list[str]:
    found = name_changes(before, after) if ordered else name_changes(sorted(before), sorted(after))
    return [f"{label}: {clause}" for clause in found]


def _others(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, known: Sequence[str]) -> list[str]:
    """Keys that are written but mean nothing here; the served domain has them all the same."""
    old, new = before or {}, after or {}
    pairs = [(str(key), old.get(key), new.get(key)) for key in dict.fromkeys((*old, *new)) if key not in known]
    return [change_text(key, one, other) for key, one, other in pairs if digest(one) != digest(other)]


def _intent(before: Domain, old: Intent, after: Domain, new: Intent) -> list[str]:
    clauses: list[str] = []
    if not (old.is_retrieval or new.is_retrieval):
        known = _influential(before) & _influential(after)  # what all intents gain or lose is said with the entity
        used = [sorted((used_entities(domain, old.name) or frozenset()) & known) for domain in (before, after)]
        clauses = _names("entities that count", used[0], used[1])
    if old.is_retrieval != new.is_retrieval:
        clauses.append("is a retrieval intent now" if new.is_retrieval else "is no longer a retrieval intent")
    settled = ("use_entities", "ignore_entities", "used_entities", "is_retrieval_intent")
    return clauses + _others(old.properties, new.properties, settled)


def _influential(domain: Domain) -> frozenset[str]:
    """What of entities can count in a dialogue: their names, with roles and groups."""
    silent = {entity.name for entity in domain.entities if not entity.influence_conversation}
    return frozenset(state for state in entity_states(domain) if state.partition("#")[0] not in silent)


def _entity(old: Entity, new: Entity) -> list[str]:
    clauses = _names("roles", old.roles, new.roles) + _names("groups", old.groups, new.groups)
    clauses += _fields(old, new, ("influence_conversation",))
    return clauses + _others(old.properties, new.properties, ("roles", "groups", "influence_conversation"))


def _slot(old: Slot, new: Slot) -> list[str]:
    clauses = [change_text("", old.type, new.type)] if old.type != new.type else []
    clauses += _fields(old, new, ("initial_value", "influence_conversation"))
    clauses += _names("values", old.values, new.values, ordered=True)
    clauses += _fields(old, new, ("min_value", "max_value"))
    clauses += _list_changes("mapping", old.mappings, new.mappings)
    known = ("type", "initial_value", "influence_conversation", "values", "min_value", "max_value", "mappings")
    return clauses + _others(old.properties, new.properties, known)


def _form(old: Form, new: Form) -> list[str]:
    clauses = _names("required slots", old.required_slots, new.required_slots, ordered=True)
    clauses += _names("ignored intents", old.ignored_intents, new.ignored_intents)
    return clauses + _others(old.properties, new.properties, ("required_slots", "ignored_intents"))


def _response(old: Response, new: Response) -> list[str]:
    return _list_changes("variation", old.variations, new.variations)


def _list_changes(noun: str, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[str]:
    """Mappings in a list: one that changed by its keys, else how many came and went."""
    old, new = left_over(before, after, digest), left_over(after, before, digest)
    if not old and not new:
        return [f"order of {noun}s changed"] if list(before) != list(after) else []
    if len(old) == len(new):
        clauses = []
        for one, other in zip(old, new, strict=True):
            label = f"{noun} {list(after).index(other) + 1}, " if len(after) > 1 else ""
            keys = [key for key in dict.fromkeys((*one, *other)) if one.get(key) != other.get(key)]
            clauses += [label + change_text(key, one.get(key), other.get(key)) for key in keys]
        return clauses or [f"{noun}s are written in another way"]
    clauses = []
    for found, verb in ((new, "added"), (old, "removed")):
        if len(found) == 1:
            clauses.append(f"{noun} {_said(found[0])} {verb}")
        elif found:
            clauses.append(f"{count_text(len(found), noun)} {verb}")
    return clauses


def _said(item: Mapping[str, Any]) -> str:
    """Words for a mapping: the text of a response, all of a slot's mapping."""
    if isinstance(text := item.get("text"), str):
        return quoted(text)
    return shortened(", ".join(f"{key} {value}" for key, value in item.items()))


def _of_actions(before: Domain, after: Domain) -> Iterator[Difference]:
    """Actions that are no responses and no forms, which are reported by themselves."""
    old, new = _own_actions(before), _own_actions(after)
    for name in new:
        here = after.action_locations.get(name)
        if name not in old:
            yield Difference("action", name, (Clause("added to the domain", here),))
        elif (sends := name in after.actions_send_domain) != (name in before.actions_send_domain):
            text = "the action server gets the domain with it now" if sends else "the action server gets no domain now"
            yield Difference("action", name, (Clause(text, here),))
    for name in old:
        if name not in new:
            here = before.action_locations.get(name)
            yield Difference("action", name, (Clause("removed from the domain", here, "base"),))


def _own_actions(domain: Domain) -> list[str]:
    others = {form.name for form in domain.forms} | {response.name for response in domain.responses}
    others |= set(domain.e2e_actions)
    return [name for name in action_names(domain)[len(DEFAULT_ACTIONS) :] if name not in others]
