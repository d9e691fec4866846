"""The comparison of confidences: the projects that both sides train, and how their answers are judged."""

from __future__ import annotations

import json
import statistics
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.folds import lines as examples_of
from benchmarks.folds import make_folds, read_annotated, read_items

FOLDS = 5
BINS = 10  # of the expected calibration error
# Rasa's default pipeline for assistants that name none.
DEFAULT_PIPELINE: list[dict[str, Any]] = [
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
    {"name": "DIETClassifier", "epochs": 100, "constrain_similarities": True},
    {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
]
# DIETClassifier and what it reads; a server or a download is not to be had everywhere.
KEPT = (
    "WhitespaceTokenizer",
    "RegexFeaturizer",
    "LexicalSyntacticFeaturizer",
    "CountVectorsFeaturizer",
    "DIETClassifier",
)


@dataclass(frozen=True)
class ConfidenceProject:
    """Training data of an assistant but for a fold, and the texts that are asked."""

    name: str
    directory: Path
    texts: dict[str, list[tuple[str, str]]]  # "training" and "held out": each text with its intent
    threshold: float
    ambiguity: float

    def config(self, seed: int) -> Path:
        """The configuration with this seed, in a file of its own."""
        content = yaml.safe_load((self.directory / "config.yml").read_text(encoding="utf-8"))
        for component in content["pipeline"]:
            if component["name"] == "DIETClassifier":
                component["random_seed"] = seed
        path = self.directory / f"config-{seed}.yml"
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return path


Parse = Callable[[list[str]], Sequence[Any]]  # from texts to the answers to them
Train = Callable[[ConfidenceProject, int], Parse]  # with a seed


def make_project(assistant: Path, work: Path, epochs: int | None = None) -> ConfidenceProject:
    """Cut the first of five folds off an assistant's examples, and keep DIETClassifier and what it reads.

    Args:
        assistant: its directory.
        work: where the project is written.
        epochs: in place of the assistant's own.
    """
    name = assistant.name if epochs is None else f"{assistant.name}, {epochs} epochs"
    directory = make_folds(assistant, work / name.replace(", ", "-").replace(" ", "-"), FOLDS)[0]
    config = yaml.safe_load((assistant / "config.yml").read_text(encoding="utf-8"))
    pipeline = [dict(component) for component in config.get("pipeline") or DEFAULT_PIPELINE]
    fallback = next((one for one in pipeline if one["name"] == "FallbackClassifier"), {})
    kept = [component for component in pipeline if component["name"] in KEPT]
    if epochs is not None:
        for component in kept:
            if component["name"] == "DIETClassifier":
                component["epochs"] = epochs
    (directory / "config.yml").write_text(
        yaml.safe_dump({"recipe": "default.v1", "language": "en", "pipeline": kept}, sort_keys=False), encoding="utf-8"
    )
    held_out = [json.loads(line) for line in (directory / "test.jsonl").read_text(encoding="utf-8").splitlines()]
    trained = [
        (read_annotated(example)["text"], item["intent"])
        for item in read_items(directory)
        if "intent" in item
        for example in examples_of(item["examples"])
    ]
    return ConfidenceProject(
        name,
        directory,
        {"training": trained, "held out": [(row["text"], row["intent"]) for row in held_out]},
        float(fallback.get("threshold", 0.3)),
        float(fallback.get("ambiguity_threshold", 0.1)),
    )


def figures(project: ConfidenceProject, parse_all: Parse) -> dict[str, dict[str, float]]:
    """Ask the texts: share of right intents, mean top confidence, expected calibration error, share that falls back."""
    found = {}
    for kind, pairs in project.texts.items():
        answers = parse_all([text for text, _ in pairs])
        rankings = [[float(one["confidence"]) for one in answer["intent_ranking"]] for answer in answers]
        tops = [ranking[0] for ranking in rankings]
        right = [
            answer["intent"]["name"] == intent.split("/")[0] for answer, (_, intent) in zip(answers, pairs, strict=True)
        ]
        fallbacks = [
            top < project.threshold or (len(ranking) > 1 and top - ranking[1] < project.ambiguity)
            for top, ranking in zip(tops, rankings, strict=True)
        ]
        found[kind] = {
            "accuracy": statistics.fmean(right),
            "confidence": statistics.fmean(tops),
            "calibration_error": calibration_error(tops, right),
            "fallbacks": statistics.fmean(fallbacks),
        }
    return found


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Expected calibration error (Guo et al. 2017, "On Calibration of Modern Neural Networks", section 2)."""
    bins: dict[int, list[int]] = {}
    for place, confidence in enumerate(confidences):
        bins.setdefault(min(int(confidence * BINS), BINS - 1), []).append(place)
    return sum(
        abs(sum(right[place] for place in places) - sum(confidences[place] for place in places))
        for places in bins.values()
    ) / len(confidences)


def add_common_options(parser: ArgumentParser) -> None:
    parser.add_argument("result", type=Path, help="what it has is kept")
    parser.add_argument("assistants", type=Path, nargs="+", help="with :40 behind the directory, at 40 epochs")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 9)))


def projects(assistants: Sequence[Path], work: Path) -> list[ConfidenceProject]:
    made = []
    for written in assistants:
        directory, _, epochs = str(written).partition(":")
        made.append(make_project(Path(directory), work, int(epochs) if epochs else None))
    return made


def measure(result: Path, name: str, wanted: Sequence[tuple[ConfidenceProject, int]], train: Train) -> None:
    """Fill in the figures of side ``name`` that the result file lacks, and write it after each of them."""
    for project, seed in wanted:
        found = json.loads(result.read_text(encoding="utf-8")) if result.exists() else {}
        of_project = found.setdefault(project.name, {}).setdefault(name, {})
        if str(seed) in of_project:
            continue
        of_project[str(seed)] = figures(project, train(project, seed))
        result.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        held_out = of_project[str(seed)]["held out"]
        print(f"{project.name}, {name}, seed {seed}: {held_out}", flush=True)
