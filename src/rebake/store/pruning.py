"""What can go from a store: what nobody uses any more, by the time of its last use."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rebake.store.names import is_of_newest_model, pull_request_of, replaced_by
from rebake.store.protocol import StoredFile
from rebake.store.trust import SIGNATURE_SUFFIX
from rebake.store.uses import Use, records, token_of

GRACE = timedelta(days=1)  # what is younger may belong to a run that is not at its end

_MANIFEST = re.compile(r"rebake(-.*)?\.json")


def is_manifest_name(name: str) -> bool:
    """Return whether an entry of this name is the manifest of an assistant's newest model."""
    return _MANIFEST.fullmatch(name) is not None


@dataclass(frozen=True)
class InUse:
    """What must stay.

    Attributes:
        tokens: of entries that are never removed: of the newest models, of releases, of open pull requests.
        users: names of the records that say so; the others are of nobody who still counts.
        seen: names of all records that were looked at.
    """

    tokens: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    seen: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Spare:
    """An entry that can go.

    Attributes:
        file: the entry.
        last_use: when it was last used, as far as it was recorded.
        others: names of what goes with it: its signature.
    """

    file: StoredFile
    last_use: datetime
    others: tuple[str, ...] = field(default=())


def last_uses(entries: Mapping[str, StoredFile]) -> dict[str, datetime]:
    """When each entry that records name, and that is there, was last used: written, or found by a run."""
    recorded: dict[str, datetime] = {}
    for name, use in records(entries).items():
        for token in use.tokens:
            recorded[token] = max(entries[name].modified, recorded.get(token, entries[name].modified))
    tokens = {name: short for name in entries if (short := token_of(name)) is not None}
    return {
        name: max(entries[name].modified, recorded.get(token, entries[name].modified)) for name, token in tokens.items()
    }


def spare_entries(
    entries: Mapping[str, StoredFile],
    in_use: InUse,
    now: datetime,
    before: datetime,
    kept: Collection[str] = (),
    *,
    has_addresses: bool = False,
) -> list[Spare]:
    """Return what can go, least recently used first.

    Args:
        entries: all of the store.
        in_use: what must stay, however old it is.
        now: with its time zone.
        before: only what was last used before that.
        kept: names that must stay, too.
        has_addresses: as :attr:`Store.has_addresses`: only such a store has models of pull requests, and temporary
            names. Elsewhere, files with these names are somebody else's.
    """
    spare = _spare(entries, in_use, now, before, has_addresses=has_addresses)
    return sorted(
        (spare for spare in spare if spare.file.name not in kept),
        key=lambda spare: (spare.last_use, spare.file.name),
    )


def _spare(
    entries: Mapping[str, StoredFile], in_use: InUse, now: datetime, before: datetime, *, has_addresses: bool
) -> Iterator[Spare]:
    used = last_uses(entries)
    open_pulls = {use.key for name in in_use.users if (use := Use.parse(name)) is not None and use.kind == "pull"}
    for name, file in entries.items():
        signatures = tuple(beside for beside in (name + SIGNATURE_SUFFIX,) if beside in entries)
        pull_request = pull_request_of(name) if has_addresses else None
        if name in used:
            if token_of(name) not in in_use.tokens and used[name] < before:
                yield Spare(file, used[name], signatures)
        elif pull_request is not None:
            if pull_request not in open_pulls and file.modified < before:
                yield Spare(file, file.modified, signatures)
        elif Use.parse(name) is not None:
            if name not in in_use.users and file.modified < before:
                yield Spare(file, file.modified)
        elif file.modified < now - GRACE and (
            _is_orphan(name, entries, has_addresses=has_addresses) or (has_addresses and _is_leftover(name))
        ):
            yield Spare(file, file.modified)


def _is_leftover(name: str) -> bool:
    """Whether it is of a replacement that was interrupted."""
    replaced = (replaced_by(name) or "").removesuffix(SIGNATURE_SUFFIX)
    is_part = token_of(replaced) is not None or pull_request_of(replaced) is not None
    return is_part or is_of_newest_model(replaced) or Use.parse(replaced) is not None


def _is_orphan(name: str, entries: Mapping[str, StoredFile], *, has_addresses: bool) -> bool:
    """Whether it is the signature of an entry that is gone."""
    base = name.removesuffix(SIGNATURE_SUFFIX)
    is_of_ours = token_of(base) is not None or (has_addresses and pull_request_of(base) is not None)
    return base != name and is_of_ours and base not in entries
