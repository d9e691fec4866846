"""JSON files of components: the bytes that Rasa writes, and its reader with errors that name the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rebake.errors import ModelError


def write_json(file: Path, content: object) -> None:
    """UTF-8, two spaces of indent, no trailing newline, keys in the order given."""
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8", newline="")


def read_json(file: Path, kind: type[dict[str, Any]] | type[list[Any]]) -> Any:
    """The content of a component's file. Raises ModelError where it is missing, broken or not a ``kind``."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{file.parent.name}/{file.name} of the model cannot be read ({type(error).__name__}).",
            fix="Train the model again with --force.",
        ) from error
    if not isinstance(content, kind):
        raise ModelError(
            f"{file.parent.name}/{file.name} of the model does not hold a JSON {kind.__name__}.",
            fix="Train the model again with --force.",
        )
    return content
