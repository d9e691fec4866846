"""Which files a command reads: those that its options name, or the defaults."""

from __future__ import annotations

import argparse
from pathlib import Path

from rebake.errors import StorageError
from rebake.store.directory import newest_model

DEFAULT_CONFIG = "config.yml"
DEFAULT_DOMAIN = "domain.yml"
DEFAULT_DATA = "data"


def files_of(options: argparse.Namespace) -> tuple[str | None, list[str]]:
    """Return the path of the domain and those of the data; the domain that only the default names may be missing."""
    domain: str | None = options.domain
    if domain is None:
        domain = DEFAULT_DOMAIN if Path(DEFAULT_DOMAIN).exists() else None
    return domain, options.data or [DEFAULT_DATA]


def model_path(given: str, option: str) -> Path:
    """Return the path that an option names, in place of a directory its newest model. Raises StorageError."""
    path = Path(given)
    if path.is_file():
        return path
    newest = newest_model(path) if path.is_dir() else None
    if newest is None:
        state = "contains no model" if path.is_dir() else "does not exist"
        raise StorageError(f"{path} {state}.", fix=f"Train one with `rebake train`, or name one with {option}.")
    return newest
