"""TEDPolicy: learning, files, options and refusals, on a bot of a few stories."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rebake.assistant.domain.names import action_names
from rebake.assistant.model import ActionStep, Domain, Entity, Intent, Slot, SlotStep, Story, StoryEntity, UserStep
from rebake.base.option_reader import OptionReader
from rebake.base.training_context import TrainingContext
from rebake.core.dialogue.events import ActionExecuted, Event, UserUttered, user_uttered
from rebake.core.dialogue.rule_only_data import RuleOnlyData
from rebake.core.dialogue.states import StateBuilder
from rebake.core.dialogue.tracker import Tracker, TrainingTracker
from rebake.core.featurizers import FeatureStates
from rebake.core.stories.generator import training_trackers
from rebake.core.ted.config import ted_config
from rebake.core.ted.data import StateEncoder, StateWidths, build_windows
from rebake.core.ted.labels import LabelRows
from rebake.core.ted.options import resolve_options
from rebake.core.ted.ted_policy import TEDPolicy, top_ranked
from rebake.errors import DataError, ModelError, UnsupportedError
from rebake.registry.lookup import POLICIES
from support.nlu import valid_options
from support.notices import PLACE, listening, said
from support.process import threads_after_loading
from support.weights import values_of

DOMAIN = Domain(
    intents=(Intent("greet"), Intent("order"), Intent("bye")),
    entities=(Entity("drink"),),
    slots=(Slot("size", "categorical", values=("small", "large")),),
    actions=("utter_hello", "utter_served", "utter_sold_out", "utter_bye"),
)
LISTEN = ActionExecuted("action_listen")
SMALL = {
    "transformer_size": {"dialogue": 8},
    "number_of_attention_heads": 2,
    "dense_dimension": {"intent": 6, "action_name": 6, "entities": 6, "slots": 6},
    "encoding_dimension": 8,
    "embedding_dimension": 6,
    "epochs": 1,
}

NO_NOISE = {"drop_rate": 0.0, "drop_rate_dialogue": 0.0}  # with it a network of so few units learns far more slowly


def story(name: str, *steps: UserStep | ActionStep | SlotStep, is_rule: bool = False) -> Story:
    return Story(name, steps, is_rule=is_rule)


GREET, BYE = UserStep("greet"), UserStep("bye")
ORDER = UserStep("order", entities=(StoryEntity("drink", "tea"),))
STORIES = (
    story("hello and bye", GREET, ActionStep("utter_hello"), BYE, ActionStep("utter_bye")),
    story("small", SlotStep("size", "small"), GREET, ActionStep("utter_hello"), ORDER, ActionStep("utter_served")),
    story("large", SlotStep("size", "large"), GREET, ActionStep("utter_hello"), ORDER, ActionStep("utter_sold_out")),
)


def options(**changes: Any) -> dict[str, Any]:
    return POLICIES["TEDPolicy"].merged(changes)


def trackers() -> list[TrainingTracker]:
    return training_trackers(STORIES, DOMAIN, augmentation_factor=0)


def trained(**changes: Any) -> tuple[TEDPolicy, dict[str, float]]:
    policy = TEDPolicy(options(**{**SMALL, **changes}), "TEDPolicy0")
    return policy, policy.train(trackers(), DOMAIN, TrainingContext())


def probabilities(policy: TEDPolicy, *events: Event) -> list[float]:
    return policy.predict(Tracker(StateBuilder(DOMAIN), events), DOMAIN, RuleOnlyData()).probabilities


def weights(policy: TEDPolicy) -> dict[str, Any]:
    assert policy._model is not None
    return values_of(policy._model.weights)


def after_order() -> tuple[Event, ...]:
    return (LISTEN, user_uttered("greet"), ActionExecuted("utter_hello"), LISTEN, user_uttered("order"))


@pytest.fixture(scope="module")
def small() -> TEDPolicy:
    return trained()[0]


@pytest.fixture
def eagerly() -> Iterator[None]:
    """Without traced functions: for a training of one step, tracing is most of the time."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def untrained_weights(**changes: Any) -> dict[str, Any]:
    from rebake.nn.ted.model import TedModel
    from rebake.nn.weights import Seeded

    rows = build_windows([], StateEncoder(FeatureStates.of(DOMAIN))).states.features
    widths = StateWidths({name: matrix.shape[1] for name, matrix in rows.items() if name != "active_loop"})
    count = len(action_names(DOMAIN))
    one_hot, places = np.eye(count, dtype=np.float32), np.arange(count, dtype=np.int32)
    labels = LabelRows(count, "label_action_name", one_hot, False, places, None, np.zeros(0, np.int32))
    resolved = resolve_options(options(**{**SMALL, **changes}), "TEDPolicy0", TrainingContext().warn)
    read = OptionReader(resolved, "TEDPolicy0")
    config = ted_config(read, widths, labels, whole_dialogues=False)
    return values_of(TedModel(Seeded(1), config, widths.as_inputs(), labels.as_input()).weights)


