"""What training warns about, as a reviewer sees it on GitHub."""

from __future__ import annotations

import html
import shutil

import pytest

from rebake.action.runner import MAX_ANNOTATIONS
from support.assistant_files import write
from support.github_api import GitHubApi
from support.github_job import Project
from support.warning_assistant import DATA, FILES, WARNINGS

pytestmark = pytest.mark.slow  # whole jobs


def plain(markdown: str) -> list[str]:
    """Its lines as GitHub shows them."""
    return html.unescape(markdown).replace("\u200b", "").splitlines()


def test_what_training_warns_about_reaches_comment_summary_annotations_and_report(
    project: Project, api: GitHubApi, without_tensorflow: dict[str, str]
) -> None:
    project.branch()
    shutil.rmtree(project.clone / "data")
    write(project.clone, FILES)
    project.commit("Warnings")
    job = project.run(project.pull_request(7), environment=without_tensorflow)
    assert (job.code, job.outputs["trained"]) == (0, "core,nlu"), job.log
    notices = [(f"{notice['file']}:{notice['line']}", notice["message"]) for notice in job.report["notices"]]
    for (place, message), (known_place, part) in zip(notices, WARNINGS, strict=True):
        assert place == known_place
        assert part in message
    (comment,) = api.comments.values()
    for markdown in (comment["body"], job.summary):
        shown = [line.removeprefix("- ") for line in plain(markdown) if line.startswith(("- config.yml:", "- data/"))]
        assert shown == [f"{place}: {message}" for place, message in notices]
    *annotations, rest = job.annotations
    expected = [(*place.split(":"), message) for place, message in notices[: MAX_ANNOTATIONS - 1]]
    for annotation, (file, line, message) in zip(annotations, expected, strict=True):
        assert annotation.startswith(f"::warning title=rebake,file={file},line={line},")
        assert annotation.endswith(f"::{message}")
    assert f"::{len(WARNINGS) - len(annotations)} more warnings: see the job summary" in rest


def test_warnings_in_the_files_of_the_pull_request_are_annotated_first(core_only: Project) -> None:
    names = "".join(f"  - intent: i{n}\n    examples: |\n      - word {n}\n" for n in range(12))
    (core_only.clone / "data" / "old.yml").write_text(f'version: "3.1"\nnlu:\n{names}', encoding="utf-8")
    core_only.commit("Intents of one example each")
    core_only.git("push", "--quiet", "origin", "HEAD:refs/heads/main")
    core_only.branch()
    (core_only.clone / "data" / "new.yml").write_text("nlu:\n", encoding="utf-8")
    core_only.commit("An empty file")
    job = core_only.run(core_only.pull_request(3), {"mode": "check", "fail-on": "never"})
    assert job.code == 0, job.log
    assert "file=data/new.yml,line=1" in job.annotations[0]
    assert any("12 intents have few examples, first at data/old.yml:5" in line for line in job.annotations[1:])


def test_no_line_of_a_file_is_a_workflow_command(core_only: Project, api: GitHubApi) -> None:
    hostile = DATA.replace("- ok", "- ::error::no").replace("lost", '"lost\\n::error::no\\n</details>@team"')
    core_only.branch()
    shutil.rmtree(core_only.clone / "data")
    write(core_only.clone, {**FILES, "data/all.yml": hostile})
    core_only.commit("A hostile story")
    job = core_only.run(core_only.pull_request(4))
    assert job.code == 0, job.log
    assert any("</details>@team" in notice["message"] for notice in job.report["notices"])
    obeyed, stopped = [], ""
    for line in job.log.split("\n"):
        if stopped:
            stopped = "" if line == f"::{stopped}::" else stopped
        elif line.startswith("::stop-commands::"):
            stopped = line.rpartition("::")[2]
        elif line.startswith("::"):
            obeyed.append(line)
    assert {line.split()[0].split("::")[1] for line in obeyed} == {"add-mask", "group", "endgroup", "warning"}
    assert all(
        line.startswith(("::warning title=rebake,", "::add-mask::", "::group::Training", "::endgroup::"))
        for line in obeyed
    )
    (comment,) = api.comments.values()
    for markdown in (comment["body"], job.summary):
        assert markdown.count("</details>") == markdown.count("<details>")
        assert "@team" not in markdown
