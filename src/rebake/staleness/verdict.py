"""The verdict of a check: which parts of the model are stale, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rebake.archive.lineage import FinetunedFrom
from rebake.archive.manifest import PARTS, Part

State = Literal["fresh", "stale", "unknown", "absent"]

CODES: dict[Part, int] = {"core": 1, "nlu": 2, "nlg": 4}
CODE_FORCED = 8


def bit_code(stale: Iterable[Part], forced: bool) -> int:
    """0 fresh; otherwise the sum of 1 core, 2 nlu, 4 nlg; 8 alone where training is forced."""
    return CODE_FORCED if forced else sum(CODES[part] for part in stale)


def needs_training(state: State) -> bool:
    """Whether a part in this state is not fresh."""
    return state in ("stale", "unknown")


@dataclass(frozen=True, slots=True)
class PartVerdict:
    """What is known of one part.

    Attributes:
        part: "core", "nlu" or "nlg".
        state: "fresh": the model's part was trained from just this; "stale": it was not; "unknown": the model could
            not be read, counts as stale; "absent": neither the assistant nor the model has this part.
        reasons: one short clause each, most informative first; empty where the part is fresh or absent.
        fingerprint: the one that the assistant asks for; None where the assistant does not have the part (a stale part
            without a fingerprint is one to be left out: the model still has it, the assistant no longer does).
        finetuned: of a fresh part that was not trained from scratch, what it was trained on from.
    """

    part: Part
    state: State
    reasons: tuple[str, ...] = ()
    fingerprint: str | None = None
    finetuned: FinetunedFrom | None = None

    @property
    def is_stale(self) -> bool:
        return needs_training(self.state)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict for every part that was asked for; ``forced`` asks for training whatever the verdicts say."""

    parts: tuple[PartVerdict, ...]
    forced: bool = False

    @property
    def code(self) -> int:
        """As :func:`bit_code`."""
        return bit_code(self.stale_parts, self.forced)

    @property
    def is_fresh(self) -> bool:
        return self.code == 0

    @property
    def stale_parts(self) -> tuple[Part, ...]:
        """The parts whose fingerprint differs, in the order core, nlu, nlg; ``forced`` has no say in this."""
        stale = {verdict.part for verdict in self.parts if verdict.is_stale}
        return tuple(part for part in PARTS if part in stale)

    def verdict(self, part: Part) -> PartVerdict | None:
        """Return the verdict on one part, None where it was not asked for."""
        return next((verdict for verdict in self.parts if verdict.part == part), None)
