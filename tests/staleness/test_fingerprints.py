"""Fingerprints are over meaning: what changes none leaves them equal, what changes one changes just the right parts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebake.archive.manifest import PARTS, Part
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import (
    ActionStep,
    Assistant,
    CheckpointStep,
    ComponentSpec,
    Domain,
    EntitySpan,
    Example,
    LookupTable,
    LoopStep,
    NluData,
    OrStep,
    RegexPattern,
    Response,
    SlotStep,
    Step,
    Story,
    StoryEntity,
    Synonym,
    UserStep,
)
from rebake.base.location import Location
from rebake.build.plan import make_plan
from rebake.build.request import Request
from rebake.registry import lookup as registry
from rebake.registry.entry import Entry, Section
from rebake.staleness import fingerprints
from rebake.staleness.fingerprints import Fingerprints, fingerprint
from rebake.staleness.meaning import digest
from support.full_project import FULL, write_project
from support.shared import SHARED, need

HERE = Location("x.yml", 1)
ALL = frozenset(PARTS)


def prints(assistant: Assistant, parts: frozenset[Part] = ALL, **core_arguments: Any) -> Fingerprints:
    return fingerprint(assistant, **core_arguments, parts=parts)


def values(assistant: Assistant, **core_arguments: Any) -> dict[str, str]:
    return {part: record.fingerprint for part, record in prints(assistant, **core_arguments).parts.items()}


def changed(before: Assistant, after: Assistant) -> set[str]:
    old, new = values(before), values(after)
    return {part for part in {*old, *new} if old.get(part) != new.get(part)}


def load(directory: Path) -> Assistant:
    return load_assistant(directory / "config.yml", directory / "domain.yml", directory / "data")


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    return load(write_project(tmp_path_factory.mktemp("bot"), FULL))


# What does not count


def test_comments_layout_key_order_and_files_do_not_count(tmp_path: Path, bot: Assistant) -> None:
    moved = dict(FULL)
    lines = FULL["data/nlu.yml"].splitlines()
    greet = lines.index("- intent: greet")
    assert lines[greet + 2].strip() == "- hello"
    moved["data/nlu.yml"] = "# a comment\n" + "\n".join([*lines[: greet + 2], *lines[greet + 3 :]])
    moved["data/more/nlu2.yml"] = 'nlu:\n- examples: |\n    -   hello\n  intent: "greet"\n'
    moved["config.yml"] = FULL["config.yml"].replace(
        "- name: DIETClassifier\n  epochs: 5\n",
        "- {epochs: 5, random_seed: null, name: 'DIETClassifier'}  # as before\n",
    )
    assert moved["config.yml"] != FULL["config.yml"]
    other = load(write_project(tmp_path, moved))
    assert changed(bot, other) == set()
    assert prints(bot).components == prints(other).components


@settings(deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_examples_regexes_stories_and_domain_entries_does_not_count(random: Any) -> None:
    bot = cached_bot()
    nlu, domain = bot.nlu, bot.domain

    def shuffled(items: tuple[Any, ...]) -> tuple[Any, ...]:
        copy = list(items)
        random.shuffle(copy)
        return tuple(copy)

    other = replace(
        bot,
        nlu=replace(nlu, examples=shuffled(nlu.examples), regexes=shuffled(nlu.regexes), lookups=shuffled(nlu.lookups)),
        stories=shuffled(bot.stories),
        domain=replace(
            domain,
            intents=shuffled(domain.intents),
            entities=shuffled(domain.entities),
            slots=shuffled(domain.slots),
            responses=shuffled(domain.responses),
        ),
    )
    assert changed(bot, other) == set()
    assert prints(bot).components == prints(other).components


@lru_cache
def cached_bot() -> Assistant:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as directory:
        return load(write_project(Path(directory), FULL))


def test_places_and_names_of_stories_do_not_count(bot: Assistant) -> None:
    stories = tuple(replace(s, name=f"other {i}", location=HERE) for i, s in enumerate(bot.stories))
    examples = tuple(replace(e, location=HERE, metadata={"a": 1}) for e in bot.nlu.examples)
    assert changed(bot, replace(bot, stories=stories, nlu=replace(bot.nlu, examples=examples))) == set()


def test_writing_a_default_or_an_option_without_effect_does_not_count(bot: Assistant) -> None:
    for name, option, value in [
        ("DIETClassifier", "embedding_dimension", 20),
        ("DIETClassifier", "tensorboard_log_level", "batch"),
        ("TEDPolicy", "encoding_dimension", 50),
        ("FallbackClassifier", "ambiguity_threshold", 0.1),
    ]:
        assert changed(bot, with_option(bot, name, option, value)) == set(), option
    assert values(bot) == values(bot, augmentation_factor=50) == values(bot, augmentation_factor=None)


def test_the_number_of_threads_does_not_count(bot: Assistant) -> None:
    assert make_plan(Request(bot, to_train=False, num_threads=2)).fingerprints == prints(bot)


def test_an_entity_list_of_an_intent_counts_by_what_it_allows(bot: Assistant) -> None:
    names = tuple(entity.name for entity in bot.domain.entities)
    explicit = edit_domain(
        bot, intents=tuple(replace(i, use_entities=names) if i.name == "order" else i for i in bot.domain.intents)
    )
    assert changed(bot, explicit) == set()


def test_order_counts_where_it_decides(bot: Assistant) -> None:
    keyword = edit_config(bot, pipeline=(*bot.config.pipeline, SPEC))
    assert changed(keyword, edit_nlu(keyword, examples=keyword.nlu.examples[::-1])) == {"nlu"}
    rivals = (Synonym("joe", "coffee"), Synonym("Joe", "tea"))
    first, second = (edit_nlu(bot, synonyms=(*bot.nlu.synonyms, *pair)) for pair in (rivals, rivals[::-1]))
    assert changed(first, second) == {"nlu"}
    tables = [(LookupTable("drink", order),) for order in (("tea", "tea time"), ("tea time", "tea"))]
    assert changed(edit_nlu(bot, lookups=tables[0]), edit_nlu(bot, lookups=tables[1])) == {"nlu"}


def test_everything_that_a_registered_component_reads_is_fingerprinted(bot: Assistant) -> None:
    for name in registry.COMPONENTS:
        prints(edit_config(bot, pipeline=(ComponentSpec(name, {}, HERE),)))


# What counts, and for which parts


def with_option(bot: Assistant, name: str, option: str, value: Any) -> Assistant:
    def edit(specs: tuple[ComponentSpec, ...]) -> tuple[ComponentSpec, ...]:
        return tuple(
            replace(spec, options={**spec.options, option: value}) if spec.name == name else spec for spec in specs
        )

    return replace(
        bot, config=replace(bot.config, pipeline=edit(bot.config.pipeline), policies=edit(bot.config.policies))
    )


def edit_nlu(bot: Assistant, **fields: Any) -> Assistant:
    return replace(bot, nlu=replace(bot.nlu, **fields))


def edit_domain(bot: Assistant, **fields: Any) -> Assistant:
    return replace(bot, domain=replace(bot.domain, **fields))


def edit_first(items: tuple[Any, ...], matches: Callable[[Any], bool], **fields: Any) -> tuple[Any, ...]:
    index = next(i for i, item in enumerate(items) if matches(item))
    return (*items[:index], replace(items[index], **fields), *items[index + 1 :])


def is_annotated(example: Example) -> bool:
    return bool(example.entities)


def edit_span(bot: Assistant, **fields: Any) -> Assistant:
    span = next(e for e in bot.nlu.examples if e.entities).entities[0]
    return edit_nlu(bot, examples=edit_first(bot.nlu.examples, is_annotated, entities=(replace(span, **fields),)))


def edit_slot(bot: Assistant, name: str, **fields: Any) -> Assistant:
    return edit_domain(bot, slots=edit_first(bot.domain.slots, lambda slot: slot.name == name, **fields))


def edit_response(bot: Assistant, name: str, **variation: Any) -> Assistant:
    return edit_domain(
        bot, responses=edit_first(bot.domain.responses, lambda r: r.name == name, variations=(variation,))
    )


def edit_config(bot: Assistant, **fields: Any) -> Assistant:
    return replace(bot, config=replace(bot.config, **fields))


def with_stories(bot: Assistant, *stories: Story) -> Assistant:
    return replace(bot, stories=(*bot.stories, *stories))


def story(*steps: Step, **fields: Any) -> Story:
    return Story("new", tuple(steps), **fields)


SPEC = ComponentSpec("KeywordIntentClassifier", {}, HERE)
EDITS: dict[str, tuple[set[str], Callable[[Assistant], Assistant]]] = {
    "language": ({"nlu"}, lambda b: edit_config(b, language="de")),
    "component added": ({"nlu"}, lambda b: edit_config(b, pipeline=(*b.config.pipeline, SPEC))),
    "component removed": ({"nlu"}, lambda b: edit_config(b, pipeline=b.config.pipeline[:-1])),
    "pipeline order": ({"nlu"}, lambda b: edit_config(b, pipeline=b.config.pipeline[::-1])),
    "pipeline option": ({"nlu"}, lambda b: with_option(b, "DIETClassifier", "epochs", 6)),
    "seed": ({"nlu"}, lambda b: with_option(b, "DIETClassifier", "random_seed", 1)),
    "fallback threshold": ({"nlu"}, lambda b: with_option(b, "FallbackClassifier", "threshold", 0.5)),
    "example text": ({"nlu"}, lambda b: edit_nlu(b, examples=edit_first(b.nlu.examples, bool, text="hi there"))),
    "example intent": ({"nlu"}, lambda b: edit_nlu(b, examples=edit_first(b.nlu.examples, bool, intent="order"))),
    "example added": ({"nlu"}, lambda b: edit_nlu(b, examples=(*b.nlu.examples, Example("so", "greet")))),
    "example removed": ({"nlu"}, lambda b: edit_nlu(b, examples=b.nlu.examples[1:])),
    "entity value": ({"nlu"}, lambda b: edit_span(b, value="other")),
    "entity role": ({"nlu"}, lambda b: edit_span(b, role="from")),
    "entity group": ({"nlu"}, lambda b: edit_span(b, group="1")),
    "entity type": ({"nlu"}, lambda b: edit_span(b, entity="size")),
    "entity span": ({"nlu"}, lambda b: edit_span(b, end=1)),
    "synonym": ({"nlu"}, lambda b: edit_nlu(b, synonyms=(*b.nlu.synonyms, Synonym("joe", "coffee")))),
    "regex": ({"nlu"}, lambda b: edit_nlu(b, regexes=(*b.nlu.regexes, RegexPattern("zip", "[0-9]{5}")))),
    "lookup": ({"nlu"}, lambda b: edit_nlu(b, lookups=(LookupTable("drink", ("tea", "latte")),))),
    "policy option": ({"core"}, lambda b: with_option(b, "TEDPolicy", "max_history", 8)),
    "policy order": ({"core"}, lambda b: edit_config(b, policies=b.config.policies[::-1])),
    "policy removed": ({"core"}, lambda b: edit_config(b, policies=b.config.policies[1:])),
    "story added": ({"core"}, lambda b: with_stories(b, story(UserStep("greet"), ActionStep("utter_bye")))),
    "story removed": ({"core"}, lambda b: replace(b, stories=b.stories[1:])),
    "rule added": ({"core"}, lambda b: with_stories(b, story(UserStep("greet"), is_rule=True))),
    "action order": ({"core"}, lambda b: edit_domain(b, actions=b.domain.actions[::-1])),
    "action added": ({"core"}, lambda b: edit_domain(b, actions=(*b.domain.actions, "action_new"))),
    "send_domain": ({"core"}, lambda b: edit_domain(b, actions_send_domain=b.domain.actions[:1])),
    "intent removed": ({"core"}, lambda b: edit_domain(b, intents=b.domain.intents[1:])),
    "entity silent": (
        {"core"},
        lambda b: edit_domain(b, entities=edit_first(b.domain.entities, bool, influence_conversation=False)),
    ),
    "entity roles": ({"core"}, lambda b: edit_domain(b, entities=edit_first(b.domain.entities, bool, roles=("a",)))),
    "slot type": ({"core"}, lambda b: edit_slot(b, "drink", type="any")),
    "slot values order": ({"core"}, lambda b: edit_slot(b, "size", values=("large", "small"))),
    "slot initial value": ({"core"}, lambda b: edit_slot(b, "drink", initial_value="tea")),
    "slot mappings": ({"core"}, lambda b: edit_slot(b, "drink", mappings=({"type": "from_text"},))),
    "form slots order": (
        {"core"},
        lambda b: edit_domain(b, forms=edit_first(b.domain.forms, bool, required_slots=("size", "drink"))),
    ),
    "session": (
        {"core"},
        lambda b: edit_domain(b, session_config=replace(b.domain.session_config, session_expiration_time=5.0)),
    ),
    "response text": ({"nlg"}, lambda b: edit_response(b, "utter_greet", text="Hello!")),
    "response buttons": ({"nlg"}, lambda b: edit_response(b, "utter_greet", text="Hi!", buttons=[{"title": "x"}])),
    "response added": (
        {"nlg", "core"},
        lambda b: edit_domain(b, responses=(*b.domain.responses, replace(b.domain.responses[0], name="utter_new"))),
    ),
    "retrieval response": ({"nlg"}, lambda b: edit_response(b, "utter_faq/price", text="Ten.")),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_change_makes_stale_the_parts_that_depend_on_it_and_no_others(edit: str, bot: Assistant) -> None:
    parts, function = EDITS[edit]
    assert changed(bot, function(bot)) == parts


def test_augmentation_counts_for_core_alone(bot: Assistant) -> None:
    default, other = values(bot), values(bot, augmentation_factor=0)
    assert {part for part in default if default[part] != other[part]} == {"core"}


def test_the_text_of_a_response_counts_for_nlu_where_a_selector_learns_from_it(bot: Assistant) -> None:
    selector = with_option(bot, "ResponseSelector", "use_text_as_label", True)
    assert changed(selector, edit_response(selector, "utter_faq/price", text="Ten.")) == {"nlg", "nlu"}
    assert changed(selector, edit_response(selector, "utter_greet", text="Ten.")) == {"nlg"}
    assert changed(selector, edit_response(selector, "utter_faq/price", text="Three.", image="x")) == {"nlg"}


def test_of_several_variations_the_selector_learns_the_last_text_alone(bot: Assistant) -> None:
    selector = with_option(bot, "ResponseSelector", "use_text_as_label", True)
    first = {"text": "Three."}
    assert changed(selector, with_variations(selector, {"text": "Ten."}, first, {"image": "x"})) == {"nlg"}
    assert changed(selector, with_variations(selector, first, {"text": "Ten."})) == {"nlg", "nlu"}


def with_variations(bot: Assistant, *variations: dict[str, str]) -> Assistant:
    responses = tuple(
        replace(response, variations=variations) if response.name == "utter_faq/price" else response
        for response in bot.domain.responses
    )
    return edit_domain(bot, responses=responses)


def test_the_text_of_a_response_that_no_example_leads_to_is_not_learned(bot: Assistant) -> None:
    selector = with_option(bot, "ResponseSelector", "use_text_as_label", True)
    response = Response("utter_faq/lonely", ({"text": "One."},))
    more = edit_domain(selector, responses=(*selector.domain.responses, response))
    assert changed(more, edit_response(more, "utter_faq/lonely", text="Two.")) == {"nlg"}


STEPS: list[Step] = [
    UserStep("greet"),
    UserStep("order"),
    UserStep("order", entities=(StoryEntity("drink", "tea"),)),
    UserStep("order", entities=(StoryEntity("drink", "tea", role="a"),)),
    UserStep("order", entities=(StoryEntity("drink"),)),
    UserStep(None, text="tea", spans=(EntitySpan(0, 3, "drink", "tea"),)),
    UserStep(None, text="tea"),
    ActionStep("utter_greet"),
    ActionStep(None, text="utter_greet"),
    SlotStep("drink", "tea"),
    SlotStep("drink", None),
    SlotStep("drink", None, has_value=False),
    SlotStep("drink", True),
    SlotStep("drink", 1),
    LoopStep("form"),
    LoopStep(None),
    CheckpointStep("form"),
    CheckpointStep("form", (SlotStep("drink", "tea"),)),
    OrStep((UserStep("greet"), UserStep("order"))),
    OrStep(((SlotStep("drink", "tea"),), (SlotStep("drink", "latte"),))),
    OrStep(((SlotStep("drink", "tea"), SlotStep("drink", "latte")),)),
]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(range(len(STEPS))), max_size=4),
    st.lists(st.sampled_from(range(len(STEPS))), max_size=4),
    st.booleans(),
)
def test_two_stories_have_equal_fingerprints_only_if_their_steps_are_equal(
    a: list[int], b: list[int], rule: bool
) -> None:
    first, second = (
        values(with_stories(cached_bot(), story(*(STEPS[i] for i in steps), is_rule=is_rule)))["core"]
        for steps, is_rule in [(a, False), (b, rule)]
    )
    assert (first == second) == (a == b and not rule)


@pytest.mark.parametrize(
    "fields", [{"condition": (LoopStep("form"),)}, {"conversation_start": True}, {"wait_for_user_input": False}]
)
def test_the_conditions_of_a_rule_count(fields: dict[str, Any], bot: Assistant) -> None:
    plain = with_stories(bot, story(UserStep("greet"), is_rule=True))
    assert changed(plain, with_stories(bot, story(UserStep("greet"), is_rule=True, **fields))) == {"core"}


examples = st.builds(
    Example,
    text=st.text(min_size=1, max_size=5),
    intent=st.sampled_from(["greet", "order", None]),
    entities=st.lists(
        st.builds(EntitySpan, st.integers(0, 1), st.integers(2, 3), st.sampled_from(["a", "b"]), st.text(max_size=2))
        | st.builds(EntitySpan, st.just(3), st.just(4), st.sampled_from(["a", "b"]), st.just("")),
        max_size=2,
    ).map(tuple),
)


OVERLAPPING = EntitySpan(0, 3, "a", ""), EntitySpan(1, 3, "a", "")
APART = EntitySpan(0, 3, "a", ""), EntitySpan(3, 4, "b", "")


@settings(deadline=None)
@given(st.lists(examples, min_size=1, max_size=4), st.lists(examples, min_size=1, max_size=4))
@hypothesis.example([Example("word", None, OVERLAPPING)], [Example("word", None, OVERLAPPING[::-1])])
@hypothesis.example([Example("word", None, APART)], [Example("word", None, APART[::-1])])
def test_nlu_data_has_equal_fingerprints_only_if_its_examples_are_the_same(a: list[Example], b: list[Example]) -> None:
    def tagged(spans: tuple[EntitySpan, ...]) -> list[EntitySpan | None]:
        """By character; the last of the spans that hold it has it."""
        holding = [[span for span in spans if span.start <= place < span.end] for place in range(5)]
        return [spans[-1] if spans else None for spans in holding]

    def key(examples: list[Example]) -> list[str]:
        return sorted(repr((e.text, e.intent, sorted(map(repr, e.entities)), tagged(e.entities))) for e in examples)

    first, second = (values(edit_nlu(cached_bot(), examples=tuple(examples)))["nlu"] for examples in (a, b))
    assert (first == second) == (key(a) == key(b))


# Parts that are not there


def test_a_part_that_the_assistant_does_not_have_or_that_nobody_asked_for_has_no_fingerprint(bot: Assistant) -> None:
    assert set(values(replace(bot, nlu=NluData()))) == {"core", "nlg"}
    assert set(values(replace(bot, stories=()))) == {"nlu", "nlg"}
    assert set(values(replace(bot, domain=Domain(is_empty=True)))) == {"nlu"}
    assert set(prints(bot, frozenset({"nlu"})).parts) == {"nlu"}
    assert {r.part for r in prints(bot, frozenset({"core", "nlg"})).components.values()} == {"core"}


def test_asking_for_one_part_gives_the_fingerprint_that_it_has_among_all(bot: Assistant) -> None:
    for part in PARTS:
        assert prints(bot, frozenset({part})).parts[part] == prints(bot).parts[part]


# Components


def reused(before: Assistant, after: Assistant) -> set[str]:
    """Components whose training would be repeated exactly."""
    known = {(r.part, r.fingerprint) for r in prints(before).components.values()}
    return {node for node, r in prints(after).components.items() if (r.part, r.fingerprint) in known}


@pytest.mark.parametrize(
    ("edit", "again"),
    [
        ("fallback threshold", {"FallbackClassifier7"}),
        ("synonym", {"EntitySynonymMapper6"}),
        ("regex", {"RegexFeaturizer1", "DIETClassifier5", "ResponseSelector8"}),
        ("pipeline option", {"DIETClassifier5"}),
        ("rule added", {"RulePolicy1"}),
        ("session", set()),
        ("policy option", {"TEDPolicy2"}),
        ("component added", {"KeywordIntentClassifier9"}),
    ],
)
def test_a_component_is_trained_again_only_if_what_it_learns_from_changed(
    edit: str, again: set[str], bot: Assistant
) -> None:
    after = EDITS[edit][1](bot)
    assert set(prints(after).components) - reused(bot, after) == again


@pytest.mark.parametrize(("selected", "again"), [("run_RegexFeaturizer1", True), ("words", False)])
def test_a_featurizer_selected_by_its_place_is_another_one_when_the_places_move(
    selected: str, again: bool, bot: Assistant
) -> None:
    def with_selection(pipeline: tuple[ComponentSpec, ...]) -> Assistant:
        chosen = [
            replace(spec, options={**spec.options, "featurizers": [selected]})
            if spec.name == "DIETClassifier"
            else spec
            for spec in pipeline
        ]
        return replace(bot, config=replace(bot.config, pipeline=tuple(chosen)))

    before = bot.config.pipeline
    moved = (ComponentSpec("KeywordIntentClassifier", {}, HERE), *before)
    trained = set(prints(with_selection(moved)).components) - reused(with_selection(before), with_selection(moved))
    assert ("DIETClassifier6" in trained) is again


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({1: "a", "b": "c"}, {"b": "c", 1: "a"}),
        ({None: 0, True: 1, "x": [{2.5: 0, "y": 1}]}, {"x": [{"y": 1, 2.5: 0}], True: 1, None: 0}),
    ],
)
def test_mappings_with_keys_of_several_kinds_count_without_their_order(one: Any, other: Any) -> None:
    assert digest(one) == digest(other)
    assert digest({1: "a", "b": "c"}) != digest({"1": "a", "b": "c"})


def test_the_version_of_a_components_training_counts(bot: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    before = prints(bot)

    def bumped(spec: ComponentSpec, section: Section) -> Entry:
        entry = registry.require(spec, section)
        return replace(entry, version=entry.version + 1) if entry.name == "EntitySynonymMapper" else entry

    monkeypatch.setattr(fingerprints, "known_or_assumed", bumped)
    after = prints(bot)
    assert {p for p in before.parts if before.parts[p] != after.parts[p]} == {"nlu"}
    assert [n for n in before.components if before.components[n] != after.components[n]] == ["EntitySynonymMapper6"]


def test_a_component_that_can_only_be_checked_becomes_stale_when_it_can_be_trained(
    bot: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        fingerprints,
        "known_or_assumed",
        lambda spec, section: replace(registry.require(spec, section), implementation=None),
    )
    before = prints(bot)
    monkeypatch.undo()
    after = prints(bot)
    assert before.components["DIETClassifier5"].version == 0
    assert before.components["DIETClassifier5"].fingerprint != after.components["DIETClassifier5"].fingerprint


def test_components_of_ones_own_can_be_checked(bot: Assistant) -> None:
    spec = ComponentSpec("my.module.Component", {"a": 1}, HERE)
    custom = edit_config(bot, pipeline=(spec, *bot.config.pipeline), policies=(spec, *bot.config.policies))
    assert changed(bot, custom) == {"nlu", "core"}
    assert changed(custom, with_option(custom, spec.name, "a", 2)) == {"nlu", "core"}


# End to end


def test_end_to_end_core_depends_on_the_featurizers_of_nlu_but_not_on_its_classifiers(bot: Assistant) -> None:
    end_to_end = with_stories(bot, story(UserStep(None, text="a tea please"), ActionStep("utter_greet")))
    assert end_to_end.is_end_to_end
    for edit, parts in [
        ("example added", {"nlu", "core"}),
        ("regex", {"nlu", "core"}),
        ("pipeline option", {"nlu"}),
        ("response text", {"nlg"}),
    ]:
        assert changed(end_to_end, EDITS[edit][1](end_to_end)) == parts, edit


# Items


def test_items_name_files_relative_to_the_working_directory_and_hold_no_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_project(tmp_path, FULL)
    monkeypatch.chdir(tmp_path)
    absolute = prints(load(tmp_path))
    relative = prints(load_assistant("config.yml", "domain.yml", ["data"]))
    assert absolute == relative
    items = [item for record in relative.parts.values() for item in record.items]
    assert {item.file for item in items} >= {"domain.yml", "data/nlu.yml", "data/stories.yml"}
    assert all(len(item.digest) == 16 for item in items)
    texts = {example.text for example in load(tmp_path).nlu.examples} - {"tea"}
    assert not texts & {item.name for item in items}
    greet = next(item for item in items if item.kind == "example" and item.name == "greet")
    assert FULL["data/nlu.yml"].splitlines()[greet.line - 1].strip() == "- hello"


# Real assistants


@pytest.mark.shared
@pytest.mark.parametrize("name", ["moodbot", "helpdesk", "travelbot", "formbot", "breakoutbot", "concertbot", "e2ebot"])
def test_real_assistants_have_all_three_parts_and_the_same_fingerprints_every_time(name: str) -> None:
    directory = need(f"assistants/{name}")
    first = prints(load(directory))
    assert set(first.parts) == ALL
    assert first == prints(load(directory))


def test_nothing_heavy_is_imported_for_a_check() -> None:
    code = (
        "import sys, rebake.staleness.compare, rebake.staleness.dry_run, rebake.archive.manifest, "
        "rebake.assistant.importer; print({'numpy', 'tensorflow', 'requests', 'safetensors'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=SHARED.parent)
    assert run.stdout.strip() == "set()"
