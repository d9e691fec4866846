"""Two tests compared: what belongs together, what changed, and what is noise."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebake.assistant.model import EntitySpan
from rebake.base.location import Location
from rebake.evaluation import conversations  # pytest would take TestedUser for a test
from rebake.evaluation.comparison.compare import compare_tests
from rebake.evaluation.comparison.result import Figure, KindComparison, MetricChange, ModelComparison
from rebake.evaluation.comparison.statistics import mcnemar
from rebake.evaluation.conversations import Conversation, GivenSlot, StoryTest
from rebake.evaluation.entities import EntityExample, EntityTest
from rebake.evaluation.labels import LabelledText, LabelTest
from rebake.evaluation.result import ModelTest, NluTest

pytestmark = pytest.mark.slow  # SciPy's and scikit-learn's imports take seconds

Triple = tuple[str, str, str]  # expected, predicted by the base, predicted by the head
LABELS = st.sampled_from(["a", "b", "c"])
TRIPLES = st.lists(st.tuples(LABELS, LABELS | st.just(""), LABELS | st.just("")), min_size=1, max_size=30)
few = settings(max_examples=25, deadline=None)


def of_labels(labels: Sequence[tuple[str, str]], name: str = "model") -> ModelTest:
    examples = (
        LabelledText(f"text {number}", expected, predicted, 0.9, Location("nlu.yml", number + 1))
        for number, (expected, predicted) in enumerate(labels)
    )
    return ModelTest(name, NluTest(LabelTest(tuple(examples))))


def both(triples: Sequence[Triple]) -> tuple[ModelTest, ModelTest]:
    return of_labels([(one[0], one[1]) for one in triples]), of_labels([(one[0], one[2]) for one in triples])


def intents(comparison: ModelComparison) -> KindComparison:
    [kind] = comparison.kinds
    assert kind.kind == "intents"
    return kind


def figures(kind: KindComparison) -> dict[str, tuple[float, float, float]]:
    of_metrics = {metric.name: metric.figure for metric in kind.metrics}
    of_labels = {f"label {change.label}": change.figure for change in kind.labels}
    return {name: (one.base, one.head, one.p) for name, one in (of_metrics | of_labels).items()}


@few
@given(TRIPLES)
def test_swapping_base_and_head_flips_every_sign_and_keeps_every_p(triples: list[Triple]) -> None:
    base, head = both(triples)
    there, back = intents(compare_tests(base, head)), intents(compare_tests(head, base))
    assert {name: (two, one, p) for name, (one, two, p) in figures(back).items()} == figures(there)
    assert [(one.text, one.before, one.after) for one in there.broken] == [
        (one.text, one.after, one.before) for one in back.fixed
    ]


@few
@given(TRIPLES)
def test_equal_evaluations_show_no_change_and_p_is_1(triples: list[Triple]) -> None:
    base, _ = both(triples)
    kind = intents(compare_tests(base, base))
    assert all(one == other and p == 1 for one, other, p in figures(kind).values())
    assert (kind.broken, kind.fixed, kind.labels) == ((), (), ())
    assert {metric.figure.outcome for metric in kind.metrics} == {"same"}


@few
@given(TRIPLES, st.randoms(use_true_random=False))
def test_figures_are_those_of_each_report_and_the_order_of_examples_is_nothing(
    triples: list[Triple], order: random.Random
) -> None:
    base, head = both(triples)
    kind = intents(compare_tests(base, head))
    for side, test in enumerate((base, head)):
        assert test.nlu is not None
        assert test.nlu.intents is not None
        scores = test.nlu.intents.scores
        found = {name: values[side] for name, values in figures(kind).items()}
        assert found["accuracy"] == pytest.approx(scores.accuracy)
        assert found["weighted_f1"] == pytest.approx(scores.weighted.f1)
        assert found["macro_f1"] == pytest.approx(scores.macro.f1)
        for change in kind.labels:
            assert found[f"label {change.label}"] == pytest.approx(scores.labels[change.label].f1)
    assert head.nlu is not None
    assert head.nlu.intents is not None
    shuffled = order.sample(head.nlu.intents.examples, len(triples))
    other = ModelTest("model", NluTest(LabelTest(tuple(shuffled))))
    assert figures(intents(compare_tests(base, other))) == figures(kind)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_exact_two_sided_binomial_test(fixed: int, broken: int) -> None:
    tail = sum(math.comb(fixed + broken, count) for count in range(min(fixed, broken) + 1))
    assert mcnemar(fixed, broken) == pytest.approx(min(1.0, 2 * tail / 2 ** (fixed + broken)))


def test_models_that_differ_by_chance_alone_are_rarely_called_different() -> None:
    """Two models with the same rate of errors: at most about one comparison in twenty may see more than noise."""
    chance = random.Random(7)

    def predicted(expected: str) -> str:
        return expected if chance.random() < 0.85 else chance.choice("abc")

    called: dict[str, int] = {}
    for _ in range(100):
        triples = [(label, predicted(label), predicted(label)) for label in "abc" * 30]
        for name, (_, _, p) in figures(intents(compare_tests(*both(triples)))).items():
            called[name] = called.get(name, 0) + (p < 0.05)
    assert called.keys() >= {"accuracy", "weighted_f1", "macro_f1"}
    assert all(count <= 10 for count in called.values()), called


def test_a_lost_intent_is_more_than_noise_and_a_lost_example_is_not() -> None:
    triples = [*[("a", "a", "b")] * 8, *[("b", "b", "b")] * 8, *[("c", "c", "c")] * 8, ("c", "a", "c")]
    comparison = compare_tests(*both(triples))
    kind = intents(comparison)
    assert [(change.label, change.figure.outcome) for change in kind.labels][:2] == [("a", "worse"), ("b", "worse")]
    assert {metric.name for _, metric in comparison.worse_by_more_than(0)} == {"accuracy", "weighted_f1", "macro_f1"}
    assert {metric.name for _, metric in comparison.worse_by_more_than(0.29)} == {"weighted_f1", "macro_f1"}
    assert (len(kind.broken), len(kind.fixed)) == (8, 1)
    slight = compare_tests(*both([*triples[8:], ("a", "a", "b")]))
    assert list(slight.changed("worse")) == []
    assert next(iter(slight.changed("noise")), None) is not None


def test_a_drop_as_large_as_allowed_passes_however_it_is_rounded() -> None:
    drop = MetricChange("accuracy", Figure(0.9, 0.88, 0.01), "mcnemar")
    comparison = ModelComparison("base", "head", (KindComparison("intents", 900, 0, 0, (drop,)),))
    assert 0.9 - 0.88 > 0.02
    assert comparison.worse_by_more_than(0.02) == []
    assert [metric for _, metric in comparison.worse_by_more_than(0.019)] == [drop]


def test_examples_that_one_test_has_alone_are_counted_and_left_out() -> None:
    base, head = of_labels([("a", "a"), ("b", "b"), ("b", "b")]), of_labels([("a", "a"), ("b", "a"), ("c", "c")])
    kind = intents(compare_tests(base, head))
    assert (kind.compared, kind.only_base, kind.only_head) == (2, 1, 1)
    assert figures(kind)["accuracy"][:2] == (1.0, 0.5)
    nothing = compare_tests(of_labels([("a", "a")]), ModelTest("head"))
    assert nothing.is_empty
    assert (intents(nothing).only_base, intents(nothing).metrics) == (1, ())


def test_entities_are_compared_by_what_all_extractors_find_together() -> None:
    city = EntitySpan(0, 4, "city", "Rome")

    def test(*found: tuple[int, int, str]) -> ModelTest:
        entities = tuple(
            {"start": start, "end": end, "entity": "city", "value": "x", "extractor": name}
            for start, end, name in found
        )
        right = EntityExample("Rome", (), (), ((0, 4),))
        return ModelTest("m", NluTest(entities=EntityTest((EntityExample("Rome it is", (city,), entities, ()), right))))

    comparison = compare_tests(test((0, 4, "Diet"), (0, 4, "Crf")), test((0, 4, "Diet"), (5, 7, "Crf")))
    [kind] = comparison.kinds
    assert [(metric.name, metric.extractor) for metric in kind.metrics] == [
        ("accuracy", None), ("span_f1", None), ("span_f1", "Crf"), ("span_f1", "Diet"),
    ]  # fmt: skip
    assert [metric.figure.base for metric in kind.metrics] == [1.0, 1.0, 1.0, 1.0]
    assert [metric.figure.head for metric in kind.metrics] == [0.5, pytest.approx(2 / 3), 0.0, 1.0]
    [broken] = kind.broken
    assert (broken.expected, broken.before, broken.after) == (
        "[Rome](city)", "[Rome](city)", "[Rome](city), [it](city)"
    )  # fmt: skip
    assert [(change.label, change.support) for change in kind.labels] == [("city", 1)]


def test_stories_are_the_same_by_name_and_turns_whatever_slots_the_domain_fills() -> None:
    right = conversations.TestedAction("utter_a", "utter_a", "RulePolicy", 1.0)
    story = Conversation(
        "one", (conversations.TestedUser("hi", "greet", "greet"), right), Location("tests/test.yml", 3)
    )
    wrong = replace(right, predicted="utter_b")
    broken = replace(story, steps=(*story.steps[:1], GivenSlot("name", "x"), wrong))
    longer = replace(story, steps=(*story.steps, right))
    base, head = StoryTest((story, longer), True), StoryTest((broken, replace(story, name="two")), True)
    [kind] = compare_tests(ModelTest("base", stories=base), ModelTest("head", stories=head)).kinds
    assert (kind.compared, kind.only_base, kind.only_head) == (1, 1, 1)
    assert {metric.name: (metric.figure.base, metric.figure.head) for metric in kind.metrics} == {
        "accuracy": (1.0, 0.0), "turn_accuracy": (1.0, 0.5),
    }  # fmt: skip
    [change] = kind.broken_stories
    assert (change.name, change.turn, change.location) == ("one", wrong, story.location)
    [back] = compare_tests(ModelTest("base", stories=head), ModelTest("head", stories=base)).kinds
    assert [(one.name, one.turn) for one in back.fixed_stories] == [("one", wrong)]
