#!/usr/bin/env python3
"""rebake must read NLU data as an unmodified Rasa 3.6.21 does: every shared assistant, and projects made up at random.

    scripts/parity_nlu_data [--rasa PYTHON] [--random N] [--seed S]

Random projects have several files in directories: YAML in all its forms, Rasa's JSON, exports of LUIS, wit.ai and
Dialogflow, lookup files, annotations of every kind, metadata, duplicates, odd characters. Compared are the examples
with entities and metadata, synonyms, regexes and lookup tables, in order. Known differences are left out of the making:
empty examples (rebake leaves them out) and JSON entities without a value (Rasa takes "None"). Exit code 1 if anything
differs. Run it with the Python that has rebake; scripts/rasa_env makes Rasa's environment.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rebake.assistant.importer import ProjectImporter
from rebake.errors import RebakeError

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
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


def ours(job: dict[str, Any]) -> dict[str, Any]:
    os.chdir(job["directory"])
    try:
        data = ProjectImporter(job["config"], job["domain"], job["data"]).get_nlu_data()
    except RebakeError as error:
        return {"error": str(error)}
    examples = [
        [
            one.text, one.intent, [[e.start, e.end, e.entity, e.value, e.role, e.group] for e in one.entities],
            one.metadata,
        ]
        for one in data.examples
    ]  # fmt: skip
    return {
        "examples": examples,
        "synonyms": [[synonym.surface, synonym.value] for synonym in data.synonyms],
        "regexes": sorted([[one.name, one.pattern] for one in data.regexes], key="+".join),
        "lookups": [[one.name, list(one.elements)] for one in data.lookups],
    }


def theirs(answer: dict[str, Any]) -> dict[str, Any]:
    """Numbers as values are texts wherever Rasa uses them; LUIS's role "O" is none; retrieval intents are stripped."""
    for example in answer.get("examples", ()):
        example[1] = example[1].strip() if example[1] else None
        for entity in example[2]:
            entity[3] = str(entity[3])
            entity[4] = None if entity[4] == "O" else entity[4]
    answer["synonyms"] = [[surface, str(value)] for surface, value in answer.get("synonyms", [])]
    return answer


def shared_jobs() -> list[dict[str, Any]]:
    return [
        {"directory": str(path), "config": "config.yml", "domain": "domain.yml", "data": ["data"], "language": "en"}
        for path in sorted((SHARED / "assistants").glob("*"))
        if (path / "config.yml").exists()
    ]


def random_jobs(count: int, seed: int, folder: Path) -> list[dict[str, Any]]:
    jobs = []
    for number in range(count):
        directory = folder / str(number)
        for name, text in Maker(seed + number).make().items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        jobs.append({"directory": str(directory), "config": None, "domain": None, "data": ["data"], "language": "en"})
    return jobs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rasa", help="Python of an environment with Rasa 3.6.21")
    parser.add_argument("--random", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    python = given.rasa
    if python is None:
        made = subprocess.run([str(ROOT / "scripts" / "rasa_env")], check=True, capture_output=True, text=True)
        python = f"{made.stdout.strip()}/bin/python"
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        jobs = shared_jobs() + random_jobs(given.random, given.seed, Path(folder))
        asked, answered = Path(folder, "jobs.json"), Path(folder, "answers.json")
        asked.write_text(json.dumps(jobs), encoding="utf-8")
        command = [python, str(ROOT / "scripts" / "rasa_nlu_data.py"), str(asked), str(answered)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"Rasa failed:\n{done.stderr[-3000:]}")
        answers = json.loads(answered.read_text(encoding="utf-8"))
        refused = 0
        for job, answer in zip(jobs, answers, strict=True):
            here, there = ours(job), theirs(answer)
            refused += "error" in here and "error" in there
            if here != there and not ("error" in here and "error" in there):
                failed += 1
                print(f"{job['directory']}:")
                for key in {*here, *there}:
                    if here.get(key) != there.get(key):
                        print(f"    {key}: here {here.get(key)}\n        there {there.get(key)}")
                if failed >= 5:
                    break
    print(f"{len(jobs)} projects, {refused} refused by both: {failed or 'no'} differences")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
