"""The public keys that ``--verify-key`` names, and what is trusted by them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from rebake.base.visible import one_line
from rebake.cli.repository import repository_of
from rebake.errors import UsageError
from rebake.store.keys import PublicKey, read_public_keys
from rebake.store.trust import Trust


def given_keys(given: Iterable[str]) -> tuple[PublicKey, ...]:
    """Return the keys of the option: keys as text, or files with some.

    There are none only where the option was not given.

    Raises:
        UsageError: a value has no key.
    """
    return tuple(key for value in given for key in _keys_of(value))


def _keys_of(value: str) -> tuple[PublicKey, ...]:
    """Read a value as a key first: a pull request may add a file that is named like the key and has another key."""
    try:
        return read_public_keys(value, "value of --verify-key")
    except UsageError as error:
        content = _content(Path(value)) if value.strip() else None
        if content is None:
            raise UsageError(error.message, fix=f"{error.fix} A file with keys is read, too.") from error
    return read_public_keys(content, f"file {one_line(value)} of --verify-key")


def _content(path: Path) -> str | None:
    """Return the text of a file; None where there is none."""
    try:
        return path.read_text(encoding="ascii") if path.is_file() else None
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The value of --verify-key is neither a key nor a file that can be read ({_reason(error)})."
        ) from error


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def trust_of(keys: Sequence[PublicKey], repository: str | None) -> Trust:
    """Trust what these keys have signed for the repository of ``--repository``. Raises UsageError if there is none."""
    server, name = repository_of(repository)
    return Trust(f"{server}/{name}", tuple(keys))


def trust_name(trust: Trust) -> str:
    """Return a short name that differs for other keys and for another repository."""
    what = [trust.repository.lower(), *sorted(key.text for key in trust.keys)]
    return hashlib.sha256("\n".join(what).encode()).hexdigest()[:16]
