"""NLU components as tests want them: made by name, trained on a few texts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from rebake.assistant.model import ComponentSpec, Domain, Example, NluData
from rebake.base.location import Location
from rebake.base.sparse_rows import SparseRows
from rebake.base.training_context import TrainingContext
from rebake.nlu.component import Component, TrainingData
from rebake.nlu.message import Features, Message
from rebake.nlu.training_messages import training_messages
from rebake.registry.lookup import COMPONENTS, POLICIES
from rebake.registry.response_texts import label_texts
from rebake.registry.validator import check_options

HERE = Location("config.yml", 7)


def valid_options(name: str, **options: Any) -> dict[str, Any]:
    """Merged options, checked as those of config.yml are."""
    entry = {**COMPONENTS, **POLICIES}[name]
    check_options(ComponentSpec(name, options, HERE), entry)
    return entry.merged(options)


def component(name: str, **options: Any) -> Component:
    """A new component; its options are checked as those of config.yml are."""
    entry = COMPONENTS[name]
    made: Component = entry.load_class()(valid_options(name, **options), f"{name}1")
    return made


def reloaded(trained: Component, name: str, directory: Path, **options: Any) -> Component:
    """What a component is after saving and loading."""
    directory.mkdir(parents=True, exist_ok=True)
    trained.save(directory)
    entry = COMPONENTS[name]
    present = directory if any(directory.iterdir()) else None
    loaded: Component = entry.load_class().load(entry.merged(options), f"{name}1", present)
    return loaded


def training_on(data: NluData, domain: Domain | None = None, **tokenizer: Any) -> TrainingData:
    """Training data with tokens."""
    messages = training_messages(data.examples, label_texts(data, domain or Domain()))
    component("WhitespaceTokenizer", **tokenizer).process(messages, training=True)
    return TrainingData(messages, data, domain or Domain())


def texts(*written: str, intent: str | None = None) -> NluData:
    return NluData(tuple(Example(text, intent) for text in written))


def trained(name: str, training: TrainingData, context: TrainingContext | None = None, /, **options: Any) -> Component:
    made = component(name, **options)
    made.train(training, context or TrainingContext())
    return made


def tokenized(*written: str, **tokenizer: Any) -> list[Message]:
    """User messages with tokens."""
    messages = [Message({"text": text}) for text in written]
    component("WhitespaceTokenizer", **tokenizer).process(messages)
    return messages


def features(featurizer: Component, text: str, **tokenizer: Any) -> list[Features]:
    """What one featurizer says of the text of a user message."""
    messages = tokenized(text, **tokenizer)
    featurizer.process(messages)
    return messages[0].features.get("text", [])


def rows(matrix: object) -> list[dict[int, float]]:
    """Per row {column: value}."""
    assert isinstance(matrix, SparseRows)
    bounds: Sequence[int] = matrix.indptr.tolist()
    return [
        dict(zip(matrix.indices[a:b].tolist(), matrix.data[a:b].tolist(), strict=True)) for a, b in pairwise(bounds)
    ]
