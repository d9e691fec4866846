"""TEDPolicy and UnexpecTEDIntentPolicy on stories by intents and texts: training, files, entities, hidden words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from rebake.assistant.model import Assistant
from rebake.base.training_context import TrainingContext
from rebake.core.dialogue.events import EntitiesAdded, events_from_json
from rebake.core.dialogue.rule_only_data import RuleOnlyData
from rebake.core.dialogue.states import StateBuilder
from rebake.core.dialogue.tracker import Tracker
from rebake.core.end_to_end import EndToEndFeaturizer
from rebake.core.policy import Policy, PolicyPrediction
from rebake.core.stories.generator import training_trackers
from rebake.core.ted.ted_policy import TEDPolicy
from rebake.core.ted.unexpected_intent_policy import UnexpecTEDIntentPolicy
from rebake.errors import ModelError, UnsupportedError
from rebake.model import load_model
from rebake.registry.lookup import POLICIES
from rebake.registry.node import pipeline_nodes
from support.building import build
from support.core import CONFIG, DOMAIN, read
from support.weights import values_of

pytestmark = pytest.mark.slow

PIPELINE = "pipeline:\n- name: WhitespaceTokenizer\n- name: CountVectorsFeaturizer\n"
CONFIG_OF_TEXTS = CONFIG.replace("pipeline: []\n", PIPELINE)
ONE_DRINK = DOMAIN.replace("drink: {roles: [first, second]}", "drink")
MIXED = """\
nlu:
- intent: greet
  examples: |
    - hello
stories:
- story: by text
  steps:
  - user: some [oolong](drink) now
  - bot: Right away
  - intent: bye
  - action: utter_bye
- story: by intent
  steps:
  - intent: greet
  - action: utter_greet
  - user: please [assam](drink)
  - action: action_brew
"""
SMALL: dict[str, Any] = {
    "transformer_size": {"dialogue": 8, "text": 8, "action_text": 8, "label_action_text": 8},
    "number_of_attention_heads": 2,
    "encoding_dimension": 8,
    "embedding_dimension": 6,
    "dense_dimension": dict.fromkeys(POLICIES["TEDPolicy"].defaults["dense_dimension"], 6),
    "concat_dimension": {"text": 8, "action_text": 8, "label_action_text": 8},
    "random_seed": 1,
    "max_history": 3,
    "epochs": 2,
}
LISTEN = {"event": "action", "name": "action_listen"}
BY_TEXT = [LISTEN, {"event": "user", "text": "some oolong now"}]
BY_INTENT = [LISTEN, {"event": "user", "intent": "greet"}]
BY_BOTH = [LISTEN, {"event": "user", "text": "some assam", "intent": "greet"}]
AFTER_BOT_TEXT = [
    *BY_TEXT,
    {"event": "action", "action_text": "Right away"},
    LISTEN,
    {"event": "user", "intent": "bye"},
]
CONVERSATIONS = (BY_TEXT, BY_BOTH, AFTER_BOT_TEXT, [LISTEN, {"event": "user", "intent": "greet"}])


class Bot(NamedTuple):
    assistant: Assistant
    featurizer: EndToEndFeaturizer

    def train(self, kind: type[Policy], **changes: Any) -> tuple[Any, dict[str, float]]:
        policy = kind(POLICIES[kind.__name__].merged({**SMALL, **changes}), f"{kind.__name__}0")
        trackers = training_trackers(self.assistant.stories, self.assistant.domain, 0)
        figures = policy.train(
            trackers, self.assistant.domain, TrainingContext(), self.featurizer.of_assistant(self.assistant)
        )
        return policy, figures

    def ask(self, policy: Policy, events: list[dict[str, Any]]) -> PolicyPrediction:
        tracker = Tracker(StateBuilder(self.assistant.domain), events_from_json(events))
        said = self.featurizer.of_events(tracker.events)
        return policy.predict(tracker, self.assistant.domain, RuleOnlyData(), said)


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Bot:
    folder = tmp_path_factory.mktemp("mixed")
    assistant = read(folder, MIXED, domain=ONE_DRINK, config=CONFIG_OF_TEXTS)
    with load_model(build(assistant, output=folder / "models").model) as model:
        return Bot(assistant, EndToEndFeaturizer.load(pipeline_nodes(assistant.config), model._components))


@pytest.fixture(autouse=True)
def eagerly() -> Iterator[None]:
    """Without traced functions: for a training of a few steps, tracing is most of the time."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def arrays(policy: Any) -> dict[str, Any]:
    return values_of(policy._model.weights)


def test_a_saved_policy_of_texts_and_intents_predicts_the_same(bot: Bot, tmp_path: Path) -> None:
    policy, figures = bot.train(TEDPolicy)
    assert {"loss", "labels_loss", "entities_loss", "accuracy"} <= figures.keys()
    policy.save(tmp_path)
    loaded = TEDPolicy.load(policy.options, "TEDPolicy0", tmp_path)
    for events in CONVERSATIONS:
        one, other = bot.ask(policy, events), bot.ask(loaded, events)
        assert other.probabilities == pytest.approx(one.probabilities, abs=1e-6)
        assert sum(one.probabilities) == pytest.approx(1.0, abs=1e-5)
        assert (other.is_end_to_end, other.optional_events) == (one.is_end_to_end, one.optional_events)
    again = tmp_path / "again"
    again.mkdir()
    loaded.save(again)
    for path in again.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


