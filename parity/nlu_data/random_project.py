"""Random projects with NLU data in files of every format."""

from __future__ import annotations

import json
import random
from typing import Any

WORDS = [
    "hi",
    "book",
    "a table",
    "New York",
    "naïve",
    "日本",
    "10:30",
    "{x}",
    "#1",
    "it's",
    "«ok»",
    "[odd",
    "a\\b",
    "😀",
]
INTENTS = ["greet", "book", "faq/refund", "faq/ask_name", "a b", "ünï"]
ENTITIES = ["city", "time", "B-x"]
Files = dict[str, str]


class Maker:
    """Makes one random project."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.files: Files = {}

    def make(self) -> Files:
        makers = [self.yaml, self.rasa_json, self.yaml, self.rasa_json, self.luis, self.wit, self.dialogflow]
        for number in range(self.random.randint(1, 4)):
            place = self.random.choice(["", "b/", "a/c/"])
            self.random.choice(makers)(f"data/{place}f{number}")
        return self.files

    def words(self) -> str:
        return " ".join(self.random.choices(WORDS, k=self.random.randint(1, 4)))

    def plain(self) -> str:
        return " ".join(self.random.choices([word for word in WORDS if "[" not in word and "{" not in word], k=2))

    def maybe(self, share: float = 0.5) -> bool:
        return self.random.random() < share

    def pairs(self, text: str) -> list[tuple[int, int]]:
        """Places of entities that do not overlap."""
        cuts = sorted(self.random.sample(range(len(text) + 1), k=min(4, len(text) + 1) // 2 * 2))
        return list(zip(cuts[::2], cuts[1::2], strict=True))[: self.random.randint(0, 2)]

    def attributes(self, *, value: str | None = None) -> dict[str, Any]:
        found: dict[str, Any] = {"entity": self.random.choice(ENTITIES)}
        if value is not None or self.maybe(0.3):
            found["value"] = value if value is not None and self.maybe() else self.random.choice(["NYC", 5, 2.5, "ny"])
        if self.maybe(0.3):
            found["role"] = "to"
        if self.maybe(0.2):
            found["group"] = "1"
        return found

    def annotated(self) -> str:
        text = ""
        for _ in range(self.random.randint(1, 3)):
            if self.maybe():
                text += self.words() + " "
                continue
            surface, name = self.plain(), self.random.choice(ENTITIES)
            text += f"[{surface}]" + self.random.choice(
                [
                    f"({name})", f"({name}:Big {self.plain()})", json.dumps(self.attributes(), ensure_ascii=False),
                    f"[{json.dumps(self.attributes())}, {json.dumps(self.attributes())}]",
                ]
            ) + " "  # fmt: skip
        return text.strip() or "x"

    def block(self, lines: list[str]) -> str:
        return "  examples: |\n" + "".join(f"    - {line}\n" for line in lines)

    def yaml(self, name: str) -> None:
        text = 'version: "3.1"\nnlu:\n'
        for _ in range(self.random.randint(1, 5)):
            kind = self.random.choice(["intent", "intent", "intent", "synonym", "regex", "lookup"])
            if kind == "intent":
                text += f"- intent: {self.random.choice(INTENTS)}\n"
                if self.maybe(0.3):
                    text += f"  metadata: {json.dumps(self.random.choice(['x', {'a': 1}, [1, None], 0, False]))}\n"
                if self.maybe(0.7):
                    text += self.block([self.annotated() for _ in range(self.random.randint(1, 4))])
                else:
                    text += "  examples:\n"
                    for _ in range(2):
                        text += f"  - text: |\n      {self.annotated()}\n"
                        text += "    metadata: {k: v}\n" if self.maybe(0.4) else ""
            else:
                written = {"synonym": ["New York", "nyc"], "regex": ["zip", "city"], "lookup": ENTITIES}[kind]
                text += f"- {kind}: {self.random.choice(written)}\n"
                text += self.block([self.plain() for _ in range(self.random.randint(1, 3))])
        self.files[f"{name}.{self.random.choice(['yml', 'yaml'])}"] = text

    def rasa_json(self, name: str) -> None:
        examples = []
        for _ in range(self.random.randint(0, 5)):
            text = self.random.choice(["", " ", "\n"]) + self.words() + self.random.choice(["", " ", "\nmore"])
            example: dict[str, Any] = {"text": text}
            if self.maybe(0.9):
                example["intent"] = self.random.choice(INTENTS) + self.random.choice(["", "", " "])
            if self.maybe(0.8):
                example["entities"] = [
                    {"start": a, "end": b, **self.attributes(value=text[a:b])} for a, b in self.pairs(text)
                ]
            if self.maybe(0.2):
                example["metadata"] = {"intent": "x", "example": [1]}
            examples.append(example)
        data: dict[str, Any] = {"common_examples": examples}
        if self.maybe():
            data["entity_synonyms"] = [{"value": "nyc", "synonyms": [self.plain(), self.plain()]}]
        if self.maybe():
            data["regex_features"] = [{"name": "zip", "pattern": self.random.choice(["[0-9]{5}", "\\d+"])}]
        if self.maybe():
            data["lookup_tables"] = [{"name": "city", "elements": [self.plain(), self.words()]}]
        if self.maybe(0.4):
            self.files["lookups/cities.txt"] = f" {self.plain()} \n\n{self.words()}\r\nlast"
            data.setdefault("lookup_tables", []).append({"name": "time", "elements": "lookups/cities.txt"})
        content = json.dumps({"rasa_nlu_data": data}, indent=self.random.choice([None, 2]), ensure_ascii=self.maybe())
        self.files[f"{name}.json"] = content

    def luis(self, name: str) -> None:
        utterances = []
        for _ in range(3):
            text = self.words()
            entities = [
                {"entity": self.random.choice(ENTITIES), "startPos": a, "endPos": b - 1,
                 **({"role": "to"} if self.maybe() else {})}
                for a, b in self.pairs(text)
            ]  # fmt: skip
            utterances.append(
                {"text": text, "intent": self.random.choice([*INTENTS[:2], "None"]), "entities": entities}
            )
        content = {
            "luis_schema_version": self.random.choice(["2.0", "7.0.0"]), "utterances": utterances, "intents": [],
            "regex_features": [{"name": "r", "pattern": "a+", "activated": self.maybe()}],
            "regex_entities": [{"name": "city", "regexPattern": "b+"}],
        }  # fmt: skip
        self.files[f"{name}.json"] = json.dumps(content)

    def wit(self, name: str) -> None:
        utterances = []
        for _ in range(3):
            text = self.words()
            found: dict[str, Any] = {"text": text, "traits": []}
            if self.maybe(0.7):
                found["intent"] = self.random.choice(INTENTS[:2])
            if self.maybe(0.8):
                found["entities"] = [
                    {"entity": f"{self.random.choice(ENTITIES)}:to", "start": a, "end": b, "body": text[a:b],
                     "entities": []}
                    for a, b in self.pairs(text)
                ]  # fmt: skip
            utterances.append(found)
        self.files[f"{name}.json"] = json.dumps({"utterances": utterances})

    def dialogflow(self, name: str) -> None:
        if self.maybe():
            self.files[f"{name}.json"] = json.dumps({"name": "book", "responses": [], "auto": True})
            chunks = [
                [{"text": self.words() + " "}, {"text": "NY", "meta": "@sys.geo", "alias": "city"}, {"text": " x"},
                 {"text": "y", "meta": "@sys.ignore"}]
                for _ in range(2)
            ]  # fmt: skip
            self.files[f"{name}_usersays_en.json"] = json.dumps([{"id": "1", "data": chunk} for chunk in chunks])
            self.files[f"{name}_usersays_de.json"] = json.dumps([{"id": "1", "data": [{"text": "nein"}]}])
        else:
            entity = {"name": "city", "isEnum": True, "isRegexp": self.maybe(0.3)}
            self.files[f"{name}.json"] = json.dumps(entity)
            entries = [{"value": "NYC", "synonyms": ["ny", "@sys.geo", self.plain()]}, {"value": "LA", "synonyms": []}]
            self.files[f"{name}_entries_en.json"] = json.dumps(entries)
