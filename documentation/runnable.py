"""Run the commands that a page shows, and compare what they print with what the page says.

Comments that no reader sees, each on a line of its own, mark what is run:

    <!-- start: examples/cafe -->              go on in a new copy of that directory of the repository
    <!-- start: examples/cafe with models -->  and with the models that the caller gives
    <!-- run -->                               run the block of sh or python that follows; the exit code must be 0
    <!-- run: exit 1 -->                       likewise, with this exit code
    <!-- output -->                            the block that follows is what the last one printed, stdout and stderr
    <!-- append: FILE -->                      the block that follows is added to this file
    <!-- edit: FILE -->                        the block that follows has the lines to take out (-) and to put in (+)

Outputs are compared without times, ids and hashes, and decimals need to be close only. A line ``...`` stands for any
number of lines.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from documentation.repository import ROOT

_MARK = re.compile(r"\s*<!-- (start|run|output|append|edit)(?:: (.*?))? -->\s*")
_CLOSE = 0.1  # decimals are figures of a training: another processor rounds differently
_VARYING = (
    (re.compile(r"\b\d{8}-\d{6}-[0-9a-f]{8}\b"), "MODEL"),
    (re.compile(r"\b\d+(\.\d+)? (s|min)\b"), "TIME"),
    (re.compile(r"\b[0-9a-f]{7,64}\b(?=[^.]|$)"), "HASH"),
)
_DECIMAL = re.compile(r"(\d+\.\d+(?:e-\d+)?)")


@dataclass(frozen=True)
class Step:
    """A marked block of a page, or a mark that needs none (``start``).

    Attributes:
        line: of the mark, from 1.
        kind: ``start``, ``run``, ``output``, ``append`` or ``edit``.
        argument: what follows the colon of the mark.
        language: of the block.
        text: of the block.
    """

    line: int
    kind: str
    argument: str
    language: str = ""
    text: str = ""


class PageError(Exception):
    """A block does not do what its page says."""


def steps(page: Path) -> list[Step]:
    """The marked blocks of a page, in order."""
    found = []
    tokens = MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8"))
    for position, token in enumerate(tokens):
        mark = _MARK.fullmatch(token.content) if token.type == "html_block" else None
        if mark is None or token.map is None:
            continue
        line, kind, argument = token.map[0] + 1, mark[1], mark[2] or ""
        if kind == "start":
            found.append(Step(line, kind, argument))
            continue
        block = tokens[position + 1] if position + 1 < len(tokens) else None
        if block is None or block.type != "fence":
            raise PageError(f"{page}:{line}: no block of code follows")
        found.append(Step(line, kind, argument, block.info, block.content))
    return found


def run_page(page: Path, place: Path, models: Path | None = None) -> Path:
    """Run the marked blocks of a page, and return the directory that the last one ran in.

    Args:
        page: a Markdown file.
        place: the directory that they start in, made if it is not there; the copies of ``start`` are made in it.
        models: the directory of models that ``start: ... with models`` copies.

    Raises:
        PageError: a block fails, or prints something else.
    """
    directory, printed = place, ""
    place.mkdir(exist_ok=True)
    for step in steps(page):
        where = f"{page.relative_to(ROOT) if page.is_relative_to(ROOT) else page}:{step.line}"
        if step.kind == "start":
            source, _, with_models = step.argument.partition(" with ")
            directory = place / f"{len(list(place.iterdir()))}-{Path(source).name}" / Path(source).name
            shutil.copytree(ROOT / source, directory, ignore=shutil.ignore_patterns("models", "results"))
            if with_models:
                if models is None:
                    raise PageError(f"{where}: it asks for models, and there are none")
                shutil.copytree(models, directory / "models")
        elif step.kind == "run":
            printed = _run(step, directory, place / ".cache", where)
        elif step.kind == "output":
            problem = difference(step.text, printed)
            if problem:
                raise PageError(f"{where}: the output is not what the page says:\n{problem}")
        else:
            _change(directory / step.argument, step, where)
    return directory


def _change(file: Path, step: Step, where: str) -> None:
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if step.kind == "append":
        file.write_text(text + step.text, encoding="utf-8")
        return
    lines = step.text.splitlines(keepends=True)
    old, new = ("".join(line[1:] for line in lines if line[0] in f" {sign}") for sign in "-+")
    if text.count(old) != 1:
        raise PageError(f"{where}: {step.argument} has these lines {text.count(old)} times:\n{old}")
    file.write_text(text.replace(old, new), encoding="utf-8")


def _run(step: Step, directory: Path, cache: Path, where: str) -> str:
    commands = {"sh": ["bash", "-euo", "pipefail", "-c", step.text], "python": [sys.executable, "-c", step.text]}
    if step.language not in commands:
        raise PageError(f"{where}: only blocks of sh and python can be run")
    expected = int(step.argument.removeprefix("exit ") or 0)
    done = subprocess.run(  # noqa: S603 # what the page says is to be run
        commands[step.language],
        cwd=directory,
        env=reader_environment(directory, cache),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != expected:
        raise PageError(f"{where}: exit code {done.returncode}, not {expected}:\n{step.text}\n{done.stdout}")
    return done.stdout


def reader_environment(directory: Path, cache: Path) -> dict[str, str]:
    """The environment of a person at a terminal of 120 columns, with empty caches."""
    of_others = ("GITHUB_", "PYTEST_", "GIT_", "REBAKE_")  # set by a job, a test runner, or for a rebake of yours
    kept = {name: value for name, value in os.environ.items() if not name.startswith(of_others)}
    kept.pop("CI", None)
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    who = {f"GIT_{role}_{key}": "docs@example.org" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    git = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    caches = {"REBAKE_CACHE_DIR": str(cache / "parts"), "XDG_CACHE_HOME": str(cache)}
    return {**kept, **who, **git, **caches, "PATH": path, "COLUMNS": "120", "NO_COLOR": "1", "PWD": str(directory)}


def difference(expected: str, printed: str) -> str:
    """Empty if a command printed what a page says, otherwise how the two differ."""
    wanted, found = _lines(expected), _lines(printed)
    if _matches(wanted, found):
        return ""
    return "\n".join(difflib.unified_diff(wanted, found, "page", "printed", lineterm=""))


def _lines(text: str) -> list[str]:
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    return [line.rstrip() for line in text.strip().splitlines()]


def _matches(wanted: list[str], found: list[str]) -> bool:
    if not wanted:
        return not found
    if wanted[0] == "...":
        return any(_matches(wanted[1:], found[skipped:]) for skipped in range(len(found) + 1))
    return bool(found) and _same(wanted[0], found[0]) and _matches(wanted[1:], found[1:])


def _same(wanted: str, found: str) -> bool:
    ours, theirs = _DECIMAL.split(wanted), _DECIMAL.split(found)
    if len(ours) != len(theirs):
        return False
    return all(
        abs(float(one) - float(other)) <= _CLOSE if position % 2 else one == other
        for position, (one, other) in enumerate(zip(ours, theirs, strict=True))
    )


def pages() -> Iterator[Path]:
    """README and the pages of docs/ that have blocks to run."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        if steps(page):
            yield page
