"""What reaches training counts, also where single digests of it are equal: pairs, shared ORs, overlapping entities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.dialogues.random_assistants import make
from rebake.archive.manifest import Manifest
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import (
    ActionStep,
    Assistant,
    CheckpointStep,
    ComponentSpec,
    Domain,
    EntitySpan,
    Example,
    OrStep,
    Response,
    SlotStep,
    Story,
    UserStep,
)
from rebake.assistant.stories.or_statements import sharing_stories
from rebake.base.location import Location
from rebake.build.plan import make_plan
from rebake.build.request import Request
from rebake.core.stories.generator import training_trackers
from rebake.nlu.diet.response_selector_files import response_key, retrieval_responses
from rebake.staleness.canonical_order import ordered_examples, ordered_stories
from rebake.staleness.compare import compare
from rebake.staleness.fingerprints import Fingerprints, fingerprint
from rebake.staleness.nlu_inputs import ambiguous_texts
from support.core import read

CRF = ComponentSpec("CRFEntityExtractor", {}, Location("config.yml", 1))
CLASSIFIER = replace(CRF, name="LogisticRegressionClassifier")
PIPELINE = tuple(replace(CRF, name=name) for name in ("WhitespaceTokenizer", "CountVectorsFeaturizer"))
EITHER = OrStep((UserStep("greet"), UserStep("bye")))
DRINK = EntitySpan(2, 5, "drink", "tea")


def of_core(assistant: Assistant) -> Fingerprints:
    return fingerprint(assistant, parts=frozenset({"core"}))


def served(name: str, hot: bool, action: str) -> Story:
    condition = SlotStep("hot", hot)
    return Story(name, (CheckpointStep("served", (condition,)), EITHER, ActionStep(action)))


@pytest.fixture
def bot(tmp_path: Path) -> Assistant:
    assistant = read(tmp_path, "stories: []\n")
    orders = tuple(
        Story(f"hot: {hot}", (UserStep("order"), SlotStep("hot", hot), CheckpointStep("served")))
        for hot in (True, False)
    )
    return replace(
        assistant, stories=(*orders, served("after", True, "utter_greet"), served("after", False, "utter_bye"))
    )


def renamed(assistant: Assistant, position: int, name: str) -> Assistant:
    stories = list(assistant.stories)
    stories[position] = replace(stories[position], name=name)
    return replace(assistant, stories=tuple(stories))


def test_stories_of_one_name_go_on_with_each_other_after_an_or(bot: Assistant) -> None:
    """As in Rasa: a hot drink may be followed by utter_bye, which no story says."""
    assert sharing_stories(bot.stories) == [(2, 3)]
    apart = renamed(bot, 3, "after a cold one")
    assert sharing_stories(apart.stories) == []
    both, each = (training_trackers(assistant.stories, bot.domain, 0) for assistant in (bot, apart))
    assert len(both) == 8
    assert len(each) == 4


def test_a_name_counts_where_stories_share_an_or_and_the_reason_says_so(bot: Assistant) -> None:
    apart = renamed(bot, 3, "after a cold one")
    before, after = of_core(bot), of_core(apart)
    assert before.components["MemoizationPolicy0"].fingerprint != after.components["MemoizationPolicy0"].fingerprint
    manifest = make_plan(Request(bot, parts=frozenset({"core"}), to_train=False)).fingerprints
    (verdict,) = compare(after, Manifest(manifest.parts, manifest.components)).parts
    assert verdict.reasons == ("which stories of one name share an OR changed",)


def test_a_name_does_not_count_where_stories_of_one_name_start_alike(bot: Assistant) -> None:
    """They have the same OR in the same place, but each of them is reached by all that reach the other."""
    alike = replace(bot, stories=(*bot.stories[:3], served("after", True, "utter_bye")))
    apart = renamed(alike, 3, "another")
    assert sharing_stories(alike.stories) == []
    assert of_core(alike).components == of_core(apart).components
    events = [[t.events for t in training_trackers(a.stories, bot.domain, 5)] for a in (alike, apart)]
    assert events[0] == events[1]


@pytest.mark.parametrize("position", [0, 1])
def test_a_name_counts_nowhere_else(bot: Assistant, position: int) -> None:
    assert of_core(renamed(bot, position, "another")).components == of_core(bot).components
    apart = renamed(bot, 3, "after a cold one")
    assert of_core(renamed(apart, 3, "once more")).components == of_core(apart).components
    assert "story_names" not in of_core(apart).parts["core"].settings


def of_pairs(*pairs: tuple[str, str | None, tuple[EntitySpan, ...]]) -> Callable[[Assistant], dict[str, str]]:
    def fingerprints(assistant: Assistant) -> dict[str, str]:
        nlu = replace(assistant.nlu, examples=tuple(Example(*pair) for pair in pairs))
        config = replace(assistant.config, pipeline=(*PIPELINE, CRF, CLASSIFIER))
        found = fingerprint(replace(assistant, nlu=nlu, config=config), parts=frozenset({"nlu"}))
        return {record.name: record.fingerprint for record in found.components.values()}

    return fingerprints


def test_which_annotation_goes_with_which_intent_counts(bot: Assistant) -> None:
    first = of_pairs(("a tea", "order", (DRINK,)), ("a tea", None, ()))(bot)
    second = of_pairs(("a tea", "order", ()), ("a tea", None, (DRINK,)))(bot)
    assert {name for name in first if first[name] != second[name]} == {"CRFEntityExtractor"}


def test_a_text_of_one_intent_or_one_annotation_needs_no_pairs() -> None:
    """So models of data without such texts stay fresh."""
    other = Example("b", "stop", (DRINK,))
    assert ambiguous_texts([Example("a tea", "order", (DRINK,)), Example("a tea", "order"), other]) == []
    assert ambiguous_texts([Example("a tea", "order", (DRINK,)), Example("a tea", "stop", (DRINK,)), other]) == []
    assert len(ambiguous_texts([Example("a tea", "order", (DRINK,)), Example("a tea", "stop"), other])) == 2


def test_the_order_of_entities_counts_where_they_overlap(bot: Assistant) -> None:
    whole = EntitySpan(0, 5, "order", "a tea")
    apart = EntitySpan(0, 1, "number", "a")
    for other, counts in ((whole, True), (apart, False)):
        one, two = (of_pairs(("a tea", "order", spans))(bot) for spans in ((DRINK, other), (other, DRINK)))
        assert (one != two) == counts
        examples = [Example("a tea", "order", spans) for spans in ((DRINK, other), (other, DRINK))]
        assert (ordered_examples(examples[:1]) != ordered_examples(examples[1:])) == counts


def test_rules_do_not_change_which_stories_are_concatenated(tmp_path: Path) -> None:
    turns = [(first, last) for first in ("greet", "bye", "order") for last in ("greet", "bye", "inform", "stop")]
    stories = tuple(
        Story(f"{first}, {last}", (UserStep(first), ActionStep("utter_greet"), UserStep(last), ActionStep("utter_bye")))
        for first, last in turns
    )
    rules = tuple(Story(f"rule {n}", (UserStep("stop"), ActionStep("utter_bye")), is_rule=True) for n in range(3))
    domain = read(tmp_path, "stories: []\n").domain

    def augmented(*given: Story) -> list[Any]:
        return [tracker.events for tracker in training_trackers(given, domain, 3) if tracker.is_augmented]

    alone = augmented(*stories)
    assert alone
    assert augmented(*rules, *stories) == alone
    assert augmented(*stories[:5], *rules, *stories[5:]) == alone


def test_stories_are_ordered_by_what_they_say() -> None:
    stories = (served("a", True, "utter_greet"), served("b", False, "utter_bye"), Story("c", (), is_rule=True))
    names = [story.name for story in ordered_stories(stories)]
    assert names == [story.name for story in ordered_stories(stories[::-1])]
    assert names[-1] == "c"
    swapped = [replace(story, name=name) for story, name in zip(stories, "zyx", strict=True)]
    assert [story.steps for story in ordered_stories(swapped)] == [story.steps for story in ordered_stories(stories)]


@cache
def random_assistants() -> list[Assistant]:
    with TemporaryDirectory() as folder:
        projects = map(Path, make(Path(folder), 12, seed=5))
        return [load_assistant(p / "config.yml", p / "domain.yml", p / "data") for p in projects]


@pytest.mark.slow
@settings(deadline=None)
@given(st.sampled_from(range(12)), st.randoms(use_true_random=False))
def test_stories_in_any_order_become_the_same_trackers(number: int, random: Random) -> None:
    """With checkpoints, cycles, ORs, names that come again, and augmentation."""
    assistant = random_assistants()[number]
    shuffled = tuple(random.sample(assistant.stories, len(assistant.stories)))
    other = replace(assistant, stories=shuffled)
    assert of_core(other).components == of_core(assistant).components
    events = [
        [tracker.events for tracker in training_trackers(ordered_stories(stories), assistant.domain, 2)]
        for stories in (assistant.stories, shuffled)
    ]
    assert events[0] == events[1]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y", None]), st.booleans())), st.randoms())
def test_examples_in_any_order_come_in_one_and_what_is_not_read_moves_nothing(
    drawn: list[tuple[str, str | None, bool]], random: Random
) -> None:
    spans = {True: (EntitySpan(0, 1, "letter", "a"),), False: ()}
    examples = [Example(text, intent, spans[has_entity]) for text, intent, has_entity in drawn]
    ordered = ordered_examples(examples)
    assert ordered == ordered_examples(random.sample(examples, len(examples)))
    bare = ordered_examples([replace(example, entities=()) for example in examples])
    assert [(e.text, e.intent) for e in bare] == [(e.text, e.intent) for e in ordered]


def test_the_order_of_responses_does_not_decide_which_of_two_with_one_text_is_answered() -> None:
    """A ResponseSelector that learned texts looks up the first response with the text that it chose."""
    two = tuple(Response(f"utter_faq/{key}", ({"text": "Three."},)) for key in ("price", "cost"))
    written = [retrieval_responses(Domain(responses=responses)) for responses in (two, two[::-1])]
    assert [response_key("Three.", responses) for responses in written] == ["faq/cost", "faq/cost"]
