"""What changed in the data since a snapshot, and whether the rest of the check still stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from rebake.assistant.file_cache.codec import KeptFile
from rebake.assistant.model import Assistant, CheckpointStep, Example, NluData, OrStep, Story, UserStep
from rebake.assistant.stories.reader import is_test_file
from rebake.base.location import Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.build.snapshot.facts import ENOUGH, count_facts, is_of_synonyms, values_of
from rebake.build.snapshot.snapshot import Snapshot
from rebake.errors import DataErrors
from rebake.staleness.items import story_items
from rebake.validation.consistency import check_names
from rebake.validation.nlu_data import check_data
from rebake.validation.pipeline import check_learned_intents, check_rule_policy
from rebake.validation.responses import check_responses
from rebake.validation.slots import check_slots
from rebake.validation.stories import check_stories

# They name the first example or story of some kind, which an ordinary change may replace by an earlier one.
_OF_FIRST_STORY = frozenset({NoticeKind.MISSING_RESPONSE, NoticeKind.RULES_WITHOUT_POLICY})
_OF_FIRST_ENTITY = frozenset({NoticeKind.UNREAD_DATA})
# Of what is said about NLU data, what is said about examples one by one; the rest is about all of them.
_OF_ONE = frozenset({NoticeKind.MISALIGNED_ENTITY, NoticeKind.UNREAD_DATA, NoticeKind.MISSING_RESPONSE})


_Each = TypeVar("_Each")


@dataclass(frozen=True)
class DataChange:
    """Examples and stories that went and that came, by what they say.

    A changed one both went and came. Their places are those of the files they are, or were, in.
    """

    examples_removed: tuple[Example, ...] = ()
    examples_added: tuple[Example, ...] = ()
    stories_removed: tuple[Story, ...] = ()
    stories_added: tuple[Story, ...] = ()

    @property
    def examples(self) -> tuple[Example, ...]:
        """Both sides' examples."""
        return (*self.examples_removed, *self.examples_added)

    @property
    def stories(self) -> tuple[Story, ...]:
        """Both sides' stories."""
        return (*self.stories_removed, *self.stories_added)


def ordinary_change(
    snapshot: Snapshot, changed: Sequence[tuple[str, KeptFile, KeptFile]], assistant: Assistant
) -> DataChange | None:
    """Return what changed if all findings of the snapshot stand as they are, and None if that is not certain.

    Args:
        snapshot: of the last check.
        changed: path, content then and content now of each file that changed.
        assistant: with its configuration and its domain, and without its data.
    """
    paths = [path for path, *_ in changed]
    if any(_is_about(notice, paths) for notice in snapshot.notices):
        return None
    if not all(_is_plain(path, before) and _is_plain(path, now) for path, before, now in changed):
        return None
    if any(_synonyms(before) != _synonyms(now) or _joined(before) != _joined(now) for _, before, now in changed):
        return None
    change = _difference(changed)
    if change is None:
        return None
    is_ordinary = (
        all(_is_ordinary(story) for story in change.stories)
        and all("/" not in (example.intent or "/") for example in change.examples)
        and _leaves_first(snapshot, change)
        and _has_own_texts(snapshot, change, changed)
        and _is_known(snapshot, change)
        and _stories_are_single(snapshot, change)
        and _finds_nothing(assistant, change)
    )
    return change if is_ordinary else None


def _leaves_first(snapshot: Snapshot, change: DataChange) -> bool:
    """Whether what notices name as the first of its kind stays the first."""
    kinds = {notice.kind for notice in snapshot.notices}
    if change.stories and kinds & _OF_FIRST_STORY:
        return False
    return not (kinds & _OF_FIRST_ENTITY and any(example.entities for example in change.examples))


def _is_about(notice: Notice, paths: Iterable[str]) -> bool:
    """Whether a notice is about one of the files, or mentions it: then its lines may have moved."""
    return any((notice.location is not None and notice.location.file == path) or path in str(notice) for path in paths)


def _is_plain(path: str, file: KeptFile) -> bool:
    """Whether a file has examples and stories alone, and nothing deserves attention in it."""
    nlu, stories = file.data.nlu, file.data.stories
    if is_test_file(path) or file.notices or file.silenced or file.data.notices or file.data.responses:
        return False
    if nlu is not None and (nlu.notices or nlu.regexes or nlu.lookups or nlu.lookup_files):
        return False
    return stories is None or not stories.notices


def _synonyms(file: KeptFile) -> list[tuple[str, str]]:
    return [] if file.data.nlu is None else [(synonym.surface, synonym.value) for synonym in file.data.nlu.synonyms]


def _examples(file: KeptFile) -> list[Example]:
    return [] if file.data.nlu is None else file.data.nlu.examples


def _stories(file: KeptFile) -> Sequence[Story]:
    return () if file.data.stories is None else file.data.stories.stories


def _joined(file: KeptFile) -> list[tuple[str, tuple[str, str]]]:
    """The stories that are joined to others, with their names: at an OR, a name may decide what is learned."""
    return [
        (story.name, _pair(story))
        for story in _stories(file)
        if any(isinstance(step, CheckpointStep | OrStep) for step in story.steps)
    ]


