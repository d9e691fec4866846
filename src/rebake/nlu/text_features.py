"""The features of messages, brought together for the networks: sparse ones beside each other, dense ones likewise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from rebake.base.sparse_rows import SparseRows
from rebake.errors import ModelError
from rebake.nlu.message import Features, Message

if TYPE_CHECKING:
    from rebake.nn.layers.text_data import TextData

Level = Literal["sequence", "sentence"]
Matrix = SparseRows | NDArray[np.float32]


class KnownWidths(Protocol):
    """How many features of each kind a network reads; 0 = none."""

    @property
    def sequence_sparse(self) -> int: ...
    @property
    def sequence_dense(self) -> int: ...
    @property
    def sentence_sparse(self) -> int: ...
    @property
    def sentence_dense(self) -> int: ...


@dataclass(frozen=True)
class Stacked:
    """The features of some messages for one attribute.

    Attributes:
        lengths: int32 [messages], rows that each message has in the sequence matrices.
        sequence_sparse, sequence_dense: [all rows, width] or None.
        sentence_sparse, sentence_dense: [messages, width] or None.
        sparse_sizes: per level the widths of the single sparse features, in pipeline order.
    """

    lengths: NDArray[np.int32]
    sequence_sparse: SparseRows | None
    sequence_dense: NDArray[np.float32] | None
    sentence_sparse: SparseRows | None
    sentence_dense: NDArray[np.float32] | None
    sparse_sizes: dict[Level, list[int]]

    def widened(self, widths: KnownWidths) -> Stacked:
        """With matrices of the widths that a network knows, the new columns empty.

        A message that a featurizer passed over (RegexFeaturizer, SpacyFeaturizer and LanguageModelFeaturizer pass over
        empty texts) has fewer columns than the network knows. Rasa then lets the later sparse featurizers' columns
        move up, and so the numbers it shows come about; on missing dense features it fails, and here they are zeros.

        Raises:
            ModelError: the features are wider than that.
        """
        return replace(
            self,
            sequence_sparse=_widen(self.sequence_sparse, widths.sequence_sparse),
            sentence_sparse=_widen(self.sentence_sparse, widths.sentence_sparse),
            sequence_dense=_widen_dense(self.sequence_dense, int(self.lengths.sum()), widths.sequence_dense),
            sentence_dense=_widen_dense(self.sentence_dense, len(self.lengths), widths.sentence_dense),
        )


def _widen(rows: SparseRows | None, width: int) -> SparseRows | None:
    if rows is None or rows.n_columns == width:
        return rows
    _refuse_wider(rows.n_columns, width)
    return replace(rows, n_columns=width, whole=None)


def _widen_dense(rows: NDArray[np.float32] | None, n_rows: int, width: int) -> NDArray[np.float32] | None:
    if width == 0 and rows is None:
        return None
    if rows is None:
        return np.zeros((n_rows, width), np.float32)
    _refuse_wider(rows.shape[1], width)
    return np.pad(rows, ((0, 0), (0, width - rows.shape[1])))


def _refuse_wider(given: int, known: int) -> None:
    if given > known:
        raise ModelError(
            f"The featurizers give {given} features and the model knows {known}.", fix="Train the model again."
        )


def text_data(
    features: Stacked,
    labels: NDArray[np.int32] | None = None,
    tags: Mapping[str, NDArray[np.int32]] | None = None,
) -> TextData:
    """The features of texts as networks take them; in training with label ids [messages] and tags [all tokens]."""
    from rebake.nn.layers.text_data import TextData

    return TextData(
        features.lengths,
        features.sequence_sparse,
        features.sequence_dense,
        features.sentence_sparse,
        features.sentence_dense,
        labels,
        tags or {},
    )


def by_origin(messages: Sequence[Message], attribute: str, featurizers: Sequence[str]) -> list[list[Message]]:
    """The messages that have features, grouped by the featurizers that gave them some."""
    groups: dict[tuple[str, ...], list[Message]] = {}
    for message in messages:
        if found := selected(message, attribute, featurizers):
            groups.setdefault(tuple(features.origin for features in found), []).append(message)
    return list(groups.values())


def selected(message: Message, attribute: str, featurizers: Sequence[str]) -> list[Features]:
    """The features that option ``featurizers`` (aliases; empty = all) leaves, without empty ones."""
    return [
        features
        for features in message.features.get(attribute, [])
        if (not featurizers or features.origin in featurizers)
        and (features.sequence is not None or features.sentence is not None)
    ]


def stack(messages: Sequence[Message], attribute: str, featurizers: Sequence[str]) -> Stacked:
    """Stack the features of messages that all have some.

    Raises:
        ModelError: one featurizer gave different widths, or gave rows for some messages and none for others.
    """
    rows = [selected(message, attribute, featurizers) for message in messages]
    origins = [features.origin for features in rows[0]]
    if any([features.origin for features in row] != origins for row in rows):
        raise ModelError(f"The featurizers gave features of {attribute} to some messages and not to others.")
    columns = [[row[place] for row in rows] for place in range(len(origins))]
    sequences = [_column([features.sequence for features in column], origins[i]) for i, column in enumerate(columns)]
    sentences = [_column([features.sentence for features in column], origins[i]) for i, column in enumerate(columns)]
    sparse_sizes: dict[Level, list[int]] = {"sequence": _sizes(sequences), "sentence": _sizes(sentences)}
    return Stacked(
        np.array([_length(row) for row in rows], np.int32),
        _sparse(sequences),
        _dense(sequences),
        _sparse(sentences),
        _dense(sentences),
        sparse_sizes,
    )


def _column(parts: Sequence[Matrix | None], origin: str) -> Matrix | None:
    """One featurizer's matrices of all messages, below each other."""
    sparse = [part for part in parts if isinstance(part, SparseRows)]
    dense = [part for part in parts if part is not None and not isinstance(part, SparseRows)]
    if not sparse and not dense:
        return None
    widths = {part.n_columns for part in sparse} | {part.shape[1] for part in dense}
    if len(widths) > 1 or len(parts) not in (len(sparse), len(dense)):
        raise ModelError(f"{origin} gave features of different shapes to different messages.")
    return SparseRows.vstack(sparse) if sparse else np.concatenate(dense).astype(np.float32)


def _sparse(columns: Sequence[Matrix | None]) -> SparseRows | None:
    parts = [column for column in columns if isinstance(column, SparseRows)]
    return SparseRows.hstack(parts) if parts else None


def _dense(columns: Sequence[Matrix | None]) -> NDArray[np.float32] | None:
    parts = [column for column in columns if isinstance(column, np.ndarray)]
    return np.concatenate(parts, axis=1) if parts else None


def _sizes(columns: Sequence[Matrix | None]) -> list[int]:
    return [column.n_columns for column in columns if isinstance(column, SparseRows)]


def _length(row: Sequence[Features]) -> int:
    for features in row:
        if isinstance(features.sequence, SparseRows):
            return features.sequence.n_rows
        if features.sequence is not None:
            return len(features.sequence)
    return 0
