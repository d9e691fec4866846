"""What fingerprints cover of data of which a snapshot knows all but the last changes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from rebake.archive.manifest import Item, Part
from rebake.assistant.model import Assistant, NluData
from rebake.build.snapshot.change import DataChange
from rebake.build.snapshot.facts import count_facts, values_of
from rebake.build.snapshot.snapshot import LISTED_INPUTS, Snapshot, input_of
from rebake.staleness.items import nlu_items, story_items
from rebake.staleness.learned_data import LearnedData, LearnedItems
from rebake.staleness.meaning import digest, encoded
from rebake.staleness.nlu_inputs import NluInputs, trained_responses
from rebake.staleness.sorted_json import ChangedJson


class RecalledItems(LearnedItems):
    """The items of a part, which are known by kind and digest alone.

    Args:
        all_items: the kinds and digests of all items.
        stories: likewise of those that every policy learns from.
        rules: the digests of the rules.
    """

    def __init__(
        self,
        all_items: ChangedJson,
        stories: ChangedJson | None = None,
        rules: ChangedJson | None = None,
    ) -> None:
        super().__init__(())
        self._all = all_items
        self._stories = stories
        self._rules = rules

    def part_digest(self, part: Part, settings: Mapping[str, Any], fingerprints: Sequence[str]) -> str:
        found = hashlib.sha256(b"[" + encoded(part) + b",")
        for piece in self._all.pieces():
            found.update(piece)
        found.update(b"," + encoded(settings) + b"," + encoded(list(fingerprints)) + b"]")
        return found.hexdigest()

    def digest_of_stories(self) -> str:
        return super().digest_of_stories() if self._stories is None else self._stories.digest()

    def digest_of_rules(self) -> str:
        return super().digest_of_rules() if self._rules is None else self._rules.digest()


class RecalledData(LearnedData):
    """The data of a snapshot with what changed since then.

    Args:
        assistant: with its configuration, its domain, and data that stands in for all of it.
        snapshot: of the last check.
        change: an ordinary one.
    """

    def __init__(self, assistant: Assistant, snapshot: Snapshot, change: DataChange) -> None:
        super().__init__(assistant)
        self._snapshot = snapshot
        self._change = change
        self.has_examples = len(snapshot.lists["texts"]) > 0
        self.has_stories = len(snapshot.lists["stories"]) > 0
        self.is_end_to_end = False
        self.inputs = _RecalledInputs(assistant, snapshot, change)

    def nlu_items(self, further: Sequence[Item]) -> LearnedItems:
        gone, new = (nlu_items(NluData(side)) for side in (self._change.examples_removed, self._change.examples_added))
        others = (*trained_responses(self._assistant), *further)
        changed = self._snapshot.lists["nlu"].changed(_pairs(gone), _pairs((*new, *others)))
        return RecalledItems(changed)

    def core_items(self, domain: Sequence[Item], further: Sequence[Item]) -> LearnedItems:
        gone, new = story_items(self._change.stories_removed), story_items(self._change.stories_added)
        lists, others = self._snapshot.lists, (*domain, *further)

        def without_rules(items: Sequence[Item]) -> list[Item]:
            return [item for item in items if item.kind != "rule"]

        def rules(items: Sequence[Item]) -> list[str]:
            return [item.digest for item in items if item.kind == "rule"]

        return RecalledItems(
            lists["stories"].changed(_pairs(gone), _pairs((*new, *others))),
            lists["stories without rules"].changed(_pairs(without_rules(gone)), _pairs(without_rules((*new, *others)))),
            lists["rules"].changed(rules(gone), rules(new)),
        )

    def story_names(self) -> str | None:
        return self._snapshot.story_names


class _RecalledInputs:
    """Digests of what components read, by the words of ``Entry.reads``."""

    def __init__(self, assistant: Assistant, snapshot: Snapshot, change: DataChange) -> None:
        self._snapshot = snapshot
        self._change = change
        self._of_stand_in = NluInputs(assistant)

    def __getitem__(self, aspect: str) -> str | None:
        if aspect in self._snapshot.inputs:
            return self._snapshot.inputs[aspect]
        if aspect in LISTED_INPUTS:
            gone, new = self._change.examples_removed, self._change.examples_added
            return self._snapshot.lists[aspect].changed(input_of(aspect, gone), input_of(aspect, new)).digest()
        if aspect == "synonyms":
            return digest(self._synonyms())
        return self._of_stand_in[aspect]  # responses and the domain

    def _synonyms(self) -> Mapping[str, str]:
        """What is learned of synonyms: values that are written as they are stand for themselves."""
        facts, found = self._snapshot.facts, dict(self._snapshot.synonyms)
        gone = count_facts(self._change.examples_removed, ())
        new = count_facts(self._change.examples_added, ())
        for fact in {*gone, *new}:
            for value in values_of([fact]):
                if facts.get(fact, 0) - gone[fact] + new[fact]:
                    found.setdefault(value.lower(), value)
                else:
                    del found[value.lower()]
        return found


def _pairs(items: Sequence[Item]) -> list[list[str]]:
    return [[item.kind, item.digest] for item in items]
