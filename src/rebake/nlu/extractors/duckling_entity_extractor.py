"""DucklingEntityExtractor: dates, amounts and the like, from a Duckling server (https://github.com/facebook/duckling).

The server is asked when a text is parsed, never in training.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import requests

from rebake.base.interpreter_lock import interpreter_released
from rebake.base.names import named
from rebake.base.training_context import TrainingContext
from rebake.nlu.component import TrainingData
from rebake.nlu.message import Message

logger = logging.getLogger("rebake")

_VARIABLE = "RASA_DUCKLING_HTTP_URL"
_START_ONE = "Start one (docker run -p 8000:8000 rasa/duckling), or correct"


class DucklingEntityExtractor:
    """Adds the entities that the server finds, relative to the present time; all of them have confidence 1.

    The environment variable RASA_DUCKLING_HTTP_URL comes before the option ``url``. Either may contain a password, so
    neither is ever printed. Without an answer there are no entities, and one warning.
    """

    def __init__(self, options: Mapping[str, Any], node: str) -> None:
        self.node = node
        self._url: str | None = options["url"]
        self._dimensions: list[str] | None = options["dimensions"]
        self._locale: str | None = options["locale"]
        self._timezone: str | None = options["timezone"]
        self._timeout: float | None = options["timeout"]
        self._warned: set[str] = set()

    def train(self, training: TrainingData, context: TrainingContext) -> dict[str, float]:
        return {}

    def process(self, messages: Sequence[Message], *, training: bool = False) -> None:
        url = os.environ.get(_VARIABLE) or self._url
        if url is None:
            self._warn(f"neither the option url nor the environment variable {_VARIABLE} names a Duckling server")
            return
        with requests.Session() as session:
            for message in messages:
                try:
                    answer = self._ask(session, url, message.text)
                except requests.ConnectionError as error:  # the next text would wait as long, and in vain
                    self._warn(f"no Duckling server answers at {_place()} ({type(error).__name__})", start=True)
                    return
                except (requests.RequestException, ValueError) as error:
                    self._warn(f"the server at {_place()} gives no answer of Duckling's ({type(error).__name__})")
                    continue
                message.entities += [entity for entity in answer if self._is_wanted(entity)]

    def _ask(self, session: requests.Session, url: str, text: str) -> list[dict[str, Any]]:
        """One text's entities, in the server's order. Raises RequestException or ValueError."""
        asked = {
            "text": text,
            "locale": self._locale,
            "tz": self._timezone,
            "dims": json.dumps(self._dimensions),
            "reftime": int(time.time()) * 1000,  # milliseconds
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
        with interpreter_released():
            response = session.post(f"{url.rstrip('/')}/parse", data=asked, headers=headers, timeout=self._timeout)
        if response.status_code != requests.codes.ok:
            raise requests.HTTPError(f"status {response.status_code}")
        try:
            return [_entity(match) for match in response.json()]
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not in Duckling's form") from error

    def _is_wanted(self, entity: Mapping[str, Any]) -> bool:
        return not self._dimensions or entity["entity"] in self._dimensions

    def _warn(self, reason: str, *, start: bool = False) -> None:
        """Once per reason, however many texts are parsed."""
        if reason not in self._warned:
            self._warned.add(reason)
            fix = f"{_START_ONE} {_place()}." if start else f"Correct {_place()}."
            logger.warning("%s: %s, so the entities of Duckling are missing. %s", named(self.node), reason, fix)

    def save(self, directory: Path) -> None:
        """Nothing to save."""

    @classmethod
    def load(cls, options: Mapping[str, Any], node: str, directory: Path | None) -> Self:
        return cls(options, node)


def _entity(match: Mapping[str, Any]) -> dict[str, Any]:
    """Rasa's form of what Duckling found; an interval, which may be open at one end, has its two ends as value."""
    found = match["value"]
    if found.get("type") == "interval":
        value: Any = {end: found.get(end, {}).get("value") for end in ("to", "from")}
    else:
        value = found.get("value")
    return {
        "start": match["start"],
        "end": match["end"],
        "text": match.get("body", match.get("text")),
        "value": value,
        "confidence": 1.0,
        "additional_info": found,
        "entity": match["dim"],
        "extractor": "DucklingEntityExtractor",
    }


def _place() -> str:
    return f"the URL in {_VARIABLE}" if os.environ.get(_VARIABLE) else "the option url"