def _difference(changed: Sequence[tuple[str, KeptFile, KeptFile]]) -> DataChange | None:
    """By file, so that what moved to another file both went and came; None if what stayed in a file changed its order.

    Order may count: of values that differ in case alone, for example, the first is the synonym.
    """
    examples: tuple[list[Example], list[Example]] = ([], [])
    stories: tuple[list[Story], list[Story]] = ([], [])
    for _, before, now in changed:
        if not (
            _add_difference(examples, _examples(before), _examples(now), _key)
            and _add_difference(stories, _stories(before), _stories(now), _pair)
        ):
            return None
    return DataChange(tuple(examples[0]), tuple(examples[1]), tuple(stories[0]), tuple(stories[1]))


def _add_difference(
    found: tuple[list[_Each], list[_Each]],
    before: Iterable[_Each],
    now: Iterable[_Each],
    key_of: Callable[[_Each], Hashable],
) -> bool:
    """Add what went and what came, and return whether all else is in the same order."""
    old, new = [(key_of(each), each) for each in before], [(key_of(each), each) for each in now]
    old_stayed, went = _split(old, new)
    new_stayed, came = _split(new, old)
    found[0].extend(went)
    found[1].extend(came)
    return old_stayed == new_stayed


def _split(
    ones: Iterable[tuple[Hashable, _Each]], others: Iterable[tuple[Hashable, _Each]]
) -> tuple[list[Hashable], list[_Each]]:
    """Return the keys that the others have as well, and all that is left over, both in order."""
    counts = Counter(key for key, _ in others)
    shared: list[Hashable] = []
    left_over: list[_Each] = []
    for key, each in ones:
        if counts[key]:
            counts[key] -= 1
            shared.append(key)
        else:
            left_over.append(each)
    return shared, left_over


def _key(example: Example) -> Hashable:
    """What makes two examples duplicates."""
    return example.text, example.intent, example.entities, repr(example.metadata)


def _pair(story: Story) -> tuple[str, str]:
    (item,) = story_items((story,))
    return item.kind, item.digest


def _is_ordinary(story: Story) -> bool:
    """Whether a story stands for itself: it is not joined to others, and has intents and actions alone."""
    return (
        not any(
            isinstance(step, CheckpointStep | OrStep)
            or (isinstance(step, UserStep) and (step.text is not None or step.spans or "/" in (step.intent or "/")))
            for step in story.steps
        )
        and not story.is_end_to_end
    )


def _has_own_texts(snapshot: Snapshot, change: DataChange, changed: Sequence[tuple[str, KeptFile, KeptFile]]) -> bool:
    """Whether no other example has a text that changed: those of one text are compared with each other."""
    texts = {example.text.lower() for example in change.examples}
    before = Counter(text for _, file, _ in changed for e in _examples(file) if (text := e.text.lower()) in texts)
    now = Counter(text for _, _, file in changed for e in _examples(file) if (text := e.text.lower()) in texts)
    return all(before[text] <= 1 and now[text] <= 1 and snapshot.times(text) == before[text] for text in texts)


def _is_known(snapshot: Snapshot, change: DataChange) -> bool:
    """Whether enough other examples and stories share each fact with those that changed."""
    went = count_facts(change.examples_removed, change.stories_removed)
    came = count_facts(change.examples_added, change.stories_added)
    facts = {fact for fact in (*went, *came) if not is_of_synonyms(fact)}
    if any(snapshot.facts.get(fact, 0) - went[fact] < ENOUGH for fact in facts):
        return False
    if any(e.text[span.start : span.end] != span.value for e in change.examples for span in e.entities):
        return False
    values = {*values_of((*went, *came))}
    if values and (snapshot.has_own_surfaces or len({value.lower() for value in values}) < len(values)):
        return False
    return all(
        (key := value.lower()) not in snapshot.delicate and snapshot.synonyms.get(key, value) == value
        for value in values
    )


def _stories_are_single(snapshot: Snapshot, change: DataChange) -> bool:
    """Whether no two stories say what one that changed says."""
    stories = snapshot.lists["stories"]
    went = Counter(map(_pair, change.stories_removed))
    came = Counter(map(_pair, change.stories_added))
    return all(
        went[pair] <= 1 and came[pair] <= 1 and stories.count(list(pair)) == went[pair] for pair in {*went, *came}
    )


def _finds_nothing(assistant: Assistant, change: DataChange) -> bool:
    """Whether the checks find nothing odd in what changed, looked at by itself, then and now."""
    known, _ = _findings(replace(assistant, nlu=NluData(), stories=()))
    for examples, stories in (
        (change.examples_removed, change.stories_removed),
        (change.examples_added, change.stories_added),
    ):
        found, is_wrong = _findings(replace(assistant, nlu=NluData(examples), stories=stories))
        if is_wrong or not found <= known:
            return False
    return True


def _findings(assistant: Assistant) -> tuple[set[Notice], bool]:
    """What the checks find that look at one example or story after the other, and whether there is an error."""
    errors = DataErrors()
    notices = [*check_names(assistant, errors), *check_slots(assistant), *check_responses(assistant)]
    notices += check_stories(assistant.stories)
    notices += [notice for notice in check_data(assistant) if notice.kind in _OF_ONE]
    with errors.collecting():
        notices += check_rule_policy(assistant)
    with errors.collecting():
        check_learned_intents(assistant)
    return set(notices), any(errors)
