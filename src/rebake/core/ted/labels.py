"""What may follow a window, as features: actions by name or text, or intents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rebake.core.ted.data import NameAttribute, StateEncoder
from rebake.nlu.text_features import Stacked, text_data

if TYPE_CHECKING:
    from rebake.nn.ted.dialogue_data import DialogueLabels


@dataclass(frozen=True, slots=True)
class LabelRows:
    """The features of all labels; each label has a name or a text.

    Attributes:
        count: how many there are.
        attribute: of the names: ``label_action_name``, or ``label_intent`` of UnexpecTEDIntentPolicy.
        names: float32 [labels with a name, width], one-hot, or end to end the counts of the name's words.
        counted: ``names`` are these counts, which Rasa keeps as sparse rows.
        name_of: int32 [labels with a name], which labels these are.
        texts: features of the labels with a text (``label_action_text``); None where there are none.
        text_of: int32 [labels with a text], which labels these are.
    """

    count: int
    attribute: str
    names: NDArray[np.float32] | None
    counted: bool
    name_of: NDArray[np.int32]
    texts: Stacked | None
    text_of: NDArray[np.int32]

    def as_input(self) -> DialogueLabels:
        """As the network takes them."""
        from rebake.nn.ted.dialogue_data import DialogueLabels

        texts = None if self.texts is None else text_data(self.texts)
        return DialogueLabels(self.count, self.attribute, self.names, self.counted, self.name_of, texts, self.text_of)


def build_labels(table: Mapping[str, int], attribute: NameAttribute, encoder: StateEncoder) -> LabelRows:
    """Build the labels of a table (name -> number from 0): of ``action_name``, bot texts among them, or ``intent``."""
    texts = encoder.table("action_text") if attribute == "action_name" and encoder.tables.action_texts else None
    rows: list[NDArray[np.float32]] = []
    name_of: list[int] = []
    text_of: list[int] = []
    counted = False
    for name, number in sorted(table.items(), key=lambda item: item[1]):
        if texts is not None and name in encoder.tables.action_texts:
            texts.number(name)
            text_of.append(number)
            continue
        words = encoder.words(attribute, name)
        counted = words is not None
        rows.append(np.eye(1, len(table), number, dtype=np.float32)[0] if words is None else words.to_dense()[0])
        name_of.append(number)
    return LabelRows(
        len(table),
        f"label_{attribute}",
        np.array(rows, np.float32) if rows else None,
        counted,
        np.array(name_of, np.int32),
        texts.features() if texts is not None and text_of else None,
        np.array(text_of, np.int32),
    )
