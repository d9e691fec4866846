"""What Rasa 3.6 warns about when it trains DIETClassifier or ResponseSelector with some options."""

from __future__ import annotations

from collections.abc import Sequence

from rebake.base.names import named
from rebake.base.training_context import TrainingContext
from rebake.nlu.diet.options import DietOptions
from rebake.nlu.message import TEXT, Message
from rebake.nlu.network_options import evaluation_warnings


def warn_about_featurizers(
    names: Sequence[str], node: str, messages: Sequence[Message], context: TrainingContext
) -> None:
    """Warn about ``featurizers`` that give no features to these messages; Rasa ignores them silently."""
    origins = sorted({features.origin for message in messages for features in message.features.get(TEXT, [])})
    for name in names:
        if name not in origins:
            present = " and ".join(origins) or "nothing"
            context.warn(f"{named(node)}: the option featurizers names {name!r}, but the features come from {present}.")


def warn_about_training(options: DietOptions, node: str, context: TrainingContext) -> None:
    """Warn as Rasa does when it trains with these options."""
    margin = options.loss == "margin"
    if margin:
        context.warn(f"{named(node)}: with loss_type margin, confidences are similarities between -1 and 1.")
    if options.similarity == ("inner" if margin else "cosine"):
        context.warn(
            f"{named(node)}: similarity_type {options.similarity} is not made for loss_type {options.loss}; "
            "auto takes the one that is."
        )
    for message in evaluation_warnings(options.network, node):
        context.warn(message)
