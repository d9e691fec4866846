"""Where the alternatives of an OR meet again, and which stories share that place.

Rasa names the place by the story's name, the checkpoints and steps before it, and the alternatives. Stories of one name
with the same OR in the same place therefore share it: a conversation that gets there goes on with each of them, even
where it did not meet the conditions that one of them starts with. There a name, otherwise a mere label, decides what is
learned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from rebake.assistant.model import CheckpointStep, OrStep, SlotStep, Step, Story, UserStep

STORY_START = "STORY_START"


def alternatives(step: OrStep) -> list[UserStep | SlotStep]:
    """Return what an OR lets one choose from; every slot is an alternative, also where some are listed together."""
    found: list[UserStep | SlotStep] = []
    for alternative in step.alternatives:
        found.extend((alternative,) if isinstance(alternative, UserStep) else alternative)
    return found


def meeting_places(story: Story) -> list[str]:
    """Return one digest per OR, in the order of the steps; equal digests are one place.

    An OR of a single alternative has no such place: it is a step like any other.
    """
    places: list[str] = []
    starts: list[str] = []  # checkpoints that the steps since then follow
    since = [str(story.conversation_start), *map(_as_seen, story.condition)]
    ends: list[str] = []  # checkpoints that the next step follows
    is_begun = story.is_rule
    for step in story.steps:
        if isinstance(step, CheckpointStep):
            (ends if is_begun else starts).append(step.name)
            continue
        is_begun = True
        if ends:
            starts, since, ends = ends, [], []
        chosen = sorted(map(_as_seen, alternatives(step) if isinstance(step, OrStep) else (step,)))
        if len(chosen) > 1:
            place = (story.is_rule, story.name, sorted({*(starts or (STORY_START,))}), since, chosen)
            ends = [sha256(repr(place).encode("utf-8", "surrogatepass")).hexdigest()]
            places += ends
        else:
            since += chosen
    return places


def sharing_stories(stories: Sequence[Story]) -> list[tuple[int, ...]]:
    """Return each group of stories that share a place, as ascending positions in ``stories``."""
    sharing: dict[str, set[int]] = defaultdict(set)
    for position, story in enumerate(stories):
        for place in meeting_places(story):
            sharing[place].add(position)
    return sorted({tuple(sorted(group)) for group in sharing.values() if len(group) > 1})


def _as_seen(step: Step) -> str:
    """What counts of a step in a conversation: of a turn with an intent no text, of a retrieval intent its base."""
    if isinstance(step, UserStep) and step.intent is not None:
        entities = tuple(
            replace(entity, value="" if entity.value is None else entity.value) for entity in step.entities
        )
        step = UserStep(step.intent.split("/", 1)[0], entities=entities)
    return repr(replace(step, location=None))
