"""The figures of a repository's models over time, as one small file."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from rebake.base.conformity import conforms
from rebake.base.json_text import dumped

FORMAT = 1
MOST = 300  # models; the oldest are left out
_DIGITS = 6  # of a figure
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_LONGEST_NAME = 255  # of a tag


@dataclass(frozen=True, slots=True)
class PastQuality:
    """The figures of a model that was tested before, of the default branch or of a release.

    Attributes:
        commit: that the model is of, 40 hex digits (64 in a repository with SHA-256).
        time: of the commit, in ISO 8601.
        name: the release's tag; "" for a model of the default branch.
        figures: "intents.weighted_f1" and the like -> 0 to 1.
    """

    commit: str
    time: str
    name: str
    figures: Mapping[str, float]

    @property
    def moment(self) -> datetime:
        """The time, to sort by."""
        return datetime.fromisoformat(self.time)


def with_model(models: Iterable[PastQuality], new: PastQuality) -> tuple[PastQuality, ...]:
    """Add a model, in place of an earlier test of the same one; returns all of them, oldest first."""
    rounded = {name: round(value, _DIGITS) for name, value in sorted(new.figures.items())}
    kept = [model for model in models if (model.commit, model.name) != (new.commit, new.name)]
    kept.append(PastQuality(new.commit, new.time, new.name, rounded))
    return tuple(sorted(kept, key=lambda model: (model.moment, model.commit, model.name))[-MOST:])


def history_json(models: Sequence[PastQuality]) -> str:
    """Return the models as a JSON document that ends in a newline."""
    return dumped({"format": FORMAT, "models": [asdict(model) for model in models]})


def read_history(content: bytes) -> tuple[PastQuality, ...]:
    """Return the models that :func:`history_json` wrote.

    Raises:
        ValueError: it is anything else, such as a file of a later format.
    """
    try:
        values = json.loads(content)
        if values["format"] != FORMAT:
            raise ValueError(f"format {values['format']} of a history is not {FORMAT}")
        models = tuple(PastQuality(**model) for model in values["models"])
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it is no history ({error})") from error
    if not conforms(models, tuple[PastQuality, ...]) or not all(map(_is_sound, models)):
        raise ValueError("it is no history")
    return models


def _is_sound(model: PastQuality) -> bool:
    """Whether the values are in their range; ValueError for a time that is none."""
    figures: Any = model.figures.values()
    return (
        _COMMIT.fullmatch(model.commit) is not None
        and len(model.name) <= _LONGEST_NAME
        and model.moment.tzinfo is not None
        and all(math.isfinite(value) and 0 <= value <= 1 for value in figures)
    )
