"""Core without networks: rebake and Rasa 3.6.21 on the assistants in ../shared, then on random assistants.

    python -m parity dialogues [--random COUNT] [--seed SEED]

Of the assistants in ../shared, the training trackers and the examples that policies learn from must be equal. On random
assistants also what the rules and memories of both sides are after training, and what each policy predicts. Each random
assistant has few intents, entities, slots of every type, forms, stories with checkpoints, cycles and ORs, and rules, so
that unlikely combinations meet. Where Rasa refuses the rules, rebake must refuse them as well.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from parity.compare import value_differences
from parity.dialogues import rebake_answers, trackers
from parity.dialogues.random_assistants import make
from parity.dialogues.records import answers_of
from parity.paths import REFERENCE
from parity.rasa import ask
from parity.report import report
from parity.variants import working_directory

COMPARED = ("moodbot", "helpdesk", "formbot", "travelbot", "e2ebot")


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--random", type=int, default=25, metavar="COUNT", help="random assistants (default: 25)")
    parser.add_argument("--seed", type=int, default=1)


def as_json(value: object) -> Any:
    """Return what the other side reads of this: lists in place of tuples."""
    return json.loads(json.dumps(value))


def run(given: Namespace) -> int:
    with working_directory(None, "dialogues") as work:
        return on_shared_assistants(work) + on_random_assistants(given.random, given.seed, work)


def on_shared_assistants(work: Path) -> int:
    projects = [REFERENCE / name / "assistant" for name in COMPARED]
    theirs = ask("trackers", {"projects": list(map(str, projects))}, work)
    wrong = 0
    for name, project, wanted in zip(COMPARED, projects, theirs, strict=True):
        wrong += report(
            f"trackers of {name}", trackers.differences(as_json(trackers.trackers_of(project)), wanted), shown=6
        )
    return wrong


def on_random_assistants(count: int, seed: int, work: Path) -> int:
    """Return how many of them differ."""
    folder = work / "random"
    projects = make(folder, count, seed)
    theirs = ask("dialogues", {"projects": projects}, work)
    ours = as_json(answers_of(projects, rebake_answers.answer_of))
    equal = refused = 0
    found = []
    for name, wanted in theirs.items():
        actual = ours[name]
        for side in (actual, wanted):  # Rasa's order follows the order of sets of names in places
            side["examples"] = sorted(side.get("examples", []), key=lambda e: json.dumps(e, sort_keys=True))
        if actual == wanted:
            equal += 1
            refused += wanted.get("policies", {}).get("RulePolicy") == "refused"
        else:
            first = value_differences("", wanted, actual, tolerance=0)[:4] or ["equal numbers of other types"]
            found.append(f"{name}: {'; '.join(first)}")
    print(f"{count} random assistants, seed {seed}: {equal} equal, the rules of {refused} refused by both")
    return report("random assistants", found)
