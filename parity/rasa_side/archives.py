"""Ask Rasa about a model archive.

The job: `archive`, `texts` (more texts to parse), `points` (dialogues to decide on, each {"events": [...]}) and, to
take them from a project, `project` ({"config", "domain", "data"}): then every training example is parsed too, and
every prediction point of the training stories and rules is decided, as it is and with one intent swapped for another.
The answer: `texts`, `parses`, `points` and `decisions`, in the same order, and `gold`, what the training examples are
annotated with: {text: {"intent", "entities"}}.
"""

from __future__ import annotations

import asyncio
from typing import Any

from rasa.core.agent import Agent
from rasa.engine.constants import PLACEHOLDER_TRACKER
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SlotSet, UserUttered
from rasa.shared.core.generator import TrainingDataGenerator
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.importers.importer import TrainingDataImporter

from parity.rasa_side.job import run

ENTITY_KEYS = ("entity", "value", "role", "group")


def event_as_dict(event: Event) -> dict[str, Any] | None:
    """An event of a training dialogue as JSON; None for events that say nothing about the dialogue."""
    if isinstance(event, ActionExecuted):
        return {"event": "action", **without_none(name=event.action_name, action_text=event.action_text)}
    if isinstance(event, UserUttered):
        entities = [{key: entity[key] for key in ENTITY_KEYS if key in entity} for entity in event.entities]
        said = {"intent": event.intent_name} if event.intent_name else {"text": event.text}
        return {"event": "user", **said, "entities": entities}
    if isinstance(event, SlotSet):
        return {"event": "slot", "name": event.key, "value": event.value}
    return {"event": "active_loop", "name": event.name} if isinstance(event, ActiveLoop) else None


def without_none(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def made(event: dict[str, Any]) -> Event:
    """The Rasa event for a JSON event; an intent has confidence 1."""
    kind = event["event"]
    if kind == "action":
        return ActionExecuted(event.get("name"), action_text=event.get("action_text"))
    if kind == "slot":
        return SlotSet(event["name"], event.get("value"))
    if kind == "active_loop":
        return ActiveLoop(event.get("name"))
    intent = {"name": event["intent"], "confidence": 1.0} if event.get("intent") else None
    return UserUttered(text=event.get("text"), intent=intent, entities=event.get("entities", []))


def swapped(dialogue: list[dict[str, Any]], turn: int, intents: list[str]) -> list[dict[str, Any]] | None:
    """The dialogue with the intent of one user turn swapped for the next one; None if it has no such turn."""
    turns = [place for place, event in enumerate(dialogue) if event.get("intent")]
    if not turns:
        return None
    place = turns[turn % len(turns)]
    old = dialogue[place]["intent"]
    new = intents[(intents.index(old) + 1) % len(intents)] if old in intents else intents[0]
    return [*dialogue[:place], {**dialogue[place], "intent": new}, *dialogue[place + 1 :]]


def points_of(dialogue: list[dict[str, Any]], **marks: Any) -> list[dict[str, Any]]:
    """Every place of a dialogue where an action follows, with what came before and the action."""
    return [
        {**marks, "events": dialogue[:place], "expected": event.get("name") or event["action_text"]}
        for place, event in enumerate(dialogue)
        if place and event["event"] == "action"
    ]


def project_points(importer: TrainingDataImporter) -> list[dict[str, Any]]:
    domain = importer.get_domain()
    graph = importer.get_stories()
    trackers = TrainingDataGenerator(graph, domain, augmentation_factor=0).generate()
    intents = sorted({step for step in domain.intents if step not in ("restart", "back", "session_start")})
    plain, changed = [], []
    for number, tracker in enumerate(trackers):
        events = [event for event in map(event_as_dict, tracker.events) if event is not None]
        marks = {"story": tracker.sender_id, "rule": bool(tracker.is_rule_tracker)}
        plain += points_of(events, **marks, swapped=False)
        other = swapped(events, number, intents)
        if other:
            changed += points_of(other, **marks, swapped=True)
    return plain + changed


def project_gold(importer: TrainingDataImporter) -> dict[str, dict[str, Any]]:
    """Intent and entities of every training example, by its text."""
    keys = ("entity", "start", "end", "role", "group")
    return {
        message.get("text"): {
            "intent": message.get("intent"),
            "entities": [{key: found[key] for key in keys if key in found} for found in message.get("entities", [])],
        }
        for message in importer.get_nlu_data().nlu_examples
    }


def decide(agent: Agent, nodes: list[str], domain: Domain, events: list[dict[str, Any]]) -> dict[str, Any]:
    """What each policy thinks and what the ensemble takes after these events."""
    processor = agent.processor
    tracker = DialogueStateTracker.from_events("conformance", [made(event) for event in events], slots=domain.slots)
    names = domain.action_names_or_texts
    policies = {}
    if nodes:
        results = processor.graph_runner.run(inputs={PLACEHOLDER_TRACKER: tracker.copy()}, targets=nodes)
        for node in nodes:
            policies[node] = {
                name: float(p) for name, p in zip(names, results[node].probabilities, strict=True) if float(p) > 1e-6
            }
    final = processor._predict_next_with_tracker(tracker)
    return {
        "policies": policies,
        "policy": final.policy_name,
        "action": names[final.probabilities.index(max(final.probabilities))],
        "confidence": float(max(final.probabilities)),
    }


def policy_nodes(agent: Agent) -> list[str]:
    """The predict graph's policy nodes in the order of the ensemble."""
    schema = agent.processor.model_metadata.predict_schema
    if agent.processor.model_metadata.core_target is None:
        return []
    needs = schema.nodes[agent.processor.model_metadata.core_target].needs
    return [needs[key] for key in sorted(needs) if key.startswith("policy")]


def answer(job: dict[str, Any]) -> dict[str, Any]:
    texts, points = list(job.get("texts", [])), list(job.get("points", []))
    gold: dict[str, dict[str, Any]] = {}
    if "project" in job:
        project = job["project"]
        importer = TrainingDataImporter.load_from_config(
            config_path=project["config"], domain_path=project["domain"], training_data_paths=project["data"]
        )
        gold = project_gold(importer)
        texts = [*gold, *texts]
        points += project_points(importer)
    texts = list(dict.fromkeys(texts))
    agent = Agent.load(job["archive"])
    if not agent.is_ready():
        raise SystemExit(f"Rasa could not load {job['archive']}.")
    loop = asyncio.new_event_loop()
    parses = [loop.run_until_complete(agent.parse_message(text)) for text in texts]
    nodes = policy_nodes(agent)
    decided = bool(agent.processor.model_metadata.core_target)
    decisions = [decide(agent, nodes, agent.processor.domain, point["events"]) for point in points] if decided else []
    points = points if decided else []
    return {"texts": texts, "parses": parses, "points": points, "decisions": decisions, "gold": gold}


if __name__ == "__main__":
    run(answer)
