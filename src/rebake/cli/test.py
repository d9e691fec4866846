"""``rebake test``: figures go to stdout, files to ``--out``, messages to stderr."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from rebake.assistant.files import YAML_SUFFIXES
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant
from rebake.base.json_text import dumped
from rebake.base.notices import Notices
from rebake.base.silenced import SilencedLines
from rebake.cli.against import compare, find_base
from rebake.cli.conditions import exit_code, given_conditions, judged
from rebake.cli.console import LOADING_DATA, Waiting, make_progress, print_notices, say
from rebake.cli.files import DEFAULT_CONFIG, DEFAULT_DATA, files_of, model_path
from rebake.cli.options import DEFAULT_MODELS
from rebake.cli.outputs import is_stdout, note_new_directory
from rebake.cli.page import require_page, write_page
from rebake.cli.parsers.test import FOLDS, PERCENTAGES, RUNS, SEED
from rebake.errors import DataError, StorageError, UsageError
from rebake.evaluation.confusions import confused_intents
from rebake.evaluation.data import EvaluationData
from rebake.evaluation.json import as_dict
from rebake.evaluation.rasa_files import ResultFiles
from rebake.evaluation.result import ModelTest
from rebake.evaluation.text import evaluation_text
from rebake.model import Model, load_model
from rebake.report.comparison.json import comparison_as_dict
from rebake.report.comparison.text import comparison_text
from rebake.report.findings.json import finding_as_dict
from rebake.report.gates import THRESHOLDS
from rebake.report.model import Report
from rebake.report.quality import Quality
from rebake.validation.finding import of_notices

DEFAULT_TESTS = "tests"
_OF_ALL_FOLDS = (("against", None), ("format", "text"), ("successes", False), ("no_errors", False))
_NUMBERS = ("fail_on_worse", "max_drop", *(name.replace("-", "_") for name in THRESHOLDS))


def test(options: argparse.Namespace) -> int:
    """Test a model, print what was found and write Rasa's files; return the exit code."""
    ResultFiles(Path(options.out)).require_directory()
    require_page(options)
    note_new_directory(options.out)
    configurations = _configurations(options.config)
    _require_use(options, is_compared=len(configurations) > 1)
    given_conditions(options)
    base = find_base(options)
    if len(configurations) > 1:
        if base is not None:
            raise UsageError("Several --config are compared with each other.", fix="Leave out --against, or name one.")
        return _compare(configurations, options)
    if options.cross_validation:
        if isinstance(base, Path):
            raise UsageError(
                "A cross-validation cannot be compared with a model, which has learned from the examples.",
                fix="Name a file that `rebake test nlu --cross-validation --format json` wrote.",
            )
        return _cross_validate(configurations[0], options, base)
    with load_model(model_path(options.model, "--model")) as model:
        data, silenced = _test_data(model, options)
        evaluation = _evaluate(model, data)
    if isinstance(base, Path):
        with load_model(base) as model:
            base = _evaluate(model, _parts_of(model, data))
    return finish(evaluation, options, base, silenced)


