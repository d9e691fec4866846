"""Tests of models made by hand, with names that try to be more than text."""

from __future__ import annotations

from rebake.assistant.model import EntitySpan
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.differences.model import Clause, Difference
from rebake.evaluation import conversations  # pytest would take TestedUser for a test
from rebake.evaluation.comparison.compare import compare_tests
from rebake.evaluation.conversations import Conversation, GivenLoop, GivenSlot, GivenUser, StoryTest, TestedStep
from rebake.evaluation.entities import EntityExample, EntityTest
from rebake.evaluation.labels import LabelledText, LabelTest
from rebake.evaluation.result import Fold, ModelTest, NluTest
from rebake.report.model import Differences, PartReport, Report
from rebake.report.quality import Gate, PastQuality, Quality

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"]; click n0 "javascript:alert(1)"',
    "```\n# heading\n::error::x",
    "a|b @team #1 [x](http://evil.example)",
    "${7*7} {{7*7}} {% raw %} datum.value",
    "\u202egnp.exe",
    "'; background: url(//evil.example/x)",
)


def labels(wrong: int, names: tuple[str, ...] = HOSTILE, each: int = 6) -> LabelTest:
    """A test with ``each`` examples a label, of which the first ``wrong`` of every second label get the next label."""
    found = []
    for number, name in enumerate(names):
        for place in range(each):
            is_wrong = number % 2 == 0 and place < wrong
            predicted = names[(number + 1) % len(names)] if is_wrong else name
            line = 1 + number * each + place
            found.append(
                LabelledText(f"{name} {place}", name, predicted, 0.4 + 0.1 * place, Location(f"data/{name}.yml", line))
            )
    return LabelTest(tuple(found))


def entities(is_found: bool) -> EntityTest:
    """One entity, found or not."""
    text = f"to {HOSTILE[1]}"
    span = EntitySpan(3, len(text), HOSTILE[0], text[3:])
    found = {"start": 3, "end": len(text), "entity": HOSTILE[0], "value": text[3:], "extractor": HOSTILE[1]}
    other = {"start": 0, "end": 2, "entity": "direction", "value": "to", "extractor": "DIETClassifier"}
    predicted = (found, other) if is_found else (other,)
    return EntityTest((EntityExample(text, (span,), predicted, ((0, 2), (3, len(text))), Location("nlu.yml", 3)),))


def stories(is_right: bool) -> StoryTest:
    """Two stories, the first of which fails or not."""
    said = conversations.TestedUser(HOSTILE[3], HOSTILE[2], HOSTILE[2], location=Location("tests/t.yml", 3))
    chosen = HOSTILE[1] if is_right else HOSTILE[0]
    rest: tuple[TestedStep, ...] = (GivenSlot("x", [1, None]), GivenLoop("form"), GivenLoop(None), GivenUser("bye"))
    failing = (said, conversations.TestedAction(HOSTILE[1], chosen, "TEDPolicy", 0.5), *rest)
    fine = (said, conversations.TestedAction("utter_bye", "utter_bye", "TEDPolicy", 0.9))
    return StoryTest(
        (
            Conversation(HOSTILE[0], failing, Location("tests/t.yml", 2)),
            Conversation(HOSTILE[4], fine, Location("tests/t.yml", 9)),
        ),
        is_end_to_end=True,
    )


def hostile_test(*, is_worse: bool) -> ModelTest:
    """All kinds of tests at once."""
    wrong = 6 if is_worse else 0
    fold = Fold(20, {"intents": 0.5, HOSTILE[1]: 0.5}, {"intents": 0.9})
    nlu = NluTest(labels(wrong), labels(2), entities(not is_worse), (fold,))
    return ModelTest("models/head.tar.gz", nlu, stories(not is_worse))


def hostile_quality(*, has_base: bool = True) -> Quality:
    """A model that is worse than the base, in everything."""
    head = hostile_test(is_worse=True)
    past = tuple(
        PastQuality(f"{number:040x}", f"2026-11-{number + 1:02}T10:00:00Z", HOSTILE[0] if number == 2 else "", figures)
        for number in range(4)
        for figures in ({"intents.weighted_f1": 0.5 + number / 10, "stories.accuracy": 0.5, HOSTILE[1]: 1.0},)
    )
    return Quality(
        head,
        comparison=compare_tests(hostile_test(is_worse=False), head) if has_base else None,
        base_name=HOSTILE[1] if has_base else None,
        problem=None if has_base else f"the base's parts are not in the store {HOSTILE[1]}",
        gates=(Gate("stories", False, f"1 test story fails: {HOSTILE[0]}"), Gate("min-intent-f1", True, "0.5 >= 0.4")),
        history=past,
    )


PLACE = Location(f"data/{HOSTILE[1]}.yml", 3)


def hostile_report() -> Report:
    """Everything that a report can have, in names that try to be more than text."""
    return Report(
        mode="train",
        parts=(PartReport("core", "stale", HOSTILE, "a" * 64, "trained", None, 3.2), PartReport("nlg", "absent")),
        code=1,
        name=HOSTILE[0],
        model_url="javascript:alert(1)",
        run_url="https://github.com/acme/bot/actions/runs/1",
        metrics={f"{HOSTILE[0]}3.loss": 0.5},
        seconds=1.5,
        commit="e" * 40,
        quality=hostile_quality(),
        notices=(*(Notice(text, PLACE) for text in HOSTILE), Notice(HOSTILE[0], PLACE, NoticeKind.INVALID_DATA)),
        differences=Differences(
            (Difference("intent", HOSTILE[0], (Clause(HOSTILE[1], PLACE, lines=HOSTILE),)),),
            lambda place, side: f"javascript:{place.file}" if side == "base" else f"https://github.com/x#{place.line}",
        ),
    )
