"""The test of the model inside the action: kept, compared with the base, judged."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rebake.action import evaluation as evaluation_module
from rebake.action.run_plan import RunPlan
from rebake.build import build as build_module
from rebake.evaluation.evaluate import evaluate
from rebake.evaluation.nlu.cross_validation import cross_validate
from rebake.report.model import Report
from rebake.report.quality import Gate, Quality
from rebake.staleness.git.changes import Base
from rebake.store.release_store import ReleaseStore
from rebake.store.releases import Releases
from support.action_run import HEAD, HELD_OUT, KEYWORDS, STORE_TAG, Bench, nlu_text, write_tested
from support.assistants import STORY, append, edit
from support.github_api import Fault, GitHubApi

pytestmark = pytest.mark.slow  # scikit-learn and SciPy

TESTED = {"test_nlu": "held-out.yml"}
PUSH = RunPlan(HEAD, Base("none"), is_newest=True)
# "price" is learned under the label of another intent, and so is one of the words that only it has.
SHUFFLED = {**KEYWORDS, "cancel": "cost", "price": "cancel"}


@pytest.fixture
def bench(tmp_path: Path, connect: Callable[[], Releases], monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, connect, monkeypatch)


@pytest.fixture
def tested(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds of tests that are really run, one entry a model."""
    runs: list[str] = []

    def counted(model: Any, data: Any, *rest: Any) -> Any:
        runs.append("+".join(kind for kind in ("examples", "stories") if getattr(data, kind) is not None))
        return evaluate(model, data, *rest)

    monkeypatch.setattr("rebake.evaluation.evaluate.evaluate", counted)
    return runs


def quality(report: Report) -> Quality:
    assert report.failure is None, report.failure
    assert report.quality is not None
    return report.quality


def kept(api: GitHubApi) -> list[str]:
    return [name for name in api.asset_names(STORE_TAG) if name.startswith("evaluation-")]


def messages(report: Report) -> str:
    return "\n".join(str(notice) for notice in report.notices)


def test_a_model_is_tested_once_and_the_test_is_found_by_every_later_run(
    bench: Bench, api: GitHubApi, tested: list[str]
) -> None:
    first = quality(bench.run(**TESTED).report)
    assert (bench.code, first.is_reused, tested) == (0, False, ["examples+stories"])
    assert first.test.nlu is not None
    assert first.test.stories is not None
    assert len(kept(api)) == 2
    again = quality(bench.run(**TESTED).report)
    assert (again.is_reused, tested) == (True, ["examples+stories"])
    assert again.test == first.test
    checked = quality(bench.run(mode="check", **TESTED).report)
    assert (bench.code, checked.is_reused, checked.test) == (0, True, first.test)


def test_only_what_changed_is_tested_again(bench: Bench, tested: list[str]) -> None:
    bench.run(**TESTED)
    append(bench.bot / "data" / "stories.yml", STORY)
    assert quality(bench.run(**TESTED).report).test.nlu is not None
    edit(bench.bot / "held-out.yml", "bring tea", "bring a tea")
    bench.run(**TESTED)
    assert tested == ["examples+stories", "stories", "examples"]


def test_test_data_that_was_moved_is_not_tested_again_and_stands_where_it_is_now(
    bench: Bench, tested: list[str]
) -> None:
    bench.run(**TESTED)
    moved = dict(reversed(HELD_OUT.items()))
    (bench.bot / "other.yml").write_text(f"# moved\n{nlu_text(moved)}", encoding="utf-8")
    edit(bench.bot / "tests" / "test_stories.yml", 'version: "3.1"', 'version: "3.1"\n# moved')
    found = quality(bench.run(test_nlu="other.yml").report)
    assert tested == ["examples+stories"]
    assert found.test.nlu is not None
    assert found.test.nlu.intents is not None
    lines = (bench.bot / "other.yml").read_text(encoding="utf-8").splitlines()
    for example in found.test.nlu.intents.examples:
        assert example.location is not None
        assert example.location.file == "other.yml"
        assert lines[example.location.line - 1].strip() == f"- {example.text}"
    assert found.test.stories is not None
    assert str(found.test.stories.conversations[0].location) == "tests/test_stories.yml:4"


