"""Cross-validation: the folds, and the same result however many of them are trained at a time."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rebake.assistant.model import Example
from rebake.errors import DataError
from rebake.evaluation.nlu.folds import folds_of, left_out
from rebake.evaluation.result import Fold, ModelTest, NluTest
from rebake.evaluation.text import evaluation_text
from support.assistants import edit, write_tiny

pytestmark = pytest.mark.slow  # importing scikit-learn takes two seconds

EXAMPLES = [
    Example(f"{intent} {number}", intent) for intent, count in (("a", 9), ("b", 6), ("c", 2)) for number in range(count)
]


def test_each_fold_has_its_share_of_every_intent_and_each_example_is_held_out_once() -> None:
    splits = folds_of([*EXAMPLES, Example("no intent", None)], 3, seed=1)
    for train, test in splits:
        assert Counter(example.intent for example in test) == {"a": 3, "b": 2}
        assert not {*train} & {*test}
        assert len(train) + len(test) == 15
    assert Counter(example for _, test in splits for example in test).keys() == {*EXAMPLES[:15]}
    assert left_out(EXAMPLES, 3) == {"c": 2}


def test_the_seed_alone_decides_the_folds() -> None:
    assert folds_of(EXAMPLES, 3, seed=1) == folds_of(EXAMPLES, 3, seed=1)
    assert folds_of(EXAMPLES, 3, seed=1) != folds_of(EXAMPLES, 3, seed=2)


def test_too_few_examples_are_an_error() -> None:
    with pytest.raises(DataError, match="No intent has 10 examples"):
        folds_of(EXAMPLES, 10, seed=1)


def test_folds_in_several_processes_give_the_same_result(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    config = tmp_path / "config.yml"
    text = config.read_text(encoding="utf-8")
    start, end = text.index("  - name: DIETClassifier"), text.index("  - name: EntitySynonymMapper")
    edit(config, text[start:end], "  - name: LogisticRegressionClassifier\n")
    command = [sys.executable, "-m", "rebake", "test", "nlu", "--cross-validation", "--folds", "2", "--format", "json"]
    runs = [
        subprocess.run(
            [*command, "--out", f"out{processes}", "--processes", processes],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
        )
        for processes in ("1", "2")
    ]  # fmt: skip
    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr + runs[1].stderr
    assert runs[0].stdout == runs[1].stdout
    assert '"intents": {' in runs[0].stdout
    assert "Fold 2, test: done" in runs[1].stderr
    assert (tmp_path / "out2" / "intent_report.json").is_file()
    too_many = subprocess.run([*command, "--folds", "5"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert too_many.returncode == 65
    assert "fewer folds" in too_many.stderr


def test_folds_of_a_single_intent_have_no_figures_and_no_heading() -> None:
    shown = evaluation_text(ModelTest("config.yml", NluTest(None, None, None, (Fold(2, {}, {}), Fold(2, {}, {})))))
    assert shown == "NLU: nothing to test: there are fewer than two intents, and no entities."
