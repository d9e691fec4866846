"""The command line as a person uses it: each command in a separate process, on a real assistant."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from support.assistants import DOMAIN, append, edit, write_tiny
from support.damage import CORE, FileDamage, damaged, empty, remove

STORY = """\
  - story: only a greeting
    steps:
      - intent: greet
      - action: utter_greet
      - intent: goodbye
      - action: utter_goodbye
"""


def rebake(directory: Path, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "rebake", *arguments],
        cwd=directory, capture_output=True, text=True, input=stdin, check=False, timeout=300,
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the tiny assistant and one model of it."""
    directory = write_tiny(tmp_path_factory.mktemp("tiny"))
    run = rebake(directory, "train")
    assert run.returncode == 0, run.stderr
    assert Path(directory, run.stdout.strip()).is_file()
    return directory


@pytest.fixture
def project(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained assistant that a test may change."""
    subprocess.run(["cp", "-a", f"{trained}/.", str(tmp_path)], check=True)
    return tmp_path


def members(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {
            member.name: file.read() for member in tar.getmembers() if (file := tar.extractfile(member)) is not None
        }


def newest(project: Path) -> Path:
    return max((project / "models").glob("*.tar.gz"), key=lambda path: path.stat().st_mtime_ns)


def trained_parts(project: Path) -> set[str]:
    """The parts that the report says were trained."""
    parts = json.loads((project / "report.json").read_text())["parts"]
    return {name for name, part in parts.items() if part["origin"] == "trained"}


def test_a_check_without_a_model_is_stale_in_all_parts(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    run = rebake(tmp_path, "check")
    assert run.returncode == 7
    assert run.stdout.splitlines()[-1] == "`rebake train` trains what is stale."
    assert not (tmp_path / "models").exists()


@pytest.mark.slow
def test_a_second_training_trains_and_writes_nothing(project: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (project / "models").iterdir()}
    run = rebake(project, "train")
    assert run.returncode == 0, run.stderr
    assert "fresh" in run.stderr
    assert {path: path.stat().st_mtime_ns for path in (project / "models").iterdir()} == before
    assert project / run.stdout.strip() == newest(project)
    assert rebake(project, "check").returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "do", "code", "again"),
    [
        ("metadata.json", remove, 7, {"core", "nlu"}),
        ("components/train_RulePolicy1/rule_policy.json", empty, 1, {"core"}),
        ("components/train_DIETClassifier2/DIETClassifier.tf_model.index", remove, 2, {"nlu"}),
    ],
)
def test_a_model_that_lost_files_is_trained_again(
    project: Path, file: str, do: Callable[[Path], object], code: int, again: set[str]
) -> None:
    model = newest(project)
    damaged(model, model, FileDamage(file, do, CORE, ""))
    check = rebake(project, "check")
    assert check.returncode == code
    assert f"{file} of the model is {'missing' if do is remove else 'empty'}, so " in check.stdout
    run = rebake(project, "train", "--report", "report.json")
    assert run.returncode == 0, run.stderr
    assert trained_parts(project) == again
    assert rebake(project, "check").returncode == 0


@pytest.mark.slow
def test_a_new_story_trains_core_alone(project: Path) -> None:
    old = members(newest(project))
    append(project / "data/stories.yml", STORY)
    check = rebake(project, "check")
    assert check.returncode == 1
    assert 'story "only a greeting" added in data/stories.yml:13' in check.stdout
    run = rebake(project, "train", "--report", "report.json")
    assert run.returncode == 0, run.stderr
    assert trained_parts(project) == {"core"}
    new = members(newest(project))
    diet = [name for name in old if "DIETClassifier" in name]
    assert diet
    assert all(new[name] == old[name] for name in diet)
    assert rebake(project, "check").returncode == 0


@pytest.mark.slow
def test_a_changed_response_trains_nothing_and_reaches_the_archive(project: Path) -> None:
    edit(project / "domain.yml", "Hello!", "Good day!")
    assert rebake(project, "check").returncode == 4
    run = rebake(project, "train", "--report", "report.json")
    assert run.returncode == 0, run.stderr
    assert trained_parts(project) == set()
    new = members(newest(project))
    assert b"Good day!" in new["metadata.json"]
    assert b"Good day!" in new["components/domain_provider/domain.yml"]
    assert rebake(project, "check").returncode == 0


@pytest.mark.slow
def test_a_new_example_trains_nlu_alone(project: Path) -> None:
    old = members(newest(project))
    edit(project / "data/nlu.yml", "      - hey\n", "      - hey\n      - hello you\n")
    assert rebake(project, "check").returncode == 2
    run = rebake(project, "train", "--report", "report.json")
    assert run.returncode == 0, run.stderr
    assert trained_parts(project) == {"nlu"}
    new = members(newest(project))
    rules = [name for name in old if "RulePolicy" in name]
    assert rules
    assert all(new[name] == old[name] for name in rules)


@pytest.mark.slow
def test_going_back_to_what_was_trained_before_trains_nothing(project: Path) -> None:
    edit(project / "data/nlu.yml", "      - hey\n", "      - hey\n      - hello you\n")
    assert rebake(project, "train").returncode == 0
    edit(project / "data/nlu.yml", "      - hello you\n", "")
    run = rebake(project, "train", "--report", "report.json")
    assert run.returncode == 0, run.stderr
    assert trained_parts(project) == set()
    assert rebake(project, "check").returncode == 0


@pytest.mark.slow
def test_force_is_code_8_and_trains_all(project: Path) -> None:
    run = rebake(project, "check", "--force")
    assert run.returncode == 8
    assert run.stdout.endswith("`rebake train --force` trains all of it.\n")
    assert rebake(project, "train", "--force", "--dry-run").returncode == 8
    assert rebake(project, "train", "--force", "--report", "report.json", "--quiet").returncode == 0
    assert trained_parts(project) == {"core", "nlu"}


@pytest.mark.slow
def test_the_same_assistant_gives_the_same_weights(project: Path) -> None:
    old = members(newest(project))
    assert rebake(project, "train", "--force").returncode == 0
    new = members(newest(project))
    of_its_time = {"metadata.json", "rebake.json"}  # the second has the digest of the first
    assert {name for name in new if new[name] != old.get(name)} <= of_its_time


@pytest.mark.slow
def test_one_part_alone_gets_its_prefix(project: Path) -> None:
    run = rebake(project, "train", "nlu", "--out", "single")
    assert run.returncode == 0, run.stderr
    assert Path(run.stdout.strip()).name.startswith("nlu-")
    run = rebake(project, "train", "core", "--out", "single")
    assert run.returncode == 0, run.stderr
    assert Path(run.stdout.strip()).name.startswith("core-")
    assert rebake(project, "train", "--out", "single", "--report", "report.json").returncode == 0
    assert trained_parts(project) == set()


@pytest.mark.slow
def test_parse_prints_a_line_or_one_json_object_a_text(project: Path) -> None:
    run = rebake(project, "parse", "--format", "json", "hello", "a tea please")
    assert run.returncode == 0, run.stderr
    results = [json.loads(line) for line in run.stdout.splitlines()]
    assert [result["text"] for result in results] == ["hello", "a tea please"]
    assert all(result["intent_ranking"] for result in results)
    piped = rebake(project, "parse", "-m", str(newest(project)), "--format", "json", stdin="hello\na tea please\n")
    assert piped.stdout == run.stdout
    lines = rebake(project, "parse", '/order{"drink": "tea"}', "/greet").stdout.splitlines()
    assert lines == ['/order{"drink": "tea"}  order 1.00  drink: tea', "/greet                  greet 1.00"]


@pytest.mark.slow
def test_shell_talks_to_the_newest_model(project: Path) -> None:
    run = rebake(project, "shell", "--color", "never", stdin="/greet\n\n/stop\n/goodbye\n")
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[0] == "intent    greet 1.00"
    assert re.search(r"^action +utter_greet +\((Memoization|Rule)Policy 1.00", run.stdout, re.MULTILINE)
    assert "bot       Hello!" in run.stdout.splitlines()
    assert "goodbye" not in run.stdout
    assert "> /greet" in run.stderr
    as_json = rebake(project, "shell", "--format", "json", "--quiet", stdin="/greet\n")
    turn = json.loads(as_json.stdout)
    assert [action["name"] for action in turn["actions"]] == ["utter_greet", "action_listen"]
    assert turn["actions"][0]["messages"][0]["text"] == "Hello!"
    assert turn["waits"]


@pytest.mark.slow
def test_persisted_data_is_in_the_archive(project: Path) -> None:
    assert rebake(project, "train", "nlu", "--persist-nlu-data", "--out", "kept").returncode == 0
    archive = next((project / "kept").glob("*.tar.gz"))
    assert b"hello" in members(archive)["components/nlu_training_data_provider/training_data.yml"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("break_it", "place", "code"),
    [
        (lambda p: append(p / "data/nlu.yml", "  - [broken\n"), "data/nlu.yml:", 65),
        (lambda p: edit(p / "data/stories.yml", ": utter_greet", ": utter_gret"), "data/stories.yml:6: ", 65),
        (lambda p: edit(p / "domain.yml", 'version: "3.1"', "version: [3]"), "domain.yml:1: ", 65),
        (lambda p: (p / "config.yml").write_text(""), "config.yml", 65),
        (lambda p: (p / "config.yml").unlink(), "config.yml", 74),
        (lambda p: edit(p / "config.yml", "WhitespaceTokenizer", "MyTokenizer"), "config.yml:5: ", 65),
    ],
    ids=["broken YAML", "unknown action", "wrong version", "empty config", "missing config", "unknown component"],
)  # fmt: skip
def test_bad_input_gets_one_message_and_the_model_stays(project: Path, break_it, place: str, code: int) -> None:  # type: ignore[no-untyped-def]
    before = {path: path.read_bytes() for path in (project / "models").iterdir()}
    break_it(project)
    run = rebake(project, "train")
    assert run.returncode == code, run.stderr
    assert place in run.stderr
    assert "Traceback" not in run.stderr
    assert {path: path.read_bytes() for path in (project / "models").iterdir()} == before


@pytest.mark.slow
def test_a_directory_as_config_is_refused(project: Path) -> None:
    run = rebake(project, "train", "--config", "data")
    assert run.returncode >= 64
    assert "data" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.slow
def test_a_truncated_model_counts_as_stale_and_parse_refuses_it(project: Path) -> None:
    archive = newest(project)
    archive.write_bytes(archive.read_bytes()[:200])
    check = rebake(project, "check")
    assert check.returncode == 7
    assert "unknown" in check.stdout
    parse = rebake(project, "parse", "--model", str(archive), "hello")
    assert parse.returncode == 65
    assert archive.name in parse.stderr
    assert "Traceback" not in parse.stderr


def test_a_check_whose_output_is_closed_still_returns_the_verdict(tmp_path: Path) -> None:
    command = ["sh", "-c", 'exec "$0" -m rebake check >&- 2>&-', sys.executable]
    assert subprocess.run(command, cwd=write_tiny(tmp_path), check=False, timeout=60).returncode == 7


@pytest.mark.slow
def test_usage_errors_are_not_verdicts(tmp_path: Path) -> None:
    for arguments in ((), ("chek",), ("train", "--augmentation", "many"), ("check", "--nope")):
        assert rebake(tmp_path, *arguments).returncode == 64


@pytest.mark.slow
def test_nothing_to_train_leaves_nothing_behind(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    for file in (tmp_path / "data").iterdir():
        file.unlink()
    assert rebake(tmp_path, "check").returncode == 65
    run = rebake(tmp_path, "train")
    assert run.returncode == 65, run.stderr
    assert not list((tmp_path / "models").glob("*")) if (tmp_path / "models").exists() else True


@pytest.mark.slow
def test_a_check_imports_no_tensorflow(project: Path) -> None:
    code = (
        "import sys; from rebake.cli.main import main; code = main(['check']); "
        "assert 'tensorflow' not in sys.modules; sys.exit(code)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=project, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    run = subprocess.run(
        [sys.executable, "-c", "import sys, rebake.model_training; assert 'tensorflow' not in sys.modules"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr


RASA_2 = """\
version: "2.0"
intents: [greet, order, goodbye]
entities: [drink, size]
slots:
  drink:
    type: text
    auto_fill: false # by the form
forms:
  order_form:
    required_slots:
      drink:
      - type: from_entity
        entity: drink
"""


@pytest.mark.slow
def test_a_project_of_rasa_2_is_named_shown_migrated_and_then_checked(tmp_path: Path) -> None:
    project = write_tiny(tmp_path)
    responses = DOMAIN[DOMAIN.index("responses:") :]
    (project / "domain.yml").write_text(RASA_2 + responses, encoding="utf-8")
    refused = rebake(project, "check")
    assert refused.returncode == 65
    assert "domain.yml:7: " in refused.stderr
    assert "`rebake migrate`" in refused.stderr

    shown = rebake(project, "migrate")
    assert shown.returncode == 1
    assert "+      - drink\n" in shown.stdout
    assert shown.stderr == "1 file would change. Run the command with --write to change them.\n"
    assert (project / "domain.yml").read_text(encoding="utf-8") == RASA_2 + responses

    written = rebake(project, "migrate", "--write")
    assert (written.returncode, written.stdout) == (0, shown.stdout)
    assert "# by the form" in (project / "domain.yml").read_text(encoding="utf-8")

    again = rebake(project, "migrate")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "Nothing to migrate.\n")
    assert rebake(project, "check").returncode in (1, 2, 3, 7), "stale, as there is no model, and no error"


@pytest.mark.slow
def test_migrate_refuses_what_it_cannot_migrate_and_needs_no_data_or_configuration(tmp_path: Path) -> None:
    (tmp_path / "domain.yml").write_text("forms:\n- order_form\n", encoding="utf-8")
    refused = rebake(tmp_path, "migrate", "--write")
    assert refused.returncode == 65
    assert refused.stderr.startswith("rebake: domain.yml:1: 'forms' is a list of names")
    assert rebake(tmp_path, "migrate", "--domain", "none.yml").returncode == 74
