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

    @property
    def weighted_f1(self) -> dict[str, float]:
        """``intents``, ``responses`` and the name of each extractor -> weighted F1, of entities by token."""
        figures = {
            name: labels.scores.weighted.f1
            for name, labels in (("intents", self.intents), ("responses", self.responses))
            if labels is not None
        }
        extractors = self.entities.extractors if self.entities is not None else ()
        return figures | {extractor.name: extractor.tokens.weighted.f1 for extractor in extractors}


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


@dataclass(frozen=True)
class ComparedTest:
    """One training and test of a comparison of configurations.

    Attributes:
        configuration: its name.
        run: from 1; the tests of a run have the same test examples.
        left_out: percentage of the training examples that were left out.
        examples: how many were trained on.
        nlu: what the test found.
    """

    configuration: str
    run: int
    left_out: int
    examples: int
    nlu: NluTest

    @property
    def intent_f1(self) -> float:
        """Weighted F1 of the intents; 0 where there are too few to be tested."""
        return self.nlu.weighted_f1.get("intents", 0.0)
