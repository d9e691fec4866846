"""Evaluations that are kept, so that nothing is evaluated twice: their keys, their content, and how it is read back.

A key covers all that a result depends on: the fingerprints of the parts that are tested, the meaning of the test data,
and the version of the evaluator. Like fingerprints, it does not cover where the test data stands.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias, TypeVar

from rebake.archive.manifest import Part
from rebake.assistant.model import Assistant, Example, Story, UserStep
from rebake.base.conformity import conforms
from rebake.base.location import Location
from rebake.evaluation.conversations import Conversation, TestedUser
from rebake.evaluation.data import EvaluationData
from rebake.evaluation.entities import EntityExample
from rebake.evaluation.json import as_dict, from_dict
from rebake.evaluation.labels import LabelledText, LabelTest
from rebake.evaluation.result import ModelTest, NluTest
from rebake.registry.lookup import find
from rebake.staleness.meaning import digest, example_meaning, story_meaning

# Raise it when the same model on the same data would give another result, or when its JSON changes its meaning.
EVALUATOR = 1

MAX_CONTENT = 128 << 20  # bytes of JSON; a kept evaluation that is larger is not read

Kind: TypeAlias = Literal["nlu", "cross-validation", "stories"]
_T = TypeVar("_T", LabelledText, EntityExample)


def evaluation_keys(
    parts: Mapping[Part, str], data: EvaluationData, folds: int | None = None, seed: int = 0
) -> dict[Kind, str]:
    """Return the keys of the evaluations that an assistant gets: 64 hex digits each.

    Args:
        parts: fingerprints of the parts that it has.
        data: what it is tested on.
        folds: of a cross-validation, whose data is that of the NLU part; None: there is none.
        seed: of the cross-validation.
    """
    keys: dict[Kind, str] = {}
    if folds is not None and "nlu" in parts:
        keys["cross-validation"] = _key("cross-validation", [parts["nlu"]], [folds, seed])
    if data.examples is not None and "nlu" in parts:
        keys["nlu"] = _key("nlu", [parts["nlu"]], sorted(map(_example, data.examples)))
    if data.stories is not None and "core" in parts and ("nlu" in parts or not data.end_to_end):
        tested = [parts["core"], *([parts["nlu"]] if data.end_to_end else [])]
        keys["stories"] = _key("stories", tested, [data.end_to_end, sorted(map(_story, data.stories))])
    return keys


def is_repeatable(assistant: Assistant) -> bool:
    """Return whether a text that is parsed twice gives the same; otherwise a test of parsed stories is not kept."""
    entries = (find(spec.name) for spec in assistant.config.pipeline)
    return not any(entry is not None and entry.asks_server for entry in entries)


def _key(kind: Kind, parts: Sequence[str], data: Any) -> str:
    return digest([EVALUATOR, kind, parts, data])


def _example(example: Example) -> str:
    return digest(example_meaning(example))


def _story(story: Story) -> str:
    return digest([story.name, story_meaning(story)])


def pack_evaluation(test: ModelTest, key: str) -> bytes:
    """Return the content of the file that keeps an evaluation; the same for the same evaluation."""
    content = json.dumps({"key": key, **as_dict(test)}, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return gzip.compress(content.encode("utf-8", "surrogatepass"), mtime=0)


def unpack_evaluation(content: bytes, key: str) -> ModelTest | None:
    """Return the evaluation that :func:`pack_evaluation` made this content of; None for anything else.

    Whoever may write to the store may have written the content, so nothing in it is taken for granted.
    """
    try:
        with gzip.open(io.BytesIO(content)) as file:
            text = file.read(MAX_CONTENT + 1)
        if len(text) > MAX_CONTENT:
            return None
        values = json.loads(text.decode("utf-8", "surrogatepass"))
        if values["key"] != key:
            return None
        test = from_dict(values)
        if not conforms(test, ModelTest):
            return None
        as_dict(test)  # computes all figures
    except (OSError, EOFError, zlib.error, RecursionError):
        return None
    except (ValueError, ArithmeticError, KeyError, TypeError, AttributeError, IndexError):
        return None
    return test


def located(test: ModelTest, data: EvaluationData) -> ModelTest:
    """Return a kept evaluation with the places where its examples and stories stand now."""
    nlu, stories = test.nlu, test.stories
    if nlu is not None and data.examples is not None:
        nlu = _located_nlu(nlu, {example.text: example.location for example in reversed(data.examples)})
    if stories is not None and data.stories is not None:
        named = {story.name: story for story in reversed(data.stories)}
        conversations = tuple(_located_story(conversation, named) for conversation in stories.conversations)
        stories = replace(stories, conversations=conversations)
    return replace(test, nlu=nlu, stories=stories)


def _located_nlu(test: NluTest, places: Mapping[str, Location | None]) -> NluTest:
    def labels(old: LabelTest | None) -> LabelTest | None:
        return None if old is None else LabelTest(tuple(_at(example, places) for example in old.examples))

    entities = test.entities
    if entities is not None:
        entities = replace(entities, examples=tuple(_at(example, places) for example in entities.examples))
    return replace(test, intents=labels(test.intents), responses=labels(test.responses), entities=entities)


def _at(example: _T, places: Mapping[str, Location | None]) -> _T:
    return replace(example, location=places.get(example.text, example.location))


def _located_story(conversation: Conversation, stories: Mapping[str, Story]) -> Conversation:
    named = [stories[name] for name in conversation.name.split(" > ") if name in stories]
    if not named:
        return conversation
    places = {step.text: step.location for story in reversed(named) for step in _user_steps(story)}
    steps = tuple(
        replace(step, location=places.get(step.text, step.location)) if isinstance(step, TestedUser) else step
        for step in conversation.steps
    )
    return replace(conversation, steps=steps, location=named[0].location)


def _user_steps(story: Story) -> Iterator[UserStep]:
    return (step for step in story.steps if isinstance(step, UserStep))
