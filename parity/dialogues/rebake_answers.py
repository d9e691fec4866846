"""rebake's examples, memories, rules and predictions of random assistants; ``rasa_side.dialogues`` has Rasa's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from parity.dialogues.records import policy_files
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Domain
from rebake.base.training_context import TrainingContext
from rebake.core.dialogue.events import events_from_json
from rebake.core.dialogue.states import StateBuilder
from rebake.core.dialogue.tracker import Tracker, TrainingTracker
from rebake.core.featurizers import TrackerFeaturizer
from rebake.core.policy import Policy
from rebake.core.rules.rule_policy import RulePolicy
from rebake.core.stories.generator import training_trackers
from rebake.errors import DataError
from rebake.registry.lookup import POLICIES


def answer_of(project: Path, options: dict[str, Any]) -> dict[str, Any]:
    assistant = load_assistant(str(project / "config.yml"), str(project / "domain.yml"), str(project / "data"))
    trackers = training_trackers(assistant.stories, assistant.domain, options["augmentation"])
    featurizer = TrackerFeaturizer(options["max_history"])
    examples = featurizer.examples([t for t in trackers if not t.is_rule], ignore_unlikely_intent=True)
    builder = StateBuilder(assistant.domain)
    policies, files = trained(project, options, trackers, assistant.domain)
    rule_policy = policies["RulePolicy"]
    assert isinstance(rule_policy, RulePolicy)
    rule_only = rule_policy.rule_only
    asked = {name: policy for name, policy in policies.items() if files[name] != "refused"}
    dialogues = []
    for events in json.loads((project / "dialogues.json").read_text(encoding="utf-8")):
        tracker = Tracker(builder, events_from_json(events))
        said: dict[str, Any] = {"states": featurizer.prediction_states(tracker, rule_only=rule_only)}
        for name, policy in asked.items():
            prediction = policy.predict(tracker, assistant.domain, rule_only)
            flags = (prediction.is_no_user, prediction.is_end_to_end, prediction.hide_rule_turn)
            said[name] = (prediction.probabilities, *flags, len(prediction.events))
        dialogues.append(said)
    pairs = list(zip(examples.states, examples.labels, strict=True))
    return {"examples": pairs, "policies": files, "dialogues": dialogues}


def trained(
    project: Path, options: dict[str, Any], trackers: list[TrainingTracker], domain: Domain
) -> tuple[dict[str, Policy], dict[str, Any]]:
    """Return the policies by name, and their files; a policy that refuses the rules has "refused" in place of files."""
    policies: dict[str, Policy] = {}
    files: dict[str, Any] = {}
    for name in ("RulePolicy", "MemoizationPolicy", "AugmentedMemoizationPolicy"):
        entry = POLICIES[name]
        history = {} if name == "RulePolicy" else {"max_history": options["max_history"]}
        policies[name] = entry.load_class()(entry.merged(history), name)
        try:
            policies[name].train(trackers, domain, TrainingContext())
        except DataError:
            files[name] = "refused"
            continue
        target = project / "ours" / name
        target.mkdir(parents=True, exist_ok=True)
        policies[name].save(target)
        files[name] = policy_files(target)
    return policies, files
