"""The same assistant written in another order: every list is shuffled whose order carries no meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import TypeVar

from rebake.assistant.model import Assistant, Domain, Example, NluData
from rebake.assistant.nlu_data.synonyms import learn_synonyms
from rebake.assistant.stories.or_statements import sharing_stories
from rebake.base.location import Location

Item = TypeVar("Item")


def reorderings(assistant: Assistant, random: Random) -> Iterator[tuple[str, Assistant]]:
    """Yield a name and the assistant with one kind of thing reordered or renamed, then with all of them."""
    mutated = assistant
    for name, reorder in _REORDERINGS.items():
        yield name, reorder(assistant, random)
        mutated = reorder(mutated, random)
    yield "all of these", mutated


def _shuffled(items: Sequence[Item], random: Random) -> tuple[Item, ...]:
    return tuple(random.sample(items, len(items)))


def _nlu(assistant: Assistant, data: NluData) -> Assistant:
    """With that data, unless synonyms contradict each other and another one comes last now: that order counts."""
    same = learn_synonyms(data) == learn_synonyms(assistant.nlu)
    return replace(assistant, nlu=data) if same else assistant


def _examples(assistant: Assistant, random: Random) -> Assistant:
    return _nlu(assistant, replace(assistant.nlu, examples=_shuffled(assistant.nlu.examples, random)))


def _entities_of_examples(assistant: Assistant, random: Random) -> Assistant:
    def shuffled(example: Example) -> Example:
        spans = sorted(example.entities, key=lambda span: span.start)
        overlap = any(one.end > other.start for one, other in pairwise(spans))
        return example if overlap else replace(example, entities=_shuffled(spans, random))

    return _nlu(assistant, replace(assistant.nlu, examples=tuple(map(shuffled, assistant.nlu.examples))))


def _regexes(assistant: Assistant, random: Random) -> Assistant:
    return replace(assistant, nlu=replace(assistant.nlu, regexes=_shuffled(assistant.nlu.regexes, random)))


def _synonyms(assistant: Assistant, random: Random) -> Assistant:
    return _nlu(assistant, replace(assistant.nlu, synonyms=_shuffled(assistant.nlu.synonyms, random)))


def _stories(assistant: Assistant, random: Random) -> Assistant:
    """Stories and rules, also among each other."""
    return replace(assistant, stories=_shuffled(assistant.stories, random))


def _first_story_last(assistant: Assistant, random: Random) -> Assistant:
    del random
    return replace(assistant, stories=(*assistant.stories[1:], *assistant.stories[:1]))


def _names_of_stories(assistant: Assistant, random: Random) -> Assistant:
    if sharing_stories(assistant.stories):
        return assistant
    names = _shuffled(range(len(assistant.stories)), random)
    stories = (replace(story, name=f"name {name}") for story, name in zip(assistant.stories, names, strict=True))
    return replace(assistant, stories=tuple(stories))


def _places(assistant: Assistant, random: Random) -> Assistant:
    """As if everything stood in another file, with other metadata."""

    def place() -> Location:
        return Location(f"data/{random.choice('abc')}.yml", random.randint(1, 99))

    examples = tuple(replace(example, location=place(), metadata={"a": 1}) for example in assistant.nlu.examples)
    stories = tuple(replace(story, location=place(), metadata={"a": 1}) for story in assistant.stories)
    return replace(assistant, nlu=replace(assistant.nlu, examples=examples), stories=stories)


def _of_domain(reorder: Callable[[Domain, Random], Domain]) -> Callable[[Assistant, Random], Assistant]:
    return lambda assistant, random: replace(assistant, domain=reorder(assistant.domain, random))


def _forms(domain: Domain, random: Random) -> Domain:
    """Where they are listed as actions: otherwise their order is that of actions."""
    listed = all(form.name in domain.actions for form in domain.forms)
    return replace(domain, forms=_shuffled(domain.forms, random)) if listed else domain


_REORDERINGS: dict[str, Callable[[Assistant, Random], Assistant]] = {
    "examples": _examples,
    "entities of examples": _entities_of_examples,
    "regexes": _regexes,
    "synonyms": _synonyms,
    "stories and rules": _stories,
    "the first story last": _first_story_last,
    "names of stories": _names_of_stories,
    "places and metadata": _places,
    "intents of the domain": _of_domain(lambda d, random: replace(d, intents=_shuffled(d.intents, random))),
    "entities of the domain": _of_domain(lambda d, random: replace(d, entities=_shuffled(d.entities, random))),
    "roles and groups": _of_domain(
        lambda d, random: replace(
            d,
            entities=tuple(
                replace(e, roles=_shuffled(e.roles, random), groups=_shuffled(e.groups, random)) for e in d.entities
            ),
        )
    ),
    "slots": _of_domain(lambda d, random: replace(d, slots=_shuffled(d.slots, random))),
    "responses": _of_domain(lambda d, random: replace(d, responses=_shuffled(d.responses, random))),
    "forms": _of_domain(_forms),
}
