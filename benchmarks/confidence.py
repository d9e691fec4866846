"""How confident rebake is of intents, beside Rasa, on training texts and on held-out ones.

    python -m benchmarks rasa_confidence RESULT.json ASSISTANT... --work DIR
    python -m benchmarks confidence RESULT.json ASSISTANT... --work DIR [--ways "as rebake" "always the mean" ...]

Each assistant's own pipeline (of it the tokenizer, the featurizers and DIETClassifier) is trained at its own epochs on
four fifths of its examples, eight seeds a side. Printed are means over the seeds, with their standard errors: the
share of right intents, the top confidence, the expected calibration error, and the share of texts that the assistant's
FallbackClassifier would catch.
"""

from __future__ import annotations

import json
import statistics
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path

import rebake
from benchmarks.confidence_projects import ConfidenceProject, Parse, add_common_options, measure, projects
from benchmarks.training_choices import WAYS
from rebake.model_training import train_nlu

FIGURES = ("accuracy", "confidence", "calibration_error", "fallbacks")


def trained(way: str, project: ConfidenceProject, seed: int) -> Parse:
    WAYS[way].use()
    archive = train_nlu(
        config=str(project.config(seed)),
        nlu_data=str(project.directory / "data"),
        output=str(project.directory / "models"),
        fixed_model_name="model",
    )
    return rebake.load_model(str(archive)).parse_all


def table(result: Path) -> str:
    """Markdown: a row for each assistant, kind of text and side."""
    lines = [
        "| assistant | texts | side | right | top confidence | calibration error | fall back |",
        "|---|---|---|---|---|---|---|",
    ]
    for project, sides in json.loads(result.read_text(encoding="utf-8")).items():
        for kind in ("training", "held out"):
            for side, seeds in sides.items():
                cells = [summary([seed[kind][figure] for seed in seeds.values()]) for figure in FIGURES]
                lines.append(f"| {project} | {kind} | {side} | {' | '.join(cells)} |")
    return "\n".join(lines)


def summary(values: list[float]) -> str:
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return f"{statistics.fmean(values):.3f} ± {error:.3f}"


def add_options(parser: ArgumentParser) -> None:
    add_common_options(parser)
    parser.add_argument("--ways", choices=list(WAYS), nargs="+", default=["as rebake", "always the mean", "as Rasa"])


def run(given: Namespace) -> int:
    wanted = [(project, seed) for project in projects(given.assistants, given.work.resolve()) for seed in given.seeds]
    for way in given.ways:
        measure(given.result, way, wanted, partial(trained, way))
    print(table(given.result))
    return 0
