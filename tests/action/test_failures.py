"""Jobs in which something is wrong: the data, the inputs, the API, what was published."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.assistants import STORY, append
from support.damage import CORE, FileDamage, damaged, remove
from support.github_api import Fault, GitHubApi
from support.github_job import STORE, Project

pytestmark = pytest.mark.slow


def test_wrong_data_is_reported_at_its_file_and_line(core_only: Project, api: GitHubApi) -> None:
    core_only.branch()
    append(core_only.clone / "data" / "stories.yml", "  - story: [broken\n")
    core_only.commit("Broken")
    job = core_only.run(core_only.pull_request(5))
    assert job.code == 65, job.log
    (error,) = [line for line in job.annotations if line.startswith("::error")]
    assert re.search(r"file=data/stories\.yml,line=\d+", error)
    assert api.statuses[-1]["state"] == "failure"
    (comment,) = api.comments.values()
    assert "The run failed." in comment["body"]
    assert job.report["error"]["file"] == "data/stories.yml"
    assert "Traceback" not in job.log


def test_without_the_api_the_parts_are_unknown_and_the_model_stays_on_disk(core_only: Project, api: GitHubApi) -> None:
    api.faults = [Fault("GET .*/releases", 410, times=99, message="Gone")]
    checked = core_only.run(core_only.push(), {"mode": "check"})
    assert checked.code == 5, checked.log
    assert checked.report["parts"]["core"]["state"] == "unknown"
    assert "410 Gone" in checked.report["parts"]["core"]["reasons"][0]
    trained = core_only.run(core_only.push())
    assert trained.code == 74, trained.log
    assert trained.model.is_file()
    assert trained.outputs["trained"] == "core"
    assert api.statuses[-1]["state"] == "error"


def test_a_comment_that_may_not_be_written_is_a_warning(core_only: Project, api: GitHubApi) -> None:
    api.faults = [Fault("POST .*/comments", 403, message="Resource not accessible by integration")]
    core_only.branch()
    core_only.commit("Nothing")
    job = core_only.run(core_only.pull_request(6))
    assert job.code == 0, job.log
    assert "writing the comment failed" in job.summary
    assert any("pull-requests: write" in line for line in job.annotations)


def test_a_part_that_cannot_be_used_is_trained_again(core_only: Project, api: GitHubApi) -> None:
    core_only.run(core_only.push())
    release = api.release(STORE)
    assert release is not None
    (part,) = [asset for asset in api.assets.values() if asset.name.startswith("core-")]
    part.content = b"no archive"
    job = core_only.run(core_only.push())
    assert job.code == 0, job.log
    assert job.outputs["trained"] == "core"
    assert job.report["parts"]["core"]["state"] == "unknown"
    assert core_only.run(core_only.push()).outputs["trained"] == "", "the broken part was not replaced"


def test_a_part_with_a_damaged_file_is_trained_again_and_replaced(
    core_only: Project, api: GitHubApi, tmp_path: Path
) -> None:
    core_only.run(core_only.push())
    (part,) = [asset for asset in api.assets.values() if asset.name.startswith("core-")]
    rules = "components/train_RulePolicy1/rule_policy.json"
    (tmp_path / "whole.tar.gz").write_bytes(part.content)
    broken = damaged(tmp_path / "whole.tar.gz", tmp_path / "broken.tar.gz", FileDamage(rules, remove, CORE, ""))
    part.content = broken.read_bytes()
    job = core_only.run(core_only.push())
    assert (job.code, job.outputs["trained"]) == (0, "core"), job.log
    assert [job.outputs[name] for name in ("stale", "verdict-code", "stale-parts")] == ["true", "1", "core"]
    core = job.report["parts"]["core"]
    assert core["state"] == "unknown"
    assert f"{rules} of the model is missing, so this part will be trained again" in core["reasons"][0]
    assert any(rules in line for line in job.annotations)
    assert core_only.run(core_only.push()).outputs["trained"] == "", "the damaged part was not replaced"


def test_errors_found_together_are_annotated_each_at_its_line(core_only: Project, api: GitHubApi) -> None:
    core_only.branch()
    append(core_only.clone / "data" / "stories.yml", "  - story: a\n    steps: 5\n  - story: b\n    stps: []\n")
    core_only.commit("Broken")
    job = core_only.run(core_only.pull_request(5))
    assert job.code == 65, job.log
    errors = [line for line in job.annotations if line.startswith("::error")]
    assert len(errors) == 2
    assert len({re.search(r"file=data/stories\.yml,line=\d+", error)[0] for error in errors}) == 2  # type: ignore[index]
    assert len(job.report["error"]["others"]) == 1


def test_wrong_inputs_and_events_are_usage_errors(core_only: Project, api: GitHubApi) -> None:
    event = core_only.push()
    for job in (
        core_only.run(event, {"fail-on": "always"}),
        core_only.run(event, {"working-directory": "nowhere"}),
        core_only.run(("pull_request_target", *event[1:])),
    ):
        assert job.code == 64, job.log
        assert any(line.startswith("::error") for line in job.annotations)
        assert job.outputs == {"result": "failed"}
    skipped = core_only.run(("push", {"deleted": True}, *event[2:]))
    assert (skipped.code, skipped.outputs) == (0, {"result": ""})
    assert api.requests == []


def test_a_check_refuses_what_training_refuses(core_only: Project, api: GitHubApi) -> None:
    append(core_only.clone / "data" / "stories.yml", STORY.replace("action: utter_goodbye", "action: utter_goodbey"))
    core_only.commit("A slip")
    job = core_only.run(core_only.push(), {"mode": "check"})
    assert (job.code, job.report["error"]["file"]) == (65, "data/stories.yml"), job.log
    assert "utter_goodbey" in job.report["error"]["message"]
    assert api.statuses[-1]["state"] == "failure"


def test_an_assistant_without_anything_to_train_is_not_fresh(core_only: Project, api: GitHubApi) -> None:
    for file in (core_only.clone / "data").iterdir():
        file.write_text('version: "3.1"\n', encoding="utf-8")
    core_only.commit("Nothing left")
    job = core_only.run(core_only.push(), {"mode": "check"})
    assert job.code == 65, job.log
    assert api.statuses[-1]["state"] == "failure"


def test_only_the_default_domain_may_be_missing(project: Project, api: GitHubApi) -> None:
    (project.clone / "domain.yml").unlink()
    project.commit("NLU alone")
    event = project.push()
    job = project.run(event, {"mode": "check"})
    assert (job.code, job.outputs["stale-parts"]) == (2, "nlu"), job.log
    assert any("There is no domain.yml" in notice["message"] for notice in job.report["notices"])
    named = project.run(event, {"mode": "check", "domain": "domain"})
    assert named.code == 65, named.log
    assert api.statuses[-1]["state"] == "failure"
    assert "domain" in named.report["error"]["message"]


def test_an_exit_code_of_a_verdict_never_means_a_crash(core_only: Project, api: GitHubApi) -> None:
    job = core_only.run(core_only.push(), {"mode": "check"}, environment={"GITHUB_STEP_SUMMARY": "/"})
    assert job.code == 70, job.log
    assert any("Internal error: IsADirectoryError" in line for line in job.annotations)
