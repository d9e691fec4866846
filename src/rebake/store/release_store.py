"""GitHub releases as the memory of a repository: parts under their fingerprints, and the models of its tags.

One prerelease keeps every trained part as an ordinary single-part model archive named after its fingerprint, so that
any later run finds it whatever branch trained it. The manifest of the newest model lies beside them; it only serves to
explain what changed. A tag's own release gets the whole model, its manifest and the checksums of both.

Where a repository has immutable releases, the prerelease takes no files once it is published. Then each run publishes
what it trained as one more prerelease, whose tag starts with that of the store, and all of them together are the store.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rebake.archive.integrity import describe, inspect_model
from rebake.archive.manifest import Manifest, Part, read_manifest
from rebake.errors import ImmutableReleaseError, ModelError, StorageError
from rebake.store.assets import Asset
from rebake.store.publication import Publication, publish_files
from rebake.store.releases import NewRelease, Releases

logger = logging.getLogger("rebake")

PRUNE_AT = 960  # assets; GitHub's limit for one release is 1000. Above it, the oldest parts go
PRUNE_TO = 900

TITLE = "Parts of the assistant's models"
TEXT = (
    "Kept by rebake: every trained part of the model under its fingerprint, so that nothing is trained twice. "
    "Deleting a part is safe; it is trained again when it is needed."
)

# A part; or what an aborted run left of a replacement.
_SPARE_NAME = re.compile(r"(?:nlu|core|nlg)-[0-9a-f]{64}\.(?:tar\.gz|json)|upload-.+")


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part in the store: asset name and size in bytes, enough to name it in a report."""

    part: Part
    fingerprint: str
    name: str
    size: int


def part_name(part: Part, fingerprint: str) -> str:
    """The asset name of a part: an archive, or for responses (which need no training) the manifest of their model."""
    return f"{part}-{fingerprint}.{'json' if part == 'nlg' else 'tar.gz'}"


class ReleaseStore:
    """The parts of one repository, in one prerelease, whose list of assets is read once."""

    def __init__(self, releases: Releases, tag: str, run: str) -> None:
        self._releases = releases
        self._run = run
        self._known: dict[str, Asset] | None = None
        self._unread: StorageError | None = None
        self._needed: set[str] = set()
        self._batch: dict[str, Path] | None = None
        self.tag = tag

    def find(self, part: Part, fingerprint: str) -> StoredPart | None:
        """Find the part with this fingerprint, None where nobody ever published it. Raises StorageError."""
        name = part_name(part, fingerprint)
        self._needed.add(name)
        asset = self._assets().get(name)
        return StoredPart(part, fingerprint, name, asset.size) if asset is not None else None

    def fetch(self, stored: StoredPart, directory: Path) -> Path:
        """Download a part's archive; it must be what its name says.

        Raises:
            StorageError: the download failed.
            ModelError: it is not the archive of that part with that fingerprint, or it has damaged files.
        """
        path = directory / stored.name
        self._releases.download(self._assets()[stored.name], path)
        try:
            self._check(stored, path)
        except ModelError:
            path.unlink(missing_ok=True)
            raise
        return path

    def _check(self, stored: StoredPart, path: Path) -> None:
        asset = f"The asset {stored.name} of the release {self.tag}"
        found = inspect_model(path)
        record = found.manifest.parts.get(stored.part) if found.manifest is not None else None
        if record is None or record.fingerprint != stored.fingerprint:
            raise ModelError(f"{asset} does not contain what its name says.")
        damages = describe(found.of_part(stored.part))
        if damages:
            raise ModelError(f"{asset} is damaged: {'; '.join(damages)}.")

    def newest_manifest(self, name: str) -> Manifest | None:
        """Return the manifest of the newest model; None where none was published.

        Raises:
            StorageError: the download failed.
            ModelError: the file is broken.
        """
        asset = self._assets().get(name)
        if asset is None:
            return None
        with TemporaryDirectory(prefix="rebake-") as directory:
            (Path(directory) / "newest").mkdir()
            path = Path(directory) / "newest" / "rebake.json"
            self._releases.download(asset, path)
            manifest = read_manifest(path.parent)
        for part, record in manifest.parts.items() if manifest is not None else ():
            self._needed.add(part_name(part, record.fingerprint))
        return manifest

    def publish_part(self, part: Part, fingerprint: str, path: Path, *, replace: bool = False) -> None:
        """Keep a part for good: its archive (for responses, their model's manifest).

        Raises:
            StorageError: the API refuses, or cannot be reached.
        """
        self._prune()
        self._publish(path, part_name(part, fingerprint), replace=replace)

    def publish_manifest(self, path: Path, name: str) -> None:
        """Publish the manifest from which later runs explain what changed. Raises StorageError."""
        self._publish(path, name, replace=True)

    def finish(self) -> None:
        """Publish what a release of its own is needed for, if anything; the files must still be there.

        Raises:
            StorageError: the API refuses, or cannot be reached.
        """
        if self._batch:
            new = NewRelease(TITLE, TEXT, prerelease=True)
            publication = Publication(f"{self.tag}-{self._run}", new, make_latest="false")
            publish_files(self._releases, publication, [(path, name) for name, path in self._batch.items()], self._run)
            self._batch = {}

    def _publish(self, path: Path, name: str, *, replace: bool) -> None:
        if self._batch is None:
            try:
                release = self._releases.ensure(self.tag, title=TITLE, text=TEXT)
                if not release.immutable:
                    if replace:
                        self._releases.put(release, path, name, self._run)
                    else:
                        self._releases.add(release, path, name)
                    return
            except ImmutableReleaseError:
                pass
            self._batch = {}
        self._batch[name] = path

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
        spare = sorted((part.created, part.name) for part in parts if part.name not in self._needed)
        for asset in [assets[name] for _, name in spare[: len(assets) - PRUNE_TO]]:
            self._releases.delete(asset)
            del assets[asset.name]
        logger.info("The release %s was nearly full: the oldest parts were deleted.", self.tag)
