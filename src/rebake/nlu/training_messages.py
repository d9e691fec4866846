"""Training examples as messages with the attributes that Rasa gives them."""

from __future__ import annotations

from rebake.assistant.model import Domain, Example, NluData
from rebake.nlu.message import INTENT, INTENT_RESPONSE_KEY, RESPONSE, TEXT, Message

_DELIMITER = "/"


def training_messages(data: NluData, domain: Domain) -> list[Message]:
    """One message per example, in data order.

    A retrieval intent ``faq/refund`` gives the intent ``faq``, the key ``faq/refund`` and the response of the domain's
    ``utter_faq/refund``.
    """
    texts = _response_texts(domain)
    return [Message(_attributes(example, texts), example) for example in data.examples]


def _attributes(example: Example, texts: dict[str, str]) -> dict[str, str]:
    attributes = {TEXT: example.text}
    intent = (example.intent or "").strip()
    if not intent:
        return attributes
    attributes[INTENT] = intent.partition(_DELIMITER)[0]
    if _DELIMITER in intent:
        attributes[INTENT_RESPONSE_KEY] = intent
        if text := texts.get(f"utter_{intent}"):
            attributes[RESPONSE] = text
    return attributes


def _response_texts(domain: Domain) -> dict[str, str]:
    """Name of a retrieval response -> the text that stands for it: of its variations with a text the last one.

    A response whose variations have no text is known by its name.
    """
    texts: dict[str, str] = {}
    for response in domain.responses:
        if _DELIMITER in response.name and response.variations:
            written = [str(variation["text"]) for variation in response.variations if variation.get("text")]
            texts[response.name] = written[-1].strip() if written else response.name
    return texts
