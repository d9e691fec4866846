"""Windows of dialogue states, each distinct state kept once; batches are cut out of them by vectorised indexing.

Shapes: N rows of all windows (turns); S distinct states; E turns with tags; I inputs of an attribute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebake.nn.layers.text_data import TextData, Widths


@dataclass(frozen=True, slots=True)
class States:
    """Distinct states.

    Attributes:
        features: attribute -> float32 [states, I], of names, entities, slots and loops.
        present: attribute -> bool [states]: no row is not the same as a row of zeros.
        texts: ``text``, ``action_text`` -> the distinct texts; empty without end-to-end stories.
        text_of: the same -> int32 [states], the state's text; -1 where it has none.
    """

    features: Mapping[str, NDArray[np.float32]]
    present: Mapping[str, NDArray[np.bool_]]
    texts: Mapping[str, TextData] = field(default_factory=dict)
    text_of: Mapping[str, NDArray[np.int32]] = field(default_factory=dict)

    @property
    def inputs(self) -> Inputs:
        """What a network for these states reads."""
        widths = {name: rows.shape[1] for name, rows in self.features.items()}
        return Inputs(widths, {name: texts.widths for name, texts in self.texts.items()})


@dataclass(frozen=True, slots=True)
class Inputs:
    """The attributes that a network has layers for.

    Attributes:
        names: attribute -> width of its rows.
        texts: ``text``, ``action_text`` -> widths of their features.
    """

    names: Mapping[str, int]
    texts: Mapping[str, Widths] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dialogues:
    """Windows of states.

    Attributes:
        rows: int32 [windows, turns], numbers of states in the order in which the network reads them; 0 after the end.
        lengths: int32 [windows], at least 1.
        states: what the numbers point to.
        tags: int32 [tagged texts, tokens of the longest], tags of user texts, 0 after the end; None without an entity
            tagger.
        tags_of: int32 [windows, turns], row of ``tags`` of each turn; -1 where there are none to learn or to ask for.
    """

    rows: NDArray[np.int32]
    lengths: NDArray[np.int32]
    states: States
    tags: NDArray[np.int32] | None = None
    tags_of: NDArray[np.int32] | None = None

    def take(self, windows: NDArray[np.integer]) -> Dialogues:
        """Some windows of them."""
        tags_of = None if self.tags_of is None else self.tags_of[windows]
        return Dialogues(self.rows[windows], self.lengths[windows], self.states, self.tags, tags_of)

    def batch(self, windows: NDArray[np.integer], *, distinct: bool) -> dict[str, Any]:
        """Some windows as a network takes them.

        Args:
            windows: their numbers.
            distinct: have each state once, however many turns it is; False where noise must be drawn for each turn.

        Returns:
            "lengths" int32 [windows], "turns" int32 [N] (row of each turn among the S states of the batch), per
            attribute its features [S, I] and "<attribute>_present" bool [S]; per kind of text "<text>" (a batch of
            texts) and "<text>_of" int32 [S], 1 + the state's text in it, 0 = none; with tags those of :meth:`_tagged`.
        """
        lengths = self.lengths[windows]
        is_turn = np.arange(lengths.max()) < lengths[:, np.newaxis]
        numbers = self.rows[windows, : is_turn.shape[1]][is_turn]  # [N]
        states, turns = np.unique(numbers, return_inverse=True) if distinct else (numbers, np.arange(len(numbers)))
        batch: dict[str, Any] = {"lengths": lengths, "turns": turns.astype(np.int32)}
        for name, rows in self.states.features.items():
            batch[name] = rows[states]
            batch[f"{name}_present"] = self.states.present[name][states]
        for name, texts in self.states.texts.items():
            chosen, places = _texts_of(self.states.text_of[name][states], distinct=distinct)
            batch[name] = texts.batch(chosen)
            batch[f"{name}_of"] = places
        if self.tags is not None and self.tags_of is not None:
            tags_of = self.tags_of[windows, : is_turn.shape[1]][is_turn]  # [N]
            batch.update(self._tagged(self.tags, tags_of, batch["text_of"][turns]))
        return batch

    def _tagged(
        self, tags: NDArray[np.int32], tags_of: NDArray[np.int32], text_of: NDArray[np.int32]
    ) -> dict[str, NDArray[np.int32]]:
        """ "tagged" int32 [E] (turns with tags), "tagged_texts" int32 [E] (their texts in the batch of texts), and
        "tags" int32 [E, tokens]."""
        tagged = np.flatnonzero(tags_of >= 0).astype(np.int32)
        return {"tagged": tagged, "tagged_texts": text_of[tagged] - 1, "tags": tags[tags_of[tagged]]}


def _texts_of(text_of: NDArray[np.int32], *, distinct: bool) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The texts that states have (at least one, as the encoder needs something to work on), and 1 + the place of each
    state's text among them, 0 for none."""
    has_text = text_of >= 0
    found = text_of[has_text]
    chosen, places = np.unique(found, return_inverse=True) if distinct else (found, np.arange(len(found)))
    where = np.zeros(len(text_of), np.int32)
    where[has_text] = places + 1
    return (chosen if len(chosen) else np.zeros(1, np.int32)), where


@dataclass(frozen=True, slots=True)
class DialogueLabels:
    """The features of all labels; each label has a name or a text.

    Attributes:
        count: how many there are.
        attribute: of the names: ``label_action_name``, or ``label_intent`` of UnexpecTEDIntentPolicy.
        names: float32 [named labels, I], one-hot, or end to end the counts of the name's words.
        counted: ``names`` are these counts, which Rasa keeps as sparse rows and puts through one layer more.
        name_of: int32 [named labels], which labels these are.
        texts: of the labels with a text; None where there are none.
        text_of: int32 [labels by text], which labels these are.
    """

    count: int
    attribute: str
    names: NDArray[np.float32] | None
    counted: bool
    name_of: NDArray[np.int32]
    texts: TextData | None = None
    text_of: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
