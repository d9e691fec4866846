"""Building: what may stay as it is, what is taken from where, and what is never written."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from rebake.archive.manifest import Part, read_manifest
from rebake.archive.metadata import read_metadata
from rebake.archive.pack import read_member
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant
from rebake.base.notices import Notices
from rebake.build import build as building
from rebake.build.plan import make_plan
from rebake.build.request import Request
from rebake.errors import DataError, StorageError, UsageError
from support.assistant_files import write
from support.assistants import edit
from support.building import build, verdict_on
from support.warning_assistant import CORE_WARNINGS, FILES, NLU_WARNINGS

CONFIG = """\
recipe: default.v1
language: en
assistant_id: shop
pipeline:
- name: WhitespaceTokenizer
- name: KeywordIntentClassifier
policies:
- name: MemoizationPolicy
- name: RulePolicy
"""
DOMAIN = """\
version: "3.1"
intents: [greet, bye]
responses:
  utter_greet:
  - text: hi
"""
DATA = """\
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello
- intent: bye
  examples: |
    - see you
stories:
- story: greeting
  steps:
  - intent: greet
  - action: utter_greet
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that trains without TensorFlow, in the working directory."""
    for name, text in (("config.yml", CONFIG), ("domain.yml", DOMAIN), ("data/all.yml", DATA)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read() -> Assistant:
    return load_assistant("config.yml", "domain.yml", "data")


def out(project: Path) -> Path:
    return project / "models"


def test_a_model_that_is_cut_off_behind_its_manifest_is_not_fresh(project: Path) -> None:
    old = build(read(), output=out(project)).model
    assert verdict_on(read(), old=old).is_fresh
    old.write_bytes(old.read_bytes()[:-6])
    assert read_manifest(old) is not None
    plan = verdict_on(read(), old=old)
    assert plan.code == 7
    assert all("truncated" in verdict.reasons[0] for verdict in plan.parts)


def test_what_a_broken_archive_has_is_trained_again(project: Path) -> None:
    old = build(read(), output=out(project), model_name="old").model
    old.write_bytes(old.read_bytes()[:-6])
    result = build(read(), output=out(project), old=old, model_name="new")
    assert (result.trained, result.reused) == (("nlu", "core"), {})
    assert verdict_on(read(), old=result.model).is_fresh


def test_another_assistant_id_is_served_without_training(project: Path) -> None:
    first = build(read(), output=out(project), model_name="first")
    edit(project / "config.yml", "assistant_id: shop", "assistant_id: bank")
    plan = verdict_on(read(), old=first.model)
    assert plan.code == 3
    assert all("assistant_id shop -> bank" in verdict.reasons for verdict in plan.parts if verdict.is_stale)
    second = build(read(), output=out(project), old=first.model, model_name="second")
    assert read_metadata(second.model).assistant_id == "bank"
    old, new = read_manifest(first.model), read_manifest(second.model)
    assert old is not None
    assert new is not None
    assert old.components == new.components
    assert (second.trained, second.reused) == ((), {})
    assert second.rebuilt == {"nlu": "first.tar.gz", "core": "first.tar.gz"}
    assert second.new == ("nlu", "core")
    parts: tuple[Part, ...] = ("nlu", "core")
    for part in parts:
        assert new.parts[part].reused_from == "first.tar.gz"
        assert new.parts[part].metrics == old.parts[part].metrics


def test_a_part_with_one_trained_component_is_trained_and_keeps_the_figures_of_the_others(project: Path) -> None:
    first = build(read(), output=out(project), model_name="first")
    edit(project / "config.yml", "KeywordIntentClassifier", "KeywordIntentClassifier\n- name: EntitySynonymMapper")
    second = build(read(), output=out(project), old=first.model, model_name="second")
    assert (second.trained, second.rebuilt) == (("nlu",), {})
    before, after = first.manifest.parts["nlu"].metrics, second.manifest.parts["nlu"].metrics
    assert sorted(before.values()) == sorted(after.values())


def test_data_that_is_to_persist_gets_into_a_fresh_model(project: Path) -> None:
    first = build(read(), output=out(project), model_name="first")
    data = "components/nlu_training_data_provider/training_data.yml"
    assert read_member(first.model, data) is None
    second = build(read(), output=out(project), old=first.model, model_name="second", persist_nlu_data=True)
    assert second.written
    assert (second.trained, dict(second.rebuilt)) == ((), {})
    assert second.reused == {"nlu": "first.tar.gz", "core": "first.tar.gz"}
    assert read_member(second.model, data) is not None
    third = build(read(), output=out(project), old=second.model, model_name="third", persist_nlu_data=True)
    assert not third.written


@pytest.mark.parametrize("name", ["../elsewhere", "/tmp/elsewhere.tar.gz", "a/b", "..", ".hidden"])
def test_a_model_is_named_not_placed(project: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be named"):
        build(read(), output=out(project), model_name=name)
    assert not out(project).exists()


def test_options_are_refused_before_training_and_leave_nothing(project: Path) -> None:
    edit(project / "config.yml", "- name: MemoizationPolicy", "- name: MemoizationPolicy\n  max_history: x")
    with pytest.raises(DataError, match=r"^config\.yml:9: .*max_history"):
        build(read(), output=out(project))
    assert not out(project).exists()


def test_a_file_that_several_paths_and_links_lead_to_is_read_once(project: Path) -> None:
    (project / "link").symlink_to(project / "data")
    assistant = load_assistant("config.yml", "domain.yml", ["data", "data/all.yml", str(project / "data"), "link"])
    assert len(assistant.stories) == 1
    assert not any("same example" in notice.message for notice in assistant.notices)


def test_one_part_alone_is_not_fresh_as_a_whole(project: Path) -> None:
    parts: frozenset[Part] = frozenset({"nlu"})
    model = build(read(), output=out(project), parts=parts).model
    assert verdict_on(read(), old=model, parts=parts).code == 0
    assert verdict_on(read(), old=model).code == 5


def test_a_full_disk_is_an_error_that_names_the_directory_and_leaves_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("rebake.build.job.write_manifest", full)
    with pytest.raises(StorageError, match=r"below .*models: No space left on device"):
        build(read(), output=out(project))
    assert not out(project).exists()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")  # TensorFlow of other tests
@pytest.mark.parametrize("beside", [True, False])
def test_the_result_has_what_training_warns_about_in_whatever_process(
    tmp_path: Path, beside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path, FILES))
    monkeypatch.setattr("rebake.build.core_process.can_fork", lambda: beside)
    notices = Notices()
    result = building.build(make_plan(Request(read(), output=out(tmp_path))), notices=notices)
    assert result.notices == tuple(notices)
    for notice, (place, part) in zip(notices, (*NLU_WARNINGS, *CORE_WARNINGS), strict=True):
        assert str(notice.location) == place
        assert part in notice.message
    again = build(read(), output=out(tmp_path), old=result.model)
    assert (again.written, again.notices) == (False, ())
