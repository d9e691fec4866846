"""The making of one model directory: every part taken from the sources or trained, then metadata and manifest."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from rebake.archive.finetuning import finetuning_fingerprints, write_finetuning_fingerprints
from rebake.archive.manifest import Manifest, Part, PartRecord, write_manifest
from rebake.archive.metadata import COMPONENTS_NAME, RASA_VERSION, build_metadata, write_metadata
from rebake.archive.part_sources import PartSources, SourcedComponent
from rebake.assistant.model import Assistant
from rebake.assistant.nlu_data.writer import persist_nlu
from rebake.base.progress import Progress
from rebake.base.training_context import TrainingContext
from rebake.base.version import __version__
from rebake.build.child_process import ChildFailedError, ChildProcess, Polling, can_fork
from rebake.core.agent import policy_nodes, train_policies
from rebake.core.end_to_end import EndToEndFeaturizer, require_featurizers
from rebake.errors import DataError
from rebake.nlu.pipeline import pipeline_nodes, train_pipeline
from rebake.registry.node import Node
from rebake.registry.option_checks import check_options
from rebake.registry.training_arguments import CORE_ARGUMENTS, NLU_ARGUMENTS
from rebake.staleness.fingerprints import fingerprint
from rebake.validation.consistency import validate

logger = logging.getLogger("rebake")


class TrainedPart(NamedTuple):
    """What the training of a part says: ``trained`` are the ids of the nodes that were not reused."""

    metrics: Mapping[str, float]
    trained: Collection[str]
    seconds: float


Train = Callable[[Path, Callable[[str], Path | None]], TrainedPart]
"""Trains into a directory; the second argument offers components to reuse, by node id."""


class BuildJob:
    """What is to be built, and after ``run`` what came of it."""

    def __init__(
        self,
        assistant: Assistant,
        parts: frozenset[Part],
        core_arguments: Mapping[str, Any],
        nlu_arguments: Mapping[str, Any],
        progress: Progress,
        *,
        persist_nlu_data: bool = False,
    ) -> None:
        _warn_of_unread(core_arguments, CORE_ARGUMENTS, "core_additional_arguments")
        _warn_of_unread(nlu_arguments, NLU_ARGUMENTS, "nlu_additional_arguments")
        validate(assistant)
        self.assistant = assistant
        self.core_arguments = core_arguments
        self.persist_nlu_data = persist_nlu_data
        self.context = TrainingContext(
            language=assistant.config.language, num_threads=nlu_arguments.get("num_threads"), progress=progress
        )
        self.fingerprints = fingerprint(
            assistant, core_arguments=core_arguments, nlu_arguments=nlu_arguments, parts=parts
        )
        if not self.fingerprints.parts.keys() & {"nlu", "core"}:
            raise nothing_to_train(assistant, parts)
        self.trained: list[Part] = []
        self.reused: dict[Part, str] = {}
        self.rebuilt: dict[Part, str] = {}
        self.seconds: dict[str, float] = {}
        self.metrics: dict[str, float] = {}
        self.records: dict[Part, PartRecord] = {}
        self.model_id = ""

    @property
    def manifest(self) -> Manifest:
        return Manifest(self.records, self.fingerprints.components, tool_version=__version__)

    @property
    def prefix(self) -> str:
        """Of the archive's name, as Rasa names models of one part."""
        trainable = self.fingerprints.parts.keys() & {"nlu", "core"}
        return "" if len(trainable) == 2 else f"{trainable.pop()}-"

    def run(self, directory: Path, sources: PartSources) -> None:
        """Fill an empty directory with everything that the archive is to hold."""
        components = directory / COMPONENTS_NAME
        components.mkdir()
        nlu = pipeline_nodes(self.assistant) if "nlu" in self.fingerprints.parts else ()
        core: tuple[Node, ...] = ()
        if "core" in self.fingerprints.parts:
            config = self.assistant.config
            core, _ = policy_nodes(config.policies, is_default=config.policies_is_default)
        for node in (*nlu, *core):
            check_options(node.spec, node.type)
        if core and self.assistant.is_end_to_end:
            require_featurizers(self.assistant, nlu)
        with self._core_beside_nlu(nlu, core, components, sources) as train_core:
            if nlu:
                self._build("nlu", nlu, components, sources, self._train_nlu)
                if self.persist_nlu_data:
                    persist_nlu(self.assistant.nlu, components)
            if core:
                self._build("core", core, components, sources, train_core)
        if "nlg" in self.fingerprints.parts:
            self.records["nlg"] = replace(self.fingerprints.parts["nlg"], trained_by=f"rebake {__version__}")
        write_manifest(self.manifest, directory)
        metadata = build_metadata(
            self.assistant,
            nlu=nlu,
            core=core,
            components=components,
            persist_nlu_data=self.persist_nlu_data,
            core_arguments=self.core_arguments,
        )
        self.model_id = metadata["model_id"]
        write_metadata(metadata, directory)
        graph = metadata["train_schema"]["nodes"]
        fingerprints = finetuning_fingerprints(self.assistant, graph, nlu=nlu, core=core, rasa_version=RASA_VERSION)
        write_finetuning_fingerprints(fingerprints, components)

    @contextmanager
    def _core_beside_nlu(
        self, nlu: tuple[Node, ...], core: tuple[Node, ...], components: Path, sources: PartSources
    ) -> Iterator[Train]:
        """What trains Core: a process of its own, started here, where both parts are stale and independent of each
        other (end to end, Core reads the trained featurizers)."""
        parts: tuple[tuple[Part, tuple[Node, ...]], ...] = (("nlu", nlu), ("core", core))
        stale = [
            part
            for part, nodes in parts
            if nodes and sources.find_part(part, self.fingerprints.parts[part].fingerprint) is None
        ]
        if len(stale) < 2 or self.assistant.is_end_to_end or not can_fork():
            yield self._train_core
            return
        # Looked up before the process starts, so that no archive is unpacked in it.
        found = {node.id: self._sourced_component("core", node.id, sources) for node in core}

        def work(progress: Progress) -> dict[str, Any]:
            self.context = replace(self.context, progress=progress)
            reused: list[str] = []

            def reuse(node_id: str) -> Path | None:
                component = found[node_id]
                if component is None:
                    return None
                reused.append(node_id)
                return component.directory

            done = self._train_core(components, reuse)
            return {
                "metrics": dict(done.metrics),
                "trained": list(done.trained),
                "seconds": done.seconds,
                "reused": reused,
            }

        own = self.context
        child = ChildProcess(
            work,
            own.progress,
            name="The training of Core",
            fix="Train the parts one after the other: `rebake train nlu`, then `rebake train`.",
        )
        self.context = replace(own, progress=Polling(own.progress, child))  # an error of Core's ends NLU's training

        def train(_: Path, reuse: Callable[[str], Path | None]) -> TrainedPart:
            answer = child.answer()
            for node_id in answer["reused"]:
                reuse(node_id)
            return TrainedPart(answer["metrics"], answer["trained"], answer["seconds"])

        try:
            yield train
        except ChildFailedError:
            child.answer()
            raise
        finally:
            self.context = own
            child.stop()

    def _sourced_component(self, part: Part, node_id: str, sources: PartSources) -> SourcedComponent | None:
        return sources.find_component(part, self.fingerprints.components[node_id].fingerprint)

    def _build(self, part: Part, nodes: tuple[Node, ...], components: Path, sources: PartSources, train: Train) -> None:
        wanted = self.fingerprints.parts[part]
        sourced = sources.find_part(part, wanted.fingerprint)
        if sourced is not None:
            sources.take_part(sourced, part, nodes, components)
            self.reused[part] = sourced.archive.name
            # Where items stand may have changed without their meaning: the record's items are today's.
            self.records[part] = replace(
                wanted,
                seed=sourced.record.seed,
                trained_by=sourced.record.trained_by,
                metrics=sourced.record.metrics,
                reused_from=sourced.archive.name,
            )
            return

        kept: dict[str, SourcedComponent] = {}

        def reuse(node_id: str) -> Path | None:
            found = self._sourced_component(part, node_id, sources)
            if found is None:
                return None
            kept[node_id] = found
            return found.directory

        done = train(components, reuse)
        self.metrics.update(done.metrics)
        carried = _carried_metrics(kept)
        origins = list(dict.fromkeys(component.archive.name for component in kept.values()))
        record = replace(wanted, seed=self.context.seed, trained_by=f"rebake {__version__}")
        if done.trained:
            self.seconds[part] = done.seconds
            self.trained.append(part)
        else:
            self.rebuilt[part] = ", ".join(origins)
            record = replace(record, reused_from=", ".join(origins) or None)
            if len(origins) == 1:
                known = next(iter(kept.values())).part
                record = replace(record, seed=known.seed, trained_by=known.trained_by)
        self.records[part] = replace(record, metrics={**carried, **done.metrics})

    def _train_nlu(self, components: Path, reuse: Callable[[str], Path | None]) -> TrainedPart:
        started = time.monotonic()
        done = train_pipeline(
            self.assistant.config.pipeline,
            self.assistant,
            self.context,
            components,
            reuse,
            end_to_end=self.assistant.is_end_to_end and "core" in self.fingerprints.parts,
        )
        return TrainedPart(done.metrics, done.trained, time.monotonic() - started)

    def _train_core(self, components: Path, reuse: Callable[[str], Path | None]) -> TrainedPart:
        started = time.monotonic()
        featurizer = None
        if self.assistant.is_end_to_end:
            featurizer = EndToEndFeaturizer.load(pipeline_nodes(self.assistant), components)
        done = train_policies(
            self.assistant.config.policies,
            self.assistant,
            self.context,
            components,
            reuse=reuse,
            featurizer=featurizer,
            **self.core_arguments,
        )
        return TrainedPart(done.metrics, done.seconds.keys(), time.monotonic() - started)


