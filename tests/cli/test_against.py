"""``rebake test --against`` in a process of its own: a model that is broken on purpose, and mistakes of a user."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.assistants import write_tiny

pytestmark = pytest.mark.slow

THINGS = ("tea", "coffee", "a latte", "some water", "one mocha", "juice", "an espresso", "milk", "cocoa", "a soda")
PLACES = ("table nine", "the bar", "the terrace", "my desk", "room four", "the garden", "the lobby", "the door")
TEXTS = {
    "order": [f"please bring {thing} to {place}" for thing in THINGS for place in PLACES[:4]],
    "cancel": [f"cancel {thing} at {place}" for thing in THINGS for place in PLACES[:4]],
    "price": [f"what does {thing} cost in {place}" for thing in THINGS for place in PLACES[:4]],
}
CONFIG = """\
recipe: default.v1
language: en
pipeline: [{name: WhitespaceTokenizer}, {name: CountVectorsFeaturizer}, {name: LogisticRegressionClassifier}]
policies: [{name: MemoizationPolicy}, {name: RulePolicy}]
"""
STORIES = """\
version: "3.1"
stories:
- story: leaving
  steps:
  - user: bye
    intent: goodbye
  - action: utter_goodbye
"""


def rebake(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "rebake", *arguments],
        cwd=directory, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def nlu(examples: dict[str, list[str]]) -> str:
    blocks = (
        f"- intent: {intent}\n  examples: |\n" + "".join(f"    - {text}\n" for text in texts)
        for intent, texts in examples.items()
    )
    return 'version: "3.1"\nnlu:\n' + "".join(blocks)


def train(directory: Path, examples: dict[str, list[str]]) -> None:
    small = {**examples, "goodbye": ["bye", "see you later", "good night"], "greet": ["hello", "hi there", "hey"]}
    (directory / "data" / "nlu.yml").write_text(nlu(small), encoding="utf-8")
    run = rebake(directory, "train", "--quiet")
    assert run.returncode == 0, run.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a good model in base/ and its test in base.json, and a broken one in models/.

    The second has learned the examples of "price" under the labels of the others.
    """
    directory = write_tiny(tmp_path_factory.mktemp("tiny"))
    (directory / "config.yml").write_text(CONFIG, encoding="utf-8")
    domain = (directory / "domain.yml").read_text(encoding="utf-8")
    (directory / "domain.yml").write_text(domain.replace("[greet, order,", "[greet, order, cancel, price,"))
    (directory / "tests").mkdir()
    (directory / "tests" / "test_stories.yml").write_text(STORIES, encoding="utf-8")
    (directory / "held.yml").write_text(nlu({name: texts[::4] for name, texts in TEXTS.items()}), encoding="utf-8")
    learned = {name: [text for number, text in enumerate(texts) if number % 4] for name, texts in TEXTS.items()}
    train(directory, learned)
    run = rebake(directory, "test", "--nlu", "held.yml", "--format", "json")
    assert run.returncode == 0, run.stderr
    (directory / "base.json").write_text(run.stdout, encoding="utf-8")
    shutil.move(directory / "models", directory / "base")
    shuffled = {**learned, "price": [f"how much is {thing}" for thing in THINGS[:2]]}
    for number, text in enumerate(learned["price"]):
        shuffled["order" if number % 2 else "cancel"].append(text)
    train(directory, shuffled)
    return directory


def test_a_model_that_learned_wrong_labels_is_worse_and_fails_the_command(project: Path) -> None:
    run = rebake(project, "test", "--nlu", "held.yml", "--against", "base.json", "--fail-on-worse", "0.1")
    print(run.stdout, run.stderr)
    assert run.returncode == 1, run.stderr
    assert "\n▼ Worse than the base: intents (accuracy, weighted F1, macro F1)" in run.stdout
    assert "\n  10 turned wrong:\n    ✗ held.yml:" in run.stdout
    assert "worse: Worse than the base, of more than 0.1: intents, accuracy: 1.000 -> 0.667; " in run.stderr
    assert (
        "warning: held.yml:29: 5 of 10 test examples of 'price' are predicted as 'cancel', such as 'what" in run.stderr
    )
    lenient = rebake(project, "test", "nlu", "--nlu", "held.yml", "--against", "base.json", "--fail-on-worse", "0.9")
    assert lenient.returncode == 0, lenient.stderr


