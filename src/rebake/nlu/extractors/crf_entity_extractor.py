"""CRFEntityExtractor: entities from a conditional random field over what tokens look like.

Up to three fields are trained: of entity types, and of roles and groups, which see the entity types around them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rebake.base.names import named
from rebake.base.training_context import TrainingContext
from rebake.nlu.component import TrainingData
from rebake.nlu.crf.features import Attributes, CrfToken, Window
from rebake.nlu.crf.files import read_dataset, read_models, write_dataset, write_models
from rebake.nlu.crf.model import CrfModel
from rebake.nlu.crf.training import CrfSettings, train_crf
from rebake.nlu.entity_tags import (
    OUTSIDE,
    TAG_NAMES,
    SplitByComma,
    TagName,
    annotated,
    assemble,
    repair_bilou,
    split_tag,
    tag_tokens,
)
from rebake.nlu.message import TEXT, Message
from rebake.nlu.text_features import selected

NAME = "CRFEntityExtractor"
Dataset = Sequence[Sequence[CrfToken]]


class CRFEntityExtractor:
    """A component of the pipeline. Messages without any features are passed over, as Rasa passes them over."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._bilou = bool(options["BILOU_flag"])
        self._split = SplitByComma.from_option(options["split_entities_by_comma"])
        self._window = Window(options["features"])
        self._featurizers: list[str] = list(options["featurizers"] or [])
        self._settings = CrfSettings(float(options["L1_c"]), float(options["L2_c"]), int(options["max_iterations"]))
        self._dataset: Dataset = ()
        self._models: dict[TagName, CrfModel] = {}

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        """Train a field for every layer of tags that the annotations have; without annotations there is none."""
        messages = [message for message in training.messages if message.attributes.get("intent")]
        if not any(annotated(message) for message in messages):
            context.warn(f"{named(self.node)} is left untrained: no example has an annotated entity.")
            return {}
        messages = [message for message in messages if selected(message, TEXT, self._featurizers)]
        if not messages:
            context.warn(f"{named(self.node)} is left untrained: no featurizer in front of it gives features.")
            return {}
        dataset = [self._tokens(message, learn=True) for message in messages]
        order = [name for name in TAG_NAMES if any(t.tags[name] != OUTSIDE for tokens in dataset for t in tokens)]
        if "entity" not in order:
            return {}
        with context.progress.task(
            named(self.node), len(order) * max(self._settings.max_iterations, 1), "iteration"
        ) as task:
            for name in order:
                self._models[name] = self._fit(dataset, name, task.advance)
                if not self._models[name].weights.size:
                    context.warn(f"{named(self.node)}: L1_c left no weight for tags of the {name}; lower it.")
        self._dataset = dataset
        return {}

    def _fit(self, dataset: Dataset, name: TagName, on_iteration: Callable[[], None] = lambda: None) -> CrfModel:
        sentences = (
            (self._attributes(tokens, name), [token.tags[name] for token in tokens]) for tokens in dataset if tokens
        )
        return train_crf(sentences, self._settings, on_iteration)

    def _attributes(self, tokens: Sequence[CrfToken], name: TagName) -> list[Attributes]:
        return self._window.attributes(tokens, with_entity=name != "entity")

    def _tokens(self, message: Message, *, learn: bool) -> list[CrfToken]:
        tokens = message.tokens[TEXT]
        dense = self._dense_features(message)
        # Rasa trains on what it reads back: the shortest decimals of the 32-bit numbers.
        number = (lambda value: float(str(value))) if learn else float
        tags = {name: tag_tokens(message, name, self._bilou) for name in TAG_NAMES} if learn else {}
        return [
            CrfToken(
                token.text,
                token.data.get("pos"),
                token.data.get("pattern", {}),
                () if dense is None else tuple(number(value) for value in dense[place]),
                {name: listed[place] for name, listed in tags.items()},
            )
            for place, token in enumerate(tokens)
        ]

    def _dense_features(self, message: Message) -> NDArray[np.float32] | None:
        """[tokens, width]"""
        found = [
            features.sequence
            for features in selected(message, TEXT, self._featurizers)
            if isinstance(features.sequence, np.ndarray)
        ]
        if not found or any(len(rows) != len(message.tokens[TEXT]) for rows in found):
            return None
        return np.concatenate(found, axis=1)

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        """Add the entities of the text."""
        if not self._models:
            return
        messages = [message for message in messages if selected(message, TEXT, self._featurizers)]
        sentences = [self._tokens(message, learn=False) for message in messages]
        layers: list[dict[TagName, tuple[list[str], list[float]]]] = [{} for _ in messages]
        for name, model in self._models.items():
            bare = np.array([split_tag(label)[1] for label in model.labels])
            found = model.marginals([self._attributes(tokens, name) for tokens in sentences])
            for tokens, layer, probabilities in zip(sentences, layers, found, strict=True):
                best = probabilities.argmax(axis=-1)
                tags = [model.labels[index] for index in best.tolist()]
                if name == "entity":  # what the other fields see are the tags as they are, not the repaired ones
                    for token, tag in zip(tokens, tags, strict=True):
                        token.tags["entity"] = tag
                if self._bilou:  # the confidence is that of the tag with any prefix
                    confidences = (probabilities * (bare == bare[best][:, None])).sum(axis=-1)
                    layer[name] = repair_bilou(tags, confidences.tolist())
                else:
                    layer[name] = (tags, probabilities.max(axis=-1).tolist())
        for message, layer in zip(messages, layers, strict=True):
            message.entities += assemble(message.text, message.tokens[TEXT], layer, self._split, NAME)

    def save(self, directory: Path) -> None:
        """Write what Rasa trains from, and beside it the trained fields, which spare us doing the same."""
        if self._models:
            write_dataset(directory, self._dataset, list(self._models))
            write_models(directory, self._models, self._trained_from())

    def _trained_from(self) -> list[Any]:
        """What the trained fields depend on besides the dataset."""
        return [self._window.features, self._settings.l1, self._settings.l2, self._settings.max_iterations]

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        """Read a component that we or Rasa trained; Rasa's files contain no weights, so its fields are trained."""
        component = cls(options, node)
        if directory is None:
            return component
        models = read_models(directory, component._trained_from())
        if models is not None:
            component._models = models
            return component
        dataset, order = read_dataset(directory)
        if any(dataset):
            component._models = {name: component._fit(dataset, name) for name in order}
        return component
