"""The schema of a file of training data."""

from __future__ import annotations

from collections.abc import Container

from rebake.assistant.schemas.containers import Fields
from rebake.assistant.schemas.nlu import NLU
from rebake.assistant.schemas.responses import RESPONSES
from rebake.assistant.schemas.stories import RULES, STORIES

_DATA = {"nlu": NLU, "responses": RESPONSES, "stories": STORIES, "rules": RULES}


def data_schema(keys: Container[str]) -> Fields:
    """Return the schema of the keys that are read of a file; rules are read with stories."""
    return Fields(
        {key: kind for key, kind in _DATA.items() if ("stories" if key == "rules" else key) in keys}, open=True
    )
