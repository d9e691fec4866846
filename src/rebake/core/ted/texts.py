"""Texts of dialogue states end to end, each distinct one once, with what the NLU pipeline makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rebake.base.sparse_rows import SparseRows
from rebake.core.end_to_end import EndToEndFeatures
from rebake.errors import DataError
from rebake.nlu.text_features import Stacked, stack


@dataclass(frozen=True, slots=True)
class TextWidths:
    """How many features of each kind a text encoder takes; 0 = none."""

    sequence_sparse: int
    sequence_dense: int
    sentence_sparse: int
    sentence_dense: int

    @staticmethod
    def of(features: Stacked) -> TextWidths:
        """Those of the matrices."""
        return TextWidths(
            _width(features.sequence_sparse),
            _width(features.sequence_dense),
            _width(features.sentence_sparse),
            _width(features.sentence_dense),
        )

    def blank(self) -> Stacked:
        """Return a text of one word without features: encoders need something to work on where nobody said anything."""
        sparse = [SparseRows.from_rows([[]], n) if n else None for n in (self.sequence_sparse, self.sentence_sparse)]
        dense = [np.zeros((1, n), np.float32) if n else None for n in (self.sequence_dense, self.sentence_dense)]
        return Stacked(np.ones(1, np.int32), sparse[0], dense[0], sparse[1], dense[1], {"sequence": [], "sentence": []})


@dataclass(frozen=True, slots=True)
class TextRows:
    """The texts of states.

    Attributes:
        texts: the distinct ones.
        features: of them, in that order.
        of_state: int32 [n_states], which of them a state has; -1 = none.
    """

    texts: Sequence[str]
    features: Stacked
    of_state: NDArray[np.int32]


class TextTable:
    """Numbers the distinct texts of one attribute.

    Args:
        widths: of a trained model, what its encoder takes; None in training.
    """

    def __init__(
        self, attribute: Literal["text", "action_text"], end_to_end: EndToEndFeatures, widths: TextWidths | None = None
    ) -> None:
        self.attribute = attribute
        self.widths = widths
        self.texts: list[str] = []
        self._end_to_end = end_to_end
        self._numbers: dict[str, int] = {}

    def number(self, text: str | None) -> int:
        """Of a text, which joins the table if it is new; -1 for none."""
        if text is None:
            return -1
        number = self._numbers.setdefault(text, len(self.texts))
        if number == len(self.texts):
            self.texts.append(text)
        return number

    def features(self) -> Stacked:
        """Of all texts, in order.

        Raises:
            DataError: in training, where the pipeline does not give features of both words and whole texts.
            ModelError: they are wider than what the encoder takes.
        """
        if not self.texts:
            assert self.widths is not None
            return self.widths.blank()
        messages = [self._end_to_end.message(self.attribute, text) for text in self.texts]
        parts = [stack([message], self.attribute, ()) for message in messages]  # an empty text may lack some features
        widths = self.widths or max(
            (TextWidths.of(part) for part in parts), key=lambda found: (found.sequence_sparse, found.sequence_dense)
        )
        if not (widths.sequence_sparse or widths.sequence_dense) or not (
            widths.sentence_sparse or widths.sentence_dense
        ):
            raise DataError(
                "End-to-end stories need features of words and of whole texts, and the pipeline does not give both.",
                fix="Add a CountVectorsFeaturizer to the pipeline.",
            )
        return _below([part.widened(widths) for part in parts])


def _width(matrix: SparseRows | NDArray[np.float32] | None) -> int:
    if matrix is None:
        return 0
    return matrix.n_columns if isinstance(matrix, SparseRows) else int(matrix.shape[1])


def _below(parts: Sequence[Stacked]) -> Stacked:
    """Parts of the same widths below each other."""
    if len(parts) == 1:
        return parts[0]
    return Stacked(
        np.concatenate([part.lengths for part in parts]),
        _sparse([part.sequence_sparse for part in parts]),
        _dense([part.sequence_dense for part in parts]),
        _sparse([part.sentence_sparse for part in parts]),
        _dense([part.sentence_dense for part in parts]),
        parts[0].sparse_sizes,
    )


def _sparse(matrices: Sequence[SparseRows | None]) -> SparseRows | None:
    found = [matrix for matrix in matrices if matrix is not None]
    return SparseRows.vstack(found) if found else None


def _dense(matrices: Sequence[NDArray[np.float32] | None]) -> NDArray[np.float32] | None:
    found = [matrix for matrix in matrices if matrix is not None]
    return np.concatenate(found) if found else None
