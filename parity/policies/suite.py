#!/usr/bin/env python3
"""Policies of many options: trained by Rasa 3.6.21 and by rebake, each asked by both sides.

    scripts/conformance_policies                  all of conformance_policies_data/variants.py
    scripts/conformance_policies --only texts     those whose name holds one of the words
    scripts/conformance_policies --keep DIRECTORY leaves archives and answers there

Every model holds several policies, each of which is asked alone at every prediction point of the stories, as written,
with one intent swapped, and with intents for the texts: probabilities within 1e-4, whether text or intent led to them,
the entities found, and how expected an intent was. Run it with the Python that has rebake; scripts/rasa_env makes
Rasa's environment. Exit code 1 if anything differs.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "scripts" / "conformance_policies_data"
sys.path[:0] = [str(ROOT / "scripts"), str(DATA)]

from conformance_compare import near, numbers_differences  # noqa: E402
from rasa_answers import rasa_answers  # noqa: E402
from variants import OTHER_DOMAINS, TRAINED_BY_REBAKE_ALONE, VARIANTS, Policies  # noqa: E402

from rebake import load_model  # noqa: E402
from rebake.core.agent import CoreModel  # noqa: E402
from rebake.core.dialogue.events import ACTION_UNLIKELY_INTENT, EntitiesAdded  # noqa: E402
from rebake.core.dialogue.tracker import Tracker  # noqa: E402
from rebake.core.policy import PolicyPrediction  # noqa: E402
from rebake.core.ted.unexpected_intent_policy import UnexpecTEDIntentPolicy  # noqa: E402
from rebake.model_training import train, train_core  # noqa: E402

SHOWN = 8
NO_AUGMENTATION = {"augmentation_factor": 0}  # stories one behind another teach nothing more about numbers
Variant = dict[str, Any]


def prepared(number: int, name: str, stories: str, pipeline: Policies, policies: Policies, work: Path) -> Variant:
    """Write the configuration, and have rebake train it."""
    config = work / f"config{number}.yml"
    content = {"recipe": "default.v1", "assistant_id": "variants", "language": "en"}
    parts = {"pipeline": pipeline, "policies": policies}
    config.write_text(yaml.safe_dump({**content, **parts}, sort_keys=False), encoding="utf-8")
    data = [str(DATA / stories), *([str(DATA / "nlu.yml")] if pipeline else [])]
    began = time.monotonic()
    domain, named = str(DATA / OTHER_DOMAINS.get(stories, "domain.yml")), {"fixed_model_name": f"ours{number}"}
    if pipeline:
        ours = train(domain, str(config), data, str(work), core_additional_arguments=NO_AUGMENTATION, **named).model
    else:
        ours = train_core(domain, str(config), data[0], str(work), additional_arguments=NO_AUGMENTATION, **named)
    if ours is None:
        raise SystemExit(f"rebake trained nothing for {name}")
    print(f"{name}: trained by rebake in {time.monotonic() - began:.1f} s", flush=True)
    return {
        **{"name": name, "config": str(config), "domain": domain, "data": data, "with_nlu": bool(pipeline)},
        "arguments": NO_AUGMENTATION,
        **({} if name in TRAINED_BY_REBAKE_ALONE else {"theirs": str(work / f"theirs{number}.tar.gz")}),
        "ours": str(ours),
    }


def differences(archive: str, points: list[dict[str, Any]], rasa: list[dict[str, Any]]) -> list[str]:
    found = []
    with load_model(archive) as model:
        core = model._core
        for place, (point, theirs) in enumerate(zip(points, rasa, strict=True)):
            tracker = core.tracker(point["events"])
            decisions = core.decisions(tracker)
            for node, told in sorted(theirs.items()):
                where = f"point {place} of {point['story']}, {node}"
                ours = decision(decisions[node], core.actions)
                found += [
                    f"{where}: {key}: Rasa {told[key]}, rebake {ours[key]}"
                    for key in ("end_to_end", "entities")
                    if told[key] != ours[key]
                ]
                expected = expectation(core, node, tracker)
                if expected and told["expectation"]:
                    found += numbers_differences(f"{where}, expectation", told["expectation"], expected)
                    if near(expected["similarity"], expected["threshold"]):
                        # The threshold is this window's similarity in training: the last bits of floats decide.
                        told["probabilities"].pop(ACTION_UNLIKELY_INTENT, None)
                        ours["probabilities"].pop(ACTION_UNLIKELY_INTENT, None)
                found += numbers_differences(where, told["probabilities"], ours["probabilities"])
    return found


def expectation(core: CoreModel, node: str, tracker: Tracker) -> dict[str, float] | None:
    policy = core.policies[node]
    if not isinstance(policy, UnexpecTEDIntentPolicy):
        return None
    texts = None if core._featurizer is None else core._featurizer.of_events(tracker.events)
    told = policy.expectation(tracker, core._domain, core._rule_only, texts)
    return None if told is None else {"similarity": told.similarity, "threshold": told.threshold}


def decision(prediction: PolicyPrediction, actions: Sequence[str]) -> dict[str, Any]:
    """As conformance_policies_rasa.py tells Rasa's."""
    added = [event for event in prediction.optional_events if isinstance(event, EntitiesAdded)]
    return {
        "probabilities": dict(zip(actions, map(float, prediction.probabilities), strict=True)),
        "end_to_end": prediction.is_end_to_end,
        "entities": [
            {"entity": entity.entity, "start": entity.start, "end": entity.end, "value": entity.value}
            for event in added
            for entity in event.entities
        ],
    }


def report(variant: Variant, answer: dict[str, Any]) -> int:
    """Compare both archives, tell the first differences, and how many there are."""
    wrong = 0
    for side, trainer in (("theirs", "Rasa"), ("ours", "rebake")):
        if side not in variant:
            continue
        found = differences(variant[side], answer["points"], answer[side])
        compared = len(answer["points"]) * len(answer[side][0])
        print(f"{variant['name']}, trained by {trainer}: {compared} decisions, {len(found) or 'no'} differences")
        for difference in found[:SHOWN]:
            print(f"  ! {difference}")
        wrong += len(found)
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORD")
    parser.add_argument("--keep", type=Path, metavar="DIRECTORY")
    parser.add_argument("--processes", type=int, default=2, help="Rasa processes at a time (default: 2)")
    given = parser.parse_args()
    logging.getLogger("rebake").setLevel(logging.ERROR)  # that no component reads the annotated entities is no news
    wanted = {name: one for name, one in VARIANTS.items() if any(word in name for word in given.only)}
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="rebake-policies-") as temporary:
        work = (given.keep or Path(temporary)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        variants = [prepared(number, name, *one, work) for number, (name, one) in enumerate(wanted.items())]
        shares = [share for place in range(given.processes) if (share := variants[place :: given.processes])]
        told = rasa_answers("conformance_policies_rasa.py", [{"variants": share} for share in shares], work)
        answers = {name: answer for one in told for name, answer in one.items()}
        for variant in variants:
            wrong += report(variant, answers[variant["name"]])
    if wrong:
        sys.exit(f"{wrong} differences between Rasa 3.6.21 and rebake")
    print("Rasa 3.6.21 and rebake agree on every policy.")


if __name__ == "__main__":
    main()
