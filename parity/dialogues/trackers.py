"""Training trackers of rebake beside those of Rasa, example by example.

Each side lists its trackers (name, rule, augmented, events) in order, and the examples (states, label) that policies
learn from: `stories` without augmented trackers, `all_stories` with them, `rules` without the initial values of slots.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parity.dialogues.records import KINDS, action_of, belongs
from rebake.assistant.importer import load_assistant
from rebake.core.featurizers import TrackerFeaturizer
from rebake.core.stories.generator import training_trackers


def trackers_of(project: Path) -> dict[str, Any]:
    assistant = load_assistant(str(project / "config.yml"), str(project / "domain.yml"), str(project / "data"))
    trackers = training_trackers(assistant.stories, assistant.domain, 0)
    featurizer = TrackerFeaturizer()

    def pairs(kind: str) -> list[Any]:
        found = featurizer.examples(
            [tracker for tracker in trackers if belongs(kind, tracker.is_rule, tracker.is_augmented)],
            omit_unset_slots=kind == "rules",
        )
        return list(zip(found.states, found.labels, strict=True))

    return {
        "trackers": [(t.name, t.is_rule, t.is_augmented, [action_of(e) for e in t.events]) for t in trackers],
        **{kind: pairs(kind) for kind in KINDS},
    }


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    found = []
    for kind in ("trackers", *KINDS):
        mine, other = ([json.dumps(entry, sort_keys=True) for entry in side[kind]] for side in (ours, theirs))
        missing, extra = set(other) - set(mine), set(mine) - set(other)
        same_order = "same order" if mine == other else "another order"
        print(f"  {kind}: {len(mine)} and {len(other)}, {same_order}")
        found += [f"{kind}: only rebake has {entry[:600]}" for entry in sorted(extra)]
        found += [f"{kind}: only Rasa has {entry[:600]}" for entry in sorted(missing)]
        if len(mine) != len(other):
            found.append(f"{kind}: rebake has {len(mine)}, Rasa {len(other)}")
    return found
