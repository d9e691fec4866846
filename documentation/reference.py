"""The parts of the reference that follow from the code: inputs and outputs of action.yml, options of the commands.

A page has a generated part between two comments, and prose around it:

    <!-- generated: inputs -->
    <!-- end -->
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from rebake.cli.parser import build_parser

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("docs/reference/action.md", "docs/reference/command-line.md")
_PART = re.compile(r"(<!-- generated: ([a-z-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def action_yml() -> Mapping[str, Any]:
    content: Mapping[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return content


def input_table() -> str:
    """Markdown: a row for each input of action.yml."""
    rows = ["| input | default | meaning |", "|---|---|---|"]
    for name, declared in action_yml()["inputs"].items():
        default = f"`{_cell(declared['default'])}`" if declared["default"] else ""
        rows.append(f"| `{name}` | {default} | {_cell(declared['description'])} |")
    return "\n".join(rows)


def output_table() -> str:
    """Markdown: a row for each output of action.yml."""
    rows = ["| output | meaning |", "|---|---|"]
    rows += [f"| `{name}` | {_cell(declared['description'])} |" for name, declared in action_yml()["outputs"].items()]
    return "\n".join(rows)


def commands(parser: argparse.ArgumentParser, summary: str = "") -> Iterator[tuple[argparse.ArgumentParser, str]]:
    """Yield the parser of each command with what the command does, and those of its subcommands behind it."""
    yield parser, summary
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            summaries = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, subparser in action.choices.items():
                yield from commands(subparser, summaries.get(name, ""))


def command_sections() -> str:
    """Markdown: a section for each command, with a table of its arguments."""
    (whole, _), *others = commands(build_parser())
    sections = [f"## Options before the command\n\n{_options(whole)}"]
    for parser, summary in others:
        description = summary[:1].upper() + summary[1:]
        sections.append(f"## {parser.prog}\n\n{description}.\n\n{_options(parser)}")
    return "\n\n".join(sections)


def _options(parser: argparse.ArgumentParser) -> str:
    formatter = parser._get_formatter()
    rows = ["| argument | meaning |", "|---|---|"]
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction) or action.help == argparse.SUPPRESS:
            continue
        meaning = formatter._expand_help(action) if action.help else ""
        rows.append(f"| `{_argument(action)}` | {_cell(meaning)} |")
    return "\n".join(rows) if len(rows) > 2 else "No options."


def _argument(action: argparse.Action) -> str:
    """The argument as one types it: ``--config FILE, -c``."""
    choices = "{" + ",".join(map(str, action.choices)) + "}" if action.choices is not None else None
    metavar = action.metavar if isinstance(action.metavar, str) else choices or action.dest.upper()
    value = {0: "", "?": f"[{metavar}]", "*": f"[{metavar} ...]", "+": f"{metavar} ..."}.get(
        action.nargs if action.nargs is not None else 1, metavar
    )
    if not action.option_strings:
        return value
    first, *others = sorted(action.option_strings, key=len, reverse=True)
    return ", ".join((f"{first} {value}".strip(), *others)).replace("|", "\\|")


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


PARTS: Mapping[str, Callable[[], str]] = {
    "inputs": input_table,
    "outputs": output_table,
    "commands": command_sections,
}


def generated(text: str) -> str:
    """The page with each generated part as the code has it now."""
    return _PART.sub(lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n\n{found[4]}", text)


def write() -> list[str]:
    """Write the pages, and return those that changed."""
    changed = []
    for page in PAGES:
        path = ROOT / page
        before = path.read_text(encoding="utf-8")
        after = generated(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(page)
    return changed
