"""Benchmarks are only worth their folds and their arithmetic."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


folds = load("folds")
scoring = load("scoring")
EXAMPLE = ROOT / "examples" / "cafe"


def test_every_example_is_tested_in_exactly_one_fold_and_trained_in_the_others(tmp_path: Path) -> None:
    made = folds.make_folds(EXAMPLE, tmp_path / "folds", 3)
    tested = [scoring.read_rows(directory / "test.jsonl") for directory in made]
    texts = [(row["intent"], row["text"]) for rows in tested for row in rows]
    assert len(texts) == len(set(texts))
    for directory, rows in zip(made, tested, strict=True):
        trained = {
            (item["intent"], folds.read_annotated(example)["text"])
            for item in folds.read_items(directory)
            if "intent" in item
            for example in folds.lines(item["examples"])
        }
        assert trained.isdisjoint({(row["intent"], row["text"]) for row in rows})
        assert trained | {(row["intent"], row["text"]) for row in rows} == set(texts)


def test_folds_are_the_same_every_time_and_stratified(tmp_path: Path) -> None:
    one, other = (folds.make_folds(EXAMPLE, tmp_path / name, 3) for name in ("one", "other"))
    assert [path.read_bytes() for made in one for path in sorted(made.rglob("*.*"))] == [
        path.read_bytes() for made in other for path in sorted(made.rglob("*.*"))
    ]
    counts = [{row["intent"]: 0 for row in scoring.read_rows(one[0] / "test.jsonl")} for _ in one]
    for count, directory in zip(counts, one, strict=True):
        for row in scoring.read_rows(directory / "test.jsonl"):
            count[row["intent"]] = count.get(row["intent"], 0) + 1
    for intent in counts[0]:
        assert max(count[intent] for count in counts) - min(count[intent] for count in counts) <= 1


@pytest.mark.parametrize(
    ("example", "text", "entities"),
    [
        ("a [large](size) tea", "a large tea", [{"value": "large", "entity": "size", "start": 2, "end": 7}]),
        ("[big](size:large)", "big", [{"value": "large", "entity": "size", "start": 0, "end": 3}]),
        (
            'from [Rome]{"entity": "city", "role": "from"}',
            "from Rome",
            [{"value": "Rome", "entity": "city", "role": "from", "start": 5, "end": 9}],
        ),
    ],
)
def test_annotations_are_read_with_offsets_in_the_plain_text(
    example: str, text: str, entities: list[dict[str, object]]
) -> None:
    assert folds.read_annotated(example) == {"text": text, "entities": entities}


def test_score_counts_intents_with_and_without_the_fallback_and_exact_spans() -> None:
    gold = [
        {"text": "a", "intent": "greet", "entities": [{"entity": "x", "start": 0, "end": 1}]},
        {"text": "b", "intent": "deny", "entities": []},
    ]
    fallback = [{"name": "nlu_fallback", "confidence": 0.3}, {"name": "deny", "confidence": 0.2}]
    parses = [
        {"intent": {"name": "greet"}, "intent_ranking": [], "entities": [{"entity": "x", "start": 0, "end": 2}]},
        {"intent": fallback[0], "intent_ranking": fallback, "entities": []},
    ]
    told = scoring.score(gold, json.loads(json.dumps(parses)))
    assert told["intent_accuracy"] == 1.0
    assert told["intent_accuracy_with_fallback"] == 0.5
    assert told["entity_f1"] == 0.0