@pytest.mark.long
def test_the_text_decides_only_where_it_is_sure_enough(bot: Bot, tmp_path: Path) -> None:
    policy, _ = bot.train(TEDPolicy, entity_recognition=False)
    policy.save(tmp_path)
    never = TEDPolicy.load({**policy.options, "e2e_confidence_threshold": 1.0}, "TEDPolicy0", tmp_path)
    by_intent = bot.ask(never, BY_BOTH)
    assert not by_intent.is_end_to_end
    always = TEDPolicy.load({**policy.options, "e2e_confidence_threshold": 0.0}, "TEDPolicy0", tmp_path)
    predictions = [bot.ask(always, [LISTEN, {**BY_BOTH[1], "intent": intent}]) for intent in ("greet", "bye", "order")]
    decided = {tuple(found.probabilities) for found in predictions if found.is_end_to_end}
    assert len(decided) <= 1, "by the text, whatever the intent"
    assert by_intent.probabilities == pytest.approx(bot.ask(policy, BY_INTENT).probabilities, abs=1e-6)


@pytest.mark.long
def test_entities_of_texts_are_learned_and_found(bot: Bot, tmp_path: Path) -> None:
    stories = "stories:\n- story: text\n  steps:\n  - user: some [oolong](drink) now\n  - action: action_brew\n"
    texts = Bot(read(tmp_path, stories, domain=ONE_DRINK, config=CONFIG_OF_TEXTS), bot.featurizer)
    no_noise = {"drop_rate": 0.0, "drop_rate_dialogue": 0.0, "connection_density": 1.0}
    policy, figures = texts.train(TEDPolicy, epochs=15, learning_rate=0.05, **no_noise)
    assert figures["entities_loss"] < 0.5
    policy.save(tmp_path)
    loaded = TEDPolicy.load(policy.options, "TEDPolicy0", tmp_path)
    (found,) = texts.ask(loaded, BY_TEXT).optional_events
    assert isinstance(found, EntitiesAdded)
    assert [(e.entity, e.value, e.start, e.end) for e in found.entities] == [("drink", "oolong", 5, 11)]


def test_words_that_no_story_says_have_no_weights(bot: Bot) -> None:
    policy, _ = bot.train(TEDPolicy, entity_recognition=False)
    texts = {path: kernel for path, kernel in arrays(policy).items() if "sequence_layer.text/" in path}
    read = []
    for path, kernel in texts.items():
        if path.endswith("sparse_to_dense/kernel") and kernel.any():  # zero where features of tokens are not read
            read.append(path)
            words = np.array(["assam", "hello", "now", "oolong", "please", "some"])  # an intent has "hello" alone
            assert list(words[~kernel.any(axis=1)]) == ["hello"], path
    assert read


def test_entities_in_whole_dialogues_are_refused_as_rasa_cannot_load_such_a_model(bot: Bot) -> None:
    whole = [{"name": "FullDialogueTrackerFeaturizer", "state_featurizer": [{"name": "SingleStateFeaturizer"}]}]
    with pytest.raises(UnsupportedError, match="entities in whole dialogues"):
        bot.train(TEDPolicy, featurizer=whole)


@pytest.mark.long
def test_hidden_words_change_what_is_learned_and_not_how_it_is_asked(bot: Bot, tmp_path: Path) -> None:
    plain, _ = bot.train(TEDPolicy, entity_recognition=False)
    hiding, _ = bot.train(TEDPolicy, entity_recognition=False, use_masked_language_model=True)
    mine, theirs = arrays(plain), arrays(hiding)
    assert any(not np.array_equal(value, theirs[path]) for path, value in mine.items())
    hiding.save(tmp_path)
    loaded = TEDPolicy.load(hiding.options, "TEDPolicy0", tmp_path)
    one, other = bot.ask(hiding, BY_TEXT), bot.ask(loaded, BY_TEXT)
    assert other.probabilities == pytest.approx(one.probabilities, abs=1e-6)
    assert bot.ask(hiding, BY_TEXT).probabilities == one.probabilities


def test_unexpected_intents_are_found_after_texts_too(bot: Bot, tmp_path: Path) -> None:
    policy, _ = bot.train(UnexpecTEDIntentPolicy)
    policy.save(tmp_path)
    loaded = UnexpecTEDIntentPolicy.load(policy.options, "UnexpecTEDIntentPolicy0", tmp_path)
    for events in CONVERSATIONS:
        assert bot.ask(loaded, events).probabilities == bot.ask(policy, events).probabilities


def test_a_policy_of_texts_asked_without_their_features_is_an_error(bot: Bot) -> None:
    policy, _ = bot.train(TEDPolicy, entity_recognition=False, epochs=1)
    tracker = Tracker(StateBuilder(bot.assistant.domain), events_from_json(BY_TEXT))
    with pytest.raises(ModelError, match="texts, which were not featurized"):
        policy.predict(tracker, bot.assistant.domain, RuleOnlyData())
