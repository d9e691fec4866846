"""A trained model in memory: ``load_model(path)``, then ``parse`` and ``predict_next``."""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rebake.archive.metadata import Metadata, read_metadata, resolve
from rebake.archive.pack import COMPONENTS_NAME, unpack
from rebake.assistant.domain.serialization import domain_from_dict
from rebake.errors import ModelError

if TYPE_CHECKING:
    from rebake.core.agent import CoreModel
    from rebake.nlu.pipeline import Pipeline


class Model:
    """A model of rebake or Rasa 3.6.21, unpacked into a temporary directory until it is closed.

    NLU and Core are loaded when they are first used, so parsing does not load the policies.
    Use it as a context manager, or call ``close``; the directory is also removed with the object.

    Attributes:
        path: of the archive.
        metadata: the content of ``metadata.json``.
        domain: the domain that the model was trained with.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        with ExitStack() as stack:
            self._directory = stack.enter_context(unpack(self.path))
            self.metadata: Metadata = read_metadata(self._directory, archive=self.path)
            self.domain = domain_from_dict(self.metadata.domain)
            # Kept until the model is closed: each half reads its files when it is first asked.
            self._finalizer = weakref.finalize(self, stack.pop_all().close)

    @cached_property
    def _pipeline(self) -> Pipeline:
        from rebake.nlu.pipeline import load_pipeline

        if not self.metadata.nlu:
            raise ModelError(
                f"{self.path} contains no NLU model.", fix="Parse with a model that was trained on NLU data."
            )
        domain = self.domain if self.metadata.core else None
        return load_pipeline(resolve(self.metadata.nlu, "pipeline"), self._components, domain)

    @cached_property
    def core(self) -> CoreModel:
        """The policies. Raises ModelError where the model has none."""
        from rebake.core.agent import load_policies
        from rebake.core.end_to_end import EndToEndFeaturizer

        if not self.metadata.core:
            raise ModelError(
                f"{self.path} contains no Core model.", fix="Predict with a model that was trained on stories or rules."
            )
        featurizer = None
        if self.metadata.end_to_end:
            featurizer = EndToEndFeaturizer.load(resolve(self.metadata.end_to_end, "pipeline"), self._components)
        return load_policies(resolve(self.metadata.core, "policies"), self._components, self.domain, featurizer)

    @property
    def _components(self) -> Path:
        return self._directory / COMPONENTS_NAME

    def parse(self, text: str) -> dict[str, Any]:
        """Return the intent, its ranking and the entities of one text, in the form of Rasa's parse result.

        Raises:
            TypeError: ``text`` is not a string.
            ModelError: the model has no NLU part.
        """
        return self.parse_all([text])[0]

    def parse_all(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Parse many texts in batches; return one result per text, in order. Raises as :meth:`parse`."""
        if isinstance(texts, str | bytes) or not isinstance(texts, Sequence):
            raise TypeError(f"parse_all takes a list of texts, not {type(texts).__name__}.")
        for text in texts:
            if not isinstance(text, str):
                raise TypeError(f"A text to parse is a str, not {type(text).__name__}.")
        return self._pipeline.parse_all(texts)

    def predict_next(self, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Predict the next action of a conversation.

        Args:
            events: what happened so far, oldest first: ``{"event": "action", "name"}``, ``{"event": "user", "intent",
                "entities"}``, ``{"event": "slot", "name", "value"}``, ``{"event": "active_loop", "name"}``.

        Returns:
            ``{"action", "confidence", "policy", "policies": {node name: {action: probability}}}``.

        Raises:
            TypeError: ``events`` is not a list of mappings.
            UsageError: an event lacks a key, or is of a kind that conversations do not have.
            ModelError: the model has no Core part.
        """
        if isinstance(events, str | bytes) or not isinstance(events, Sequence):
            raise TypeError(f"predict_next takes a list of events, not {type(events).__name__}.")
        return self.core.predict_next(events)

    def load(self) -> None:
        """Load both halves now, and what they need, instead of when they are first asked."""
        if self.metadata.nlu:
            self.parse("")
        if self.metadata.core:
            self.core.predict_next([])

    def close(self) -> None:
        """Remove the temporary directory."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def load_model(path: str | os.PathLike[str]) -> Model:
    """Load a model archive.

    Args:
        path: a ``.tar.gz`` that rebake or Rasa Open Source 3.6 trained.

    Raises:
        StorageError: the file is missing or unreadable.
        ModelError: it is not a model archive, is truncated, or is incomplete.
    """
    return Model(path)
