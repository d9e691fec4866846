"""A comparison of configurations, rendered: as text, as JSON, and as the files of ``rasa test nlu``."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from rebake.assistant.model import Assistant
from rebake.base.json_text import dumped
from rebake.base.version import __version__
from rebake.base.visible import one_line
from rebake.evaluation.json import FORMAT, nlu_as_dict
from rebake.evaluation.nlu.comparison import ComparisonRun
from rebake.evaluation.rasa_files import ResultFiles
from rebake.evaluation.result import ComparedTest
from rebake.evaluation.split import data_text, responses_text


def comparison_text(tests: Sequence[ComparedTest]) -> str:
    """Format the weighted F1 of the intents by configuration and share of the data: mean and standard deviation."""
    names = list(dict.fromkeys(test.configuration for test in tests))
    width = max(len(name) for name in names)
    runs = len({test.run for test in tests})
    lines = [f"Intents, weighted F1: mean (standard deviation) of {runs} run{'' if runs == 1 else 's'}"]
    lines.append(
        "  ".join([f"  {'examples':{width}}", *(f"{examples:<13}" for _, examples in _shares(tests))]).rstrip()
    )
    for name in names:
        cells = []
        for left_out, _ in _shares(tests):
            values = [test.intent_f1 for test in tests if (test.configuration, test.left_out) == (name, left_out)]
            cells.append(f"{statistics.fmean(values):.3f} ({statistics.pstdev(values):.3f})")
        lines.append("  ".join([f"  {one_line(name):{width}}", *cells]))
    return "\n".join(lines)


def _shares(tests: Sequence[ComparedTest]) -> list[tuple[int, int]]:
    """Percentages that were left out, each with how many examples the first run was trained on."""
    return list({test.left_out: (test.left_out, test.examples) for test in reversed(tests)}.values())[::-1]


def comparison_json(tests: Sequence[ComparedTest]) -> str:
    """Return all tests as a JSON document that ends in a newline."""
    content = {
        "format": FORMAT,
        "tool_version": __version__,
        "comparison": [
            {
                "configuration": test.configuration,
                "run": test.run,
                "left_out": test.left_out,
                "examples": test.examples,
                "nlu": nlu_as_dict(test.nlu),
            }
            for test in tests
        ],
    }
    return dumped(content)


def write_comparison(
    directory: Path, assistant: Assistant, runs: Sequence[ComparisonRun], tests: Sequence[ComparedTest], **lists: bool
) -> None:
    """Write ``results.json``, and below ``run_N/`` the data of each run and the files of each test.

    Args:
        directory: it is made if it is missing.
        assistant: with the data that was split.
        runs: their data.
        tests: their results.
        lists: of :class:`rebake.evaluation.rasa_files.ResultFiles`.

    Raises:
        StorageError: a file cannot be written.
    """
    for path, text in _data_files(assistant, runs):
        ResultFiles(directory / path.parent).write_text(path.name, text)
    for test in tests:
        place = directory / _share(test.run, test.left_out) / f"{test.configuration}_report"
        ResultFiles(place, **lists).write_nlu(test.nlu)
    results: dict[str, list[list[float]]] = {}
    for test in tests:
        of_runs = results.setdefault(test.configuration, [[] for _ in runs])
        of_runs[test.run - 1].append(test.intent_f1)
    ResultFiles(directory).write_text("results.json", json.dumps(results, indent=2, ensure_ascii=False))


def _data_files(assistant: Assistant, runs: Sequence[ComparisonRun]) -> Iterator[tuple[Path, str]]:
    for run in runs:
        yield Path(f"run_{run.number}", "test.yml"), data_text(assistant.nlu, run.test)
        for left_out, examples in run.train.items():
            place = Path(_share(run.number, left_out), "train")
            yield place / "train.yml", data_text(assistant.nlu, examples)
            yield place / "responses.yml", responses_text(assistant.domain, examples)


def _share(run: int, left_out: int) -> str:
    return f"run_{run}/{left_out}%_exclusion"
