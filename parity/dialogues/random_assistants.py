"""Random assistants and dialogues: few names, so that unlikely combinations meet."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

DOMAIN = """\
version: "3.1"
intents:
- i1
- i2: {use_entities: [e1]}
- i3: {ignore_entities: [e1]}
- i4: {use_entities: []}
- restart
entities:
- e1: {roles: [r1, r2]}
- e2: {groups: [g1], influence_conversation: false}
- e3
slots:
  s_text: {type: text, mappings: [{type: from_entity, entity: e1}, {type: from_entity, entity: e1, role: r1}]}
  s_bool: {type: bool, initial_value: false, mappings: [{type: from_intent, intent: i1, value: true}]}
  s_cat: {type: categorical, values: [A, b, 3], initial_value: a, mappings: [{type: custom}]}
  s_float: {type: float, min_value: -1, max_value: 3, mappings: [{type: from_entity, entity: e3}]}
  s_list: {type: list, mappings: [{type: from_entity, entity: e2, group: g1}, {type: from_entity, entity: e3}]}
  s_any: {type: any, mappings: [{type: custom}]}
  s_mute: {type: text, influence_conversation: false, mappings: [{type: from_entity, entity: e3}]}
  s_form: {type: text, mappings: [{type: from_entity, entity: e1, conditions: [{active_loop: f1}]}]}
forms:
  f1: {required_slots: [s_form]}
  f2: {required_slots: []}
responses:
  utter_a: [{text: a}]
  utter_b: [{text: b}]
actions: [action_x, action_y]
"""
CONFIG = "recipe: default.v1\nassistant_id: random\nlanguage: en\npipeline: []\npolicies:\n- name: RulePolicy\n"
INTENTS = ("i1", "i2", "i3", "i4")
ACTIONS = (*("utter_a", "utter_b", "action_x", "action_y") * 4, "action_default_fallback", "restart", "rewind")
FORMS = ("f1", "f2")
VALUES: dict[str, tuple[Any, ...]] = {
    "s_text": ("x", None, ""),
    "s_bool": (True, False, None, "true", "no"),
    "s_cat": ("a", "B", 3, "other", None),
    "s_float": (0.5, 9, -7, None, "1.5"),
    "s_list": (["x"], [], None),
    "s_any": ("x", None),
    "s_mute": ("x", None),
}
TEXTS = ("hello there", "give me [x](e1)", 'from [y]{"entity": "e1", "role": "r1"} to [2](e3)')
BOT_TEXTS = ("hi!", "Anything else?")
ENTITIES: tuple[dict[str, Any], ...] = (
    {"entity": "e1", "value": "x"},
    {"entity": "e1", "value": "y", "role": "r1"},
    {"entity": "e1", "value": "y", "role": "r2"},
    {"entity": "e2", "value": "z", "group": "g1"},
    {"entity": "e2", "value": "z"},
    {"entity": "e3", "value": "2"},
)


class Draw(random.Random):
    """Chance; ``texts``: the assistant's stories hold texts of users and of the bot."""

    texts = False


def user_step(draw: Draw, alternative: bool = False) -> dict[str, Any]:
    if draw.texts and not alternative and draw.random() < 0.3:
        return {"user": draw.choice(TEXTS)}
    step: dict[str, Any] = {"intent": draw.choice(INTENTS)}
    if draw.random() < 0.3:
        chosen = draw.sample(ENTITIES, draw.randint(1, 2))
        step["entities"] = [
            entity["entity"]
            if draw.random() < 0.15
            else {entity["entity"]: entity["value"], **{k: entity[k] for k in ("role", "group") if k in entity}}
            for entity in chosen
        ]
    return step


def slot_step(draw: Draw) -> dict[str, Any]:
    name = draw.choice(tuple(VALUES))
    if draw.random() < 0.15:
        return {"slot_was_set": [name]}  # a value of Rasa's, or none
    more = [{"s_bool": draw.random() < 0.5}] if draw.random() < 0.1 and name != "s_bool" else []
    return {"slot_was_set": [{name: draw.choice(VALUES[name])}, *more]}


def turn(draw: Draw, is_rule: bool = False) -> list[dict[str, Any]]:
    """A user turn and what the bot does."""
    steps = [user_step(draw)]
    if draw.random() < 0.15:
        steps = [{"or": [user_step(draw, alternative=True) for _ in range(draw.randint(2, 3))]}]
    if draw.random() < 0.2:
        steps.append(slot_step(draw))
    elif draw.random() < 0.08:
        steps.append({"or": [{"slot_was_set": [{"s_text": "x"}]}, slot_step(draw)]})
    for _ in range(draw.randint(1, 2)):
        if draw.random() < 0.25:
            form = draw.choice(FORMS)
            steps.append({"action": form})
            steps.append({"active_loop": draw.choice((form, form, form, None))})
        else:
            said = draw.texts and not is_rule and draw.random() < 0.25  # Rasa refuses bot texts in rules
            actions = ACTIONS[:17] if is_rule else ACTIONS  # a rule that reverts turns says nothing
            steps.append({"bot": draw.choice(BOT_TEXTS)} if said else {"action": draw.choice(actions)})
            if draw.random() < 0.15:
                steps.append(slot_step(draw))
    return steps