def _require_use(options: argparse.Namespace, *, is_compared: bool) -> None:
    """Refuse options that would change nothing."""
    trains = options.cross_validation or is_compared
    is_whole = not is_compared and options.fold is None
    tests_stories = options.part != "nlu" and not trains
    uses = (
        ("folds", FOLDS, options.cross_validation and not is_compared, "--cross-validation"),
        ("seed", SEED, trains, "--cross-validation"),
        ("fold", None, options.cross_validation and not is_compared, "--cross-validation"),
        ("join", None, options.cross_validation and is_whole, "--cross-validation, without --fold"),
        ("processes", None, trains and options.fold is None and options.join is None, "--cross-validation"),
        ("config", [DEFAULT_CONFIG], trains, "--cross-validation"),
        ("domain", None, trains, "--cross-validation"),
        ("model", DEFAULT_MODELS, not trains, "the test of one model"),
        ("nlu", None, options.part != "core", "the test of NLU"),
        ("stories", None, tests_stories, "the test of stories"),
        ("end_to_end", False, tests_stories, "the test of stories"),
        ("percentages", list(PERCENTAGES), is_compared, "several --config"),
        ("runs", RUNS, is_compared, "several --config"),
        *((name, default, options.fold is None, "all folds") for name, default in _OF_ALL_FOLDS),
        ("html", None, is_whole, "the test of one model"),
        ("fail_on", (), is_whole, "the test of one model"),
        ("fail_on_prediction_errors", False, is_whole, "the test of one model"),
        *((name, None, is_whole, "the test of one model") for name in _NUMBERS),
    )
    for name, default, is_used, needed in uses:
        if not is_used and getattr(options, name) != default:
            raise UsageError(f"--{name.replace('_', '-')} changes nothing here.", fix=f"Use it with {needed}.")


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


def _compare(configurations: Sequence[str], options: argparse.Namespace) -> int:
    from rebake.evaluation.comparison_results import comparison_json, comparison_text, write_comparison
    from rebake.evaluation.nlu.comparison import Competition, compare_configurations, runs_of

    assistants = {Path(path).stem: _assistant(path, options) for path in configurations}
    if len(assistants) < len(configurations):
        raise UsageError(
            "Two configurations have the same name.", fix="Rename one: the reports are named after the files."
        )
    first = next(iter(assistants.values()))
    percentages = list(dict.fromkeys(options.percentages))
    request = Competition(assistants, first.nlu, percentages, options.runs, options.seed, options.processes)
    notices = Notices()
    try:
        print_notices(dict.fromkeys(notice for each in assistants.values() for notice in each.notices))
        runs = runs_of(request)
        with Waiting(LOADING_DATA) as waiting:
            tests = compare_configurations(request, runs, make_progress(waiting=waiting), notices)
    finally:
        print_notices(notices)
    lists = {"successes": options.successes, "errors": not options.no_errors}
    write_comparison(Path(options.out), first, runs, tests, **lists)
    sys.stdout.write(comparison_json(tests) if options.format == "json" else f"{comparison_text(tests)}\n")
    say(f"Reports are in {options.out}.")
    return 0


def _cross_validate(configuration: str, options: argparse.Namespace, base: ModelTest | None) -> int:
    from rebake.evaluation.nlu.cross_validation import CrossValidation, check, cross_validate, join, run_fold
    from rebake.evaluation.nlu.fold_files import read_folds, write_fold

    if options.fold is not None and options.fold > options.folds:
        raise UsageError(f"There is no fold {options.fold} of {options.folds}.", fix="Change --fold or --folds.")
    assistant = _assistant(configuration, options)
    request = CrossValidation(assistant, options.folds, options.seed, options.processes)
    notices = Notices()
    try:
        print_notices(assistant.notices)
        if options.join is not None:
            check(request, notices)
            nlu = join(read_folds(map(Path, options.join), request))
        else:
            with Waiting(LOADING_DATA) as waiting:
                progress = make_progress(waiting=waiting)
                if options.fold is not None:
                    fold = run_fold(request, options.fold, progress, notices)
                    print(write_fold(Path(options.out), request, options.fold, fold))
                    return 0
                nlu = cross_validate(request, progress, notices)
    finally:
        print_notices(notices)
    return finish(ModelTest(configuration, nlu), options, base, assistant.silenced)


