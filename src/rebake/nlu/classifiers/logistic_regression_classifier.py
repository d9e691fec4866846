"""LogisticRegressionClassifier: intents from a logistic regression on the features of the whole text."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rebake.base.names import named
from rebake.base.training_context import TrainingContext
from rebake.errors import RETRAIN, DataError, ModelError
from rebake.nlu.classifiers.logistic_regression import (
    LogisticRegressionModel,
    TrainingSettings,
    train_logistic_regression,
)
from rebake.nlu.classifiers.skops_files import read_skops, write_skops
from rebake.nlu.component import TrainingData
from rebake.nlu.message import INTENT, TEXT, Message
from rebake.nlu.text_features import by_origin, selected, stack

logger = logging.getLogger("rebake")

_MODULE, _CLASS = "sklearn.linear_model._logistic", "LogisticRegression"


class LogisticRegressionClassifier:
    """A component of the pipeline; it takes the sentence features of all featurizers, sparse ones first."""

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._settings = TrainingSettings(
            options["solver"], int(options["max_iter"]), float(options["tol"]), options["random_state"]
        )
        self._ranking_length = int(options["ranking_length"])
        self._model: LogisticRegressionModel | None = None

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        """Train on all examples that have a text and an intent."""
        messages = [message for message in training.messages if INTENT in message.attributes and message.text]
        intents = [message.attributes[INTENT] for message in messages]
        if len(set(intents)) < 2:
            raise DataError(
                f"{named(self.node)} needs examples of two intents or more.",
                fix="Add examples, or remove it from the pipeline.",
            )
        if not all(_has_sentence_features(message) for message in messages):
            raise DataError(
                f"{named(self.node)} needs features of whole texts, and no featurizer in front of it gives them.",
                fix="Put a featurizer such as CountVectorsFeaturizer in front of it.",
            )
        with context.progress.task(named(self.node), 1, "fit") as task:
            features = stack(messages, TEXT, [])
            self._model = train_logistic_regression(features, intents, self._settings, context.seed)
            task.advance()
        if max(self._model.iterations) >= self._settings.max_iter:
            logger.debug("%s: stopped at max_iter before it converged, as Rasa's does on this data.", self.node)
        return {}

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        """Set intent and ranking; a message without features gets none."""
        if self._model is None:
            return
        for message in messages:
            message.intent, message.intent_ranking = {"name": None, "confidence": 0.0}, []
        for group in by_origin(messages, TEXT, []):
            found = self._model.probabilities(stack(group, TEXT, []))
            for message, confidences in zip(group, found, strict=True):
                self._rank(message, confidences, self._model.classes)

    def _rank(self, message: Message, confidences: NDArray[np.float64], classes: Sequence[str]) -> None:
        order = np.argsort(-confidences, kind="stable")
        kept = order[: self._ranking_length] if self._ranking_length > 0 else order
        message.intent_ranking = [{"name": classes[i], "confidence": float(confidences[i])} for i in kept.tolist()]
        message.intent = message.intent_ranking[0]  # one object, as in Rasa: what selectors add is in both

    def save(self, directory: Path) -> None:
        """Write the estimator with the attributes that scikit-learn 1.1.3 gives it, under the directory's own name."""
        if self._model is None:
            return
        parameters = {
            "penalty": "l2",
            "dual": False,
            "tol": self._settings.tol,
            "C": 1.0,
            "fit_intercept": True,
            "intercept_scaling": 1,
            "class_weight": "balanced",
            "random_state": self._settings.random_state,
            "solver": self._settings.solver,
            "max_iter": self._settings.max_iter,
            "multi_class": "auto",
            "verbose": 0,
            "warm_start": False,
            "n_jobs": None,
            "l1_ratio": None,
        }
        learned = {
            "n_features_in_": self._model.coef.shape[1],
            "classes_": np.array(self._model.classes),
            "n_iter_": np.array(self._model.iterations, np.int32),
            "coef_": self._model.coef,
            "intercept_": self._model.intercept,
        }
        write_skops(_file(directory), _MODULE, _CLASS, {**parameters, **learned})

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        """Read what ``save`` or Rasa wrote."""
        component = cls(options, node)
        if directory is None:
            raise ModelError(f"The model lacks the files of {named(node)}.", fix=RETRAIN)
        learned = read_skops(_file(directory), _CLASS)
        try:
            component._model = LogisticRegressionModel(
                tuple(str(name) for name in learned["classes_"]),
                np.asarray(learned["coef_"], np.float64),
                np.asarray(learned["intercept_"], np.float64),
                one_vs_rest=learned["solver"] == "liblinear",
                iterations=tuple(int(count) for count in learned["n_iter_"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"{_file(directory).name} of the model is no whole model: {error}.", fix=RETRAIN
            ) from error
        return component


def _file(directory: Path) -> Path:
    """Rasa looks for a file named as its directory."""
    return directory / f"{directory.name}.skops"


def _has_sentence_features(message: Message) -> bool:
    return any(features.sentence is not None for features in selected(message, TEXT, []))
