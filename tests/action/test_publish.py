"""Publishing for forks: what is published is about the verified commit, whatever an artifact claims."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rebake.action.publish import main as publish_main
from rebake.action.publish import run as publish_run
from rebake.action.publish import settings as publish_settings
from rebake.action.publish.artifact import MAX_FILES, MAX_ZIP, result_in
from rebake.action.result_file import MAX_ITEMS, MAX_SIZE, MAX_TEXT, RESULT_NAME, result_values, write_result
from rebake.action.result_reader import read_result
from rebake.base.location import Location, Notice
from rebake.differences.model import Clause, Difference
from rebake.errors import DataError
from rebake.report.model import Differences, Failure, PartReport, Report
from rebake.report.quality import Gate
from rebake.staleness.git.changes import Changes, FileChange
from rebake.store import connection
from rebake.store.retries import Retries
from support.github_api import Fault, GitHubApi
from support.github_job import Project
from support.github_runs import Run, zipped
from support.paths import ROOT

ACTION = yaml.safe_load((ROOT / "publish" / "action.yml").read_text(encoding="utf-8"))
HEAD, OTHER, BASE = "a" * 40, "b" * 40, "c" * 40
RUN, NUMBER = 4711, 7

CLAUSE = Clause("added", Location("data/s.yml", 3), lines=("x",))
REPORT = Report(
    mode="check",
    parts=(PartReport("core", "stale", ("1 story added",)), PartReport("nlu", "fresh", source="x", saved_seconds=1.5)),
    code=1,
    compared_with="the newest model",
    seconds=2.0,
    changes=Changes((FileChange("M", "data/stories.yml"), FileChange("R", "b.yml", "a.yml")), BASE, "main"),
    differences=Differences((Difference("story", "hello", (CLAUSE,)),)),
    gates=(Gate("stories", is_met=False, message="1 of 2 test stories failed."),),
    notices=(Notice("An odd thing.", Location("domain.yml", 2)),),
    commit=HEAD,
    name="bots/pizza",
)


def values(**changed: Any) -> dict[str, Any]:
    return result_values(REPORT, NUMBER, "bots/pizza", fails=True) | changed


def encoded(content: Any) -> bytes:
    return json.dumps(content).encode()


class TestResultFile:
    def test_what_is_written_is_read_again(self, tmp_path: Path) -> None:
        write_result(values(), tmp_path / RESULT_NAME)
        result = read_result((tmp_path / RESULT_NAME).read_bytes())
        assert (result.pull_request, result.fails, result.directory) == (NUMBER, True, "bots/pizza")
        read = result.report
        assert (read.parts[0].reasons, read.code, read.name) == (("1 story added",), 1, "bots/pizza")
        assert (read.changes, read.gates) == (REPORT.changes, REPORT.gates)
        assert read.differences is not None
        assert REPORT.differences is not None
        assert read.differences.found == REPORT.differences.found
        assert [str(notice) for notice in read.notices] == ["domain.yml:2: An odd thing."]

    @given(st.text(max_size=3 * MAX_TEXT), st.lists(st.text(), max_size=20), st.floats() | st.none())
    def test_whatever_a_run_finds_its_result_can_be_read(
        self, text: str, lines: list[str], seconds: float | None
    ) -> None:
        clause = Clause(text, Location(text, 1), lines=tuple(lines))
        failure = Failure(text, Location(text, 0), text, 65, (Failure(text),))
        report = Report(
            mode="train",
            parts=(PartReport("nlu", "unknown", tuple(lines), source=text, seconds=seconds, saved_seconds=seconds),),
            differences=Differences((Difference("story", text, (clause,)),)),
            notices=tuple(map(Notice, lines)),
            failure=failure,
            commit=HEAD,
            seconds=None if seconds is None else abs(seconds),
        )
        if seconds is not None and not 0 <= seconds <= 1e9:
            report = Report(mode="train", failure=failure, commit=HEAD)
        content = json.dumps(result_values(report, 1, ".", fails=True), ensure_ascii=False).encode()
        assert read_result(content).report.failure is not None

    def test_a_run_with_ten_thousand_warnings_has_a_result_of_limited_size(self, tmp_path: Path) -> None:
        many = tuple(Notice("x" * 5000, Location("data/nlu.yml", line)) for line in range(10_000))
        report = Report(mode="check", notices=many, commit=HEAD)
        path = tmp_path / "new" / RESULT_NAME
        write_result(result_values(report, 1, ".", fails=False), path)
        assert path.stat().st_size <= MAX_SIZE
        assert read_result(path.read_bytes()).report.notices

    @pytest.mark.slow
    def test_whatever_is_long_the_result_is_of_limited_size(self, tmp_path: Path) -> None:
        long = "\U0001f600" * MAX_TEXT
        report = Report(
            mode="check",
            parts=(PartReport("core", "stale", (long,) * MAX_ITEMS),),
            changes=Changes((FileChange("R", long, long),) * MAX_ITEMS, BASE, "main"),
            failure=Failure(long, others=(Failure(long),) * MAX_ITEMS),
            commit=HEAD,
        )
        path = tmp_path / RESULT_NAME
        write_result(result_values(report, 1, ".", fails=True), path)
        assert path.stat().st_size <= MAX_SIZE
        read = read_result(path.read_bytes()).report
        assert read.changes is not None
        assert read.failure is not None
        assert min(len(read.parts[0].reasons), len(read.changes.files), len(read.failure.others)) > 10

    @pytest.mark.parametrize(
        ("content", "named"),
        [
            (b"\xff", "UnicodeDecodeError"),
            (b"[]", "no object"),
            (b"[" * 100_000, "RecursionError"),
            (b'{"format": 1, "format": 1}', "key twice"),
            (b'{"format": NaN}', "number that is none"),
            (encoded(values(format=2)), "another version"),
            (encoded(values(extra=1)), "nobody reads"),
            (encoded({key: value for key, value in values().items() if key != "parts"}), "parts is missing"),
            (encoded(values(commit="HEAD")), "commit is no commit"),
            (encoded(values(pull_request="7")), "pull_request is no number"),
            (encoded(values(pull_request=True)), "pull_request is no number"),
            (encoded(values(code=99)), "no verdict"),
            (encoded(values(fails="no")), "neither true nor false"),
            (encoded(values(mode=["check"])), "mode is none of"),
            (encoded(values(name="x\u202e")), "not printable"),
            (encoded(values(name="x" * 101)), "at most 100"),
            (encoded(values(directory="../../etc")), "directory is not"),
            (encoded(values(parts=values()["parts"] * 2)), "no list of at most 3"),
            (encoded(values(parts=values()["parts"][:1] * 2)), "names one twice"),
            (encoded(values(compared_with="x" * (MAX_TEXT + 1))), "compared_with is no text"),
            (b'{"format": 1, "compared_with": "\\ud800"' + encoded(values())[12:], "key twice"),
            (encoded(values(compared_with="\ud800")), "compared_with is no text"),
            (encoded(values(notices=values()["notices"] * (MAX_ITEMS + 1))), "notices is no list"),
            (encoded(values(notices=[{**values()["notices"][0], "html": ""}])), "notices[0] has values"),
            (encoded(values(seconds=-1)), "seconds is no number"),
            (encoded(values(seconds=1e400)), "number that is none"),
        ],
    )
    def test_a_result_of_another_form_is_refused_without_repeating_it(self, content: bytes, named: str) -> None:
        with pytest.raises(DataError) as caught:
            read_result(content)
        assert named in caught.value.message
        assert len(caught.value.message) < 200


class TestZipFile:
    def path(self, tmp_path: Path, content: bytes) -> Path:
        path = tmp_path / "artifact.zip"
        path.write_bytes(content)
        return path

    def test_the_result_is_read_and_nothing_is_unpacked(self, tmp_path: Path) -> None:
        path = self.path(tmp_path, zipped({"../../escaped": b"x", "/etc/passwd": b"y", RESULT_NAME: b"{}"}))
        assert result_in(path) == b"{}"
        assert list(tmp_path.iterdir()) == [path]

    def test_a_bomb_is_read_to_the_limit(self, tmp_path: Path) -> None:
        content = zipped({RESULT_NAME: b"0" * 50_000_000})
        assert len(content) < MAX_ZIP
        with pytest.raises(DataError, match="larger than"):
            result_in(self.path(tmp_path, content))

    def test_a_size_that_lies_does_not_get_past_the_limit(self, tmp_path: Path) -> None:
        content = zipped({RESULT_NAME: b"0" * 2_000_000})
        lying = content.replace((2_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
        with pytest.raises(DataError):
            result_in(self.path(tmp_path, lying))

    @pytest.mark.parametrize(
        ("content", "named"),
        [
            (b"", "cannot be read"),
            (b"PK no archive", "cannot be read"),
            (zipped({RESULT_NAME: b"x" * 1000})[:-60], "cannot be read"),
            (zipped({"other.json": b"{}"}), "does not have one file"),
            (zipped({f"inner/{RESULT_NAME}": b"{}"}), "does not have one file"),
            (zipped({f"file{number}": b"" for number in range(MAX_FILES + 1)}), "more than"),
        ],
        ids=["empty", "no archive", "cut off", "another file", "in a folder", "too many files"],
    )
    def test_what_is_no_artifact_with_a_result_is_refused(self, tmp_path: Path, content: bytes, named: str) -> None:
        with pytest.raises(DataError, match=named):
            result_in(self.path(tmp_path, content))

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_two_results_in_one_artifact_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "twice.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(RESULT_NAME, b"{}")
            archive.writestr(RESULT_NAME, b"[]")
        with pytest.raises(DataError, match="does not have one file"):
            result_in(path)


@dataclass
class Done:
    code: int
    log: str
    outputs: dict[str, str]


Publish = Callable[..., Done]


@pytest.fixture
def publish(api: GitHubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Run publish/action.yml's program, in this process and without waiting, on the event of a finished run."""
    monkeypatch.setattr(connection, "Retries", lambda: Retries(sleep=lambda _: None))
    return lambda **inputs: run_here(api, tmp_path, inputs)


