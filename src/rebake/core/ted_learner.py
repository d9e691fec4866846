"""What TEDPolicy and UnexpecTEDIntentPolicy have in common: training on windows of states, and their files."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from rebake.assistant.model import Domain
from rebake.core.end_to_end import EndToEndFeatures
from rebake.core.featurizers import FULL_DIALOGUE, MAX_HISTORY, FeatureStates, TrackerFeaturizer
from rebake.core.policy import RETRAIN, PolicyPrediction
from rebake.core.states import State
from rebake.core.ted_data import Windows, build_windows
from rebake.core.ted_files import TedFiles, example_arrays, read_ted_files, write_ted_files
from rebake.core.tracker import TrainingTracker
from rebake.errors import DataError, ModelError, UnsupportedError
from rebake.nlu.component import TrainingContext

if TYPE_CHECKING:
    from rebake.nn.ted_model import DialogueBatch, TedModel

logger = logging.getLogger("rebake")


class TedLearner(ABC):
    """Learns from stories, never from rules. Untrained, as after training without stories, it saves nothing.

    Attributes:
        prefix: of its files.
        labels: attribute of the labels in them.
        window_type: of its featurizer.
    """

    prefix: ClassVar[str]
    labels: ClassVar[str]
    window_type: ClassVar[str] = MAX_HISTORY

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.options = dict(options)
        self.node = node
        self.featurizer = TrackerFeaturizer(self.options.get("max_history"), type=self.window_type)
        self._model: TedModel | None = None
        self._files: TedFiles | None = None

    @abstractmethod
    def resolved_options(self) -> dict[str, Any]:
        """The options as ``meta.json`` holds them. Raises DataError and UnsupportedError for those it cannot train."""

    @abstractmethod
    def examples(self, stories: Sequence[TrainingTracker]) -> tuple[list[list[State]], list[list[str]]]:
        """Windows, and the names that may follow each."""

    @abstractmethod
    def label_table(self, tables: FeatureStates) -> dict[str, int]:
        """name -> index of every label."""

    @staticmethod
    @abstractmethod
    def model_class() -> type[TedModel]:
        """The network."""

    def train(
        self,
        trackers: Sequence[TrainingTracker],
        domain: Domain,
        context: TrainingContext,
        end_to_end: EndToEndFeatures | None = None,  # noqa: ARG002
    ) -> dict[str, float]:
        """Train on the story trackers, augmented ones included.

        Returns:
            "loss" of the last epoch and "accuracy" on the distinct training examples; empty without examples.

        Raises:
            DataError: an option's value is not possible, or the stories hold no user turn.
            UnsupportedError: an option or end-to-end training that rebake does not have.
        """
        options = self.resolved_options()
        tables = FeatureStates.of(domain)
        if tables.action_texts:
            raise UnsupportedError(
                f"{self.node}: rebake does not train on bot texts of end-to-end stories yet.",
                location=domain.location,
                fix="Use actions with names.",
            )
        self.featurizer = TrackerFeaturizer(options.get("max_history"), True, tables, self.window_type)
        states, names = self.examples([tracker for tracker in trackers if not tracker.is_rule])
        if not states:
            logger.warning("%s is not trained, as there are no stories to learn from.", self.node)
            return {}
        if options.get("max_training_samples") is not None:
            logger.warning("%s: max_training_samples has no effect, neither in Rasa 3.6 nor here.", self.node)
        windows = build_windows(states, tables)
        labels = self._label_ids(names, self.label_table(tables))
        return self._fit(windows, labels, len(self.label_table(tables)), options, context)

    def _fit(
        self,
        windows: Windows,
        labels: NDArray[np.int32],
        n_labels: int,
        options: dict[str, Any],
        context: TrainingContext,
    ) -> dict[str, float]:
        widths = windows.states.widths
        if "intent" not in widths:
            raise DataError(f"{self.node}: no story holds a user turn with an intent.", fix="Add one to the stories.")
        one_hot = np.eye(n_labels, dtype=np.float32)
        example = example_arrays(widths, windows.turns(0), labels[0].tolist())
        self._files = TedFiles(options, options["priority"], widths, one_hot, self.labels, example)
        seed = context.seed if options["random_seed"] is None else int(options["random_seed"])
        self._model, metrics = self.model_class().train(
            options,
            widths,
            one_hot,
            batch_of(windows),
            labels,
            seed=seed,
            num_threads=context.num_threads,
            name=self.node,
            progress=context.progress,
        )
        return metrics | self.learned(windows, labels)

    def learned(self, windows: Windows, labels: NDArray[np.int32]) -> dict[str, float]:  # noqa: ARG002
        """Called with the training data once the network is trained; returns further metrics."""
        return {}

    def confidences(self, states: Sequence[State]) -> NDArray[np.float32] | None:
        """What the network says of one window, [n_labels]; None if it is not trained."""
        tables = self.featurizer.feature_states
        if self._model is None or tables is None:
            return None
        found: NDArray[np.float32] = self._model.confidences(batch_of(build_windows([states], tables)))[0]
        return found

    def prediction(self, probabilities: Sequence[float]) -> PolicyPrediction:
        """A prediction of this policy."""
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
            UnsupportedError: the policy was trained end to end, or on whole dialogues.
        """
        policy = cls(options, node)
        if directory is None or not (directory / f"{cls.prefix}.meta.json").is_file():
            return policy
        policy.featurizer = TrackerFeaturizer.load(directory)
        if policy.featurizer.type == FULL_DIALOGUE or policy.featurizer.feature_states is None:
            raise UnsupportedError(f"{node} was trained with a featurizer that rebake does not have.", fix=RETRAIN)
        files = read_ted_files(directory, cls.prefix, cls.labels)
        policy._files = files
        model_class = cls.model_class()
        prefix = directory / f"{cls.prefix}.tf_model"
        try:
            policy._model = model_class.load(prefix, files.options, files.widths, files.label_features)
        except (KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                f"{cls.prefix}.meta.json in {directory} lacks an option ({error}).", fix=RETRAIN
            ) from error
        return policy

    def _label_ids(self, names: Sequence[Sequence[str]], table: Mapping[str, int]) -> NDArray[np.int32]:
        """int32 [n_windows, most labels of a window], -1 where a window has fewer."""
        unknown = sorted({name for several in names for name in several} - set(table))
        if unknown:
            raise DataError(f"{self.node}: the domain does not have '{unknown[0]}'.", fix="Add it to the domain.")
        ids = np.full((len(names), max(map(len, names))), -1, np.int32)
        for row, several in enumerate(names):
            ids[row, : len(several)] = [table[name] for name in several]
        return ids


def batch_of(windows: Windows) -> DialogueBatch:
    """The same, as the network takes it."""
    from rebake.nn.ted_model import DialogueBatch

    return DialogueBatch(windows.rows, windows.lengths, windows.states.features, windows.states.present)
