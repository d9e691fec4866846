"""Everything that can be found in a project without training: what `rebake validate` reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from rebake.archive.manifest import PARTS
from rebake.assistant.files import Paths
from rebake.assistant.importer import ProjectImporter
from rebake.assistant.model import Assistant
from rebake.base.location import Notice
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.base.silenced import SilencedLines
from rebake.errors import DataError, DataErrors
from rebake.validation.assistant import find_problems
from rebake.validation.consistency import check_names
from rebake.validation.dialogues import check_dialogues
from rebake.validation.finding import Finding, in_order, of_error, of_notices
from rebake.validation.nlu_data import ENOUGH_EXAMPLES
from rebake.validation.tests_and_training import check_test_data

_OF_DATA_ALONE = (NoticeKind.UNREAD_FILE, NoticeKind.TEXT_BESIDE_INTENT, NoticeKind.RETRIEVAL_INTENT_IN_STORY)


@dataclass(frozen=True, slots=True)
class ValidationOptions:
    """How a project is validated.

    Attributes:
        config: config.yml; None means Rasa's defaults.
        domain: file or directory of domain files, or several; None means no domain.
        data: files and directories of training data.
        tests: files and directories of test stories and NLU test data.
        env: names of environment variables that ``${NAME}`` in a file may expand to.
        ignored: kinds that are left out.
        max_history: how many turns before an action decide about it; None = all of them.
        min_examples: how many examples each intent should have.
    """

    config: str | Path | None
    domain: Paths
    data: Paths
    tests: Paths = None
    env: frozenset[str] = frozenset()
    ignored: frozenset[NoticeKind] = frozenset()
    max_history: int | None = None
    min_examples: int = ENOUGH_EXAMPLES


def validate_project(options: ValidationOptions) -> list[Finding]:
    """Return all findings about a project, by file and line.

    While a file cannot be read, or a key of it is misspelt, files are not compared with each other: what is lost would
    be missing everywhere.

    Raises:
        StorageError: a path that is missing or unreadable.
    """
    errors = DataErrors()
    training = ProjectImporter(options.config, options.domain, options.data, env=options.env)
    training.read_all(errors)
    tests = ProjectImporter(None, None, options.tests, env=options.env)
    tests.read_all(errors)
    notices = [*training.notices, *(n for n in tests.notices if n.kind not in _OF_DATA_ALONE)]
    silenced = SilencedLines({**training.silenced.codes, **tests.silenced.codes})
    is_misspelt = any(n.kind is NoticeKind.UNKNOWN_KEY and n.severity is Severity.ERROR for n in training.notices)
    if not any(errors) and (not is_misspelt or NoticeKind.UNKNOWN_KEY in options.ignored):
        notices += _compare(training.load(), tests, options, errors)
    return in_order(
        finding
        for finding in (*_of_errors(errors), *of_notices(notices))
        if finding.kind not in options.ignored and not silenced.covers(finding.kind, finding.location)
    )


def _compare(
    assistant: Assistant, tests: ProjectImporter, options: ValidationOptions, errors: DataErrors
) -> list[Notice]:
    """Compare all that was read; without mistakes so far also what policies would learn from it."""
    test_data = tests.load()
    in_data = {story.location for story in assistant.test_stories}
    further = [story for story in (*test_data.stories, *test_data.test_stories) if story.location not in in_data]
    whole = replace(assistant, test_stories=(*assistant.test_stories, *further))
    problems = find_problems(whole, frozenset(PARTS), to_train=False, min_examples=options.min_examples)
    notices = [*problems.notices, *check_test_data(assistant.nlu.examples, test_data.nlu.examples, whole.test_stories)]
    notices += check_names(replace(assistant, stories=(), test_stories=(), nlu=test_data.nlu), errors)
    for error in problems.errors:
        errors.add(error)
    if not (assistant.nlu or assistant.stories):
        nothing = "The data contains no NLU examples and no stories or rules, so there is nothing to train."
        errors.add(DataError(nothing, fix="Name the files or directories that contain them (--data)."))
    if not any(errors) and assistant.stories and not assistant.domain.is_empty:
        notices += check_dialogues(assistant, errors, options.max_history)
    return notices


def _of_errors(errors: Iterable[DataError]) -> list[Finding]:
    return [finding for error in errors for finding in of_error(error)]
