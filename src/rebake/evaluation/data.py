"""What models are tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rebake.assistant.model import Example, Story


@dataclass(frozen=True)
class EvaluationData:
    """Test data.

    Attributes:
        examples: None where NLU is not tested on examples.
        stories: None where no story is tested.
        end_to_end: the users' texts of the stories are parsed.
    """

    examples: Sequence[Example] | None = None
    stories: Sequence[Story] | None = None
    end_to_end: bool = False
