"""Dialogue states as arrays: every distinct state is featurized once, examples are windows of row numbers.

Per attribute a turn has a one-hot or multi-hot row, or nothing at all, which is not
the same as a row of zeros (an unknown name): only turns that have the attribute get the bias of its layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rebake.core.featurizers import FeatureStates
from rebake.core.states import State

ATTRIBUTES = ("action_name", "active_loop", "entities", "intent", "slots")  # sorted, as in Rasa's files

Encoded = dict[str, list[tuple[int, float]]]  # attribute -> (column, value), what FeatureStates.encode gives


@dataclass(frozen=True, slots=True)
class StateRows:
    """Distinct states as matrices.

    Attributes:
        features: attribute -> float32 [n_states, width].
        present: attribute -> bool [n_states], whether the state has the attribute.
    """

    features: dict[str, NDArray[np.float32]]
    present: dict[str, NDArray[np.bool_]]

    @property
    def widths(self) -> dict[str, int]:
        """attribute -> width, for the attributes that at least one state has: the network has no layers for others."""
        return {name: self.features[name].shape[1] for name in ATTRIBUTES if self.present[name].any()}


@dataclass(frozen=True, slots=True)
class Windows:
    """Sequences of states, newest first: the network reads the last turn at position 0.

    Attributes:
        rows: int32 [n_windows, n_turns], numbers of rows in ``states``; 0 after the end of a window.
        lengths: int32 [n_windows], at least 1.
        states: what the numbers point to.
    """

    rows: NDArray[np.int32]
    lengths: NDArray[np.int32]
    states: StateRows

    def turns(self, window: int) -> tuple[dict[str, NDArray[np.float32]], ...]:
        """One window, oldest turn first: attribute -> [width], only the attributes that the turn has."""
        numbers = self.rows[window, : self.lengths[window]][::-1]
        return tuple(
            {name: self.states.features[name][row] for name in ATTRIBUTES if self.states.present[name][row]}
            for row in numbers
        )


def build_windows(sequences: Sequence[Sequence[State]], feature_states: FeatureStates) -> Windows:
    """Number the distinct states of the sequences (oldest state first) and featurize each once.

    An empty sequence counts as one empty state.
    """
    by_identity: dict[int, int] = {}  # trackers share states; the sequences keep them alive
    numbers: dict[object, int] = {}
    distinct: list[Encoded] = []
    rows = np.zeros((len(sequences), max((len(states) for states in sequences), default=1) or 1), np.int32)
    for window, states in enumerate(sequences):
        for turn, state in enumerate(reversed(states or [{}])):
            number = by_identity.get(id(state))
            if number is None:
                encoded = feature_states.encode(state)
                key = tuple((name, tuple(encoded[name])) for name in ATTRIBUTES if name in encoded)
                number = numbers.setdefault(key, len(distinct))
                if number == len(distinct):
                    distinct.append(encoded)
                if states:
                    by_identity[id(state)] = number
            rows[window, turn] = number
    lengths = np.array([max(len(states), 1) for states in sequences], np.int32)
    return Windows(rows, lengths, _matrices(distinct, feature_states))


def _matrices(distinct: Sequence[Encoded], feature_states: FeatureStates) -> StateRows:
    features = {name: np.zeros((len(distinct), len(feature_states.index(name))), np.float32) for name in ATTRIBUTES}
    present = {name: np.zeros(len(distinct), np.bool_) for name in ATTRIBUTES}
    for row, encoded in enumerate(distinct):
        for attribute, columns in encoded.items():
            present[attribute][row] = True
            for column, value in columns:
                features[attribute][row, column] = value
    return StateRows(features, present)
