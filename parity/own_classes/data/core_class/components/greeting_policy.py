"""A policy that answers an intent with the action that most often follows it in the stories."""

from __future__ import annotations

import json
from typing import Any

from rasa.core.policies.policy import Policy, PolicyPrediction
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from components.counting import Followers


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class MostFrequentPolicy(Policy):
    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"priority": 2, "confidence": 0.6}

    def __init__(self, config, model_storage, resource, execution_context, featurizer=None, follows=None) -> None:
        super().__init__(config, model_storage, resource, execution_context, featurizer)
        self.follows = follows or {}

    def train(self, training_trackers: list[DialogueStateTracker], domain: Domain, **kwargs: Any) -> Resource:
        followers = Followers()
        for tracker in training_trackers:
            last = None
            for event in tracker.applied_events():
                if isinstance(event, UserUttered):
                    last = event.intent_name
                elif isinstance(event, ActionExecuted) and last is not None:
                    followers.add(last, event.action_name)
                    last = None
        self.follows = followers.most_frequent()
        with self._model_storage.write_to(self._resource) as directory:
            (directory / "follows.json").write_text(json.dumps(self.follows), encoding="utf-8")
        return self._resource

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        result = self._default_predictions(domain)
        message = tracker.latest_message
        if tracker.latest_action_name == "action_listen" and message is not None:
            action = self.follows.get(message.intent.get("name"))
            if action is not None:
                result[domain.index_for_action(action)] = self.config["confidence"]
        return self._prediction(result)

    @classmethod
    def load(cls, config, model_storage, resource, execution_context, **kwargs: Any) -> MostFrequentPolicy:
        with model_storage.read_from(resource) as directory:
            follows = json.loads((directory / "follows.json").read_text(encoding="utf-8"))
        return cls(config, model_storage, resource, execution_context, follows=follows)
