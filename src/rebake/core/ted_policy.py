"""TEDPolicy: the transformer embedding dialogue policy, for stories by intent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rebake.assistant.domain import action_names
from rebake.assistant.model import Domain
from rebake.core.end_to_end import EndToEndFeatures
from rebake.core.featurizers import FeatureStates
from rebake.core.policy import PolicyPrediction, RuleOnlyData
from rebake.core.states import State
from rebake.core.ted_learner import TedLearner
from rebake.core.ted_options import SOFTMAX, resolve_options
from rebake.core.tracker import Tracker, TrainingTracker

if TYPE_CHECKING:
    from rebake.nn.ted_model import TedModel


class TEDPolicy(TedLearner):
    """Learns from stories (never from rules) which action follows a window of states.

    Untrained, as after training without stories, it predicts 0 for every action and saves nothing, as in Rasa.
    """

    prefix = "ted_policy"
    labels = "label_action_name"

    @staticmethod
    def model_class() -> type[TedModel]:
        from rebake.nn.ted_model import TedModel

        return TedModel

    def resolved_options(self) -> dict[str, Any]:
        return resolve_options(self.options, self.node)

    def label_table(self, tables: FeatureStates) -> dict[str, int]:
        return tables.action_name

    def examples(self, stories: Sequence[TrainingTracker]) -> tuple[list[list[State]], list[list[str]]]:
        found = self.featurizer.examples(stories, ignore_unlikely_intent=True)
        return found.states, [[label] for label in found.labels]

    def predict(
        self,
        tracker: Tracker,
        domain: Domain,
        rule_only: RuleOnlyData,
        end_to_end: EndToEndFeatures | None = None,  # noqa: ARG002
    ) -> PolicyPrediction:
        """Confidence of every action after all events of the tracker."""
        confidences = self.confidences(self.featurizer.prediction_states(tracker, rule_only=rule_only))
        if confidences is None or self._files is None:
            return self.prediction([0.0] * len(action_names(domain)))
        renormalize = self.options["renormalize_confidences"] and self._files.options["model_confidence"] == SOFTMAX
        length = self.options["ranking_length"]
        return self.prediction(top_ranked(confidences, length, renormalize=bool(renormalize)).tolist())


def top_ranked(confidences: NDArray[np.float32], length: int, *, renormalize: bool) -> NDArray[np.float32]:
    """Zeroes all but the ``length`` highest (0 = keeps all), which may then be scaled to sum to 1."""
    if not 0 < length < len(confidences):
        return confidences
    kept = np.zeros_like(confidences)
    highest = np.argsort(confidences)[::-1][:length]
    kept[highest] = confidences[highest]
    total = kept.sum()
    return kept / total if renormalize and total > 0 else kept
