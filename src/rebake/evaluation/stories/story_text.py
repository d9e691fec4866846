"""Tested conversations as stories in YAML, with what was predicted in comments, in the form of ``rasa test core``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rebake.assistant.yaml.writer import dump_yaml
from rebake.base.visible import one_line, visible
from rebake.core.dialogue.events import ACTION_LISTEN, ACTION_SESSION_START, ACTION_UNLIKELY_INTENT, RULE_SNIPPET
from rebake.evaluation.conversations import (
    Conversation,
    GivenLoop,
    GivenSlot,
    GivenUser,
    TestedAction,
    TestedStep,
    TestedUser,
)
from rebake.evaluation.stories.entity_pairs import entity_label

_UNWRITTEN = frozenset({ACTION_LISTEN, ACTION_SESSION_START, ACTION_UNLIKELY_INTENT})  # where they are right


def stories_text(conversations: Sequence[Conversation], if_none: str) -> str:
    """Return the content of a file of stories.

    Args:
        conversations: to be written, in order.
        if_none: the comment that the file consists of where there are none.
    """
    if not conversations:
        return f"# {if_none}"
    lines = ['version: "3.1"', "stories:"]
    for conversation in conversations:
        file = f" ({visible(conversation.location.file)})" if conversation.location is not None else ""
        lines += [f"- story: {_scalar(conversation.name + file)}", "  steps:"]
        for step in conversation.steps:
            lines += _step_lines(step)
    return "\n".join(lines) + "\n"


def _step_lines(step: TestedStep) -> Iterable[str]:
    match step:
        case GivenSlot():
            return ["  - slot_was_set:", f"    - {_flow({step.name: step.value})}"]
        case GivenLoop():
            return [f"  - active_loop: {'null' if step.name is None else _scalar(step.name)}"]
        case GivenUser():
            if not step.intent:
                return [f"  - user: {_scalar(_message(step.text or '', step.entities))}"]
            return [f"  - intent: {_scalar(step.intent)}", *_entity_lines(step.entities, ())]
        case TestedUser():
            return _user_lines(step)
        case TestedAction():
            return _action_lines(step)


def _user_lines(turn: TestedUser) -> list[str]:
    comment = ""
    if not turn.is_right and (turn.expected != turn.predicted or not turn.entities):
        said = _message(turn.text or "", turn.predicted_entities)
        comment = f"  # predicted: {one_line(turn.predicted or 'None')}: {one_line(said)}"
    lines = [f"  - intent: {_scalar(turn.expected)}{comment}"]
    if not turn.expected and turn.text:
        lines = [f"  - user: {_scalar(_message(turn.text, turn.entities))}"]
    return lines + _entity_lines(turn.entities, turn.predicted_entities)


def _entity_lines(entities: Sequence[Mapping[str, Any]], predicted: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = ["    entities:"] if entities else []
    for entity in entities:
        comment = ""
        for found in predicted:
            if found.get("start") == entity.get("start") and found["entity"] != entity["entity"]:
                comment = f"  # predicted: {one_line(found['entity'])}: {one_line(str(found.get('value')))}"
        lines.append(f"    - {_flow({entity['entity']: entity.get('value')})}{comment}")
    return lines


def _action_lines(turn: TestedAction) -> list[str]:
    comment = ""
    if not turn.is_right:
        after = f" after {ACTION_UNLIKELY_INTENT}" if turn.unlikely else ""
        comment = f"  # predicted: {one_line(turn.predicted)}{after}"
    elif turn.unlikely:
        comment = f"  # predicted: {ACTION_UNLIKELY_INTENT}"
    if turn.expected == RULE_SNIPPET or (turn.expected in _UNWRITTEN and not comment):
        return []
    return [f"  - {'bot' if turn.is_text else 'action'}: {_scalar(turn.expected)}{comment}"]


def _message(text: str, entities: Iterable[Mapping[str, Any]]) -> str:
    """The text with its entities annotated; of those that overlap only the first."""
    if text.startswith("/"):  # it names its entities itself
        return text
    result, position = "", 0
    for entity in sorted((entity for entity in entities if "start" in entity), key=lambda entity: entity["start"]):
        if entity["start"] >= position:
            result += text[position : entity["start"]] + entity_label(text, entity)
            position = entity["end"]
    return result + text[position:]


def _scalar(value: object) -> str:
    """A value on one line."""
    if isinstance(value, str) and not value.isprintable():
        return json.dumps(value, ensure_ascii=False)
    return dump_yaml(value, flow=True, width=float("inf")).removesuffix("\n").removesuffix("\n...")


def _flow(value: Mapping[str, Any]) -> str:
    """A mapping of one key on one line, without braces."""
    [(key, content)] = value.items()
    return f"{_scalar(key)}: {_scalar(content)}"