def story(draw: Draw, number: int) -> dict[str, Any]:
    steps: list[dict[str, Any]] = []
    if draw.random() < 0.3:
        start: dict[str, Any] = {"checkpoint": f"c{draw.randint(1, 3)}"}
        if draw.random() < 0.3:
            start["slot_was_set"] = [draw.choice(({"s_text": "x"}, {"s_text": "y"}, {"s_bool": False}, {"s_cat": "a"}))]
        steps.append(start)
    elif draw.random() < 0.15:
        steps.append({"action": draw.choice(ACTIONS)})
    for _ in range(draw.randint(1, 3)):
        steps.extend(turn(draw))
        if draw.random() < 0.12:
            steps.append({"checkpoint": f"c{draw.randint(1, 3)}"})
    if draw.random() < 0.3:
        steps.append({"checkpoint": f"c{draw.randint(1, 3)}"})
    return {"story": f"story {draw.randint(1, 3) if draw.random() < 0.2 else number}", "steps": steps}


def rule(draw: Draw, number: int) -> dict[str, Any]:
    made: dict[str, Any] = {"rule": f"rule {number}"}
    condition: list[dict[str, Any]] = []
    if draw.random() < 0.4:
        condition.append({"active_loop": draw.choice((*FORMS, None))})
    if draw.random() < 0.3:
        condition.append(slot_step(draw))
    if condition:
        made["condition"] = condition
    if draw.random() < 0.15:
        made["conversation_start"] = True
    if draw.random() < 0.2:
        made["wait_for_user_input"] = False
    steps = turn(draw, is_rule=True) if draw.random() < 0.7 else []
    if not steps:
        form = draw.choice(FORMS)
        steps = [{"action": form}, {"active_loop": None}, {"action": draw.choice(ACTIONS)}]
    made["steps"] = steps
    return made


def dialogue(draw: Draw) -> list[dict[str, Any]]:
    """Events as a tracker dump has them, some unlikely."""
    events: list[dict[str, Any]] = []
    for _ in range(draw.randint(0, 3)):
        events.append({"event": "action", "name": "action_listen"})
        chosen = draw.sample(ENTITIES, draw.choice((0, 0, 1, 2)))
        intent: str | None = draw.choice((*INTENTS, *INTENTS, "restart"))
        text = draw.choice((*TEXTS, "some text")) if draw.random() < 0.3 else None
        intent = None if text and draw.random() < 0.3 else intent
        events.append({"event": "user", "intent": intent, "text": text, "entities": list(chosen)})
        if draw.random() < 0.4:
            events.append({"event": "user_featurization", "use_text_for_featurization": draw.random() < 0.2})
        events.extend(other_event(draw) for _ in range(draw.randint(0, 3)))
    if draw.random() < 0.5:
        events.append({"event": "action", "name": "action_listen"})
        events.append({"event": "user", "intent": draw.choice(INTENTS), "text": None, "entities": []})
    return events


def other_event(draw: Draw) -> dict[str, Any]:
    slot = draw.choice(tuple(VALUES))
    form = draw.choice(FORMS)
    hidden = draw.random() < 0.25
    return draw.choice(
        (
            {"event": "action", "name": draw.choice(ACTIONS[:17]), "hide_rule_turn": hidden},
            {"event": "action", "name": draw.choice(ACTIONS[:17]), "hide_rule_turn": hidden},
            {"event": "action", "name": form, "hide_rule_turn": hidden},
            {"event": "action", "name": None, "action_text": draw.choice(BOT_TEXTS), "hide_rule_turn": hidden},
            {"event": "slot", "name": slot, "value": draw.choice(VALUES[slot])},
            {"event": "active_loop", "name": draw.choice((form, form, None))},
            {"event": "action_execution_rejected", "name": form},
            draw.choice(
                (
                    {"event": "loop_interrupted", "is_interrupted": True},
                    {"event": "restart"},
                    {"event": "rewind"},
                    {"event": "undo"},
                    {"event": "reset_slots"},
                    {"event": "session_started"},
                    {"event": "followup", "name": "utter_a"},
                    {"event": "action", "name": "action_unlikely_intent"},
                )
            ),
        )
    )


def make(folder: Path, count: int, seed: int) -> list[str]:
    """Write the assistants below the folder; return their directories."""
    projects = []
    for number in range(count):
        draw = Draw(seed * 100_000 + number)
        draw.texts = number % 3 == 0
        project = folder / f"{number:04d}"
        (project / "data").mkdir(parents=True, exist_ok=True)
        (project / "config.yml").write_text(CONFIG)
        (project / "domain.yml").write_text(DOMAIN)
        stories = [story(draw, index) for index in range(draw.randint(1, 6))]
        rules = [rule(draw, index) for index in range(draw.choice((0, 1, 2, 3)))]
        lines = ['version: "3.1"']  # JSON is YAML, but Rasa looks for these keys at the start of a line
        for key, items in (("stories", stories), ("rules", rules)):
            lines += [f"{key}:", *(f"- {json.dumps(item)}" for item in items)] if items else []
        (project / "data" / "stories.yml").write_text("\n".join(lines) + "\n")
        (project / "dialogues.json").write_text(json.dumps([dialogue(draw) for _ in range(15)]))
        options = {"max_history": draw.choice((None, None, 1, 2, 4)), "augmentation": draw.choice((0, 2, 5))}
        (project / "options.json").write_text(json.dumps(options))
        projects.append(str(project))
    return projects