def _carried_metrics(kept: Mapping[str, SourcedComponent]) -> dict[str, float]:
    """What the reused components' own training said, by the ids that they have now."""
    return {
        f"{node_id}{name.removeprefix(component.node_id)}": value
        for node_id, component in kept.items()
        for name, value in component.part.metrics.items()
        if name.startswith(f"{component.node_id}.")
    }


def nothing_to_train(assistant: Assistant, parts: frozenset[Part]) -> DataError:
    """Why none of the parts that are asked for can be trained."""
    place = assistant.config.location
    if "nlu" in parts and assistant.nlu:
        return DataError("The pipeline is empty.", location=place, fix="List the components under `pipeline:`.")
    if "core" in parts and assistant.stories:
        if assistant.domain.is_empty:
            return DataError("There are stories, but no domain.", fix="Name the domain file or directory (--domain).")
        return DataError("There are no policies.", location=place, fix="List the policies under `policies:`.")
    missing = [name for part, name in (("nlu", "NLU examples"), ("core", "stories or rules")) if part in parts]
    return DataError(
        f"There is nothing to train: the data holds no {' and no '.join(missing)}.",
        fix="Name the files or directories that hold them (--data).",
    )


def _warn_of_unread(arguments: Mapping[str, Any], known: frozenset[str], name: str) -> None:
    for key in sorted(set(arguments) - known):
        logger.warning("%s: '%s' has no effect here; known are %s.", name, key, ", ".join(sorted(known)))
