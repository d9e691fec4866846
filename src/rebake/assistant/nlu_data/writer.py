"""NLU data as Rasa's YAML, for archives that are to carry the data they were trained on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from rebake.assistant.model import EntitySpan, Example, NluData

PERSISTED_NLU = "nlu_training_data_provider/training_data.yml"


class _Block(str):
    """A text that is written as a literal block scalar, as Rasa's examples are."""


class _NluDataDumper(yaml.SafeDumper):
    pass


_NluDataDumper.add_representer(
    _Block, lambda dumper, block: dumper.represent_scalar("tag:yaml.org,2002:str", str(block), style="|")
)


def persist_nlu(data: NluData, components: Path) -> None:
    """Write the file that ``rasa train --persist-nlu-data`` puts into an archive, below its ``components``."""
    path = components / PERSISTED_NLU
    path.parent.mkdir(parents=True)
    path.write_text(nlu_as_yaml(data), encoding="utf-8")


def nlu_as_yaml(data: NluData) -> str:
    """Return the data in Rasa's format 3.1; reading it gives the same data again.

    Except what YAML has no form for: blanks around a text, and brackets in it that look like an annotation, both of
    which only JSON data can have; examples without an intent, which Rasa leaves out as well.
    """
    intents: dict[tuple[str, str], list[Example]] = {}
    for example in data.examples:
        if example.intent is not None:
            intents.setdefault((example.intent, repr(_metadata(example).get("intent"))), []).append(example)
    synonyms: dict[str, list[str]] = {}
    values = {synonym.surface: synonym.value for synonym in data.synonyms}  # a later one replaces an earlier one
    for surface, value in values.items():
        synonyms.setdefault(value, []).append(surface)
    regexes: dict[str, list[str]] = {}
    for regex in data.regexes:
        regexes.setdefault(regex.name, []).append(regex.pattern)
    items: list[dict[str, Any]] = [
        *(_intent(name, examples) for (name, _), examples in intents.items()),
        *_items("synonym", synonyms.items()),
        *_items("regex", regexes.items()),
        *_items("lookup", ((table.name, table.elements) for table in data.lookups)),
    ]
    content = {"version": "3.1", "nlu": items}
    return yaml.dump(content, Dumper=_NluDataDumper, allow_unicode=True, sort_keys=False, width=2**20)


def annotated(example: Example) -> str:
    """The text with its entities as ``[text]{"entity": ...}``, or ``[text][{...}, {...}]`` where several share it.

    Of entities that overlap otherwise only the first is written: there is no form for them.
    """
    spans: dict[tuple[int, int], list[EntitySpan]] = {}
    for span in example.entities:
        spans.setdefault((span.start, span.end), []).append(span)
    result, position = "", 0
    for (start, end), same in sorted(spans.items()):
        if start < position:
            continue
        surface = example.text[start:end]
        attributes = [_attributes(span, surface) for span in same]
        written = attributes[0] if len(same) == 1 else f"[{', '.join(attributes)}]"
        result += f"{example.text[position:start]}[{surface}]{written}"
        position = end
    return result + example.text[position:]


def _attributes(span: EntitySpan, surface: str) -> str:
    attributes = {"entity": span.entity, "role": span.role, "group": span.group}
    if span.value != surface:
        attributes["value"] = span.value
    return json.dumps({key: value for key, value in attributes.items() if value is not None}, ensure_ascii=False)


def _intent(name: str, examples: list[Example]) -> dict[str, Any]:
    """A list of texts where a block of lines cannot say it: with metadata, or with line breaks in a text."""
    texts = [annotated(example) for example in examples]
    metadata = [_metadata(example) for example in examples]
    if not any(metadata) and not any(len(text.splitlines()) > 1 for text in texts):
        return next(iter(_items("intent", [(name, texts)])))
    entries = [
        {"text": text, **({"metadata": own["example"]} if own.get("example") is not None else {})}
        for text, own in zip(texts, metadata, strict=True)
    ]
    shared = metadata[0].get("intent")
    return {"intent": name, **({} if shared is None else {"metadata": shared}), "examples": entries}


def _metadata(example: Example) -> dict[str, Any]:
    """Of the intent and of the example; metadata of another form, which only JSON data can have, is dropped."""
    return example.metadata if isinstance(example.metadata, dict) else {}


def _items(kind: str, groups: Iterable[tuple[str, Iterable[str]]]) -> Iterable[dict[str, Any]]:
    for name, examples in groups:
        yield {kind: name, "examples": _Block("".join(f"- {text}\n" for text in examples))}
