"""What changed between two records of a part, in clauses that a person understands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rebake.archive.manifest import ComponentRecord, PartRecord
from rebake.staleness.component_changes import option_changes, pair_components, value_text
from rebake.staleness.item_changes import Change, item_changes, item_clauses
from rebake.staleness.trainer import MODULE, ORDER, TRAINER

ORDERS = {"core": "policies", "nlu": "the pipeline", "nlg": ""}

UNEXPLAINED = "what it depends on changed in a way that this version of rebake fingerprints differently"

Components = Mapping[str, ComponentRecord]


def reasons(new: PartRecord, old: PartRecord, new_components: Components, old_components: Components) -> list[str]:
    """Clauses on data, then settings, then components; never empty, as the caller found the fingerprints to differ."""
    changes = item_changes(new.items, old.items)
    if (new.settings.get(TRAINER) is None) != (old.settings.get(TRAINER) is None):
        # Another trainer has other versions of every component, and only Rasa's depends on modules.
        changes = [change for change in changes if change.item.kind != MODULE]
        old_components = new_components
    found = item_clauses(changes)
    found += setting_clauses(new.settings, old.settings, changes)
    found += _component_clauses(list(new_components.values()), list(old_components.values()))
    return found or [UNEXPLAINED]


def setting_clauses(new: Mapping[str, Any], old: Mapping[str, Any], changes: Sequence[Change]) -> list[str]:
    """Clauses on the settings that differ; ``changes`` of the items may say the same already."""
    clauses = []
    for key in sorted({*new, *old}):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if key == "action_order":
            if not any(c.item.kind in ("action", "form") and c.verb != "changed" for c in changes):
                clauses.append("order of actions changed")
        elif key == "stories":
            clauses.append("what end-to-end stories add to the featurizers' vocabularies changed")
        elif key == "story_names":
            clauses.append("which stories of one name share an OR changed")
        elif key == TRAINER:
            clauses.append(_trainer_clause(before, after))
        elif key == ORDER:
            if before is not None and after is not None and not changes:
                clauses.append("order or names of what Rasa is trained on changed")
        elif key == "featurizers":
            clauses.append("what end-to-end stories see of texts changed with the tokenizers and featurizers of NLU")
        else:
            clauses.append(f"{key} {value_text(before)} -> {value_text(after)}")
    return clauses


def _trainer_clause(before: str | None, after: str | None) -> str:
    """``None`` stands for rebake, a version for the user's own Rasa."""
    if after is None:
        return f"the part in the model was trained by Rasa {before}, and --rasa is not given"
    return f"to be trained by Rasa {after} now" if before is None else f"Rasa {before} -> {after}"


def _component_clauses(new: Sequence[ComponentRecord], old: Sequence[ComponentRecord]) -> list[str]:
    pairs = pair_components(old, new)
    clauses: list[str] = []
    for name in dict.fromkeys(record.name for record in (*old, *new)):
        for i, j in pairs.changed:
            if old[i].name == name:
                clauses += _difference_clauses(new[j], old[i])
        clauses += [f"{kind_of(old[i])} {name} removed" for i in pairs.removed if old[i].name == name]
        clauses += [f"{kind_of(new[j])} {name} added" for j in pairs.added if new[j].name == name]
    if pairs.is_reordered:
        clauses.append(f"order of {ORDERS[new[0].part]} changed")
    return clauses


def kind_of(record: ComponentRecord) -> str:
    """Return what an entry is called."""
    return "component" if record.part == "nlu" else "policy"


def _difference_clauses(new: ComponentRecord, old: ComponentRecord) -> list[str]:
    clauses = []
    if new.version != old.version:
        clauses.append(f"version of {new.name}'s training {old.version} -> {new.version}")
    clauses += [f"{name} of {new.name} {before} -> {after}" for name, before, after in option_changes(new, old)]
    return clauses
