"""Entities in user texts of end-to-end stories: tags to learn from, and found tags as entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebake.assistant.model import EntitySpan, Example
from rebake.core.dialogue.events import EntitiesAdded, EntityValue, UserUttered
from rebake.core.end_to_end import EndToEndFeatures
from rebake.core.featurizers import FeatureStates
from rebake.nlu.entity_tags import OUTSIDE, PREFIXES, SplitByComma, TagSpec, assemble, repair_bilou, tag_tokens
from rebake.nlu.message import TEXT, Message

Tags = NDArray[np.int32]  # [words of a text]


def tag_spec_of(tables: FeatureStates, *, bilou: bool) -> TagSpec:
    """Return a tag for every entity that a state may contain.

    Entities with a role or group have separate tags there, which no word is ever given, as in Rasa.
    """
    names = sorted(tables.entities, key=lambda name: tables.entities[name])
    tags = [f"{prefix}{name}" for name in names for prefix in PREFIXES] if bilou else names
    return TagSpec("entity", (OUTSIDE, *tags))


def tag_ids(message: UserUttered | None, spec: TagSpec, end_to_end: EndToEndFeatures, *, bilou: bool) -> Tags | None:
    """Return the tags of the words of a user text; None for a turn without text."""
    if message is None or message.text is None:
        return None
    featurized = end_to_end.message("text", message.text)
    spans = tuple(
        EntitySpan(entity.start, entity.end, entity.entity, str(entity.value), entity.role, entity.group)
        for entity in message.entities
        if entity.start is not None and entity.end is not None
    )
    annotated = Message(featurized.attributes, Example(message.text, None, spans), featurized.tokens)
    ids = spec.ids()
    return np.array([ids.get(tag, 0) for tag in tag_tokens(annotated, "entity", bilou)], np.int32)


def padded(tags: Sequence[Sequence[Tags | None]], shape: tuple[int, int]) -> tuple[Tags, Tags]:
    """Arrange tags of turns as the network takes them.

    Args:
        tags: per window, per turn in the order in which the network reads them; turns that are left out have none.
        shape: windows, turns.

    Returns:
        int32 [tagged texts, words of the longest], 0 after the end; int32 ``shape``, row of each turn in it, -1 = none.
    """
    rows: list[Tags] = []
    of_turn = np.full(shape, -1, np.int32)
    for window, turns in enumerate(tags):
        for turn, found in enumerate(turns):
            if found is not None:
                of_turn[window, turn] = len(rows)
                rows.append(found)
    table = np.zeros((len(rows), max((len(row) for row in rows), default=1)), np.int32)
    for number, row in enumerate(rows):
        table[number, : len(row)] = row
    return table, of_turn


def entities_found(
    message: Message,
    spec: TagSpec,
    ids: Tags,
    confidences: NDArray[np.float32],
    options: Mapping[str, Any],
) -> EntitiesAdded | None:
    """Return what the policy found in the last user message; None if it found no tag."""
    tokens = message.tokens[TEXT]
    tags = [spec.tags[number] for number in ids[: len(tokens)].tolist()]
    if all(tag == OUTSIDE for tag in tags):
        return None
    scores = confidences[: len(tokens)].tolist()
    if options["BILOU_flag"]:
        tags, scores = repair_bilou(tags, scores)
    split = SplitByComma.from_option(options["split_entities_by_comma"])
    found = assemble(message.text, tokens, {"entity": (tags, scores)}, split, extractor="")  # events name none
    return EntitiesAdded(tuple(EntityValue(e["entity"], e["value"], start=e["start"], end=e["end"]) for e in found))
