"""Option ``featurizer`` of TEDPolicy and UnexpecTEDIntentPolicy: how conversations are cut into windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rebake.assistant.reading import describe
from rebake.registry.options import Option, Problem, WholeNumber, listed

MAX_HISTORY = "MaxHistoryTrackerFeaturizer"
FULL_DIALOGUE = "FullDialogueTrackerFeaturizer"
INTENT_MAX_HISTORY = "IntentMaxHistoryTrackerFeaturizer"
SINGLE_STATE = "SingleStateFeaturizer"
INTENT_TOKENIZER = "IntentTokenizerSingleStateFeaturizer"

_HISTORY = WholeNumber(least=1, nullable=True)


@dataclass(frozen=True, slots=True)
class TrackerFeaturizers(Option):
    """A list of one featurizer, as Rasa takes it.

    Attributes:
        featurizers: the classes that the policy can learn with, by their short names.
        state: the class of its state_featurizer that makes the labels that the policy needs.
        states: all classes that Rasa finds for it.
    """

    featurizers: tuple[str, ...]
    state: str
    states: tuple[str, ...]

    def _problem(self, value: object) -> Problem | None:
        if not value:
            return None
        chosen = single(value)
        if chosen is None:
            return _not_single("featurizer", "is", value)
        kind = short_name(chosen)
        if kind is None:
            return Problem("has no name.", "Add the key 'name'.", (0,))
        if kind not in self.featurizers:
            return Problem(
                f"is {kind}, with which the policy cannot learn.", f"Use {listed(self.featurizers)}.", (0, "name")
            )
        return self._problem_of_states(chosen) or _problem_of_window(chosen, kind)

    def _problem_of_states(self, chosen: Mapping[str, Any]) -> Problem | None:
        states = chosen.get("state_featurizer")
        path = (0, "state_featurizer")
        if not states:
            return Problem(
                "has no state_featurizer, without which nothing becomes a number.",
                f"Add 'state_featurizer: [{{name: {self.state}}}]' to it.",
                path,
            )
        state = single(states)
        if state is None:
            return _not_single("state_featurizer", "has the state_featurizer", states, path)
        kind = short_name(state)
        if kind is None:
            return Problem("has a state_featurizer without a name.", "Add the key 'name'.", path)
        if kind not in self.states:
            why = "there is none of that name for this policy"
        elif kind != self.state and self.state not in (SINGLE_STATE,):
            why = "which does not know intents as labels"
        else:
            return None
        return Problem(f"has the state_featurizer {kind}, {why}.", f"Use {self.state}.", path)


def _problem_of_window(chosen: Mapping[str, Any], kind: str) -> Problem | None:
    known = {"name", "state_featurizer"} | ({"max_history", "remove_duplicates"} if kind != FULL_DIALOGUE else set())
    unknown = sorted(set(chosen) - known)
    if unknown:
        return Problem(f"is {kind}, which has no option {unknown[0]!r}.", "Remove it.", (0, unknown[0]))
    if kind == FULL_DIALOGUE:
        return None
    if "max_history" in chosen and _HISTORY.problem(chosen["max_history"]) is not None:
        message = f"has the max_history {describe(chosen['max_history'])}."
        return Problem(message, "It must be 1 or more, or null.", (0, "max_history"))
    duplicates = chosen.get("remove_duplicates", True)
    if not isinstance(duplicates, bool):
        message = f"has the remove_duplicates {describe(duplicates)}."
        return Problem(message, "Use true or false.", (0, "remove_duplicates"))
    return None


def single(configured: object) -> Mapping[str, Any] | None:
    """The one mapping of a list."""
    if isinstance(configured, list) and len(configured) == 1 and isinstance(configured[0], Mapping):
        chosen: Mapping[str, Any] = configured[0]
        return chosen
    return None


def short_name(chosen: Mapping[str, Any]) -> str | None:
    """The class name; Rasa takes the dotted one, too."""
    name = chosen.get("name")
    return name.rsplit(".", 1)[-1] if isinstance(name, str) else None


def _not_single(key: str, verb: str, value: object, path: tuple[str | int, ...] = ()) -> Problem:
    return Problem(f"{verb} {describe(value)}.", f"Write a list with one entry: '{key}: [{{name: ...}}]'.", path)
