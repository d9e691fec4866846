"""What a fine-tuned part was trained on from, and what a store keeps it under."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class FinetunedFrom:
    """What a fine-tuned part was trained on from.

    Attributes:
        model: name of the archive that it continued.
        times: how often the part was fine-tuned since it was trained from scratch, as far as is known: of a model of
            Rasa nothing is.
        epoch_fraction: how much of the configured epochs the last fine-tuning took.
    """

    model: str
    times: int
    epoch_fraction: float

    def __str__(self) -> str:
        often = f" ({self.times} times since it was trained from scratch)" if self.times > 1 else ""
        return f"fine-tuned from {self.model}{often}"

    def as_dict(self) -> dict[str, Any]:
        """As rebake.json and the JSON report have it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """Raises KeyError, ValueError or TypeError on anything that :meth:`as_dict` did not give."""
        return cls(str(raw["model"]), int(raw["times"]), float(raw["epoch_fraction"]))


def finetuned_key(fingerprint: str) -> str:
    """64 hex digits: what a store keeps a fine-tuned part with this fingerprint under."""
    return hashlib.sha256(f"fine-tuned {fingerprint}".encode()).hexdigest()
