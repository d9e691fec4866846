"""Memoization, rules and the ensemble decide as Rasa 3.6.21 did, at every recorded point of the reference dialogues.

Once with Rasa's own files, once trained here from the same assistant. What TEDPolicy and UnexpecTEDIntentPolicy said is
taken from the recording (tests/test_core_ted_parity.py compares TED's numbers).
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from rebake.archive.metadata import read_metadata, resolve
from rebake.assistant.domain.names import action_names
from rebake.assistant.domain.serialization import domain_from_dict
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant, Domain
from rebake.base.training_context import TrainingContext
from rebake.core.agent import CoreModel, load_policies, train_policies
from rebake.core.dialogue.events import events_from_json
from rebake.core.dialogue.rule_only_data import RuleOnlyData
from rebake.core.dialogue.states import StateBuilder
from rebake.core.dialogue.tracker import Tracker
from rebake.core.ensemble import combine
from rebake.core.policy import PolicyPrediction
from rebake.registry.node import nodes_of
from support.shared import need

pytestmark = [pytest.mark.slow, pytest.mark.parity, pytest.mark.shared]

ASSISTANTS = ("breakoutbot", "concertbot", "formbot", "helpdesk", "moodbot", "travelbot")
RECORDED = ("TEDPolicy", "UnexpecTEDIntentPolicy")
MEMORY_FILES = ("memorized_turns.json", "rule_policy.json", "rule_only_data.json", "featurizer.json")


@dataclass(frozen=True)
class Reference:
    directory: Path
    domain: Domain
    model: CoreModel


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Reads each archive once: name -> directory."""

    @cache
    def unpack(name: str) -> Path:
        directory = tmp_path_factory.mktemp(name)
        with tarfile.open(need(f"reference/{name}") / "model.tar.gz") as archive:
            wanted = ("metadata.json", *MEMORY_FILES)
            archive.extractall(directory, [m for m in archive if Path(m.name).name in wanted], filter="data")
        return directory

    return unpack


@cache
def assistant_of(name: str) -> Assistant:
    project = need(f"reference/{name}/assistant")
    return load_assistant(str(project / "config.yml"), str(project / "domain.yml"), str(project / "data"))


@cache
def points_of(name: str) -> list[dict[str, Any]]:
    lines = (need(f"reference/{name}") / "core.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def above_noise(probabilities: Mapping[str, float]) -> dict[str, float]:
    return {action: probability for action, probability in probabilities.items() if probability > 1e-6}


def recorded_prediction(node: str, said: Mapping[str, Any], actions: tuple[str, ...]) -> PolicyPrediction:
    return PolicyPrediction(
        [said["probabilities"].get(action, 0.0) for action in actions],
        node.removeprefix("run_").rstrip("0123456789"),
        said["priority"],
        is_end_to_end=said["end_to_end"],
        is_no_user=said["no_user"],
    )


def disagreements(model: CoreModel, domain: Domain, rule_only: RuleOnlyData, name: str) -> list[str]:
    actions = action_names(domain)
    builder = StateBuilder(domain)
    found = []
    for point in points_of(name):
        tracker = Tracker(builder, events_from_json(point["events"]))
        predictions = []
        for node, said in point["policies"].items():
            if node not in model.policies:
                predictions.append(recorded_prediction(node, said, actions))
                continue
            prediction = model.policies[node].predict(tracker, domain, rule_only)
            predictions.append(prediction)
            ours = above_noise(dict(zip(actions, prediction.probabilities, strict=True)))
            flags = (prediction.priority, prediction.is_end_to_end, prediction.is_no_user)
            if ours != pytest.approx(said["probabilities"], abs=1e-6):
                found.append(f"{point['story']}: {node} {ours} instead of {said['probabilities']}")
            if flags != (said["priority"], said["end_to_end"], said["no_user"]):
                found.append(f"{point['story']}: {node} has the flags {flags}")
        if tracker.now.followup is not None:
            decision = (tracker.now.followup, "followup_action")
        else:
            winner = combine(predictions, tracker, actions)
            decision = (actions[winner.probabilities.index(winner.confidence)], winner.policy)
        if decision != (point["ensemble"]["action"], point["ensemble"]["policy"]):
            found.append(f"{point['story']}: {decision} instead of {point['ensemble']}")
    return found


@pytest.mark.parametrize("name", ASSISTANTS)
def test_loaded_from_rasas_archive_the_policies_decide_as_rasa(name: str, unpacked: Any) -> None:
    directory = unpacked(name)
    metadata = read_metadata(directory)
    domain = domain_from_dict(metadata.domain)
    nodes = [node for node in resolve(metadata.core, "policies") if node.type.name not in RECORDED]
    model = load_policies(nodes, directory / "components", domain)
    rule_node = next(node for node in nodes if node.type.name == "RulePolicy")
    rule_only = RuleOnlyData.read(directory / "components" / rule_node.directory)
    assert not disagreements(model, domain, rule_only, name)


@pytest.mark.parametrize("name", ASSISTANTS)
def test_trained_here_the_policies_decide_as_rasa_and_their_files_say_the_same(
    name: str, unpacked: Any, tmp_path: Path
) -> None:
    assistant = assistant_of(name)
    positions = {position: spec for position, spec in enumerate(assistant.config.policies) if spec.name not in RECORDED}
    nodes = nodes_of(list(positions.values()), "policies")
    training = train_policies(list(positions.values()), assistant, TrainingContext(), tmp_path)
    model = load_policies(training.nodes, tmp_path, assistant.domain)
    original = {
        f"run_{spec.name}{position}": f"run_{node.id}"
        for (position, spec), node in zip(positions.items(), nodes, strict=True)
    }
    renamed = CoreModel(
        {theirs: model.policies[ours] for theirs, ours in original.items()}, assistant.domain, RuleOnlyData()
    )
    assert not disagreements(renamed, assistant.domain, RuleOnlyData(), name)
    for theirs, ours in original.items():
        assert_same_files(
            unpacked(name) / "components" / theirs.replace("run_", "train_"), tmp_path / ours.replace("run_", "train_")
        )


def assert_same_files(theirs: Path, ours: Path) -> None:
    """Equal content; lists that Rasa makes of sets are compared as sets."""
    assert sorted(file.name for file in ours.iterdir()) == sorted(file.name for file in theirs.iterdir())
    for file in theirs.iterdir():
        wanted, actual = (json.loads(path.read_text(encoding="utf-8")) for path in (file, ours / file.name))
        for content in (wanted, actual):
            for key in ("rules_not_in_stories", "rule_only_slots", "rule_only_loops"):
                for holder in (content, content.get("lookup", {})):
                    if key in holder:
                        holder[key] = sorted(holder[key])
        assert actual == wanted, file.name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["breakoutbot", "concertbot", "helpdesk"])  # those without UnexpecTEDIntentPolicy
def test_whole_models_of_rasa_decide_as_rasa_did(name: str, tmp_path: Path) -> None:
    with tarfile.open(need(f"reference/{name}") / "model.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    metadata = read_metadata(tmp_path)
    nodes = resolve(metadata.core, "policies")
    model = load_policies(nodes, tmp_path / "components", domain_from_dict(metadata.domain))
    for point in points_of(name)[::3]:
        answer = model.predict_next(point["events"])
        assert (answer["action"], answer["policy"]) == (point["ensemble"]["action"], point["ensemble"]["policy"])
        assert answer["confidence"] == pytest.approx(point["ensemble"]["confidence"], abs=1e-4)
        assert list(answer["policies"]) == list(point["policies"])
