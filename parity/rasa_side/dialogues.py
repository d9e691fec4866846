"""Rasa's examples, memories, rules and predictions of random assistants.

The job: `projects`, a list of directories that `parity.dialogues.random_assistants` wrote. The answer: for each of them
what `parity.dialogues.rebake_answers` says, or `error`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rasa.core.featurizers.tracker_featurizers import MaxHistoryTrackerFeaturizer
from rasa.core.policies.memoization import AugmentedMemoizationPolicy, MemoizationPolicy
from rasa.core.policies.rule_policy import InvalidRule, RulePolicy
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, UserUttered
from rasa.shared.core.generator import TrainingDataGenerator
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.core.training_data import structures

from parity.dialogues.records import answers_of, policy_files
from parity.rasa_side.job import run
from parity.rasa_side.trackers import importer_of


def answer_of(project: Path, options: dict[str, Any]) -> dict[str, Any]:
    structures.STEP_COUNT = 1
    importer = importer_of(project)
    domain = importer.get_domain()
    graph = importer.get_stories()
    trackers = TrainingDataGenerator(graph, domain, augmentation_factor=options["augmentation"]).generate()
    featurizer = MaxHistoryTrackerFeaturizer(max_history=options["max_history"])
    states, labels = featurizer.training_states_and_labels(
        [t for t in trackers if not t.is_rule_tracker], domain, ignore_action_unlikely_intent=True
    )
    examples = [(window, label[0]) for window, label in zip(states, labels, strict=True)]
    policies, files = trained(project, options, trackers, domain)
    rule_only = policies["RulePolicy"]._get_rule_only_data()
    asked = {name: policy for name, policy in policies.items() if files[name] != "refused"}
    dialogues = []
    for events in json.loads((project / "dialogues.json").read_text(encoding="utf-8")):
        tracker = DialogueStateTracker.from_events("", [made(event) for event in events], domain.slots)
        window = featurizer.prediction_states(
            [tracker],
            domain,
            ignore_rule_only_turns=True,
            rule_only_data=rule_only,
            ignore_action_unlikely_intent=True,
        )
        said: dict[str, Any] = {"states": window[0]}
        for name, policy in asked.items():
            prediction = policy.predict_action_probabilities(tracker, domain, rule_only)
            flags = (prediction.is_no_user_prediction, prediction.is_end_to_end_prediction)
            said[name] = (prediction.probabilities, *flags, prediction.hide_rule_turn, len(prediction.events))
        dialogues.append(said)
    return {"examples": examples, "policies": files, "dialogues": dialogues}


def trained(
    project: Path, options: dict[str, Any], trackers: list[Any], domain: Domain
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the policies by name, and their files; a policy that refuses the rules has "refused" in place of files."""
    (project / "theirs").mkdir(exist_ok=True)
    storage = LocalModelStorage.create(project / "theirs")
    context = ExecutionContext(GraphSchema({}))
    policies: dict[str, Any] = {}
    files: dict[str, Any] = {}
    for cls in (RulePolicy, MemoizationPolicy, AugmentedMemoizationPolicy):
        name = cls.__name__
        history = {} if cls is RulePolicy else {"max_history": options["max_history"]}
        policies[name] = cls({**cls.get_default_config(), **history}, storage, Resource(name), context)
        try:
            policies[name].train(trackers, domain)
        except InvalidRule:
            files[name] = "refused"
        else:
            files[name] = policy_files(project / "theirs" / name)
    return policies, files


def made(event: dict[str, Any]) -> Event:
    if event["event"] == "user":
        return UserUttered(event["text"], {"name": event["intent"], "confidence": 1.0}, [*event["entities"]])
    if event["event"] == "action":
        result = ActionExecuted(event["name"], action_text=event.get("action_text"))
    else:
        result = Event.from_parameters(event)
    if event.get("hide_rule_turn"):
        result.hide_rule_turn = True
    return result


def answer(job: dict[str, Any]) -> dict[str, Any]:
    return answers_of(job["projects"], answer_of)


if __name__ == "__main__":
    run(answer)
