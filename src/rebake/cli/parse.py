"""``rebake parse``: a line for each text, or one JSON object."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from rebake.base.visible import one_line
from rebake.cli.console import Waiting, say
from rebake.cli.files import model_path
from rebake.errors import UsageError
from rebake.model import load_model

PARSE_BATCH = 1024  # texts parsed at a time, enough for all threads; a longer input streams
_WIDEST = 40  # columns for a text; a longer one moves the rest of its line


def parse(options: argparse.Namespace) -> int:
    """Print the parse of each text."""
    texts = options.text
    if "-" in texts and len(texts) > 1:
        raise UsageError("`-` (texts from standard input) cannot be mixed with texts on the command line.")
    from_stdin = texts in ([], ["-"])
    is_typed = from_stdin and sys.stdin.isatty()
    if is_typed:
        say("Type texts, one per line; Ctrl-D ends the input.")
    path = model_path(options.model, "--model")
    with Waiting(f"Loading {path}") as waiting, load_model(path) as model:
        if is_typed:
            waiting.stop()
        size = 1 if is_typed else PARSE_BATCH
        for batch in _batches(_stdin_lines() if from_stdin else texts, size):
            results = model.parse_all(batch)  # the first one loads what parses
            waiting.stop()
            if options.format == "json":
                lines = [json.dumps(result, ensure_ascii=False) for result in results]
            else:
                width = min(max(len(one_line(result["text"])) for result in results), _WIDEST)
                lines = [f"{one_line(result['text']):<{width}}  {parse_text(result)}" for result in results]
            print("\n".join(lines), flush=True)
    return 0


def parse_text(result: Mapping[str, Any]) -> str:
    """Format intent and entities: ``order 0.98  drink: flat white (value: coffee)``."""
    intent = result["intent"]
    name = result.get("full_retrieval_intent_name") or intent["name"]
    parts = [f"{one_line(str(name))} {intent.get('confidence', 0.0):.2f}" if name else "no intent"]
    parts += [entity_text(entity) for entity in result["entities"]]
    return "  ".join(parts)


def entity_text(entity: Mapping[str, Any]) -> str:
    """Format an entity with its role and group."""
    labels = [f"{label} {entity[label]}" for label in ("role", "group") if entity.get(label)]
    named = f" ({', '.join(labels)})" if labels else ""
    return one_line(f"{entity['entity']}{named}: {entity['value']}")


def _stdin_lines() -> Iterator[str]:
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")


def _batches(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    remaining = iter(texts)
    while batch := list(islice(remaining, size)):
        yield batch