def test_conditions_decide_the_exit_code_and_each_is_named(project: Path) -> None:
    tested = ("test", "--nlu", "held.yml", "--against", "base.json", "--format", "json")
    least = ("--min-intent-f1", "0.9", "--min-story-accuracy", "1", "--min-response-f1", "0.1")
    run = rebake(project, *tested, "--fail-on", "worse,stories", "--max-drop", "0.9", *least)
    assert run.returncode == 1, run.stderr
    gates = {gate["name"]: gate["is_met"] for gate in json.loads(run.stdout)["gates"]}
    assert gates == {
        "min-intent-f1": False, "min-response-f1": False, "stories": True, "worse": True, "min-story-accuracy": True,
    }  # fmt: skip
    assert "min-intent-f1: The weighted F1 of the intents is 0.5" in run.stderr
    assert "min-response-f1: The weighted F1 of the responses is unknown" in run.stderr
    codes = {finding["code"] for finding in json.loads(run.stdout)["findings"]}
    assert codes == {"confused-intents"}
    assert rebake(project, *tested, "--min-intent-f1", "0.5", "--fail-on", "stories").returncode == 0


def test_a_base_that_is_a_model_is_tested_on_the_same_data(project: Path) -> None:
    run = rebake(project, "test", "--nlu", "held.yml", "--against", "base", "--format", "json")
    assert run.returncode == 0, run.stderr
    printed = json.loads(run.stdout)
    (project / "again.json").write_text(run.stdout, encoding="utf-8")
    intents = printed["comparison"]["kinds"]["intents"]
    assert (intents["compared"], intents["only_base"], intents["only_head"]) == (30, 0, 0)
    assert next(label["label"] for label in intents["labels"] if label["outcome"] == "worse") == "price"
    assert {change["expected"] for change in intents["broken"]} == {"price"}
    assert printed["comparison"]["kinds"]["stories"]["metrics"][0]["outcome"] == "same"
    same = rebake(project, "test", "--nlu", "held.yml", "--against", "again.json", "--fail-on-worse")
    assert (same.returncode, "= The same figures as the base" in same.stdout) == (0, True), same.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--fail-on-worse"], 64, "--fail-on-worse has nothing to compare with"),
        (["--fail-on", "stories,worse"], 64, "--fail-on worse has nothing to compare with"),
        (["--fail-on", "always"], 64, "'always' is neither stories nor worse"),
        (["--against", "base.json", "--config", "a.yml", "b.yml"], 64, "Several --config are compared with each other"),
        (["nlu", "--against", "base", "--cross-validation"], 64, "cannot be compared with a model"),
        (["--against", "missing"], 74, "missing does not exist"),
        (["--against", "config.yml"], 65, "config.yml is not the result of a test"),
        (["--against", "list.json"], 65, "list.json is not the result of a test"),
        (["core", "--against", "other.json"], 65, "have no example in common"),
    ],
)
def test_a_mistake_is_one_message(project: Path, arguments: list[str], code: int, message: str) -> None:
    (project / "list.json").write_text("[]", encoding="utf-8")
    content = json.loads((project / "base.json").read_text(encoding="utf-8"))
    (project / "other.json").write_text(json.dumps({**content, "stories": None}), encoding="utf-8")
    run = rebake(project, "test", *arguments)
    assert (run.returncode, message in run.stderr) == (code, True), run.stderr
    assert "Traceback" not in run.stderr
