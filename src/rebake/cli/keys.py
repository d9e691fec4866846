"""The public keys that ``--verify-key`` names, and what is trusted by them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from rebake.cli.repository import repository_of
from rebake.errors import UsageError
from rebake.store.keys import PublicKey, read_public_keys
from rebake.store.trust import Trust


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


def trust_of(keys: Sequence[PublicKey], repository: str | None) -> Trust:
    """Trust what these keys have signed for the repository of ``--repository``. Raises UsageError if there is none."""
    server, name = repository_of(repository)
    return Trust(f"{server}/{name}", tuple(keys))


def trust_name(trust: Trust) -> str:
    """Return a short name that differs for other keys and for another repository."""
    what = [trust.repository.lower(), *sorted(key.text for key in trust.keys)]
    return hashlib.sha256("\n".join(what).encode()).hexdigest()[:16]
