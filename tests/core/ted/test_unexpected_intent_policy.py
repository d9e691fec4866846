"""UnexpecTEDIntentPolicy: what it expects, its thresholds, its files, on a bot of three stories."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rebake.assistant.domain.names import action_names
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import ActionStep, Domain, Intent, Story, UserStep
from rebake.base.training_context import TrainingContext
from rebake.core.dialogue.events import ActionExecuted, Event, user_uttered
from rebake.core.dialogue.rule_only_data import RuleOnlyData
from rebake.core.dialogue.states import StateBuilder
from rebake.core.dialogue.tracker import Tracker
from rebake.core.stories.generator import training_trackers
from rebake.core.ted.unexpected_intent_policy import QUANTILES, Expectation, UnexpecTEDIntentPolicy, quantiles
from rebake.errors import DataError, ModelError
from rebake.registry.lookup import POLICIES
from support.nlu import valid_options
from support.shared import need
from support.weights import values_of

DOMAIN = Domain(intents=(Intent("greet"), Intent("thank"), Intent("bye")), actions=("utter_hello", "utter_bye"))
STORIES = (
    Story("bye", (UserStep("greet"), ActionStep("utter_hello"), UserStep("bye"), ActionStep("utter_bye"))),
    Story("thank", (UserStep("greet"), ActionStep("utter_hello"), UserStep("thank"), ActionStep("utter_bye"))),
    Story("both", (UserStep("thank"), ActionStep("utter_hello"), UserStep("bye"), ActionStep("utter_bye"))),
)
LISTEN = ActionExecuted("action_listen")
GREETED = (LISTEN, user_uttered("greet"), ActionExecuted("utter_hello"))


def options(**changes: Any) -> dict[str, Any]:
    small = {"transformer_size": {"dialogue": 8}, "number_of_attention_heads": 2, "connection_density": 1.0}
    return POLICIES["UnexpecTEDIntentPolicy"].merged({**small, "epochs": 40, "learning_rate": 0.02, **changes})


def trained(**changes: Any) -> UnexpecTEDIntentPolicy:
    policy = UnexpecTEDIntentPolicy(options(**changes), "UnexpecTEDIntentPolicy1")
    policy.train(training_trackers(STORIES, DOMAIN, augmentation_factor=0), DOMAIN, TrainingContext())
    return policy


def expected(policy: UnexpecTEDIntentPolicy, before: tuple[Event, ...], said: str) -> Expectation:
    tracker = Tracker(StateBuilder(DOMAIN), (*before, LISTEN, user_uttered(said)))
    found = policy.expectation(tracker, DOMAIN, RuleOnlyData())
    assert found is not None
    return found


def is_unlikely(policy: UnexpecTEDIntentPolicy, *events: Event) -> bool:
    found = policy.predict(Tracker(StateBuilder(DOMAIN), events), DOMAIN, RuleOnlyData())
    assert (found.policy, found.priority) == ("UnexpecTEDIntentPolicy", 2)
    surprised = found.probabilities[action_names(DOMAIN).index("action_unlikely_intent")]
    assert sum(found.probabilities) == surprised
    assert surprised in (0.0, 1.0)
    return surprised == 1.0


@pytest.fixture(scope="module")
def policy() -> UnexpecTEDIntentPolicy:
    return trained(random_seed=2)


@pytest.fixture
def eagerly() -> Iterator[None]:
    """Without traced functions: for a training of one step, tracing is most of the time."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


THANKED = (LISTEN, user_uttered("thank"), ActionExecuted("utter_hello"))
TURNS_OF_STORIES = (((), "greet"), ((), "thank"), (GREETED, "bye"), (GREETED, "thank"), (THANKED, "bye"))


@pytest.mark.slow
def test_what_a_story_has_is_expected_and_much_else_is_not(policy: UnexpecTEDIntentPolicy) -> None:
    for before, said in TURNS_OF_STORIES:
        assert not is_unlikely(policy, *before, LISTEN, user_uttered(said))
    # The threshold of an intent is what the nearest of the windows without it has: no more than that one reaches it.
    assert any(is_unlikely(policy, *before, LISTEN, user_uttered("greet")) for before in (GREETED, THANKED))


@pytest.mark.slow
def test_what_follows_in_a_story_is_more_similar_than_what_does_not(policy: UnexpecTEDIntentPolicy) -> None:
    for before, follows, others in (
        ((), ("greet", "thank"), ("bye",)),
        (GREETED, ("bye", "thank"), ("greet",)),
        (THANKED, ("bye",), ("greet", "thank")),
    ):
        similarities = {said: expected(policy, before, said).similarity for said in (*follows, *others)}
        assert min(similarities[said] for said in follows) > max(similarities[said] for said in others)


@pytest.mark.slow
def test_rounding_makes_no_turn_of_a_story_unlikely() -> None:
    # Each window by itself, where thresholds were worked out from all of them at a time: of the same similarities, but
    # for the last bits, which differ from one processor to another. After one epoch most windows are still alike, so
    # that those with an intent, not those without, set its threshold.
    policy = trained(epochs=1)
    for before, said in TURNS_OF_STORIES:
        expectation = expected(policy, before, said)
        assert expectation.similarity - expectation.threshold > 5e-5


def is_unlikely_at(policy: UnexpecTEDIntentPolicy, similarity: float, others: float = 3.0) -> bool:
    """Whether "bye" (of the intents back, bye, greet, ...) is unlikely with this similarity; thresholds 1.0 to 0.05."""
    similarities = np.full(8, others, np.float32)
    similarities[1] = similarity
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(policy, "ask", lambda *_: SimpleNamespace(similarities=similarities[np.newaxis]))
        patch.setattr(policy, "_quantiles", {1: np.linspace(1.0, 0.05, QUANTILES, dtype=np.float32)})
        return is_unlikely(policy, LISTEN, user_uttered("bye"))


