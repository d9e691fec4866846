"""What every trainer is given besides its data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.base.notices import Notices, NoticeSink
from rebake.base.progress import Progress, Silent

DEFAULT_SEED = 42  # of everything random, unless an option ``random_seed`` says otherwise; Rasa takes the clock


@dataclass(frozen=True)
class TrainingContext:
    """What every trainer is given besides its data.

    Attributes:
        language: of config.yml.
        num_threads: how many operations of a network run side by side, which changes no result; None = as many as there
            are processors.
        seed: for components without ``random_seed``; recorded in the model.
        progress: where long work reports.
        notices: collects what a person should know about this training.
        place: of the component or policy that is being trained, in config.yml.
        replicas: the :class:`rebake.nn.training.replicas.Replicas` among which steps are divided; None = they are not.
    """

    language: str | None = None
    num_threads: int | None = None
    seed: int = DEFAULT_SEED
    progress: Progress = field(default_factory=Silent)
    notices: NoticeSink = field(default_factory=Notices)
    place: Location | None = None
    replicas: Any = None

    def at(self, place: Location) -> TrainingContext:
        """Return the context of one component or policy: its warnings point to its entry in config.yml."""
        return replace(self, place=place)

    def warn(self, message: str, location: Location | None = None, kind: NoticeKind | None = None) -> None:
        """Add a notice, by default at the component that is being trained."""
        self.notices.add(Notice(message, location or self.place, kind))
