"""The making of one model directory: every part reused from an archive or trained, then metadata and manifest."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from rebake.archive.finetuning import finetuning_fingerprints, write_finetuning_fingerprints
from rebake.archive.manifest import ComponentRecord, Manifest, Part, PartRecord, write_manifest
from rebake.archive.metadata import RASA_VERSION, build_metadata, write_metadata
from rebake.archive.pack import COMPONENTS_NAME
from rebake.archive.part_sources import PartSources, SourcedComponent
from rebake.archive.rasa_graph import PartGraphs, part_graphs
from rebake.assistant.nlu_data.writer import persist_nlu
from rebake.base.continuation import Continuation
from rebake.base.notices import Notices
from rebake.base.progress import Progress
from rebake.base.training_context import TrainingContext
from rebake.base.version import __version__
from rebake.build.continuations import Continuations
from rebake.build.core_process import core_beside_nlu
from rebake.build.plan import Plan
from rebake.build.training import Reuse, TrainedPart, TrainPart
from rebake.build.workers.workers import Workers
from rebake.core.agent import CoreTraining, train_policies
from rebake.core.end_to_end import EndToEndFeaturizer
from rebake.errors import ModelError
from rebake.nlu.pipeline import PipelineTraining, train_pipeline
from rebake.own_rasa.result import take_part
from rebake.own_rasa.training import Log, train_with_rasa
from rebake.registry.node import Node
from rebake.registry.training_arguments import CORE_ARGUMENTS, NLU_ARGUMENTS

_NAMES: Mapping[Part, str] = {"nlu": "NLU", "core": "Core"}
TRAINED_BY = f"rebake {__version__}"


class Job:
    """Executes a plan; the attributes say afterwards what came of it.

    Attributes:
        trained: the parts that were trained now.
        reused: part -> name of the archive that it was carried over from.
        rebuilt: part that is new as a whole, of components that are all carried over -> names of their archives.
        seconds: part -> how long its training took.
        saved: reused or rebuilt part -> how long its training took when it was trained, where that is known.
        metrics: figures of the training, e.g. {"DIETClassifier5.loss": 0.2}.
        records: what rebake.json says of each part.
        manifest: the whole of rebake.json.
        model_id: of the whole model, from its content.
    """

    def __init__(
        self,
        plan: Plan,
        progress: Progress,
        notices: Notices,
        continuations: Continuations,
        log: Log | None = None,
        workers: Workers | None = None,
    ) -> None:
        self.plan = plan
        self._workers = workers
        self._continuations = continuations
        self._log = log
        self._from_rasa: dict[Part, PartGraphs] = {}
        request = plan.request
        self._assistant = request.assistant
        self._context = TrainingContext(
            language=self._assistant.config.language,
            num_threads=request.num_threads,
            progress=progress,
            notices=notices,
        )
        self._nodes: dict[Part, tuple[Node, ...]] = {"nlu": plan.nlu, "core": plan.core}
        self.trained: list[Part] = []
        self.reused: dict[Part, str] = {}
        self.rebuilt: dict[Part, str] = {}
        self.seconds: dict[str, float] = {}
        self.saved: dict[str, float] = {}
        self._partly: set[Part] = set()  # parts that were trained, with components that were reused
        self.metrics: dict[str, float] = {}
        self.records: dict[Part, PartRecord] = {}
        self.manifest = Manifest({})
        self.model_id = ""

    def run(self, directory: Path, sources: PartSources) -> None:
        """Fill an empty directory with everything that the archive is to contain."""
        components = directory / COMPONENTS_NAME
        components.mkdir()
        reuse_core = self._reuse("core", sources)
        to_train = self._to_train(sources)
        if to_train and self.plan.request.reuse_only:
            parts = " and ".join(_NAMES[part] for part, _ in to_train)
            raise ModelError(f"No archive has {parts} as the assistant asks for, and nothing is to be trained.")
        self._continuations.prepare(to_train)
        if self._workers is not None:
            self._workers.meet(self.plan, trains=any(part == "nlu" for part, _ in to_train))
        with core_beside_nlu(
            self._train_core,
            self._context,
            components,
            {node.id: reuse_core(node.id) for node in self.plan.core} if self._side_by_side(sources) else None,
        ) as (context, train_core):
            if self.plan.nlu:
                self._make("nlu", components, sources, lambda *given: self._train_nlu(context, *given))
                if self.plan.request.persist_nlu_data:
                    persist_nlu(self._assistant.nlu, components)
            if self.plan.core:
                self._make("core", components, sources, train_core)
        wanted = self.plan.fingerprints.parts
        if "nlg" in wanted:
            self.records["nlg"] = replace(wanted["nlg"], trained_by=TRAINED_BY)
        self.model_id, self.manifest = self._complete(
            directory,
            Manifest(self.records, self.plan.fingerprints.components, tool_version=__version__),
            nlu=self.plan.nlu,
            core=self.plan.core,
            persist_nlu_data=self.plan.request.persist_nlu_data,
        )

    def cut(self, part: Part, whole: Path, directory: Path) -> None:
        """Fill an empty directory with a model of one part, from the directory of the whole model.

        The files are links to those of the whole model, so this copies nothing.
        """
        components = directory / COMPONENTS_NAME
        components.mkdir()
        nodes = self._nodes[part]
        for node in nodes:
            trained = whole / COMPONENTS_NAME / node.directory
            if trained.is_dir():
                shutil.copytree(trained, components / node.directory, copy_function=os.link)
        own: dict[str, ComponentRecord] = {
            node: record for node, record in self.plan.fingerprints.components.items() if record.part == part
        }
        # Where some components were reused, the time of the others is not what training the part takes.
        seconds = self.saved.get(part) if part in self._partly else self.seconds.get(part, self.saved.get(part))
        record = replace(self.records[part], seconds=seconds)
        manifest = Manifest({part: record}, own, tool_version=__version__)
        self._complete(directory, manifest, nlu=nodes if part == "nlu" else (), core=nodes if part == "core" else ())

    def _complete(
        self,
        directory: Path,
        manifest: Manifest,
        *,
        nlu: Sequence[Node],
        core: Sequence[Node],
        persist_nlu_data: bool = False,
    ) -> tuple[str, Manifest]:
        """Write what a model has besides its components; returns the model's id, and the manifest with all files."""
        components = directory / COMPONENTS_NAME
        metadata = build_metadata(
            self._assistant,
            nlu=nlu,
            core=core,
            components=components,
            persist_nlu_data=persist_nlu_data,
            augmentation_factor=self.plan.request.augmentation_factor,
            from_rasa={part: graphs for part, graphs in self._from_rasa.items() if (nlu if part == "nlu" else core)},
        )
        write_metadata(metadata, directory)
        if not self._from_rasa:  # the hashes are over the defaults of all classes, and those of custom ones are unknown
            graph = metadata["train_schema"]["nodes"]
            hashes = finetuning_fingerprints(self._assistant, graph, nlu=nlu, core=core, rasa_version=RASA_VERSION)
            write_finetuning_fingerprints(hashes, components)
        return str(metadata["model_id"]), write_manifest(manifest, directory)

    def _to_train(self, sources: PartSources) -> list[tuple[Part, tuple[Node, ...]]]:
        """The parts of the model that no archive has, with their nodes."""
        wanted = self.plan.fingerprints.parts
        return [
            (part, nodes)
            for part, nodes in self._nodes.items()
            if nodes and sources.find_part(part, wanted[part].fingerprint, nodes) is None
        ]

    def _side_by_side(self, sources: PartSources) -> bool:
        """Whether rebake is to train both parts, and neither reads the other (end to end, Core reads featurizers)."""
        return not (self.plan.is_end_to_end or self.plan.by_rasa) and len(self._to_train(sources)) == len(self._nodes)

    def _sourced(self, part: Part, node_id: str, sources: PartSources) -> SourcedComponent | None:
        return sources.find_component(part, self.plan.fingerprints.components[node_id].fingerprint)

    def _reuse(self, part: Part, sources: PartSources) -> Reuse:
        def reuse(node_id: str) -> Path | None:
            found = self._sourced(part, node_id, sources)
            return None if found is None else found.directory

        return reuse

    def _make(self, part: Part, components: Path, sources: PartSources, train: TrainPart) -> None:
        """Carry the part over if an archive has it, otherwise train those of its components that no archive has."""
        wanted = self.plan.fingerprints.parts[part]
        sourced = sources.find_part(part, wanted.fingerprint, self._nodes[part])
        if sourced is not None:
            sources.take_part(sourced, part, self._nodes[part], components)
            self.reused[part] = sourced.archive.name
            self._save(part, sourced.record)
            # Where items stand may have changed without their meaning: the record's items are today's.
            self.records[part] = replace(
                wanted,
                seed=sourced.record.seed,
                trained_by=sourced.record.trained_by,
                metrics=sourced.record.metrics,
                reused_from=sourced.archive.name,
                finetuned=sourced.record.finetuned,
            )
            if part in self.plan.by_rasa:
                self._from_rasa[part] = part_graphs(sources.metadata(sourced).raw, part)
            return
        if part in self.plan.by_rasa:
            self._train_with_rasa(part, components)
            return
        kept: dict[str, SourcedComponent] = {}

        def reuse(node_id: str) -> Path | None:
            found = self._sourced(part, node_id, sources)
            if found is None:
                return None
            kept[node_id] = found
            return found.directory

        self._note(part, train(components, reuse), kept)

    def _train_with_rasa(self, part: Part, components: Path) -> None:
        """Let the user's own Rasa train the part, and take it from the archive that it writes."""
        request = self.plan.request
        assert request.rasa is not None
        started = time.monotonic()
        scratch = components.parent / f"rasa-{part}"
        scratch.mkdir()
        named = {"num_threads": request.num_threads, "augmentation_factor": request.augmentation_factor}
        taken = NLU_ARGUMENTS if part == "nlu" else CORE_ARGUMENTS
        arguments = {name: value for name, value in named.items() if name in taken and value is not None}
        with self._context.progress.task(
            f"{_NAMES[part]}, by Rasa {request.rasa.environment.version}", 1, "part"
        ) as task:
            archive = train_with_rasa(request.rasa, part, scratch, arguments=arguments, log=self._log)
            task.advance()
        self._from_rasa[part] = take_part(archive, part, self._nodes[part], self._assistant.domain, components)
        shutil.rmtree(scratch)
        self.seconds[part] = time.monotonic() - started
        self.trained.append(part)
        self.records[part] = replace(
            self.plan.fingerprints.parts[part], trained_by=f"rasa {request.rasa.environment.version}"
        )

    def _note(self, part: Part, done: TrainedPart, kept: Mapping[str, SourcedComponent]) -> None:
        """Record what came of training a part; ``kept`` are the components that were reused."""
        self.metrics.update(done.metrics)
        archives = list(dict.fromkeys(component.archive.name for component in kept.values()))
        record = replace(self.plan.fingerprints.parts[part], seed=self._context.seed, trained_by=TRAINED_BY)
        if done.finetuned:
            record = replace(record, finetuned=self._continuations.record(part))
        if done.trained:
            self.seconds[part] = done.seconds
            self.trained.append(part)
            if kept:
                self._partly.add(part)
        else:
            self.rebuilt[part] = ", ".join(archives)
            record = replace(record, reused_from=", ".join(archives) or None)
            if len(archives) == 1:
                known = next(iter(kept.values())).part
                record = replace(record, seed=known.seed, trained_by=known.trained_by)
                self._save(part, known)
        self.records[part] = replace(record, metrics={**_carried_metrics(kept), **done.metrics})

    def _save(self, part: Part, known: PartRecord) -> None:
        if known.seconds is not None:
            self.saved[part] = known.seconds

    def _train_nlu(self, context: TrainingContext, components: Path, reuse: Reuse) -> TrainedPart:
        started = time.monotonic()

        def train(reuse: Reuse, continuation: Continuation | None = None) -> PipelineTraining:
            if self._workers is not None and self._workers.trains:
                return self._workers.train(self.plan, context, components)
            return train_pipeline(
                self._assistant.config.pipeline,
                self._assistant,
                context,
                components,
                reuse,
                end_to_end=self.plan.is_end_to_end,
                continuation=continuation,
            )

        done, is_finetuned = self._continuations.train(
            "nlu", self.plan.nlu, components, context.notices, lambda: train(reuse), partial(train, _nothing)
        )
        return TrainedPart(done.metrics, done.trained, time.monotonic() - started, is_finetuned)

    def _train_core(self, context: TrainingContext, components: Path, reuse: Reuse) -> TrainedPart:
        started = time.monotonic()
        featurizer = None
        if self.plan.is_end_to_end:
            featurizer = EndToEndFeaturizer.load(self.plan.nlu, components)

        def train(reuse: Reuse, continuation: Continuation | None = None) -> CoreTraining:
            return train_policies(
                self._assistant.config.policies,
                self._assistant,
                context,
                components,
                reuse=reuse,
                featurizer=featurizer,
                augmentation_factor=self.plan.request.augmentation_factor,
                continuation=continuation,
            )

        done, is_finetuned = self._continuations.train(
            "core", self.plan.core, components, context.notices, lambda: train(reuse), partial(train, _nothing)
        )
        return TrainedPart(done.metrics, tuple(done.seconds), time.monotonic() - started, is_finetuned)


def _nothing(node_id: str) -> Path | None:
    """Fine-tuning reuses no component that was trained on other features."""


def _carried_metrics(kept: Mapping[str, SourcedComponent]) -> dict[str, float]:
    """Figures of the reused components' own training, by the ids that they have now."""
    return {
        f"{node_id}{name.removeprefix(component.node_id)}": value
        for node_id, component in kept.items()
        for name, value in component.part.metrics.items()
        if name.startswith(f"{component.node_id}.")
    }