@pytest.mark.slow
def test_it_learns_the_actions_of_its_stories() -> None:
    wide = {"transformer_size": {"dialogue": 32}, "encoding_dimension": 20, "embedding_dimension": 20}
    policy, metrics = trained(epochs=60, learning_rate=0.01, **wide, **NO_NOISE)
    assert metrics["accuracy"] == 1.0
    builder = StateBuilder(DOMAIN)
    for tracker in trackers():
        for place, event in enumerate(tracker.events):
            if isinstance(event, ActionExecuted) and place:
                found = policy.predict(Tracker(builder, tracker.events[:place]), DOMAIN, RuleOnlyData())
                assert action_names(DOMAIN)[int(np.argmax(found.probabilities))] == event.name
                assert sum(found.probabilities) == pytest.approx(1.0, abs=1e-5)
                assert (found.policy, found.priority) == ("TEDPolicy", 1)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(small: TEDPolicy) -> None:
    again, _ = trained()
    other, _ = trained(random_seed=7)
    mine = weights(small)
    assert all(np.array_equal(value, weights(again)[path]) for path, value in mine.items())
    assert any(not np.array_equal(value, weights(other)[path]) for path, value in mine.items())


@pytest.mark.slow
def test_a_saved_policy_loads_with_the_same_probabilities_and_saves_the_same_files(
    small: TEDPolicy, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    small.save(first)
    loaded = TEDPolicy.load(small.options, "TEDPolicy0", first)
    for events in ((), (LISTEN, user_uttered("greet")), after_order()):
        assert probabilities(loaded, *events) == pytest.approx(probabilities(small, *events), abs=1e-6)
    loaded.save(second)
    assert sorted(p.name for p in first.iterdir()) == sorted(p.name for p in second.iterdir())
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


@pytest.mark.slow
def test_a_process_that_loads_it_shares_out_no_operation_among_threads(small: TEDPolicy, tmp_path: Path) -> None:
    small.save(tmp_path)
    assert threads_after_loading("rebake.core.ted.ted_policy:TEDPolicy", small.options, "TEDPolicy0", tmp_path) == "1"


@pytest.mark.slow
def test_the_files_are_those_that_rasa_reads(small: TEDPolicy, tmp_path: Path) -> None:
    small.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "featurizer.json",
        "ted_policy.data_example.st",
        "ted_policy.data_example_metadata.json",
        "ted_policy.entity_tag_specs.json",
        "ted_policy.fake_features.st",
        "ted_policy.fake_features_metadata.json",
        "ted_policy.label_data.st",
        "ted_policy.label_data_metadata.json",
        "ted_policy.meta.json",
        "ted_policy.priority.json",
        "ted_policy.tf_model.data-00000-of-00001",
        "ted_policy.tf_model.index",
    }
    meta = json.loads((tmp_path / "ted_policy.meta.json").read_text())
    assert set(meta) == set(POLICIES["TEDPolicy"].defaults)
    assert meta["similarity_type"] == "inner"
    assert meta["entity_recognition"] is False
    example = json.loads((tmp_path / "ted_policy.data_example_metadata.json").read_text())
    shape = {part["key"]: {c["key"]: c["number_of_dimensions"] for c in part["components"]} for part in example}
    turns = {"mask": 3, "sentence": 4}
    attributes = {"action_name": turns, "entities": turns, "intent": turns, "slots": turns}
    assert shape == {**attributes, "dialogue": {"length": 1}, "label": {"ids": 3}}
    assert list(shape) == sorted(shape)


