"""Small projects on disk, and reading one file's text as if it were a project."""

from __future__ import annotations

from pathlib import Path

from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant


def write(directory: Path, files: dict[str, str]) -> Path:
    """Write files by their relative names; returns the directory."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory


def load(directory: Path) -> Assistant:
    """The assistant of the usual files below a directory, those that are there; its tests are read as well."""

    def there(name: str) -> list[Path]:
        return [directory / name] if (directory / name).exists() else []

    config = directory / "config.yml"
    return load_assistant(
        config if config.exists() else None,
        there("domain.yml") or there("domain"),
        [*there("data"), *there("tests")],
    )
