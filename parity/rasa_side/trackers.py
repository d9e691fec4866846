"""Rasa's training trackers of projects, and the examples that policies learn from.

The job: `projects`, a list of directories with config.yml, domain.yml and data/. The answer: for each of them what
`parity.dialogues.trackers` says of rebake's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rasa.core.featurizers.tracker_featurizers import MaxHistoryTrackerFeaturizer
from rasa.shared.core.generator import TrainingDataGenerator
from rasa.shared.core.training_data import structures
from rasa.shared.importers.importer import TrainingDataImporter

from parity.dialogues.records import KINDS, action_of, belongs
from parity.rasa_side.job import run


def importer_of(project: Path) -> TrainingDataImporter:
    files = str(project / "config.yml"), str(project / "domain.yml")
    return TrainingDataImporter.load_from_config(*files, [str(project / "data")])


def trackers_of(project: Path) -> dict[str, Any]:
    structures.STEP_COUNT = 1  # Rasa numbers the steps of all projects of a process
    importer = importer_of(project)
    domain = importer.get_domain()
    trackers = TrainingDataGenerator(importer.get_stories(), domain, augmentation_factor=0).generate()
    featurizer = MaxHistoryTrackerFeaturizer()

    def pairs(kind: str) -> list[Any]:
        states, labels = featurizer.training_states_and_labels(
            [tracker for tracker in trackers if belongs(kind, tracker.is_rule_tracker, tracker.is_augmented)],
            domain,
            omit_unset_slots=kind == "rules",
        )
        return [(window, label[0]) for window, label in zip(states, labels, strict=True)]

    return {
        "trackers": [
            (t.sender_id, t.is_rule_tracker, t.is_augmented, [action_of(e) for e in t.events]) for t in trackers
        ],
        **{kind: pairs(kind) for kind in KINDS},
    }


def answer(job: dict[str, Any]) -> list[dict[str, Any]]:
    return [trackers_of(Path(project)) for project in job["projects"]]


if __name__ == "__main__":
    run(answer)
