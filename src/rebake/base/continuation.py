"""What a component or policy needs to continue an earlier training instead of starting from scratch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebake.errors import FinetuningError

EPOCHS = "epochs"
FROM_SCRATCH = "Train from scratch, without --finetune."


@dataclass(frozen=True)
class Continuation:
    """The part of an unpacked model that is fine-tuned.

    Attributes:
        directories: node id of today -> directory of the same component in the model; it is missing on disk where that
            component learned nothing.
        epoch_fraction: how much of the configured epochs a network is trained for.
    """

    directories: Mapping[str, Path]
    epoch_fraction: float = 1.0

    def options(self, merged: Mapping[str, Any]) -> dict[str, Any]:
        """The options of a component, its epochs cut to the fraction (rounded up, as Rasa does)."""
        options = dict(merged)
        if isinstance(options.get(EPOCHS), int):
            options[EPOCHS] = math.ceil(options[EPOCHS] * self.epoch_fraction)
        return options

    def directory(self, node_id: str) -> Path | None:
        """Where the model keeps the component; None where it learned nothing."""
        found = self.directories[node_id]
        return found if found.is_dir() else None


def require_labels(what: str, known: object, found: object, *, old: frozenset[str], new: frozenset[str]) -> None:
    """Refuse to go on where labels are not the same ones in the same order.

    Args:
        what: what they are, of which component: "intents of DIETClassifier".
        known: those of the model.
        found: those of the data.
        old, new: the names of both, for the message.

    Raises:
        FinetuningError: they differ.
    """
    if known == found:
        return
    which = changes(old, new) or "another order"
    raise FinetuningError(
        f"The {what} differ from those of the model to fine-tune ({which}), and a trained network cannot learn others.",
        fix=FROM_SCRATCH,
    )


def changes(old: frozenset[str], new: frozenset[str]) -> str:
    """Which names are new, and which are gone: "new: a, b; gone: c"; empty where none is."""
    found = [f"new: {', '.join(sorted(new - old))}"] if new - old else []
    found += [f"gone: {', '.join(sorted(old - new))}"] if old - new else []
    return "; ".join(found)
