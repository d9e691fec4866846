"""What both sides write about dialogues. Imports neither Rasa nor rebake: both Pythons run it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

KINDS = ("stories", "all_stories", "rules")
MADE_OF_SETS = ("rules_not_in_stories", "rule_only_slots", "rule_only_loops")


def belongs(kind: str, is_rule: bool, is_augmented: bool) -> bool:
    """Say whether a tracker is one of `stories` (not augmented), `all_stories` or `rules`."""
    return is_rule == (kind == "rules") and (kind == "all_stories" or not is_augmented)


def action_of(event: Any) -> str:
    """Return the event's kind, and the action's or intent's name, or the text in its place."""
    name = getattr(event, "action_name", None) or getattr(event, "intent_name", None)
    if not name and type(event).__name__ == "ActionExecuted":
        name = event.name or getattr(event, "text", None) or event.action_text
    if not name and type(event).__name__ == "UserUttered":
        name = event.text if isinstance(event.intent, dict) else event.intent or event.text
    unpredictable = " (unpredictable)" if getattr(event, "unpredictable", False) else ""
    return f"{type(event).__name__} {name or ''}{unpredictable}"


def policy_files(folder: Path) -> dict[str, Any]:
    """Return the JSON files of a policy, with the lists sorted that Rasa makes of sets."""
    found = {file.name: json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.iterdir())}
    for content in found.values():
        for holder in (content, content.get("lookup", {})):
            for key in MADE_OF_SETS:
                if key in holder:
                    holder[key] = sorted(holder[key])
    return found


def answers_of(projects: Sequence[str], side: Callable[[Path, dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """Return one side's answer about each project, by the project's name."""
    found: dict[str, Any] = {}
    for place in map(Path, projects):
        options = json.loads((place / "options.json").read_text(encoding="utf-8"))
        try:
            found[place.name] = side(place, options)
        except Exception as error:  # a project that one side stops at is a difference, not the end of the comparison
            found[place.name] = {"error": f"{type(error).__name__}: {error}"[:500]}
    return found
