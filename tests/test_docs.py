"""What README says of the command line is what the parser does."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from rebake import errors
from rebake.cli import build_parser
from rebake.core.registry import POLICIES
from rebake.nlu.registry import COMPONENTS

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def commands() -> dict[str, argparse.ArgumentParser]:
    parser = build_parser()
    subparsers = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return {"all": parser, **subparsers.choices}


def long_options(parser: argparse.ArgumentParser) -> set[str]:
    return {name for action in parser._actions for name in action.option_strings if name.startswith("--")} - {"--help"}


def test_readme_lists_every_option_of_every_command_and_no_other() -> None:
    rows = re.findall(r"^\| `(--[a-z-]+)[^`]*` \| ([a-z, ]+) \|", README, re.MULTILINE)
    documented: dict[str, set[str]] = {}
    for option, names in rows:
        for name in names.split(", "):
            documented.setdefault(name, set()).add(option)
    assert documented == {name: options for name, parser in commands().items() if (options := long_options(parser))}


def test_readme_lists_every_exit_code() -> None:
    table = README.split("| exit code |")[1].split("\n\n")[0]
    codes = {int(code) for row in re.findall(r"^\| ([0-9, ]+) \|", table, re.MULTILINE) for code in row.split(",")}
    raised = {
        error.exit_code for error in (errors.UsageError, errors.DataError, errors.RebakeError, errors.StorageError)
    }
    assert codes == {0, 1, 2, 4, 8} | raised


def test_help_names_the_same_exit_codes() -> None:
    for name in ("check", "train"):
        text = commands()[name].format_help()
        for code in (errors.EXIT_USAGE, errors.EXIT_DATA, errors.EXIT_INTERNAL, errors.EXIT_IO):
            assert str(code) in text


def test_readme_lists_every_component_and_policy_that_is_trained_and_no_other() -> None:
    rows = dict(re.findall(r"^\| (NLU|Core) \| (.+) \|$", README, re.MULTILINE))
    for part, registry in (("NLU", COMPONENTS), ("Core", POLICIES)):
        trained = {entry.name for entry in registry.values() if entry.implementation is not None}
        assert set(re.findall(r"`(\w+)`", rows[part])) == trained
