"""Option ``featurizer`` of TEDPolicy and UnexpecTEDIntentPolicy: how conversations are cut into windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rebake.core.featurizers import TrackerFeaturizer
from rebake.registry.tracker_featurizers import FULL_DIALOGUE, INTENT_MAX_HISTORY, MAX_HISTORY, short_name, single


def featurizer_of(options: Mapping[str, Any], *, of_intents: bool) -> TrackerFeaturizer:
    """The featurizer that the options name, else the one that cuts windows of ``max_history`` turns.

    Args:
        options: of the policy, merged with the defaults and valid.
        of_intents: it learns intents (UnexpecTEDIntentPolicy) and not actions.
    """
    usual = INTENT_MAX_HISTORY if of_intents else MAX_HISTORY
    chosen = single(options.get("featurizer"))
    if chosen is None:
        return TrackerFeaturizer(options.get("max_history"), type=usual)
    kind = short_name(chosen) or usual
    if kind == FULL_DIALOGUE:
        return TrackerFeaturizer(type=kind)
    history = chosen.get("max_history", options.get("max_history"))
    return TrackerFeaturizer(history, chosen.get("remove_duplicates", True), type=kind)
