"""What a repository on GitHub uses of its store: the newest models, releases and open pull requests."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from github.GitRelease import GitRelease
from github.GitReleaseAsset import GitReleaseAsset

from rebake.archive.manifest import parse_manifest
from rebake.errors import AccessDeniedError, ModelError, StorageError
from rebake.store.assets import asset_of
from rebake.store.protocol import MAX_SMALL, Store, StoredFile, part_name
from rebake.store.pruning import InUse, Spare, is_manifest_name, spare_entries
from rebake.store.releases import Releases
from rebake.store.uses import Use, assistant_key, key_of, record_use, records, token_of

logger = logging.getLogger("rebake")


class GitHubUses:
    """Finds out what is in use.

    Args:
        store: whose entries it is about.
        releases: of the repository.
        tag: the store's own, whose releases are no releases of an assistant.
        now: with its time zone.
        to_record: whether what releases of earlier versions use is recorded, so that it is looked up only once.
    """

    def __init__(self, store: Store, releases: Releases, tag: str, now: datetime, *, to_record: bool = True) -> None:
        self._store = store
        self._releases = releases
        self._tag = tag
        self._now = now
        self._to_record = to_record

    def find(self) -> InUse:
        """Ask the store and GitHub. What cannot be known for lack of a permission counts as in use.

        Raises:
            StorageError: something could not be read, so nothing is known to be out of use.
        """
        entries = self._store.entries()
        tokens: set[str] = set()
        users: set[str] = set()
        with TemporaryDirectory(prefix="rebake-") as name:
            place = Path(name)
            for entry, file in entries.items():
                if is_manifest_name(entry):
                    _require_small(entry, file.size)
                    self._store.download(entry, place / "manifest")
                    tokens |= self._tokens(place / "manifest", entry)
            found = self._releases_with_models()
            tags = {key_of(release.tag_name) for release in found}
            pulls = self._open_pulls()
            known = records(entries)
            for record, use in known.items():
                is_open = use.kind == "pull" and (pulls is None or int(use.key) in pulls)
                if is_open or (use.kind == "tag" and use.key in tags):
                    tokens |= use.tokens
                    users.add(record)
            recorded = {(use.key, use.assistant) for use in known.values() if use.kind == "tag"}
            tokens |= self._unrecorded(found, recorded, entries, place)
        return InUse(frozenset(tokens), frozenset(users), frozenset(known))

    def _open_pulls(self) -> frozenset[int] | None:
        try:
            return self._releases.open_pull_requests()
        except AccessDeniedError:
            logger.info("The open pull requests cannot be listed, so those that use a part all count as open.")
            return None

    def _releases_with_models(self) -> list[GitRelease]:
        own = (self._tag, f"{self._tag}-")
        return [
            release
            for release in self._releases.all()
            if release.tag_name != own[0] and not release.tag_name.startswith(own[1])
            if any(is_manifest_name(asset.name) for asset in release.assets)
        ]

    def _unrecorded(
        self,
        found: list[GitRelease],
        recorded: set[tuple[str, str]],
        entries: Mapping[str, StoredFile],
        place: Path,
    ) -> set[str]:
        """What releases use that no record is of, since an earlier version made them; writes the records."""
        tokens: set[str] = set()
        for number, (release, manifest) in enumerate(_manifests(found)):
            if (key_of(release.tag_name), assistant_key(manifest.name)) in recorded:
                continue
            source = f"{manifest.name} of the release {release.tag_name}"
            _require_small(source, manifest.size)
            path = place / f"{number}.json"
            self._releases.download(asset_of(manifest), path)
            used = self._tokens(path, source)
            tokens |= used
            if not self._to_record:
                continue
            there = [name for name in entries if token_of(name) in used]
            use = Use.of("tag", release.tag_name, manifest.name, there)
            try:
                record_use(self._store, use, {"tag": release.tag_name}, place, self._now)
            except StorageError as error:  # the next run tries again
                logger.info("What the release %s uses could not be recorded: %s", release.tag_name, error)
        return tokens

    def _tokens(self, path: Path, source: str) -> set[str]:
        try:
            manifest = parse_manifest(path.read_bytes(), source)
        except ModelError as error:
            raise StorageError(f"What {source} uses is not known: {error.message}") from error
        names = [part_name(part, record.key) for part, record in manifest.parts.items()]
        return {token for name in names if (token := token_of(name)) is not None}


def _require_small(source: str, size: int) -> None:
    if size > MAX_SMALL:
        raise StorageError(f"What {source} uses is not known: it has {size} bytes, more than a manifest can have.")


def _manifests(found: list[GitRelease]) -> Iterator[tuple[GitRelease, GitReleaseAsset]]:
    for release in found:
        for asset in release.assets:
            if is_manifest_name(asset.name):
                yield release, asset


def find_spare(
    store: Store, uses: GitHubUses, now: datetime, before: datetime, kept: Collection[str] = ()
) -> list[Spare]:
    """Find what can go, by a list of entries that is as new as can be. Raises StorageError.

    Args:
        store: whose entries.
        uses: what must stay; it is asked only where something is old enough to go.
        now: with its time zone.
        before: only what was last used before that.
        kept: names of entries that must stay, too.
    """
    store.refresh()
    has_addresses = store.has_addresses
    if not spare_entries(store.entries(), InUse(), now, before, kept, has_addresses=has_addresses):
        return []
    in_use = uses.find()
    store.refresh()  # meanwhile another run may have found something, and recorded that it uses it
    late = {token for use in records(store.entries()).values() for token in use.tokens if use.name not in in_use.seen}
    in_use = replace(in_use, tokens=in_use.tokens | late)
    return spare_entries(store.entries(), in_use, now, before, kept, has_addresses=has_addresses)


def remove(store: Store, spare: Sequence[Spare]) -> None:
    """Delete entries, each before its signature: a signature without its entry is found later. Raises StorageError."""
    for each in spare:
        for name in (each.file.name, *each.others):
            store.delete(name)
