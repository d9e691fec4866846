"""ResponseSelector's own files: what it may answer, and the names of the retrieval intents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebake.archive.json_files import read_json, write_json
from rebake.assistant.model import Domain
from rebake.assistant.yaml.values import plain
from rebake.nlu.component import TrainingData
from rebake.nlu.message import INTENT, INTENT_RESPONSE_KEY

Responses = Mapping[str, Sequence[Mapping[str, Any]]]
"""Name of a response, ``utter_faq/refund``, -> its variations as the domain has them."""

_UTTER = "utter_"


@dataclass(frozen=True)
class ResponseFiles:
    """What is in them.

    Attributes:
        responses: of all retrieval intents. When a part of a model is taken over, this file is rewritten from the
            domain (:mod:`rebake.archive.metadata`), as these responses are looked up and not learned.
        retrieval_intents: their base names; those of all examples, whichever the selector serves.
    """

    responses: Responses
    retrieval_intents: Sequence[str]

    @staticmethod
    def of(training: TrainingData) -> ResponseFiles:
        """Make them from the training data."""
        names = {m.attributes[INTENT] for m in training.messages if INTENT_RESPONSE_KEY in m.attributes}
        return ResponseFiles(retrieval_responses(training.domain), tuple(sorted(names)))

    def write(self, directory: Path, prefix: str) -> None:
        """Write ``<prefix>.responses.json`` and ``<prefix>.retrieval_intents.json``."""
        write_json(directory / f"{prefix}.responses.json", self.responses)
        write_json(directory / f"{prefix}.retrieval_intents.json", self.retrieval_intents)

    @staticmethod
    def read(directory: Path, prefix: str) -> ResponseFiles:
        """Read what :meth:`write` or Rasa wrote. Raises ModelError on missing or broken files."""
        return ResponseFiles(
            read_json(directory / f"{prefix}.responses.json", dict),
            tuple(read_json(directory / f"{prefix}.retrieval_intents.json", list)),
        )


def retrieval_responses(domain: Domain) -> dict[str, list[dict[str, Any]]]:
    """Return the domain's responses to retrieval intents, by name: of two with one text the first is found."""
    return {
        response.name: [plain(dict(variation)) for variation in response.variations]
        for response in sorted(domain.responses, key=lambda response: response.name)
        if "/" in response.name
    }


def response_key(label: str, responses: Responses) -> str | None:
    """The first response that a label is the key or a text of, as a key: ``faq/refund`` of ``utter_faq/refund``."""
    for name, variations in responses.items():
        key = name.split(_UTTER)[1] if _UTTER in name else name  # Rasa's way, which loses a second "utter_"
        if key == label or any(variation.get("text", "") == label for variation in variations):
            return key
    return None
