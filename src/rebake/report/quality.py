"""How good the model of a run is, as one value that every output is rendered from."""

from __future__ import annotations

from dataclasses import dataclass, field

from rebake.evaluation.comparison.result import ModelComparison
from rebake.evaluation.history import PastQuality
from rebake.evaluation.result import ModelTest

__all__ = ["Gate", "PastQuality", "Quality"]


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition of the workflow on the model, and whether it is met.

    Attributes:
        name: as the workflow writes it: "stories", "worse", "min-intent-f1".
        is_met: whether the run passes it.
        message: what was asked and what was found, in a sentence.
    """

    name: str
    is_met: bool
    message: str


@dataclass(frozen=True)
class Quality:
    """The test of a run's model.

    Attributes:
        test: what the model got right.
        is_reused: the test was found in the store.
        comparison: with the base, on the head's test data; None where there is no base to compare with.
        base_name: what the base is ("main at 1234567"); None where there is none.
        problem: why there is no comparison; a clause, None where there is one or none was wanted.
        gates: the conditions of the workflow, those that are not met first.
        history: of earlier models, oldest first.
    """

    test: ModelTest
    is_reused: bool = False
    comparison: ModelComparison | None = None
    base_name: str | None = None
    problem: str | None = None
    gates: tuple[Gate, ...] = ()
    history: tuple[PastQuality, ...] = field(default=())
