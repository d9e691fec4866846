"""The files of CRFEntityExtractor.

``crf_dataset.json`` and ``crf_order.json`` are Rasa's: the training sentences, and the layers of tags, from which Rasa
trains whenever it loads the model. ``crf_models.json`` and ``crf_models.safetensors`` are ours; Rasa does not look at
them. They contain the trained weights and a digest of all that they were trained from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.numpy import load_file

from rebake.archive.json_files import read_json, write_json
from rebake.base.tensors import write_tensors
from rebake.errors import RETRAIN, ModelError
from rebake.nlu.crf.features import CrfToken
from rebake.nlu.crf.model import CrfModel
from rebake.nlu.entity_tags import TAG_NAMES, TagName

_DATASET, _ORDER = "crf_dataset.json", "crf_order.json"
_NAMES, _WEIGHTS = "crf_models.json", "crf_models.safetensors"


def write_dataset(directory: Path, dataset: Sequence[Sequence[CrfToken]], order: Sequence[str]) -> None:
    write_json(directory / _DATASET, [[token.as_dict() for token in tokens] for tokens in dataset])
    write_json(directory / _ORDER, list(order))


def read_dataset(directory: Path) -> tuple[list[list[CrfToken]], list[TagName]]:
    """Read the sentences and the layers. Raises ModelError where a file is missing or broken."""
    dataset, order = read_json(directory / _DATASET, list), read_json(directory / _ORDER, list)
    try:
        sentences = [[CrfToken.from_dict(token) for token in tokens] for tokens in dataset]
        return sentences, [TAG_NAMES[TAG_NAMES.index(name)] for name in order]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{_DATASET} or {_ORDER} in {directory.name} is not as Rasa writes it ({error!r}).", fix=RETRAIN
        ) from error


def write_models(directory: Path, models: Mapping[TagName, CrfModel], trained_from: Sequence[Any]) -> None:
    """Write the trained models; the files of :func:`write_dataset` must be there already."""
    content = {
        "trained_from": _digest(directory, trained_from),
        "models": {
            name: {"labels": model.labels, "attributes": list(model.attributes)} for name, model in models.items()
        },
    }
    write_json(directory / _NAMES, content)
    tensors = {f"{name}.{part}": tensor for name, model in models.items() for part, tensor in model.tensors().items()}
    write_tensors(directory / _WEIGHTS, tensors)


def read_models(directory: Path, trained_from: Sequence[Any]) -> dict[TagName, CrfModel] | None:
    """Read the trained models; None where there are none, or none of this dataset and these settings.

    Raises:
        ModelError: a file is missing or broken.
    """
    if not (directory / _NAMES).exists():
        return None
    content = read_json(directory / _NAMES, dict)
    if content.get("trained_from") != _digest(directory, trained_from):
        return None
    try:
        tensors = load_file(directory / _WEIGHTS)
        return {
            TAG_NAMES[TAG_NAMES.index(name)]: CrfModel.from_parts(
                parts["labels"],
                parts["attributes"],
                {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")},
            )
            for name, parts in content["models"].items()
        }
    except (OSError, SafetensorError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{_WEIGHTS} or {_NAMES} in {directory.name} is missing or broken ({error}).", fix=RETRAIN
        ) from error


def _digest(directory: Path, trained_from: Sequence[Any]) -> str:
    try:
        found = hashlib.sha256((directory / _DATASET).read_bytes())
        found.update((directory / _ORDER).read_bytes())
    except OSError as error:
        raise ModelError(f"{error.filename} of the model cannot be read.", fix=RETRAIN) from error
    found.update(json.dumps(trained_from).encode())
    return found.hexdigest()
