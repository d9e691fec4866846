"""ResponseSelector: which of the responses of a retrieval intent answers a message.

It goes by the names of the responses (DIET2BOW), or with ``use_text_as_label`` by their texts (DIET2DIET). With
``retrieval_intent`` it serves that intent alone, otherwise all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rebake.base.names import named
from rebake.base.training_context import TrainingContext
from rebake.errors import DataError
from rebake.nlu.component import TrainingData
from rebake.nlu.diet.config import diet_config
from rebake.nlu.diet.data import data_example, label_features, rankings
from rebake.nlu.diet.earlier import EarlierTraining, untrained
from rebake.nlu.diet.files import DietFiles, decode_features, encode_features, encode_ids
from rebake.nlu.diet.options import DietOptions
from rebake.nlu.diet.response_selector_files import ResponseFiles, Responses, response_key
from rebake.nlu.diet.training_warnings import warn_about_training
from rebake.nlu.message import INTENT, INTENT_RESPONSE_KEY, RESPONSE, TEXT, Message
from rebake.nlu.network_options import batching, evaluation_settings, fit_settings
from rebake.nlu.text_features import Stacked, by_origin, selected, stack, text_data

if TYPE_CHECKING:
    from rebake.nn.diet.model import DietModel

NAME = "ResponseSelector"
BATCH = 128  # messages that are predicted together
_FIXED = {"intent_classification": True, "entity_recognition": False, "BILOU_flag": False}  # whatever config.yml says


class ResponseSelector:
    """A component of the pipeline; without a model (no retrieval intents) it selects nothing, and says so as Rasa."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.options = DietOptions.of({**options, **_FIXED}, node)
        self.node = node
        self.retrieval_intent = self.options.network.text_or_none("retrieval_intent")
        self.reads_texts = self.options.network.flag("use_text_as_label")
        self.model: DietModel | None = None
        self.files: DietFiles | None = None
        self.responses = ResponseFiles({}, ())
        self._earlier: EarlierTraining | None = None

    def continue_from(self, directory: Path | None, training: TrainingData) -> None:
        """Go on from the weights of an earlier training, for the same responses."""
        names = sorted({message.attributes[self._label] for message in self._labelled(training.messages)})
        if directory is not None:
            self._earlier = EarlierTraining.read(self.node, directory, NAME)
            self._earlier.require_labels(names, "responses")
        elif len(names) > 1:
            raise untrained(self.node)

    @property
    def _label(self) -> str:
        return RESPONSE if self.reads_texts else INTENT_RESPONSE_KEY

    def _labelled(self, messages: Sequence[Message]) -> list[Message]:
        return [message for message in messages if self._serves(message) and self._label in message.attributes]

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        """Train on the examples of the retrieval intent, or of all retrieval intents."""
        featurizers = self.options.featurizers
        attribute = self._label
        labelled = self._labelled(training.messages)
        names = sorted({message.attributes[attribute] for message in labelled})
        messages = [message for message in labelled if selected(message, TEXT, featurizers)]
        if not self._trainable(labelled, messages, attribute, context):
            return {}
        warn_about_training(self.options, self.node, context)
        self._warn_about_hidden_layers(context)
        self.responses = ResponseFiles.of(training)
        features = stack(messages, TEXT, featurizers)
        of_labels = label_features(labelled, names, attribute, featurizers)
        self._check_features(features, of_labels)
        places = {name: place for place, name in enumerate(names)}
        ids = np.array([places[message.attributes[attribute]] for message in messages], np.int32)
        return self._fit(names, features, of_labels, ids, context)

    def _serves(self, message: Message) -> bool:
        return INTENT in message.attributes and self.retrieval_intent in (None, message.attributes[INTENT])

    def _trainable(
        self, labelled: Sequence[Message], messages: Sequence[Message], attribute: str, context: TrainingContext
    ) -> bool:
        """Whether there is something to choose between; ``messages`` are those with features of ``labelled``."""
        labels = {message.attributes[attribute] for message in messages}
        if len(labels) >= 2:
            return True
        if labels:
            context.warn(f"{named(self.node)} is left untrained: there is only one response to select.")
        elif labelled:
            context.warn(f"{named(self.node)} is left untrained: its featurizers give no features.")
        elif self.retrieval_intent is not None:
            which = " that have a response" if self.reads_texts else ""
            context.warn(
                f"{named(self.node)} is left untrained: nothing can be learned for the retrieval intent "
                f"{self.retrieval_intent!r}, as there are no examples '{self.retrieval_intent}/...'{which}."
            )
        return False

    def _warn_about_hidden_layers(self, context: TrainingContext) -> None:
        read = self.options.network
        sizes = read.options["hidden_layers_sizes"]
        if read.whole("number_of_transformer_layers") > 0 and any(sizes.values()):
            context.warn(
                f"{named(self.node)}: a transformer works best without hidden layers before it; hidden_layers_sizes is "
                f"{dict(sizes)}."
            )

    def _check_features(self, features: Stacked, of_labels: Stacked) -> None:
        for stacked, what in ((features, "texts"), *(((of_labels, "responses"),) if self.reads_texts else ())):
            if stacked.sequence_sparse is None and stacked.sequence_dense is None:
                raise DataError(
                    f"{named(self.node)} needs features of the tokens of {what}, and its featurizers give none.",
                    fix="Add a featurizer such as CountVectorsFeaturizer in front of it.",
                )
        if (
            self.options.network.flag("share_hidden_layers")
            and text_data(features).widths != text_data(of_labels).widths
        ):
            raise DataError(
                f"{named(self.node)}: share_hidden_layers needs the same features of texts and responses.",
                fix="Use CountVectorsFeaturizer alone, with use_shared_vocab, or set share_hidden_layers to false.",
            )

    def _fit(
        self,
        names: Sequence[str],
        features: Stacked,
        of_labels: Stacked,
        ids: np.ndarray[Any, np.dtype[np.int32]],
        context: TrainingContext,
    ) -> dict[str, float]:
        from rebake.nn.diet.model import DietModel

        options = self.options
        texts = text_data(features, ids)
        self.model, losses = DietModel.train(
            diet_config(options),
            texts,
            text_data(of_labels),
            {},
            batching=batching(options.network),
            settings=fit_settings(options.network, self.node, context.seed),
            progress=context.progress,
            num_threads=context.num_threads,
            warn=context.warn,
            evaluation=evaluation_settings(options.network, context.seed),
            earlier=None if self._earlier is None else self._earlier.network(features),
            replicas=context.replicas,
        )
        label_data = encode_features(of_labels, range(len(names)), mask=False)
        self.files = DietFiles(
            data_example(features, of_labels, texts),
            {"label": {**label_data, "ids": encode_ids(range(len(names)))}},
            tuple(names),
            (),
            {TEXT: features.sparse_sizes},
        )
        return {_figure(name): value for name, value in losses.items()}

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        """Add to ``response_selector`` of the parse result."""
        for message in messages:
            self._answer(message, {"name": None, "confidence": 0.0}, [])
        if self.model is None or self.files is None:
            return
        for group in by_origin(messages, TEXT, self.options.featurizers):
            for start in range(0, len(group), BATCH):
                self._process_batch(group[start : start + BATCH], self.model, self.files)

    def _process_batch(self, messages: Sequence[Message], model: DietModel, files: DietFiles) -> None:
        widths = model.network.widths
        features = stack(messages, TEXT, self.options.featurizers)
        prediction = model.predict(text_data(features.widened(widths)))
        assert prediction.intents is not None
        ranked = rankings(prediction.intents, files.labels, self.options)
        for message, (best, ranking) in zip(messages, ranked, strict=True):
            self._answer(message, best, ranking)

    def _answer(self, message: Message, best: Mapping[str, Any], ranking: Sequence[Mapping[str, Any]]) -> None:
        """Write down a selection in Rasa's form; the last selector of the pipeline says which retrieval intents there
        are, even if it is an untrained one that knows none."""
        selections = message.extra.setdefault("response_selector", {})
        selections["all_retrieval_intents"] = list(self.responses.retrieval_intents)
        key = self._keys.get(best["name"], best["name"])
        selections[self.retrieval_intent or "default"] = {
            "response": {
                "responses": None if key is None else self._responses_of(key),
                "confidence": best["confidence"],
                "intent_response_key": key,
                "utter_action": f"utter_{key}",
            },
            "ranking": [
                {"confidence": entry["confidence"], "intent_response_key": self._keys.get(entry["name"], entry["name"])}
                for entry in ranking
            ],
        }

    def _responses_of(self, key: str) -> list[dict[str, Any]]:
        """A response that is gone from the domain is replaced by its key, as Rasa does."""
        found = self.responses.responses.get(f"utter_{key}")
        return [deepcopy(dict(variation)) for variation in found] if found else [{"text": key}]

    @cached_property
    def _keys(self) -> dict[str, str]:
        """Label -> key of its response ("faq/refund"), where there is one."""
        responses: Responses = self.responses.responses
        found = {label: response_key(label, responses) for label in (self.files.labels if self.files else ())}
        return {label: key for label, key in found.items() if key is not None}

    def save(self, directory: Path) -> None:
        """Write Rasa's files; nothing without a model."""
        if self.model is None or self.files is None:
            return
        self.files.write(directory, NAME)
        self.responses.write(directory, NAME)
        self.model.save(directory / f"{NAME}.tf_model")

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        """Read a component that we or Rasa trained."""
        component = cls(options, node)
        if directory is None or not any(directory.glob(f"{NAME}.*")):
            return component
        from rebake.nn.diet.model import DietModel

        files = DietFiles.read(directory, NAME)
        component.files = files
        component.responses = ResponseFiles.read(directory, NAME)
        component.model = DietModel.load(
            diet_config(component.options),
            text_data(decode_features(files.data_example[TEXT])).widths,
            text_data(decode_features(files.label_data["label"])),
            {},
            directory / f"{NAME}.tf_model",
        )
        return component


def _figure(name: str) -> str:
    """What a figure of the training is called: what the network calls an intent is a response here."""
    return {"intent": "response_loss", "mask": "mask_loss"}.get(name, name.replace("intent", "response"))
