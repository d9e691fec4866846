"""GitHub releases as the memory of a repository: parts under their fingerprints, and the models of its tags.

One prerelease keeps the entries of the store as its assets. A tag's own release gets the whole model, its manifest and
the checksums of both.

Where a repository has immutable releases, the prerelease takes no files once it is published. Then each run publishes
what it trained as one more prerelease, whose tag starts with that of the store, and all of them together are the store.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from rebake.errors import ImmutableReleaseError, StorageError
from rebake.store.assets import Asset
from rebake.store.github_uses import GitHubUses, remove
from rebake.store.protocol import Store, StoredFile
from rebake.store.pruning import spare_entries
from rebake.store.publication import Publication, publish_files
from rebake.store.releases import NewRelease, Releases

logger = logging.getLogger("rebake")

PRUNE_AT = 960  # assets; GitHub's limit for one release is 1000
PRUNE_TO = 900

TITLE = "Parts of the assistant's models"
TEXT = (
    "Kept by rebake: every trained part of the model under its fingerprint, and what its tests found, so that nothing "
    "is trained or tested twice. Deleting a file is safe; a part is trained again when it is needed."
)


class ReleaseStore(Store):
    """The parts of one repository, in one prerelease, whose list of assets is read once."""

    def __init__(self, releases: Releases, tag: str, run: str) -> None:
        super().__init__()
        self._releases = releases
        self._run = run
        self._known: dict[str, Asset] | None = None
        self._unread: StorageError | None = None
        self._batch: dict[str, Path] | None = None
        self._batches = 0
        self._is_immutable = False
        self._is_pruning = False
        self.tag = tag

    def entries(self) -> Mapping[str, StoredFile]:
        """As :meth:`Store.entries`."""
        return {name: _file(asset) for name, asset in self._assets().items()}

    def refresh(self) -> None:
        """As :meth:`Store.refresh`."""
        super().refresh()
        self._known = self._unread = None

    def look_up(self, name: str) -> StoredFile | None:
        """As :meth:`Store.look_up`."""
        asset = self._assets().get(name)
        return _file(asset) if asset is not None else None

    def download(self, name: str, path: Path) -> None:
        """As :meth:`Store.download`."""
        asset = self._assets().get(name)
        if asset is None:
            raise StorageError(f"{self.where(name)} does not exist.")
        self._releases.download(asset, path)

    def upload(self, path: Path, name: str, *, replace: bool) -> None:
        """As :meth:`Store.upload`."""
        self._make_room()
        if self._batch is None:
            try:
                release = self._releases.ensure(self.tag, title=TITLE, text=TEXT)
                if not release.immutable:
                    sent: Asset | None
                    if replace:
                        sent = self._releases.put(release, path, name, self._run)
                    else:
                        sent = self._releases.add(release, path, name)
                    if self._known is not None and sent is not None:
                        self._known[name] = sent
                    return
            except ImmutableReleaseError:
                pass
            self._batch = {}
        self._batch[name] = path

    def delete(self, name: str) -> None:
        """As :meth:`Store.delete`."""
        asset = self._assets().get(name)
        if asset is not None:
            self._releases.delete(asset)
            del self._assets()[name]

    def close(self) -> None:
        """As :meth:`Store.close`. Connections stay open; they have no threads."""

    @property
    def label(self) -> str:
        """As :attr:`Store.label`."""
        return self.tag

    def where(self, name: str) -> str:
        """As :meth:`Store.where`."""
        return f"The asset {name} of the release {self.tag}"

    @property
    def refuses_deletion(self) -> str:
        """As :attr:`Store.refuses_deletion`: releases can be immutable. Raises StorageError."""
        self._assets()
        is_immutable = self._is_immutable or self._batch is not None
        return "the releases of this repository are immutable" if is_immutable else ""

    @property
    def deletion_hint(self) -> str:
        """As :attr:`Store.deletion_hint`."""
        return f"Delete prereleases whose tags start with {self.tag}- as a whole: old ones first."

    @property
    def releases(self) -> Releases:
        """The releases of the repository."""
        return self._releases

    @property
    def has_addresses(self) -> bool:
        """As :attr:`Store.has_addresses`: not if each run's files need a release of their own."""
        return not self.refuses_deletion

    def address(self, name: str) -> str | None:
        """As :meth:`Store.address`."""
        asset = (self._known or {}).get(name)
        return asset.download_url if asset is not None else None

    def finish(self) -> None:
        """Publish what a release of its own is needed for, if anything; the files must still be there.

        It may be called several times, for what came since the last one.

        Raises:
            StorageError: the API refuses, or cannot be reached.
        """
        if self._batch:
            new = NewRelease(TITLE, TEXT, prerelease=True)
            self._batches += 1
            suffix = f"-{self._batches}" if self._batches > 1 else ""
            publication = Publication(f"{self.tag}-{self._run}{suffix}", new, make_latest="false")
            publish_files(self._releases, publication, [(path, name) for name, path in self._batch.items()], self._run)
            self._batch = {}

    def _assets(self) -> dict[str, Asset]:
        if self._unread is not None:  # once is enough: each try takes its time
            raise self._unread
        if self._known is None:
            try:
                release = self._releases.find(self.tag)
                known = self._releases.assets(release) if release is not None else {}
                self._is_immutable = release is not None and release.immutable
                if release is None or release.immutable:  # the list is refused where nothing may be read
                    known |= self._releases.assets_below(f"{self.tag}-")
                self._known = known
            except StorageError as error:
                self._unread = error
                raise
        return self._known

    def _make_room(self) -> None:
        """A release takes 1000 assets. Before it is full, what was not used for the longest time goes.

        What the newest models, releases, open pull requests and this run use stays: an old part is not an unused one,
        as NLU may be the same as a year ago.
        """
        assets = self._known or {}
        if len(assets) < PRUNE_AT or self._is_pruning:
            return
        self._is_pruning = True
        try:
            now = datetime.now(UTC)
            in_use = GitHubUses(self, self._releases, self.tag, now).find()
            spare = spare_entries(self.entries(), in_use, now, now, self.used, has_addresses=True)
            remove(self, spare[: len(assets) - PRUNE_TO])
        except StorageError as error:  # there is room for some more; and if not, GitHub says so
            logger.warning("The release %s is nearly full, and could not be pruned: %s", self.tag, error)
        else:
            logger.info("The release %s was nearly full: what was not used for the longest time was deleted.", self.tag)
        finally:
            self._is_pruning = False


def _file(asset: Asset) -> StoredFile:
    digest = (asset.digest or "").removeprefix("sha256:") or None
    return StoredFile(asset.name, asset.size, asset.created, digest)
