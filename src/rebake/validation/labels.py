"""Whether the data has labels enough for the components that cannot be trained with fewer: asked before training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rebake.assistant.model import Assistant
from rebake.errors import DataError
from rebake.nlu.message import INTENT, INTENT_RESPONSE_KEY, RESPONSE, Message
from rebake.nlu.training_messages import training_messages
from rebake.registry.entry import Entry, LabelDemand
from rebake.registry.lookup import find
from rebake.registry.response_texts import response_texts


def check_labels(assistant: Assistant) -> None:
    """Look at the data with each component that has a demand of it; their options are of the right kind.

    Raises:
        DataError: with the line of the component in config.yml.
    """
    pipeline = assistant.config.pipeline
    messages: list[Message] = []
    for spec in pipeline:
        entry = find(spec.name)
        if entry is None or entry.demands is None:
            continue
        if not messages:
            texts = response_texts(pipeline, assistant.nlu, assistant.domain)
            messages = [message for message in training_messages(assistant.nlu.examples, texts) if message.text]
        try:
            _check(entry, entry.demands, entry.merged(spec.options), messages)
        except DataError as error:
            error.location = spec.location if entry.demands.held_out is None else spec.place(entry.demands.held_out)
            raise


def _check(entry: Entry, demand: LabelDemand, options: Mapping[str, Any], messages: Sequence[Message]) -> None:
    if len(set(_labels(messages, INTENT))) < demand.intents:
        raise DataError(
            f"{entry.name} needs examples of {demand.intents} intents or more.",
            fix="Add examples, or remove it from the pipeline.",
        )
    if demand.held_out is None:
        return
    count = options[demand.held_out]
    if demand.labels == "responses" and entry.responses is not None:
        served = [m for m in messages if options[entry.responses.intent] in (None, "", m.attributes.get(INTENT))]
        attribute = RESPONSE if options[entry.responses.by_text] else INTENT_RESPONSE_KEY
        _check_held_out(entry.name, demand.held_out, count, _labels(served, attribute))
    elif entry.is_on(entry.classifies_intents, options):
        _check_held_out(entry.name, demand.held_out, count, _labels(messages, INTENT))
    elif _labels(messages, INTENT) and 0 < len(messages) <= count:
        raise DataError(
            f"{entry.name} cannot hold out {count} of {len(messages)} examples for evaluation.",
            fix=f"Set {demand.held_out} to fewer than there are.",
        )


def _labels(messages: Sequence[Message], attribute: str) -> list[str]:
    return [message.attributes[attribute] for message in messages if attribute in message.attributes]


def _check_held_out(name: str, option: str, count: int, labels: Sequence[str]) -> None:
    """A choice by labels, as training makes it, leaves an example of each and holds out one of each or more.

    Examples that turn out to have no features only make fewer of them.
    """
    distinct = len(set(labels))
    if count <= 0 or distinct < 2:  # none, or nothing is trained at all
        return
    if not distinct <= count < len(labels) - distinct:
        most = len(labels) - distinct - 1
        fix = f"Set {option} to {distinct} up to {most}, or to 0."
        raise DataError(
            f"{name} cannot hold out {count} of {len(labels)} examples of {distinct} labels for evaluation.",
            fix=fix if most >= distinct else f"Set {option} to 0, or add examples.",
        )
