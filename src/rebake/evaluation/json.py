"""An evaluation as JSON, for programs and for keeping it; what is read back equals what was written.

The examples are what counts: all figures are computed from them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rebake.assistant.model import EntitySpan
from rebake.base.location import Location
from rebake.base.version import __version__
from rebake.evaluation.conversations import (
    Conversation,
    GivenLoop,
    GivenSlot,
    GivenUser,
    StoryTest,
    TestedAction,
    TestedStep,
    TestedUser,
)
from rebake.evaluation.entities import NO_ENTITY, EntityExample, EntityTest
from rebake.evaluation.labels import LabelledText, LabelTest
from rebake.evaluation.rasa_files import entity_entry, report
from rebake.evaluation.result import Fold, ModelTest, NluTest

FORMAT = 1
_STEPS: Mapping[str, type[TestedStep]] = {
    "user": TestedUser,
    "said": GivenUser,
    "action": TestedAction,
    "slot": GivenSlot,
    "active_loop": GivenLoop,
}

_ENTITIES = frozenset({"entities", "predicted_entities"})


def as_dict(evaluation: ModelTest) -> dict[str, Any]:
    """Return the evaluation as JSON values; a key that changes meaning raises ``format``."""
    return {
        "format": FORMAT,
        "tool_version": __version__,
        "subject": evaluation.subject,
        "nlu": None if evaluation.nlu is None else nlu_as_dict(evaluation.nlu),
        "stories": None if evaluation.stories is None else _stories(evaluation.stories),
    }


def from_dict(content: Mapping[str, Any]) -> ModelTest:
    """Return the evaluation that :func:`as_dict` made these values of. Raises ValueError for another format."""
    if content.get("format") != FORMAT:
        raise ValueError(f"format {content.get('format')} of an evaluation is not {FORMAT}")
    nlu, stories = content["nlu"], content["stories"]
    return ModelTest(
        content["subject"],
        None if nlu is None else nlu_from_dict(nlu),
        None if stories is None else _read_stories(stories),
    )


def nlu_as_dict(test: NluTest) -> dict[str, Any]:
    """Return the test of NLU as JSON values."""
    return {
        "intents": None if test.intents is None else _labels(test.intents),
        "responses": None if test.responses is None else _labels(test.responses),
        "entities": None if test.entities is None else _entities(test.entities),
        "folds": [asdict(fold) for fold in test.folds],
    }


def nlu_from_dict(content: Mapping[str, Any]) -> NluTest:
    """Return the test that :func:`nlu_as_dict` made these values of."""
    intents, responses = (_read_labels(content[kind]) for kind in ("intents", "responses"))
    entities = content["entities"]
    return NluTest(
        intents,
        responses,
        None if entities is None else EntityTest(tuple(map(_read_annotated, entities["examples"]))),
        tuple(Fold(**fold) for fold in content["folds"]),
    )


def _labels(test: LabelTest) -> dict[str, Any]:
    examples = [{**asdict(example), "location": _place(example.location)} for example in test.examples]
    return {"report": report(test.scores), "examples": examples}


def _read_labels(content: Mapping[str, Any] | None) -> LabelTest | None:
    if content is None:
        return None
    return LabelTest(
        tuple(LabelledText(**{**entry, "location": _location(entry["location"])}) for entry in content["examples"])
    )


def _entities(test: EntityTest) -> dict[str, Any]:
    return {
        "extractors": {
            one.name: {
                "tokens": report(one.tokens, leave_out=NO_ENTITY),
                "spans": report(one.spans, leave_out=NO_ENTITY),
                "overlaps": report(one.overlaps, leave_out=NO_ENTITY),
            }
            for one in test.extractors
        },
        "examples": [
            {
                "text": example.text,
                "expected": [entity_entry(entity) for entity in example.expected],
                "predicted": list(example.predicted),
                "tokens": [list(token) for token in example.tokens],
                "location": _place(example.location),
            }
            for example in test.examples
        ],
    }


def _read_annotated(content: Mapping[str, Any]) -> EntityExample:
    return EntityExample(
        content["text"],
        tuple(EntitySpan(**entity) for entity in content["expected"]),
        tuple(content["predicted"]),
        tuple((start, end) for start, end in content["tokens"]),
        _location(content["location"]),
    )


def _stories(test: StoryTest) -> dict[str, Any]:
    return {
        "report": report(test.scores, confused=False),
        "correct": len(test.right),
        "with_warnings": len(test.with_warnings),
        "total": len(test.conversations),
        "is_end_to_end": test.is_end_to_end,
        "conversations": [
            {
                "name": conversation.name,
                "is_right": conversation.is_right,
                "location": _place(conversation.location),
                "steps": [_step(step) for step in conversation.steps],
            }
            for conversation in test.conversations
        ],
    }


def _read_stories(content: Mapping[str, Any]) -> StoryTest:
    conversations = [
        Conversation(entry["name"], tuple(map(_read_step, entry["steps"])), _location(entry["location"]))
        for entry in content["conversations"]
    ]
    return StoryTest(tuple(conversations), content["is_end_to_end"])


def _step(step: TestedStep) -> dict[str, Any]:
    fields = asdict(step)
    if isinstance(step, TestedUser):
        fields["location"] = _place(step.location)
    for key in _ENTITIES & fields.keys():
        fields[key] = [dict(entity) for entity in fields[key]]
    return {"kind": next(kind for kind, of_kind in _STEPS.items() if isinstance(step, of_kind)), **fields}


def _read_step(content: Mapping[str, Any]) -> TestedStep:
    fields = {key: value for key, value in content.items() if key != "kind"}
    if content["kind"] == "user":
        fields["location"] = _location(fields["location"])
    for key in _ENTITIES & fields.keys():
        fields[key] = tuple(fields[key])
    return _STEPS[content["kind"]](**fields)


def _place(location: Location | None) -> dict[str, Any] | None:
    return None if location is None else {"file": location.file, "line": location.line}


def _location(place: Mapping[str, Any] | None) -> Location | None:
    return None if place is None else Location(place["file"], place["line"])
