"""Benchmarks are only worth their folds and their arithmetic."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks import __main__ as command
from benchmarks import compare_nlu, confidence_projects, folds, processes
from parity import scoring
from support.paths import ROOT

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
    gold: list[dict[str, Any]] = [
        {"text": "a", "intent": "greet", "entities": [{"entity": "x", "start": 0, "end": 1}]},
        {"text": "b", "intent": "deny", "entities": []},
    ]
    fallback = [{"name": "nlu_fallback", "confidence": 0.3}, {"name": "deny", "confidence": 0.2}]
    parses: list[dict[str, Any]] = [
        {"intent": {"name": "greet"}, "intent_ranking": [], "entities": [{"entity": "x", "start": 0, "end": 2}]},
        {"intent": fallback[0], "intent_ranking": fallback, "entities": []},
    ]
    scores = scoring.score(gold, parses)
    assert scores["intent_accuracy"] == 1.0
    assert scores["intent_accuracy_with_fallback"] == 0.5
    assert scores["entity_f1"] == 0.0


def test_the_table_compares_medians_of_costs_and_means_of_quality_of_what_was_measured() -> None:
    runs = {
        "rasa": {
            "1": {"train": {"seconds": 600.0}, "test": {"entity_f1": 0.6}},
            "2": {"train": {"seconds": 700.0}, "test": {"entity_f1": 0.7}},
            "3": {"train": {"seconds": 640.0}, "test": {"entity_f1": 0.8}},
        },
        "rebake": {"1": {"train": {"seconds": 32.0}, "speed": {"all_at_once": {"messages_per_second": 900.0}}}},
    }
    lines = compare_nlu.table({"runs": runs})
    assert "| training, s | 640.0 | 32.0 | 20.0 |" in lines
    assert "| entity F1, micro | 0.7000 |  |  |" in lines
    assert "| all at once, messages/s |  | 900.0 |  |" in lines


def test_both_sides_are_trained_with_the_epochs_and_seed_that_are_asked_for(tmp_path: Path) -> None:
    compare_nlu.write_config(EXAMPLE, tmp_path / "config.yml", 2, 7)
    pipeline = yaml.safe_load((tmp_path / "config.yml").read_text(encoding="utf-8"))["pipeline"]
    own = yaml.safe_load((EXAMPLE / "config.yml").read_text(encoding="utf-8"))["pipeline"]
    assert [component["name"] for component in pipeline] == [component["name"] for component in own]
    for component, before in zip(pipeline, own, strict=True):
        is_network = component["name"] in ("DIETClassifier", "ResponseSelector")
        assert component == ({**before, "epochs": 2, "random_seed": 7} if is_network else before)


@pytest.mark.slow
def test_a_process_is_measured_with_its_children(tmp_path: Path) -> None:
    child = "import time; kept = b'x' * 2**28; time.sleep(0.6)"
    script = f'import subprocess, sys; subprocess.run([sys.executable, "-c", "{child}"])'
    measured = processes.run_measured([sys.executable, "-c", script], tmp_path)
    assert measured["seconds"] >= 0.6
    assert measured["peak_megabytes"] >= 256


def test_overlapping_entities_count_as_the_papers_on_hwu64_count_them() -> None:
    def entity(start: int, end: int, name: str = "date") -> dict[str, object]:
        return {"start": start, "end": end, "entity": name}

    gold = [{"intent": "a", "entities": [entity(0, 5), entity(10, 14)]}, {"intent": "b", "entities": [entity(3, 4)]}]
    parses: list[dict[str, Any]] = [
        {"intent": {"name": "a"}, "entities": [entity(3, 9), entity(10, 14, "time")]},  # one touches, one is spurious
        {"intent": {"name": "b"}, "entities": [entity(4, 6)]},  # a neighbour is no overlap
    ]
    found = scoring.score(gold, parses)
    assert found["entity_f1"] == 0
    assert found["entity_f1_overlapping"] == pytest.approx(2 * 1 / (2 * 1 + 2 + 2))


def test_memory_is_measured_while_a_child_that_ended_is_not_yet_collected() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    try:
        deadline = time.monotonic() + 30
        while Path(f"/proc/{child.pid}/stat").read_text(encoding="utf-8").split()[2] != "Z":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert processes.resident_bytes(os.getpid()) > 10_000_000
    finally:
        child.wait()


def test_the_calibration_error_is_the_gap_between_confidence_and_accuracy_by_bin() -> None:
    confidences = [0.95, 0.91, 1.0, 0.95, 0.35]  # a bin with four, three of them right, and one with a wrong one
    error = confidence_projects.calibration_error(confidences, [True, True, True, False, False])
    assert error == pytest.approx((0.81 + 0.35) / 5)
    assert confidence_projects.calibration_error([0.6, 0.6, 0.6, 0.6, 0.6], [True, True, True, False, False]) < 1e-9


def started_here() -> list[Any]:
    """The benchmarks that this Python runs; some replace constants of a network, so they load TensorFlow."""
    names = sorted(name for name, one in command.BENCHMARKS.items() if not one.in_rasa)
    loading = ("confidence", "training_choices")
    return [pytest.param(name, marks=pytest.mark.slow if name in loading else ()) for name in names]


@pytest.mark.parametrize("name", started_here())
def test_every_benchmark_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main([name, "--help"])
    assert ended.value.code == 0
    assert f"python -m benchmarks {name}" in capsys.readouterr().out


def test_the_list_has_every_benchmark_and_refuses_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    listed = capsys.readouterr().out
    assert all(f"  {name} " in listed for name in command.BENCHMARKS)
    assert command.main(["nothing"]) == 64


def test_every_module_that_is_a_command_is_in_the_list() -> None:
    package = ROOT / "benchmarks"
    commands = {
        str(file.relative_to(package).with_suffix("")).replace("/", ".")
        for file in package.rglob("*.py")
        if "def add_options" in file.read_text(encoding="utf-8")
    }
    assert commands == {benchmark.module for benchmark in command.BENCHMARKS.values()}


@pytest.mark.slow
@pytest.mark.long
def test_core_scale_measures_each_factor_in_a_separate_process(tmp_path: Path) -> None:
    assert command.main(["core_scale", str(EXAMPLE), str(tmp_path / "result.json"), "1", "2"]) == 0
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert set(result["factors"]) == {"1", "2"}
    assert result["factors"]["2"]["stories"] > result["factors"]["1"]["stories"]
