"""Training examples as messages with the attributes that Rasa gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rebake.assistant.model import Example, Story
from rebake.assistant.stories.texts import learned_texts
from rebake.nlu.message import INTENT, INTENT_RESPONSE_KEY, RESPONSE, TEXT, Message
from rebake.registry.response_texts import DELIMITER


def training_messages(examples: Iterable[Example], texts: Mapping[str, str]) -> list[Message]:
    """One message per example, in order.

    A retrieval intent ``faq/refund`` gives the intent ``faq``, the key ``faq/refund`` and the response in ``texts``.

    Args:
        texts: name of a response, ``utter_faq/refund``, -> its text; see :mod:`rebake.registry.response_texts`.
    """
    return [Message(_attributes(example, texts), example) for example in examples]


def story_messages(stories: Iterable[Story]) -> list[Message]:
    """What end-to-end stories add to what featurizers learn from: messages of one name or text each."""
    return [Message({attribute: value}) for attribute, value in learned_texts(stories)]


def _attributes(example: Example, texts: Mapping[str, str]) -> dict[str, str]:
    attributes = {TEXT: example.text}
    intent = (example.intent or "").strip()
    if not intent:
        return attributes
    attributes[INTENT] = intent.partition(DELIMITER)[0]
    if DELIMITER in intent:
        attributes[INTENT_RESPONSE_KEY] = intent
        if text := texts.get(f"utter_{intent}"):
            attributes[RESPONSE] = text
    return attributes
