"""Training in which every learner is replaced by a digest of all that it is given.

Tokenizers, featurizers, memories and rules are trained as ever; networks, the CRF and the logistic regression are not
trained, but write down a digest of their options, their seed and every array in its order. So each component ends with
a digest of its files: two of them are equal if and only if training would give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from rebake.assistant.model import Assistant
from rebake.base.training_context import TrainingContext
from rebake.core.agent import train_policies
from rebake.core.end_to_end import EndToEndFeaturizer
from rebake.nlu.classifiers import logistic_regression_classifier
from rebake.nlu.classifiers.logistic_regression import LogisticRegressionModel
from rebake.nlu.crf.model import CrfModel
from rebake.nlu.extractors import crf_entity_extractor
from rebake.nlu.pipeline import train_pipeline
from rebake.registry.lookup import COMPONENTS

if TYPE_CHECKING:
    from rebake.nn.training.fit import FitSettings

Trained = dict[str, str]
"""Node id of each component that has files -> digest of these."""

_NOT_LEARNED = {entry.responses.file for entry in COMPONENTS.values() if entry.responses is not None}
"""Files that are written anew from the domain when a model is put together."""


def train(assistant: Assistant, directory: Path, *, for_real: bool = False) -> Trained:
    """Train all parts of an assistant, as a forced training would.

    Args:
        assistant: a valid one.
        directory: an empty directory for the files.
        for_real: train the learners too.

    Raises:
        DataError: the assistant cannot be trained.
    """
    config = assistant.config
    with ExitStack() as stack:
        if not for_real:
            stack.enter_context(_learners_replaced())
        has_nlu = bool(assistant.nlu and config.pipeline)
        has_core = bool(assistant.stories and config.policies and not assistant.domain.is_empty)
        end_to_end = has_nlu and has_core and assistant.is_end_to_end
        context = TrainingContext(language=config.language)
        featurizer = None
        if has_nlu:
            done = train_pipeline(config.pipeline, assistant, context, directory, lambda _: None, end_to_end=end_to_end)
            featurizer = EndToEndFeaturizer.load(done.nodes, directory) if end_to_end else None
        if has_core:
            train_policies(config.policies, assistant, context, directory, featurizer=featurizer)
    return {found.name.removeprefix("train_"): _of_files(found) for found in sorted(directory.iterdir())}


def _of_files(directory: Path) -> str:
    found = hashlib.sha256()
    for file in sorted(path for path in directory.rglob("*") if path.is_file() and path.name not in _NOT_LEARNED):
        name = file.relative_to(directory).as_posix().removeprefix(directory.name)  # some are named as their directory
        found.update(f"{name}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    return found.hexdigest()


@contextmanager
def _learners_replaced() -> Iterator[None]:
    from rebake.nn.diet.model import DietModel
    from rebake.nn.ted.model import TedModel

    replaced: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
        (DietModel, "train", _network),
        (TedModel, "train", _network),
        (crf_entity_extractor, "train_crf", _crf),
        (logistic_regression_classifier, "train_logistic_regression", _logistic_regression),
    )
    with ExitStack() as stack:
        for owner, name, stand_in in replaced:
            stack.enter_context(patch.object(owner, name, stand_in))
        yield


class _Network:
    """Stands in for a trained network."""

    def __init__(self, given: str, labels: int) -> None:
        self._given = given
        self._labels = labels

    def save(self, prefix: Path) -> None:
        Path(f"{prefix}.given").write_text(self._given, encoding="utf-8")

    def similarities(self, data: Any) -> NDArray[np.float32]:
        return np.zeros((len(data.lengths), self._labels), np.float32)


def _network(
    config: object, data: object, *given: Any, settings: FitSettings, progress: object, warn: object, **named: object
) -> tuple[_Network, dict[str, float]]:
    del progress, warn
    named["settings"] = replace(settings, name="")  # its place in the pipeline, shown with the progress
    labels = next((getattr(one, "count", 0) for one in given if hasattr(one, "count") and is_dataclass(one)), 0)
    return _Network(digest((config, data, given, named)), labels), {}


def _crf(sentences: Iterable[Any], settings: object, on_iteration: Callable[[], None]) -> CrfModel:
    del on_iteration
    given = digest((list(sentences), settings))
    tensors = {
        "starts": np.array([0, 1]),
        "tags": np.array([0]),
        "weights": np.ones(1),
        "transitions": np.zeros((1, 1)),
    }
    return CrfModel.from_parts(["O"], [given], tensors)


def _logistic_regression(features: object, intents: Sequence[str], *settings: object) -> LogisticRegressionModel:
    given = np.frombuffer(bytes.fromhex(digest((features, intents, settings))), np.uint8).astype(np.float64)
    classes = tuple(sorted(set(intents)))
    rows = 1 if len(classes) == 2 else len(classes)
    return LogisticRegressionModel(classes, np.tile(given, (rows, 1)), np.zeros(rows), False, (1,))


def digest(value: object) -> str:
    """SHA-256 in hex over a value and everything in it, in its order. Raises TypeError for what it does not know."""
    found = hashlib.sha256()
    for piece in _pieces(value):
        found.update(piece + b"\0")
    return found.hexdigest()


def _pieces(value: object) -> Iterator[bytes]:
    match value:
        case np.ndarray():
            yield f"{value.dtype.str}{value.shape}".encode() + np.ascontiguousarray(value).tobytes()
        case None | bool() | int() | float() | str() | bytes() | np.generic() | Enum():
            yield repr(value).encode("utf-8", "surrogatepass")
        case Mapping():
            yield f"mapping {len(value)}".encode()
            for key, inner in value.items():
                yield from _pieces(key)
                yield from _pieces(inner)
        case list() | tuple():
            yield f"sequence {len(value)}".encode()
            for inner in value:
                yield from _pieces(inner)
        case set() | frozenset():
            yield from _pieces(sorted(value, key=repr))
        case _ if is_dataclass(value):
            yield type(value).__name__.encode()
            for field in fields(value):
                if field.compare:
                    yield from _pieces(getattr(value, field.name))
        case _:
            raise TypeError(f"no digest of {type(value).__name__}")
