"""Changes of an assistant, each of one thing. Some change what is learned and some do not: that is the question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any, TypeVar

from rebake.assistant.model import (
    ActionStep,
    Assistant,
    CheckpointStep,
    ComponentSpec,
    Example,
    OrStep,
    Story,
    UserStep,
)

Item = TypeVar("Item")
Edit = Callable[[Assistant, Random], Assistant | None]


def changes(assistant: Assistant, random: Random, each: int) -> Iterator[tuple[str, Assistant]]:
    """Yield a name and a changed assistant, ``each`` times for every kind of change that the assistant allows."""
    for name, edit in _EDITS.items():
        for _ in range(each):
            changed = edit(assistant, random)
            if changed is not None and changed != assistant:
                yield name, changed


def _edited(
    items: Sequence[Item], random: Random, edit: Callable[[Item], Item | None], wanted: Callable[[Item], bool] = bool
) -> tuple[Item, ...] | None:
    """Edit one of the wanted items; None if there is none. An edit that gives None removes the item."""
    places = [place for place, item in enumerate(items) if wanted(item)]
    if not places:
        return None
    place = random.choice(places)
    edited = edit(items[place])
    return (*items[:place], *(() if edited is None else (edited,)), *items[place + 1 :])


def _gone(_: object) -> None:
    """Edit an item by removing it."""


def _with(**fields: object) -> Callable[[Any], Any]:
    """Edit an item by setting fields."""
    return lambda item: replace(item, **fields)


def _field(part: str, field: str, edit: Callable[[Any], Any], wanted: Callable[[Any], bool] = bool) -> Edit:
    """Edit one item of a tuple in the NLU data or the domain."""

    def apply(assistant: Assistant, random: Random) -> Assistant | None:
        owner: Any = getattr(assistant, part)  # the NLU data or the domain
        items = _edited(getattr(owner, field), random, edit, wanted)
        if items is None:
            return None
        changed: Any = {part: replace(owner, **{field: items})}
        return replace(assistant, **changed)

    return apply


def _whole(part: str, field: str, edit: Callable[[Any], Any]) -> Edit:
    """Edit a field of the NLU data or the domain."""

    def apply(assistant: Assistant, random: Random) -> Assistant | None:
        del random
        owner: Any = getattr(assistant, part)
        changed: Any = {part: replace(owner, **{field: edit(getattr(owner, field))})}
        return replace(assistant, **changed)

    return apply


def _example(edit: Callable[[Example], Example | None], wanted: Callable[[Any], bool] = bool) -> Edit:
    return _field("nlu", "examples", edit, wanted)


def _span(**fields: str) -> Edit:
    """Edit the first entity of an example."""

    def edit(example: Example) -> Example:
        first, *rest = example.entities
        return replace(example, entities=(_with(**fields)(first), *rest))

    return _example(edit, lambda example: bool(example.entities))


def _swapped(field: str, *, same_text: bool) -> Edit:
    """Let two examples swap what they say."""

    def apply(assistant: Assistant, random: Random) -> Assistant | None:
        examples = list(assistant.nlu.examples)
        groups: dict[str, list[int]] = defaultdict(list)
        for place, example in enumerate(examples):
            groups[example.text if same_text else ""].append(place)
        several = [group for group in groups.values() if len(group) > 1]
        if not several:
            return None
        one, other = random.sample(random.choice(several), 2)
        for place, source in ((one, assistant.nlu.examples[other]), (other, assistant.nlu.examples[one])):
            value: Any = {field: getattr(source, field)}
            examples[place] = replace(examples[place], **value)
        return replace(assistant, nlu=replace(assistant.nlu, examples=tuple(examples)))

    return apply


def _story(edit: Callable[[Story, Random], Story | None], wanted: Callable[[Story], bool] = bool) -> Edit:
    """Edit a story or a rule."""

    def apply(assistant: Assistant, random: Random) -> Assistant | None:
        edited = _edited(assistant.stories, random, lambda story: edit(story, random), wanted)
        return None if edited is None else replace(assistant, stories=edited)

    return apply


def _step(kind: type[Any], edit: Callable[[Any], Any]) -> Edit:
    """Edit a step of a kind in a story or a rule."""

    def changed(story: Story, random: Random) -> Story:
        return replace(story, steps=_edited(story.steps, random, edit, lambda step: isinstance(step, kind)) or ())

    return _story(changed, lambda story: any(isinstance(step, kind) for step in story.steps))


def _steps_swapped(story: Story, random: Random) -> Story:
    steps = list(story.steps)
    place = random.randrange(len(steps) - 1)
    steps[place : place + 2] = reversed(steps[place : place + 2])
    return replace(story, steps=tuple(steps))


def _named_as_another(assistant: Assistant, random: Random) -> Assistant | None:
    if len(assistant.stories) < 2:
        return None
    one, other = random.sample(range(len(assistant.stories)), 2)
    stories = list(assistant.stories)
    stories[one] = replace(stories[one], name=stories[other].name)
    return replace(assistant, stories=tuple(stories))


def _again(assistant: Assistant, random: Random) -> Assistant | None:
    if not assistant.stories:
        return None
    story = replace(random.choice(assistant.stories), name="again")
    return replace(assistant, stories=(*assistant.stories, story))


def _option(name: str, value: object) -> Edit:
    """Set an option of one of the components or policies that have it."""

    def apply(assistant: Assistant, random: Random) -> Assistant | None:
        def edit(spec: ComponentSpec) -> ComponentSpec:
            return replace(spec, options={**spec.options, name: value})

        config = assistant.config
        specs = _edited((*config.pipeline, *config.policies), random, edit, lambda spec: name in spec.options)
        if specs is None:
            return None
        end = len(config.pipeline)
        return replace(assistant, config=replace(config, pipeline=specs[:end], policies=specs[end:]))

    return apply


def _without_policy(assistant: Assistant, random: Random) -> Assistant | None:
    config = assistant.config
    if len(config.policies) < 2:
        return None
    place = random.randrange(len(config.policies))
    return replace(
        assistant, config=replace(config, policies=(*config.policies[:place], *config.policies[place + 1 :]))
    )


def _reversed(items: tuple[Any, ...]) -> tuple[Any, ...]:
    return items[::-1]


_EDITS: dict[str, Edit] = {
    "an example removed": _example(_gone),
    "an example without its intent": _example(_with(intent=None)),
    "an example with another text": _example(lambda e: replace(e, text=f"{e.text} x")),
    "an example without its entities": _example(_with(entities=()), lambda e: bool(e.entities)),
    "an entity with a role": _span(role="new"),
    "an entity with a group": _span(group="new"),
    "another entity": _span(entity="new"),
    "an entity with another value": _span(value="new"),
    "another response key": _example(lambda e: replace(e, intent=f"{e.intent}x"), lambda e: "/" in (e.intent or "")),
    "intents of one text swapped": _swapped("intent", same_text=True),
    "entities of one text swapped": _swapped("entities", same_text=True),
    "intents swapped": _swapped("intent", same_text=False),
    "a regex removed": _field("nlu", "regexes", _gone),
    "another pattern": _field("nlu", "regexes", lambda r: replace(r, pattern=f"{r.pattern}x")),
    "a synonym removed": _field("nlu", "synonyms", _gone),
    "another synonym": _field("nlu", "synonyms", _with(value="new")),
    "a lookup table removed": _field("nlu", "lookups", _gone),
    "lookup tables reversed": _whole("nlu", "lookups", _reversed),
    "elements reversed": _field("nlu", "lookups", lambda t: replace(t, elements=t.elements[::-1])),
    "a story removed": _story(lambda _, __: None, lambda s: not s.is_rule),
    "a rule removed": _story(lambda _, __: None, lambda s: s.is_rule),
    "a story renamed": _story(lambda s, random: replace(s, name=f"{s.name} {random.random()}")),
    "a story named as another": _named_as_another,
    "a story twice": _again,
    "a step removed": _step(object, _gone),
    "steps swapped": _story(_steps_swapped, lambda s: len(s.steps) > 1),
    "another action": _step(ActionStep, _with(name="action_restart", text=None)),
    "a turn without its entities": _step(UserStep, _with(entities=(), spans=())),
    "another checkpoint": _step(CheckpointStep, _with(name="elsewhere")),
    "a checkpoint without conditions": _step(CheckpointStep, _with(conditions=())),
    "alternatives reversed": _step(OrStep, lambda step: replace(step, alternatives=step.alternatives[::-1])),
    "one alternative": _step(OrStep, lambda step: replace(step, alternatives=step.alternatives[:1])),
    "actions reversed": _whole("domain", "actions", _reversed),
    "a slot without influence": _field("domain", "slots", _with(influence_conversation=False)),
    "another type of slot": _field("domain", "slots", _with(type="bool", initial_value=None)),
    "values reversed": _field("domain", "slots", lambda s: replace(s, values=s.values[::-1])),
    "another initial value": _field("domain", "slots", _with(initial_value="new")),
    "a slot removed": _field("domain", "slots", _gone),
    "an entity removed": _field("domain", "entities", _gone),
    "an entity without influence": _field("domain", "entities", _with(influence_conversation=False)),
    "another role": _field("domain", "entities", lambda e: replace(e, roles=(*e.roles, "new"))),
    "an intent without entities": _field("domain", "intents", _with(use_entities=False)),
    "forms reversed": _whole("domain", "forms", _reversed),
    "entities fill no slots": _whole("domain", "store_entities_as_slots", lambda _: False),
    "another response text": _field("domain", "responses", _with(variations=({"text": "new"},))),
    "other epochs": _option("epochs", 3),
    "another history": _option("max_history", 3),
    "a policy removed": _without_policy,
}
