"""Which pull requests, tags and branches use which entries of a store, and since when.

Each run leaves a small file whose name says it all, so that a list of entries is enough to know what is in use:
``use-pull-12-1f2e3d4c.n0123456789abcdef.json``. The file's time says when that was.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from rebake.store.protocol import Store, StoredFile

Kind = Literal["pull", "tag", "branch"]

REFRESHED_AFTER = timedelta(days=1)  # a younger record of the same is not written again
MAX_TOKENS = 8  # in a name, which GitHub cuts off at 255 characters

_LETTERS = {"core": "c", "nlu": "n", "nlg": "r", "evaluation": "e"}
_ENTRY = re.compile(rf"({'|'.join(_LETTERS)})-([0-9a-f]{{64}})\.(?:tar\.gz|json|json\.gz)")
_NAME = re.compile(
    r"use-(?:(?P<pull>pull)-(?P<number>[0-9]{1,12})|(?P<ref>tag|branch)-(?P<key>[0-9a-f]{16}))"
    r"-(?P<assistant>[0-9a-f]{8})(?P<tokens>(?:\.[cnre][0-9a-f]{16})*)\.json"
)


def token_of(name: str) -> str | None:
    """The short form of an entry's name in records; None for entries that are in none."""
    found = _ENTRY.fullmatch(name)
    return f"{_LETTERS[found[1]]}{found[2][:16]}" if found is not None else None


def key_of(text: str) -> str:
    """The name of a tag or a branch as part of a record's name."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Use:
    """What one of them uses.

    Attributes:
        kind: of what uses it.
        key: the number of a pull request, or :func:`key_of` a tag or branch.
        assistant: the name of its newest model's manifest, as 8 hex digits: :meth:`of`.
        tokens: of the entries.
    """

    kind: Kind
    key: str
    assistant: str
    tokens: frozenset[str]

    @classmethod
    def of(cls, kind: Kind, subject: str, manifest_name: str, names: Iterable[str]) -> Use:
        """Describe a use by what people call it: number of the pull request, tag or branch, and names of entries.

        Where these are too many for a name, the first ones count, and parts more than evaluations.
        """
        tokens = [token for name in names if (token := token_of(name)) is not None]
        tokens.sort(key=lambda token: token[0] == _LETTERS["evaluation"])  # a test is repeated sooner than a training
        key = subject if kind == "pull" else key_of(subject)
        return cls(kind, key, assistant_key(manifest_name), frozenset(tokens[:MAX_TOKENS]))

    @classmethod
    def parse(cls, name: str) -> Use | None:
        """Read an entry's name; None where it is no record."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        kind: Kind = "pull" if found["pull"] else "tag" if found["ref"] == "tag" else "branch"
        key = found["number"] or found["key"]
        return cls(kind, key, found["assistant"], frozenset(found["tokens"].split(".")[1:]))

    @property
    def scope(self) -> str:
        """What the names of all records of the same user start with."""
        return f"use-{self.kind}-{self.key}-{self.assistant}."

    @property
    def name(self) -> str:
        """Of the record."""
        return "".join((self.scope, *(f"{token}." for token in sorted(self.tokens)), "json"))


def assistant_key(manifest_name: str) -> str:
    """Which assistant of the repository a record is about."""
    return hashlib.sha256(manifest_name.encode()).hexdigest()[:8]


def record_use(store: Store, use: Use, about: Mapping[str, str], directory: Path, now: datetime) -> None:
    """Write down a use, in place of what the same user used before.

    Args:
        store: where.
        use: by whom, and of what.
        about: what a person wants to know of it: tag, branch, run.
        directory: for the file, which must stay until the store is finished.
        now: with its time zone.

    Raises:
        StorageError: the store refuses it, or cannot be reached.
    """
    entries = store.entries()
    there = entries.get(use.name)
    if there is None or now - there.modified > REFRESHED_AFTER:
        path = directory / use.name
        content = {"date": now.date().isoformat(), **about, "uses": sorted(use.tokens)}
        path.write_text(json.dumps(content, ensure_ascii=True) + "\n", encoding="ascii")
        store.upload(path, use.name, replace=True)
    for name in [name for name in entries if name.startswith(use.scope) and name != use.name]:
        store.delete(name)


def records(entries: Mapping[str, StoredFile]) -> dict[str, Use]:
    """The records among the entries of a store, by name."""
    return {name: use for name in entries if (use := Use.parse(name)) is not None}
