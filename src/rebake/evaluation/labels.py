"""Tests of what gives each text one label: its intent, or the response that is selected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from rebake.base.location import Location
from rebake.evaluation.scores import Scores, score


@dataclass(frozen=True, slots=True)
class LabelledText:
    """One test example.

    Attributes:
        text: as it was parsed.
        expected: the annotated label.
        predicted: the label that the model gives; "" for none.
        confidence: of the prediction.
        location: of the example.
    """

    text: str
    expected: str
    predicted: str
    confidence: float
    location: Location | None = None

    @property
    def is_right(self) -> bool:
        return self.expected == self.predicted


@dataclass(frozen=True)
class LabelTest:
    """The test of one kind of label; all figures follow from the examples."""

    examples: tuple[LabelledText, ...]

    @cached_property
    def scores(self) -> Scores:
        return score([one.expected for one in self.examples], [one.predicted for one in self.examples])

    @property
    def errors(self) -> Sequence[LabelledText]:
        return [example for example in self.examples if not example.is_right]
