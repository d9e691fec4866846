"""NLU examples that contradict each other, and intents without any."""

from __future__ import annotations

from collections.abc import Iterator

from rebake.assistant.domain.names import DEFAULT_INTENTS
from rebake.assistant.model import Assistant, Example
from rebake.base.location import Notice
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.validation.payloads import intents_of_payloads

_LONGEST = 40  # characters of an example that a message quotes


def check_examples(assistant: Assistant) -> Iterator[Notice]:
    """Report texts under several intents or annotated in several ways, and intents without examples."""
    yield from _contradictions(assistant)
    if not assistant.nlu or assistant.domain.is_empty:
        return
    used = {(example.intent or "").split("/")[0] for example in assistant.nlu.examples}
    sent = intents_of_payloads(assistant.domain)
    for intent in assistant.domain.intents:
        if intent.name in used or intent.name in DEFAULT_INTENTS:
            continue
        if intent.name in sent:
            message = f"The intent '{intent.name}' has no examples: only buttons send it."
            yield Notice(message, intent.location, NoticeKind.NO_EXAMPLES, Severity.INFO, intent.name)
        else:
            message = f"The intent '{intent.name}' has no examples."
            yield Notice(message, intent.location, NoticeKind.NO_EXAMPLES, subject=intent.name)


def _contradictions(assistant: Assistant) -> Iterator[Notice]:
    """Compare texts without regard to case, as most featurizers do."""
    by_text: dict[str, list[Example]] = {}
    for example in assistant.nlu.examples:
        alike = by_text.setdefault(example.text.lower(), [])
        other = next((other for other in alike if other.intent != example.intent), None)
        twin = next((other for other in alike if other.intent == example.intent and _differs(other, example)), None)
        shown = shortened(example.text)
        if other is not None:
            case = "" if other.text == example.text else ", which differs only in upper and lower case"
            message = (
                f"'{shown}' is an example of '{example.intent}' here and of '{other.intent}' at {other.location}{case}."
            )
            yield Notice(message, example.location, NoticeKind.AMBIGUOUS_EXAMPLE, subject=example.text)
        elif twin is not None:
            message = f"'{shown}' has {_entities(example)} here and {_entities(twin)} at {twin.location}."
            yield Notice(message, example.location, NoticeKind.INCONSISTENT_ANNOTATION)
        alike.append(example)


def _differs(one: Example, other: Example) -> bool:
    return _labels(one) != _labels(other)


def _labels(example: Example) -> set[tuple[int, int, str, str | None, str | None]]:
    return {(span.start, span.end, span.entity, span.role, span.group) for span in example.entities}


def _entities(example: Example) -> str:
    """Describe the annotations of an example: "no entity", "the entities 'tea' (drink)"."""
    if not example.entities:
        return "no entity"
    listed = [f"'{example.text[span.start : span.end]}' ({_label(span)})" for span in example.entities]
    return f"the entit{'y' if len(listed) == 1 else 'ies'} {', '.join(listed)}"


def _label(span: object) -> str:
    names = (getattr(span, key) for key in ("entity", "role", "group"))
    return ", ".join(name for name in names if name)


def shortened(text: str) -> str:
    """Return a text as a message quotes it."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
