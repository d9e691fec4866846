"""Several domain files -> one Domain, in the order in which Rasa merges them (it decides the numbers of the actions).

Where two files name the same thing the first one counts; in the merged order the
entries of the later file come first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from rebake.assistant.domain.names import used_entities
from rebake.assistant.model import (
    ActionStep,
    Domain,
    Entity,
    Form,
    Intent,
    NluData,
    Response,
    SessionConfig,
    Slot,
    Story,
)
from rebake.base.location import Notice
from rebake.base.notice_kinds import NoticeKind

_Item = TypeVar("_Item", Intent, Entity, Slot, Form, Response)


def merge_domains(domains: Sequence[Domain]) -> tuple[Domain, tuple[Notice, ...]]:
    """Merge in the given order; an empty sequence gives the empty domain."""
    merged = Domain(is_empty=True)
    notices: list[Notice] = []
    for domain in domains:
        merged = _merge_two(merged, domain, notices)
    return replace(merged, intents=tuple(sorted(merged.intents, key=lambda intent: intent.name))), tuple(notices)


def _merge_two(first: Domain, later: Domain, notices: list[Notice]) -> Domain:
    if later.is_empty:
        return first
    if first.is_empty:
        return later
    forms = {form.name for form in first.forms}
    later_actions = [name for name in later.actions if name not in forms]
    notices += [
        Notice(
            f"The action '{name}' is listed in two domain files.",
            later.action_locations.get(name),
            NoticeKind.DUPLICATE_DECLARATION,
            subject=name,
        )
        for name in later_actions
        if name in first.actions
    ]
    actions = tuple(dict.fromkeys([*later_actions, *first.actions]))
    session = first.session_config if first.session_config != SessionConfig() else later.session_config
    return replace(
        first,
        intents=_union(first.intents, later.intents, "intent", notices),
        entities=_union(first.entities, later.entities, "entity", notices),
        slots=_union(first.slots, later.slots, "slot", notices),
        forms=_union(first.forms, later.forms, "form", notices),
        responses=_union(first.responses, later.responses, "response", notices),
        actions=actions,
        actions_send_domain=tuple(
            name for name in actions if name in (first if name in first.actions else later).actions_send_domain
        ),
        e2e_actions=tuple(sorted({*first.e2e_actions, *later.e2e_actions})),
        session_config=session,
        action_locations={**later.action_locations, **first.action_locations},
    )


def _union(first: Iterable[_Item], later: Iterable[_Item], kind: str, notices: list[Notice]) -> tuple[_Item, ...]:
    merged = {item.name: item for item in later}
    for item in first:
        if item.name in merged:
            notices.append(
                Notice(
                    f"The {kind} '{item.name}' is ignored here: {item.location} has it too.",
                    merged[item.name].location,
                    NoticeKind.DUPLICATE_DECLARATION,
                    subject=item.name,
                )
            )
        merged[item.name] = item
    return tuple(merged.values())


def complete_domain(domain: Domain, nlu: NluData, responses: Sequence[Response], stories: Sequence[Story]) -> Domain:
    """Add what other files say about the domain, as Rasa's importer does before it trains.

    Responses of data files join (and win over) the domain's; retrieval intents of the examples are marked and get an
    action ``utter_<intent>`` each (in alphabetical order; Rasa's varies from run to run); the bot's texts in end-to-end
    stories become actions.
    """
    retrieval = sorted(
        {example.intent.split("/")[0] for example in nlu.examples if example.intent and "/" in example.intent}
    )
    texts = {text for story in stories for text in bot_texts(story)}
    if retrieval or responses:
        actions = dict.fromkeys([*domain.actions, *(f"utter_{intent}" for intent in retrieval)])
        intents = {intent.name: intent for intent in domain.intents}
        for name in retrieval:
            intents[name] = _retrieval_intent(domain, name, intents.get(name))
        merged = {response.name: response for response in (*domain.responses, *responses)}
        domain = replace(
            domain,
            intents=tuple(intents[name] for name in sorted(intents)),
            actions=tuple(actions),
            responses=tuple(merged.values()),
            is_empty=False,
        )
    if texts:
        domain = replace(domain, e2e_actions=tuple(sorted({*domain.e2e_actions, *texts})), is_empty=False)
    return domain


def _retrieval_intent(domain: Domain, name: str, intent: Intent | None) -> Intent:
    """Rasa writes down which entities the intent used, and forgets the restriction itself."""
    if intent is None:
        return Intent(name, is_retrieval=True, properties={"is_retrieval_intent": True})
    kept = {key: value for key, value in (intent.properties or {}).items() if not key.endswith("_entities")}
    used = sorted(used_entities(domain, name) or ())
    return Intent(
        name,
        is_retrieval=True,
        properties={**kept, "used_entities": used, "is_retrieval_intent": True},
        location=intent.location,
    )


def bot_texts(story: Story) -> list[str]:
    """The bot's texts (``bot:``) of an end-to-end story, in order."""
    return [step.text for step in story.steps if isinstance(step, ActionStep) and step.text]
