"""Projects that config.yml imports are read as Rasa's MultiProjectImporter reads them, and nothing outside of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.imports.projects import MAIN, PROJECTS, TWICE, A, B, C, config, nested, nlu, story
from rebake.archive.manifest import PARTS
from rebake.assistant.importer import imported_roots, load_assistant
from rebake.assistant.model import Assistant
from rebake.errors import DataError, UnsupportedError
from rebake.migration.project import migrate_project
from rebake.staleness.fingerprints import fingerprint
from support.assistant_files import write


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a repository, which is the working directory."""
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    return root


def read() -> Assistant:
    return load_assistant(
        "config.yml", "domain.yml" if Path("domain.yml").exists() else None, "data" if Path("data").is_dir() else None
    )


def names(assistant: Assistant) -> list[str]:
    return [story.name for story in assistant.stories]


def test_everything_of_an_imported_project_is_read(project: Path) -> None:
    write(project, {**MAIN, **A, **B, "config.yml": config("skills/a")})
    assistant = read()
    assert names(assistant) == ["alpha rule", "alpha story", "main story"]
    assert [story.name for story in assistant.test_stories] == ["alpha test"]
    assert [intent.name for intent in assistant.domain.intents] == ["alpha", "main", "shared"]
    assert {"skills/a/domain.yml", "skills/a/data/nlu.yml"} <= set(assistant.files)
    assert str(assistant.nlu.examples[0].location) == "skills/a/data/nlu.yml:5"


def test_the_own_domain_decides_on_what_both_declare(project: Path) -> None:
    write(project, {**MAIN, **A, "config.yml": config("skills/a")})
    assistant = read()
    assert {slot.name: slot.initial_value for slot in assistant.domain.slots}["slot"] == "main"
    assert any("The slot 'slot' is ignored here" in notice.message for notice in assistant.notices)


def test_imports_are_followed_from_project_to_project_and_once_around_a_circle(project: Path) -> None:
    circle = {"skills/a/config.yml": nested("../../lib/c"), "lib/c/config.yml": nested("../../skills/a", "../..")}
    write(project, {**MAIN, **A, **C, **circle, "config.yml": config("skills/a")})
    assert names(read()) == ["gamma rule", "gamma story", "alpha rule", "alpha story", "main story"]


@pytest.mark.parametrize("name", [*PROJECTS, *TWICE])
def test_what_is_compared_with_rasa_is_read_without_an_error(name: str, project: Path) -> None:
    write(project, {**PROJECTS, **TWICE}[name])
    assistant = read()
    assert len(set(names(assistant))) == len(names(assistant)), "a story is read twice"


def test_imports_without_the_importer_are_not_read_and_said_to_be(project: Path) -> None:
    write(project, PROJECTS["imports without the importer"])
    [notice] = [notice for notice in read().notices if "'imports' has no effect" in notice.message]
    assert notice.location is not None
    assert notice.location.line == 8


def test_what_rasa_leaves_out_of_a_mixed_file_is_said(project: Path) -> None:
    write(project, PROJECTS["one file for all"])
    found = {str(notice.location): notice.message for notice in read().notices if "is skipped" in notice.message}
    assert {place.rpartition(":")[0] for place in found} == {"skills/a/all.yml", "skills/a/nlu.yml"}
    assert any("'stories' is skipped" in message for message in found.values())


@pytest.mark.parametrize(
    ("imports", "message"),
    [
        ("imports: skills/a", "'imports' must be a list"),
        ("imports:\n- 5", "An import is a number (5)"),
        ('imports:\n- "a\\0b"', "An import is text"),
        ("imports:\n- skills/none", "'skills/none' does not exist"),
        (f"imports:\n- {'x' * 5000}", "does not exist"),
        ("imports:\n- domain.yml", "is not a project"),
        ("imports:\n- ../outside", "outside of the repository"),
        ("imports:\n- ../missing", "outside of the repository"),
        ("imports:\n- /", "outside of the repository"),
        ("imports:\n- linked", "outside of the repository"),
        ("imports:\n- nested", "outside of the repository"),
        ("imports:\n- files", "outside of the repository"),
    ],
)
def test_an_import_that_cannot_be_followed_is_refused_at_its_line(imports: str, message: str, project: Path) -> None:
    outside = project.parent / "outside"
    write(outside, {"nlu.yml": nlu("secret", "secret")})
    write(project, {**MAIN, "nested/config.yml": nested("../../outside"), "config.yml": config() + imports + "\n"})
    (project / "linked").symlink_to(outside)
    (project / "files").mkdir()
    (project / "files" / "nlu.yml").symlink_to(outside / "nlu.yml")
    with pytest.raises(DataError) as refused:
        read()
    assert message in refused.value.message
    assert refused.value.location is not None
    assert refused.value.location.file.endswith("config.yml")
    assert imported_roots("config.yml") == []


