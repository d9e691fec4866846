"""The steps of stories, without what holds them together, and the slots that every domain has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rebake.assistant.model import (
    ActionStep,
    CheckpointStep,
    Domain,
    LoopStep,
    OrStep,
    SlotStep,
    Story,
    UserStep,
)

FlatStep = UserStep | ActionStep | SlotStep | LoopStep

_SLOTS_OF_KNOWLEDGE_BASES = (
    "knowledge_base_listed_objects",
    "knowledge_base_last_object",
    "knowledge_base_last_object_type",
)


def flat_steps(story: Story) -> Iterator[FlatStep]:
    """Yield every step but checkpoints, with conditions and alternatives."""
    yield from story.condition
    for step in story.steps:
        if isinstance(step, CheckpointStep):
            continue
        if isinstance(step, OrStep):
            for alternative in step.alternatives:
                yield from alternative if isinstance(alternative, tuple) else (alternative,)
        else:
            yield step


def all_steps(stories: Iterable[Story]) -> list[FlatStep]:
    """Return the flat steps of several stories."""
    return [step for story in stories for step in flat_steps(story)]


def automatic_slots(domain: Domain) -> Iterator[str]:
    """Yield the slots that Rasa adds to a domain by itself."""
    yield "session_started_metadata"
    if domain.forms:
        yield "requested_slot"
    if "action_query_knowledge_base" in domain.actions:
        yield from _SLOTS_OF_KNOWLEDGE_BASES
