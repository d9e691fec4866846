"""How the stories and rules of two states of an assistant differ, step by step."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence

from rebake.assistant.model import (
    ActionStep,
    CheckpointStep,
    EntitySpan,
    LoopStep,
    OrStep,
    SlotStep,
    Step,
    Story,
    StoryEntity,
    UserStep,
)
from rebake.differences.model import Clause, Difference, change_text, count_text, quoted, value_text
from rebake.differences.sequences import edits
from rebake.staleness.meaning import digest, step_meaning, story_meaning


def story_differences(before: Sequence[Story], after: Sequence[Story], *, tests: bool = False) -> Iterator[Difference]:
    """Yield what differs; ``tests`` says that these are test stories."""
    for is_rule in (False, True):
        kind = "rule" if is_rule else "test story" if tests else "story"
        olds, news = ([story for story in side if story.is_rule == is_rule] for side in (before, after))
        yield from _of_kind(kind, olds, news)


def _of_kind(kind: str, before: Sequence[Story], after: Sequence[Story]) -> Iterator[Difference]:
    """Pair stories that are equal but for the name, then those of one name; what is left came or went."""
    old, new = list(before), list(after)
    _take_pairs(old, new, lambda story: f"{story.name}\0{digest(story_meaning(story))}")
    renamed = _take_pairs(old, new, lambda story: digest(story_meaning(story)))
    changed = _take_pairs(old, new, lambda story: story.name)
    for one, other in renamed:
        yield Difference(kind, other.name, (Clause(f"was called {quoted(one.name)}", other.location),))
    for one, other in changed:
        yield Difference(kind, other.name, tuple(_clauses(one, other)))
    for story in new:
        yield Difference(kind, story.name, (Clause(f"added ({_size(story)})", story.location),))
    for story in old:
        yield Difference(kind, story.name, (Clause("removed", story.location, "base"),))


def _take_pairs(old: list[Story], new: list[Story], key: Callable[[Story], str]) -> list[tuple[Story, Story]]:
    """Take the stories that agree in the key out of both lists, in order."""
    waiting: dict[str, deque[Story]] = defaultdict(deque)
    for story in old:
        waiting[key(story)].append(story)
    pairs = [(waiting[key(story)].popleft(), story) for story in new if waiting[key(story)]]
    taken = {id(story) for pair in pairs for story in pair}
    old[:] = [story for story in old if id(story) not in taken]
    new[:] = [story for story in new if id(story) not in taken]
    return pairs


def _size(story: Story) -> str:
    return count_text(len(story.steps), "step")


def _clauses(before: Story, after: Story) -> Iterator[Clause]:
    """Never empty: the caller found the two to differ."""
    for field in ("conversation_start", "wait_for_user_input"):
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            yield Clause(change_text(field, old, new), after.location)
    yield from _step_clauses("condition", before.condition, after.condition, after)
    yield from _step_clauses("step", before.steps, after.steps, after)


def _step_clauses(noun: str, before: Sequence[Step], after: Sequence[Step], story: Story) -> Iterator[Clause]:
    old, new = [step_text(step) for step in before], [step_text(step) for step in after]
    for edit in edits([digest(step_meaning(step)) for step in before], [digest(step_meaning(step)) for step in after]):
        if edit.after is None:
            assert edit.before is not None
            place = before[edit.before].location
            yield Clause(f"{noun} {edit.before + 1}, {old[edit.before]} removed", place, "base")
            continue
        here = after[edit.after].location or story.location
        if edit.before is None:
            yield Clause(f"{noun} {edit.after + 1}, {new[edit.after]} added", here)
        else:
            yield Clause(f"{noun} {edit.after + 1}, {old[edit.before]} -> {new[edit.after]}", here)


def step_text(step: Step) -> str:
    """A step in a few words."""
    match step:
        case UserStep():
            entities = ", ".join(_entity_text(entity) for entity in step.entities)
            said = quoted(step.text) if step.text is not None else ""
            intent = f"intent {step.intent}" if step.intent is not None else "user"
            spans = "".join(f" [{s.start}:{s.end} {_span_text(s)}]" for s in step.spans) if step.text else ""
            return " ".join(part for part in (intent, said, f"({entities})" if entities else "") if part) + spans
        case ActionStep():
            return step.name if step.name is not None else f"bot {quoted(step.text or '')}"
        case SlotStep():
            return f"slot {step.name}" + (f" = {value_text(step.value)}" if step.has_value else "")
        case LoopStep():
            return f"active_loop {step.name if step.name is not None else 'null'}"
        case CheckpointStep():
            conditions = ", ".join(step_text(condition) for condition in step.conditions)
            return f"checkpoint {step.name}" + (f" ({conditions})" if conditions else "")
        case OrStep():
            return " or ".join(_alternative_text(alternative) for alternative in step.alternatives)


def _alternative_text(alternative: UserStep | tuple[SlotStep, ...]) -> str:
    if isinstance(alternative, UserStep):
        return step_text(alternative)
    return " and ".join(step_text(slot) for slot in alternative)


def _entity_text(entity: StoryEntity) -> str:
    value = f": {value_text(entity.value)}" if entity.value is not None else ""
    return entity.entity + value + _role_text(entity.role, entity.group)


def _span_text(span: EntitySpan) -> str:
    return span.entity + (f"={span.value}" if span.value else "") + _role_text(span.role, span.group)


def _role_text(role: str | None, group: str | None) -> str:
    return "".join(f" {key} {given}" for key, given in (("role", role), ("group", group)) if given)
