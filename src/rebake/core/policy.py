"""What a policy is: it learns from training trackers and says how likely each action comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

from rebake.assistant.model import Domain
from rebake.base.training_context import TrainingContext
from rebake.core.dialogue.events import Event
from rebake.core.dialogue.rule_only_data import RuleOnlyData
from rebake.core.dialogue.tracker import Tracker, TrainingTracker
from rebake.core.end_to_end import EndToEndFeatures


@dataclass(slots=True)
class PolicyPrediction:
    """What one policy says.

    Attributes:
        probabilities: [n_actions], in the order of ``rebake.assistant.domain.names.action_names``; need not sum to 1.
        policy: class name, e.g. ``TEDPolicy``.
        priority: decides between equal maxima.
        is_end_to_end: the text of the user message led to it, which beats predictions by intent.
        is_no_user: neither text nor intent mattered (a form asks on), which beats everything.
        hide_rule_turn: a rule that stories never use led to it; policies that learn from stories skip the turn.
        events: applied whoever wins.
        optional_events: applied only when this prediction wins.
    """

    probabilities: list[float]
    policy: str
    priority: int
    is_end_to_end: bool = False
    is_no_user: bool = False
    hide_rule_turn: bool = False
    events: tuple[Event, ...] = ()
    optional_events: tuple[Event, ...] = field(default=())

    @property
    def confidence(self) -> float:
        """The highest probability."""
        return max(self.probabilities, default=0.0)


class Policy(Protocol):
    """``options`` are merged with the defaults; ``node`` is the id without prefix, e.g. ``TEDPolicy1``.

    ``end_to_end`` is given where the stories have texts (in training) or the model was trained on some: the policies
    that read texts see names through it as well.
    """

    def __init__(self, options: Mapping[str, Any], node: str) -> None: ...

    def train(
        self,
        trackers: Sequence[TrainingTracker],
        domain: Domain,
        context: TrainingContext,
        end_to_end: EndToEndFeatures | None = None,
    ) -> dict[str, float]:
        """Learn, and return metrics (may be empty). Rule trackers and augmented ones are among the trackers."""

    def predict(
        self,
        tracker: Tracker,
        domain: Domain,
        rule_only: RuleOnlyData,
        end_to_end: EndToEndFeatures | None = None,
    ) -> PolicyPrediction:
        """Predict what comes next after all events of the tracker."""

    def save(self, directory: Path) -> None:
        """Write the files that Rasa 3.6.21 reads into an existing, empty directory."""

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        """Read what ``save`` or Rasa wrote. Raises ModelError on incomplete or broken files."""


@runtime_checkable
class ContinuingPolicy(Protocol):
    """A policy whose training can continue an earlier one; fine-tuning trains the others from scratch."""

    def continue_from(self, directory: Path | None) -> None:
        """Make the next ``train`` go on from what ``save`` or Rasa wrote; None where nothing was learned: then it
        starts from scratch.

        Raises:
            ModelError: the files are incomplete or broken.
        """
