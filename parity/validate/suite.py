"""rebake validate must find what an unmodified Rasa 3.6.21 finds with `rasa data validate`.

    python -m parity validate [--changes N] [--seed S] [--only WORD ...]

Both look at the shared assistants and the example, as they are and with a short history, and changed in one thing each
that Rasa's Validator warns about. Each warning of Rasa must be among rebake's findings, by kind and name; conflicts of
stories must be the same on both sides, with the same actions. Where rebake says less, the reason is listed here.
"""

from __future__ import annotations

import os
import random
import re
import shutil
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from parity.paths import ASSISTANTS, CAFE, shared_assistants
from parity.rasa import ask_at_once
from parity.report import report
from parity.validate.changes import Project, changed
from parity.variants import add_choice, add_processes, shares, working_directory
from rebake.base.notice_kinds import Severity
from rebake.validation.finding import Finding
from rebake.validation.project import ValidationOptions, validate_project

HISTORIES = (1, 2)

# What Rasa says (the name in group 1) -> the codes of rebake that say it.
SAME: dict[str, tuple[str, ...]] = {
    r"config file is missing the '(\w+)' mandatory key": ("missing-key",),
    r"unique value for the '(\w+)' mandatory key": ("missing-key",),
    r"intent '(.+?)' is listed in the domain file, but is not found": ("no-examples",),
    r"labeled with intent '(.+?)'\. This intent is not listed": ("unknown-intent",),
    r"intent '(.+?)' is used in your stories, but it is not listed": ("unknown-intent",),
    r"intent '(.+?)' is not used in any story or rule": ("unused-intent",),
    r"example '(.+)' was found labeled with multiple": ("ambiguous-example",),
    r"action '(.+?)' is used in the stories, but is not a valid": ("missing-response", "unknown-action"),
    r"utterance '(.+?)' is not used in any story or rule": ("unused-response",),
    r"form '(.+?)' is used in the '.*' block": ("unknown-form",),
    r"action '(.+?)' is used in the '.*' block": ("unknown-action",),
    r"form slot '(.+?)' in form": ("unknown-slot",),
    r"mapping condition for form '(.+?)' which is not listed": ("unknown-form",),
    r"Slot '(.+?)' has a mapping condition for form '.+', but it's not present": ("form-without-slot",),
    r"intent (.+?) in the domain file is using the MappingPolicy": ("mapping-policy",),
}
CONFLICT = re.compile(r"conflict after [\w ]+? '(.*)':\n((?:.|\n)*)")
OUR_CONFLICT = re.compile(r"After the [\w' ]+? '(.*)' and an equal history, the stories go on in different ways: (.*)")

# Where rebake says nothing, or something else, and why.
LESS: dict[str, str] = {
    "the domain is empty": "there is nothing to compare names with: rebake reports the empty domain alone",
    "names are unknown": "stories with unknown actions, forms or slots cannot be trained, so rebake follows them when "
    "the names are right",
}

Conflict = tuple[str, frozenset[str]]


@dataclass(frozen=True)
class Case:
    """A project to validate, and how many turns of history count."""

    name: str
    directory: Path
    max_history: int | None = None


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--changes", type=int, default=40, metavar="N", help="changed projects (default: 40)")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    add_choice(parser)
    add_processes(parser)


def run(given: Namespace) -> int:
    """Return how many of Rasa's findings rebake lacks."""
    known: Counter[str] = Counter()
    with working_directory(given.keep, "validate") as work:
        cases = [case for case in _cases(work, given) if any(word in case.name for word in given.only)]
        dealt = shares(cases, given.processes)
        jobs = [{"projects": [[str(case.directory), case.max_history] for case in share]} for share in dealt]
        answers = ask_at_once("validate", jobs, work)
        found = [
            f"{case.name}: {difference}"
            for share, answered in zip(dealt, answers, strict=True)
            for case, answer in zip(share, answered, strict=True)
            for difference in differences(answer, findings(case), known)
        ]
    both = ", ".join(f"{count} {name}" for name, count in known.most_common() if count)
    return report(f"{len(cases)} projects ({both})", found)


