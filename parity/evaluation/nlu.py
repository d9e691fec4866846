"""`rasa test nlu` and `rebake test nlu` must write the same numbers and the same lists.

    python -m parity test_nlu                        the models that --help lists as default
    python -m parity test_nlu --only all             every model that Rasa trained, and one of rebake for each
    python -m parity test_nlu --only travelbot-rasa  one of them

Each model is tested on its training examples, in which every seventh intent, every fifth response and every fourth
entity is annotated wrongly, so that there are errors of all kinds. Compared are all files: reports label by label,
errors and successes. Both split the examples too, into parts with as many examples of each label.
"""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from parity.compare import value_differences
from parity.evaluation.archives import TestedModel, add_models, models
from parity.rasa import ask
from parity.report import report
from parity.variants import add_keep, working_directory
from rebake import load_model
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Example, NluData
from rebake.assistant.nlu_data.writer import nlu_as_yaml
from rebake.base.progress import Silent
from rebake.evaluation.nlu.parsed_examples import evaluate_nlu
from rebake.evaluation.rasa_files import ResultFiles
from rebake.evaluation.split import split_examples

DEFAULT = ("travelbot-rasa", "helpdesk-rebake")
FRACTIONS = (0.1, 0.5, 0.8)
TOLERANCE = 1e-5


def add_options(parser: ArgumentParser) -> None:
    add_models(parser, DEFAULT)
    add_keep(parser)


def mislabelled(data: NluData) -> NluData:
    """The data with some annotations exchanged for others that occur in it."""
    intents = list(dict.fromkeys(example.intent for example in data.examples if example.intent))
    kinds = list(dict.fromkeys(entity.entity for example in data.examples for entity in example.entities))
    seen = 0

    def other(names: Sequence[str], name: str) -> str:
        return names[(names.index(name) + 1) % len(names)]

    def changed(place: int, example: Example) -> Example:
        nonlocal seen
        entities = []
        for entity in example.entities:
            seen += 1
            entities.append(replace(entity, entity=other(kinds, entity.entity)) if seen % 4 == 0 else entity)
        intent = example.intent
        if intent and place % (5 if "/" in intent else 7) == 0:
            intent = other(intents, intent)
        return replace(example, intent=intent, entities=tuple(entities))

    return replace(data, examples=tuple(changed(*pair) for pair in enumerate(data.examples)))


def run(given: Namespace) -> int:
    wrong = 0
    with working_directory(given.keep, "test-nlu") as work:
        chosen = list(models(given.only, work))
        data = {model.name: test_data(model, work) for model in chosen}
        began = time.monotonic()
        tests = [
            {"archive": str(model.archive), "nlu": str(data[model.name]), "out": str(work / f"{model.name}-rasa-out")}
            for model in chosen
        ]
        splits = [(str(data[model.name]), fraction) for model in chosen for fraction in FRACTIONS]
        answers = ask("test_results", {"tests": tests, "splits": splits}, work)
        print(f"  Rasa tested {len(tests)} models in {time.monotonic() - began:.0f} s", flush=True)
        wrong += report("splits", [*split_differences(splits, answers["splits"])])
        for model, rasa in zip(chosen, answers["tests"], strict=True):
            wrong += report(model.name, compared(model, data[model.name], rasa, work), shown=30)
    return wrong


def split_differences(
    splits: Sequence[tuple[str, float]], rasa: Sequence[Sequence[Mapping[str, int]]]
) -> Iterator[str]:
    """How many examples of each intent or response come into which part; which of them is random in Rasa."""
    for (path, fraction), counts in zip(splits, rasa, strict=True):
        parts = split_examples(load_assistant(None, None, [path]).nlu.examples, fraction, 1)
        ours = [dict(Counter(example.intent for example in part)) for part in parts]
        yield from value_differences(f"{Path(path).stem} split by {fraction}", list(counts), ours)


def test_data(model: TestedModel, work: Path) -> Path:
    path = work / f"{model.name}-examples.yml"
    data = load_assistant(None, None, [model.project / "data"]).nlu
    path.write_text(nlu_as_yaml(mislabelled(data)), encoding="utf-8")
    return path


def compared(model: TestedModel, data: Path, rasa: Mapping[str, Any], work: Path) -> list[str]:
    examples = load_assistant(None, None, [data]).nlu.examples
    out = work / f"{model.name}-rebake-out"
    with load_model(model.archive) as loaded:
        began = time.monotonic()
        test = evaluate_nlu(loaded, examples, Silent())
        seconds = time.monotonic() - began
    ResultFiles(out, successes=True).write_nlu(test)
    ours = {file.name: json.loads(file.read_text(encoding="utf-8")) for file in out.iterdir()}
    errors = {name: len(content) for name, content in rasa.items() if name.endswith("_errors.json")}
    print(f"  {model.name}: rebake tested {len(examples)} examples in {seconds:.1f} s; {errors}", flush=True)
    if not errors:
        return ["Rasa found no error, so this compares little"]
    return files_differences(rasa, ours)


def files_differences(rasa: Mapping[str, Any], ours: Mapping[str, Any]) -> list[str]:
    if rasa.keys() != ours.keys():
        return [f"Rasa writes {sorted(rasa)}, rebake {sorted(ours)}"]
    found = []
    for name in sorted(rasa):
        one, other = (
            _without_ties(side[name]) if name.endswith("_report.json") else side[name] for side in (rasa, ours)
        )
        found += value_differences(name, one, other, TOLERANCE)
    return found


def _without_ties(report: Mapping[str, Any]) -> dict[str, Any]:
    """A report in which ``confused_with`` lists counts: of equal ones NumPy's sorting decides which name is there."""
    return {
        label: {**row, "confused_with": sorted(row["confused_with"].values())}
        if isinstance(row, Mapping) and "confused_with" in row
        else row
        for label, row in report.items()
    }
