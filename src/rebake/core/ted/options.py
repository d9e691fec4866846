"""Options of TEDPolicy and UnexpecTEDIntentPolicy as the trained model keeps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rebake.base.option_reader import OptionReader
from rebake.nlu.network_options import evaluation_warnings

CROSS_ENTROPY = "cross_entropy"
MARGIN = "margin"
AUTO = "auto"
INNER = "inner"
COSINE = "cosine"


def resolve_options(options: Mapping[str, Any], node: str, warn: Callable[[str], None]) -> dict[str, Any]:
    """Replace ``auto`` and -1 by what they stand for, as in ``meta.json``.

    Args:
        options: merged with the defaults, and valid.
        node: names the policy in messages.
        warn: called with each thing about the options that a person should know.
    """
    resolved = dict(options)
    if resolved["loss_type"] == MARGIN:
        resolved["model_confidence"] = AUTO
    if resolved["similarity_type"] == AUTO:
        resolved["similarity_type"] = INNER if resolved["loss_type"] == CROSS_ENTROPY else COSINE
    _settle_evaluation(resolved, node, warn)
    return resolved


def resolve_intent_options(options: Mapping[str, Any], node: str, warn: Callable[[str], None]) -> dict[str, Any]:
    """Do the same for UnexpecTEDIntentPolicy, which knows one loss and one similarity."""
    forced = {"similarity_type": INNER, "loss_type": CROSS_ENTROPY, "entity_recognition": False, "BILOU_flag": False}
    resolved = {**options, **forced}
    _settle_evaluation(resolved, node, warn)
    return resolved


def _settle_evaluation(resolved: dict[str, Any], node: str, warn: Callable[[str], None]) -> None:
    if resolved["evaluate_every_number_of_epochs"] == -1:
        resolved["evaluate_every_number_of_epochs"] = resolved["epochs"]
    for message in evaluation_warnings(OptionReader(resolved, node), node):
        warn(message)
    if resolved["evaluate_on_number_of_examples"] <= 0:
        resolved["checkpoint_model"] = False
