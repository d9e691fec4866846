"""End to end, policies see names and texts through the NLU pipeline's tokenizers and featurizers.

A state carries a text instead of a name: ``user`` {"text": ...} (without entities) for a turn that is seen by its
text, ``prev_action`` {"action_text": ...} for a bot utterance of a story. What the trained pipeline makes of every
intent, action name, bot text and user text (RASA36 4.1) is looked up here by attribute and value.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from rebake.errors import ModelError
from rebake.nlu.message import Message
from rebake.sparse import SparseRows

KeyAttribute = Literal["action_name", "action_text", "text", "intent"]
KEY_ATTRIBUTES: tuple[KeyAttribute, ...] = get_args(KeyAttribute)


class EndToEndFeatures:
    """Featurized messages, each with exactly one of ``KEY_ATTRIBUTES``."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self._messages = {
            (attribute, message.attributes[attribute]): message
            for message in messages
            for attribute in KEY_ATTRIBUTES
            if attribute in message.attributes
        }

    def message(self, attribute: KeyAttribute, value: str) -> Message:
        """The message with its tokens and features (``message.features.get(attribute, [])``, in pipeline order).

        Raises:
            ModelError: the value was not featurized.
        """
        found = self._messages.get((attribute, value))
        if found is None:
            raise ModelError(f"The {attribute} '{value}' was not featurized.", fix="Train the model again.")
        return found

    def name_row(self, attribute: Literal["action_name", "intent"], name: str) -> SparseRows | None:
        """[1, width]: sparse token rows of a name, summed over its tokens, of all featurizers beside each other.

        None where no featurizer counts names (one of characters does not): then the name is one-hot as ever.
        """
        parts = [
            features.sequence.sum_groups([features.sequence.n_rows])
            for features in self.message(attribute, name).features.get(attribute, [])
            if isinstance(features.sequence, SparseRows)
        ]
        return SparseRows.hstack(parts) if parts else None