def _cases(work: Path, given: Namespace) -> Iterator[Case]:
    directories = [CAFE, *(shared_assistants() if ASSISTANTS.is_dir() else [])]
    changes: list[tuple[str, Project]] = []
    for directory in directories:
        yield Case(directory.name, directory)
        yield from (Case(f"{directory.name}, history {turns}", directory, turns) for turns in HISTORIES)
        project = Project.read(directory)
        changes += [(f"{directory.name}, {name}", changed_one) for name, changed_one in changed(project, given.seed)]
    random.Random(given.seed).shuffle(changes)
    seen: Counter[str] = Counter()
    rounds: list[tuple[int, str, Project]] = []  # so that no kind of change comes twice before all have come once
    for name, project in changes:
        kind = name.split(", ", 1)[1]
        rounds.append((seen[kind], name, project))
        seen[kind] += 1
    rounds.sort(key=lambda item: item[0])
    for number, (_, name, project) in enumerate(rounds[: given.changes]):
        folder = work / str(number)
        shutil.rmtree(folder, ignore_errors=True)
        project.write(folder)
        yield Case(name, folder)


def findings(case: Case) -> list[Finding]:
    """Validate a project as `rebake validate` does there."""
    before = Path.cwd()
    os.chdir(case.directory)
    try:
        return validate_project(ValidationOptions("config.yml", "domain.yml", ["data"], max_history=case.max_history))
    finally:
        os.chdir(before)


def differences(theirs: dict[str, list[str]], ours: Sequence[Finding], known: Counter[str]) -> Iterator[str]:
    """Yield what Rasa finds and rebake does not, and conflicts of stories that only one of them finds.

    ``known`` counts what both find, and what only Rasa finds for a listed reason.
    """
    refusal = theirs.pop("error", [])
    codes = {finding.code for finding in ours}
    is_wrong = any(finding.severity is Severity.ERROR for finding in ours)
    if refusal:
        known["refused by both"] += is_wrong
        if not is_wrong:
            yield f"Rasa cannot read it: {refusal[0]}"
        return
    is_empty = "empty-domain" in codes
    for message in (message for check in theirs.values() for message in check if not CONFLICT.search(message)):
        if (answer := _answer(message, ours)) is not None:
            known[answer] += 1
        elif is_empty:
            known["the domain is empty"] += 1
        else:
            yield f"rebake does not find: {message[:200]}"
    expected, found = _conflicts(theirs.get("conflicts", [])), _our_conflicts(ours)
    if is_wrong and not found:
        known["names are unknown"] += len(expected)
        return
    known["story-conflict"] += len(expected & found)
    yield from (f"rebake does not find the conflict {conflict}" for conflict in sorted(expected - found, key=str))
    yield from (f"only rebake finds the conflict {conflict}" for conflict in sorted(found - expected, key=str))


def _answer(message: str, ours: Sequence[Finding]) -> str | None:
    """The code of the finding that says what a warning of Rasa says."""
    text = " ".join(message.split())
    for pattern, codes in SAME.items():
        match = re.search(pattern, text)
        if match is None:
            continue
        name = match[1][:37]  # a long example is shortened
        return next((f.code for f in ours if f.code in codes and f"'{name}" in " ".join(f.message.split())), None)
    return None


def _conflicts(messages: Sequence[str]) -> set[Conflict]:
    matches = (CONFLICT.search(message) for message in messages)
    return {
        (match[1], frozenset(re.findall(r"^\s*(.+) predicted in ", match[2], re.MULTILINE)))
        for match in matches
        if match is not None
    }


def _our_conflicts(findings: Sequence[Finding]) -> set[Conflict]:
    matches = (OUR_CONFLICT.match(finding.message) for finding in findings if finding.code == "story-conflict")
    return {
        (match[1], frozenset(re.findall(r"(?:^|; )'(.+?)' in '", match[2]))) for match in matches if match is not None
    }
