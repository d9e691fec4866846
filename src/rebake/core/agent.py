"""Core as a whole: train the policies of config.yml, load them, and ask what comes next."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from rebake.archive.part_sources import copy_component
from rebake.assistant.domain.names import action_names
from rebake.assistant.model import Assistant, ComponentSpec, Domain
from rebake.base.continuation import Continuation
from rebake.base.training_context import TrainingContext
from rebake.core.dialogue.events import events_from_json
from rebake.core.dialogue.rule_only_data import RuleOnlyData
from rebake.core.dialogue.states import StateBuilder
from rebake.core.dialogue.tracker import Tracker, TrainingTracker
from rebake.core.end_to_end import EndToEndFeatures, EndToEndFeaturizer
from rebake.core.ensemble import combine
from rebake.core.policy import ContinuingPolicy, Policy, PolicyPrediction
from rebake.core.stories.conflicts import story_conflicts
from rebake.core.stories.generator import training_trackers
from rebake.errors import StorageError
from rebake.registry.node import Node, located, policy_nodes
from rebake.registry.training_arguments import DEFAULT_AUGMENTATION
from rebake.staleness.canonical_order import ordered_stories

logger = logging.getLogger("rebake")

FOLLOWUP = "followup_action"
_NEGLIGIBLE = 1e-6


@dataclass(frozen=True, slots=True)
class CoreTraining:
    """What :func:`train_policies` did.

    Attributes:
        nodes: the trained policies, in order, for metadata.json.
        metrics: ``<node>.<metric>`` -> value, of the policies that were trained now.
        seconds: node -> duration of its training; a node that was reused is missing.
    """

    nodes: tuple[Node, ...]
    metrics: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


def train_policies(
    specs: Sequence[ComponentSpec],
    assistant: Assistant,
    context: TrainingContext,
    directory: Path,
    *,
    augmentation_factor: int | None = None,
    reuse: Callable[[str], Path | None] = lambda _: None,
    featurizer: EndToEndFeaturizer | None = None,
    continuation: Continuation | None = None,
) -> CoreTraining:
    """Train every policy and write ``directory/train_<node>/``.

    Args:
        specs: the policies, in order.
        assistant: stories, rules and domain.
        context: seed, threads, progress.
        directory: an existing directory, ``components`` of the archive to be.
        augmentation_factor: see :func:`rebake.core.stories.generator.training_trackers`; None = Rasa's default.
        reuse: node id -> directory of the same policy trained before on the same data, which is copied; or None.
        featurizer: of the NLU part that this Core will run with, where stories are end to end.
        continuation: the policies of a model that is fine-tuned: networks continue from it.

    Raises:
        FinetuningError: the stories need another network.
        UnsupportedError: policies, slots or stories that rebake does not train.
        DataError: forms without RulePolicy, and what the policies refuse (rules that contradict each other ...).
    """
    nodes = policy_nodes(replace(assistant.config, policies=tuple(specs)))
    trackers: list[TrainingTracker] | None = None
    end_to_end: EndToEndFeatures | None = None
    metrics: dict[str, float] = {}
    seconds: dict[str, float] = {}
    kept = {node.id: found for node in nodes if (found := reuse(node.id)) is not None}
    policies = {node.id: _made(node, continuation) for node in nodes if node.id not in kept}
    for node in nodes:
        target = directory / node.directory
        if node.id in kept:
            copy_component(kept[node.id], target)
            continue
        if trackers is None:
            factor = DEFAULT_AUGMENTATION if augmentation_factor is None else augmentation_factor
            stories = ordered_stories(assistant.stories)
            trackers = training_trackers(stories, assistant.domain, factor, notices=context.notices)
            for conflict in story_conflicts(trackers):
                context.notices.add(conflict)
            end_to_end = None if featurizer is None else featurizer.of_assistant(assistant)
        started = time.perf_counter()
        policy = policies[node.id]
        with located(node):
            figures = policy.train(trackers, assistant.domain, context.at(node.spec.location), end_to_end)
        target.mkdir()
        policy.save(target)
        metrics.update({f"{node.id}.{name}": value for name, value in figures.items()})
        seconds[node.id] = time.perf_counter() - started
    return CoreTraining(nodes, metrics, seconds)


def _made(node: Node, continuation: Continuation | None) -> Policy:
    options = node.type.merged(node.spec.options)
    if continuation is not None:
        options = continuation.options(options)
    with located(node):
        policy: Policy = node.type.load_class()(options, node.id)
        if continuation is not None and isinstance(policy, ContinuingPolicy):
            policy.continue_from(continuation.directory(node.id))
    return policy


def load_policies(
    nodes: Iterable[Node], directory: Path, domain: Domain, featurizer: EndToEndFeaturizer | None = None
) -> CoreModel:
    """Load the policies of an unpacked archive, written by rebake or by Rasa.

    Args:
        nodes: its policies, in order. One that rebake does not run is left out with a warning.
        directory: ``components`` of the archive.
        domain: of the archive's metadata, as it defines the order of actions.
        featurizer: of an archive that was trained end to end.

    Raises:
        ModelError: missing or broken files.
        StorageError: the directory cannot be read.
    """
    if not directory.is_dir():
        raise StorageError(f"{directory} is not a directory.")
    policies: dict[str, Policy] = {}
    rule_only: RuleOnlyData | None = None
    for node in nodes:
        if node.type.implementation is None:
            logger.warning("The model's %s is not asked, as rebake does not run it yet.", node.type.name)
            continue
        files = directory / node.directory
        found = files if files.is_dir() else None
        policies[f"run_{node.id}"] = node.type.load_class().load(node.type.merged(node.spec.options), node.id, found)
        if node.type.learns_from_rules and rule_only is None:
            rule_only = RuleOnlyData.read(found)
    return CoreModel(policies, domain, rule_only or RuleOnlyData(), featurizer)


class NextAction(NamedTuple):
    """What comes next.

    Attributes:
        action: its name, or end to end its text.
        confidence: of the policy that won.
        policy: its class name, or "followup_action" where an event forced the action.
    """

    action: str
    confidence: float
    policy: str


class CoreModel:
    """The policies of a model.

    Attributes:
        policies: ``run_<node>`` -> policy, in order.
        actions: names in index order.
    """

    def __init__(
        self,
        policies: Mapping[str, Policy],
        domain: Domain,
        rule_only: RuleOnlyData,
        featurizer: EndToEndFeaturizer | None = None,
    ) -> None:
        self.policies = policies
        self.actions = action_names(domain)
        self._domain = domain
        self._rule_only = rule_only
        self._featurizer = featurizer
        self._builder = StateBuilder(domain)

    def tracker(self, events: Sequence[Mapping[str, Any]]) -> Tracker:
        """A conversation, of events as :meth:`predict_next` takes them."""
        return Tracker(self._builder, events_from_json(events))

    def decisions(self, tracker: Tracker) -> dict[str, PolicyPrediction]:
        """What each policy, asked alone, says comes next: ``run_<node>`` -> its prediction, in order."""
        end_to_end = None if self._featurizer is None else self._featurizer.of_events(tracker.events)
        return {
            node: policy.predict(tracker, self._domain, self._rule_only, end_to_end)
            for node, policy in self.policies.items()
        }

    def decide(self, tracker: Tracker, predictions: Mapping[str, PolicyPrediction] | None = None) -> NextAction:
        """Choose the next action; ``predictions`` are those of :meth:`decisions`, if they are known already."""
        forced = tracker.now.followup
        if forced is not None and forced in self.actions:
            return NextAction(forced, 1.0, FOLLOWUP)
        asked = self.decisions(tracker) if predictions is None else predictions
        winner = combine(list(asked.values()), tracker, self.actions)
        action = self.actions[winner.probabilities.index(winner.confidence)]
        return NextAction(action, float(winner.confidence), winner.policy)

    def predict_next(self, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What comes after the events (each as a tracker dump, or ``core.jsonl`` of the references, has it).

        Slots are as the events set them: ``action_extract_slots`` does not run here.

        Returns:
            ``action``, ``confidence``, ``policy`` (class name, or "followup_action" where an event forced the action,
            as at a conversation's start) and ``policies``: node -> {action: probability} above 1e-6.
        """
        tracker = self.tracker(events)
        predictions = self.decisions(tracker)
        asked = {
            node: {
                action: float(probability)
                for action, probability in zip(self.actions, prediction.probabilities, strict=True)
                if probability > _NEGLIGIBLE
            }
            for node, prediction in predictions.items()
        }
        return {**self.decide(tracker, predictions)._asdict(), "policies": asked}
