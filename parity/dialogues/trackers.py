"""Compare the training trackers of rebake with those of Rasa 3.6.21, example by example.

    python scripts/parity_trackers.py rebake PROJECT OURS.json [AUGMENTATION]
    "$(scripts/rasa_env)"/bin/python scripts/parity_trackers.py rasa PROJECT THEIRS.json [AUGMENTATION]
    python scripts/parity_trackers.py compare OURS.json THEIRS.json

PROJECT holds config.yml, domain.yml and data/. Each side lists its trackers (name, rule, augmented, events) in order,
and the examples (states, label) that policies learn from: `stories` without augmented trackers, `all_stories` with
them, `rules` without the initial values of slots. The comparison needs the same trackers in the same order.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

KINDS = ("stories", "all_stories", "rules")


def rebake_side(project: Path, augmentation: int) -> dict[str, Any]:
    from rebake.assistant.importer import load_assistant
    from rebake.core.featurizers import TrackerFeaturizer
    from rebake.core.stories.generator import training_trackers

    assistant = load_assistant(str(project / "config.yml"), str(project / "domain.yml"), str(project / "data"))
    trackers = training_trackers(assistant.stories, assistant.domain, augmentation)
    featurizer = TrackerFeaturizer()

    def pairs(kind: str) -> list[Any]:
        found = featurizer.examples(
            [tracker for tracker in trackers if chosen(kind, tracker.is_rule, tracker.is_augmented)],
            omit_unset_slots=kind == "rules",
        )
        return list(zip(found.states, found.labels, strict=True))

    return {
        "trackers": [(t.name, t.is_rule, t.is_augmented, [action_of(e) for e in t.events]) for t in trackers],
        **{kind: pairs(kind) for kind in KINDS},
    }


def rasa_side(project: Path, augmentation: int) -> dict[str, Any]:
    from rasa.core.featurizers.tracker_featurizers import MaxHistoryTrackerFeaturizer
    from rasa.shared.core.generator import TrainingDataGenerator
    from rasa.shared.importers.importer import TrainingDataImporter

    importer = TrainingDataImporter.load_from_config(
        str(project / "config.yml"), str(project / "domain.yml"), [str(project / "data")]
    )
    domain = importer.get_domain()
    trackers = TrainingDataGenerator(importer.get_stories(), domain, augmentation_factor=augmentation).generate()
    featurizer = MaxHistoryTrackerFeaturizer()

    def pairs(kind: str) -> list[Any]:
        states, labels = featurizer.training_states_and_labels(
            [tracker for tracker in trackers if chosen(kind, tracker.is_rule_tracker, tracker.is_augmented)],
            domain,
            omit_unset_slots=kind == "rules",
        )
        return [(window, label[0]) for window, label in zip(states, labels)]  # noqa: B905 (Rasa's Python is 3.10)

    return {
        "trackers": [
            (t.sender_id, t.is_rule_tracker, t.is_augmented, [action_of(e) for e in t.events]) for t in trackers
        ],
        **{kind: pairs(kind) for kind in KINDS},
    }


def chosen(kind: str, is_rule: bool, is_augmented: bool) -> bool:
    return is_rule == (kind == "rules") and (kind == "all_stories" or not is_augmented)


def action_of(event: Any) -> str:
    """The event's kind, and the action's or intent's name, or the text in its place."""
    name = getattr(event, "action_name", None) or getattr(event, "intent_name", None)
    if not name and type(event).__name__ == "ActionExecuted":
        name = event.name or getattr(event, "text", None) or event.action_text
    if not name and type(event).__name__ == "UserUttered":
        name = event.text if isinstance(event.intent, dict) else event.intent or event.text
    unpredictable = " (unpredictable)" if getattr(event, "unpredictable", False) else ""
    return f"{type(event).__name__} {name or ''}{unpredictable}"


def compare(ours: dict[str, Any], theirs: dict[str, Any]) -> int:
    differences = 0
    for kind in ("trackers", *KINDS):
        mine, other = ([json.dumps(entry, sort_keys=True) for entry in side[kind]] for side in (ours, theirs))
        missing, extra = set(other) - set(mine), set(mine) - set(other)
        same_order = "same order" if mine == other else "another order"
        print(f"{kind}: {len(mine)} and {len(other)}, {len(extra)} only ours, {len(missing)} only Rasa's, {same_order}")
        for label, entries in (("ours", extra), ("Rasa's", missing)):
            for entry in sorted(entries)[:3]:
                print(f"  only {label}: {entry[:600]}")
        differences += len(missing) + len(extra) + (len(mine) != len(other))
    return int(bool(differences))


def main(arguments: list[str]) -> int:
    if arguments[0] == "compare":
        ours, theirs = (json.loads(Path(file).read_text(encoding="utf-8")) for file in arguments[1:3])
        return compare(ours, theirs)
    side = {"rebake": rebake_side, "rasa": rasa_side}[arguments[0]]
    augmentation = int(arguments[3]) if len(arguments) > 3 else 0
    answer = side(Path(arguments[1]), augmentation)
    Path(arguments[2]).write_text(json.dumps(answer), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
