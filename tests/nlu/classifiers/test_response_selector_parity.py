"""Selectors of Rasa's own archives answer as Rasa's did."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rebake.archive.metadata import read_metadata, resolve
from rebake.archive.pack import COMPONENTS_NAME, unpack
from rebake.nlu.pipeline import load_pipeline
from support.shared import need

pytestmark = [pytest.mark.slow, pytest.mark.parity, pytest.mark.shared]


@pytest.mark.parametrize("assistant", ["travelbot", "breakoutbot"])
def test_rasas_selectors_answer_as_they_did(assistant: str) -> None:
    reference = need(f"reference/{assistant}")
    expected = [json.loads(line) for line in (reference / "parse.jsonl").read_text().splitlines()]
    with unpack(reference / "model.tar.gz") as directory:
        nodes = resolve(read_metadata(directory).nlu, "pipeline")
        pipeline = load_pipeline([n for n in nodes if n.type.kind != "extractor"], directory / COMPONENTS_NAME)
        found = pipeline.parse_all([row["text"] for row in expected])
    differences = [
        (row["text"], *difference)
        for row, parsed in zip(expected, found, strict=True)
        for key in ("intent", "response_selector")
        for difference in unlike(row["parse"].get(key), parsed.get(key))
    ]
    assert differences == []


def unlike(expected: Any, found: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Where two JSON values differ: keys in order, floats within 1e-4, everything else equal."""
    if isinstance(expected, dict) and isinstance(found, dict) and list(expected) == list(found):
        return [d for key, value in expected.items() for d in unlike(value, found[key], f"{path}/{key}")]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [d for i, value in enumerate(expected) for d in unlike(value, found[i], f"{path}/{i}")]
    if isinstance(expected, float) and isinstance(found, float):
        return [] if abs(expected - found) <= 1e-4 else [(path, expected, found)]
    return [] if expected == found else [(path, expected, found)]
