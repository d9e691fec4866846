"""MemoizationPolicy: does what the stories did in exactly the same situation."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from rebake.archive.json_files import read_json, write_json
from rebake.assistant.domain.names import action_names
from rebake.assistant.model import Domain
from rebake.base.names import named
from rebake.base.training_context import TrainingContext
from rebake.core.dialogue.rule_only_data import RuleOnlyData
from rebake.core.dialogue.states import State
from rebake.core.dialogue.tracker import Tracker, TrainingTracker
from rebake.core.end_to_end import EndToEndFeatures
from rebake.core.featurizers import Examples, TrackerFeaturizer
from rebake.core.policy import PolicyPrediction
from rebake.errors import RETRAIN, ModelError

FILE = "memorized_turns.json"


def memory_key(states: Sequence[State]) -> str:
    """Return states as one string; Rasa leaves out the quotes."""
    return json.dumps(states, sort_keys=True).replace('"', "")


def unambiguous(pairs: Iterable[tuple[str | None, str]]) -> dict[str, str]:
    """key -> action, without the keys that lead to different actions and without empty ones."""
    lookup: dict[str, str] = {}
    ambiguous: set[str] = set()
    for key, action in pairs:
        if not key or key in ambiguous:
            continue
        if lookup.setdefault(key, action) != action:
            ambiguous.add(key)
            del lookup[key]
    return lookup


def single_action(domain: Domain, action: str | None, score: float, policy: str) -> list[float]:
    """Probabilities [n_actions]: the score for one action, or zeros. ModelError if the domain lacks the action."""
    names = action_names(domain)
    probabilities = [0.0] * len(names)
    if action is not None:
        if action not in names:
            raise ModelError(f"{policy} predicts '{action}', which is no action of the model's domain.", fix=RETRAIN)
        probabilities[names.index(action)] = score
    return probabilities


def score_of(tracker: Tracker, options: Mapping[str, Any]) -> float:
    """1.0, or with ``use_nlu_confidence_as_score`` the confidence of the last message's intent."""
    message = tracker.now.message
    return message.confidence if options["use_nlu_confidence_as_score"] and message is not None else 1.0


class MemoizationPolicy:
    """Remembers the last ``max_history`` states of the stories with the action that followed.

    Options that act: max_history, priority, use_nlu_confidence_as_score, enable_feature_string_compression.
    """

    name: ClassVar[str] = "MemoizationPolicy"

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.options = options
        self.node = node
        self.featurizer = TrackerFeaturizer(options["max_history"])
        self.lookup: dict[str, str] = {}

    def train(
        self,
        trackers: Sequence[TrainingTracker],
        domain: Domain,  # noqa: ARG002
        context: TrainingContext,  # noqa: ARG002
        end_to_end: EndToEndFeatures | None = None,  # noqa: ARG002
    ) -> dict[str, float]:
        """Remember the stories; rules and augmented stories do not count, contradictions are forgotten."""
        stories = [tracker for tracker in trackers if not tracker.is_augmented and not tracker.is_rule]
        examples: Examples = self.featurizer.examples(stories)
        self.lookup = unambiguous(zip(map(memory_key, examples.states), examples.labels, strict=True))
        return {"memorized_turns": float(len(self.lookup))}

    def predict(
        self,
        tracker: Tracker,
        domain: Domain,
        rule_only: RuleOnlyData,
        end_to_end: EndToEndFeatures | None = None,  # noqa: ARG002
    ) -> PolicyPrediction:
        """Predict the remembered action, or zeros."""
        states = self.featurizer.prediction_states(tracker, rule_only=rule_only)
        action = self.recall(states, tracker, rule_only)
        probabilities = single_action(domain, action, score_of(tracker, self.options), self.node)
        return PolicyPrediction(probabilities, self.name, self.options["priority"])

    def recall(self, states: Sequence[State], tracker: Tracker, rule_only: RuleOnlyData) -> str | None:  # noqa: ARG002
        """Return what followed exactly these states in a story."""
        return self.lookup.get(memory_key(states))

    def save(self, directory: Path) -> None:
        """Write ``memorized_turns.json`` and ``featurizer.json``."""
        self.featurizer.save(directory)
        lookup = self.lookup
        if self.options["enable_feature_string_compression"]:
            # Rasa compares the compressed bytes, so they must be what its Python's zlib makes of the key.
            lookup = {b64encode(zlib.compress(key.encode())).decode(): action for key, action in lookup.items()}
        write_json(directory / FILE, {"lookup": lookup})

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        """Read the two files. Raises ModelError."""
        if directory is None:
            raise ModelError(f"{named(node)} has no directory in the model.", fix=RETRAIN)
        policy = cls(options, node)
        policy.featurizer = TrackerFeaturizer.load(directory)
        content = read_json(directory / FILE)
        try:
            policy.lookup = content["lookup"]
            if options["enable_feature_string_compression"]:
                policy.lookup = {
                    zlib.decompress(b64decode(key)).decode(): action for key, action in policy.lookup.items()
                }
        except (KeyError, TypeError, AttributeError, ValueError, zlib.error, Base64Error) as error:
            raise ModelError(f"{directory.name}/{FILE} contains no memorized turns: {error}.", fix=RETRAIN) from error
        return policy
