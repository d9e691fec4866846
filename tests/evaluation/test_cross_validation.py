"""Cross-validation: the folds, and the same result however many of them are trained at a time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rebake.assistant.model import Example
from rebake.cli.main import main
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


@pytest.fixture
def light(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An assistant whose pipeline trains in a moment, without TensorFlow."""
    write_tiny(tmp_path / "bot")
    config = tmp_path / "bot" / "config.yml"
    text = config.read_text(encoding="utf-8")
    start, end = text.index("  - name: DIETClassifier"), text.index("  - name: EntitySynonymMapper")
    classifiers = "  - name: LogisticRegressionClassifier\n  - name: CRFEntityExtractor\n"
    edit(config, text[start:end], classifiers)
    monkeypatch.chdir(tmp_path / "bot")
    return tmp_path / "bot"


CROSS = ("test", "nlu", "--cross-validation", "--folds", "2")


def test_folds_of_jobs_apart_are_joined_to_just_what_the_whole_run_finds(
    light: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*CROSS, "--format", "json", "--successes", "--out", "whole"]) == 0
    whole = capsys.readouterr()
    for number in (2, 1):
        assert main([*CROSS, "--fold", str(number), "--out", f"artifacts/{number}"]) == 0
        assert capsys.readouterr().out == f"artifacts/{number}/fold-{number}-of-2.json\n"
    assert main([*CROSS, "--join", "artifacts", "--format", "json", "--successes", "--out", "joined"]) == 0
    joined = capsys.readouterr()
    assert joined.out == whole.out
    files = {path.name: path.read_bytes() for path in Path("whole").iterdir()}
    assert {path.name: path.read_bytes() for path in Path("joined").iterdir()} == files
    assert "intent_report.json" in files
    assert any(name.endswith("_successes.json") for name in files)
    assert main([*CROSS, "--join", "artifacts", "--min-intent-f1", "1", "--out", "joined"]) == 1


def test_folds_that_do_not_belong_together_are_not_joined(light: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def joining(*options: str) -> str:
        capsys.readouterr()
        assert main([*CROSS, "--join", "folds", *options]) == 65
        printed = capsys.readouterr()
        assert printed.out == ""
        return printed.err

    assert main([*CROSS, "--fold", "1", "--out", "folds"]) == 0
    assert "Fold 2 of 2 is missing" in joining()
    assert main([*CROSS, "--fold", "2", "--out", "folds"]) == 0
    assert "of another --folds or --seed" in joining("--seed", "1")
    edit(light / "data" / "nlu.yml", "- hello\n", "- hello there\n")
    assert "is a fold of other files" in joining()
    edit(light / "data" / "nlu.yml", "- hello there\n", "- hello\n")
    fold = Path("folds/fold-1-of-2.json")
    content = json.loads(fold.read_text(encoding="utf-8"))
    content["nlu"]["intents"]["examples"][0]["predicted"] = "other"
    Path("folds/more").mkdir()
    Path("folds/more/fold-1-of-2.json").write_text(json.dumps(content), encoding="utf-8")
    assert "differ" in joining()
    for broken in (
        "{",
        "[]",
        '{"nlu": {}}',
        json.dumps(
            {**content, "nlu": {**content["nlu"], "folds": [{**content["nlu"]["folds"][0], "test": {"x": 1e999}}]}}
        ),
        json.dumps({**content, "fold": "1"}),
        json.dumps({**content, "format": 2}),
    ):
        Path("folds/more/fold-1-of-2.json").write_text(broken, encoding="utf-8")
        assert "is not a fold that" in joining()
    assert main([*CROSS, "--join", "nothing"]) == 74
    second = json.loads(Path("folds/fold-2-of-2.json").read_text(encoding="utf-8"))
    Path("folds/more/fold-1-of-2.json").write_text(json.dumps({**second, "fold": 1}), encoding="utf-8")
    assert "is a fold of other files" in joining()
    assert main([*CROSS, "--fold", "3"]) == 64


def test_folds_of_a_single_intent_have_no_figures_and_no_heading() -> None:
    shown = evaluation_text(ModelTest("config.yml", NluTest(None, None, None, (Fold(2, {}, {}), Fold(2, {}, {})))))
    assert shown == "NLU: nothing to test: there are fewer than two intents, and no entities."
