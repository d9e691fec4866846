"""How right parses are: intent accuracy and entity F1, the same arithmetic for Rasa's parses and for rebake's."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def read_rows(path: Path) -> list[dict[str, Any]]:
    """JSON objects, one a line; a line separator of Unicode inside a text does not end a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def told_intent(parse: Mapping[str, Any]) -> str | None:
    """The classifier's first intent: a fallback intent put before it is looked through, so thresholds do not count."""
    for entry in parse.get("intent_ranking") or [parse["intent"]]:
        if entry["name"] != "nlu_fallback":
            return str(entry["name"])
    return None


def spans(entities: Iterable[Mapping[str, Any]]) -> set[tuple[Any, ...]]:
    return {(e["start"], e["end"], e["entity"], e.get("role"), e.get("group")) for e in entities}


def overlapping(mine: Iterable[Mapping[str, Any]], theirs: Iterable[Mapping[str, Any]]) -> int:
    """How many of these entities share a character with one of the same type among the others."""
    others = [(e["entity"], e["start"], e["end"]) for e in theirs]
    return sum(
        any(name == e["entity"] and start < e["end"] and e["start"] < end for name, start, end in others) for e in mine
    )


def joined(entities: Iterable[Mapping[str, Any]], parse: Mapping[str, Any]) -> list[tuple[str, set[str]]]:
    """Entities as the script of DIET's paper makes them of tags without a "B-": type and words. Tagged tokens of a type
    are joined until one of another type comes, whatever lies between them."""
    entities = list(entities)
    made: list[tuple[str, set[str]]] = []
    for start, end in parse["text_tokens"]:
        name = next((e["entity"] for e in entities if start < e["end"] and e["start"] < end), None)
        if name is None:
            continue
        if not made or made[-1][0] != name:
            made.append((name, set()))
        made[-1][1].add(parse["text"][start:end])
    return made


def sharing(mine: list[tuple[str, set[str]]], theirs: list[tuple[str, set[str]]]) -> int:
    """How many of these share a word with one of the same type among the others."""
    return sum(any(name == other and words & others for other, others in theirs) for name, words in mine)


def joined_f1(gold: list[dict[str, Any]], parses: list[dict[str, Any]]) -> float:
    """Micro F1 of entities as the script of DIET's paper counts them, if its tags had no "B-" (its public files do not
    say whether they had)."""
    found = wanted = spurious = 0
    for example, parse in zip(gold, parses, strict=True):
        theirs, mine = joined(example["entities"], parse), joined(parse["entities"], parse)
        found += sharing(theirs, mine)
        wanted += len(theirs)
        spurious += len(mine) - sharing(mine, theirs)
    return 2 * found / (found + wanted + spurious) if wanted + spurious else 1.0


def score(gold: list[dict[str, Any]], parses: list[dict[str, Any]]) -> dict[str, float | int]:
    """Intent accuracy, with and without the fallback rule, and micro F1 of entities: over exact spans, and as papers
    on hwu64 count them (Vanzo et al. 2019, Bunk et al. 2020): one is found if one of its type overlaps it."""
    if len(gold) != len(parses):
        raise ValueError(f"{len(gold)} examples but {len(parses)} parses")
    right = first = hits = predicted = wanted = touched = spurious = 0
    for example, parse in zip(gold, parses, strict=True):
        right += parse["intent"]["name"] == example["intent"]
        first += told_intent(parse) == example["intent"]
        mine, theirs = spans(parse["entities"]), spans(example["entities"])
        hits, predicted, wanted = hits + len(mine & theirs), predicted + len(mine), wanted + len(theirs)
        touched += overlapping(example["entities"], parse["entities"])
        spurious += len(parse["entities"]) - overlapping(parse["entities"], example["entities"])
    return {
        "examples": len(gold),
        "intent_accuracy": first / len(gold),
        "intent_accuracy_with_fallback": right / len(gold),
        "entities": wanted,
        "entity_f1": 2 * hits / (predicted + wanted) if predicted + wanted else 1.0,
        "entity_f1_overlapping": 2 * touched / (touched + wanted + spurious) if wanted + spurious else 1.0,
    }
