"""docs/reference/findings.md: every code is documented; every example gives exactly the finding below it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rebake.assistant.importer import load_assistant
from rebake.base.notice_kinds import NoticeKind
from rebake.base.notices import Notices
from rebake.base.progress import Silent
from rebake.build.build import build
from rebake.build.plan import make_plan
from rebake.build.request import Request
from rebake.evaluation.confusions import confused_intents
from rebake.evaluation.data import EvaluationData
from rebake.evaluation.evaluate import evaluate
from rebake.model import load_model
from rebake.report.findings.text import findings_text
from rebake.validation.finding import Finding, of_notices
from rebake.validation.project import ValidationOptions, validate_project
from support.assistant_files import write
from support.paths import ROOT

DOCS = (ROOT / "docs" / "reference" / "findings.md").read_text(encoding="utf-8")
TABLE, EXAMPLES = DOCS.split("The examples below add files")
SECTIONS = dict(re.findall(r"^### ([a-z-]+)\n\n(.*?)(?=^##|\Z)", EXAMPLES, re.MULTILINE | re.DOTALL))
FOUND_IN_TRAINING = "keyword-of-several-intents"
FOUND_IN_TESTS = "confused-intents"


def files_of(text: str) -> dict[str, str]:
    """The files of a section, with the comment that names them, so that lines are as they are printed."""
    blocks = re.findall(r"^```(?:yaml|text)\n# (\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return {name: f"# {name}\n{content}" for name, content in blocks}


def printed_in(text: str) -> list[str]:
    blocks: list[str] = re.findall(r"^```text\n((?!# ).*?)\n```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    return blocks[0].splitlines()


def findings() -> list[Finding]:
    tests = ["tests"] if Path("tests").exists() else []
    return validate_project(ValidationOptions("config.yml", "domain", ["data"], tests))


def findings_in_training() -> list[Finding]:
    notices = Notices()
    build(make_plan(Request(load_assistant("config.yml", "domain", ["data"]))), notices=notices)
    return of_notices(notices)


def findings_in_tests() -> list[Finding]:
    result = build(make_plan(Request(load_assistant("config.yml", "domain", ["data"]))))
    data = EvaluationData(load_assistant(None, None, ["tests"]).nlu.examples)
    with load_model(result.model) as model:
        return of_notices(confused_intents(evaluate(model, data, Silent(), Notices(), "model")))


@pytest.fixture(autouse=True)
def teahouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The assistant at the top of the examples."""
    monkeypatch.chdir(write(tmp_path, files_of(EXAMPLES.split("\n## ")[0])))


def test_every_code_is_in_the_table_with_its_severity_and_has_a_section() -> None:
    rows = re.findall(r"^\| \[`([a-z-]+)`\]\(#([a-z-]+)\) \| (\w+) \| (.+) \|$", TABLE, re.MULTILINE)
    assert rows == [(kind.value, kind.value, str(kind.severity), kind.plural) for kind in NoticeKind]
    assert list(SECTIONS) == [kind.value for kind in NoticeKind]


def test_the_assistant_of_the_examples_has_no_findings() -> None:
    assert findings() == []


@pytest.mark.parametrize("kind", NoticeKind, ids=lambda kind: str(kind.value))
def test_a_documented_example_gives_the_finding_that_is_documented(kind: NoticeKind, tmp_path: Path) -> None:
    section = SECTIONS[kind.value]
    write(tmp_path, files_of(section))
    found_in = {FOUND_IN_TRAINING: findings_in_training, FOUND_IN_TESTS: findings_in_tests}
    found = found_in.get(kind.value, findings)()
    of_kind = [finding for finding in found if finding.kind is kind]
    assert list(findings_text(of_kind)) == printed_in(section)
    assert any(finding.severity is kind.severity for finding in of_kind)
    assert section.startswith(f"{str(kind.severity).capitalize()}. ")
    assert section.replace("`", "").rstrip().endswith(kind.fix.replace("`", ""))
