"""Test stories on a model without networks, with parses that a test gives."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from rebake.assistant.importer import load_assistant
from rebake.base.location import Location
from rebake.base.notices import Notices
from rebake.base.progress import Silent
from rebake.base.training_context import TrainingContext
from rebake.core.agent import load_policies, train_policies
from rebake.errors import DataError
from rebake.evaluation.conversations import Conversation, GivenSlot, StoryTest
from rebake.evaluation.json import as_dict, from_dict
from rebake.evaluation.rasa_files import ResultFiles
from rebake.evaluation.result import ModelTest
from rebake.evaluation.stories.run import evaluate_stories
from rebake.evaluation.stories.story_text import stories_text
from rebake.evaluation.text import evaluation_text
from support.core import read

pytestmark = pytest.mark.slow  # importing scikit-learn takes two seconds

TRAINED = """\
stories:
- story: an order
  steps:
  - intent: greet
  - action: utter_greet
  - intent: order
    entities: [{drink: tea}]
  - action: action_brew
rules:
- rule: leave
  steps:
  - intent: bye
  - action: utter_bye
- rule: form
  steps:
  - intent: stop
  - action: order_form
  - active_loop: order_form
- rule: out of the form
  condition:
  - active_loop: order_form
  steps:
  - intent: bye
  - action: utter_help
"""


class Answers:
    def __init__(self, answers: dict[str, dict[str, Any]]) -> None:
        self.answers = answers

    def parse_all(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        return [{"text": text, "entities": [], **self.answers[text]} for text in texts]


def run_stories(folder: Path, stories: str, answers: dict[str, dict[str, Any]] | None = None) -> StoryTest:
    """Test the stories, end to end where there are answers."""
    assistant = read(folder, TRAINED)
    components = folder / "components"
    components.mkdir()
    training = train_policies(assistant.config.policies, assistant, TrainingContext(), components)
    core = load_policies(training.nodes, components, assistant.domain)
    file = folder / ("stories.yml" if answers is None else "test_stories.yml")
    file.write_text(f'version: "3.1"\n{stories}', encoding="utf-8")
    read_stories = load_assistant(None, None, [file])
    of_kind = read_stories.stories if answers is None else read_stories.test_stories
    parser = None if answers is None else Answers(answers)
    return evaluate_stories(core, parser, assistant.domain, of_kind, Silent(), Notices())


def intent(name: str, *entities: dict[str, Any]) -> dict[str, Any]:
    return {"intent": {"name": name, "confidence": 0.9}, "entities": list(entities)}


def drink(value: str) -> dict[str, Any]:
    return {"start": 2, "end": 5, "entity": "drink", "value": value, "extractor": "DIETClassifier"}


END_TO_END = """\
stories:
- story: right
  steps:
  - intent: greet
    user: hello
  - action: utter_greet
  - intent: order
    user: a [tea](drink)
  - action: action_brew
- story: wrong intent
  steps:
  - intent: bye
    user: see you
  - action: utter_bye
- story: wrong action
  steps:
  - intent: bye
    user: so long
  - action: utter_help
"""


def test_end_to_end_stories_count_intents_entities_and_actions_together(tmp_path: Path) -> None:
    answers = {"hello": intent("greet"), "a tea": intent("order", drink("tea")), "see you": intent("greet")}
    test = run_stories(tmp_path, END_TO_END, {**answers, "so long": intent("bye")})
    assert [conversation.name for conversation in test.failed] == ["wrong intent", "wrong action"]
    ResultFiles(tmp_path / "results").write_stories(test)
    report = json.loads((tmp_path / "results" / "story_report.json").read_text())
    counts = {"accuracy": pytest.approx(1 / 3), "correct": 1, "with_warnings": 0, "total": 3}
    assert report.pop("conversation_accuracy") == counts
    assert report["bye"]["recall"] == 0.5
    assert report["[tea](drink)"]["f1-score"] == 1.0
    # the story goes on as it is written: after `see you` it is the intent `bye` that is answered
    assert report["utter_bye"] == {"precision": 0.5, "recall": 1.0, "f1-score": pytest.approx(2 / 3), "support": 1}
    assert report["utter_help"]["recall"] == 0.0
    failed = (tmp_path / "results" / "failed_test_stories.yml").read_text()
    assert "- intent: bye  # predicted: greet: see you\n" in failed
    assert "- action: utter_help  # predicted: utter_bye\n" in failed
    names = [story["story"] for story in yaml.safe_load(failed)["stories"]]
    assert names == [f"wrong intent ({tmp_path}/test_stories.yml)", f"wrong action ({tmp_path}/test_stories.yml)"]
    assert (tmp_path / "results" / "stories_with_warnings.yml").read_text().startswith("# ")
    shown = evaluation_text(ModelTest("m", stories=test))
    assert f"{tmp_path}/test_stories.yml:11: wrong intent" in shown
    assert "utter_bye, not utter_help" in shown
    whole = ModelTest("m", stories=test)
    assert from_dict(json.loads(json.dumps(as_dict(whole)))) == whole


@pytest.mark.parametrize("value", ["coffee", "tea"])
def test_an_entity_of_another_value_fails_the_story(tmp_path: Path, value: str) -> None:
    story = "stories:\n- story: s\n  steps:\n  - {intent: order, user: 'a [tea](drink)'}\n  - action: action_brew\n"
    test = run_stories(tmp_path, story, {"a tea": intent("order", drink(value))})
    [conversation] = test.conversations
    assert next(conversation.turns).is_right == (value == "tea")


@pytest.mark.parametrize("value", ["coffee", "tea"])
def test_a_text_may_name_its_intent_and_entities_itself(tmp_path: Path, value: str) -> None:
    text = '/order{"drink": "tea"}'
    story = f"stories:\n- story: s\n  steps:\n  - intent: order\n    user: '{text}'\n  - action: action_brew\n"
    found = {"start": 6, "end": 22, "entity": "drink", "value": value, "extractor": "RegexMessageHandler"}
    [conversation] = run_stories(tmp_path, story, {text: intent("order", found)}).conversations
    assert GivenSlot("drink", "tea") in conversation.steps
    assert next(conversation.turns).is_right == (value == "tea")


def test_stories_by_intents_parse_nothing_and_a_form_may_be_rejected(tmp_path: Path) -> None:
    stories = """\
stories:
- story: out of the form
  steps:
  - intent: stop
  - action: order_form
  - active_loop: order_form
  - intent: bye
  - action: utter_help
"""
    test = run_stories(tmp_path, stories)
    assert not test.is_end_to_end
    assert [conversation.is_right for conversation in test.conversations] == [True]
    assert "bye" not in test.scores.labels
    whole = ModelTest("m", stories=test)
    assert from_dict(json.loads(json.dumps(as_dict(whole)))) == whole


def test_without_stories_nothing_is_tested(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no test story"):
        run_stories(tmp_path, "stories: []\n")


def test_a_file_whose_name_is_not_utf8_is_named_in_what_is_written(tmp_path: Path) -> None:
    conversation = Conversation("one", (), Location(os.fsdecode(b"test_\xff.yml"), 1))
    ResultFiles(tmp_path).write_text("stories.yml", stories_text([conversation], "none"))
    [story] = yaml.safe_load((tmp_path / "stories.yml").read_text(encoding="utf-8"))["stories"]
    assert story["story"] == "one (test_\ufffd.yml)"
