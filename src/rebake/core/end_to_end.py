"""End to end, policies see names and texts through the NLU pipeline's tokenizers and featurizers.

A state carries a text instead of a name: ``user`` {"text": ...} (without entities) for a turn that is seen by its
text, ``prev_action`` {"action_text": ...} for a bot utterance of a story. What the trained pipeline makes of every
intent, action name, bot text and user text (RASA36 4.1) is looked up here by attribute and value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, Self, get_args

from rebake.archive.graph import featurizing
from rebake.assistant.domain.names import action_names, intent_names
from rebake.assistant.model import Assistant, UserStep
from rebake.assistant.stories.texts import turns
from rebake.base.sparse_rows import SparseRows
from rebake.core.dialogue.events import ActionExecuted, Event, UserUttered
from rebake.errors import ModelError
from rebake.nlu.component import Component
from rebake.nlu.message import Message
from rebake.registry.node import Node

_CACHED = 10_000  # featurized names and texts that are kept for the next prediction

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
        """Return the message with its tokens and features (``message.features.get(attribute, [])``, in pipeline order).

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


class EndToEndFeaturizer:
    """The trained tokenizers and featurizers of a model, which run a second time for Core."""

    def __init__(self, components: Sequence[Component]) -> None:
        self._components = components
        self._known: dict[tuple[KeyAttribute, str], Message] = {}

    @classmethod
    def load(cls, nodes: Sequence[Node], directory: Path) -> Self:
        """Read them.

        Args:
            nodes: the pipeline, or what featurizes in it.
            directory: ``components`` of the model.

        Raises:
            ModelError: files are missing or broken.
        """
        from rebake.nlu.pipeline import load_components

        return cls(load_components(featurizing(nodes), directory))

    def of_assistant(self, assistant: Assistant) -> EndToEndFeatures:
        """Featurize what training can meet: all names and bot texts of the domain, intents and texts of stories."""
        texts = set(assistant.domain.e2e_actions)
        values: dict[tuple[KeyAttribute, str], None] = {}
        for name in action_names(assistant.domain):
            values["action_text" if name in texts else "action_name", name] = None
        for intent in intent_names(assistant.domain):
            values["intent", intent] = None
        for step in turns(assistant.stories):
            if isinstance(step, UserStep):
                values["text" if step.intent is None else "intent", step.intent or step.text or ""] = None
        return EndToEndFeatures(self._featurized(values, training=True))

    def of_events(self, events: Iterable[Event]) -> EndToEndFeatures:
        """Featurize a conversation; each name and text only once, also over several conversations."""
        values = dict.fromkeys(pair for event in events for pair in _said(event))
        new = [pair for pair in values if pair not in self._known]
        if len(self._known) + len(new) > _CACHED:
            self._known, new = {}, list(values)
        self._known.update(zip(new, self._featurized(new, training=False), strict=True))
        return EndToEndFeatures(self._known[pair] for pair in values)

    def _featurized(self, values: Iterable[tuple[KeyAttribute, str]], *, training: bool) -> list[Message]:
        messages = [Message({attribute: value}) for attribute, value in values]
        for component in self._components if messages else ():
            component.process(messages, training=training)
        return messages


def _said(event: Event) -> Iterator[tuple[KeyAttribute, str]]:
    match event:
        case UserUttered():
            if event.text is not None:
                yield "text", event.text
            if event.intent is not None:
                yield "intent", event.intent
        case ActionExecuted(name=str(name)) if name:
            yield "action_name", name
        case ActionExecuted():
            yield "action_text", event.label
