"""CONTRIBUTING.md, SECURITY.md and docs/explanation/architecture.md name what there is, and every room is described."""

from __future__ import annotations

import os
import re
import tomllib

import pytest

from support.paths import ROOT
from support.source import SOURCE
from test_house import FLOORS

DOCUMENTS = ("CONTRIBUTING.md", "SECURITY.md", "docs/explanation/architecture.md", ".github/pull_request_template.md")
ARCHITECTURE = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MADE = {"../shared", ".venv", "components/"}  # beside the repository, made by a script, in an archive


def code_spans(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```\w*$", "", text, flags=re.MULTILINE))


def commands(text: str) -> list[str]:
    """Everything in code that starts with one of our scripts, in spans and in blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [command for command in [*code_spans(text), *lines] if command.startswith(("scripts/", ".ci/"))]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = {span.split()[0] for span in code_spans(text) if re.match(r"[\w.][\w./-]*/[\w./-]*", span)}
    rooms = {f"{path.name}/" for path in SOURCE.rglob("*") if path.is_dir()}
    missing = {
        path
        for path in named - MADE
        if not (ROOT / path).exists() and not (SOURCE / path).exists() and path not in rooms
    }
    assert missing == set()
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert ((ROOT / document).parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_script_that_a_document_names_can_be_run(document: str) -> None:
    for command in commands((ROOT / document).read_text(encoding="utf-8")):
        assert os.access(ROOT / command.split()[0], os.X_OK), command


def test_every_check_of_the_lint_command_is_explained_and_no_other() -> None:
    script = (ROOT / "scripts" / "lint").read_text(encoding="utf-8")
    known = set(re.findall(r"^    (\w+)\)", script, re.MULTILINE))
    assert known == set(re.findall(r"^#   scripts/lint (\w+)", script, re.MULTILINE))
    named = {command.split()[1] for command in commands(CONTRIBUTING) if re.match(r"scripts/lint \w", command)}
    assert named
    assert named <= known


def test_every_marker_is_explained() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    declared = {marker.split(":")[0] for marker in options["markers"]}
    assert set(re.findall(r"^\| `(\w+)` \|", CONTRIBUTING, re.MULTILINE)) == declared


def test_every_room_is_described_from_the_top_floor_down() -> None:
    described = re.findall(r"^\| `(\w+)(?:/|\.py)` \|", ARCHITECTURE, re.MULTILINE)
    assert set(described) == set().union(*FLOORS)
    floors = [next(number for number, rooms in enumerate(FLOORS) if room in rooms) for room in described]
    assert floors == sorted(floors)


def test_every_anchor_that_a_document_links_to_exists() -> None:
    headings = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", CONTRIBUTING, re.MULTILINE)
    }
    links = re.findall(
        r"CONTRIBUTING\.md#([\w-]+)", "".join((ROOT / document).read_text(encoding="utf-8") for document in DOCUMENTS)
    )
    assert links
    assert set(links) <= headings
