"""The public keys that ``--verify-key`` names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rebake.errors import UsageError
from rebake.store.keys import PublicKey, read_public_keys


def given_keys(given: Iterable[str]) -> tuple[PublicKey, ...]:
    """Return the keys of the option: keys as text, or files with some. Raises UsageError."""
    keys: list[PublicKey] = []
    for text in given:
        path = Path(text)
        try:
            content = path.read_text(encoding="ascii") if path.is_file() else text
        except (OSError, ValueError) as error:
            raise UsageError(f"--verify-key: {path} cannot be read ({error}).") from error
        keys += read_public_keys(content, "value of --verify-key")
    return tuple(keys)
