"""What the checks of a whole assistant count of each example and each story.

Where each fact is still known of two or more, one example or story more or less makes no difference to them: names are
used, intents have examples enough, entities are annotated often enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from rebake.assistant.model import ActionStep, Example, NluData, Story, UserStep
from rebake.validation.steps import flat_steps

ENOUGH = 2  # of a fact
_SELF = "self\0"  # facts that only the synonyms depend on


def count_facts(examples: Iterable[Example], stories: Iterable[Story]) -> Counter[str]:
    """Count the facts of examples and stories."""
    found: Counter[str] = Counter()
    for example in examples:
        found.update(_facts_of_example(example))
    for story in stories:
        found.update(_facts_of_story(story))
    return found


def is_of_synonyms(fact: str) -> bool:
    """Whether a fact counts for the synonyms alone: an entity's value that is written as it is."""
    return fact.startswith(_SELF)


def values_of(facts: Iterable[str]) -> list[str]:
    """Return the values of the facts that count for the synonyms."""
    return [fact.removeprefix(_SELF) for fact in facts if is_of_synonyms(fact)]


def self_fact(value: str) -> str:
    """The fact that an entity's value is written as it is."""
    return f"{_SELF}{value}"


def delicate_keys(data: NluData) -> set[str]:
    """Return the keys of synonyms that depend on the order of the data, or stand for something else."""
    by_key: dict[str, set[tuple[str, str]]] = {}
    pairs = {(synonym.surface, synonym.value) for synonym in data.synonyms}
    pairs |= {(example.text[e.start : e.end], e.value) for example in data.examples for e in example.entities}
    for surface, value in pairs:
        for key in {surface.lower(), value.lower()}:
            by_key.setdefault(key, set()).add((surface, value))
    return {key for key, of_key in by_key.items() if len(of_key) > 1 or any(one != other for one, other in of_key)}


def _facts_of_example(example: Example) -> set[str]:
    intent = (example.intent or "").split("/")[0]
    facts = {f"example\0{intent}"}
    for span in example.entities:
        facts |= {f"entity\0{span.entity}", f"of\0{intent}\0{span.entity}"}
        facts |= {f"role\0{span.role}", f"group\0{span.group}", self_fact(span.value)}
    return facts


def _facts_of_story(story: Story) -> set[str]:
    return {"rule" if story.is_rule else "story", *_facts_of_steps(story)}


def _facts_of_steps(story: Story) -> Iterator[str]:
    for step in flat_steps(story):
        if isinstance(step, UserStep):
            yield f"user\0{step.intent}"
            yield from (f"user entity\0{entity.entity}" for entity in step.entities)
            yield from (f"user entity\0{span.entity}" for span in step.spans)
        elif isinstance(step, ActionStep):
            yield f"action\0{step.name}"
