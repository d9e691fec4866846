"""NLU data as Rasa's YAML, for archives that are to carry the data they were trained on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from rebake.assistant.model import EntitySpan, Example, NluData


class _Block(str):
    """A text that is written as a literal block scalar, as Rasa's examples are."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(
    _Block, lambda dumper, block: dumper.represent_scalar("tag:yaml.org,2002:str", str(block), style="|")
)


def persist_nlu(data: NluData, directory: Path) -> None:
    """Write ``training_data.yml``, the file that ``rasa train --persist-nlu-data`` puts into an archive."""
    directory.mkdir(parents=True)
    (directory / "training_data.yml").write_text(nlu_as_yaml(data), encoding="utf-8")


def nlu_as_yaml(data: NluData) -> str:
    """The data in Rasa's format 3.1; reading it gives the same data again."""
    intents: dict[str, list[str]] = {}
    for example in data.examples:
        if example.intent is not None:
            intents.setdefault(example.intent, []).append(annotated(example))
    synonyms: dict[str, list[str]] = {}
    for synonym in data.synonyms:
        surfaces = synonyms.setdefault(synonym.value, [])
        if synonym.surface not in surfaces:
            surfaces.append(synonym.surface)
    regexes: dict[str, list[str]] = {}
    for regex in data.regexes:
        regexes.setdefault(regex.name, []).append(regex.pattern)
    items: list[dict[str, Any]] = [
        *_items("intent", intents.items()),
        *_items("synonym", synonyms.items()),
        *_items("regex", regexes.items()),
        *_items("lookup", ((table.name, table.elements) for table in data.lookups)),
    ]
    content = {"version": "3.1", "nlu": items}
    return yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=2**20)


def annotated(example: Example) -> str:
    """The text with its entities as ``[text]{"entity": ...}``."""
    result, position = "", 0
    for span in sorted(example.entities, key=lambda span: span.start):
        surface = example.text[span.start : span.end]
        result += f"{example.text[position : span.start]}[{surface}]{_attributes(span, surface)}"
        position = span.end
    return result + example.text[position:]


def _attributes(span: EntitySpan, surface: str) -> str:
    attributes = {"entity": span.entity, "role": span.role, "group": span.group}
    if span.value != surface:
        attributes["value"] = span.value
    return json.dumps({key: value for key, value in attributes.items() if value is not None}, ensure_ascii=False)


def _items(kind: str, groups: Iterable[tuple[str, Iterable[str]]]) -> Iterable[dict[str, Any]]:
    for name, examples in groups:
        yield {kind: name, "examples": _Block("".join(f"- {text}\n" for text in examples))}