@pytest.mark.slow
@pytest.mark.parametrize("option", ["dense_dimension", "embedding_dimension", "number_of_transformer_layers"])
def test_a_model_whose_options_are_broken_is_refused_by_the_option(
    option: str, small: TEDPolicy, tmp_path: Path
) -> None:
    small.save(tmp_path)
    meta = tmp_path / "ted_policy.meta.json"
    written = json.loads(meta.read_text())
    for broken in ({**written, option: "many"}, {name: value for name, value in written.items() if name != option}):
        meta.write_text(json.dumps(broken))
        with pytest.raises(ModelError, match=rf"{option}.*ted_policy\.meta\.json") as caught:
            TEDPolicy.load(small.options, "TEDPolicy0", tmp_path)
        assert caught.value.fix


@pytest.mark.slow
def test_a_model_that_tags_words_but_reads_no_texts_is_refused(small: TEDPolicy, tmp_path: Path) -> None:
    small.save(tmp_path)
    spec = {"tag_name": "entity", "ids_to_tags": {"0": "O"}, "tags_to_ids": {"O": 0}, "num_tags": 1}
    (tmp_path / "ted_policy.entity_tag_specs.json").write_text(json.dumps([spec]))
    meta = tmp_path / "ted_policy.meta.json"
    meta.write_text(json.dumps({**json.loads(meta.read_text()), "entity_recognition": True}))
    with pytest.raises(ModelError, match="reads no texts"):
        TEDPolicy.load(small.options, "TEDPolicy0", tmp_path)


