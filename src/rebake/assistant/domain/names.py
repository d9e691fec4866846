"""The names that follow from a domain, in the orders that a model's numbers rest on."""

from __future__ import annotations

from rebake.assistant.model import Domain, Intent

DEFAULT_ACTIONS = (
    "action_listen",
    "action_restart",
    "action_session_start",
    "action_default_fallback",
    "action_deactivate_loop",
    "action_revert_fallback_events",
    "action_default_ask_affirmation",
    "action_default_ask_rephrase",
    "action_two_stage_fallback",
    "action_unlikely_intent",
    "action_back",
    "...",
    "action_extract_slots",
)
DEFAULT_INTENTS = ("restart", "back", "out_of_scope", "session_start", "nlu_fallback")


def action_names(domain: Domain) -> tuple[str, ...]:
    """All actions in index order: defaults, actions, other responses sorted, forms, texts of end-to-end actions."""
    actions = domain.actions
    known = set(actions)
    responses = sorted(response.name for response in domain.responses if response.name not in known)
    own = [name for name in (*actions, *responses) if name not in DEFAULT_ACTIONS]
    forms = [form.name for form in domain.forms if form.name not in known]
    return (*DEFAULT_ACTIONS, *own, *forms, *domain.e2e_actions)


def intent_names(domain: Domain) -> tuple[str, ...]:
    """All intents, sorted, with the five that Rasa always knows."""
    return tuple(sorted({*(intent.name for intent in domain.intents), *DEFAULT_INTENTS}))


def retrieval_intents(domain: Domain) -> tuple[str, ...]:
    """Base names of the retrieval intents, in the order of the domain."""
    return tuple(intent.name for intent in domain.intents if intent.is_retrieval)


def entity_names(domain: Domain) -> tuple[str, ...]:
    return tuple(sorted(entity.name for entity in domain.entities))


def entity_states(domain: Domain) -> tuple[str, ...]:
    """Entities sorted, then ``entity#role`` and then ``entity#group`` in the order of the domain."""
    roles = [f"{entity.name}#{role}" for entity in domain.entities for role in entity.roles]
    groups = [f"{entity.name}#{group}" for entity in domain.entities for group in entity.groups]
    return (*entity_names(domain), *roles, *groups)


def used_entities(domain: Domain, intent: str) -> frozenset[str] | None:
    """The entity states that a message of this intent contributes to a dialogue state.

    None for an intent that the domain does not have: then all of the message's entities count.
    """
    for candidate in domain.intents:
        if candidate.name == intent:
            return _used_entities(domain, candidate)
    return _used_entities(domain, Intent(intent)) if intent in DEFAULT_INTENTS else None


def _used_entities(domain: Domain, intent: Intent) -> frozenset[str]:
    labels = {
        entity.name: {f"{entity.name}#{label}" for label in (*entity.roles, *entity.groups)}
        for entity in domain.entities
    }
    silent = {entity.name for entity in domain.entities if not entity.influence_conversation}
    if intent.use_entities is True:
        # as Rasa does: roles and groups of silent entities are only taken out by the exclusion below
        included = (set(labels) - silent).union(*labels.values())
    else:
        names = intent.use_entities or ()
        included = set(names).union(*(labels.get(name, ()) for name in names))
    excluded = silent if intent.ignore_entities is None else set(intent.ignore_entities)
    return frozenset(included - excluded.union(*(labels.get(name, ()) for name in excluded)))
