"""TEDPolicy: the transformer embedding dialogue policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rebake.assistant.domain.names import action_names
from rebake.assistant.model import Domain
from rebake.core.dialogue.events import ACTION_LISTEN, EntitiesAdded
from rebake.core.dialogue.rule_only_data import RuleOnlyData
from rebake.core.dialogue.tracker import Tracker, TrainingTracker
from rebake.core.end_to_end import EndToEndFeatures
from rebake.core.policy import PolicyPrediction
from rebake.core.ted.entities import entities_found
from rebake.core.ted.examples import TedExamples, whole_dialogues
from rebake.core.ted.learner import TedLearner
from rebake.core.ted.options import resolve_options
from rebake.registry.tracker_featurizers import FULL_DIALOGUE

if TYPE_CHECKING:
    from rebake.nn.ted.model import TedModel, TedPrediction


class TEDPolicy(TedLearner):
    """Learns from stories (never from rules) which action follows a window of states.

    Untrained, as after training without stories, it predicts 0 for every action and saves nothing, as in Rasa.
    """

    prefix = "ted_policy"
    label = "action_name"

    @staticmethod
    def model_class() -> type[TedModel]:
        from rebake.nn.ted.model import TedModel

        return TedModel

    def resolved_options(self, warn: Callable[[str], None]) -> dict[str, Any]:
        return resolve_options(self.options, self.node, warn)

    def examples(self, stories: Sequence[TrainingTracker]) -> TedExamples:
        if self.featurizer.type == FULL_DIALOGUE:
            return whole_dialogues(stories)
        found = self.featurizer.examples(stories, ignore_unlikely_intent=True)
        return TedExamples(found.states, [[label] for label in found.labels], [[said] for said in found.messages])

    def predict(
        self,
        tracker: Tracker,
        domain: Domain,
        rule_only: RuleOnlyData,
        end_to_end: EndToEndFeatures | None = None,
    ) -> PolicyPrediction:
        """Predict the confidence of every action after all events of the tracker.

        Where the model knows both intents and texts, the last user turn is seen by its intent and by its text; the text
        decides if it is sure enough of itself and surer than the intent.
        """
        reads_texts = self._files is not None and "text" in self._files.widths.texts
        only_texts = reads_texts and self._files is not None and "intent" not in self._files.widths.names
        after_user = tracker.now.latest_action_name == ACTION_LISTEN
        seen = [only_texts, True] if reads_texts and not only_texts and after_user else [only_texts]
        windows = [self.featurizer.prediction_states(tracker, use_text=text, rule_only=rule_only) for text in seen]
        prediction = self.ask(windows, end_to_end, tagged=len(seen) - 1 if seen[-1] and after_user else None)
        if prediction is None or self._model is None:
            return self.prediction([0.0] * len(action_names(domain)))
        chosen = self._chosen(prediction)
        by_text = bool(seen[chosen])
        renormalize = bool(self.options["renormalize_confidences"]) and self._model.config.softmax
        length = self.options["ranking_length"]
        result = self.prediction(top_ranked(prediction.confidences[chosen], length, renormalize=renormalize).tolist())
        result.is_end_to_end = by_text
        if by_text and after_user:
            result.optional_events = self._entities(prediction, tracker, end_to_end)
        return result

    def _chosen(self, prediction: TedPrediction) -> int:
        """The window that decides: 0, or 1 with the text of the last user turn."""
        if len(prediction.confidences) < 2:
            return 0
        by_intent, by_text = prediction.similarities.max(axis=1)
        return int(prediction.confidences[1].max() > self.options["e2e_confidence_threshold"] and by_text > by_intent)

    def _entities(
        self, prediction: TedPrediction, tracker: Tracker, end_to_end: EndToEndFeatures | None
    ) -> tuple[EntitiesAdded, ...]:
        text = None if tracker.now.message is None else tracker.now.message.text
        if not len(prediction.tags) or text is None or end_to_end is None or self._files is None:
            return ()
        assert self._files.tag_spec is not None
        message = end_to_end.message("text", text)
        found = entities_found(
            message, self._files.tag_spec, prediction.tags[-1], prediction.tag_confidences[-1], self.options
        )
        return () if found is None else (found,)


def top_ranked(confidences: NDArray[np.float32], length: int, *, renormalize: bool) -> NDArray[np.float32]:
    """Zero all but the ``length`` highest (0 = keeps all), which may then be scaled to sum to 1."""
    if not 0 < length < len(confidences):
        return confidences
    kept = np.zeros_like(confidences)
    highest = np.argsort(confidences)[::-1][:length]
    kept[highest] = confidences[highest]
    total = kept.sum()
    return kept / total if renormalize and total > 0 else kept
