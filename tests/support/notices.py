"""A training context whose notices a test reads."""

from __future__ import annotations

from rebake.base.location import Location
from rebake.base.notices import Notices
from rebake.base.training_context import TrainingContext

PLACE = Location("config.yml", 7)  # of the component in the context below


def listening() -> tuple[TrainingContext, Notices]:
    """The context of one component, and the notices of its training."""
    notices = Notices()
    return TrainingContext(notices=notices, place=PLACE), notices


def said(notices: Notices) -> str:
    """All notices, a line each, as a person reads them."""
    return "\n".join(map(str, notices))
