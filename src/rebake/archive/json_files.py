"""JSON files of components: the bytes that Rasa writes, and a reader whose errors name the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rebake.base.files import write_text
from rebake.errors import RETRAIN, ModelError


def write_json(file: Path, content: object) -> None:
    """Write UTF-8 with two spaces of indent, no trailing newline and the keys in the order given."""
    write_text(file, json.dumps(content, ensure_ascii=False, indent=2))


def read_json(file: Path, kind: type = dict) -> Any:
    """Read the content of a component's file.

    Raises:
        ModelError: it is missing, is not JSON, or is not a ``kind``.
    """
    name = f"{file.parent.name}/{file.name}"
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{name} of the model cannot be read: {error.strerror or error}.", fix=RETRAIN) from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{name} of the model is not valid JSON: {error}.", fix=RETRAIN) from error
    if not isinstance(content, kind):
        raise ModelError(f"{name} of the model is not a JSON {kind.__name__}.", fix=RETRAIN)
    return content
