"""Checkpoints that lead nowhere: no story ends with them, or none starts with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rebake.assistant.model import CheckpointStep, Story
from rebake.assistant.reading import did_you_mean
from rebake.base.location import Notice
from rebake.base.notice_kinds import NoticeKind


def unmatched_checkpoints(stories: Iterable[Story]) -> Iterator[Notice]:
    """Yield a notice for each checkpoint that has no counterpart by its name; rules join no stories.

    Without training trackers this finds misspelt names, but no checkpoints whose conditions are never met.
    """
    read = list(stories)
    for is_rule in (False, True):
        of_kind = [(story, *_ends(story)) for story in read if story.is_rule == is_rule]
        starts = {name for _, begun, _ in of_kind for name in begun}
        ends = {name for _, _, ended in of_kind for name in ended}
        for story, begun, ended in of_kind:
            yield from (unreached(story, name, ends, is_start=True) for name in begun if name not in ends)
            yield from (unreached(story, name, starts, is_start=False) for name in ended if name not in starts)


def _ends(story: Story) -> tuple[Sequence[str], Sequence[str]]:
    """The checkpoints where something of a story begins, and those where something ends; one within it is both."""
    starts: dict[str, None] = {}
    ends: dict[str, None] = {}
    first = next((i for i, step in enumerate(story.steps) if not isinstance(step, CheckpointStep)), len(story.steps))
    last = max((i for i, step in enumerate(story.steps) if not isinstance(step, CheckpointStep)), default=-1)
    for index, step in enumerate(story.steps):
        if isinstance(step, CheckpointStep):
            if index < first or index < last:
                starts[step.name] = None
            if index > first:
                ends[step.name] = None
    return list(starts), list(ends)


def unreached(story: Story, name: str, known: Iterable[str], *, is_start: bool) -> Notice:
    """Return the notice about a checkpoint of a story; ``known`` are the checkpoints at the other ends of stories."""
    kind, other = ("starts with", "ends with") if is_start else ("ends with", "starts with")
    hint = did_you_mean(name, known)
    places = (step.location for step in story.steps if isinstance(step, CheckpointStep) and step.name == name)
    return Notice(
        f"'{story.name}' {kind} checkpoint '{name}', which no other story {other}.{hint}",
        next(places, story.location),
        NoticeKind.UNREACHED_CHECKPOINT,
        subject=name,
    )
