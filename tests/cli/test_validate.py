"""``rebake validate`` as a person or a CI job uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rebake.cli.main import main
from support.assistant_files import write
from support.assistants import append, edit, write_tiny

BROKEN = "nlu:\n- intent: [greet]\n  examples: |\n    - hi\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny assistant, which has no finding worse than information."""
    monkeypatch.chdir(write_tiny(tmp_path))
    return tmp_path


def codes(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[tuple[str, str, int | None]]:
    main(["validate", "--format", "json", *arguments])
    findings = json.loads(capsys.readouterr().out)["findings"]
    return [(finding["code"], finding["file"], finding["line"]) for finding in findings]


def test_an_assistant_without_findings_exits_with_0_and_prints_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", "--fail-on", "warning"]) == 0
    assert capsys.readouterr().out == ""


def test_a_warning_fails_where_it_is_asked_for_and_an_error_always(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    append(project / "domain.yml", "author: me\n")
    assert main(["validate"]) == 0
    assert main(["validate", "--fail-on", "warning"]) == 1
    assert "domain.yml" in capsys.readouterr().out
    assert main(["validate", "--fail-on", "warning", "--level", "error"]) == 1
    assert capsys.readouterr().out == ""
    write(project, {"data/more.yml": BROKEN})
    assert main(["validate"]) == 1


@pytest.mark.parametrize("how", ["--ignore", "comment"])
def test_a_finding_is_ignored_by_code_or_by_a_comment_at_its_line(
    project: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    comment = "  # rebake: ignore unknown-key" if how == "comment" else ""
    append(project / "domain.yml", f"respones: {{}}{comment}\n")
    chosen = ["--ignore", "unknown-key"] if how == "--ignore" else []
    assert codes(capsys, *chosen) == []
    append(project / "domain.yml", "author: me\n")
    assert len(codes(capsys, *chosen)) == (how == "comment")


def test_a_comment_silences_a_check_as_well(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(project / "domain.yml", "respones: {}  # rebake: ignore unknown-key\nactons: []\n")
    main(["check"])
    printed = capsys.readouterr().err
    assert "'actons'" in printed
    assert "'respones'" not in printed


def test_a_code_that_there_is_not_is_a_usage_error(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--ignore", "unknown-kye"]) == 64
    assert "Did you mean 'unknown-key'?" in capsys.readouterr().err


def test_a_missing_path_is_an_input_error(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--data", "nowhere"]) == 74
    assert "nowhere" in capsys.readouterr().err


def test_errors_of_all_files_are_found_at_once_and_warnings_beside_them(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    append(project / "domain.yml", "respones: {}\nforms: []\n")
    write(project, {"data/a.yml": BROKEN, "data/b.yml": "nlu: '\n", "tests/test_a.yml": BROKEN})
    append(project / "config.yml", "languag: en\n")
    found = [(code, file) for code, file, _ in codes(capsys)]
    assert found == [
        ("unknown-key", "config.yml"),
        ("invalid-value", "data/a.yml"),
        ("invalid-yaml", "data/b.yml"),
        ("unknown-key", "domain.yml"),
        ("invalid-value", "domain.yml"),
        ("invalid-value", "tests/test_a.yml"),
    ]


def test_a_misspelt_key_is_the_only_finding_until_it_is_corrected_or_ignored(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(project / "domain.yml", "responses:", "respones:")
    [(code, file, _)] = codes(capsys)
    assert (code, file) == ("unknown-key", "domain.yml")
    assert main(["validate"]) == 1
    capsys.readouterr()
    assert {code for code, _, _ in codes(capsys, "--ignore", "unknown-key")} == {"unknown-action"}


def test_a_misspelt_key_is_named_by_a_check_beside_the_errors_that_follow_from_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(project / "domain.yml", "responses:", "respones:")
    assert main(["check"]) == 65
    warning, *errors = capsys.readouterr().err.splitlines()
    assert "Unknown key 'respones'. Did you mean 'responses'?" in warning
    assert "The domain has no action" in errors[0]


def test_fewer_turns_of_history_make_more_conflicts(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    greeting = "  steps:\n  - intent: greet\n  - action: utter_greet\n  - intent: goodbye\n  - action: utter_{}\n"
    first = greeting.format("goodbye").replace("- intent: greet", "- intent: goodbye", 1)
    stories = f"stories:\n- story: one\n{first}- story: two\n{greeting.format('greet')}"
    write(project, {"data/more.yml": stories})
    found = {n: {code for code, _, _ in codes(capsys, *(("--max-history", n) if n else ()))} for n in ("1", "9", "")}
    assert "story-conflict" in found["1"]
    assert found["9"] == found[""]


def test_a_test_example_that_is_trained_on_is_found_in_the_directory_that_is_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example = (project / "data" / "nlu.yml").read_text(encoding="utf-8")
    write(project, {"held/out.yml": example})
    assert "trained-test-example" not in {code for code, _, _ in codes(capsys)}
    assert "trained-test-example" in {code for code, _, _ in codes(capsys, "--tests", "held")}


def test_names_in_tests_are_those_of_the_domain(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nlu = "nlu:\n- intent: ordr\n  examples: |\n    - a [mate](drnk)\n"
    story = "stories:\n- story: s\n  steps:\n  - user: mate\n    intent: ordr_\n  - action: utter_ordrd\n"
    write(project, {"tests/test_nlu.yml": nlu, "tests/test_s.yml": story})
    assert codes(capsys) == [
        ("unknown-intent", "tests/test_nlu.yml", 4),
        ("unknown-entity", "tests/test_nlu.yml", 4),
        ("unknown-intent", "tests/test_s.yml", 4),
        ("unknown-action", "tests/test_s.yml", 6),
    ]


def test_more_examples_are_asked_for_on_request(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert {code for code, _, _ in codes(capsys, "--min-examples", "50")} == {"scarce-intent"}


def test_a_project_without_data_is_an_error_as_it_is_for_a_training(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "none").mkdir()
    assert main(["validate", "--data", "none"]) == 1
    assert "error: The data contains no NLU examples and no stories or rules" in capsys.readouterr().out
