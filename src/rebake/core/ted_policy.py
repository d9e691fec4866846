"""TEDPolicy: the transformer embedding dialogue policy, for stories by intent (RASA36.md sections 2.11, 4.1, 4.2)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from rebake.assistant.domain import action_names
from rebake.assistant.model import Domain
from rebake.core.featurizers import FULL_DIALOGUE, FeatureStates, TrackerFeaturizer
from rebake.core.policy import PolicyPrediction, RuleOnlyData
from rebake.core.ted_data import Windows, build_windows
from rebake.core.ted_files import TedFiles, example_arrays, read_ted_files, write_ted_files
from rebake.core.ted_options import resolve_options
from rebake.core.tracker import Tracker, TrainingTracker
from rebake.errors import DataError, ModelError, UnsupportedError
from rebake.nlu.component import TrainingContext

if TYPE_CHECKING:
    from rebake.nn.ted_model import DialogueBatch, TedModel

logger = logging.getLogger("rebake")

PREFIX = "ted_policy"


class TEDPolicy:
    """Learns from stories (never from rules) which action follows a window of states.

    Untrained, as after training without stories, it predicts 0 for every action and saves nothing, as in Rasa.
    """

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.options = dict(options)
        self.node = node
        self.featurizer = TrackerFeaturizer(self.options["max_history"])
        self._model: TedModel | None = None
        self._files: TedFiles | None = None

    def train(self, trackers: Sequence[TrainingTracker], domain: Domain, context: TrainingContext) -> dict[str, float]:
        """Train on the story trackers, augmented ones included.

        Returns:
            "loss" of the last epoch and "accuracy" on the distinct training examples; empty without examples.

        Raises:
            DataError: an option's value is not possible, or the stories hold no user turn.
            UnsupportedError: an option or end-to-end training that rebake does not have.
        """
        from rebake.nn.ted_model import TedModel

        options = resolve_options(self.options, self.node)
        tables = FeatureStates.of(domain)
        if tables.action_texts:
            raise UnsupportedError(
                f"{self.node}: rebake does not train on bot texts of end-to-end stories yet.",
                location=domain.location,
                fix="Use actions with names.",
            )
        self.featurizer = TrackerFeaturizer(options["max_history"], feature_states=tables)
        stories = [tracker for tracker in trackers if not tracker.is_rule]
        examples = self.featurizer.examples(stories, ignore_unlikely_intent=True)
        if not examples.labels:
            logger.warning("%s is not trained, as there are no stories to learn from.", self.node)
            return {}
        if options.get("max_training_samples") is not None:
            logger.warning("%s: max_training_samples has no effect, neither in Rasa 3.6 nor here.", self.node)
        windows = build_windows(examples.states, tables)
        labels = self._label_ids(examples.labels, tables)
        widths = windows.states.widths
        self._require_user_turns(widths)
        one_hot = np.eye(len(tables.action_name), dtype=np.float32)
        example = example_arrays(widths, windows.turns(0), int(labels[0]))
        self._files = TedFiles(options, options["priority"], widths, one_hot, example)
        seed = context.seed if options["random_seed"] is None else int(options["random_seed"])
        self._model, metrics = TedModel.train(
            options,
            widths,
            one_hot,
            _batch(windows),
            labels,
            seed=seed,
            num_threads=context.num_threads,
            name=self.node,
            progress=context.progress,
        )
        return metrics

    def predict(self, tracker: Tracker, domain: Domain, rule_only: RuleOnlyData) -> PolicyPrediction:
        """Confidence of every action after all events of the tracker."""
        if self._model is None or self._files is None or self.featurizer.feature_states is None:
            return self._prediction(np.zeros(len(action_names(domain)), np.float32))
        states = self.featurizer.prediction_states(tracker, rule_only=rule_only)
        confidences = self._model.confidences(_batch(build_windows([states], self.featurizer.feature_states)))[0]
        softmax = self._files.options["model_confidence"] == "softmax"
        renormalize = bool(self.options["renormalize_confidences"]) and softmax
        return self._prediction(top_ranked(confidences, self.options["ranking_length"], renormalize=renormalize))

    def save(self, directory: Path) -> None:
        """Write the files that Rasa 3.6.21 reads; none if nothing was learned."""
        if self._model is None or self._files is None:
            return
        self.featurizer.save(directory)
        write_ted_files(directory, PREFIX, self._files)
        self._model.save(directory / f"{PREFIX}.tf_model")

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        """Read what :meth:`save` or Rasa wrote; without files the policy is untrained.

        Raises:
            ModelError: files are missing or broken.
            UnsupportedError: the policy was trained end to end, or on whole dialogues.
        """
        policy = cls(options, node)
        if directory is None or not (directory / f"{PREFIX}.meta.json").is_file():
            return policy
        from rebake.nn.ted_model import TedModel

        policy.featurizer = TrackerFeaturizer.load(directory)
        if policy.featurizer.type == FULL_DIALOGUE or policy.featurizer.feature_states is None:
            raise UnsupportedError(
                f"{node} was trained with a featurizer that rebake does not have.", fix="Train again."
            )
        files = read_ted_files(directory, PREFIX)
        policy._files = files
        prefix = directory / f"{PREFIX}.tf_model"
        try:
            policy._model = TedModel.load(prefix, files.options, files.widths, files.label_features)
        except (KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                f"{PREFIX}.meta.json in {directory} lacks an option ({error}).", fix="Train again."
            ) from error
        return policy

    def _label_ids(self, names: Sequence[str], tables: FeatureStates) -> NDArray[np.int32]:
        unknown = sorted(set(names) - set(tables.action_name))
        if unknown:
            raise DataError(f"{self.node}: the domain has no action '{unknown[0]}'.", fix="Add it to the domain.")
        return np.array([tables.action_name[name] for name in names], np.int32)

    def _require_user_turns(self, widths: Mapping[str, int]) -> None:
        if "intent" not in widths:
            raise DataError(f"{self.node}: no story holds a user turn with an intent.", fix="Add one to the stories.")

    def _prediction(self, confidences: NDArray[np.float32]) -> PolicyPrediction:
        return PolicyPrediction(confidences.tolist(), type(self).__name__, self.options["priority"])


def top_ranked(confidences: NDArray[np.float32], length: int, *, renormalize: bool) -> NDArray[np.float32]:
    """Zeroes all but the ``length`` highest (0 = keeps all), which may then be scaled to sum to 1."""
    if not 0 < length < len(confidences):
        return confidences
    kept = np.zeros_like(confidences)
    highest = np.argsort(confidences)[::-1][:length]
    kept[highest] = confidences[highest]
    total = kept.sum()
    return kept / total if renormalize and total > 0 else kept


def _batch(windows: Windows) -> DialogueBatch:
    from rebake.nn.ted_model import DialogueBatch

    return DialogueBatch(windows.rows, windows.lengths, windows.states.features, windows.states.present)