def test_a_model_that_learned_wrong_labels_is_worse_and_the_report_says_by_which_intents(
    bench: Bench, api: GitHubApi
) -> None:
    bench.run(PUSH, **TESTED)
    bench.branch()
    write_tested(bench.bot, SHUFFLED)
    run = bench.run(fail_on="stories, worse", max_drop="0.1", **TESTED)
    found = quality(run.report)
    assert (bench.code, found.base_name, found.problem) == (16, "main at bbbbbbb", None)
    assert bench.statuses[-1] == ("failure", "Trained NLU, but the model is worse than the base.")
    assert [(gate.name, gate.is_met) for gate in found.gates] == [("worse", False), ("stories", True)]
    assert "'cancel', 'price'" in found.gates[0].message
    assert found.comparison is not None
    [intents, stories] = found.comparison.kinds
    assert {label.label for label in intents.labels if label.figure.outcome == "worse"} == {"cancel", "price"}
    assert (stories.kind, stories.broken_stories) == ("stories", ())
    [confused] = [notice for notice in run.report.notices if str(notice.message).startswith("8 of 8 test examples")]
    assert "'cancel' are predicted as 'price' and 8 of 8 test examples of 'price' are predicted as 'cancel'" in str(
        confused
    )
    assert confused.location is not None
    assert confused.location.file == "held-out.yml"
    outputs = (bench.bot.parent / "GITHUB_OUTPUT").read_text(encoding="utf-8")
    assert "failed-conditions" in outputs
    assert len([name for name in api.asset_names(STORE_TAG) if name.startswith("nlu-")]) == 2, "the part is published"
    bench.run(mode="check", fail_on="stale,worse", **TESTED)
    assert bench.code == 16, "a check judges what is kept"
    bench.run(fail_on="never", **TESTED)
    assert bench.code == 0


def test_a_base_that_was_not_tested_is_tested_if_the_store_has_its_parts(
    bench: Bench, api: GitHubApi, tested: list[str]
) -> None:
    bench.run(PUSH)
    bench.branch()
    write_tested(bench.bot, SHUFFLED)
    assert bench.run(mode="check", fail_on="never", **TESTED).report.quality is None, "the model is not there yet"
    tested.clear()
    found = quality(bench.run(**TESTED).report)
    assert tested == ["examples+stories", "examples"], "head, then base"
    assert found.comparison is not None
    assert [kind.kind for kind in found.comparison.kinds] == ["intents", "stories"]
    assert len(kept(api)) == 4
    tested.clear()
    assert quality(bench.run(**TESTED).report).comparison == found.comparison
    assert tested == []


def test_a_fine_tuned_model_is_compared_with_a_base_from_which_nothing_differs(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tests are kept under other keys than those that the base's fingerprints give."""
    monkeypatch.setattr(evaluation_module, "parts_of", lambda _: {"core": "c" * 64, "nlu": "d" * 64})
    for inputs in ({}, {"mode": "check"}):
        run = bench.run(fail_on="worse", **TESTED, **inputs)
        assert run.report.failure is None, run.report.failure
        assert (bench.code, run.report.quality is None) == (0, bool(inputs))
    assert quality(bench.run(**TESTED).report).comparison is not None


@pytest.mark.parametrize("inputs", [{"force": "true"}, {"cross_validation": "2"}])
def test_nothing_is_connected_to_the_store_when_a_training_may_fork(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, inputs: dict[str, str]
) -> None:
    bench.run()
    asked: list[bool] = []  # whether a connection is open, when the store is asked and when something is trained
    ask, close = ReleaseStore.look_up, ReleaseStore.close
    is_open = [False]

    def opened(store: ReleaseStore, name: str) -> Any:
        is_open[0] = True
        return ask(store, name)

    def closed(store: ReleaseStore) -> None:
        is_open[0] = False
        close(store)

    def noted(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            asked.append(is_open[0])
            return call(*given, **named)

        return wrapped

    monkeypatch.setattr(ReleaseStore, "look_up", opened)
    monkeypatch.setattr(ReleaseStore, "close", closed)
    monkeypatch.setattr(build_module, "build", noted(build_module.build))
    monkeypatch.setattr(evaluation_module, cross_validate.__name__, noted(cross_validate))
    examples = {intent: [f"{word} {number}" for number in range(4)] for intent, word in KEYWORDS.items()}
    (bench.bot / "data" / "nlu.yml").write_text(nlu_text(examples), encoding="utf-8")
    quality(bench.run(**inputs).report)
    assert asked == [False] * (1 + ("cross_validation" in inputs))


def test_a_base_that_the_store_does_not_have_is_named_as_the_reason(bench: Bench) -> None:
    bench.branch()
    write_tested(bench.bot, SHUFFLED)
    found = quality(bench.run(fail_on="worse", **TESTED).report)
    assert (found.comparison, found.problem) == (None, "the NLU of main at bbbbbbb is not in the store")
    assert found.gates == (Gate("worse", True, f"There is nothing to compare with: {found.problem}."),)
    assert bench.code == 0


@pytest.mark.parametrize(
    "content", [b"", b"no gzip", gzip.compress(b"[]", mtime=0), gzip.compress(b'{"format": 1}', mtime=0)]
)
def test_a_kept_test_that_cannot_be_read_is_run_again_and_replaced(
    bench: Bench, api: GitHubApi, tested: list[str], content: bytes
) -> None:
    first = quality(bench.run(**TESTED).report)
    for asset in api.assets.values():
        if asset.name.startswith("evaluation-"):
            asset.content = content
    again = quality(bench.run(**TESTED).report)
    assert (again.is_reused, again.test, len(tested)) == (False, first.test, 2)
    assert quality(bench.run(**TESTED).report).is_reused
    [one, _] = kept(api)
    assert json.loads(gzip.decompress(api.content(STORE_TAG, one)))["key"] in one


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(r"POST /.*/assets", 502, times=5, skip=4), "kept"),  # after Core, NLU, responses and manifest
        (Fault(r"GET /.*assets/\d+", 502, times=50), "read"),
    ],
    ids=["keep", "read"],
)
def test_a_fault_of_the_store_while_testing_does_not_keep_the_model_from_being_published(
    bench: Bench, api: GitHubApi, fault: Fault, kind: str
) -> None:
    if kind == "read":
        bench.run(**TESTED)
        write_tested(bench.bot, SHUFFLED)
    api.faults.append(fault)
    run = bench.run(RunPlan(HEAD, Base("none"), is_newest=True, tag="v1.0"), **TESTED)
    assert (bench.code, run.report.failure) == (0, None)
    assert run.report.release is not None
    assert quality(run.report).test.nlu is not None
    if kind == "kept":
        assert "The test of the model could not be kept." in messages(run.report)


