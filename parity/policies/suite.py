"""Policies of many options: trained by Rasa 3.6.21 and by rebake, each asked by both sides.

    python -m parity policies                    every variant of parity/policies/variants.py
    python -m parity policies --only texts       those whose name contains one of the words
    python -m parity policies --keep DIRECTORY   leaves archives and answers there

Every model has several policies, each of which is asked alone at every prediction point of the stories, as written,
with one intent swapped, and with intents for the texts: probabilities within 1e-4, whether text or intent led to them,
the entities found, and how expected an intent was.
"""

from __future__ import annotations

import logging
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from parity.compare import near, numbers_differences
from parity.policies.variants import DATA, OTHER_DOMAINS, TRAINED_BY_REBAKE_ALONE, VARIANTS, Policies
from parity.rasa import ask_at_once
from parity.report import report
from parity.variants import add_choice, add_processes, chosen, shares, working_directory
from rebake import load_model
from rebake.core.agent import CoreModel
from rebake.core.dialogue.events import ACTION_UNLIKELY_INTENT, EntitiesAdded
from rebake.core.dialogue.tracker import Tracker
from rebake.core.policy import PolicyPrediction
from rebake.core.ted.unexpected_intent_policy import UnexpecTEDIntentPolicy
from rebake.model_training import train, train_core

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
    domain, files = str(DATA / OTHER_DOMAINS.get(stories, "domain.yml")), (str(config), data, str(work))
    if pipeline:
        ours = train(domain, *files, core_additional_arguments=NO_AUGMENTATION, fixed_model_name=f"ours{number}").model
    else:
        ours = train_core(
            domain, str(config), data[0], str(work),
            additional_arguments=NO_AUGMENTATION, fixed_model_name=f"ours{number}",
        )  # fmt: skip
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
        core = model.core
        for place, (point, theirs) in enumerate(zip(points, rasa, strict=True)):
            tracker = core.tracker(point["events"])
            decisions = core.decisions(tracker)
            for node, predicted in sorted(theirs.items()):
                where = f"point {place} of {point['story']}, {node}"
                ours = decision(decisions[node], core.actions)
                found += [
                    f"{where}: {key}: Rasa {predicted[key]}, rebake {ours[key]}"
                    for key in ("end_to_end", "entities")
                    if predicted[key] != ours[key]
                ]
                expected = expectation(core, node, tracker)
                if expected and predicted["expectation"]:
                    found += numbers_differences(f"{where}, expectation", predicted["expectation"], expected)
                    if near(expected["similarity"], expected["threshold"]):
                        # The threshold is this window's similarity in training: the last bits of floats decide.
                        predicted["probabilities"].pop(ACTION_UNLIKELY_INTENT, None)
                        ours["probabilities"].pop(ACTION_UNLIKELY_INTENT, None)
                found += numbers_differences(where, predicted["probabilities"], ours["probabilities"])
    return found


def expectation(core: CoreModel, node: str, tracker: Tracker) -> dict[str, float] | None:
    policy = core.policies[node]
    if not isinstance(policy, UnexpecTEDIntentPolicy):
        return None
    texts = None if core._featurizer is None else core._featurizer.of_events(tracker.events)
    predicted = policy.expectation(tracker, core._domain, core._rule_only, texts)
    return None if predicted is None else {"similarity": predicted.similarity, "threshold": predicted.threshold}


def decision(prediction: PolicyPrediction, actions: Sequence[str]) -> dict[str, Any]:
    """Return it as parity.rasa_side.policies returns Rasa's."""
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


def compared(variant: Variant, answer: Mapping[str, Any]) -> int:
    """Compare both archives; return the number of differences."""
    wrong = 0
    for side, trainer in (("theirs", "Rasa"), ("ours", "rebake")):
        if side in variant:
            decisions = len(answer["points"]) * len(answer[side][0])
            what = f"{variant['name']}, trained by {trainer}: {decisions} decisions"
            wrong += report(what, differences(variant[side], answer["points"], answer[side]), SHOWN)
    return wrong


def add_options(parser: ArgumentParser) -> None:
    add_choice(parser)
    add_processes(parser)


def run(given: Namespace) -> int:
    logging.getLogger("rebake").setLevel(logging.ERROR)  # that no component reads the annotated entities is no news
    wanted = chosen(VARIANTS, given.only)
    with working_directory(given.keep, "policies") as work:
        variants = [prepared(number, name, *one, work) for number, (name, one) in enumerate(wanted.items())]
        jobs = [{"variants": share} for share in shares(variants, given.processes)]
        answers = {name: answer for one in ask_at_once("policies", jobs, work) for name, answer in one.items()}
        return sum(compared(variant, answers[variant["name"]]) for variant in variants)
