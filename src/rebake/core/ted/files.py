"""The files beside the weights of TEDPolicy and its kin, in the shapes that Rasa 3.6 reads.

Rasa builds the network from ``meta.json`` and the signature of ``data_example``, trains one step on that example and
only then reads the weights: so the example has to be one that can be trained on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebake.archive.feature_arrays import FeatureArrays, read_feature_arrays, write_feature_arrays
from rebake.archive.json_files import read_json, write_json
from rebake.base.option_reader import OptionReader
from rebake.base.tensors import write_tensors
from rebake.core.ted.arrays import decode_labels, encode_labels
from rebake.core.ted.data import ATTRIBUTES, TEXTS, StateWidths
from rebake.core.ted.labels import LabelRows
from rebake.core.ted.texts import TextWidths
from rebake.errors import RETRAIN, ModelError
from rebake.nlu.entity_tags import TagSpec

ORIGIN = "SingleStateFeaturizer"


@dataclass(frozen=True, slots=True)
class TedFiles:
    """What the files say.

    Attributes:
        options: the merged configuration that the network was built from.
        priority: of the policy.
        widths: of the inputs.
        labels: features of all labels, in index order.
        tag_spec: the entity tags of words of user texts; None where entities are not looked for.
        example: one training example, see :func:`rebake.core.ted.arrays.encode_example`.
    """

    options: dict[str, Any]
    priority: int
    widths: StateWidths
    labels: LabelRows
    tag_spec: TagSpec | None
    example: FeatureArrays


def write_ted_files(directory: Path, name: str, files: TedFiles) -> None:
    """Write everything but weights and ``featurizer.json``; ``name`` is the prefix, e.g. ``ted_policy``."""
    write_json(directory / f"{name}.meta.json", files.options)
    write_json(directory / f"{name}.priority.json", files.priority)
    specs = [] if files.tag_spec is None else [files.tag_spec.as_dict()]
    write_json(directory / f"{name}.entity_tag_specs.json", specs)
    write_feature_arrays(directory, f"{name}.data_example", files.example)
    write_feature_arrays(directory, f"{name}.label_data", encode_labels(files.labels))
    _write_fake_features(directory, name, files.widths)


def read_ted_files(directory: Path, name: str, label_attribute: str) -> TedFiles:
    """Read what :func:`write_ted_files` or Rasa wrote.

    Raises:
        ModelError: a file is missing or broken.
    """
    options = read_json(directory / f"{name}.meta.json", dict)
    priority = read_json(directory / f"{name}.priority.json", int)
    widths = _read_widths(directory / f"{name}.fake_features_metadata.json")
    specs = read_json(directory / f"{name}.entity_tag_specs.json", list)
    example = read_feature_arrays(directory, f"{name}.data_example")
    labels = read_feature_arrays(directory, f"{name}.label_data")
    tagged = bool(specs) and OptionReader(options, f"{name}.meta.json in {directory}").flag("entity_recognition")
    if tagged and "text" not in widths.texts:
        raise ModelError(f"{name} in {directory} tags the words of texts, but reads no texts.", fix=RETRAIN)
    try:
        tag_spec = TagSpec.from_dict(specs[0]) if tagged else None
        rows = decode_labels(labels, label_attribute)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"The labels or tags of {name} in {directory} are broken ({error}).", fix=RETRAIN) from error
    return TedFiles(options, priority, widths, rows, tag_spec, example)


def _write_fake_features(directory: Path, name: str, widths: StateWidths) -> None:
    """Templates without rows: width and sparsity of each attribute, for turns and batches that lack it."""
    tensors: dict[str, NDArray[Any]] = {}
    metadata: dict[str, list[dict[str, Any]]] = {}
    for attribute, kinds in _kinds(widths).items():
        metadata[attribute] = []
        for number, (level, width, is_sparse) in enumerate(kinds):
            key = f"{attribute}_{number}"
            if is_sparse:
                tensors[f"{key}_data"] = np.zeros(0, np.float64)
                tensors[f"{key}_row"] = np.zeros(0, np.int32)
                tensors[f"{key}_col"] = np.zeros(0, np.int32)
            else:
                tensors[key] = np.zeros((0, width), np.float32)
            metadata[attribute].append(
                {
                    "data_type": level,
                    "attribute": attribute,
                    "origin": ORIGIN,
                    "is_sparse": is_sparse,
                    "shape": [0, width],
                    "safetensors_key": key,
                }
            )
    write_tensors(directory / f"{name}.fake_features.st", tensors)
    write_json(directory / f"{name}.fake_features_metadata.json", metadata)


def _kinds(widths: StateWidths) -> dict[str, list[tuple[str, int, bool]]]:
    """attribute -> (level, width, sparse) of its features: sparse ones first, those of words before those of texts."""
    kinds = {attribute: [("sentence", width, True)] for attribute, width in widths.names.items()}
    for attribute, text in widths.texts.items():
        found = [
            ("sequence", text.sequence_sparse, True),
            ("sentence", text.sentence_sparse, True),
            ("sequence", text.sequence_dense, False),
            ("sentence", text.sentence_dense, False),
        ]
        kinds[attribute] = [kind for kind in found if kind[1]]
    return dict(sorted(kinds.items()))


def _read_widths(path: Path) -> StateWidths:
    metadata = read_json(path, dict)
    try:
        names = {name: int(metadata[name][0]["shape"][1]) for name in ATTRIBUTES if name in metadata}
        texts: dict[str, TextWidths] = {name: _text_widths(metadata[name]) for name in TEXTS if name in metadata}
        unknown = sorted(set(metadata) - set(ATTRIBUTES) - set(TEXTS))
        if unknown:
            raise ValueError(f"unknown attribute {unknown[0]}")
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ModelError(f"{path.name} in {path.parent} is broken ({error}).", fix=RETRAIN) from error
    return StateWidths(names, texts)


def _text_widths(features: list[Mapping[str, Any]]) -> TextWidths:
    widths = {(item["data_type"], bool(item["is_sparse"])): int(item["shape"][1]) for item in features}
    return TextWidths(
        widths.get(("sequence", True), 0),
        widths.get(("sequence", False), 0),
        widths.get(("sentence", True), 0),
        widths.get(("sentence", False), 0),
    )