def test_a_mistake_in_test_data_ends_the_run_at_its_line_before_anything_is_trained(
    bench: Bench, api: GitHubApi
) -> None:
    append(bench.bot / "held-out.yml", "- intent: [a\n")
    failure = bench.run(**TESTED).report.failure
    assert failure is not None
    assert failure.location is not None
    assert (bench.code, failure.location.file) == (65, "held-out.yml")
    failure = bench.run(test_nlu="missing.yml").report.failure
    assert failure is not None
    assert (bench.code, "test-nlu" in failure.message, "missing.yml" in failure.message) == (65, True, True)
    assert api.assets == {}


@pytest.mark.parametrize(
    "inputs",
    [
        {"fail_on": "stories"},
        {"fail_on": "worse"},
        {"min_story_accuracy": "1"},
        {"cross_validation": "2", "min_intent_f1": "0.5"},
        {"cross_validation": "2", "fail_on": "worse"},
    ],
)
def test_a_condition_that_no_test_decides_is_refused(bench: Bench, inputs: dict[str, str]) -> None:
    if "cross_validation" in inputs:
        (bench.bot / "data" / "nlu.yml").unlink()
    (bench.bot / "tests" / "test_stories.yml").unlink()
    failure = bench.run(**inputs).report.failure
    assert failure is not None
    assert (bench.code, failure.fix is not None) == (64, True)


def test_examples_that_the_model_learns_by_heart_are_named(bench: Bench) -> None:
    easy = {"order": ["bring", "bring tea"], "price": ["cost", "COST  # rebake: ignore"], "greet": ["hello you", "hi"]}
    (bench.bot / "held-out.yml").write_text(nlu_text(easy), encoding="utf-8")
    run = bench.run(**TESTED)
    found = [str(notice) for notice in run.report.notices if "is a training example as well" in notice.message]
    assert found == [
        "held-out.yml:5: The test example 'bring' is a training example as well, at data/nlu.yml:5.",
        "held-out.yml:9: The test example 'cost' is a training example as well, at data/nlu.yml:11.",
    ]


def test_a_check_says_that_conditions_wait_for_a_test(bench: Bench) -> None:
    bench.run()
    write_tested(bench.bot, SHUFFLED)
    run = bench.run(mode="check", fail_on="stories", **TESTED)
    assert (bench.code, run.report.quality) == (0, None)
    assert "Not all tests of this model are kept, so conditions on the others are not judged." in messages(run.report)
    assert "Not all tests" not in messages(bench.run(mode="check", fail_on="never").report)


