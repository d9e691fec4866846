"""Rasa's half of the suite `policies`: all variants of a job in one process.

The job: `variants`, each {"name", "config", "domain", "data", "with_nlu", "arguments" of Core, "ours", "theirs"}: Rasa
trains the project into the archive `theirs` (if one is named), and decides on every prediction point of its
stories with it and with the archive `ours`.
The answer: {name: {"points": [...], "theirs": decisions, "ours": decisions}}; a decision is {node: {"probabilities",
"end_to_end", "entities", "expectation" of an intent as UnexpecTEDIntentPolicy has it}}.

Two things spare time and change no number. Rasa trains without traced functions; it decides with them, since only
tracing makes all layers, also those that the first turn does not need. And what it does to make the layers of a model
that it loads is one training step, of which only the way forward is traced here; in the suite `cli_core`
Rasa's own commands load models as they do.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import tensorflow as tf
from rasa.core.agent import Agent
from rasa.engine.constants import PLACEHOLDER_TRACKER
from rasa.model_training import train, train_core
from rasa.shared.core.events import EntitiesAdded
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.utils.tensorflow.models import RasaModel

from parity.rasa_side.archives import made, policy_nodes, project_points
from parity.rasa_side.job import run

NEGLIGIBLE = 1e-7


def forward_step(model: RasaModel, batch: Any) -> dict[str, Any]:
    """In place of a training step, where nothing is to be learned."""
    model._training = True
    model.batch_loss(batch)
    model._training = None
    return {}


def decisions(archive: str, points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    tf.config.run_functions_eagerly(False)
    with patch.object(RasaModel, "train_step", forward_step):
        agent = Agent.load(archive)
    if not agent.is_ready():
        raise SystemExit(f"Rasa could not load {archive}.")
    nodes = policy_nodes(agent)
    domain = agent.processor.domain
    found = []
    for point in points:
        events = [made(event) for event in point["events"]]
        tracker = DialogueStateTracker.from_events("conformance", events, slots=domain.slots)
        results = agent.processor.graph_runner.run(inputs={PLACEHOLDER_TRACKER: tracker}, targets=nodes)
        found.append({node: prediction_as_dict(results[node], domain.action_names_or_texts) for node in nodes})
    return found


def prediction_as_dict(prediction: Any, names: list[str]) -> dict[str, Any]:
    added = [event for event in prediction.optional_events or [] if isinstance(event, EntitiesAdded)]
    keys = ("entity", "start", "end", "value")
    return {
        "probabilities": {
            name: float(p) for name, p in zip(names, prediction.probabilities, strict=True) if abs(p) > NEGLIGIBLE
        },
        "end_to_end": prediction.is_end_to_end_prediction,
        "entities": [{key: entity[key] for key in keys} for event in added for entity in event.entities],
        "expectation": expectation(prediction.action_metadata),
    }


def expectation(metadata: dict[str, Any] | None) -> dict[str, float] | None:
    asked = (metadata or {}).get("query_intent")
    if not asked or asked["threshold"] is None:
        return None
    return {"similarity": asked["score"], "threshold": asked["threshold"]}


def understood(point: dict[str, Any]) -> dict[str, Any] | None:
    """The point with intents for what the user said in words, as conversations have them; None if that is no change."""
    intents = ["greet", "order", "bye"]
    events = [
        {**event, "intent": intents[place % len(intents)]} if event["event"] == "user" and event.get("text") else event
        for place, event in enumerate(point["events"])
    ]
    return {**point, "events": events} if events != point["events"] else None


def trained(variant: dict[str, Any]) -> None:
    theirs = Path(variant["theirs"])
    domain, config, data, arguments = (variant[key] for key in ("domain", "config", "data", "arguments"))
    named = {"fixed_model_name": theirs.name}
    tf.config.run_functions_eagerly(True)
    if variant["with_nlu"]:
        out = str(theirs.parent)
        train(domain, config, data, out, force_training=True, core_additional_arguments=arguments, **named)
    else:
        train_core(domain, config, data[0], str(theirs.parent), additional_arguments=arguments, **named)
    if not theirs.exists():
        raise SystemExit(f"Rasa trained nothing for {variant['name']}.")


def answer_of(variant: dict[str, Any]) -> dict[str, Any]:
    began = time.monotonic()
    if "theirs" in variant:
        trained(variant)
    importer = TrainingDataImporter.load_from_config(
        config_path=variant["config"], domain_path=variant["domain"], training_data_paths=variant["data"]
    )
    points = project_points(importer)
    points += [point for point in map(understood, points) if point is not None]
    found: dict[str, Any] = {side: decisions(variant[side], points) for side in ("theirs", "ours") if side in variant}
    print(f"{variant['name']}: {time.monotonic() - began:.0f} s", flush=True)
    return {"points": points, **found}


def answer(job: dict[str, Any]) -> dict[str, Any]:
    return {variant["name"]: answer_of(variant) for variant in job["variants"]}


if __name__ == "__main__":
    run(answer)
