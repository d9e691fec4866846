"""What a rule decides, and where the decision comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from rebake.assistant.model import Domain
from rebake.core.dialogue.events import ACTION_LISTEN
from rebake.core.dialogue.tracker import Tracker
from rebake.core.rules.matching import RuleTable

DEFAULT_ACTIONS = {"restart": "action_restart", "back": "action_back", "session_start": "action_session_start"}
DEFAULT_SOURCE = "predicting default action with intent "
LOOP_SOURCE = "handling active loops and forms - "
LISTEN_SOURCE = f" - {ACTION_LISTEN}"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule says: the action (None: nothing), what it comes from, and flags of the prediction."""

    action: str | None
    source: str | None
    returning: bool = False
    is_end_to_end: bool = False
    is_no_user: bool = False


class LearnedRules(Protocol):
    """The rules of a RulePolicy."""

    options: Mapping[str, Any]
    rules: RuleTable

    def decide(self, tracker: Tracker) -> Decision:
        """What the rules say comes next."""


def built_in_sources(domain: Domain) -> set[str]:
    """What predictions that come from no learned rule are called."""
    forms = {LOOP_SOURCE + form.name for form in domain.forms}
    return {DEFAULT_SOURCE + intent for intent in DEFAULT_ACTIONS} | forms | {form + LISTEN_SOURCE for form in forms}
