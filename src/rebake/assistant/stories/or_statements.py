"""Where the alternatives of an OR meet again, and which stories share that place.

Rasa names the place by the story's name, the checkpoints and steps before it, and the alternatives. Stories of one name
with the same OR in the same place therefore share it: a conversation that gets there goes on with each of them, even
where it did not meet the conditions that one of them starts with. There a name, otherwise a mere label, decides what is
learned. Where such stories start with the same conditions, whoever reaches one of them reaches the others as well, so
it makes no difference whether they share the place, and here they do not: their names must decide nothing.
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


def _places(story: Story) -> list[str]:
    """Digests of what Rasa names the places of a story by."""
    if not any(isinstance(step, OrStep) for step in story.steps):
        return []
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


def meeting_places(stories: Sequence[Story]) -> list[list[str]]:
    """Return for each story one key per OR of several alternatives, in the order of the steps.

    Equal keys are one place. An OR of a single alternative has none: it is a step like any other.
    """
    places = list(map(_places, stories))
    shared = _shared(stories, places)
    return [
        [place if place in shared else f"{place} {position}" for place in of_story]
        for position, of_story in enumerate(places)
    ]


def sharing_stories(stories: Sequence[Story]) -> list[tuple[int, ...]]:
    """Return each group of stories that share a place, as ascending positions in ``stories``."""
    return sorted(set(_shared(stories, list(map(_places, stories))).values()))


def _shared(stories: Sequence[Story], places: Sequence[Sequence[str]]) -> dict[str, tuple[int, ...]]:
    """Places of several stories, which do not all start with the same conditions."""
    found: dict[str, set[int]] = defaultdict(set)
    for position, of_story in enumerate(places):
        for place in of_story:
            found[place].add(position)
    return {
        place: tuple(sorted(positions))
        for place, positions in found.items()
        if len({_conditions(stories[position]) for position in positions}) > 1
    }


def _conditions(story: Story) -> str:
    """Of the checkpoints that a story starts with."""
    conditions: list[tuple[str, str, object]] = []
    for step in story.steps:
        if not isinstance(step, CheckpointStep):
            break
        conditions += [(step.name, slot.name, slot.value) for slot in step.conditions]
    return repr(conditions)


def _as_seen(step: Step) -> str:
    """What counts of a step in a conversation: of a turn with an intent no text, of a retrieval intent its base."""
    if isinstance(step, UserStep) and step.intent is not None:
        entities = tuple(
            replace(entity, value="" if entity.value is None else entity.value) for entity in step.entities
        )
        step = UserStep(step.intent.split("/", 1)[0], entities=entities)
    return repr(replace(step, location=None))
