"""Labels and a training example of TEDPolicy and its kin as Rasa's feature arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebake.archive.feature_arrays import FeatureArray, FeatureArrays, Group, SparseMatrix, nested
from rebake.core.ted.data import StateWidths, Windows
from rebake.core.ted.labels import LabelRows
from rebake.core.ted.texts import TextWidths
from rebake.nlu.diet.files import NestedArrays, decode_features, encode_features
from rebake.nlu.text_features import Stacked

LABEL_TEXT = "label_action_text"


def encode_example(
    widths: StateWidths,
    windows: Windows,
    window: int,
    labels: Sequence[int],
    tags: Sequence[NDArray[np.int32] | None] | None,
) -> FeatureArrays:
    """One window of training data for ``data_example``.

    Args:
        widths: of the model's inputs.
        labels: the labels that follow it, -1 where the example has fewer than others; of a whole dialogue one per turn.
        tags: per turn that is acted on int32 [words], or None where it has no text; None without an entity tagger.
    """
    turns = windows.turns(window)
    ids = [[label] for label in labels]
    arrays: NestedArrays = {
        "dialogue": {"length": [[len(turns)]]},
        "label": {"ids": [nested(np.array([ids], np.int64))]},
    }
    for attribute, width in widths.names.items():
        present = windows.states.present[attribute][turns]
        matrices = windows.states.features[attribute][turns]
        rows = tuple(_row(matrix, width, here) for matrix, here in zip(matrices, present.tolist(), strict=True))
        arrays[attribute] = {"mask": [_mask(present)], "sentence": [Group((Group(rows),))]}
    for attribute, text in widths.texts.items():
        states = windows.states.texts[attribute]
        arrays[attribute] = _encode_texts(states.features, states.of_state[turns].tolist(), text)
    if tags is not None:
        present = np.array([turn is not None for turn in tags])
        columns = tuple(np.zeros((0, 1), np.int64) if turn is None else turn[:, None].astype(np.int64) for turn in tags)
        arrays["entity_tags"] = {"ids": [Group((Group(columns),))], "mask": [_mask(present)]}
    return dict(sorted(arrays.items()))  # the order in which Rasa unpacks a batch


def _mask(present: NDArray[np.bool_]) -> Group:
    return Group((present[:, np.newaxis].astype(np.float32),))


def _row(row: NDArray[np.float32], width: int, present: bool) -> SparseMatrix:
    """One turn of one attribute; a matrix without rows where the turn lacks it."""
    if not present:
        return _nothing(width)
    columns = np.flatnonzero(row).astype(np.int32)
    return SparseMatrix(row[columns], np.zeros_like(columns), columns, (1, width))


def _nothing(width: int) -> SparseMatrix:
    none = np.zeros(0, np.int32)
    return SparseMatrix(np.zeros(0, np.float64), none, none, (0, width))


def _encode_texts(features: Stacked, texts: Sequence[int], widths: TextWidths) -> dict[str, list[FeatureArray]]:
    """The texts of the turns of one window (-1 = none)."""
    found = encode_features(features, [text for text in texts if text >= 0], mask=False)
    encoded: dict[str, list[FeatureArray]] = {"mask": [_mask(np.array(texts) >= 0)]}
    for level, sparse, dense in (
        ("sentence", widths.sentence_sparse, widths.sentence_dense),
        ("sequence", widths.sequence_sparse, widths.sequence_dense),
    ):
        empty: list[FeatureArray] = [_nothing(sparse)] if sparse else []
        empty += [np.zeros((0, dense), np.float32)] if dense else []
        encoded[level] = [
            Group((Group(_spread(found[level][kind], texts, nothing)),)) for kind, nothing in enumerate(empty)
        ]
    lengths = [int(features.lengths[text]) if text >= 0 else 0 for text in texts]
    encoded["sequence_lengths"] = [Group((Group(tuple(np.array([[length]], np.int64) for length in lengths)),))]
    return encoded


def _spread(array: FeatureArray, texts: Sequence[int], nothing: FeatureArray) -> tuple[FeatureArray, ...]:
    """The items of a group one after the other where there is a text, ``nothing`` elsewhere."""
    items = iter(array.items if isinstance(array, Group) else ())
    return tuple(next(items) if text >= 0 else nothing for text in texts)


def encode_labels(labels: LabelRows) -> FeatureArrays:
    """``label_data``."""
    arrays: NestedArrays = {}
    if labels.names is not None:
        arrays[labels.attribute] = _encode_names(labels, labels.names)
    if labels.texts is not None:
        of_label = np.full(labels.count, -1)
        of_label[labels.text_of] = np.arange(len(labels.text_of))
        arrays[LABEL_TEXT] = _by_label(_encode_texts(labels.texts, of_label.tolist(), TextWidths.of(labels.texts)))
    arrays["label"] = {"ids": [nested(np.arange(labels.count, dtype=np.int64)[:, np.newaxis])]}
    return arrays


def _by_label(window: Mapping[str, list[FeatureArray]]) -> dict[str, list[FeatureArray]]:
    """The turns of one window as windows of one turn, which is how Rasa keeps labels."""
    found: dict[str, list[FeatureArray]] = {}
    for key, arrays in window.items():
        found[key] = []
        for array in arrays:
            (turns,) = array.items if isinstance(array, Group) else ()
            if isinstance(turns, Group):
                found[key].append(Group(tuple(Group((turn,)) for turn in turns.items)))
            else:
                found[key].append(nested(np.asarray(turns)[:, np.newaxis]))
    return found


def _encode_names(labels: LabelRows, names: NDArray[np.float32]) -> dict[str, list[FeatureArray]]:
    present = np.zeros((labels.count, 1, 1), np.float32)
    present[labels.name_of] = 1.0
    if not labels.counted and len(names) == labels.count:
        return {"mask": [nested(present)], "sentence": [nested(names[:, np.newaxis, np.newaxis, :])]}
    width = names.shape[1]
    nothing: FeatureArray = _nothing(width) if labels.counted else np.zeros((0, width), np.float32)
    rows = [nothing] * labels.count
    for number, row in zip(labels.name_of.tolist(), names, strict=True):
        rows[number] = _row(row, width, present=True) if labels.counted else row[np.newaxis]
    return {"mask": [nested(present)], "sentence": [Group(tuple(Group((row,)) for row in rows))]}


def decode_labels(arrays: Mapping[str, Mapping[str, Sequence[FeatureArray]]], attribute: str) -> LabelRows:
    """The inverse of :func:`encode_labels`. Raises KeyError, IndexError or ValueError on anything else."""
    count = len(_items(arrays["label"]["ids"][0]))
    names, name_of, counted = None, np.zeros(0, np.int32), False
    if attribute in arrays:
        items = [_only(item) for item in _items(arrays[attribute]["sentence"][0])]
        counted = isinstance(items[0], SparseMatrix)
        rows = {number: row for number, item in enumerate(items) if (row := _name_row(item)) is not None}
        names, name_of = np.array(list(rows.values()), np.float32), np.array(list(rows), np.int32)
    texts, text_of = None, np.zeros(0, np.int32)
    if LABEL_TEXT in arrays:
        present = [bool(np.any(_numbers(_only(item)))) for item in _items(arrays[LABEL_TEXT]["mask"][0])]
        text_of = np.flatnonzero(present).astype(np.int32)
        levels = {key: arrays[LABEL_TEXT][key] for key in ("sequence", "sentence") if key in arrays[LABEL_TEXT]}
        chosen: dict[str, list[FeatureArray]] = {
            key: [Group(tuple(_only(_items(array)[number]) for number in text_of)) for array in found]
            for key, found in levels.items()
        }
        texts = decode_features(chosen)
    return LabelRows(count, attribute, names, counted, name_of, texts, text_of)


def _items(array: FeatureArray) -> tuple[FeatureArray, ...]:
    if isinstance(array, Group):
        return array.items
    return tuple(np.asarray(array))


def _only(array: FeatureArray) -> FeatureArray:
    """What stands alone in a group: the one turn that a label has."""
    return array.items[0] if isinstance(array, Group) and len(array.items) == 1 else array


def _numbers(array: FeatureArray) -> NDArray[Any]:
    while isinstance(array, Group):
        (array,) = array.items
    if isinstance(array, SparseMatrix):
        raise ValueError("a sparse matrix where numbers are expected")
    return np.asarray(array, np.float32)


def _name_row(array: FeatureArray) -> NDArray[np.float32] | None:
    """The one row of a label's features; None where it has none."""
    if isinstance(array, SparseMatrix):
        if array.shape[0] == 0:
            return None
        row = np.zeros(array.shape[1], np.float32)
        np.add.at(row, array.col, array.data)
        return row
    numbers = _numbers(array)
    return numbers.ravel() if numbers.size else None
