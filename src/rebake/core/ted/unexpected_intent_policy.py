"""UnexpecTEDIntentPolicy: marks intents that no story leads one to expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from rebake.assistant.domain.names import action_names, intent_names
from rebake.assistant.model import Domain
from rebake.base.tensors import write_tensors
from rebake.core.dialogue.events import ACTION_UNLIKELY_INTENT, ActionExecuted, UserUttered
from rebake.core.dialogue.rule_only_data import RuleOnlyData
from rebake.core.dialogue.states import State, follows_listen, follows_unlikely_intent, freeze
from rebake.core.dialogue.tracker import Tracker, TrainingTracker
from rebake.core.end_to_end import EndToEndFeatures
from rebake.core.featurizers import TrackerFeaturizer
from rebake.core.policy import PolicyPrediction
from rebake.core.ted.examples import TedExamples
from rebake.core.ted.learner import TedLearner
from rebake.core.ted.options import resolve_intent_options
from rebake.errors import RETRAIN, ModelError

if TYPE_CHECKING:
    from rebake.nn.ted.dialogue_data import Dialogues
    from rebake.nn.ted.model import TedModel

QUANTILES = 20  # of the similarities of windows that an intent does not follow: 100 %, 95 %, ... 5 %
ROUNDING = 1e-4
"""How far thresholds stay below the lowest similarity of a window that the intent does follow: alone, as a conversation
brings it, and on a server's processor, its similarity is the same but for rounding. As much as rebake's and Rasa's
results may differ by (parity/compare.py)."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """Of an intent, after what came before it.

    Attributes:
        similarity: of the intent and the dialogue.
        threshold: below it the intent is unlikely. Mostly one of the similarities of the training windows, so the
            similarity of that window may be equal to it but for the order of float32 sums.
        is_likeliest: no other intent is more similar.
    """

    similarity: float
    threshold: float
    is_likeliest: bool

    @property
    def is_unlikely(self) -> bool:
        return self.similarity < self.threshold and not self.is_likeliest


class UnexpecTEDIntentPolicy(TedLearner):
    """Learns which intents may follow a window of states, and from which similarity on each is expected.

    Predicts ``action_unlikely_intent`` with 1.0 right after an unexpected intent, and 0 for every action otherwise.
    """

    prefix = "unexpected_intent_policy"
    label = "intent"

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        super().__init__(options, node)
        self._quantiles: dict[int, NDArray[np.float32]] = {}

    @staticmethod
    def model_class() -> type[TedModel]:
        from rebake.nn.ted.intent_network import IntentTedModel

        return IntentTedModel

    def resolved_options(self, warn: Callable[[str], None]) -> dict[str, Any]:
        return resolve_intent_options(self.options, self.node, warn)

    def examples(self, stories: Sequence[TrainingTracker]) -> TedExamples:
        """Return one example per distinct window before a user turn; its labels are the intents after it, sorted."""
        windows: dict[tuple[Any, ...], list[State]] = {}
        intents: dict[tuple[Any, ...], set[str]] = {}
        for tracker in stories:
            for states, intent in _windows_before_user_turns(tracker):
                window = states[-self.featurizer.max_history :] if self.featurizer.max_history else states
                key = tuple(freeze(state) for state in window)
                windows.setdefault(key, window)
                intents.setdefault(key, set()).add(intent)
        return TedExamples(list(windows.values()), [sorted(intents[key]) for key in windows])

    def learned(self, data: Dialogues, ids: NDArray[np.int32]) -> dict[str, float]:
        """Work out the quantiles that thresholds are picked from."""
        if self._model is None:
            return {}
        similarities = self._model.similarities(data)
        for intent in sorted(set(ids.ravel().tolist()) - {-1}):
            follows = (ids == intent).any(axis=1)
            self._quantiles[intent] = quantiles(similarities[follows, intent], similarities[~follows, intent])
        return {}

    def predict(
        self,
        tracker: Tracker,
        domain: Domain,
        rule_only: RuleOnlyData,
        end_to_end: EndToEndFeatures | None = None,
    ) -> PolicyPrediction:
        """Predict 1.0 on ``action_unlikely_intent`` if the tracker ends with an intent that was not to be expected."""
        names = action_names(domain)
        probabilities = [0.0] * len(names)
        expectation = self.expectation(tracker, domain, rule_only, end_to_end)
        if expectation is not None and expectation.is_unlikely:
            probabilities[names.index(ACTION_UNLIKELY_INTENT)] = 1.0
        return self.prediction(probabilities)

    def expectation(
        self, tracker: Tracker, domain: Domain, rule_only: RuleOnlyData, end_to_end: EndToEndFeatures | None = None
    ) -> Expectation | None:
        """Return how expected the intent is that the tracker ends with; None where it is not asked for."""
        intent = _intent_just_said(tracker)
        intents = intent_names(domain)
        if intent not in intents or intent in self.options["ignore_intents_list"]:
            return None
        index = intents.index(intent)
        prediction = self.ask([self._window(tracker, rule_only)], end_to_end)
        if prediction is None or index not in self._quantiles:
            return None
        similarities = prediction.similarities[0]
        choices = self._quantiles[index]
        threshold = float(choices[min(int(self.options["tolerance"] * len(choices)), len(choices) - 1)])
        return Expectation(float(similarities[index]), threshold, is_likeliest=int(np.argmax(similarities)) == index)

    def _window(self, tracker: Tracker, rule_only: RuleOnlyData) -> list[State]:
        """The states before the last user turn, cut to ``max_history`` of them."""
        states = TrackerFeaturizer().prediction_states(tracker, rule_only=rule_only)
        if states and follows_listen(states[-1]):
            states = states[:-1]
        return states[-self.featurizer.max_history :] if self.featurizer.max_history else states

    def save(self, directory: Path) -> None:
        """Write the files that Rasa 3.6.21 reads; none if nothing was learned."""
        super().save(directory)
        if self._model is not None:
            tensors = {str(intent): values for intent, values in self._quantiles.items()}
            write_tensors(directory / f"{self.prefix}.label_quantiles.st", tensors)

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        """As :meth:`TedLearner.load`."""
        policy = super().load(options, node, directory)
        if directory is not None and policy._model is not None:
            name = f"{cls.prefix}.label_quantiles.st"
            try:
                tensors = load_file(directory / name)
                policy._quantiles = {int(intent): values for intent, values in tensors.items()}
            except (OSError, SafetensorError, ValueError) as error:
                raise ModelError(f"{name} in {directory} is missing or broken ({error}).", fix=RETRAIN) from error
        return policy


def quantiles(right: NDArray[np.float32], wrong: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 [20]: quantiles of similarities where an intent does not follow, all below the lowest where it does.

    A tolerance of 0.2 takes the fifth, so that a fifth of the windows without the intent would let it pass.
    """
    lowest = right.min() - ROUNDING * (1 + np.abs(right.min()))
    if not len(wrong):
        return np.full(QUANTILES, lowest, np.float32)
    shares = [1 - percent / 100.0 for percent in range(0, 100, 100 // QUANTILES)]
    values: NDArray[np.float32] = np.minimum(np.quantile(wrong, shares, method="lower"), lowest).astype(np.float32)
    return values


def _windows_before_user_turns(tracker: TrainingTracker) -> list[tuple[list[State], str]]:
    """The states before each user turn (not that of the listening before it), and the intent that was said.

    Empty where a turn has no intent or an action no name: end to end, this policy cannot learn from it.
    """
    states = [state for state in tracker.past_states() if not follows_unlikely_intent(state)]
    found: list[tuple[list[State], str]] = []
    actions = 0
    for event in tracker.applied_events():
        if isinstance(event, ActionExecuted):
            if event.name is None:
                return []
            actions += event.name != ACTION_UNLIKELY_INTENT
        elif isinstance(event, UserUttered):
            if event.intent is None:
                return []
            found.append((states[:actions], event.intent))
    return found


def _intent_just_said(tracker: Tracker) -> str | None:
    """The intent of the last user turn, if no action followed it."""
    for event in reversed(tracker.applied_events()):
        if isinstance(event, ActionExecuted):
            return None
        if isinstance(event, UserUttered):
            return event.intent
    return None
