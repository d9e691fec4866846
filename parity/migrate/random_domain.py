"""Random domains of Rasa 2, each written in a random layout: indents, brackets, quotes, comments, blank lines."""

from __future__ import annotations

import json
import random
from typing import Any

SLOTS = ("city", "date", "number", "name", "größe", "is_late", "yes please")
ENTITIES = ("city", "date", "number", "name", "other")
FORMS = ("book_form", "ask_form", "größe_form")
INTENTS = ("inform", "deny", "affirm")


class Maker:
    """Makes one domain file; equal seeds make equal files."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.step = self.random.choice([2, 2, 2, 4, 3])
        self.dash = self.random.choice([0, 0, 2])
        self.comments = 0
        self.chatty = self.random.random() < 0.7

    def make(self) -> str:
        slots = self.random.sample(SLOTS, self.random.randint(1, len(SLOTS)))
        sections = [
            ["version: " + self.random.choice(['"2.0"', "'2.0'", '"2.0" # old'])],
            self.entities(),
            ["slots:", *(line for name in slots for line in self.slot(name))],
            self.forms(slots),
            ["responses:", "  utter_x:", '  - text: "# hi"'],
        ]
        self.random.shuffle(sections)
        text = "\n".join(line for section in sections for line in [*self.remarks(0), *section])
        text += self.random.choice(["\n", "\n", ""])
        return self.random.choice(["", "", "\ufeff"]) + (
            text.replace("\n", "\r\n") if self.random.random() < 0.2 else text
        )

    def remarks(self, indent: int) -> list[str]:
        if not self.chatty or self.random.random() < 0.7:
            return [""] if self.random.random() < 0.1 else []
        self.comments += 1
        return [f"{' ' * indent}# comment {self.comments}"]

    def remark(self) -> str:
        if not self.chatty or self.random.random() < 0.8:
            return ""
        self.comments += 1
        return f"  # comment {self.comments}"

    def entities(self) -> list[str]:
        names = self.random.sample(ENTITIES, self.random.randint(0, len(ENTITIES)))
        if not names:
            return ["entities: []"]
        lines = ["entities:"]
        for name in names:
            if self.random.random() < 0.2:
                lines += [f"- {name}:", "    roles: [from, to]"]
            else:
                lines.append(f"- {name}{self.remark()}")
        return lines

    def name(self, name: str) -> str:
        return self.random.choice([name, name, f'"{name}"', f"'{name}'"])

    def slot(self, name: str) -> list[str]:
        settings = ["type: text"]
        if self.random.random() < 0.4:
            settings.append("influence_conversation: false")
        if self.random.random() < 0.4:
            settings.append(f"auto_fill: {self.random.choice(['true', 'false'])}")
        if self.random.random() < 0.2:
            settings.append(f"mappings: {json.dumps([self.mapping(name) for _ in range(self.random.randint(1, 2))])}")
        self.random.shuffle(settings)
        key = f"{' ' * self.step}{self.name(name)}:"
        if self.random.random() < 0.2:
            return [*self.remarks(self.step), f"{key} {{{', '.join(settings)}}}{self.remark()}"]
        indent = 2 * self.step
        lines = [*self.remarks(self.step), f"{key}{self.remark()}"]
        for setting in settings:
            lines += [*self.remarks(indent), f"{' ' * indent}{setting}{self.remark()}"]
        return lines

    def forms(self, slots: list[str]) -> list[str]:
        lines = ["forms:"]
        for form in self.random.sample(FORMS, self.random.randint(1, len(FORMS))):
            asked = self.random.sample(slots, self.random.randint(0, len(slots)))
            lines += [*self.remarks(self.step), f"{' ' * self.step}{self.name(form)}:"]
            is_old = self.random.random() < 0.3
            indent = 2 * self.step
            ignored = [f"{' ' * indent}ignored_intents: {self.random.choice(['[deny]', 'deny'])}{self.remark()}"]
            ignored *= self.random.random() < 0.3
            if not asked:
                lines += [*ignored, f"{' ' * indent}required_slots: {{}}"]
                continue
            body = [] if is_old else [f"{' ' * indent}required_slots:{self.remark()}"]
            for slot in asked:
                body += self.asked(slot, indent if is_old else indent + self.step)
            lines += self.random.choice([[*ignored, *body], [*body, *ignored]])
        return lines

    def asked(self, slot: str, indent: int) -> list[str]:
        mappings = [self.mapping(slot) for _ in range(self.random.randint(0, 3))]
        key = f"{' ' * indent}{self.name(slot)}:"
        if not mappings or self.random.random() < 0.15:
            return [*self.remarks(indent), f"{key} {json.dumps(mappings, ensure_ascii=False)}{self.remark()}"]
        lines = [*self.remarks(indent), f"{key}{self.remark()}"]
        for mapping in mappings:
            lines += self.remarks(indent + self.dash)
            if self.random.random() < 0.15:
                lines.append(f"{' ' * (indent + self.dash)}- {json.dumps(mapping)}{self.remark()}")
                continue
            for place, (setting, value) in enumerate(mapping.items()):
                start = "- " if place == 0 else "  "
                if place and self.random.random() < 0.2:
                    lines += self.remarks(indent + self.dash + 2)
                lines.append(f"{' ' * (indent + self.dash)}{start}{setting}: {json.dumps(value)}{self.remark()}")
        return lines

    def mapping(self, slot: str) -> dict[str, Any]:
        kind = self.random.choice(["from_entity", "from_entity", "from_text", "from_intent", "from_trigger_intent"])
        mapping: dict[str, Any] = {"type": kind}
        if kind == "from_entity":
            mapping["entity"] = self.random.choice([slot if slot in ENTITIES else "other", "city"])
            if self.random.random() < 0.3:
                mapping[self.random.choice(["role", "group"])] = self.random.choice(["from", "to"])
        elif kind != "from_text":
            mapping["value"] = (
                self.random.choice([True, False, "yes: #1", 3, None]) if self.random.random() < 0.9 else "on"
            )
            if mapping["value"] is None:
                mapping["value"] = "none"
            mapping["intent"] = self.random.choice(INTENTS)
        if self.random.random() < 0.3:
            mapping[self.random.choice(["intent", "not_intent"])] = self.random.choice(["inform", ["deny", "affirm"]])
        items = list(mapping.items())
        self.random.shuffle(items)
        return dict(items)
