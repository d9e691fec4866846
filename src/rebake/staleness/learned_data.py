"""What fingerprints cover of an assistant's examples and stories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from rebake.archive.manifest import Item, Part
from rebake.assistant.model import Assistant, Story
from rebake.assistant.stories.or_statements import sharing_stories
from rebake.assistant.stories.texts import learned_texts
from rebake.staleness.items import nlu_items, story_items
from rebake.staleness.meaning import digest, story_meaning
from rebake.staleness.nlu_inputs import NluInputs, trained_responses
from rebake.staleness.trainer import MODULE


class LearnedItems:
    """The items of a part. They count by kind and digest; names, places and order only explain.

    Attributes:
        items: all of them, or those that an explanation needs.
    """

    def __init__(self, items: tuple[Item, ...]) -> None:
        self.items = items

    def part_digest(self, part: Part, settings: Mapping[str, Any], fingerprints: Sequence[str]) -> str:
        """Return the fingerprint of the part.

        Args:
            part: its name.
            settings: what counts besides items.
            fingerprints: of its components.
        """
        pairs = sorted((item.kind, item.digest) for item in self.items)
        return digest([part, pairs, settings, list(fingerprints)])

    def digest_of_stories(self) -> str:
        """What every policy learns from."""
        return digest(sorted((item.kind, item.digest) for item in self.items if item.kind not in ("rule", MODULE)))

    def digest_of_rules(self) -> str:
        """What policies learn from that learn rules."""
        return digest(sorted(item.digest for item in self.items if item.kind == "rule"))


class LearnedInputs(Protocol):
    """Digests of what components read, by the words of ``Entry.reads``."""

    def __getitem__(self, aspect: str) -> str | None: ...


class LearnedData:
    """The examples and stories of an assistant that was read as a whole.

    Attributes:
        has_examples: whether there is NLU data.
        has_stories: whether there are stories or rules.
        is_end_to_end: whether a story contains texts.
        inputs: what components read.
    """

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self.has_examples = bool(assistant.nlu)
        self.has_stories = bool(assistant.stories)
        self.is_end_to_end = assistant.is_end_to_end
        self.inputs: LearnedInputs = NluInputs(assistant)

    def nlu_items(self, further: Sequence[Item]) -> LearnedItems:
        """The items of the NLU part, and further ones."""
        return LearnedItems((*nlu_items(self._assistant.nlu), *trained_responses(self._assistant), *further))

    def core_items(self, domain: Sequence[Item], further: Sequence[Item]) -> LearnedItems:
        """Stories and rules, after the items of the domain and before further ones."""
        return LearnedItems((*domain, *story_items(self._assistant.stories), *further))

    def story_texts(self) -> str:
        """What featurizers learn of stories, end to end."""
        return digest(learned_texts(self._assistant.stories))

    def story_names(self) -> str | None:
        """Which stories share a name, where that decides how they go on after an OR; None where it decides nothing.

        Rules do not count: they begin without conditions, so whether they share an OR makes no difference.
        """
        return names_that_count(self._assistant.stories)


def names_that_count(stories: Iterable[Story]) -> str | None:
    """As :meth:`LearnedData.story_names`."""
    only_stories = [story for story in stories if not story.is_rule]
    groups = sharing_stories(only_stories)
    by_meaning = [sorted(digest(story_meaning(only_stories[position])) for position in group) for group in groups]
    return digest(sorted(by_meaning)) if groups else None
