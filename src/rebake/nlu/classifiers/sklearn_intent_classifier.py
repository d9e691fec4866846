"""SklearnIntentClassifier: intents from a support vector machine on the dense features of the whole text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rebake.archive.json_files import read_json, write_json
from rebake.base.names import named
from rebake.base.training_context import TrainingContext
from rebake.errors import RETRAIN, DataError, ModelError
from rebake.nlu.classifiers.skops_files import read_skops, write_skops
from rebake.nlu.classifiers.support_vector_machine import (
    PARAMETERS,
    Search,
    SupportVectorModel,
    train_support_vector_machine,
)
from rebake.nlu.component import TrainingData
from rebake.nlu.message import INTENT, TEXT, Message
from rebake.nlu.text_features import selected

_MODEL, _NAMES = "SklearnIntentClassifier_classifier.skops", "SklearnIntentClassifier_encoder.json"
_MODULE, _CLASS = "sklearn.svm._classes", "SVC"
_RANKING_LENGTH = 10
# What Rasa leaves at scikit-learn's defaults.
_FIXED: Mapping[str, Any] = {
    "decision_function_shape": "ovr",
    "break_ties": False,
    "tol": 0.001,
    "nu": 0.0,
    "epsilon": 0.0,
    "shrinking": True,
    "probability": True,
    "cache_size": 200,
    "class_weight": "balanced",
    "verbose": False,
    "max_iter": -1,
    "_sparse": False,
    "fit_status_": 0,
}


class SklearnIntentClassifier:
    """A component of the pipeline; it takes the dense sentence features of all featurizers."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._search = Search(
            c=options["C"],
            gamma=options["gamma"],
            kernels=options["kernels"],
            max_folds=int(options["max_cross_validation_folds"]),
            score=options["scoring_function"],
            threads=int(options["num_threads"]),
        )
        self._intents: tuple[str, ...] = ()
        self._model: SupportVectorModel | None = None

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        """Train on all examples that have an intent; with fewer than two intents it stays untrained, as in Rasa."""
        messages = [message for message in training.messages if INTENT in message.attributes]
        labels = [message.attributes[INTENT] for message in messages]
        self._intents = tuple(sorted(set(labels)))
        if len(self._intents) < 2:
            context.warn(f"{named(self.node)} is left untrained: an intent classifier needs two intents or more.")
            return {}
        rows = [_dense(message) for message in messages]
        vectors = [row for row in rows if row is not None]
        if len(vectors) < len(rows):
            raise DataError(
                f"{named(self.node)} needs dense features of whole texts, and no featurizer in front of it gives them.",
                fix="Put a featurizer of dense features, such as LanguageModelFeaturizer, in front of it.",
            )
        numbers = {name: number for number, name in enumerate(self._intents)}
        y = np.array([numbers[label] for label in labels], np.int64)
        with context.progress.task(named(self.node), 1, "search") as task:
            try:
                self._model = train_support_vector_machine(np.concatenate(vectors), y, self._search, context.seed)
            except ValueError as error:
                raise DataError(
                    f"{named(self.node)} cannot be trained on this data: {error}".rstrip(".") + ".",
                    fix="Give every intent at least two examples.",
                ) from error
            task.advance()
        return {}

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        """Set intent and ranking; a message without dense features gets none."""
        found: list[tuple[Message, NDArray[np.float32]]] = []
        for message in messages:
            message.intent, message.intent_ranking = {"name": None, "confidence": 0.0}, []
            row = None if self._model is None else _dense(message)
            if row is not None:
                found.append((message, row))
        if self._model is None or not found:
            return
        x = np.concatenate([row for _, row in found]).astype(np.float64)
        if x.shape[1] != self._model.vectors.shape[1]:
            raise ModelError("The featurizers give other features than the model knows.", fix="Train the model again.")
        for (message, _), confidences in zip(found, self._model.probabilities(x), strict=True):
            order = np.argsort(confidences)[::-1][:_RANKING_LENGTH]
            message.intent_ranking = [
                {"name": self._intents[i], "confidence": float(confidences[i])} for i in order.tolist()
            ]
            message.intent = dict(message.intent_ranking[0])

    def save(self, directory: Path) -> None:
        """Write the names of the intents, and the machine with the attributes that scikit-learn 1.1.3 gives it."""
        model = self._model
        if model is None:
            return
        write_json(directory / _NAMES, list(self._intents))
        flip = -1.0 if len(self._intents) == 2 else 1.0  # what scikit-learn shows of two classes has the other sign
        attributes = {
            **_FIXED,
            **model.parameters,
            "n_features_in_": model.vectors.shape[1],
            "class_weight_": model.class_weight,
            "classes_": np.arange(len(self._intents), dtype=np.int64),
            "_gamma": model.gamma,
            "support_": model.support,
            "support_vectors_": model.vectors,
            "_n_support": model.counts,
            "dual_coef_": flip * model.coefficients,
            "intercept_": flip * model.intercepts,
            "_probA": model.a,
            "_probB": model.b,
            "_num_iter": model.iterations,
            "shape_fit_": (model.n_examples, model.vectors.shape[1]),
            "_intercept_": model.intercepts,
            "_dual_coef_": model.coefficients,
            "n_iter_": model.iterations,
        }
        write_skops(directory / _MODEL, _MODULE, _CLASS, attributes)

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        """Read what ``save`` or Rasa wrote."""
        component = cls(options, node)
        if directory is None or not (directory / _MODEL).exists():
            return component
        component._intents = tuple(str(name) for name in read_json(directory / _NAMES, list))
        learned = read_skops(directory / _MODEL, _CLASS)
        try:
            component._model = _restored(learned)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{_MODEL} of the model is no whole model: {error}.", fix=RETRAIN) from error
        if len(component._model.counts) != len(component._intents):
            raise ModelError(f"{_MODEL} and {_NAMES} of the model do not fit each other.", fix=RETRAIN)
        return component


def _restored(learned: Mapping[str, Any]) -> SupportVectorModel:
    floats = {
        name: np.asarray(learned[name], np.float64)
        for name in ("support_vectors_", "_dual_coef_", "_intercept_", "_probA", "_probB", "class_weight_")
    }
    integers = {name: np.asarray(learned[name], np.int32) for name in ("support_", "_n_support", "_num_iter")}
    return SupportVectorModel(
        {name: learned[name] for name in PARAMETERS},
        float(learned["_gamma"]),
        floats["support_vectors_"],
        integers["support_"],
        integers["_n_support"],
        floats["_dual_coef_"],
        floats["_intercept_"],
        floats["_probA"],
        floats["_probB"],
        floats["class_weight_"],
        integers["_num_iter"],
        int(learned["shape_fit_"][0]),
    )


def _dense(message: Message) -> NDArray[np.float32] | None:
    """[1, width]"""
    rows = [features.sentence for features in selected(message, TEXT, []) if isinstance(features.sentence, np.ndarray)]
    return np.concatenate(rows, axis=1) if rows else None