def test_without_a_repository_what_is_below_the_working_directory_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {**{f"bot/{name}": text for name, text in MAIN.items()}, **A, "bot/config.yml": config("../skills/a")}
    write(tmp_path, files)
    monkeypatch.chdir(tmp_path)
    assert "alpha story" in names(load_assistant("bot/config.yml", "bot/domain.yml", "bot/data"))
    monkeypatch.chdir(tmp_path / "bot")
    with pytest.raises(DataError, match="outside of the repository"):
        load_assistant("config.yml", "domain.yml", "data")


def test_a_custom_importer_stays_refused_also_beside_rasas(project: Path) -> None:
    custom = "- name: MultiProjectImporter\n- name: my.Importer\n"
    write(project, {**MAIN, "config.yml": config(importers=custom)})
    with pytest.raises(UnsupportedError, match="runs no code"):
        read()
    setting = "- name: MultiProjectImporter\n  project_directory: x\n"
    write(project, {**MAIN, "config.yml": config(importers=setting)})
    with pytest.raises(UnsupportedError, match="project_directory") as refused:
        read()
    assert refused.value.location is not None
    assert refused.value.location.line == 8


def test_other_files_of_an_imported_project_do_not_matter_unless_they_look_like_rasas(project: Path) -> None:
    other = {
        "skills/a/deploy.yml": "a: !tag b\n---\nc: d\n",
        "skills/a/package.json": "[]",
        "skills/a/list.yml": "- a\n",
    }
    write(project, {**MAIN, **A, **other, "config.yml": config("skills/a")})
    assistant = read()
    skipped = {str(notice.location) for notice in assistant.notices if notice.message.startswith("Skipped")}
    assert skipped == {"skills/a/deploy.yml:1", "skills/a/package.json:1", "skills/a/notes.json:1"}
    write(project, {"skills/a/broken.yml": "nlu: [\n"})
    with pytest.raises(DataError, match="not valid YAML"):
        read()


def fingerprints() -> dict[str, str]:
    found = fingerprint(read(), parts=frozenset(PARTS)).parts
    return {part: one.fingerprint for part, one in found.items()}


def trained(*imports: str) -> str:
    """A configuration that trains both parts."""
    pipeline = "pipeline:\n- name: WhitespaceTokenizer\n- name: KeywordIntentClassifier\n"
    return (
        config(*imports)
        .replace("pipeline: []\n", pipeline)
        .replace("policies: []\n", "policies:\n- name: MemoizationPolicy\n")
    )


def test_moving_an_example_and_a_story_to_an_imported_project_changes_no_fingerprint(project: Path) -> None:
    moved = {"nlu.yml": nlu("alpha", "alpha one"), "stories.yml": story("imported story", "alpha", "utter_alpha")}
    write(project, {**MAIN, "config.yml": trained(), **{f"data/more/{name}": text for name, text in moved.items()}})
    before = fingerprints()
    assert names(read()) == ["imported story", "main story"]
    write(project, {"config.yml": trained("skills/a")})
    for name in moved:
        target = project / "skills" / "a" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (project / "data" / "more" / name).rename(target)
    assert names(read()) == ["imported story", "main story"]
    assert fingerprints() == before
    write(project, {"skills/a/nlu.yml": nlu("alpha", "alpha one", "another")})
    assert {part for part, one in fingerprints().items() if one != before[part]} == {"nlu"}


def test_roots_are_the_directories_and_configurations_that_git_is_asked_about(project: Path) -> None:
    write(
        project,
        {**MAIN, **A, **C, "config.yml": config("skills/a/config.yml"), "skills/a/config.yml": nested("../../lib/c")},
    )
    assert imported_roots("config.yml") == ["skills/a/config.yml", "lib/c"]
    write(project, {"config.yml": config(str(project / "lib" / "c"))})
    assert imported_roots("config.yml") == ["lib/c"]
    assert imported_roots("none.yml") == []


def test_imported_projects_are_migrated_too(project: Path) -> None:
    old = {name: text.replace('"3.1"', '"2.0"') for name, text in A.items()}
    old["skills/a/domain.yml"] = 'version: "2.0"\nentities: [a]\nslots:\n  a:\n    type: text\n'
    write(project, {**old, "config.yml": config("skills/a")})
    changed = {file.path: file.new.decode() for file in migrate_project("config.yml", None, None).files}
    assert changed.keys() == {name for name in old if name.endswith(".yml")} - {"skills/a/credentials.yml"}
    assert "entity: a" in changed["skills/a/domain.yml"]
