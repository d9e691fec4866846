"""Ask rebake about a model archive, as ``parity.rasa_side.archives`` asks Rasa."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rebake


def answer(archive: Path, texts: Sequence[str], points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Parse the texts and decide on the points: an answer that ``parity.compare.compare`` takes."""
    with rebake.load_model(str(archive)) as model:
        decisions = [dict(model.predict_next(point["events"])) for point in points]
        parses = [dict(model.parse(text)) for text in texts]
    return {"texts": texts, "parses": parses, "points": points, "decisions": decisions}
