"""Option ``featurizer`` of TEDPolicy and UnexpecTEDIntentPolicy: how conversations are cut into windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rebake.core.featurizers import FULL_DIALOGUE, INTENT_MAX_HISTORY, MAX_HISTORY, TrackerFeaturizer
from rebake.errors import DataError

SINGLE_STATE = "SingleStateFeaturizer"
INTENT_TOKENIZER = "IntentTokenizerSingleStateFeaturizer"


def featurizer_of(options: Mapping[str, Any], node: str, *, of_intents: bool) -> TrackerFeaturizer:
    """The featurizer that the options name, else the one that cuts windows of ``max_history`` turns.

    Args:
        options: of the policy.
        node: names the policy in messages.
        of_intents: it learns intents (UnexpecTEDIntentPolicy) and not actions.

    Raises:
        DataError: a value that Rasa refuses, or with which it cannot train.
    """
    usual = INTENT_MAX_HISTORY if of_intents else MAX_HISTORY
    configured = options.get("featurizer")
    if not configured:
        return TrackerFeaturizer(options.get("max_history"), type=usual)
    chosen = _single(configured, node, "featurizer")
    kind = _short_name(chosen, node, "featurizer")
    allowed = (INTENT_MAX_HISTORY,) if of_intents else (MAX_HISTORY, FULL_DIALOGUE)
    if kind not in allowed:
        raise DataError(f"{node}: it cannot learn with the featurizer {kind}.", fix=f"Use {' or '.join(allowed)}.")
    _check_state_featurizer(chosen, node, INTENT_TOKENIZER if of_intents else SINGLE_STATE)
    known = {"name", "state_featurizer"} | ({"max_history", "remove_duplicates"} if kind != FULL_DIALOGUE else set())
    unknown = sorted(set(chosen) - known)
    if unknown:
        raise DataError(f"{node}: the featurizer {kind} has no option {unknown[0]!r}.", fix="Remove it.")
    if kind == FULL_DIALOGUE:
        return TrackerFeaturizer(type=kind)
    history = chosen.get("max_history", options.get("max_history"))
    duplicates = chosen.get("remove_duplicates", True)
    if history is not None and (not isinstance(history, int) or isinstance(history, bool) or history < 1):
        raise DataError(f"{node}: max_history of the featurizer is {history!r}.", fix="It must be 1 or more, or null.")
    if not isinstance(duplicates, bool):
        raise DataError(f"{node}: remove_duplicates of the featurizer is {duplicates!r}.", fix="Use true or false.")
    return TrackerFeaturizer(history, duplicates, type=kind)


def _check_state_featurizer(chosen: Mapping[str, Any], node: str, needed: str) -> None:
    states = chosen.get("state_featurizer")
    if not states:
        raise DataError(
            f"{node}: the featurizer has no state_featurizer, without which nothing becomes a number.",
            fix=f"Add 'state_featurizer: [{{name: {needed}}}]' to it.",
        )
    state = _single(states, node, "state_featurizer")
    kind = _short_name(state, node, "state_featurizer")
    if kind not in (SINGLE_STATE, needed):
        raise DataError(f"{node}: there is no state_featurizer {kind} for this policy.", fix=f"Use {needed}.")
    if needed == INTENT_TOKENIZER and kind != needed:
        raise DataError(f"{node}: the state_featurizer {kind} does not know intents as labels.", fix=f"Use {needed}.")


def _single(configured: Any, node: str, key: str) -> Mapping[str, Any]:
    """Rasa takes a list of one mapping."""
    if isinstance(configured, list) and len(configured) == 1 and isinstance(configured[0], Mapping):
        chosen: Mapping[str, Any] = configured[0]
        return chosen
    raise DataError(f"{node}: {key} is {configured!r}.", fix=f"Write a list with one entry: '{key}: [{{name: ...}}]'.")


def _short_name(chosen: Mapping[str, Any], node: str, key: str) -> str:
    """The class name; Rasa takes the dotted one too."""
    name = chosen.get("name")
    if not isinstance(name, str):
        raise DataError(f"{node}: {key} has no name.", fix="Add the key 'name'.")
    return name.rsplit(".", 1)[-1]
