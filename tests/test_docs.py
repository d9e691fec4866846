"""The documents say what the code does: commands, options, exit codes, components, policies."""

from __future__ import annotations

import argparse
import json
import re
import tomllib
from typing import Any

import pytest

from documentation.reference import PAGES, action_yml, commands, generated
from rebake import errors
from rebake.cli.parser import build_parser
from rebake.registry.lookup import COMPONENTS, POLICIES
from support.docs import component_table
from support.paths import ROOT

COMMAND_LINE = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
COMPONENT_DOCS = (ROOT / "docs" / "reference" / "components.md").read_text(encoding="utf-8")
CORE_DOCS = (ROOT / "docs" / "reference" / "policies.md").read_text(encoding="utf-8")
REGISTRY = {**COMPONENTS, **POLICIES}


def parsers() -> dict[str, argparse.ArgumentParser]:
    """``rebake check`` and so on -> its parser."""
    return {parser.prog: parser for parser, _ in commands(build_parser())}


@pytest.mark.parametrize("page", PAGES)
def test_the_generated_parts_of_the_reference_are_what_the_code_says(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert generated(text) == text, "run `python -m documentation`"


def test_the_reference_lists_every_input_output_and_command() -> None:
    action = (ROOT / "docs" / "reference" / "action.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in action for kind in ("inputs", "outputs") for name in action_yml()[kind])
    assert all(f"\n## {name}\n" in COMMAND_LINE for name in parsers() if name != "rebake")


def test_the_reference_lists_every_exit_code() -> None:
    table = COMMAND_LINE.split("| exit code |")[1].split("\n\n")[0]
    codes = {int(code) for row in re.findall(r"^\| ([0-9, ]+) \|", table, re.MULTILINE) for code in row.split(",")}
    raised = {
        error.exit_code for error in (errors.UsageError, errors.DataError, errors.RebakeError, errors.StorageError)
    }
    assert codes == {0, 1, 2, 4, 8} | raised


def test_help_names_the_same_exit_codes() -> None:
    for name in ("check", "train", "migrate"):
        text = parsers()[f"rebake {name}"].format_help()
        for code in (errors.EXIT_USAGE, errors.EXIT_DATA, errors.EXIT_INTERNAL, errors.EXIT_IO):
            assert str(code) in text


def sections(docs: str) -> dict[str, str]:
    """Text by its heading of the third level."""
    parts = re.split(r"^### (\w+)$", docs.split("\n## ", 1)[1], flags=re.MULTILINE)
    return {name: text.split("\n## ")[0] for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def option_rows(section: str) -> dict[str, tuple[Any, str, str]]:
    """Option -> its default, how far rebake has it, and the note."""
    rows = re.findall(r"^\| `(\w+)` \| `(.+?)` \| (\w+) \| (.*?) ?\|$", section, re.MULTILINE)
    assert section.count("\n| `") == len(rows), "a row that this test cannot read"
    return {option: (json.loads(default), status, note) for option, default, status, note in rows}


def test_the_docs_have_a_section_for_every_nlu_component_and_no_other() -> None:
    assert sections(COMPONENT_DOCS).keys() == COMPONENTS.keys()


def test_the_docs_have_a_section_for_every_policy_and_no_other() -> None:
    assert sections(CORE_DOCS).keys() == POLICIES.keys()


def test_the_table_of_components_is_that_of_the_registry() -> None:
    assert component_table() in COMPONENT_DOCS


@pytest.mark.parametrize("name", REGISTRY)
def test_the_docs_list_every_option_with_its_default(name: str) -> None:
    rows = option_rows(sections(CORE_DOCS if name in POLICIES else COMPONENT_DOCS)[name])
    documented = {option: json.dumps(default, sort_keys=True) for option, (default, _, _) in rows.items()}
    defaults = REGISTRY[name].defaults.items()
    assert documented == {option: json.dumps(default, sort_keys=True) for option, default in defaults}


@pytest.mark.parametrize("name", POLICIES)
def test_the_docs_say_why_an_option_of_a_policy_is_not_as_in_rasa(name: str) -> None:
    for option, (_, status, note) in option_rows(sections(CORE_DOCS)[name]).items():
        assert status in ("supported", "different", "refused"), option
        assert note or status == "supported", f"{option} is {status}, and nothing says why"


@pytest.mark.parametrize("name", COMPONENTS)
def test_the_docs_say_what_is_refused_and_why(name: str) -> None:
    section = sections(COMPONENT_DOCS)[name]
    entry = COMPONENTS[name]
    is_refused = entry.implementation is None and not entry.closes_pipeline
    assert (f"| [{name}](#{name.lower()}) | refused |" in COMPONENT_DOCS) == is_refused
    assert section.startswith("\n\nRefused. ") == is_refused
    if entry.refusal is not None:
        assert entry.refusal[0].lower() in section.lower()
    for option, (_, status, note) in option_rows(section).items():
        assert status in ("supported", "different", "refused"), option
        assert note or status == "supported" or is_refused, f"{option} is {status}, and nothing says why"


def test_the_docs_list_every_extra_and_no_other() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    installation = (ROOT / "docs" / "reference" / "installation.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", installation, re.MULTILINE)) == extras.keys()
    named = set(re.findall(r"rebake\[(\w+)\]", COMPONENT_DOCS))
    assert named
    assert named <= extras.keys()