def test_rules_are_not_learned_and_nothing_is_saved_without_stories(tmp_path: Path) -> None:
    policy = TEDPolicy(options(), "TEDPolicy0")
    rules = training_trackers([story("rule", GREET, ActionStep("utter_hello"), is_rule=True)], DOMAIN)
    context, notices = listening()
    assert policy.train(rules, DOMAIN, context) == {}
    assert said(notices) == f"{PLACE}: TEDPolicy is left untrained: there are no stories to learn from."
    assert probabilities(policy, LISTEN, user_uttered("greet")) == [0.0] * len(action_names(DOMAIN))
    policy.save(tmp_path)
    assert not list(tmp_path.iterdir())
    assert probabilities(TEDPolicy.load(options(), "TEDPolicy0", None)) == [0.0] * len(action_names(DOMAIN))


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_max_history_limits_what_is_seen() -> None:
    policy, _ = trained(max_history=1)
    greeted = (LISTEN, user_uttered("greet"), ActionExecuted("utter_hello"))
    parted = (LISTEN, user_uttered("bye"), ActionExecuted("utter_bye"))
    bye = (LISTEN, user_uttered("bye"))
    assert probabilities(policy, *greeted, *bye) == probabilities(policy, *parted, *bye)
    whole, _ = trained(max_history=None)
    assert probabilities(whole, *greeted, *bye) != probabilities(whole, *parted, *bye)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"scale_loss": False, "epochs": 20, "learning_rate": 0.1, "connection_density": 1.0},
        {"constrain_similarities": True},
        {"number_of_negative_examples": 3},
        {"learning_rate": 0.01},
        {"regularization_constant": 0.5},
        {"drop_rate": 0.5},
        {"drop_rate_dialogue": 0.6},
        {"drop_rate_attention": 0.5},
        {"batch_size": 2},
        {"batch_strategy": "sequence", "batch_size": 4},
        {"use_maximum_negative_similarity": False, "loss_type": "margin"},
        {"maximum_positive_similarity": 0.3, "loss_type": "margin"},
        {"maximum_negative_similarity": 2.0, "loss_type": "margin"},
        {"negative_margin_scale": 0.1, "loss_type": "margin"},
    ],
    ids=lambda changes: next(iter(changes)),
)
@pytest.mark.usefixtures("eagerly")
def test_options_of_training_change_what_is_learned(changes: dict[str, Any]) -> None:
    first = next(iter(changes))
    usual = {name: value for name, value in changes.items() if name != first}
    one, _ = trained(**usual)
    other, _ = trained(**changes)
    mine = weights(one)
    assert any(not np.array_equal(value, weights(other)[path]) for path, value in mine.items())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "path", "shape"),
    [
        ({"number_of_transformer_layers": {"dialogue": 2}}, "transformer.dialogue/_enc_layers/1/_mha/", None),
        ({"transformer_size": {"dialogue": 16}}, "transformer.dialogue/_embedding/kernel", (28, 16)),
        ({"use_key_relative_attention": True, "max_relative_position": 3}, "key_relative_embeddings", (2, 7, 4)),
        ({"use_value_relative_attention": True}, "value_relative_embeddings", (2, 11, 4)),
        ({"encoding_dimension": 9}, "encoding_layer.intent/_ffn_layers/0/kernel", (6, 9)),
        ({"embedding_dimension": 5}, "embed.dialogue/_dense/kernel", (8, 5)),
        (
            {"dense_dimension": {"slots": 3}},
            "sparse_dense_concat_layer.slots/_tf_layers/sparse_to_dense/kernel",
            (3, 3),
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_options_of_the_network_shape_its_variables(
    changes: dict[str, Any], path: str, shape: tuple[int, ...] | None
) -> None:
    found = {name: value for name, value in untrained_weights(**changes).items() if path in name}
    assert found
    assert shape is None or {value.shape for value in found.values()} == {shape}


@pytest.mark.slow
def test_full_connection_density_needs_no_masks(small: TEDPolicy) -> None:
    assert not [path for path in untrained_weights(connection_density=1.0) if path.endswith("kernel_mask")]
    masks = {path: value for path, value in weights(small).items() if path.endswith("kernel_mask")}
    assert masks
    for path, mask in masks.items():
        assert not np.any(weights(small)[path.removesuffix("_mask")][mask == 0]), "kernels are stored masked"


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_without_transformer_layers_only_the_last_turn_counts() -> None:
    policy, _ = trained(number_of_transformer_layers={"dialogue": 0})
    assert not [path for path in weights(policy) if path.startswith("transformer")]
    bye = (LISTEN, user_uttered("bye"))
    assert probabilities(policy, *after_order(), *bye) == pytest.approx(probabilities(policy, *bye), abs=1e-6)


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_margin_loss_gives_cosine_similarities(tmp_path: Path) -> None:
    policy, _ = trained(loss_type="margin")
    found = probabilities(policy, *after_order())
    assert all(-1.0001 <= value <= 1.0001 for value in found)
    assert sum(found) != pytest.approx(1.0, abs=1e-3)
    policy.save(tmp_path)
    meta = json.loads((tmp_path / "ted_policy.meta.json").read_text())
    assert (meta["similarity_type"], meta["model_confidence"]) == ("cosine", "auto")


@pytest.mark.slow
def test_ranking_length_keeps_the_highest_and_may_scale_them_to_one(small: TEDPolicy, tmp_path: Path) -> None:
    small.save(tmp_path)
    whole = probabilities(small, *after_order())
    for renormalize in (False, True):
        changed = {**small.options, "ranking_length": 2, "renormalize_confidences": renormalize}
        found = probabilities(TEDPolicy.load(changed, "TEDPolicy0", tmp_path), *after_order())
        kept = [index for index, value in enumerate(found) if value]
        assert sorted(kept) == sorted(np.argsort(whole)[::-1][:2].tolist())
        assert sum(found) == pytest.approx(1.0 if renormalize else sum(whole[index] for index in kept), abs=1e-6)


def test_a_ranking_as_long_as_the_actions_changes_nothing() -> None:
    confidences = np.array([0.5, 0.3, 0.2], np.float32)
    assert top_ranked(confidences, 3, renormalize=True) is confidences
    assert top_ranked(confidences, 0, renormalize=True) is confidences


@pytest.mark.parametrize(
    ("changes", "error", "names"),
    [
        ({"evaluate_on_number_of_examples": -1}, DataError, "evaluate_on_number_of_examples"),
        ({"tensorboard_log_level": "step", "tensorboard_log_directory": "logs"}, DataError, "tensorboard_log_level"),
        ({"featurizers": ["count"]}, UnsupportedError, "featurizers"),
        ({"featurizer": [{"name": "FullDialogueTrackerFeaturizer"}]}, DataError, "state_featurizer"),
        ({"featurizer": [{"name": "IntentMaxHistoryTrackerFeaturizer"}]}, DataError, "IntentMaxHistory"),
        ({"featurizer": "FullDialogueTrackerFeaturizer"}, DataError, "featurizer"),
        ({"epochs": 0}, DataError, "epochs"),
        ({"batch_size": [1, 2, 3]}, DataError, "batch_size"),
        ({"batch_strategy": "random"}, DataError, "batch_strategy"),
        ({"loss_type": "softmax"}, DataError, "loss_type"),
        ({"similarity_type": "cosine"}, DataError, "similarity_type"),
        ({"model_confidence": "linear_norm"}, DataError, "model_confidence"),
        ({"number_of_attention_heads": 3}, DataError, "transformer_size"),
        ({"transformer_size": 128}, DataError, "transformer_size"),
        ({"dense_dimension": 20}, DataError, "dense_dimension"),
        ({"drop_rate_dialogue": 1.5}, DataError, "drop_rate_dialogue"),
        ({"connection_density": 2}, DataError, "connection_density"),
        ({"max_history": 0}, DataError, "max_history"),
        ({"evaluate_every_number_of_epochs": 0}, DataError, "evaluate_every_number_of_epochs"),
        (
            {"loss_type": "margin", "ranking_length": 3, "renormalize_confidences": True},
            DataError,
            "renormalize_confidences",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_what_cannot_be_trained_is_refused_by_name(changes: dict[str, Any], error: type[Exception], names: str) -> None:
    with pytest.raises(error, match=names) as refusal:
        valid_options("TEDPolicy", **changes)
    assert "TEDPolicy" in str(refusal.value)


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_evaluation_after_the_last_epoch_is_written_as_its_number() -> None:
    policy, _ = trained(evaluate_every_number_of_epochs=-1, epochs=2)
    assert policy._files is not None
    assert policy._files.options["evaluate_every_number_of_epochs"] == 2


@pytest.mark.slow
def test_stories_without_user_turns_are_refused() -> None:
    lonely = training_trackers([story("alone", ActionStep("utter_hello"), ActionStep("utter_bye"))], DOMAIN)
    with pytest.raises(DataError, match="user turn"):
        TEDPolicy(options(), "TEDPolicy0").train(lonely, DOMAIN, TrainingContext())


@pytest.mark.slow
def test_a_truncated_checkpoint_is_an_error_and_not_a_bot_that_answers_nonsense(
    small: TEDPolicy, tmp_path: Path
) -> None:
    small.save(tmp_path)
    path = tmp_path / "ted_policy.tf_model.index"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelError):
        TEDPolicy.load(small.options, "TEDPolicy0", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["label_data_metadata.json", "fake_features_metadata.json", "priority.json", "label_data.st"]
)
def test_a_missing_file_is_an_error_that_names_it(small: TEDPolicy, tmp_path: Path, name: str) -> None:
    small.save(tmp_path)
    (tmp_path / f"ted_policy.{name}").unlink()
    with pytest.raises(ModelError, match=name.partition(".")[0].removesuffix("_metadata")):
        TEDPolicy.load(small.options, "TEDPolicy0", tmp_path)


def test_an_unknown_name_is_a_row_of_zeros_and_an_absent_part_is_none() -> None:
    tables = FeatureStates.of(DOMAIN)
    said = {"prev_action": {"action_name": "action_listen"}, "user": {"intent": "unheard of"}}
    windows = build_windows([[{}, said], [said], []], StateEncoder(tables))
    assert windows.lengths.tolist() == [2, 1, 1]
    newest, oldest = windows.rows[0]
    assert windows.rows[1, 0] == newest
    assert windows.rows[2, 0] == oldest
    assert windows.states.present["intent"][newest]
    assert not windows.states.features["intent"][newest].any()
    assert not any(present[oldest] for present in windows.states.present.values())
    assert windows.states.widths == StateWidths({"action_name": 17, "intent": 8})


def test_what_the_user_said_counts_only_in_the_turn_after_listening() -> None:
    tables = FeatureStates.of(DOMAIN)
    later = {"prev_action": {"action_name": "utter_hello"}, "user": {"intent": "greet"}}
    assert not build_windows([[later]], StateEncoder(tables)).states.present["intent"].any()


@pytest.mark.slow
def test_user_uttered_events_without_intent_do_not_break_predictions(small: TEDPolicy) -> None:
    found = probabilities(small, LISTEN, UserUttered(None))
    assert len(found) == len(action_names(DOMAIN))


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_held_out_examples_are_measured_and_logged_and_the_best_weights_kept(tmp_path: Path) -> None:
    held_out = {"evaluate_on_number_of_examples": 6, "evaluate_every_number_of_epochs": 1, "checkpoint_model": True}
    logs = tmp_path / "logs"
    policy, figures = trained(**held_out, epochs=3, tensorboard_log_directory=str(logs))
    assert 0.0 <= figures["val_accuracy"] <= 1.0
    assert figures["val_loss"] == pytest.approx(figures["val_labels_loss"])
    assert {path.name for path in logs.iterdir()} == {"train", "validation"}
    assert policy._files is not None
    assert policy._files.options["checkpoint_model"] is True


FULL_DIALOGUE = [{"name": "FullDialogueTrackerFeaturizer", "state_featurizer": [{"name": "SingleStateFeaturizer"}]}]


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_whole_dialogues_are_learned_action_by_action_and_read_up_to_the_last_turn(tmp_path: Path) -> None:
    policy, figures = trained(featurizer=FULL_DIALOGUE, epochs=20, learning_rate=0.05, **NO_NOISE)
    assert figures["accuracy"] >= 0.8
    found = policy.examples(trackers())
    assert [len(states) for states in found.states] == [len(labels) for labels in found.labels] == [5, 5, 5]
    policy.save(tmp_path)
    assert json.loads((tmp_path / "featurizer.json").read_text())["type"] == "FullDialogueTrackerFeaturizer"
    loaded = TEDPolicy.load(policy.options, "TEDPolicy0", tmp_path)
    assert probabilities(loaded, *after_order()) == pytest.approx(probabilities(policy, *after_order()), abs=1e-6)


def test_whole_dialogues_cannot_be_held_out() -> None:
    with pytest.raises(DataError, match="held out"):
        valid_options("TEDPolicy", featurizer=FULL_DIALOGUE, evaluate_on_number_of_examples=1)
