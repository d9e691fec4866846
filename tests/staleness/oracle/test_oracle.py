"""Never a false fresh: mutated assistants are trained again, and what was called fresh must come out the same.

`python -m parity oracle` asks more of this: more mutations, more random assistants, and the real ones in ../shared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from parity.oracle.changes import changes
from parity.oracle.made_assistants import made_assistants
from parity.oracle.reorderings import reorderings
from parity.oracle.verdicts import Oracle
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant, ComponentSpec, Story
from support.shared import need

pytestmark = pytest.mark.slow


@cache
def made() -> dict[str, Assistant]:
    with TemporaryDirectory() as folder:
        return dict(made_assistants(Path(folder), random_ones=4))


@cache
def oracle_of(name: str) -> Oracle:
    return Oracle(made()[name])


def falsely_fresh(oracle: Oracle, mutations: list[tuple[str, Assistant]]) -> list[str]:
    return [f"{what}: {node}" for what, mutated in mutations for node in oracle.judge(mutated).false_fresh]


@pytest.mark.parametrize("name", ["everything", "end to end"])
def test_a_reordered_assistant_is_fresh_and_training_it_gives_the_same(name: str) -> None:
    oracle, found = oracle_of(name), list(reorderings(made()[name], Random(1)))
    assert len(found) > 10
    for what, reordered in found:
        judged = oracle.judge(reordered)
        assert judged.fresh
        assert judged.false_fresh == [], what
        assert [node for node in judged.stale if not oracle.reads_order(node)] == [], what


def test_what_is_fresh_after_a_change_would_be_trained_to_the_same() -> None:
    """Of the assistant with everything in it; end to end, what is not the same there."""
    found = list(changes(made()["everything"], Random(1), 1))
    assert len(found) > 40
    assert falsely_fresh(oracle_of("everything"), found) == []
    of_stories = [change for change in changes(made()["end to end"], Random(1), 1) if "step" in change[0]]
    assert of_stories
    assert falsely_fresh(oracle_of("end to end"), of_stories) == []


@pytest.mark.long
def test_random_stories_with_checkpoints_and_ors_are_never_falsely_fresh() -> None:
    names = [name for name in made() if name.startswith("random")]
    assert names
    for name in names:
        mutations = [*reorderings(made()[name], Random(2)), *changes(made()[name], Random(2), 1)]
        assert falsely_fresh(Oracle(made()[name]), mutations) == [], name


@pytest.mark.shared
@pytest.mark.parametrize("name", ["concertbot", "helpdesk"])
def test_rules_taken_out_of_a_real_assistant_leave_what_its_stories_teach(name: str) -> None:
    """Rasa numbers rules and stories together, so that a rule decides which stories are concatenated."""
    project = need(f"assistants/{name}")
    assistant = load_assistant(project / "config.yml", project / "domain.yml", project / "data")
    core = replace(assistant, nlu=replace(assistant.nlu, examples=()))
    oracle = Oracle(core)
    without = replace(core, stories=tuple(story for story in core.stories if not story.is_rule))
    reordered = list(reorderings(core, Random(1)))[-1:]
    mutations = [*reordered, ("no rules", without), ("a rule less", without_first_rule(core))]
    assert falsely_fresh(oracle, mutations) == []
    assert "TEDPolicy" in {node.rstrip("0123456789") for node in oracle.judge(without).fresh}


def without_first_rule(assistant: Assistant) -> Assistant:
    rule = next(story for story in assistant.stories if story.is_rule)
    return replace(assistant, stories=tuple(story for story in assistant.stories if story is not rule))


def renamed(assistant: Assistant) -> Assistant:
    """With another name for one of two stories that share an OR."""
    place = max(
        place for place, story in enumerate(assistant.stories) if story.name == "afterwards" and not story.is_rule
    )
    stories = [*assistant.stories]
    stories[place] = replace(stories[place], name="later")
    return replace(assistant, stories=tuple(stories))


def swapped(assistant: Assistant) -> Assistant:
    """With the annotation of "a tea" at the other example of this text."""
    examples = list(assistant.nlu.examples)
    one, other = (place for place, e in enumerate(examples) if e.text == "a tea" and e.intent in ("order", "stop"))
    entities = examples[one].entities, examples[other].entities
    examples[one] = replace(examples[one], entities=entities[1])
    examples[other] = replace(examples[other], entities=entities[0])
    return replace(assistant, nlu=replace(assistant.nlu, examples=tuple(examples)))


def backwards(assistant: Assistant) -> Assistant:
    nlu = replace(assistant.nlu, examples=assistant.nlu.examples[::-1])
    return replace(assistant, nlu=nlu, stories=assistant.stories[::-1])


def slots_backwards(assistant: Assistant) -> Assistant:
    return replace(assistant, domain=replace(assistant.domain, slots=assistant.domain.slots[::-1]))


def nothing(*_: object) -> None:
    return None


FAULTS: dict[str, tuple[str, Callable[..., Any], Callable[[Assistant], Assistant], str]] = {
    "examples as written": ("rebake.nlu.pipeline.ordered_examples", list, backwards, "DIETClassifier7"),
    "stories as written": ("rebake.core.agent.ordered_stories", list, backwards, "TEDPolicy3"),
    "slots as written": (
        "rebake.core.featurizers.ordered_domain",
        lambda domain: domain,
        slots_backwards,
        "TEDPolicy3",
    ),
    "no names": ("rebake.staleness.learned_data.names_that_count", nothing, renamed, "MemoizationPolicy0"),
    "no pairs": ("rebake.staleness.nlu_inputs.ambiguous_texts", nothing, swapped, "CRFEntityExtractor8"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_oracle_finds_what_once_was_wrong(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, wrong, mutate, component = FAULTS[fault]
    everything = made()["everything"]
    assert component not in oracle_of("everything").judge(mutate(everything)).false_fresh
    monkeypatch.setattr(place, wrong)
    assert component in Oracle(everything).judge(mutate(everything)).false_fresh


def small(assistant: Assistant) -> Assistant:
    """With networks that train in a moment."""

    def edited(spec: ComponentSpec) -> ComponentSpec:
        return replace(spec, options={**spec.options, "epochs": 1}) if "epochs" in spec.options else spec

    alike = ("UnexpecTEDIntentPolicy", "ResponseSelector")  # as DIETClassifier and TEDPolicy
    config = assistant.config
    pipeline, policies = (
        tuple(edited(spec) for spec in specs if spec.name not in alike) for specs in (config.pipeline, config.policies)
    )
    return replace(assistant, config=replace(config, pipeline=pipeline, policies=policies))


@pytest.mark.long
def test_trained_for_real_a_reordered_assistant_has_the_same_weights() -> None:
    assistant = small(made()["everything"])
    oracle = Oracle(assistant, for_real=True)
    *_, (_, reordered) = reorderings(assistant, Random(3))
    judged = oracle.judge(without_first_rule(reordered))
    assert {"DIETClassifier7", "CRFEntityExtractor8", "TEDPolicy3"} <= set(judged.fresh)
    assert judged.false_fresh == []


def test_the_digest_of_a_training_sees_its_learners() -> None:
    """Each learner's digest differs with its data, else nothing above could fail."""
    more = Story("more", made()["everything"].stories[0].steps[:2])
    everything = made()["everything"]
    changed = replace(
        everything,
        nlu=replace(everything.nlu, examples=everything.nlu.examples[1:]),
        stories=(*everything.stories, more),
    )
    judged = oracle_of("everything").judge(changed)
    learners = {"DIETClassifier7", "CRFEntityExtractor8", "LogisticRegressionClassifier6", "TEDPolicy3"}
    assert learners <= set(judged.stale)
    assert not learners & set(judged.false_stale)
