"""Whether the data has labels enough for the components that cannot be trained with fewer: asked before training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rebake.assistant.model import Assistant
from rebake.errors import DataError
from rebake.nlu.message import INTENT, INTENT_RESPONSE_KEY, RESPONSE, Message
from rebake.nlu.training_messages import training_messages
from rebake.registry.components import find_component
from rebake.registry.response_texts import response_texts


def check_labels(assistant: Assistant) -> None:
    """Look at the data with each component that has a demand of it; their options are of the right kind.

    Raises:
        DataError: with the line of the component in config.yml.
    """
    pipeline = assistant.config.pipeline
    messages: list[Message] = []
    for spec in pipeline:
        entry = find_component(spec.name)
        check = _CHECKS.get(entry.name) if entry is not None else None
        if entry is None or check is None:
            continue
        if not messages:
            texts = response_texts(pipeline, assistant.nlu, assistant.domain)
            messages = [message for message in training_messages(assistant.nlu, texts) if message.text]
        try:
            check(entry.name, entry.merged(spec.options), messages)
        except DataError as error:
            error.location = spec.location
            raise


def _check_logistic_regression(name: str, options: Mapping[str, Any], messages: Sequence[Message]) -> None:  # noqa: ARG001
    if len(set(_labels(messages, INTENT))) < 2:
        raise DataError(
            f"{name} needs examples of two intents or more.", fix="Add examples, or take it out of the pipeline."
        )


def _check_diet(name: str, options: Mapping[str, Any], messages: Sequence[Message]) -> None:
    count = options["evaluate_on_number_of_examples"]
    if options["intent_classification"]:
        _check_held_out(name, count, _labels(messages, INTENT))
    elif _labels(messages, INTENT) and 0 < len(messages) <= count:
        raise DataError(
            f"{name} cannot hold out {count} of {len(messages)} examples for evaluation.",
            fix="Set evaluate_on_number_of_examples to fewer than there are.",
        )


def _check_selector(name: str, options: Mapping[str, Any], messages: Sequence[Message]) -> None:
    served = [m for m in messages if options["retrieval_intent"] in (None, "", m.attributes.get(INTENT))]
    attribute = RESPONSE if options["use_text_as_label"] else INTENT_RESPONSE_KEY
    _check_held_out(name, options["evaluate_on_number_of_examples"], _labels(served, attribute))


def _labels(messages: Sequence[Message], attribute: str) -> list[str]:
    return [message.attributes[attribute] for message in messages if attribute in message.attributes]


def _check_held_out(name: str, count: int, labels: Sequence[str]) -> None:
    """A choice by labels, as training makes it, leaves an example of each and holds out one of each or more.

    Examples that turn out to have no features only make fewer of them.
    """
    distinct = len(set(labels))
    if count <= 0 or distinct < 2:  # none, or nothing is trained at all
        return
    if not distinct <= count < len(labels) - distinct:
        most = len(labels) - distinct - 1
        fix = f"Set evaluate_on_number_of_examples to {distinct} up to {most}, or to 0."
        raise DataError(
            f"{name} cannot hold out {count} of {len(labels)} examples of {distinct} labels for evaluation.",
            fix=fix if most >= distinct else "Set evaluate_on_number_of_examples to 0, or add examples.",
        )


_CHECKS: Mapping[str, Callable[[str, Mapping[str, Any], Sequence[Message]], None]] = {
    "LogisticRegressionClassifier": _check_logistic_regression,
    "DIETClassifier": _check_diet,
    "ResponseSelector": _check_selector,
}
