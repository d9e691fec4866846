"""A domain of Rasa 3 -> the same domain as Rasa 2 has it: what ``rebake migrate`` and ``rasa data migrate`` undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rebake.assistant.yaml.values import plain


def turn_back(domain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the domain with mappings in its forms and with slots that fill themselves.

    What Rasa 2 cannot say (a mapping for no form but of another entity, other conditions) stays in the slot.
    """
    result: dict[str, Any] = {**plain(domain), "version": "2.0"}
    slots = result.get("slots") or {}
    forms = result.get("forms") or {}
    for form in forms.values():
        form["required_slots"] = {slot: [] for slot in form.get("required_slots") or []}
    for name, slot in slots.items():
        own = {"type": "from_entity", "entity": name}
        left = []
        fills_itself = False
        for mapping in slot.pop("mappings"):
            if mapping == own and name in (result.get("entities") or []):
                fills_itself = True
                continue
            conditions = mapping.pop("conditions", [])
            kept = [one for one in conditions if not _to_form(one, name, mapping, forms)]
            if kept or not conditions:
                left.append({**mapping, **({"conditions": kept} if kept else {})})
        if not fills_itself and name in (result.get("entities") or []):
            slot["auto_fill"] = False
        if [mapping for mapping in left if mapping != {"type": "custom"}]:
            slot["mappings"] = left
    return result


def _to_form(condition: Mapping[str, Any], slot: str, mapping: Mapping[str, Any], forms: Mapping[str, Any]) -> bool:
    """Move a mapping to the form that its condition names, if the form asks for the slot."""
    form = forms.get(condition.get("active_loop") or "")
    if form is None or slot not in form["required_slots"]:
        return False
    form["required_slots"][slot].append(dict(mapping))
    return True
