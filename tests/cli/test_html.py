"""``--html``: the page of a check and of a test, and what is refused before anything is done."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rebake.cli.main import main
from support.assistants import write_tiny


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(write_tiny(tmp_path))
    return tmp_path


def test_a_check_writes_its_page_beside_the_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--html", "page.html", "--report", "-"]) == 7
    assert capsys.readouterr().out.startswith("{")
    page = (project / "page.html").read_text(encoding="utf-8")
    assert "The model is stale: Core, NLU and Responses." in page


def test_a_page_on_stdout_is_all_that_is_there(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--html", "-"]) == 7
    out, err = capsys.readouterr()
    assert out.startswith("<!doctype html>")
    assert "trains what is stale" in err


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (["check", "--html", "missing/x.html"], 74, "--html: missing/x.html cannot be written"),
        (["check", "--html", "x", "--report", "./x"], 64, "--report and --html name the same file."),
        (["check", "--html", "-", "--report", "-"], 64, "Standard output cannot take --html and JSON at once."),
        (["test", "--html", "-", "--format", "json"], 64, "Standard output cannot take --html and JSON at once."),
        (["test", "nlu", "--config", "a.yml", "b.yml", "--html", "x.html"], 64, "--html changes nothing here."),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_read(
    project: Path, capsys: pytest.CaptureFixture[str], command: list[str], code: int, message: str
) -> None:
    (project / "config.yml").unlink()
    assert main(command) == code
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_a_check_without_a_page_imports_nothing_that_makes_one(project: Path) -> None:
    script = (
        "import sys; from rebake.cli.main import main; main(['check']);"
        "print(*({'jinja2', 'markupsafe', 'vl_convert'} & sys.modules.keys()), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip().splitlines()[-1:] in ([""], []), done.stderr


@pytest.mark.slow
def test_a_test_writes_a_page_with_the_comparison(project: Path) -> None:
    (project / "config.yml").write_text(
        "recipe: default.v1\nlanguage: en\npipeline: [{name: WhitespaceTokenizer}, {name: KeywordIntentClassifier}]\n",
        encoding="utf-8",
    )
    assert main(["train", "nlu", "--quiet"]) == 0
    assert main(["test", "nlu", "--nlu", "data", "--against", "models", "--html", "page.html"]) == 0
    page = (project / "page.html").read_text(encoding="utf-8")
    assert "The model was tested. As good as the base." in page
    assert "<svg" in page
