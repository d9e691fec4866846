"""Monorepos: the assistants are found, their stale parts become jobs, and what these trained is assembled."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from rebake.action.event import Event
from rebake.action.matrix import plan_matrices
from rebake.action.runner import Runner
from rebake.action.settings import Settings
from rebake.archive.lineage import finetuned_key
from rebake.assistant.importer import load_assistant
from rebake.build.assistants import assistants_below
from rebake.build.plan import make_plan
from rebake.build.request import Request
from rebake.cli.main import main
from rebake.store.directory_store import DirectoryStore
from rebake.store.protocol import part_name
from support.assistants import write_tiny
from support.github_api import GitHubApi
from support.github_job import STORE, Project

PIPELINE = "pipeline:\n- name: WhitespaceTokenizer\n- name: KeywordIntentClassifier\n"
POLICIES = "policies:\n- name: MemoizationPolicy\n"


def write_quick(place: Path) -> None:
    """An assistant with both parts that trains in a moment."""
    write_tiny(place)
    config = "recipe: default.v1\nassistant_id: quick\nlanguage: en\n" + PIPELINE + POLICIES
    (place / "config.yml").write_text(config, encoding="utf-8")


@pytest.fixture
def monorepo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "monorepo"
    for name in ("bots/pizza", "bots/bank", "node_modules/bot", ".hidden"):
        write_quick(root / name)
    (root / "service").mkdir()
    (root / "service" / "config.yml").write_text("port: 80\n", encoding="utf-8")
    (root / "broken").mkdir()
    (root / "broken" / "config.yml").write_text("pipeline: [\n", encoding="utf-8")
    monkeypatch.chdir(root)
    return root


def test_assistants_are_found_by_what_their_configuration_says(monorepo: Path) -> None:
    (monorepo / "link").symlink_to(monorepo / "bots")
    assert [str(assistant.directory) for assistant in assistants_below()] == ["bots/bank", "bots/pizza"]
    assert [str(assistant.directory) for assistant in assistants_below(monorepo / "bots" / "bank")] == ["."]


def test_without_a_model_every_part_is_a_job(monorepo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["include"]
    files = {"config": "config.yml", "domain": "domain.yml", "data": "data"}
    assert rows == [
        {"working-directory": f"bots/{name}", **files, "parts": part}
        for name in ("bank", "pizza")
        for part in ("core", "nlu")
    ]


def test_named_assistants_alone_are_planned(monorepo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "bots/pizza"]) == 0
    assert capsys.readouterr().out == "bots/pizza: Core, NLU, Responses\n"
    assert main(["plan", "bots/pasta"]) == 74
    assert "bots/pasta is not a directory" in capsys.readouterr().err


def test_an_assistant_that_cannot_be_read_is_a_job_which_says_why(
    monorepo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (monorepo / "bots" / "bank" / "domain.yml").write_text("intents: 5\n", encoding="utf-8")
    assert main(["plan", "--format", "json", "bots/bank"]) == 0
    printed = capsys.readouterr()
    [row] = json.loads(printed.out)["include"]
    assert (row["working-directory"], row["parts"]) == ("bots/bank", "core,nlu")
    assert "domain.yml" in printed.err


def test_where_core_sees_texts_both_parts_are_one_job(monorepo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = "- story: by text\n  steps:\n  - user: hello there\n  - action: utter_greet\n"
    stories = monorepo / "bots" / "pizza" / "data" / "stories.yml"
    stories.write_text(stories.read_text(encoding="utf-8") + story, encoding="utf-8")
    assert main(["plan", "--format", "json", "bots/pizza"]) == 0
    [row] = json.loads(capsys.readouterr().out)["include"]
    assert row["parts"] == "core,nlu"


def test_where_there_is_no_assistant_the_error_says_what_one_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["plan"]) == 74
    assert "pipeline or policies" in capsys.readouterr().err


def keep(store: DirectoryStore, augmentation_factor: int | None, *, finetuned: bool) -> None:
    """Let a store have the parts of the assistant in the working directory; nobody reads them."""
    assistant = load_assistant("config.yml", ["domain.yml"], ["data"])
    plan = make_plan(Request(assistant, to_train=False, augmentation_factor=augmentation_factor))
    store.directory.mkdir()
    for part, record in plan.fingerprints.parts.items():
        is_finetuned = finetuned and part == "nlu"
        key = finetuned_key(record.fingerprint) if is_finetuned else record.fingerprint
        (store.directory / part_name(part, key)).touch()


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"augmentation-factor": "7", "finetune": "auto"}, []),
        ({"finetune": "auto"}, ["core"]),
        ({"augmentation-factor": "7"}, ["nlu"]),
        ({"augmentation-factor": "7", "finetune": "auto", "force": "true"}, ["core", "nlu"]),
    ],
)
def test_what_is_stale_depends_on_the_inputs_as_it_does_when_it_is_trained(
    monorepo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inputs: dict[str, str], expected: list[str]
) -> None:
    monkeypatch.chdir(monorepo / "bots" / "pizza")
    store = DirectoryStore(tmp_path / "store")
    keep(store, 7, finetuned=True)
    outputs = tmp_path / "outputs"
    outputs.touch()
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    settings = Settings.read(lambda name: ({"token": "t", "mode": "plan"} | inputs).get(name, ""))
    event = Event("push", {}, "acme/bot", "a" * 40, "refs/heads/main", "https://a", "https://s", "1", monorepo)
    assert plan_matrices(settings, event, store, Runner()) == 0
    written = outputs.read_text(encoding="utf-8")
    assert re.findall(r'"parts": "(\w+)"', written) == expected


def test_the_summary_of_a_plan_shows_no_value_of_a_variable(
    monorepo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (monorepo / "bots" / "pizza" / "domain.yml").write_text("intents: ${WORD}\n", encoding="utf-8")
    (monorepo / "bots" / "pizza" / "data" / "nlu.yml").write_text('version: "${WORD}"\n', encoding="utf-8")
    monkeypatch.setenv("WORD", "s3cret-w0rd")
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        (tmp_path / name).touch()
        monkeypatch.setenv(name, str(tmp_path / name))
    settings = Settings.read(lambda name: {"token": "t", "mode": "plan", "env": "WORD"}.get(name, ""))
    event = Event("push", {}, "acme/bot", "a" * 40, "refs/heads/main", "https://a", "https://s", "1", monorepo)
    assert plan_matrices(settings, event, DirectoryStore(tmp_path / "store"), Runner()) == 0
    summary = (tmp_path / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8")
    assert "not known: " in summary
    assert "s3cret" not in summary


@pytest.mark.slow
def test_parts_train_side_by_side_and_the_job_that_assembles_them_trains_nothing(
    project: Project, api: GitHubApi
) -> None:
    for entry in project.clone.iterdir():
        if entry.name != ".git":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    write_quick(project.clone / "bots" / "pizza")
    project.commit("A monorepo")
    event = project.push()
    plan = project.run(event, {"mode": "plan"})
    assert plan.code == 0, plan.log
    assert plan.outputs["result"] == "stale"
    rows = json.loads(plan.outputs["matrix"])["include"]
    assert [row["parts"] for row in rows] == ["core", "nlu"]
    assert "bots/pizza" in plan.summary
    for row in rows:
        job = project.run(event, row)
        assert (job.code, job.outputs["trained"]) == (0, row["parts"]), job.log
    assert api.statuses == []
    assert not [name for name in api.asset_names(STORE) if name.startswith("rebake-")]
    [row] = json.loads(plan.outputs["assistants"])["include"]
    assembled = project.run(event, row)
    assert (assembled.code, assembled.outputs["trained"]) == (0, ""), assembled.log
    assert assembled.model.exists()
    assert {part: about["origin"] for part, about in assembled.report["parts"].items()} == {
        "core": "reused",
        "nlu": "reused",
        "nlg": "updated",
    }
    assert [status["state"] for status in api.statuses][-1] == "success"
    again = project.run(event, {"mode": "plan"})
    assert (again.outputs["result"], again.outputs["matrix"]) == ("fresh", "")
