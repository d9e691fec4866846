"""What Rasa 3.6 warns about when it trains DIETClassifier or ResponseSelector with some options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rebake.base.training_context import TrainingContext
from rebake.nlu.message import TEXT, Message


def warn_about_featurizers(
    names: Sequence[str], node: str, messages: Sequence[Message], context: TrainingContext
) -> None:
    """Warn about ``featurizers`` that give no features to these messages; Rasa ignores them silently."""
    origins = sorted({features.origin for message in messages for features in message.features.get(TEXT, [])})
    for name in names:
        if name not in origins:
            present = " and ".join(origins) or "nothing"
            context.warn(f"{node}: the option featurizers names {name!r}, but the features come from {present}.")


def warn_about_training(options: Mapping[str, Any], node: str, context: TrainingContext) -> None:
    """Warn as Rasa does when it trains with these options."""
    margin = options["loss_type"] == "margin"
    if margin:
        context.warn(f"{node}: with loss_type margin, confidences are similarities between -1 and 1.")
    if options["similarity_type"] == ("inner" if margin else "cosine"):
        context.warn(
            f"{node}: similarity_type {options['similarity_type']} is not made for loss_type {options['loss_type']}; "
            "auto takes the one that is."
        )
    held_out, every = options["evaluate_on_number_of_examples"], options["evaluate_every_number_of_epochs"]
    if held_out > 0 and every > options["epochs"]:
        context.warn(
            f"{node}: there is no evaluation, as evaluate_every_number_of_epochs ({every}) is more than epochs "
            f"({options['epochs']})."
        )
    if options["checkpoint_model"] and held_out <= 0:
        context.warn(
            f"{node}: checkpoint_model has no effect, as evaluate_on_number_of_examples is {held_out}: nothing is "
            "evaluated."
        )
