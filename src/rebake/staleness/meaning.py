"""What each thing of an assistant means to a model, as plain values: all that counts, and nothing that does not.

Places, comments, the order of keys and of files are gone; what is left is hashed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from rebake.assistant.domain.names import used_entities
from rebake.assistant.model import (
    ActionStep,
    CheckpointStep,
    Domain,
    Entity,
    EntitySpan,
    Example,
    Form,
    Intent,
    LoopStep,
    OrStep,
    Slot,
    SlotStep,
    Step,
    Story,
    UserStep,
)

ITEM_DIGITS = 16

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str).encode


def digest(value: Any) -> str:
    """SHA-256 in hex over the canonical JSON of a value; tuples count as lists, the order of keys does not count."""
    return hashlib.sha256(encoded(value)).hexdigest()


def encoded(value: Any) -> bytes:
    """Return the canonical JSON of a value."""
    try:
        text = _encode(value)
    except TypeError:  # YAML has keys that JSON has not, and keys of several kinds in one mapping, which have no order
        text = _encode(_with_text_keys(value))
    return text.encode("utf-8", "surrogatepass")


def _with_text_keys(value: Any) -> Any:
    """With every key as a text that includes its kind, so that 1 and "1" stay two keys."""
    if isinstance(value, Mapping):
        return {f"{type(key).__name__} {key}": _with_text_keys(inner) for key, inner in value.items()}
    return [_with_text_keys(inner) for inner in value] if isinstance(value, list | tuple) else value


def spans_meaning(spans: Iterable[EntitySpan]) -> list[list[Any]]:
    return [_span_meaning(span) for span in canonical_spans(spans)]


def canonical_spans(spans: Iterable[EntitySpan]) -> tuple[EntitySpan, ...]:
    """Sorted, unless some overlap: then the last one tags the tokens that they share, so they stay as written."""
    written = tuple(spans)
    ordered = sorted(written, key=_span_meaning)
    overlap = any(one.end > other.start for one, other in pairwise(ordered))
    return written if overlap else tuple(ordered)


def _span_meaning(span: EntitySpan) -> list[Any]:
    return [span.start, span.end, span.entity, span.value, span.role or "", span.group or ""]


def example_meaning(example: Example) -> list[Any]:
    return [example.text, example.intent, spans_meaning(example.entities)]


def intent_meaning(domain: Domain, intent: Intent) -> list[Any]:
    """With the entities that count, however the file says which."""
    settled = ("use_entities", "ignore_entities", "used_entities", "is_retrieval_intent")
    used = None if intent.is_retrieval else sorted(used_entities(domain, intent.name) or ())
    return [intent.name, intent.is_retrieval, used, _others(intent.properties, settled)]


def entity_meaning(entity: Entity) -> list[Any]:
    settled = ("roles", "groups", "influence_conversation")
    return [
        entity.name,
        sorted(entity.roles),
        sorted(entity.groups),
        entity.influence_conversation,
        _others(entity.properties, settled),
    ]


def slot_meaning(slot: Slot) -> list[Any]:
    """Values and mappings in order: a value's place is its feature, and the first mapping that applies wins."""
    settled = ("type", "initial_value", "influence_conversation", "values", "min_value", "max_value", "mappings")
    return [
        slot.name,
        slot.type,
        slot.initial_value,
        slot.influence_conversation,
        slot.values,
        [slot.min_value, slot.max_value],
        [dict(mapping) for mapping in slot.mappings],
        _others(slot.properties, settled),
    ]


def form_meaning(form: Form) -> list[Any]:
    """Required slots in order: they are asked for in that order."""
    settled = ("required_slots", "ignored_intents")
    return [form.name, form.required_slots, sorted(form.ignored_intents), _others(form.properties, settled)]


def story_meaning(story: Story) -> list[Any]:
    """Everything but the name, which is a label."""
    return [
        story.is_rule,
        [step_meaning(step) for step in story.condition],
        story.conversation_start,
        story.wait_for_user_input,
        [step_meaning(step) for step in story.steps],
    ]


def step_meaning(step: Step) -> list[Any]:
    """Equal where two steps say the same."""
    match step:
        case UserStep():
            entities = [[e.entity, e.value, e.role, e.group] for e in step.entities]
            return ["user", step.intent, step.text, entities, spans_meaning(step.spans)]
        case ActionStep():
            return ["action", step.name, step.text]
        case SlotStep():
            return ["slot", step.name, step.has_value, step.value]
        case LoopStep():
            return ["loop", step.name]
        case CheckpointStep():
            return ["checkpoint", step.name, [step_meaning(condition) for condition in step.conditions]]
        case OrStep():
            return ["or", [_alternative_meaning(alternative) for alternative in step.alternatives]]


def _alternative_meaning(alternative: UserStep | tuple[SlotStep, ...]) -> list[Any]:
    if isinstance(alternative, UserStep):
        return step_meaning(alternative)
    return ["slots", [step_meaning(slot) for slot in alternative]]


def _others(properties: Mapping[str, Any] | None, settled: Iterable[str]) -> dict[str, Any]:
    """What was written beside the keys that are understood: it is in the served domain, so it counts."""
    return {key: value for key, value in (properties or {}).items() if key not in settled}
