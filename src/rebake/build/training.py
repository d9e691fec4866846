"""What training a part takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

from rebake.base.training_context import TrainingContext


class TrainedPart(NamedTuple):
    """What training a part gave.

    Attributes:
        metrics: ``<node id>.<metric>`` -> value.
        trained: ids of the nodes that were not reused.
        seconds: how long it took.
        finetuned: whether it went on from an earlier training.
    """

    metrics: Mapping[str, float]
    trained: Collection[str]
    seconds: float
    finetuned: bool = False


Reuse: TypeAlias = Callable[[str], Path | None]
"""Node id -> directory of the same component, trained before on the same data; None = train it."""

TrainPart: TypeAlias = Callable[[Path, Reuse], TrainedPart]
"""Trains a part into ``components/`` of the model."""

TrainWith: TypeAlias = Callable[[TrainingContext, Path, Reuse], TrainedPart]
"""As :data:`TrainPart`, in a context that is still to be given."""
