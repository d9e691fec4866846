"""What a check of a whole assistant found, in a form in which single examples and stories can be exchanged.

The next check reads this in place of the examples and stories of the files that did not change.
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rebake.archive.manifest import Part
from rebake.assistant.model import Assistant, Example, NluData
from rebake.assistant.nlu_data.synonyms import learn_synonyms
from rebake.base.location import Notice
from rebake.build.snapshot.compared_part import ComparedPart
from rebake.build.snapshot.facts import count_facts, delicate_keys
from rebake.staleness.items import nlu_items, story_items
from rebake.staleness.learned_data import LearnedData
from rebake.staleness.meaning import spans_meaning
from rebake.staleness.sorted_json import SortedJson

ITEM_LISTS = ("nlu", "stories", "stories without rules", "rules")
CONSTANT_INPUTS = ("ambiguous texts", "regexes", "lookups")  # ordinary changes leave them as they are
LISTED_INPUTS = ("texts", "intents", "entities")


@dataclass(frozen=True)
class Snapshot:
    """A check.

    Attributes:
        context: digest over everything but the data files that the check depended on.
        files: the data files in order, each with the key of what it said.
        notices: all that the check reported.
        fingerprints: of the parts.
        compared: what of them differed from the model that they were compared with.
        story_names: as of :class:`rebake.staleness.learned_data.LearnedData`.
        inputs: digests of what components read that no ordinary change concerns.
        synonyms: what is learned of them, lowercase surface -> value.
        delicate: keys of synonyms that depend on the order of the data.
        has_own_surfaces: whether a list of synonyms has a value as its own synonym.
        retrieval_intents: the full names of all retrieval intents.
        facts: how many examples or stories each fact is true of.
        texts: numbers that stand for the texts of all examples, duplicates among them, in lower case; sorted.
        lists: what is hashed for fingerprints, by the names in ITEM_LISTS and LISTED_INPUTS.
    """

    context: str
    files: Sequence[tuple[str, str]]
    notices: tuple[Notice, ...]
    fingerprints: Mapping[Part, str]
    compared: Mapping[Part, ComparedPart]
    story_names: str | None
    inputs: Mapping[str, str | None]
    synonyms: Mapping[str, str]
    delicate: frozenset[str]
    has_own_surfaces: bool
    retrieval_intents: tuple[str, ...]
    facts: Mapping[str, int]
    texts: Sequence[int]
    lists: Mapping[str, SortedJson]

    def times(self, text: str) -> int:
        """How many examples have a text, without regard to case; in rare cases more than it has."""
        number = number_of(text)
        position = found = bisect_left(self.texts, number)
        while found < len(self.texts) and self.texts[found] == number:
            found += 1
        return found - position


def number_of(text: str) -> int:
    """Return 64 bits that stand for a text without regard to case."""
    return int.from_bytes(hashlib.sha256(text.lower().encode("utf-8", "surrogatepass")).digest()[:8])


def make_snapshot(
    assistant: Assistant,
    context: str,
    files: Sequence[tuple[str, str]],
    notices: tuple[Notice, ...],
    fingerprints: Mapping[Part, str],
    compared: Mapping[Part, ComparedPart],
    duplicates: Iterable[str],
) -> Snapshot:
    """Make a snapshot of an assistant.

    Args:
        assistant: it was read as a whole, and no story of it is end to end.
        context: digest over everything else that the check depended on.
        files: the data files in order, with the keys of what they say.
        notices: of the check.
        fingerprints: of the parts.
        compared: with the model's.
        duplicates: the texts of the examples that were left out as duplicates.
    """
    data = assistant.nlu
    learned = LearnedData(assistant)
    texts = [example.text for example in data.examples]
    intents = {example.intent for example in data.examples}
    return Snapshot(
        context=context,
        files=files,
        notices=notices,
        fingerprints=fingerprints,
        compared=compared,
        story_names=learned.story_names(),
        inputs={aspect: learned.inputs[aspect] for aspect in CONSTANT_INPUTS},
        synonyms=learn_synonyms(data),
        delicate=frozenset(delicate_keys(data)),
        has_own_surfaces=any(synonym.surface == synonym.value for synonym in data.synonyms),
        retrieval_intents=tuple(sorted(intent for intent in intents if intent and "/" in intent)),
        facts=count_facts(data.examples, assistant.stories),
        texts=array("Q", sorted(map(number_of, (*texts, *duplicates)))),
        lists=_lists(assistant),
    )


def _lists(assistant: Assistant) -> dict[str, SortedJson]:
    examples = assistant.nlu.examples
    stories = [(item.kind, item.digest) for item in story_items(assistant.stories)]
    return {
        "nlu": SortedJson.of((item.kind, item.digest) for item in nlu_items(assistant.nlu)),
        "stories": SortedJson.of(stories),
        "stories without rules": SortedJson.of(pair for pair in stories if pair[0] != "rule"),
        "rules": SortedJson.of(found for kind, found in stories if kind == "rule"),
        **{aspect: SortedJson.of(input_of(aspect, examples)) for aspect in LISTED_INPUTS},
    }


def input_of(aspect: str, examples: Iterable[Example]) -> list[object]:
    """What components read of examples, by one of LISTED_INPUTS."""
    if aspect == "texts":
        return [example.text for example in examples]
    if aspect == "intents":
        return [[example.text, example.intent or ""] for example in examples]
    return [[example.text, spans_meaning(example.entities)] for example in examples if example.entities]


def stand_in(snapshot: Snapshot) -> NluData:
    """Return data from which the domain is completed as from all of it."""
    return NluData(tuple(Example("", intent) for intent in snapshot.retrieval_intents))