@pytest.mark.slow
def test_below_its_threshold_an_intent_is_unlikely_unless_it_is_the_likeliest(policy: UnexpecTEDIntentPolicy) -> None:
    assert is_unlikely_at(policy, 0.9)
    assert not is_unlikely_at(policy, 1.1)
    assert not is_unlikely_at(policy, 0.9, others=0.5)


@pytest.mark.parametrize(("tolerance", "threshold"), [(0.0, 1.0), (0.2, 0.8), (0.99, 0.05), (1.0, 0.05)])
def test_the_tolerance_picks_the_threshold(tolerance: float, threshold: float) -> None:
    asked = UnexpecTEDIntentPolicy(options(tolerance=tolerance), "UnexpecTEDIntentPolicy1")
    assert is_unlikely_at(asked, threshold - 0.01)
    assert not is_unlikely_at(asked, threshold + 0.01)


def test_ignored_intents_are_never_unlikely() -> None:
    ignoring = UnexpecTEDIntentPolicy(options(ignore_intents_list=["bye"]), "UnexpecTEDIntentPolicy1")
    assert not is_unlikely_at(ignoring, 0.5)


@pytest.mark.slow
def test_it_is_asked_only_right_after_a_known_intent(policy: UnexpecTEDIntentPolicy) -> None:
    surprise = (*GREETED, LISTEN, user_uttered("greet"))
    assert not is_unlikely(policy, *surprise, ActionExecuted("action_unlikely_intent"))
    assert not is_unlikely(policy)
    assert not is_unlikely(policy, LISTEN, user_uttered("unheard of"))
    assert not is_unlikely(policy, LISTEN, user_uttered("back")), "an intent of no story has no threshold"


def test_a_window_has_all_intents_that_follow_it() -> None:
    asked = UnexpecTEDIntentPolicy(options(max_history=2), "UnexpecTEDIntentPolicy1")
    found = asked.examples(training_trackers(STORIES, DOMAIN, augmentation_factor=0))
    assert found.labels == [["greet", "thank"], ["bye", "thank"], ["bye"]]
    assert [len(window) for window in found.states] == [1, 2, 2]
    assert found.states[1][-1]["prev_action"] == {"action_name": "utter_hello"}


@pytest.mark.shared
def test_windows_are_those_of_rasa_on_helpdesk() -> None:
    """With max_history 3 there are 102 windows before user turns, of up to 10 intents: counted by running Rasa.

    Rasa read the rules from a file after the stories, and each story under a name of its own. As the data is written,
    rules take numbers from stories, and two stories share an OR, so that others are concatenated: 101 windows.
    """
    root = need("assistants/helpdesk")
    assistant = load_assistant(root / "config.yml", root / "domain.yml", root / "data")
    trackers = [t for t in training_trackers(assistant.stories, assistant.domain) if not t.is_rule]
    found = UnexpecTEDIntentPolicy(options(max_history=3), "UnexpecTEDIntentPolicy1").examples(trackers)
    assert (len(found.states), max(map(len, found.labels))) == (102, 10)


def test_quantiles_fall_with_the_tolerance_and_never_pass_the_lowest_right_one() -> None:
    wrong = np.linspace(-1.0, 1.0, 41, dtype=np.float32)
    found = quantiles(np.array([0.55, 0.9], np.float32), wrong)
    assert found.shape == (QUANTILES,)
    assert 0.549 < found[0] < np.float32(0.55), "a hair below, for rounding"
    assert found[10] == pytest.approx(0.0)
    assert all(np.diff(found) <= 0)
    alone = quantiles(np.array([-3.0], np.float32), wrong[:0])
    assert alone.shape == (QUANTILES,)
    assert (alone > -3.001).all()
    assert (alone < np.float32(-3.0)).all()


@pytest.mark.slow
def test_a_saved_policy_loads_and_saves_the_same_files(policy: UnexpecTEDIntentPolicy, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    policy.save(first)
    UnexpecTEDIntentPolicy.load(options(), "UnexpecTEDIntentPolicy1", first).save(second)
    assert (first / "unexpected_intent_policy.label_quantiles.st").is_file()
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name
    meta = json.loads((first / "unexpected_intent_policy.meta.json").read_text())
    assert set(meta) == set(POLICIES["UnexpecTEDIntentPolicy"].defaults) | {"loss_type"}
    assert json.loads((first / "featurizer.json").read_text())["type"] == "IntentMaxHistoryTrackerFeaturizer"


@pytest.mark.slow
def test_missing_quantiles_are_an_error(policy: UnexpecTEDIntentPolicy, tmp_path: Path) -> None:
    policy.save(tmp_path)
    (tmp_path / "unexpected_intent_policy.label_quantiles.st").unlink()
    with pytest.raises(ModelError, match="label_quantiles"):
        UnexpecTEDIntentPolicy.load(options(), "UnexpecTEDIntentPolicy1", tmp_path)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_scale_loss_and_candidates_change_what_is_learned() -> None:
    def weights(**changes: Any) -> dict[str, Any]:
        model = trained(**{"epochs": 12, "learning_rate": 0.1, **changes})._model
        assert model is not None
        return values_of(model.weights)

    usual = weights()
    for changes in ({"scale_loss": False}, {"number_of_negative_examples": 2}):
        assert any(not np.array_equal(value, usual[path]) for path, value in weights(**changes).items()), changes


@pytest.mark.parametrize("changes", [{"tolerance": 1.5}, {"ignore_intents_list": "bye"}, {"epochs": 0}], ids=str)
def test_impossible_options_are_refused_by_name(changes: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=next(iter(changes))):
        valid_options("UnexpecTEDIntentPolicy", **changes)
