"""What TEDPolicy and UnexpecTEDIntentPolicy have in common: training on windows of states, and their files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from rebake.assistant.model import Domain
from rebake.base.continuation import FROM_SCRATCH
from rebake.base.names import named
from rebake.base.option_reader import OptionReader
from rebake.base.training_context import TrainingContext
from rebake.core.dialogue.states import State
from rebake.core.dialogue.tracker import TrainingTracker
from rebake.core.end_to_end import EndToEndFeatures
from rebake.core.featurizers import FeatureStates, TrackerFeaturizer
from rebake.core.policy import PolicyPrediction
from rebake.core.ted.arrays import encode_example
from rebake.core.ted.config import ted_config
from rebake.core.ted.data import NameAttribute, StateEncoder, StateWidths, Windows, build_windows
from rebake.core.ted.entities import Tags, padded, tag_ids, tag_spec_of
from rebake.core.ted.examples import TedExamples
from rebake.core.ted.featurizer import featurizer_of
from rebake.core.ted.files import TedFiles, read_ted_files, write_ted_files
from rebake.core.ted.labels import LabelRows, build_labels
from rebake.errors import RETRAIN, DataError, FinetuningError, ModelError, UnsupportedError
from rebake.nlu.entity_tags import TagSpec
from rebake.nlu.network_options import batching, evaluation_settings, fit_settings
from rebake.registry.tracker_featurizers import FULL_DIALOGUE

if TYPE_CHECKING:
    from rebake.nn.ted.dialogue_data import Dialogues
    from rebake.nn.ted.model import TedModel, TedPrediction


class TedLearner(ABC):
    """Learns from stories, never from rules. Untrained, as after training without stories, it saves nothing.

    Attributes:
        prefix: of its files.
        label: what it learns to predict.
    """

    prefix: ClassVar[str]
    label: ClassVar[NameAttribute]

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.options = dict(options)
        self.node = node
        self.featurizer = featurizer_of(self.options, of_intents=self.label == "intent")
        self._model: TedModel | None = None
        self._files: TedFiles | None = None
        self._earlier: tuple[Path, TedFiles] | None = None

    def continue_from(self, directory: Path | None) -> None:
        """Go on from the weights of an earlier training. Raises ModelError."""
        if directory is not None and (directory / f"{self.prefix}.meta.json").is_file():
            files = read_ted_files(directory, self.prefix, f"label_{self.label}")
            self._earlier = directory / f"{self.prefix}.tf_model", files

    @abstractmethod
    def resolved_options(self, warn: Callable[[str], None]) -> dict[str, Any]:
        """Return the options as in ``meta.json``; ``warn`` is called with what is odd about them.

        Raises:
            DataError, UnsupportedError: options that cannot be trained.
        """

    @abstractmethod
    def examples(self, stories: Sequence[TrainingTracker]) -> TedExamples:
        """Return windows, and the names that may follow each."""

    @staticmethod
    @abstractmethod
    def model_class() -> type[TedModel]:
        """Return the class of the network."""

    def train(
        self,
        trackers: Sequence[TrainingTracker],
        domain: Domain,
        context: TrainingContext,
        end_to_end: EndToEndFeatures | None = None,
    ) -> dict[str, float]:
        """Train on the story trackers, augmented ones included.

        Returns:
            "loss" of the last epoch and "accuracy" on the distinct training examples; empty without examples.

        Raises:
            DataError: an option's value is not possible, or the stories have no user turn.
            UnsupportedError: an option that rebake does not have, or options that Rasa cannot run together.
        """
        options = self.resolved_options(context.warn)
        tables = FeatureStates.of(domain)
        self.featurizer = replace(self.featurizer, feature_states=tables)
        examples = self.examples([tracker for tracker in trackers if not tracker.is_rule])
        if not examples.states:
            context.warn(f"{named(self.node)} is left untrained: there are no stories to learn from.")
            return {}
        encoder = StateEncoder(tables, end_to_end)
        windows = build_windows(examples.states, encoder, newest_first=not self._whole_dialogues)
        return self._fit(examples, windows, encoder, options, context)

    @property
    def _whole_dialogues(self) -> bool:
        return self.featurizer.type == FULL_DIALOGUE

    def _fit(
        self,
        examples: TedExamples,
        windows: Windows,
        encoder: StateEncoder,
        options: dict[str, Any],
        context: TrainingContext,
    ) -> dict[str, float]:
        widths = windows.states.widths
        if "intent" not in widths.names and "text" not in widths.texts:
            raise DataError(f"{named(self.node)}: no story has a user turn.", fix="Add one to the stories.")
        table = encoder.tables.index(self.label)
        labels = build_labels(table, self.label, encoder)
        ids = self._label_ids(examples.labels, table)
        spec, tags = self._tags(examples, encoder, options)
        options["entity_recognition"] = spec is not None
        if spec is not None and "intent" in widths.names:  # Rasa asks by text and by intent, and joins what differs
            context.warn(
                f"{named(self.node)}: Rasa 3.6.21 fails at the first message where stories with intents are mixed with "
                "stories with texts that have entities; set entity_recognition to false."
            )
        earlier = None if self._earlier is None else self._require_fit(*self._earlier, widths, labels, spec)
        own = ids[0][ids[0] >= 0] if self._whole_dialogues else ids[0]
        example = encode_example(widths, windows, 0, own.tolist(), None if tags is None else tags[0])
        self._files = TedFiles(options, options["priority"], widths, labels, spec, example)
        read = OptionReader(options, self.node)
        data = windows.as_input(widths)
        if tags is not None:
            data = windows.as_input(widths, *padded(tags, windows.rows.shape))
        self._model, metrics = self.model_class().train(
            ted_config(read, widths, labels, whole_dialogues=self._whole_dialogues),
            data,
            ids,
            labels.as_input(),
            tags=0 if spec is None else len(spec.tags),
            batching=batching(read),
            settings=fit_settings(read, self.node, context.seed),
            evaluation=evaluation_settings(read, context.seed),
            progress=context.progress,
            num_threads=context.num_threads,
            warn=context.warn,
            earlier=earlier,
        )
        return metrics | self.learned(data, ids)

    def _require_fit(
        self, checkpoint: Path, files: TedFiles, widths: StateWidths, labels: LabelRows, spec: TagSpec | None
    ) -> Path:
        """The weights to go on from. Raises FinetuningError where they are of another network."""
        for what, now, then in (
            ("kinds of input", dict(widths.names), dict(files.widths.names)),
            ("features of texts", dict(widths.texts), dict(files.widths.texts)),
            ("number of labels", labels.count, files.labels.count),
            ("entity tags", spec, files.tag_spec),
        ):
            if now != then:
                raise FinetuningError(
                    f"{named(self.node)} cannot continue from the model to fine-tune: the {what} were {then}, now "
                    f"{now}.",
                    fix=FROM_SCRATCH,
                )
        return checkpoint

    def _tags(
        self, examples: TedExamples, encoder: StateEncoder, options: Mapping[str, Any]
    ) -> tuple[TagSpec | None, list[list[Tags | None]] | None]:
        """The entity tags of user texts, per window and turn that is acted on; None where there is nothing to learn."""
        if not options["entity_recognition"] or encoder.end_to_end is None or not encoder.tables.entities:
            return None, None
        bilou = options["BILOU_flag"]
        spec = tag_spec_of(encoder.tables, bilou=bilou)
        tags = [
            [tag_ids(message, spec, encoder.end_to_end, bilou=bilou) for message in messages]
            for messages in examples.messages
        ]
        has_entities = any(turn is not None and turn.any() for turns in tags for turn in turns)
        if has_entities and self._whole_dialogues:  # Rasa masks the last turn, all it keeps, with the mask of all turns
            raise UnsupportedError(
                f"{named(self.node)}: Rasa 3.6.21 fails to load a model that finds entities in whole dialogues.",
                fix="Set entity_recognition to false, or use the MaxHistoryTrackerFeaturizer.",
            )
        return (spec, tags) if has_entities else (None, None)

    def learned(self, data: Dialogues, ids: NDArray[np.int32]) -> dict[str, float]:  # noqa: ARG002
        """Called with the training data once the network is trained; returns further metrics."""
        return {}

    def ask(
        self, windows: Sequence[Sequence[State]], end_to_end: EndToEndFeatures | None, *, tagged: int | None = None
    ) -> TedPrediction | None:
        """Ask the network about some windows; None if it is not trained.

        Args:
            windows: states, oldest first.
            end_to_end: features of their content, for a model that was trained end to end.
            tagged: the window whose last user text is looked for entities; None = none.

        Raises:
            ModelError: features that do not fit the model, or are missing.
        """
        if self._model is None or self._files is None or self.featurizer.feature_states is None:
            return None
        widths = self._files.widths
        if end_to_end is None and widths.texts:
            raise ModelError(
                f"{named(self.node)} was trained end to end and reads texts, which were not featurized.", fix=RETRAIN
            )
        encoder = StateEncoder(self.featurizer.feature_states, end_to_end, widths)
        built = build_windows(windows, encoder, newest_first=not self._whole_dialogues)
        if self._files.tag_spec is None:
            return self._model.predict(built.as_input(widths))
        tags_of = np.full(built.rows.shape, -1, np.int32)
        if tagged is not None:
            newest = built.lengths[tagged] - 1 if self._whole_dialogues else 0
            state = built.rows[tagged, newest]
            if built.states.texts["text"].of_state[state] >= 0:
                tags_of[tagged, newest] = 0
        return self._model.predict(built.as_input(widths, np.zeros((1, 1), np.int32), tags_of))

    def prediction(self, probabilities: Sequence[float]) -> PolicyPrediction:
        """Return a prediction of this policy."""
        return PolicyPrediction(list(probabilities), type(self).__name__, self.options["priority"])

    def save(self, directory: Path) -> None:
        """Write the files that Rasa 3.6.21 reads; none if nothing was learned."""
        if self._model is None or self._files is None:
            return
        self.featurizer.save(directory)
        write_ted_files(directory, self.prefix, self._files)
        self._model.save(directory / f"{self.prefix}.tf_model")

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        """Read what :meth:`save` or Rasa wrote; without files the policy is untrained.

        Raises:
            ModelError: files are missing or broken.
        """
        policy = cls(options, node)
        if directory is None or not (directory / f"{cls.prefix}.meta.json").is_file():
            return policy
        policy.featurizer = TrackerFeaturizer.load(directory)
        if policy.featurizer.feature_states is None:
            raise ModelError(f"featurizer.json of {named(node)} has no state_featurizer.", fix=RETRAIN)
        files = read_ted_files(directory, cls.prefix, f"label_{cls.label}")
        policy._files = files
        prefix = directory / f"{cls.prefix}.tf_model"
        read = OptionReader(files.options, f"{cls.prefix}.meta.json in {directory}")
        policy._model = cls.model_class().load(
            prefix,
            ted_config(read, files.widths, files.labels, whole_dialogues=policy._whole_dialogues),
            files.widths.as_inputs(),
            files.labels.as_input(),
            0 if files.tag_spec is None else len(files.tag_spec.tags),
        )
        return policy

    def _label_ids(self, names: Sequence[Sequence[str]], table: Mapping[str, int]) -> NDArray[np.int32]:
        """int32 [n_windows, most labels of a window], -1 where a window has fewer."""
        unknown = sorted({name for several in names for name in several} - set(table))
        if unknown:
            raise DataError(
                f"{named(self.node)}: the domain does not have '{unknown[0]}'.", fix="Add it to the domain."
            )
        ids = np.full((len(names), max(map(len, names))), -1, np.int32)
        for row, several in enumerate(names):
            ids[row, : len(several)] = [table[name] for name in several]
        return ids
