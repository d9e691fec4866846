"""GitHub releases as the memory of a repository: parts under their fingerprints, and the models of its tags.

One prerelease keeps the entries of the store as its assets. A tag's own release gets the whole model, its manifest and
the checksums of both.

Where a repository has immutable releases, the prerelease takes no files once it is published. Then each run publishes
what it trained as one more prerelease, whose tag starts with that of the store, and all of them together are the store.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path

from rebake.errors import ImmutableReleaseError, StorageError
from rebake.store.assets import Asset
from rebake.store.protocol import Store, StoredFile
from rebake.store.publication import Publication, publish_files
from rebake.store.releases import NewRelease, Releases

logger = logging.getLogger("rebake")

PRUNE_AT = 960  # assets; GitHub's limit for one release is 1000. Above it, the oldest parts go
PRUNE_TO = 900

TITLE = "Parts of the assistant's models"
TEXT = (
    "Kept by rebake: every trained part of the model under its fingerprint, and what its tests found, so that nothing "
    "is trained or tested twice. Deleting a file is safe; a part is trained again when it is needed."
)

# A part or an evaluation; or what an aborted run left of a replacement.
_SPARE_NAME = re.compile(r"(?:nlu|core|nlg|evaluation)-[0-9a-f]{64}\.(?:tar\.gz|json|json\.gz)|upload-.+")


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
        self._prune()
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

    def where(self, name: str) -> str:
        """As :meth:`Store.where`."""
        return f"The asset {name} of the release {self.tag}"

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
                if release is None or release.immutable:  # the list is refused where nothing may be read
                    known |= self._releases.assets_below(f"{self.tag}-")
                self._known = known
            except StorageError as error:
                self._unread = error
                raise
        return self._known

    def _prune(self) -> None:
        """Make room: a release takes 1000 assets. The oldest parts go first.

        Parts of the newest model and of this run's model are kept: an old part is not an unused one, as NLU may be the
        same as a year ago.
        """
        assets = self._known or {}
        if len(assets) < PRUNE_AT:
            return
        parts = [asset for asset in assets.values() if _SPARE_NAME.fullmatch(asset.name)]
        spare = sorted((part.created, part.name) for part in parts if part.name not in self.used)
        for asset in [assets[name] for _, name in spare[: len(assets) - PRUNE_TO]]:
            self._releases.delete(asset)
            del assets[asset.name]
        logger.info("The release %s was nearly full: the oldest parts were deleted.", self.tag)


def _file(asset: Asset) -> StoredFile:
    digest = (asset.digest or "").removeprefix("sha256:") or None
    return StoredFile(asset.name, asset.size, asset.created, digest)
