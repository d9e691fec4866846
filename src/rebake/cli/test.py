"""``rebake test``: figures go to stdout, files to ``--out``, messages to stderr."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rebake.assistant.files import YAML_SUFFIXES
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant
from rebake.base.notices import Notices
from rebake.base.progress import Progress
from rebake.cli.console import make_progress, print_notices
from rebake.cli.files import DEFAULT_DATA, files_of
from rebake.errors import DataError, StorageError, UsageError
from rebake.evaluation.conversations import StoryTest
from rebake.evaluation.json import render_json
from rebake.evaluation.rasa_files import ResultFiles
from rebake.evaluation.result import ModelTest, NluTest
from rebake.evaluation.text import evaluation_text
from rebake.model import Model, load_model
from rebake.store.directory import newest_model

DEFAULT_TESTS = "tests"
FAILED_STORY = 1


def test(options: argparse.Namespace) -> int:
    """Test a model, print what was found and write Rasa's files; return the exit code."""
    progress = make_progress()
    configurations = _configurations(options.config)
    if len(configurations) > 1:
        return _compare(configurations, options, progress)
    if options.cross_validation:
        return _cross_validate(configurations[0], options, progress)
    with load_model(_model_path(options.model)) as model:
        nlu = _test_nlu(model, options, progress) if _is_wanted("nlu", model, options) else None
        stories = _test_stories(model, options, progress) if _is_wanted("core", model, options) else None
        evaluation = ModelTest(str(model.path), nlu, stories)
    return finish(evaluation, options)


def _configurations(given: Sequence[str]) -> list[str]:
    """The files, in place of a single directory its files."""
    if len(given) == 1 and Path(given[0]).is_dir():
        found = [str(path) for path in sorted(Path(given[0]).iterdir()) if path.suffix in YAML_SUFFIXES]
        if not found:
            raise StorageError(f"{given[0]} contains no configuration.", fix="Name the files with --config.")
        return found
    return list(given)


def _assistant(configuration: str, options: argparse.Namespace) -> Assistant:
    if options.part == "core":
        raise UsageError("Only NLU is trained for tests.", fix="Use `rebake test nlu`.")
    domain, data = files_of(argparse.Namespace(domain=options.domain, data=options.nlu))
    return load_assistant(configuration, domain, data, env=frozenset(options.env))


def _compare(configurations: Sequence[str], options: argparse.Namespace, progress: Progress) -> int:
    from rebake.evaluation.comparison_results import comparison_json, comparison_text, write_comparison
    from rebake.evaluation.nlu.comparison import Competition, compare_configurations, runs_of

    assistants = {Path(path).stem: _assistant(path, options) for path in configurations}
    if len(assistants) < len(configurations):
        raise UsageError("Two configurations have one name.", fix="Rename one: the reports are named after the files.")
    first = next(iter(assistants.values()))
    percentages = list(dict.fromkeys(options.percentages))
    request = Competition(assistants, first.nlu, percentages, options.runs, options.seed, options.processes)
    notices = Notices()
    try:
        print_notices(first.notices)
        runs = runs_of(request)
        tests = compare_configurations(request, runs, progress, notices)
    finally:
        print_notices(notices)
    lists = {"successes": options.successes, "errors": not options.no_errors}
    write_comparison(Path(options.out), first, runs, tests, **lists)
    sys.stdout.write(comparison_json(tests) if options.format == "json" else f"{comparison_text(tests)}\n")
    print(f"Reports are in {options.out}.", file=sys.stderr)
    return 0


def _cross_validate(configuration: str, options: argparse.Namespace, progress: Progress) -> int:
    from rebake.evaluation.nlu.cross_validation import CrossValidation, cross_validate

    assistant = _assistant(configuration, options)
    request = CrossValidation(assistant, options.folds, options.seed, options.processes)
    notices = Notices()
    try:
        print_notices(assistant.notices)
        nlu = cross_validate(request, progress, notices)
    finally:
        print_notices(notices)
    return finish(ModelTest(configuration, nlu), options)


def finish(evaluation: ModelTest, options: argparse.Namespace) -> int:
    """Write the files, print the figures, and return the exit code: 1 if a story fails the command."""
    files = ResultFiles(Path(options.out), successes=options.successes, errors=not options.no_errors)
    if evaluation.nlu is not None:
        files.write_nlu(evaluation.nlu)
    if evaluation.stories is not None:
        files.write_stories(evaluation.stories)
    if options.format == "json":
        sys.stdout.write(render_json(evaluation))
    else:
        print(evaluation_text(evaluation))
    print(f"Reports and wrong predictions are in {options.out}.", file=sys.stderr)
    has_failed = evaluation.stories is not None and evaluation.stories.failed
    return FAILED_STORY if options.fail_on_prediction_errors and has_failed else 0


def _model_path(given: str) -> Path:
    path = Path(given)
    if not path.is_dir():
        return path
    newest = newest_model(path)
    if newest is None:
        raise StorageError(f"{path} contains no model.", fix="Train one with `rebake train`, or name one with --model.")
    return newest


def _is_wanted(part: str, model: Model, options: argparse.Namespace) -> bool:
    """Whether a part is tested; one that nobody named is left out, with a message, where the model or the data lack."""
    if options.part is not None:
        return bool(options.part == part)
    nodes, paths, default, kind = (
        (model.metadata.nlu, options.nlu, DEFAULT_DATA, "NLU examples")
        if part == "nlu"
        else (model.metadata.core, options.stories, DEFAULT_TESTS, "stories")
    )
    if not nodes:
        print(f"No {kind} are tested: {model.path} has no such part.", file=sys.stderr)
        return False
    if paths is None and not Path(default).exists():
        print(f"No {kind} are tested: there is no {default}.", file=sys.stderr)
        return False
    return True


def _test_nlu(model: Model, options: argparse.Namespace, progress: Progress) -> NluTest:
    from rebake.evaluation.nlu.parsed_examples import evaluate_nlu

    paths = options.nlu or [DEFAULT_DATA]
    if options.nlu is None:
        print(
            f"The examples in {DEFAULT_DATA} are tested, from which the model may have learned. "
            "Name others with --nlu, or use --cross-validation.",
            file=sys.stderr,
        )
    examples = read(paths, options).nlu.examples
    if not examples:
        raise DataError(f"{', '.join(paths)} has no NLU examples.", fix="Name files that have some with --nlu.")
    return evaluate_nlu(model, examples, progress)


def _test_stories(model: Model, options: argparse.Namespace, progress: Progress) -> StoryTest:
    """Test the stories of test files end to end; where there are none, the other stories by their intents."""
    from rebake.evaluation.stories.run import evaluate_stories

    assistant = read(options.stories or [DEFAULT_TESTS], options)
    end_to_end = options.end_to_end or bool(assistant.test_stories)
    stories = assistant.test_stories if end_to_end else assistant.stories
    notices = Notices()
    parser = model if end_to_end else None
    result = evaluate_stories(model.core, parser, model.domain, stories, progress, notices)
    print_notices(notices)
    return result


def read(paths: Sequence[str], options: argparse.Namespace) -> Assistant:
    """Read data files alone, and print their notices."""
    assistant = load_assistant(None, None, list(paths), env=frozenset(options.env))
    print_notices(assistant.notices)
    return assistant