def environment(api: GitHubApi, place: Path, inputs: dict[str, str], event_name: str) -> dict[str, str]:
    """That of a job on a finished run."""
    event, output = place / "event.json", place / "output"
    payload = {
        "workflow_run": {"id": RUN, "workflow_id": 77, "head_sha": "of the event, which nobody needs"},
        "repository": {"full_name": api.repository, "default_branch": "main"},
    }
    event.write_text(json.dumps(payload), encoding="utf-8")
    output.write_text("", encoding="utf-8")
    given = {name: str(about.get("default", "")) for name, about in ACTION["inputs"].items()} | {"token": api.token}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": event_name,
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": api.repository,
        "GITHUB_SHA": OTHER,
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_API_URL": api.url,
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_WORKSPACE": str(place),
        "GITHUB_OUTPUT": str(output),
        **{f"INPUT_{name.upper()}": value for name, value in given.items()},
    }


def run_here(api: GitHubApi, place: Path, inputs: dict[str, str], event_name: str = "workflow_run") -> Done:
    log = io.StringIO()
    handler, logger = logging.StreamHandler(log), logging.getLogger("rebake")
    logger.addHandler(handler)
    try:
        with patch.dict(os.environ, environment(api, place, inputs, event_name)), redirect_stdout(log):
            code = publish_main.main()
    finally:
        logger.removeHandler(handler)
    return done(api, place, code, log.getvalue())


