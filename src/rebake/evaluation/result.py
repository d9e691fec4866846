"""What tests of a model found, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rebake.evaluation.conversations import StoryTest
from rebake.evaluation.entities import EntityTest
from rebake.evaluation.labels import LabelTest


@dataclass(frozen=True)
class NluTest:
    """The test of an NLU model on examples; None where the examples have nothing to test.

    Attributes:
        intents: one label an example.
        responses: of the examples of retrieval intents.
        entities: of each extractor.
        folds: of a cross-validation, in order.
    """

    intents: LabelTest | None = None
    responses: LabelTest | None = None
    entities: EntityTest | None = None
    folds: tuple[Fold, ...] = ()


@dataclass(frozen=True)
class Fold:
    """The figures of one fold of a cross-validation.

    Attributes:
        examples: how many were tested.
        test: "intents", "responses" or an extractor's name -> weighted F1 on the examples that were held out.
        train: the same on the examples that the fold was trained on.
    """

    examples: int
    test: Mapping[str, float]
    train: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelTest:
    """All tests of one model, or of one configuration.

    Attributes:
        subject: the model's path, or of a cross-validation that of the configuration.
        nlu: None where NLU was not tested.
        stories: None where no story was tested.
    """

    subject: str
    nlu: NluTest | None = None
    stories: StoryTest | None = None
