"""Which files a command reads: those that its options name, or the defaults."""

from __future__ import annotations

import argparse
from pathlib import Path

DEFAULT_CONFIG = "config.yml"
DEFAULT_DOMAIN = "domain.yml"
DEFAULT_DATA = "data"


def files_of(options: argparse.Namespace) -> tuple[str | None, list[str]]:
    """Return the path of the domain and those of the data; the domain that only the default names may be missing."""
    domain: str | None = options.domain
    if domain is None:
        domain = DEFAULT_DOMAIN if Path(DEFAULT_DOMAIN).exists() else None
    return domain, options.data or [DEFAULT_DATA]