def run_as_the_image_does(api: GitHubApi, place: Path) -> Done:
    ran = subprocess.run(
        [sys.executable, ROOT / "entrypoint", *ACTION["runs"]["args"]],
        env={
            **{key: os.environ[key] for key in ("PATH", "PYTHONPATH") if key in os.environ},
            **environment(api, place, {}, "workflow_run"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done(api, place, ran.returncode, ran.stdout + ran.stderr)


def done(api: GitHubApi, place: Path, code: int, log: str) -> Done:
    shown = [line for line in log.splitlines() if api.token in line and not line.startswith("::add-mask::")]
    assert shown == []
    lines = (place / "output").read_text(encoding="utf-8").split("\n")
    return Done(code, log, {line.split("<<")[0]: lines[index + 1] for index, line in enumerate(lines) if "<<" in line})


def finished(api: GitHubApi, *results: Any, **about: Any) -> Run:
    """A finished run of the fork's pull request, with one artifact for each result."""
    run = Run(RUN, HEAD, **about)
    for number, result in enumerate(results):
        content = result if isinstance(result, bytes) else zipped({RESULT_NAME: encoded(result)})
        run.artifacts[900 + number] = ("rebake-result" if not number else f"rebake-result-{number}", content)
    api.runs[RUN] = run
    api.add_pull(NUMBER, HEAD)
    return run


def nothing_written(api: GitHubApi) -> bool:
    return api.comments == {} and api.statuses == []


def bodies(api: GitHubApi) -> list[str]:
    return [comment["body"] for comment in api.comments.values()]


def test_the_inputs_are_those_of_the_code() -> None:
    defaults = {name: about["default"] for name, about in ACTION["inputs"].items() if name != "token"}
    assert defaults == {name: value for name, value in publish_settings.DEFAULTS.items() if name != "token"}


class TestPublishing:
    def test_comment_and_status_are_about_the_verified_commit(self, api: GitHubApi, publish: Publish) -> None:
        finished(api, values())
        job = publish()
        assert job.code == 0, job.log
        [comment] = bodies(api)
        assert comment.startswith("<!-- rebake:model bots/pizza -->")
        assert "The model is stale: Core" in comment
        assert f"https://github.example/acme/bot/blob/{HEAD}/bots/pizza/data/s.yml#L3" in comment
        assert "Whoever opened the pull request can change what it says" in comment
        assert f"https://github.example/acme/bot/actions/runs/{RUN}" in comment
        [status] = api.statuses
        assert (status["sha"], status["state"], status["context"]) == (HEAD, "failure", "rebake/model (bots/pizza)")
        assert job.outputs["pull-request"] == str(NUMBER)
        assert job.outputs["comment-url"].endswith(str(next(iter(api.comments))))

    def test_a_second_run_changes_the_comment_and_an_equal_one_writes_nothing(
        self, api: GitHubApi, publish: Publish
    ) -> None:
        finished(api, values())
        publish()
        written = len([request for request in api.requests if "comments" in request and "GET" not in request])
        publish()
        assert len([request for request in api.requests if "comments" in request and "GET" not in request]) == written
        finished(api, values(code=0, parts=[], fails=False))
        publish()
        [comment] = bodies(api)
        assert "The model is fresh" in comment
        assert api.statuses[-1]["state"] == "success"

    def test_a_status_that_fails_for_a_condition_does_not_just_call_the_model_fresh(
        self, api: GitHubApi, publish: Publish
    ) -> None:
        finished(api, values(code=0, parts=[]))
        assert publish().code == 0
        [status] = api.statuses
        assert (status["state"], status["description"]) == (
            "failure",
            "The model is fresh, but a condition is not met.",
        )

    def test_results_are_found_on_every_page_of_the_artifacts(
        self, api: GitHubApi, publish: Publish, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = finished(api, values())
        result = run.artifacts.pop(900)
        run.artifacts = {number: (f"coverage-{number}", b"x") for number in range(100, 350)} | {900: result}
        assert publish().code == 0
        assert len(bodies(api)) == 1
        listings = [request for request in api.requests if request.endswith("/artifacts")]
        assert len(listings) == 3
        monkeypatch.setattr(publish_run, "MAX_PAGES", 2)
        api.comments.clear()
        job = publish()
        assert job.code == 65
        assert "more than 200 artifacts" in job.log
        assert bodies(api) == []

    def test_several_results_have_a_comment_each_or_one_for_all(self, api: GitHubApi, publish: Publish) -> None:
        finished(api, values(), values(name="bots/<b>@b"))
        assert publish().code == 0
        assert len(bodies(api)) == 2
        assert {status["context"] for status in api.statuses} == {
            "rebake/model (bots/pizza)",
            "rebake/model (bots/<b>@b)",
        }
        api.comments.clear()
        assert publish(comment="one", status="false").code == 0
        [comment] = bodies(api)
        assert comment.startswith("<!-- rebake:models -->")
        assert comment.count("The model is stale") == 2

    def test_nothing_of_a_result_becomes_markdown_html_or_a_mention(self, api: GitHubApi, publish: Publish) -> None:
        evil = "</details><script>x</script> @me #1 [x](https://evil.example) ![i](https://evil.example) `a` **b**"
        failure = {"message": evil, "fix": evil, "file": evil, "line": 1, "others": []}
        changes = {
            "base": BASE,
            "base_name": evil,
            "problem": None,
            "files": [{"status": "R", "path": evil, "old_path": evil}],
        }
        clause = {"text": evil, "side": "base", "lines": [evil], "file": f"x)({evil}", "line": 1}
        finished(
            api,
            values(
                name=evil[:90],
                compared_with=evil,
                parts=[
                    {
                        "part": "core",
                        "state": "stale",
                        "reasons": [evil],
                        "origin": "reused",
                        "source": evil,
                        "seconds": 1,
                        "saved_seconds": 1,
                    }
                ],
                changes=changes,
                differences=[{"kind": evil, "name": evil, "clauses": [clause]}],
                gates=[{"name": evil, "message": evil}],
                notices=[{"message": evil, "severity": "error", "file": evil, "line": 1}],
                failure={**failure, "exit_code": 65, "is_cancelled": False, "others": [failure | {"others": []}][:0]},
            ),
        )
        job = publish()
        assert job.code == 0, job.log
        [comment] = bodies(api)
        body = comment.split("\n", 1)[1]
        for word in ("<script", "@me", "](https://evil", "![i]", "`a`", "**b**"):
            assert word not in body, word
        assert body.count("</details>") == body.count("<details>")

    @pytest.mark.parametrize(
        ("result", "named"),
        [
            (values(commit=OTHER), "another commit"),
            (values(pull_request=8), "another pull request"),
            (values(extra="x"), "nobody reads"),
            (b"no zip", "cannot be read"),
            (zipped({RESULT_NAME: b"0" * 100_000_000}), "larger than"),
            (os.urandom(MAX_ZIP + 1), "bytes"),
        ],
        ids=["commit", "pull request", "schema", "no zip", "bomb", "large"],
    )
    def test_a_hostile_artifact_publishes_nothing(
        self, api: GitHubApi, publish: Publish, result: Any, named: str
    ) -> None:
        finished(api, result)
        api.add_pull(8, OTHER, branch="another")
        job = publish()
        assert job.code == 65
        assert named in job.log
        assert nothing_written(api)

    def test_one_bad_result_among_good_ones_publishes_nothing(self, api: GitHubApi, publish: Publish) -> None:
        finished(api, values(), values())
        job = publish()
        assert job.code == 65
        assert "about the same assistant" in job.log
        assert nothing_written(api)

    def test_an_artifact_that_is_larger_than_it_is_said_to_be_is_not_read_to_its_end(
        self, api: GitHubApi, publish: Publish, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = finished(api, os.urandom(MAX_ZIP + 5_000_000))
        listed = api._artifacts

        def small(number: str, **rest: Any) -> Any:
            reply = listed(number, **rest)
            reply.body["artifacts"][0]["size_in_bytes"] = 10
            return reply

        monkeypatch.setattr(api, "_artifacts", small)
        job = publish()
        assert (job.code, run.id) == (65, RUN)
        assert "larger than" in job.log

    @pytest.mark.parametrize(
        "about",
        [{"event": "push"}, {"head_repository": "other/bot"}, {"branch": "elsewhere"}, {"expired": True}],
        ids=lambda about: next(iter(about)),
    )
    def test_what_is_no_run_of_an_open_pull_request_is_left_alone(
        self, api: GitHubApi, publish: Publish, about: dict[str, Any]
    ) -> None:
        finished(api, values(), **about)
        job = publish()
        assert (job.code, job.outputs["pull-request"]) == (0, ""), job.log
        assert "nothing to publish" in job.log
        assert nothing_written(api)

    def test_a_pull_request_with_newer_commits_is_left_alone(self, api: GitHubApi, publish: Publish) -> None:
        finished(api, values())
        api.pulls[0]["head"] = OTHER
        assert publish().code == 0
        assert nothing_written(api)

    @pytest.mark.parametrize("about", [{"workflow": 78}, {"repository": "other/bot"}, {"status": "in_progress"}])
    def test_a_run_of_another_workflow_or_repository_is_refused(
        self, api: GitHubApi, publish: Publish, about: dict[str, Any]
    ) -> None:
        finished(api, values(), **about)
        assert publish().code == 64
        assert nothing_written(api)

    def test_another_event_is_refused(self, api: GitHubApi, tmp_path: Path) -> None:
        job = run_here(api, tmp_path, {}, "pull_request_target")
        assert job.code == 64
        assert "workflow_run" in job.log

    def test_a_digest_that_differs_is_refused_and_a_moment_of_trouble_is_not(
        self, api: GitHubApi, publish: Publish
    ) -> None:
        api.faults.append(Fault("GET /repos/.*/actions/runs/", 502))
        finished(api, values())
        assert publish().code == 0
        api.comments.clear()
        api.statuses.clear()
        api.runs[RUN].digest = "sha256:" + "0" * 64
        job = publish()
        assert job.code == 74
        assert nothing_written(api)

    def test_a_token_that_may_not_read_is_told_which_permission_is_missing(
        self, api: GitHubApi, publish: Publish
    ) -> None:
        finished(api, values())
        api.faults.append(
            Fault("GET .*/actions/", 403, times=9, headers={"X-Accepted-GitHub-Permissions": "actions=read"})
        )
        job = publish()
        assert job.code == 74
        assert "actions: read" in job.log

    @pytest.mark.slow
    def test_a_forks_pull_request_is_checked_and_published_from_end_to_end(
        self, api: GitHubApi, project: Project, tmp_path: Path
    ) -> None:
        api.read_only = True
        project.branch()
        (project.clone / "data" / "more.yml").write_text(
            'version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - howdy\n', encoding="utf-8"
        )
        head = project.commit("More")
        job = project.run(project.pull_request(NUMBER, fork=True), {"mode": "check", "fail-on": "never"})
        assert job.code == 0, job.log
        assert nothing_written(api)
        assert "nothing is published" in job.summary
        assert job.outputs["stale-parts"] == "core,nlu,nlg"
        result = (job.workspace / job.outputs["result-file"]).read_bytes()
        api.read_only = False
        api.runs[RUN] = Run(RUN, head, artifacts={1: ("rebake-result", zipped({RESULT_NAME: result}))})
        api.add_pull(NUMBER, head)
        published = run_as_the_image_does(api, tmp_path)
        assert published.code == 0, published.log
        [comment] = bodies(api)
        assert "The model is stale" in comment
        assert [(status["sha"], status["state"]) for status in api.statuses] == [(head, "success")]


@pytest.mark.slow
def test_a_run_that_writes_its_comment_leaves_no_result_to_publish(project: Project, api: GitHubApi) -> None:
    project.branch()
    project.commit("Nothing")
    check = {"mode": "check", "fail-on": "never"}
    job = project.run(project.pull_request(NUMBER), check)
    assert job.outputs["result-file"] == ""
    job = project.run(project.pull_request(NUMBER, "synchronize"), check | {"comment-mode": "off"})
    assert job.outputs["result-file"] == "models/rebake-result.json"
