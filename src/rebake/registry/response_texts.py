"""Which texts of responses the pipeline learns from; a check reads this, so it imports nothing large."""

from __future__ import annotations

from collections.abc import Sequence

from rebake.assistant.model import ComponentSpec, Domain, NluData, Response
from rebake.registry.lookup import find

DELIMITER = "/"  # between a retrieval intent and the response key


def response_texts(specs: Sequence[ComponentSpec], data: NluData, domain: Domain) -> dict[str, str]:
    """The texts of responses that a pipeline learns from: none, unless a ResponseSelector takes texts as labels.

    Rasa counts their words in any case. Nothing reads these counts, and every new wording would be a new NLU model.
    """
    return label_texts(data, domain) if any(_reads_texts(spec) for spec in specs) else {}


def label_texts(data: NluData, domain: Domain) -> dict[str, str]:
    """Name of a response that examples lead to, ``utter_faq/refund``, -> the text that stands for it.

    That is of its variations with a text the last one; a response whose variations have no text is known by its name.
    """
    intents = (example.intent or "" for example in data.examples)
    wanted = {f"utter_{intent.strip()}" for intent in intents if DELIMITER in intent}
    return {
        response.name: _label_text(response)
        for response in domain.responses
        if response.name in wanted and response.variations
    }


def _reads_texts(spec: ComponentSpec) -> bool:
    entry = find(spec.name)
    return entry is not None and entry.responses is not None and entry.is_on(entry.responses.by_text, spec.options)


def _label_text(response: Response) -> str:
    written = [str(variation["text"]) for variation in response.variations if variation.get("text")]
    return written[-1].strip() if written else response.name
