"""Changes of an assistant, each of which Rasa's Validator warns about."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from parity.schemas.mutations import dumped

CONFIG, DOMAIN = "config.yml", "domain.yml"
NOWHERE = "nowhere"


@dataclass(frozen=True)
class Project:
    """The YAML files of an assistant as values, by their paths."""

    files: Mapping[str, Any]

    @classmethod
    def read(cls, directory: Path) -> Project:
        paths = [directory / CONFIG, directory / DOMAIN, *sorted((directory / "data").rglob("*.yml"))]
        return cls({path.relative_to(directory).as_posix(): yaml.safe_load(path.read_text("utf-8")) for path in paths})

    def write(self, directory: Path) -> None:
        for name, content in self.files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dumped(content), encoding="utf-8")

    @property
    def domain(self) -> dict[str, Any]:
        domain: dict[str, Any] = self.files[DOMAIN]
        return domain

    def entries(self, key: str) -> list[Any]:
        """What stands under a key in all data files."""
        data = (content for name, content in self.files.items() if name.startswith("data/"))
        return [entry for content in data for entry in content.get(key) or ()]

    def steps(self, key: str) -> list[dict[str, Any]]:
        """The steps of stories and rules that have a key."""
        stories = [*self.entries("stories"), *self.entries("rules")]
        return [step for story in stories for step in story["steps"] if step.get(key)]


Change = Callable[[Project, random.Random], bool]


def changed(project: Project, seed: int) -> Iterator[tuple[str, Project]]:
    """Yield the project with each of the changes that it can have, with the name of the change."""
    for number, (name, change) in enumerate(CHANGES.items()):
        new = copy.deepcopy(project)
        if change(new, random.Random(seed * len(CHANGES) + number)):
            yield name, new


def _names(entry: Any) -> list[str]:
    return list(entry) if isinstance(entry, dict) else [entry]


def _without_intent(project: Project, chosen: random.Random) -> bool:
    intents = project.domain["intents"]
    intents.pop(chosen.randrange(len(intents)))
    return True


def _new_intent(project: Project, _: random.Random) -> bool:
    project.domain["intents"].append(NOWHERE)
    return True


def _story_intent(project: Project, chosen: random.Random) -> bool:
    steps = [step for step in project.steps("intent") if "/" not in step["intent"]]
    chosen.choice(steps)["intent"] += "_"
    return True


def _two_intents(project: Project, chosen: random.Random) -> bool:
    items = [item for item in project.entries("nlu") if "intent" in item and isinstance(item["examples"], str)]
    if len(items) < 2:
        return False
    one, other = chosen.sample(items, 2)
    other["examples"] = other["examples"].rstrip("\n") + "\n" + chosen.choice(one["examples"].splitlines()) + "\n"
    return True


def _said(project: Project) -> list[dict[str, Any]]:
    return [step for step in project.steps("action") if step["action"].startswith("utter_")]


def _without_response(project: Project, chosen: random.Random) -> bool:
    responses = project.domain.get("responses") or {}
    names = [step["action"] for step in _said(project) if step["action"] in responses]
    if not names:
        return False
    del responses[chosen.choice(names)]
    return True


def _response_without_text(project: Project, chosen: random.Random) -> bool:
    responses = project.domain.get("responses") or {}
    names = [step["action"] for step in _said(project) if step["action"] in responses]
    if not names:
        return False
    name = chosen.choice(names)
    del responses[name]
    actions = project.domain.setdefault("actions", [])
    if name not in actions:
        actions.append(name)
    return True


def _new_response(project: Project, _: random.Random) -> bool:
    project.domain.setdefault("responses", {})["utter_" + NOWHERE] = [{"text": "Where?"}]
    return True


def _action(project: Project, chosen: random.Random) -> bool:
    steps = project.steps("action")
    if steps:
        chosen.choice(steps)["action"] = "action_" + NOWHERE
    return bool(steps)


def _loop(project: Project, chosen: random.Random) -> bool:
    steps = project.steps("active_loop")
    if steps:
        chosen.choice(steps)["active_loop"] = NOWHERE
    return bool(steps)


def _form_slot(project: Project, chosen: random.Random) -> bool:
    forms = project.domain.get("forms") or {}
    if forms:
        chosen.choice(list(forms.values()))["required_slots"].append(NOWHERE)
    return bool(forms)


def _new_slot(project: Project, form: str) -> None:
    mapping = {"type": "from_text", "conditions": [{"active_loop": form}]}
    project.domain.setdefault("slots", {})[NOWHERE] = {"type": "text", "mappings": [mapping]}


def _condition(project: Project, _: random.Random) -> bool:
    _new_slot(project, NOWHERE + "_form")
    return True


def _condition_of_other_form(project: Project, chosen: random.Random) -> bool:
    forms = project.domain.get("forms") or {}
    if forms:
        _new_slot(project, chosen.choice(list(forms)))
    return bool(forms)


def _conflict(project: Project, chosen: random.Random) -> bool:
    """A story that goes on in another way than one that it begins like."""
    stories = [
        (entries, story)
        for content in project.files.values()
        for entries in [content.get("stories") or []]
        for story in entries
        if sum("action" in step for step in story["steps"]) > 1
    ]
    names = list(project.domain.get("responses") or {})
    if not stories or not names:
        return False
    entries, story = chosen.choice(stories)
    twin = copy.deepcopy(story)
    twin["story"] += " otherwise"
    places = [index for index, step in enumerate(twin["steps"]) if "action" in step]
    last = chosen.choice(places)
    twin["steps"][last]["action"] = chosen.choice([name for name in names if name != twin["steps"][last]["action"]])
    twin["steps"] = twin["steps"][: last + 1]
    entries.append(twin)
    return True


def _without_key(key: str) -> Change:
    def change(project: Project, _: random.Random) -> bool:
        return project.files[CONFIG].pop(key, None) is not None

    return change


def _placeholder(project: Project, _: random.Random) -> bool:
    project.files[CONFIG]["assistant_id"] = "placeholder_default"
    return True


def _triggers(project: Project, chosen: random.Random) -> bool:
    intents = project.domain["intents"]
    place = chosen.randrange(len(intents))
    intents[place] = {name: {"triggers": "action_listen"} for name in _names(intents[place])}
    return True


def _empty_domain(project: Project, _: random.Random) -> bool:
    project.domain.clear()
    project.domain["version"] = "3.1"
    return True


CHANGES: dict[str, Change] = {
    "an intent without examples": _new_intent,
    "an intent that the domain lacks": _without_intent,
    "another intent in a story": _story_intent,
    "an example under two intents": _two_intents,
    "a response that the domain lacks": _without_response,
    "a response without a text": _response_without_text,
    "a response that no story has": _new_response,
    "an action that the domain lacks": _action,
    "a loop that the domain lacks": _loop,
    "a form with a slot that the domain lacks": _form_slot,
    "a mapping for a form that the domain lacks": _condition,
    "a mapping for a form without the slot": _condition_of_other_form,
    "stories that conflict": _conflict,
    "no assistant_id": _without_key("assistant_id"),
    "no language": _without_key("language"),
    "the assistant_id of rasa init": _placeholder,
    "an intent for the MappingPolicy": _triggers,
    "an empty domain": _empty_domain,
}
