"""Splits of NLU data, and the comparison of configurations that rests on them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Example
from rebake.evaluation.split import split_examples
from support.assistants import append, edit, write_tiny

RESPONSES = """\
version: "3.1"
nlu:
  - intent: faq/price
    examples: |
      - how much
      - what is it
  - intent: faq/hours
    examples: |
      - when
      - until when
responses:
  utter_faq/price: [{text: two}]
  utter_faq/hours: [{text: always}]
"""


def examples(**counts: int) -> list[Example]:
    return [Example(f"{label} {number}", label) for label, count in counts.items() for number in range(count)]


def test_every_label_is_in_both_parts_at_about_its_share() -> None:
    given = [*examples(rare=2, often=20, single=1), Example("x", None)]
    train, test = split_examples(given, 0.8, seed=1)
    assert Counter(example.intent for example in train) == {"rare": 1, "often": 17}
    assert Counter(example.intent for example in test) == {"rare": 1, "often": 3, "single": 1}
    assert {*train, *test} == {*given[:-1]}
    assert (train, test) == split_examples(given, 0.8, seed=1)
    assert train != split_examples(given, 0.8, seed=2)[0]


def rebake(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rebake", *arguments], cwd=directory, capture_output=True, text=True, check=False
    )


def test_split_writes_both_parts_with_the_responses_that_they_need(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    (tmp_path / "data" / "faq.yml").write_text(RESPONSES, encoding="utf-8")
    run = rebake(tmp_path, "split", "--training-fraction", "0.75", "--random-seed", "3")
    assert run.returncode == 0, run.stderr
    parts = {
        kind: load_assistant(
            None, None, [tmp_path / "train_test_split" / f"{prefix}{kind}_data.yml" for prefix in ("", "nlg_")]
        )
        for kind in ("training", "test")
    }
    whole = load_assistant(None, None, [tmp_path / "data"]).nlu
    both = [example.text for part in parts.values() for example in part.nlu.examples]
    assert sorted(both) == sorted(example.text for example in whole.examples)
    assert len(parts["test"].nlu.examples) == 5
    for part in parts.values():
        assert {response.name for response in part.domain.responses} == {"utter_faq/price", "utter_faq/hours"}
    (tmp_path / "two.yml").write_text("nlu:\n- intent: a\n  examples: |\n    - b\n    - c\n", encoding="utf-8")
    assert "1 example to train on, 1 to test on." in rebake(tmp_path, "split", "--nlu", "two.yml").stderr
    assert rebake(tmp_path, "split", "--training-fraction", "1").returncode == 64


@pytest.mark.slow
def test_configurations_are_compared_on_the_same_examples(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    nlu = tmp_path / "data" / "nlu.yml"
    for old in ("      - hey\n", "      - one [latte](drink) to go\n", "      - bye\n"):
        edit(nlu, old, old + "".join(old.replace("\n", f" {word}\n") for word in ("now", "you", "there")))
    config = (tmp_path / "config.yml").read_text(encoding="utf-8")
    start, end = config.index("  - name: DIETClassifier"), config.index("  - name: EntitySynonymMapper")
    for name in ("LogisticRegressionClassifier", "KeywordIntentClassifier"):
        text = f"{config[:start]}  - name: {name}\n{config[end:]}"
        (tmp_path / f"{name}.yml").write_text(text, encoding="utf-8")
    append(tmp_path / "KeywordIntentClassifier.yml", "pipelines: []\n")
    both = ["LogisticRegressionClassifier.yml", "KeywordIntentClassifier.yml"]
    run = rebake(tmp_path, "test", "nlu", "--config", *both, "--runs", "2", "--percentages", "0", "50")
    assert run.returncode == 0, run.stderr
    results = json.loads((tmp_path / "results" / "results.json").read_text())
    assert {name: [len(of_run) for of_run in runs] for name, runs in results.items()} == {
        "LogisticRegressionClassifier": [2, 2],
        "KeywordIntentClassifier": [2, 2],
    }
    place = tmp_path / "results" / "run_2" / "50%_exclusion"
    report = json.loads((place / "KeywordIntentClassifier_report" / "intent_report.json").read_text())
    assert report["weighted avg"]["f1-score"] == results["KeywordIntentClassifier"][1][1]
    train = load_assistant(None, None, [place / "train" / "train.yml"]).nlu.examples
    test = load_assistant(None, None, [tmp_path / "results" / "run_2" / "test.yml"]).nlu.examples
    assert not {example.text for example in train} & {example.text for example in test}
    assert "KeywordIntentClassifier" in run.stdout
    assert "warning: KeywordIntentClassifier.yml:" in run.stderr
    same = rebake(tmp_path, "test", "nlu", "--config", "config.yml", "./config.yml")
    assert same.returncode == 64
