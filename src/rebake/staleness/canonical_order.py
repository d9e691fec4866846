"""The one order in which data is learned from.

Fingerprints leave out the order of most things, but optimisers see data in order: the same examples in another order
give other weights. So whatever a fingerprint takes for a set is sorted before anything learns from it, and equal
fingerprints give equal bytes. The sort keys are digests: unlike the alphabet they put nothing beside what is like it,
which a cross-validation, for one, would notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rebake.assistant.model import Domain, Example, Story
from rebake.assistant.stories.or_statements import sharing_stories
from rebake.staleness.meaning import canonical_spans, digest, spans_meaning, story_meaning


def ordered_examples(examples: Sequence[Example]) -> list[Example]:
    """Return the examples by text, then intent, then entities, and their entities in order.

    In this order of keys a component sees no change in what it does not read: where only entities change, the texts and
    intents stay in their order.
    """
    canonical = [replace(example, entities=canonical_spans(example.entities)) for example in examples]
    return sorted(canonical, key=lambda e: (digest(e.text), digest(e.intent or ""), digest(spans_meaning(e.entities))))


def ordered_stories(stories: Sequence[Story]) -> list[Story]:
    """Return the stories, then the rules, each by what they say; names count as little as in fingerprints."""
    kinds = [[story for story in stories if story.is_rule == is_rule] for is_rule in (False, True)]
    return [story for of_kind in kinds for story in _ordered(of_kind)]


def _ordered(stories: Sequence[Story]) -> list[Story]:
    digests = [digest(story_meaning(story)) for story in stories]
    groups: list[list[str]] = [[] for _ in stories]
    for group in sharing_stories(stories):
        for position in group:
            groups[position].append(digest(sorted(digests[other] for other in group)))
    order = sorted(range(len(stories)), key=lambda position: (digests[position], sorted(groups[position])))
    return [stories[position] for position in order]


def ordered_domain(domain: Domain) -> Domain:
    """Return the domain with entities, their roles and groups, slots and forms sorted by name.

    For the columns of features alone: the order of forms is also that of the actions they are.
    """
    return replace(
        domain,
        entities=tuple(
            replace(entity, roles=tuple(sorted(entity.roles)), groups=tuple(sorted(entity.groups)))
            for entity in sorted(domain.entities, key=lambda entity: entity.name)
        ),
        slots=tuple(sorted(domain.slots, key=lambda slot: slot.name)),
        forms=tuple(sorted(domain.forms, key=lambda form: form.name)),
    )
