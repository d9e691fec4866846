"""What every trainer is given besides its data."""

from __future__ import annotations

from dataclasses import dataclass, field

from rebake.base.progress import Progress, Silent

DEFAULT_SEED = 42  # of everything random, unless an option ``random_seed`` says otherwise; Rasa takes the clock


@dataclass(frozen=True)
class TrainingContext:
    """What every trainer is given besides its data.

    Attributes:
        language: of config.yml.
        num_threads: option ``num_threads`` of ``nlu_additional_arguments``; None = as the machine has.
        seed: for components without ``random_seed``; recorded in the model.
        progress: where long work reports.
    """

    language: str | None = None
    num_threads: int | None = None
    seed: int = DEFAULT_SEED
    progress: Progress = field(default_factory=Silent)
