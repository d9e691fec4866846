"""Dialogue states as arrays: every distinct state is featurized once, examples are windows of row numbers.

Per attribute a turn has a row of numbers, or end to end a text, or nothing at all, which is not the same as a row of
zeros (an unknown name): only turns that have the attribute get the bias of its layers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rebake.base.sparse_rows import SparseRows
from rebake.core.dialogue.states import PREVIOUS_ACTION, USER, State, follows_listen
from rebake.core.end_to_end import EndToEndFeatures
from rebake.core.featurizers import FeatureStates
from rebake.core.ted.texts import TextRows, TextTable, TextWidths
from rebake.errors import ModelError
from rebake.nlu.text_features import text_data

if TYPE_CHECKING:
    from rebake.nn.ted.dialogue_data import Dialogues, Inputs, States

ATTRIBUTES = ("action_name", "active_loop", "entities", "intent", "slots")  # sorted, as in Rasa's files
NameAttribute = Literal["action_name", "intent"]
TextAttribute = Literal["action_text", "text"]
NAMES: tuple[NameAttribute, ...] = get_args(NameAttribute)  # end to end, their words count
TEXTS: tuple[TextAttribute, ...] = get_args(TextAttribute)

Encoded = dict[str, tuple[tuple[int, float], ...]]  # attribute -> (column, value)


@dataclass(frozen=True, slots=True)
class StateWidths:
    """How many features a network takes.

    Attributes:
        names: attribute of ``ATTRIBUTES`` -> width of its rows; those without layers are missing.
        texts: ``text``, ``action_text`` -> widths of their features; the same.
    """

    names: Mapping[str, int]
    texts: Mapping[str, TextWidths] = field(default_factory=dict)

    def as_inputs(self) -> Inputs:
        """As the network takes them."""
        from rebake.nn.layers.text_data import Widths
        from rebake.nn.ted.dialogue_data import Inputs

        return Inputs(self.names, {name: Widths(**asdict(widths)) for name, widths in self.texts.items()})


@dataclass(frozen=True, slots=True)
class StateRows:
    """Distinct states as matrices.

    Attributes:
        features: attribute -> float32 [n_states, width].
        present: attribute -> bool [n_states], whether the state has the attribute.
        texts: ``text``, ``action_text`` -> the states' texts; those that no state has are missing.
    """

    features: dict[str, NDArray[np.float32]]
    present: dict[str, NDArray[np.bool_]]
    texts: dict[str, TextRows] = field(default_factory=dict)

    @property
    def widths(self) -> StateWidths:
        """Of the attributes that at least one state has: the network has no layers for others."""
        names = {name: self.features[name].shape[1] for name in ATTRIBUTES if self.present[name].any()}
        return StateWidths(names, {name: TextWidths.of(texts.features) for name, texts in self.texts.items()})

    def as_input(self, widths: StateWidths) -> States:
        """As the network takes them, with the attributes that it has layers for."""
        from rebake.nn.ted.dialogue_data import States

        return States(
            {name: self.features[name] for name in widths.names},
            {name: self.present[name] for name in widths.names},
            {name: text_data(self.texts[name].features) for name in widths.texts},
            {name: self.texts[name].of_state for name in widths.texts},
        )


@dataclass(frozen=True, slots=True)
class Windows:
    """Sequences of states.

    Attributes:
        rows: int32 [n_windows, n_turns], numbers of rows in ``states``, newest turn first or, of whole dialogues, as
            they went; 0 after the end of a window.
        lengths: int32 [n_windows], at least 1.
        states: what the numbers point to.
        newest_first: which of the two.
    """

    rows: NDArray[np.int32]
    lengths: NDArray[np.int32]
    states: StateRows
    newest_first: bool = True

    def turns(self, window: int) -> NDArray[np.int32]:
        """The states of one window, oldest turn first."""
        numbers = self.rows[window, : self.lengths[window]]
        return numbers[::-1] if self.newest_first else numbers

    def as_input(
        self, widths: StateWidths, tags: NDArray[np.int32] | None = None, tags_of: NDArray[np.int32] | None = None
    ) -> Dialogues:
        """As the network takes them; see :class:`rebake.nn.ted.dialogue_data.Dialogues`."""
        from rebake.nn.ted.dialogue_data import Dialogues

        return Dialogues(self.rows, self.lengths, self.states.as_input(widths), tags, tags_of)


@dataclass(frozen=True, slots=True)
class StateEncoder:
    """What is needed to turn states into numbers.

    Attributes:
        tables: columns of one-hot features.
        end_to_end: features of names and texts; None where only names are known.
        trained: of a trained model, what it takes; None in training.
    """

    tables: FeatureStates
    end_to_end: EndToEndFeatures | None = None
    trained: StateWidths | None = None

    def encode(self, state: State) -> Encoded:
        """The rows of a state, by attribute.

        Raises:
            ModelError: the pipeline gives other features than the model was trained with.
        """
        encoded = {
            name: tuple(columns)
            for name, columns in self.tables.encode(state).items()
            if self.trained is None or name in self.trained.names
        }
        if self.end_to_end is not None:
            for name in NAMES:
                if name in encoded:
                    words = self.words(name, state[USER if name == "intent" else PREVIOUS_ACTION][name])
                    if words is not None:
                        encoded[name] = tuple(zip(words.indices.tolist(), words.data.tolist(), strict=True))
        return encoded

    def words(self, attribute: NameAttribute, name: str) -> SparseRows | None:
        """[1, width]: the counted words of a name; None where it is one-hot."""
        row = None if self.end_to_end is None else self.end_to_end.name_row(attribute, name)
        if row is not None and self.trained is not None and row.n_columns != self.trained.names[attribute]:
            raise ModelError(
                f"The featurizers give {row.n_columns} features of {attribute} and the model knows "
                f"{self.trained.names[attribute]}.",
                fix="Train the model again.",
            )
        return row

    def texts(self, state: State) -> dict[str, str]:
        """The texts of a state, by attribute; what the user said counts only right after ``action_listen``."""
        if self.end_to_end is None:
            return {}
        found = {}
        if "action_text" in state.get(PREVIOUS_ACTION, {}):
            found["action_text"] = state[PREVIOUS_ACTION]["action_text"]
        if "text" in state.get(USER, {}) and follows_listen(state):
            found["text"] = state[USER]["text"]
        return {name: text for name, text in found.items() if self._is_read(name, text)}

    def _is_read(self, attribute: Any, text: str) -> bool:
        assert self.end_to_end is not None
        if self.trained is not None and attribute not in self.trained.texts:
            return False
        return bool(self.end_to_end.message(attribute, text).features.get(attribute))

    def width(self, attribute: str) -> int:
        """Of the rows of an attribute; 0 where a trained model does not read it."""
        if self.trained is not None:
            return self.trained.names.get(attribute, 0)
        if attribute in NAMES:
            name = next((name for name in self.tables.index(attribute) if name not in self.tables.action_texts), None)
            words = None if name is None else self.words(attribute, name)
            if words is not None:
                return words.n_columns
        return len(self.tables.index(attribute))

    def table(self, attribute: TextAttribute) -> TextTable | None:
        """An empty one for the texts of an attribute; None if they are not read."""
        if self.end_to_end is None or (self.trained is not None and attribute not in self.trained.texts):
            return None
        return TextTable(attribute, self.end_to_end, None if self.trained is None else self.trained.texts[attribute])


def build_windows(sequences: Sequence[Sequence[State]], encoder: StateEncoder, *, newest_first: bool = True) -> Windows:
    """Number the distinct states of the sequences (oldest state first) and featurize each once.

    An empty sequence counts as one empty state.
    """
    by_identity: dict[int, int] = {}  # trackers share states; the sequences keep them alive
    numbers: dict[object, int] = {}
    distinct: list[tuple[Encoded, dict[str, str]]] = []
    rows = np.zeros((len(sequences), max((len(states) for states in sequences), default=1) or 1), np.int32)
    for window, states in enumerate(sequences):
        for turn, state in enumerate(reversed(states or [{}])):
            number = by_identity.get(id(state))
            if number is None:
                encoded, texts = encoder.encode(state), encoder.texts(state)
                key = (tuple(sorted(encoded.items())), tuple(sorted(texts.items())))
                number = numbers.setdefault(key, len(distinct))
                if number == len(distinct):
                    distinct.append((encoded, texts))
                if states:
                    by_identity[id(state)] = number
            rows[window, turn] = number
        if not newest_first:
            rows[window, : len(states)] = rows[window, : len(states)][::-1]
    lengths = np.array([max(len(states), 1) for states in sequences], np.int32)
    return Windows(rows, lengths, _state_rows(distinct, encoder), newest_first)


def _state_rows(distinct: Sequence[tuple[Encoded, dict[str, str]]], encoder: StateEncoder) -> StateRows:
    features = {name: np.zeros((len(distinct), encoder.width(name)), np.float32) for name in ATTRIBUTES}
    present = {name: np.zeros(len(distinct), np.bool_) for name in ATTRIBUTES}
    for row, (encoded, _) in enumerate(distinct):
        for attribute, columns in encoded.items():
            present[attribute][row] = True
            for column, value in columns:
                features[attribute][row, column] = value
    texts: dict[str, TextRows] = {}
    for name in TEXTS:
        table = encoder.table(name)
        if table is not None:
            of_state = np.array([table.number(said.get(name)) for _, said in distinct], np.int32)
            if table.texts or table.widths is not None:
                texts[name] = TextRows(table.texts, table.features(), of_state)
    return StateRows(features, present, texts)
