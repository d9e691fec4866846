"""What the domain has and nothing uses.

`rasa data validate` reports every intent and response that no story has. Here those that something else may use, such
as a form or a custom action, are mere information.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rebake.assistant.domain.names import DEFAULT_INTENTS
from rebake.assistant.model import ActionStep, Assistant, Domain, Intent, UserStep
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.validation.steps import all_steps

_RESPONSES_OF_DEFAULT_ACTIONS = ("utter_default", "utter_restart", "utter_ask_rephrase")
_VARIABLE = re.compile(r"\{([^{}\s]+)\}")


def check_unused(assistant: Assistant) -> Iterator[Notice]:
    """Report intents, entities and responses that no story and no rule has. Without stories nothing is unused."""
    if not assistant.stories or assistant.domain.is_empty:
        return
    yield from _intents(assistant)
    yield from _entities(assistant)
    yield from _responses(assistant)


def _notice(kind: NoticeKind, message: str, use: str | None, place: Location | None, name: str) -> Notice:
    """Report something unused; with a use that it may have, that is information."""
    if use is None:
        return Notice(f"{message}.", place, kind, subject=name)
    return Notice(f"{message}; {use}.", place, kind, Severity.INFO, name)


def _intents(assistant: Assistant) -> Iterator[Notice]:
    domain = assistant.domain
    used = {step.intent for step in all_steps(assistant.stories) if isinstance(step, UserStep)}
    for intent in domain.intents:
        if intent.name not in used and intent.name not in DEFAULT_INTENTS:
            message = f"The intent '{intent.name}' is in no story and no rule"
            use = _use_of_intent(intent, assistant)
            yield _notice(NoticeKind.UNUSED_INTENT, message, use, intent.location, intent.name)


def _use_of_intent(intent: Intent, assistant: Assistant) -> str | None:
    """How a form or a slot may use an intent that no story has."""
    domain = assistant.domain
    for form in domain.forms:
        if intent.name in form.ignored_intents:
            return f"the form '{form.name}' ignores it"
    entities = {
        span.entity
        for example in assistant.nlu.examples
        if (example.intent or "").split("/")[0] == intent.name
        for span in example.entities
    }
    for slot in domain.slots:
        for mapping in slot.mappings:
            named = mapping.get("intent")
            if intent.name in ([named] if isinstance(named, str) else named or ()):
                return f"a mapping of the slot '{slot.name}' names it"
            if not named and mapping["type"] == "from_entity" and mapping["entity"] in entities:
                return f"its examples fill the slot '{slot.name}'"
    for slot in domain.slots:
        if any(mapping["type"] == "from_text" and not mapping.get("intent") for mapping in slot.mappings):
            return f"any message may fill the slot '{slot.name}'"
    return None


def _custom_actions(domain: Domain) -> bool:
    return any(not name.startswith("utter_") for name in domain.actions)


def _entities(assistant: Assistant) -> Iterator[Notice]:
    domain = assistant.domain
    used = {
        name
        for step in all_steps(assistant.stories)
        if isinstance(step, UserStep)
        for name in (*(entity.entity for entity in step.entities), *(span.entity for span in step.spans))
    }
    used |= {mapping["entity"] for slot in domain.slots for mapping in slot.mappings if "entity" in mapping}
    used |= {name for response in domain.responses for item in response.variations for name in _variables(item)}
    use = "a custom action may read it" if _custom_actions(domain) else None
    for entity in domain.entities:
        if entity.name not in used:
            message = f"The entity '{entity.name}' is in no story, no slot mapping and no response"
            yield _notice(NoticeKind.UNUSED_ENTITY, message, use, entity.location, entity.name)


def _variables(value: Any) -> set[str]:
    """Return the names in braces anywhere in a variation."""
    if isinstance(value, str):
        return set(_VARIABLE.findall(value))
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return {name for item in inner for name in _variables(item)}


def _responses(assistant: Assistant) -> Iterator[Notice]:
    domain = assistant.domain
    used = {step.name for step in all_steps(assistant.stories) if isinstance(step, ActionStep)}
    asked = {
        f"utter_ask_{prefix}{slot}": form.name
        for form in domain.forms
        for slot in form.required_slots
        for prefix in ("", f"{form.name}_")
    }
    fallbacks = {str(policy.options.get("core_fallback_action_name")) for policy in assistant.config.policies}
    seen: set[str] = set()
    for response in domain.responses:
        name = response.name.split("/")[0]
        if name in used or name in seen:
            continue
        seen.add(name)
        use = None
        if name in asked:
            use = f"the form '{asked[name]}' asks with it"
        elif name in fallbacks:
            use = "a policy falls back to it"
        elif name in _RESPONSES_OF_DEFAULT_ACTIONS:
            use = "a default action sends it"
        elif _custom_actions(domain):
            use = "a custom action may send it"
        message = f"The response '{name}' is in no story and no rule"
        yield _notice(NoticeKind.UNUSED_RESPONSE, message, use, response.location, name)
