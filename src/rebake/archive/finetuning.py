"""What ``rasa train --finetune`` asks of a model before it trains on: were its configuration and domain the same?

Rasa 3.6.21 keeps three hashes in ``finetuning_validator/fingerprints-for-validation.json`` and compares them with those
of the project at hand: of the train graph without the epochs, of the domain without texts, of the labels in the data.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import md5
from pathlib import Path
from typing import Any

from rebake.archive.graph import Graph
from rebake.assistant.domain.names import DEFAULT_ACTIONS, action_names
from rebake.assistant.domain.serialization import domain_as_dict
from rebake.assistant.model import ActionStep, Assistant, Domain, OrStep, UserStep
from rebake.base.files import write_text
from rebake.registry.node import Node

FINGERPRINTS_FILE = "finetuning_validator/fingerprints-for-validation.json"

MAY_CHANGE = ("epochs", "finetuning_epoch_fraction")
_PROVIDER_DEFAULTS: Mapping[str, Mapping[str, Any]] = {  # those that a train graph may give another value
    "FinetuningValidator": {"validate_core": True, "validate_nlu": True},
    "NLUTrainingDataProvider": {"persist": False, "language": None},
    "StoryGraphProvider": {"exclusion_percentage": None},
    "TrainingTrackerProvider": {"augmentation_factor": 50},
}
_SESSION_DEFAULTS = {"session_expiration_time": 60, "carry_over_slots_to_new_session": True}


def finetuning_fingerprints(
    assistant: Assistant, train_graph: Graph, *, nlu: Sequence[Node], core: Sequence[Node], rasa_version: str
) -> dict[str, str]:
    """The content of the file for a model of this assistant; ``nlu`` and ``core`` are the nodes that it was made of."""
    defaults = {node.type.rasa_class: node.type.defaults for node in (*nlu, *core)}
    fingerprints = {"rasa-version": rasa_version, "fingerprint-config": _hash({"nodes": _graph(train_graph, defaults)})}
    if core:
        fingerprints["fingerprint-core"] = _hash(pruned_domain(assistant.domain))
    if nlu:
        fingerprints["fingerprint-nlu"] = _hash(_labels(assistant, with_stories=bool(core)))
    return fingerprints


def write_finetuning_fingerprints(fingerprints: Mapping[str, str], components: Path) -> None:
    """Write the file into ``components/`` of an unpacked model."""
    file = components / FINGERPRINTS_FILE
    file.parent.mkdir(exist_ok=True)
    write_text(file, json.dumps(fingerprints, indent=2))


def _graph(train_graph: Graph, defaults: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The nodes without what may differ: options that are the default, and how a node is made."""
    nodes = {}
    for name, node in train_graph.items():
        default = defaults.get(node["uses"]) or _PROVIDER_DEFAULTS.get(node["uses"].rpartition(".")[2], {})
        config = {
            option: value
            for option, value in node["config"].items()
            if option not in MAY_CHANGE and not (option in default and default[option] == value)
        }
        kept = {key: value for key, value in node.items() if key not in ("eager", "constructor_name")}
        nodes[name] = {**kept, "config": config}
    return nodes


def pruned_domain(domain: Domain) -> dict[str, Any]:
    """What Rasa compares of a domain: names of intents, responses and forms alone; slots and entities in full; all
    actions, in index order."""
    result = {key: value for key, value in domain_as_dict(domain).items() if key != "config"}
    intents = [intent if isinstance(intent, str) else next(iter(intent)) for intent in result.get("intents", [])]
    for section, empty in (("responses", []), ("forms", {"required_slots": []})):
        if section in result:
            result[section] = dict.fromkeys(result[section], empty)
    return {
        **result,
        "session_config": _SESSION_DEFAULTS,
        "intents": sorted(intents),
        "actions": list(action_names(domain)),
    }


def _labels(assistant: Assistant, *, with_stories: bool) -> dict[str, list[str]]:
    """``rasa train`` counts the names in stories as labels of the NLU data, ``rasa train nlu`` does not."""
    spans = [span for example in assistant.nlu.examples for span in example.entities]
    intents = {example.intent for example in assistant.nlu.examples}
    actions: set[str | None] = set()
    if with_stories:
        actions.update(DEFAULT_ACTIONS)
        for step in _story_steps(assistant):
            if isinstance(step, UserStep):
                intents.add(step.intent)
                spans += step.spans if step.intent is None else ()
            else:
                actions.add(step.name)
    return {
        "intents": sorted({intent.partition("/")[0] for intent in intents if intent is not None}),
        "entities": sorted({span.entity for span in spans}),
        "entity_groups": sorted({span.group for span in spans if span.group is not None}),
        "entity_roles": sorted({span.role for span in spans if span.role is not None}),
        "actions": sorted({action for action in actions if action is not None}),
    }


def _story_steps(assistant: Assistant) -> Iterator[UserStep | ActionStep]:
    for story in assistant.stories:
        for step in story.steps:
            alternatives = step.alternatives if isinstance(step, OrStep) else (step,)
            yield from (one for one in alternatives if isinstance(one, UserStep | ActionStep))


def _hash(value: Any) -> str:
    """Rasa's hash of nested mappings and lists: the order of keys does not count, and leaves count as they print."""
    if isinstance(value, dict):
        value = json.dumps({_hash(key): _hash(inner) for key, inner in value.items()}, sort_keys=True)
    elif isinstance(value, list):
        value = json.dumps([_hash(inner) for inner in value])
    return md5(str(value).encode(), usedforsecurity=False).hexdigest()