def test_without_test_data_nothing_is_tested(bench: Bench, api: GitHubApi) -> None:
    (bench.bot / "tests" / "test_stories.yml").rename(bench.bot / "tests" / "docker-compose.yml")
    append(bench.bot / "tests" / "docker-compose.yml", "services: [a\n")
    assert bench.run().report.quality is None
    assert (bench.code, kept(api)) == (0, [])


def test_a_tags_model_that_fails_a_condition_is_not_released(bench: Bench, api: GitHubApi) -> None:
    tag = RunPlan(HEAD, Base("none"), is_newest=True, tag="v1.0")
    write_tested(bench.bot, SHUFFLED)
    run = bench.run(tag, min_intent_f1="0.9", **TESTED)
    assert (bench.code, run.report.release) == (16, None)
    assert api.release("v1.0") is None
    assert "is not put on the release of v1.0" in messages(run.report)
    [gate] = quality(run.report).gates
    assert gate.message == "The weighted F1 of the intents is 0.333; at least 0.9 is required."
    assert bench.run(tag, min_intent_f1="0.3", **TESTED).report.release is not None


def test_a_run_that_may_only_read_tests_and_keeps_nothing(bench: Bench, api: GitHubApi) -> None:
    run = bench.run(RunPlan(HEAD, Base("merge-base"), pull_request=7, can_write=False), **TESTED)
    assert quality(run.report).test.stories is not None
    assert api.assets == {}


def test_findings_fail_the_job_if_the_workflow_says_so(bench: Bench) -> None:
    run = bench.run(fail_on="errors,warnings")
    assert [(gate.name, gate.is_met) for gate in run.report.gates] == [("warnings", False), ("errors", True)]
    assert (bench.code, bench.statuses[-1]) == (16, ("failure", "Trained Core and NLU, but there are findings."))


def test_a_cross_validation_is_kept_too(bench: Bench, api: GitHubApi, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = {intent: [f"{word} {number}" for number in range(4)] for intent, word in KEYWORDS.items()}
    (bench.bot / "data" / "nlu.yml").write_text(nlu_text(examples), encoding="utf-8")
    (bench.bot / "tests" / "test_stories.yml").unlink()
    first = quality(bench.run(cross_validation="2").report)
    assert first.test.nlu is not None
    assert len(first.test.nlu.folds) == 2
    monkeypatch.setattr(evaluation_module, "cross_validate", None)  # it would fail now
    assert quality(bench.run(cross_validation="2").report).test == first.test
    assert len(kept(api)) == 1


def test_models_of_the_default_branch_and_of_releases_enter_the_history(bench: Bench, api: GitHubApi) -> None:
    bench.run(**TESTED)
    assert "history.json" not in api.asset_names(STORE_TAG), "a pull request's model"
    first = quality(bench.run(PUSH, **TESTED).report)
    [entry] = first.history
    assert (entry.commit, entry.name, entry.time) == (HEAD, "", "2026-11-30T12:00:00+00:00")
    assert (entry.figures["intents.weighted_f1"], entry.figures["stories.accuracy"]) == (1.0, 1.0)
    tag = RunPlan(HEAD, Base("none"), is_newest=True, tag="v1.0")
    write_tested(bench.bot, SHUFFLED)
    refused = quality(bench.run(tag, min_intent_f1="0.9", **TESTED).report)
    assert refused.history == first.history, "it was not released"
    released = quality(bench.run(tag, **TESTED).report)
    assert [model.name for model in released.history] == ["", "v1.0"]
    assert quality(bench.run(PUSH, **TESTED).report).history[0].figures["intents.weighted_f1"] < 0.5, "tested again"
    assert len(quality(bench.run(mode="check", fail_on="never", **TESTED).report).history) == 2


def test_a_history_that_cannot_be_read_is_left_as_it_is(bench: Bench, api: GitHubApi) -> None:
    bench.run(PUSH, **TESTED)
    [asset] = [asset for asset in api.assets.values() if asset.name == "history.json"]
    asset.content = b'{"format": 2, "models": []}'
    run = bench.run(PUSH, **TESTED)
    assert (bench.code, quality(run.report).history) == (0, ())
    assert "format 2 of a history is not 1" in messages(run.report)
    assert api.content(STORE_TAG, "history.json") == b'{"format": 2, "models": []}'


def test_where_releases_are_immutable_tests_and_history_are_kept_as_well(
    bench: Bench, api: GitHubApi, tested: list[str]
) -> None:
    api.immutable_releases = True
    bench.run(PUSH, **TESTED)
    again = quality(bench.run(PUSH, **TESTED).report)
    assert (again.is_reused, len(again.history), len(tested)) == (True, 1, 1), api.releases