def finish(evaluation: ModelTest, options: argparse.Namespace, base: ModelTest | None, silenced: SilencedLines) -> int:
    """Write the files, print the figures, and return the exit code: 1 if a condition of the options is not met."""
    files = ResultFiles(Path(options.out), successes=options.successes, errors=not options.no_errors)
    if evaluation.nlu is not None:
        files.write_nlu(evaluation.nlu)
    if evaluation.stories is not None:
        files.write_stories(evaluation.stories)
    comparison = None if base is None else compare(base, evaluation)
    gates = judged(options, evaluation, comparison)
    confused = silenced.without(confused_intents(evaluation))
    if options.format == "json":
        content = as_dict(evaluation)
        if comparison is not None:
            content["comparison"] = comparison_as_dict(comparison)
        content["findings"] = [finding_as_dict(finding) for finding in of_notices(confused)]
        content["gates"] = [asdict(gate) for gate in gates]
        sys.stdout.write(dumped(content))
    else:
        stream = sys.stderr if options.html is not None and is_stdout(options.html) else sys.stdout
        print(evaluation_text(evaluation), file=stream)
        if comparison is not None:
            print(f"\n{comparison_text(comparison)}", file=stream)
    base_name = None if comparison is None else comparison.base
    quality = Quality(evaluation, comparison=comparison, base_name=base_name, gates=tuple(gates))
    write_page(options, Report("test", quality=quality, notices=tuple(confused)))
    say(f"Reports and wrong predictions are in {options.out}.")
    print_notices(confused)
    return exit_code(gates)


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
        say(f"No {kind} are tested: {model.path} has no such part.")
        return False
    if paths is None and not Path(default).exists():
        say(f"No {kind} are tested: {default} does not exist.")
        return False
    return True


def _test_data(model: Model, options: argparse.Namespace) -> tuple[EvaluationData, SilencedLines]:
    """Read the examples and stories: those of test files, which are tested end to end, or if there are none, others.

    With the lines that silence findings about the examples.
    """
    data, silenced = EvaluationData(), SilencedLines()
    if _is_wanted("nlu", model, options):
        examples = _examples(options)
        data, silenced = EvaluationData(examples.nlu.examples), examples.silenced
    if _is_wanted("core", model, options):
        assistant = read(options.stories or [DEFAULT_TESTS], options)
        end_to_end = options.end_to_end or bool(assistant.test_stories)
        stories = assistant.test_stories if end_to_end else assistant.stories
        data = replace(data, stories=stories, end_to_end=end_to_end)
    if data == EvaluationData():
        raise DataError("Nothing is tested.", fix="Name examples with --nlu or stories with --stories.")
    return data, silenced


def _examples(options: argparse.Namespace) -> Assistant:
    paths = options.nlu or [DEFAULT_DATA]
    if options.nlu is None:
        say(
            f"The examples in {DEFAULT_DATA} are tested, from which the model may have learned. "
            "Name others with --nlu, or use --cross-validation."
        )
    assistant = read(paths, options)
    if not assistant.nlu.examples:
        raise DataError(f"{', '.join(paths)} has no NLU examples.", fix="Name files that have some with --nlu.")
    return assistant


def _parts_of(base: Model, data: EvaluationData) -> EvaluationData:
    """Leave out what the base cannot be tested on."""
    if not base.metadata.nlu and data.examples is not None:
        say(f"No NLU examples are compared: {base.path} has no such part.")
        data = replace(data, examples=None)
    if data.stories is not None and (not base.metadata.core or (data.end_to_end and not base.metadata.nlu)):
        say(f"No stories are compared: {base.path} lacks a part that they need.")
        data = replace(data, stories=None)
    return data


def _evaluate(model: Model, data: EvaluationData) -> ModelTest:
    notices = Notices()
    with Waiting("Loading TensorFlow and the model") as waiting:
        from rebake.evaluation.evaluate import evaluate

        test = evaluate(model, data, make_progress(waiting=waiting), notices, str(model.path))
    print_notices(notices)
    return test


def read(paths: Sequence[str], options: argparse.Namespace) -> Assistant:
    """Read data files alone, and print their notices."""
    assistant = load_assistant(None, None, list(paths), env=frozenset(options.env))
    print_notices(assistant.notices)
    return assistant
