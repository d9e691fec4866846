"""Fingerprints: equal ones mean that training again would learn the same.

A part's fingerprint covers its data, its settings and its components in order; a component's covers its options, its
training's version, what it learns from and the featurizers before it. The release number of rebake counts for nothing,
the version of each component does. docs/reference/rebake-json.md says what counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rebake.archive.manifest import ComponentRecord, Part, PartRecord
from rebake.assistant.domain.names import action_names
from rebake.assistant.model import Assistant, ComponentSpec, Domain
from rebake.base.training_context import DEFAULT_SEED
from rebake.own_rasa.training_plan import NOTHING, OwnTraining
from rebake.registry.entry import Entry
from rebake.registry.lookup import known_or_assumed
from rebake.registry.training_arguments import DEFAULT_AUGMENTATION
from rebake.staleness.file_contents import content_digest
from rebake.staleness.items import domain_items, response_items
from rebake.staleness.learned_data import LearnedData, LearnedInputs, LearnedItems
from rebake.staleness.meaning import ITEM_DIGITS, digest
from rebake.staleness.pretrained import pretrained_versions
from rebake.staleness.trainer import PartTrainer


@dataclass(frozen=True)
class Fingerprints:
    """What the assistant asks for.

    Attributes:
        asked: the parts that were asked about; those missing in ``parts`` the assistant does not have.
        parts: records without seed, origin and metrics.
        components: node id (name in config.yml + position) -> record; pipeline first, then policies.
        upstream: node id -> ids of the components before it that it works on.
    """

    asked: frozenset[Part]
    parts: dict[Part, PartRecord]
    components: dict[str, ComponentRecord]
    upstream: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def fingerprint(
    assistant: Assistant,
    *,
    parts: frozenset[Part],
    augmentation_factor: int | None = None,
    own: OwnTraining | None = None,
    data: LearnedData | None = None,
) -> Fingerprints:
    """Fingerprint the parts that are asked for.

    Args:
        assistant: any, whether or not its components can be trained here.
        parts: which parts to look at.
        augmentation_factor: how many longer stories Core learns from; None = Rasa's default.
        own: what the user's own Rasa is to train.
        data: what is learned from; None: the data of the assistant, of which otherwise the configuration and the domain
            count alone.

    Raises:
        DataError: a component or policy that Rasa does not know.
    """
    records: dict[Part, PartRecord] = {}
    components: dict[str, ComponentRecord] = {}
    config = assistant.config
    data = data or LearnedData(assistant)
    has_core = "core" in parts and data.has_stories and config.policies and not assistant.domain.is_empty
    # End to end, featurizers learn from stories as well, unless NLU is trained alone.
    texts = data.story_texts() if has_core and data.is_end_to_end else None
    upstream: dict[str, tuple[str, ...]] = {}
    trainer = PartTrainer(own or NOTHING, "nlu", assistant)
    pipeline: dict[str, ComponentRecord] = {}
    if data.has_examples and config.pipeline:
        pipeline = _nlu_components(assistant, data.inputs, texts, upstream, trainer)
    if "nlu" in parts and pipeline:
        settings: dict[str, Any] = {"language": config.language, "assistant_id": config.assistant_id}
        settings |= trainer.settings
        if texts is not None:
            settings["stories"] = texts
        records["nlu"] = _part("nlu", data.nlu_items(trainer.items), settings, pipeline)
        components |= pipeline
    if has_core:
        augmentation = DEFAULT_AUGMENTATION if augmentation_factor is None else augmentation_factor
        settings = _core_settings(assistant.domain, augmentation)
        settings["assistant_id"] = config.assistant_id
        if names := data.story_names():
            settings["story_names"] = names
        if data.is_end_to_end:
            settings["featurizers"] = _featurizers(assistant, pipeline)
        trainer = PartTrainer(own or NOTHING, "core", assistant)
        settings |= trainer.settings
        items = data.core_items(domain_items(assistant.domain), trainer.items)
        policies = _policies(assistant, items, settings, trainer)
        records["core"] = _part("core", items, settings, policies)
        components |= policies
    if "nlg" in parts and assistant.domain.responses:
        records["nlg"] = _part("nlg", LearnedItems(response_items(assistant.domain.responses)), {}, {})
    return Fingerprints(parts, records, components, {node: upstream.get(node, ()) for node in components})


def _part(
    part: Part, items: LearnedItems, settings: Mapping[str, Any], components: Mapping[str, ComponentRecord]
) -> PartRecord:
    fingerprints = [record.fingerprint for record in components.values()]
    return PartRecord(items.part_digest(part, settings, fingerprints), items.items, settings)


def _nlu_components(
    assistant: Assistant,
    read: LearnedInputs,
    story_texts: str | None,
    seen: dict[str, tuple[str, ...]],
    trainer: PartTrainer,
) -> dict[str, ComponentRecord]:
    """Every component with what it reads, and what it needs of the tokenizers and featurizers before it.

    ``seen`` receives the ids of the latter for each component.
    """
    upstream: list[tuple[Entry, str, str]] = []
    records = {}
    for index, spec in enumerate(assistant.config.pipeline):
        entry = known_or_assumed(spec, "pipeline")
        before = [(node, value) for earlier, node, value in upstream if _sees(entry, earlier)]
        seen[f"{spec.name}{index}"] = tuple(node for node, _ in before)
        inputs: dict[str, Any] = {
            "language": assistant.config.language,
            "upstream": before if _selects_by_node(spec) else [value for _, value in before],
        }
        if entry.trained:
            aspects = {"texts"} | entry.reads
            if {"intents", "entities"} <= aspects:
                aspects.add("ambiguous texts")
            if trainer.is_rasa:
                aspects.discard("domain")  # Rasa gives the training of NLU an empty one
            inputs |= {aspect: read[aspect] for aspect in sorted(aspects) if read[aspect] is not None}
            if story_texts is not None and entry.kind == "featurizer":
                inputs["stories"] = story_texts
        record = _component("nlu", entry, spec, inputs, trainer)
        if entry.feeds_others:
            upstream.append((entry, f"{spec.name}{index}", record.fingerprint))
        records[f"{spec.name}{index}"] = record
    return records


def _sees(entry: Entry, earlier: Entry) -> bool:
    """Whether a component works on what an earlier one adds to the messages.

    A component of one's own is taken to see and to feed everything. Of Rasa's, featurizers see tokens, and what needs
    neither tokens nor features (RegexEntityExtractor) sees texts alone.
    """
    if entry.is_custom or earlier.is_custom:
        return True
    if entry.kind == "featurizer":
        return earlier.kind != "featurizer"
    return bool(entry.needs - {"intent"})


def _selects_by_node(spec: ComponentSpec) -> bool:
    """Whether the option ``featurizers`` names one by its place, which another component before it moves."""
    names = spec.options.get("featurizers")
    return isinstance(names, list) and any(str(name).startswith("run_") for name in names)


def _core_settings(domain: Domain, augmentation_factor: int) -> dict[str, Any]:
    """What of Core stands in no item. The session's rules train nothing, but the model is served with them.

    So is ``assistant_id``, which joins the settings of Core and of NLU: either may be the whole model.
    """
    return {
        "augmentation_factor": augmentation_factor,
        "session_expiration_time": float(domain.session_config.session_expiration_time),
        "carry_over_slots_to_new_session": domain.session_config.carry_over_slots_to_new_session,
        "store_entities_as_slots": domain.store_entities_as_slots,
        "action_order": digest(action_names(domain)),
    }


def _policies(
    assistant: Assistant, items: LearnedItems, settings: Mapping[str, Any], trainer: PartTrainer
) -> dict[str, ComponentRecord]:
    served = ("assistant_id", "session_expiration_time", "carry_over_slots_to_new_session")
    rules = items.digest_of_rules()
    inputs = {
        "data": items.digest_of_stories(),
        "settings": {key: value for key, value in settings.items() if key not in served},
    }
    records = {}
    for index, spec in enumerate(assistant.config.policies):
        entry = known_or_assumed(spec, "policies")
        records[f"{spec.name}{index}"] = _component(
            "core", entry, spec, {**inputs, "rules": rules} if entry.learns_from_rules else inputs, trainer
        )
    return records


def _featurizers(assistant: Assistant, pipeline: Mapping[str, ComponentRecord]) -> str:
    """End to end, policies see texts through the tokenizers and featurizers of NLU."""
    pipeline_specs = assistant.config.pipeline
    entries = [known_or_assumed(spec, "pipeline") for spec in pipeline_specs]
    feeding = {f"{spec.name}{i}" for i, spec in enumerate(pipeline_specs) if entries[i].feeds_others}
    by_node = any(_selects_by_node(spec) for spec in assistant.config.policies)
    return digest(
        [
            (node, record.fingerprint) if by_node else record.fingerprint
            for node, record in pipeline.items()
            if node in feeding
        ]
    )


def _component(
    part: Part, entry: Entry, spec: ComponentSpec, inputs: Mapping[str, Any], trainer: PartTrainer
) -> ComponentRecord:
    merged = entry.merged(spec.options)
    unread = {name for name, option in entry.options.items() if not option.changes_model}
    files = sorted(name for name, option in entry.options.items() if option.names_files)
    options = {key: value for key, value in merged.items() if key not in unread}
    options |= {f"content of {name}": found for name in files if (found := _content(options[name]))}
    options |= pretrained_versions(entry.pretrained, merged, trainer.packages)
    options = json.loads(json.dumps(options, default=_plain))  # as rebake.json will give them back
    is_ours = entry.implementation is not None and not trainer.is_rasa
    version = entry.version if is_ours else 0  # so that learning to train it makes it stale
    is_seeded = entry.trained and options.get("random_seed") is None and not trainer.is_rasa
    seed = DEFAULT_SEED if is_seeded else None
    inputs = {**inputs, **trainer.inputs}
    value = digest([part, entry.rasa_class, version, seed, options, inputs])
    return ComponentRecord(part, entry.name, version, options, value, inputs=_input_digests(inputs))


def _input_digests(inputs: Mapping[str, Any]) -> dict[str, str]:
    """One digest for each input; of a mapping, one for each of its values."""
    flat: dict[str, Any] = {}
    for name, value in inputs.items():
        flat |= value if isinstance(value, dict) else {name: value}
    return {name: digest(value)[:ITEM_DIGITS] for name, value in flat.items()}


def _content(path: object) -> str | None:
    """Of an option that may name files of the assistant's; relative to the current directory, as Rasa takes it."""
    return content_digest(path) if isinstance(path, str) and path else None


def _plain(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, set | frozenset) else str(value)
