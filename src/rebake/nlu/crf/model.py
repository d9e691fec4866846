"""A linear-chain conditional random field as CRFsuite trains it, and its marginal probabilities.

Lafferty, McCallum, Pereira 2001: the score of a tag sequence is the sum of what the tokens' attributes say for their
tags and of what neighbouring tags say for each other. Marginals come from the forward-backward algorithm in probability
space, scaled at every token. Only training needs CRFsuite; these weights are read and used without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebake.nlu.crf.features import Attributes

_Floats = NDArray[np.float64]
_BATCH = 256  # sentences that are tagged together; bounds the memory


@dataclass(frozen=True)
class CrfModel:
    """The weights of one layer of tags.

    Attributes:
        labels: tags, in CRFsuite's order.
        attributes: name -> row.
        starts: int32 [attributes + 1]; row i owns the state weights starts[i]:starts[i + 1].
        tags: int32 [state weights], columns.
        weights: float64 [state weights].
        transitions: float64 [labels, labels], from the tag before to the tag.
    """

    labels: tuple[str, ...]
    attributes: Mapping[str, int]
    starts: NDArray[np.int32]
    tags: NDArray[np.int32]
    weights: _Floats
    transitions: _Floats

    def marginals(self, sentences: Sequence[Sequence[Attributes]]) -> list[_Floats]:
        """Per sentence the probabilities of its tokens' tags, [tokens, labels]."""
        results: list[_Floats] = [np.zeros((0, len(self.labels)))] * len(sentences)
        places = [place for place, sentence in enumerate(sentences) if sentence]
        places.sort(key=lambda place: -len(sentences[place]))
        for start in range(0, len(places), _BATCH):
            group = places[start : start + _BATCH]
            lengths = np.array([len(sentences[place]) for place in group])
            scores = self._state_scores([row for place in group for row in sentences[place]])
            found = self._forward_backward(scores, lengths)
            for place, probabilities in zip(group, np.split(found, np.cumsum(lengths)[:-1]), strict=True):
                results[place] = probabilities
        return results

    def _state_scores(self, rows: Sequence[Attributes]) -> _Floats:
        """[rows, labels]"""
        known = self.attributes
        entries = [
            (row, known[name], value)
            for row, attributes in enumerate(rows)
            for name, value in attributes.items()
            if value and name in known
        ]
        width = len(self.labels)
        if not entries:
            return np.zeros((len(rows), width))
        columns = np.array(entries, np.float64)
        ids = columns[:, 1].astype(np.int64)
        first = self.starts[ids].astype(np.int64)
        counts = self.starts[ids + 1] - first
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        found = np.repeat(first, counts) + offsets
        cells = np.repeat(columns[:, 0].astype(np.int64) * width, counts) + self.tags[found]
        values = np.repeat(columns[:, 2], counts) * self.weights[found]
        sums = np.bincount(cells, values, len(rows) * width).astype(np.float64)
        return sums.reshape(len(rows), width)

    def _forward_backward(self, scores: _Floats, lengths: NDArray[np.integer]) -> _Floats:
        """Probabilities from scores, both [all tokens, labels]; the sentences are ordered, the longest first."""
        is_token = np.arange(lengths[0]) < lengths[:, None]
        potentials = np.zeros((*is_token.shape, scores.shape[1]))  # [sentences, longest, labels]
        potentials[is_token] = np.exp(scores - scores.max(axis=-1, keepdims=True))
        # A constant taken from all transitions changes no probability, and keeps their exponentials in range.
        transitions = np.exp(self.transitions - self.transitions.max())
        counts = is_token.sum(axis=0).tolist()  # sentences that have a t-th token; they are the first ones
        forward, backward = np.empty_like(potentials), np.ones_like(potentials)
        forward[:, 0] = _normalized(potentials[:, 0])
        for t, n in enumerate(counts[1:], 1):
            forward[:n, t] = _normalized((forward[:n, t - 1] @ transitions) * potentials[:n, t])
        for t, n in reversed(list(enumerate(counts[1:], 1))):
            backward[:n, t - 1] = _normalized((backward[:n, t] * potentials[:n, t]) @ transitions.T)
        return _normalized(forward[is_token] * backward[is_token])

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The weights by name, for :meth:`from_parts`."""
        return {"starts": self.starts, "tags": self.tags, "weights": self.weights, "transitions": self.transitions}

    @staticmethod
    def from_parts(labels: Sequence[str], attributes: Sequence[str], tensors: Mapping[str, NDArray[Any]]) -> CrfModel:
        """Put a model together again. Raises ValueError or KeyError if the parts do not fit each other."""
        starts, tags = tensors["starts"].astype(np.int32), tensors["tags"].astype(np.int32)
        weights, transitions = tensors["weights"].astype(np.float64), tensors["transitions"].astype(np.float64)
        fits = (
            len(labels) > 0
            and transitions.shape == (len(labels), len(labels))
            and starts.shape == (len(attributes) + 1,)
            and starts[0] == 0
            and starts[-1] == len(tags) == len(weights)
            and bool((np.diff(starts) >= 0).all())
            and bool(((tags >= 0) & (tags < len(labels))).all())
        )
        if not fits:
            raise ValueError("the weights of the CRF do not fit its tags and attributes")
        rows = {name: row for row, name in enumerate(attributes)}
        return CrfModel(tuple(labels), rows, starts, tags, weights, transitions)


def _normalized(values: _Floats) -> _Floats:
    total: _Floats = values.sum(axis=-1, keepdims=True)
    return values / total
