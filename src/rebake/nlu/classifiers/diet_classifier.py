"""DIETClassifier: intents and entities from one transformer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from rebake.base.names import named
from rebake.base.training_context import TrainingContext
from rebake.errors import DataError
from rebake.nlu.component import TrainingData
from rebake.nlu.diet.config import diet_config
from rebake.nlu.diet.data import data_example, label_features, rankings
from rebake.nlu.diet.earlier import EarlierTraining, untrained
from rebake.nlu.diet.files import DietFiles, decode_features, encode_features, encode_ids
from rebake.nlu.diet.options import DietOptions
from rebake.nlu.diet.training_warnings import warn_about_featurizers, warn_about_training
from rebake.nlu.entity_tags import OUTSIDE, TagName, TagSpec, assemble, build_tag_specs, repair_bilou
from rebake.nlu.entity_tags import tag_tokens as tags_of
from rebake.nlu.message import INTENT, TEXT, Message
from rebake.nlu.network_options import batching, evaluation_settings, fit_settings
from rebake.nlu.text_features import Stacked, by_origin, selected, stack, text_data

if TYPE_CHECKING:
    from rebake.nn.diet.model import DietModel
    from rebake.nn.diet.network import Prediction

NAME = "DIETClassifier"
BATCH = 256  # messages that are predicted together
_METRICS = {name: f"{name}_loss" for name in ("mask", "intent", "entity", "role", "group")}


class DIETClassifier:
    """A component of the pipeline; without a model (not enough data to train) it predicts nothing."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.options = DietOptions.of(options, node)
        self.node = node
        self.model: DietModel | None = None
        self.files: DietFiles | None = None
        self._earlier: EarlierTraining | None = None

    def continue_from(self, directory: Path | None, training: TrainingData) -> None:
        """Go on from the weights of an earlier training, for the same intents and entities."""
        if directory is None:
            raise untrained(self.node)
        self._earlier = EarlierTraining.read(self.node, directory, NAME)
        self._earlier.require_labels(_intents(training.messages), "intents")

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        """Train on the messages that have features (and, if intents are classified, an intent)."""
        options = self.options
        messages = [
            message
            for message in training.messages
            if selected(message, TEXT, options.featurizers) and (not options.intents or INTENT in message.attributes)
        ]
        names = _intents(training.messages)
        warn_about_training(options, self.node, context)
        warn_about_featurizers(options.featurizers, self.node, training.messages, context)
        if not self._trainable(messages, names, context):
            return {}
        specs = self._tag_specs(training.messages)
        if not (options.intents or specs or options.network.flag("use_masked_language_model")):
            context.warn(f"{named(self.node)} is left untrained: no example has an annotated entity to learn.")
            return {}
        if self._earlier is not None:
            self._earlier.require_tags(specs)
        features = stack(messages, TEXT, options.featurizers)
        self._check_features(features)
        of_labels = label_features(training.messages, names, INTENT, options.featurizers)
        return self._fit(messages, names, specs, features, of_labels, context)

    def _fit(
        self,
        messages: Sequence[Message],
        names: Sequence[str],
        specs: Sequence[TagSpec],
        features: Stacked,
        of_labels: Stacked,
        context: TrainingContext,
    ) -> dict[str, float]:
        from rebake.nn.diet.model import DietModel

        options = self.options
        label_ids = {name: index for index, name in enumerate(names)}
        ids = (
            np.array([label_ids[message.attributes[INTENT]] for message in messages], "i4") if options.intents else None
        )
        tags: dict[str, NDArray[np.int32]] = {spec.name: _tag_ids(messages, spec, options.bilou) for spec in specs}
        texts = text_data(features, ids, tags)
        self.model, losses = DietModel.train(
            diet_config(options),
            texts,
            text_data(of_labels) if options.intents else None,
            {spec.name: len(spec.tags) for spec in specs},
            batching=batching(options.network),
            settings=fit_settings(options.network, self.node, context.seed),
            progress=context.progress,
            num_threads=context.num_threads,
            warn=context.warn,
            evaluation=evaluation_settings(options.network, context.seed),
            earlier=None if self._earlier is None else self._earlier.network(features),
            replicas=context.replicas,
        )
        self.files = DietFiles(
            data_example(features, of_labels, texts),
            {
                "label": {
                    **encode_features(of_labels, range(len(names)), mask=False),
                    "ids": encode_ids(range(len(names))),
                }
            },
            tuple(names),
            tuple(specs),
            {TEXT: features.sparse_sizes},
        )
        return {_METRICS.get(name, name): value for name, value in losses.items()}

    def _trainable(self, messages: Sequence[Message], names: Sequence[str], context: TrainingContext) -> bool:
        if not messages or not names:
            context.warn(f"{named(self.node)} is left untrained: there is nothing to train on.")
            return False
        if self.options.intents and len({message.attributes[INTENT] for message in messages}) < 2:
            context.warn(f"{named(self.node)} is left untrained: an intent classifier needs two intents or more.")
            return False
        return True

    def _check_features(self, features: Stacked) -> None:
        """Require features of tokens, to tag them, and of texts, without which Rasa cannot classify intents."""
        fix = "Add a featurizer such as CountVectorsFeaturizer in front of it."
        if features.sequence_sparse is None and features.sequence_dense is None:
            raise DataError(
                f"{named(self.node)} needs features of tokens, and its featurizers give features of whole texts only.",
                fix=fix,
            )
        if self.options.intents and features.sentence_sparse is None and features.sentence_dense is None:
            raise DataError(
                f"{named(self.node)} needs features of whole texts, and its featurizers give features of tokens only.",
                fix=fix,
            )

    def _tag_specs(self, messages: Sequence[Message]) -> list[TagSpec]:
        if not self.options.entities:
            return []
        specs = build_tag_specs(messages, self.options.bilou)
        return specs if specs and specs[0].name == "entity" else []

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        """Set intent and ranking and add entities, as far as the options ask for them."""
        if self.options.intents:
            for message in messages:
                message.intent, message.intent_ranking = {"name": None, "confidence": 0.0}, []
        if self.model is None or self.files is None:
            return
        for group in by_origin(messages, TEXT, self.options.featurizers):
            for start in range(0, len(group), BATCH):
                self._process_batch(group[start : start + BATCH], self.model, self.files)

    def _process_batch(self, messages: Sequence[Message], model: DietModel, files: DietFiles) -> None:
        widths = model.network.widths
        features = stack(messages, TEXT, self.options.featurizers)
        prediction = model.predict(text_data(features.widened(widths)))
        if prediction.intents is not None:
            ranked = rankings(prediction.intents, files.labels, self.options)
            for message, (best, ranking) in zip(messages, ranked, strict=True):
                message.intent, message.intent_ranking = best, ranking
        tagged = {place for ids, _ in prediction.tags.values() for place in np.flatnonzero(ids.any(axis=1)).tolist()}
        for place in tagged:  # no entities in the others
            messages[place].entities += self._entities(messages[place], prediction, place, files.tag_specs)

    def _entities(
        self, message: Message, prediction: Prediction, place: int, specs: Sequence[TagSpec]
    ) -> list[dict[str, Any]]:
        tokens = message.tokens[TEXT]
        layers: dict[TagName, tuple[list[str], list[float]]] = {}
        for spec in specs:
            if spec.name not in prediction.tags:
                continue
            ids, confidences = (values[place, : len(tokens)].tolist() for values in prediction.tags[spec.name])
            if any(ids):
                tags = [spec.tags[index] for index in ids]
                layers[spec.name] = repair_bilou(tags, confidences) if self.options.bilou else (tags, confidences)
        return assemble(message.text, tokens, layers, self.options.split_by_comma, NAME)

    def save(self, directory: Path) -> None:
        """Write Rasa's files; nothing without a model."""
        if self.model is None or self.files is None:
            return
        self.files.write(directory, NAME)
        self.model.save(directory / f"{NAME}.tf_model")

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        """Read a component that we or Rasa trained."""
        component = cls(options, node)
        if directory is None or not any(directory.glob(f"{NAME}.*")):
            return component
        from rebake.nn.diet.model import DietModel

        files = DietFiles.read(directory, NAME)
        labels = "label" in files.data_example and component.options.intents
        recognizes = component.options.entities and "entities" in files.data_example
        component.files = files
        component.model = DietModel.load(
            diet_config(component.options),
            text_data(decode_features(files.data_example[TEXT])).widths,
            text_data(decode_features(files.label_data["label"])) if labels else None,
            {spec.name: len(spec.tags) for spec in files.tag_specs} if recognizes else {},
            directory / f"{NAME}.tf_model",
        )
        return component


def _intents(messages: Sequence[Message]) -> list[str]:
    return sorted({message.attributes[INTENT] for message in messages if INTENT in message.attributes})


def _tag_ids(messages: Sequence[Message], spec: TagSpec, bilou: bool) -> NDArray[np.int32]:
    """The tags of all tokens of all messages, as ids."""
    ids = spec.ids()
    outside = ids[OUTSIDE]
    return np.array([ids.get(tag, outside) for message in messages for tag in tags_of(message, spec.name, bilou)], "i4")
