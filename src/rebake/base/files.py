"""The one way in which a model's text files are written."""

from __future__ import annotations

from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """UTF-8 under a temporary name beside it, then renamed: a reader sees all of it or nothing."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8", newline="")
    temporary.replace(path)
