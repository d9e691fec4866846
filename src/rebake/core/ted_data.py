"""Dialogue states as arrays: every distinct state is featurized once, examples are windows of row numbers.

RASA36.md sections 4.1 and 4.2: per attribute a turn has a one-hot or multi-hot row, or nothing at all, which is not
the same as a row of zeros (an unknown name): only turns that have the attribute get the bias of its layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

INTENT = "intent"
ACTION_NAME = "action_name"
ENTITIES = "entities"
SLOTS = "slots"
ACTIVE_LOOP = "active_loop"
ATTRIBUTES = (ACTION_NAME, ACTIVE_LOOP, ENTITIES, INTENT, SLOTS)  # sorted: the order in Rasa's files

State = Mapping[str, Mapping[str, Any]]
FeatureStates = Mapping[str, Mapping[str, int]]  # attribute -> name -> column, as in featurizer.json


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
    def attributes(self) -> tuple[str, ...]:
        """The attributes that occur in at least one state, sorted: those that the network gets layers for."""
        return tuple(name for name in ATTRIBUTES if self.present[name].any())


@dataclass(frozen=True, slots=True)
class Windows:
    """Sequences of states, newest first: the network reads the last turn at position 0 (RASA36.md section 4.2).

    Attributes:
        rows: int32 [n_windows, n_turns], numbers of rows in ``states``; 0 after the end of a window.
        lengths: int32 [n_windows].
        states: what the numbers point to.
    """

    rows: NDArray[np.int32]
    lengths: NDArray[np.int32]
    states: StateRows


def build_windows(sequences: Sequence[Sequence[State]], feature_states: FeatureStates) -> Windows:
    """Number the distinct states of the sequences (oldest state first, none empty) and featurize each once."""
    numbers: dict[Any, int] = {}
    distinct: list[list[tuple[str, dict[int, float]]]] = []
    length = max((len(states) for states in sequences), default=1)
    rows = np.zeros((len(sequences), length), np.int32)
    for window, states in enumerate(sequences):
        for turn, state in enumerate(reversed(states)):
            entries = list(_entries(state, feature_states))
            key = tuple((name, tuple(sorted(columns.items()))) for name, columns in entries)
            if key not in numbers:
                numbers[key] = len(distinct)
                distinct.append(entries)
            rows[window, turn] = numbers[key]
    lengths = np.array([len(states) for states in sequences], np.int32)
    return Windows(rows, lengths, _matrices(distinct, feature_states))


def _entries(state: State, feature_states: FeatureStates) -> Iterator[tuple[str, dict[int, float]]]:
    """The attributes that a state has, each with its non-zero columns; sorted by attribute."""
    for attribute in ATTRIBUTES:
        values = _values(state, attribute)
        if values is not None:
            columns = feature_states.get(attribute, {})
            yield attribute, {columns[name]: value for name, value in values.items() if name in columns and value}


def _values(state: State, attribute: str) -> dict[str, float] | None:
    """Feature names and values of one attribute of a state; None where the state lacks it.

    The user's part counts only directly after ``action_listen``: in later turns it is remembered, not said.
    """
    action = state.get("prev_action", {}).get(ACTION_NAME)
    if attribute == ACTION_NAME:
        return None if action is None else {action: 1.0}
    if attribute == ACTIVE_LOOP:
        loop = state.get(ACTIVE_LOOP)
        return {loop["name"]: 1.0} if loop else None
    if attribute == SLOTS:
        slots = state.get(SLOTS)
        if not slots:
            return None
        return {f"{name}_{i}": float(value) for name, values in slots.items() for i, value in enumerate(values)}
    user = state.get("user", {}) if action == "action_listen" else {}
    if attribute == INTENT:
        return {user[INTENT]: 1.0} if user.get(INTENT) else None
    return dict.fromkeys(user[ENTITIES], 1.0) if user.get(ENTITIES) else None


def _matrices(distinct: Sequence[Sequence[tuple[str, dict[int, float]]]], feature_states: FeatureStates) -> StateRows:
    features = {name: np.zeros((len(distinct), len(feature_states.get(name, {}))), np.float32) for name in ATTRIBUTES}
    present = {name: np.zeros(len(distinct), np.bool_) for name in ATTRIBUTES}
    for row, entries in enumerate(distinct):
        for attribute, columns in entries:
            present[attribute][row] = True
            for column, value in columns.items():
                features[attribute][row, column] = value
    return StateRows(features, present)
