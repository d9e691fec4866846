"""The nodes of a part that Rasa itself trained: taken from the graphs in its metadata.json, and joined to ours.

rebake knows nothing of a custom class, such as whether it is trained, runs while others are trained, or takes a model.
Rasa does, and its graphs say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from rebake.archive.graph import NLU_TARGET, Graph
from rebake.archive.manifest import Part

_CONVERTER = "nlu_message_converter"
_VALIDATORS = ("schema_validator", "finetuning_validator")
_OF_CORE = frozenset(
    {
        *("domain_provider", "rule_only_data_provider", "select_prediction"),
        *("domain_for_core_training_provider", "forms_provider", "responses_provider"),
        *("story_graph_provider", "training_tracker_provider"),
    }
)


@dataclass(frozen=True)
class PartGraphs:
    """The nodes of one part.

    Attributes:
        train: of ``train_schema``.
        predict: of ``predict_schema``.
        last: NLU: the node whose messages end the pipeline. Core: where its own begin, which is of no use.
    """

    train: Graph
    predict: Graph
    last: str


def part_graphs(raw: Mapping[str, Any], part: Part) -> PartGraphs:
    """Cut the nodes of a part out of what metadata.json says.

    Raises:
        KeyError, TypeError: the metadata are not Rasa's.
    """
    train, predict = raw["train_schema"]["nodes"], raw["predict_schema"]["nodes"]
    policies = {name for name, node in predict.items() if node["fn"] == "predict_action_probabilities"}
    trained = {f"train_{name.removeprefix('run_')}" for name in policies}
    shared = {_CONVERTER, NLU_TARGET, *_VALIDATORS}
    of_core = _OF_CORE | policies | trained

    def cut(nodes: Graph) -> Graph:
        return {
            name: deepcopy(node)
            for name, node in nodes.items()
            if name not in shared and (name in of_core) == (part == "core")
        }

    return PartGraphs(cut(train), cut(predict), predict[NLU_TARGET]["needs"]["messages"])


def join_train_graph(graph: Graph, parts: Mapping[Part, PartGraphs]) -> Graph:
    """Add the nodes of Rasa's parts to a train graph that was made without these."""
    joined = dict(graph)
    for part, graphs in parts.items():
        validator = joined["finetuning_validator"]
        joined["finetuning_validator"] = {**validator, "config": {**validator["config"], f"validate_{part}": True}}
        joined |= graphs.train
    return joined


def join_predict_graph(graph: Graph, parts: Mapping[Part, PartGraphs]) -> Graph:
    """Add the nodes of Rasa's parts to a predict graph that was made without these."""
    joined: Graph = {}
    for name, node in graph.items():
        if name != NLU_TARGET:
            joined[name] = node
            continue
        needs = dict(node["needs"])
        if "nlu" in parts:
            joined |= parts["nlu"].predict
            needs["messages"] = parts["nlu"].last
        if "core" in parts:
            needs["domain"] = "domain_provider"
        joined[name] = {**node, "needs": needs}
    return joined | parts["core"].predict if "core" in parts else joined
