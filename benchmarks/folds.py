"""Cut an assistant's NLU data into folds that any trainer can use: the same folds for Rasa and for rebake.

    python -m benchmarks folds ASSISTANT OUT [--folds 5] [--seed 7]

OUT/fold0 .. OUT/fold4 are NLU projects (`config.yml`, `data/nlu.yml`) with the assistant's own pipeline, and
`test.jsonl` holds the examples left out, one a line: {"text", "intent", "entities": [{"entity", "start", "end", ..}]}.
Stratified by intent, duplicates of an intent's example dropped first, and the same on every machine and Python: the
only source of chance is `random.Random` seeded with a string. Needs nothing but PyYAML: it runs in both environments.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import yaml

ANNOTATION = re.compile(r"\[(?P<text>[^\]]+?)\](?:\((?P<entity>[^:)]+)(?::(?P<value>[^)]+))?\)|(?P<json>\{[^}]+\}))")


def read_annotated(example: str) -> dict[str, Any]:
    """The plain text of an example and its entities with offsets in that text."""
    text, entities, end = "", [], 0
    for match in ANNOTATION.finditer(example):
        text += example[end : match.start()]
        annotation = json.loads(match["json"]) if match["json"] else {"entity": match["entity"]}
        if match["value"]:
            annotation["value"] = match["value"]
        start = len(text)
        text += match["text"]
        entities.append({"value": match["text"], **annotation, "start": start, "end": len(text)})
        end = match.end()
    return {"text": text + example[end:], "entities": entities}


def deal(examples: list[str], intent: str, folds: int, seed: int, first: int) -> list[list[str]]:
    """The examples of one intent dealt out like cards, beginning at fold `first` so that the folds stay equally big."""
    cards = list(dict.fromkeys(examples))
    random.Random(f"{seed}:{intent}").shuffle(cards)
    hands: list[list[str]] = [[] for _ in range(folds)]
    for place, card in enumerate(cards):
        hands[(first + place) % folds].append(card)
    return hands


def block(examples: list[str]) -> str:
    return "".join(f"- {example}\n" for example in examples)


def lines(examples: str) -> list[str]:
    return [line.strip()[2:].strip() for line in examples.splitlines() if line.strip().startswith("- ")]


def read_items(assistant: Path) -> list[dict[str, Any]]:
    """Every item under `nlu:` in the assistant's data files."""
    items: list[dict[str, Any]] = []
    for path in sorted((assistant / "data").rglob("*.yml")):
        items += (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("nlu") or []
    return items


def write_fold(directory: Path, config: Path, train: list[dict[str, Any]], test: list[dict[str, Any]]) -> None:
    (directory / "data").mkdir(parents=True)
    shutil.copyfile(config, directory / "config.yml")
    (directory / "data" / "nlu.yml").write_text(
        yaml.safe_dump({"version": "3.1", "nlu": train}, sort_keys=False, allow_unicode=True, width=10**6),
        encoding="utf-8",
    )
    rows = [json.dumps(row, ensure_ascii=False) + "\n" for row in test]
    (directory / "test.jsonl").write_text("".join(rows), encoding="utf-8")


def make_folds(assistant: Path, out: Path, folds: int = 5, seed: int = 7) -> list[Path]:
    """Write the folds (replacing what OUT held) and give their directories."""
    if out.exists():
        shutil.rmtree(out)
    items = read_items(assistant)
    dealt, first = {}, 0
    for item in items:
        if "intent" in item:
            hands = deal(lines(item["examples"]), item["intent"], folds, seed, first)
            dealt[item["intent"]] = hands
            first = (first + sum(map(len, hands))) % folds
    made = []
    for fold in range(folds):
        train, test = [], []
        for item in items:
            if "intent" not in item:
                train.append(item)
                continue
            hands = dealt[item["intent"]]
            kept = [example for number, hand in enumerate(hands) if number != fold for example in hand]
            train.append({"intent": item["intent"], "examples": block(kept)})
            test += [{"intent": item["intent"], **read_annotated(example)} for example in hands[fold]]
        write_fold(out / f"fold{fold}", assistant / "config.yml", train, test)
        made.append(out / f"fold{fold}")
    return made


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("assistant", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=7)


def run(given: Namespace) -> int:
    for directory in make_folds(given.assistant, given.out, given.folds, given.seed):
        print(directory)
    return 0
