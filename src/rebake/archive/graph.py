"""The graphs that Rasa 3.6.21 makes of a configuration: how it would train it, and how it runs it.

Rasa loads the predict graph; of the train graph it reads only the classes.
End to end (training type 4), both contain the tokenizers and featurizers a second time, as ``e2e_run_...``: there they
featurize what stories, or the conversation so far, contain (:func:`needs_texts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rebake.assistant.yaml.values import plain
from rebake.registry.lookup import closing_component, find
from rebake.registry.node import Node

Graph = dict[str, dict[str, Any]]

NLU_TARGET = f"run_{closing_component().name}"

_PROVIDERS = "rasa.graph_components.providers"
_DOMAIN_PROVIDER = f"{_PROVIDERS}.domain_provider.DomainProvider"
_FEATURIZATION = "rasa.core.featurizers.precomputation"
_FEATURES = "end_to_end_features_provider"
_FOR_POLICIES = {
    "training_trackers": "training_tracker_provider",
    "domain": "domain_for_core_training_provider",
}


def needs_texts(nlu: Sequence[Node], core: Sequence[Node], *, end_to_end: bool) -> bool:
    """Whether names and texts are featurized for a policy; ``end_to_end``: stories have texts, both parts are there."""
    return end_to_end and bool(nlu) and any(node.type.reads_texts for node in core)


def featurizing(nlu: Sequence[Node]) -> list[Node]:
    """Return the tokenizers and featurizers, which also run while others are trained."""
    return [node for node in nlu if node.type.featurizes]


def train_graph(
    nlu: Sequence[Node],
    core: Sequence[Node],
    *,
    language: str | None,
    end_to_end: bool = False,
    persist_nlu_data: bool = False,
    augmentation_factor: int | None = None,
) -> Graph:
    """Return the nodes of ``train_schema``; ``augmentation_factor`` is written only where somebody set it.

    ``end_to_end`` as in :func:`needs_texts`.
    """
    graph = {
        "schema_validator": _train_node(
            "rasa.graph_components.validators.default_recipe_validator.DefaultV1RecipeValidator",
            "validate",
            {"importer": "__importer__"},
            is_input=True,
        ),
        "finetuning_validator": _train_node(
            "rasa.graph_components.validators.finetuning_validator.FinetuningValidator",
            "validate",
            {"importer": "schema_validator"},
            config={"validate_core": bool(core), "validate_nlu": bool(nlu)},
            is_input=True,
        ),
    }
    if nlu:
        graph["nlu_training_data_provider"] = _train_node(
            f"{_PROVIDERS}.nlu_training_data_provider.NLUTrainingDataProvider",
            "provide",
            {"importer": "finetuning_validator"},
            config={"language": language, "persist": persist_nlu_data},
            is_target=persist_nlu_data,
            is_input=True,
        )
        _add_pipeline_training(graph, nlu)
    if core:
        _add_core_providers(graph, augmentation_factor)
        with_texts = needs_texts(nlu, core, end_to_end=end_to_end)
        for node in core:
            needs = {**_FOR_POLICIES, **_precomputations(node, with_texts)}
            graph[f"train_{node.id}"] = _train_node(
                node.type.rasa_class, "train", needs, config=node.spec.options, is_target=True
            )
        if with_texts:
            _add_story_featurization(graph, nlu)
    return graph


def predict_graph(nlu: Sequence[Node], core: Sequence[Node], *, end_to_end: bool = False) -> Graph:
    """The nodes of ``predict_schema``, in the order in which they run; ``end_to_end`` as in :func:`needs_texts`."""
    graph = {
        "nlu_message_converter": _predict_node(
            "rasa.graph_components.converters.nlu_message_converter.NLUMessageConverter",
            "convert_user_message",
            {"messages": "__message__"},
        )
    }
    last = "nlu_message_converter"
    for node in nlu:
        options = node.spec.options
        if node.type.kind == "model_provider":
            graph[f"provide_{node.id}"] = _predict_node(node.type.rasa_class, "provide", {}, config=options)
            if not node.type.processes_messages:
                continue
        needs = {"messages": last, **_model_need(graph, node)}
        last = f"run_{node.id}"
        resource = node.directory if node.resource else None
        graph[last] = _predict_node(node.type.rasa_class, "process", needs, config=options, resource=resource)
    graph[NLU_TARGET] = _predict_node(
        closing_component().rasa_class,
        "process",
        {"messages": last, **({"domain": "domain_provider"} if core else {})},
    )
    if core:
        _add_core_prediction(graph, nlu, core, with_texts=needs_texts(nlu, core, end_to_end=end_to_end))
    return graph


def _precomputations(node: Node, with_texts: bool) -> dict[str, str]:
    return {"precomputations": _FEATURES} if with_texts and node.type.reads_texts else {}


def _add_story_featurization(graph: Graph, nlu: Sequence[Node]) -> None:
    last = "story_to_nlu_training_data_converter"
    graph[last] = _train_node(
        f"{_FEATURIZATION}.CoreFeaturizationInputConverter",
        "convert_for_training",
        {"story_graph": "story_graph_provider", "domain": "domain_for_core_training_provider"},
        is_input=True,
    )
    for node in featurizing(nlu):
        run = graph[f"run_{node.id}"]
        graph[f"e2e_run_{node.id}"] = {**run, "needs": {**run["needs"], "training_data": last}}
        last = f"e2e_run_{node.id}"
    graph[_FEATURES] = _train_node(f"{_FEATURIZATION}.CoreFeaturizationCollector", "collect", {"messages": last})


def _add_conversation_featurization(graph: Graph, nlu: Sequence[Node]) -> None:
    last = "tracker_to_message_converter"
    graph[last] = _predict_node(
        f"{_FEATURIZATION}.CoreFeaturizationInputConverter", "convert_for_inference", {"tracker": "__tracker__"}
    )
    for node in featurizing(nlu):
        graph[f"e2e_run_{node.id}"] = {**graph[f"run_{node.id}"], "needs": {"messages": last}}
        last = f"e2e_run_{node.id}"
    graph[_FEATURES] = _predict_node(f"{_FEATURIZATION}.CoreFeaturizationCollector", "collect", {"messages": last})


def _add_pipeline_training(graph: Graph, nlu: Sequence[Node]) -> None:
    last = "nlu_training_data_provider"
    for node in nlu:
        options = node.spec.options
        if node.type.kind == "model_provider":
            graph[f"provide_{node.id}"] = _train_node(node.type.rasa_class, "provide", {}, config=options)
        needs = {**_model_need(graph, node), "training_data": last}
        if node.type.trained:
            graph[f"train_{node.id}"] = _train_node(
                node.type.rasa_class, "train", needs, config=options, is_target=True
            )
            needs = {**needs, "resource": f"train_{node.id}"}
        if featurizing([node]):
            last = f"run_{node.id}"
            graph[last] = _train_node(
                node.type.rasa_class, "process_training_data", needs, config=options, constructor="load"
            )


def _add_core_providers(graph: Graph, augmentation: int | None) -> None:
    importer, domain = {"importer": "finetuning_validator"}, {"domain": "domain_provider"}
    graph["domain_provider"] = _train_node(_DOMAIN_PROVIDER, "provide_train", importer, is_target=True, is_input=True)
    for name, class_name in [
        ("domain_for_core_training_provider", "DomainForCoreTrainingProvider"),
        ("forms_provider", "FormsProvider"),
        ("responses_provider", "ResponsesProvider"),
    ]:
        graph[name] = _train_node(f"{_PROVIDERS}.{name}.{class_name}", "provide", domain, is_input=True)
    graph["story_graph_provider"] = _train_node(
        f"{_PROVIDERS}.story_graph_provider.StoryGraphProvider",
        "provide",
        importer,
        config={"exclusion_percentage": None},
        is_input=True,
    )
    graph["training_tracker_provider"] = _train_node(
        f"{_PROVIDERS}.training_tracker_provider.TrainingTrackerProvider",
        "provide",
        {"story_graph": "story_graph_provider", "domain": "domain_for_core_training_provider"},
        config={} if augmentation is None else {"augmentation_factor": augmentation},
    )


def _add_core_prediction(graph: Graph, nlu: Sequence[Node], core: Sequence[Node], *, with_texts: bool) -> None:
    graph["domain_provider"] = _predict_node(_DOMAIN_PROVIDER, "provide_inference", {}, resource="domain_provider")
    if with_texts:
        _add_conversation_featurization(graph, nlu)
    needs = {"rule_only_data": "rule_only_data_provider", "domain": "domain_provider", "tracker": "__tracker__"}
    for node in core:
        graph[f"run_{node.id}"] = _predict_node(
            node.type.rasa_class,
            "predict_action_probabilities",
            {**needs, **_precomputations(node, with_texts)},
            config=node.spec.options,
            resource=node.directory,
        )
    rules = [node.directory for node in core if node.type.learns_from_rules]
    graph["rule_only_data_provider"] = _predict_node(
        f"{_PROVIDERS}.rule_only_provider.RuleOnlyDataProvider", "provide", {}, resource=rules[0] if rules else None
    )
    graph["select_prediction"] = _predict_node(
        "rasa.core.policies.ensemble.DefaultPolicyPredictionEnsemble",
        "combine_predictions_from_kwargs",
        {
            **{f"policy{index}": f"run_{node.id}" for index, node in enumerate(core)},
            "domain": "domain_provider",
            "tracker": "__tracker__",
        },
    )


def _model_need(graph: Graph, node: Node) -> dict[str, str]:
    """The node of the provider whose model a component's functions take."""
    provider = None if node.type.model_from is None else find(node.type.model_from)
    for name, other in graph.items():
        if provider is not None and other["uses"] == provider.rasa_class:
            return {"model": name}
    return {}


def _train_node(
    uses: str,
    function: str,
    needs: Mapping[str, str],
    *,
    config: Mapping[str, Any] | None = None,
    constructor: str = "create",
    is_target: bool = False,
    is_input: bool = False,
) -> dict[str, Any]:
    return {
        "needs": dict(needs),
        "uses": uses,
        "constructor_name": constructor,
        "fn": function,
        "config": plain(dict(config or {})),
        "eager": False,
        "is_target": is_target,
        "is_input": is_input,
        "resource": None,
    }


def _predict_node(
    uses: str,
    function: str,
    needs: Mapping[str, str],
    *,
    config: Mapping[str, Any] | None = None,
    resource: str | None = None,
) -> dict[str, Any]:
    node = _train_node(uses, function, needs, config=config, constructor="load")
    return {**node, "eager": True, "resource": None if resource is None else {"name": resource}}
