"""The files of releases, written so that two runs at once do no harm.

GitHub's lists lag behind its writes by seconds. So what a reply says (ids, sizes, digests) is used instead of a list
where there is a reply, and what exists without being listed yet is waited for.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from github import GithubException, UnknownObjectException
from github.GitRelease import GitRelease
from github.GitReleaseAsset import GitReleaseAsset
from github.Repository import Repository

from rebake.base.files import sha256
from rebake.errors import StorageError
from rebake.store.names import temporary_name
from rebake.store.retries import CorruptTransferError, NotListedError, ReplyError, Retries, is_taken, visible_soon
from rebake.store.transfer import Transfer

MAX_ASSET = 2 << 30  # bytes; GitHub takes files below that


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset as the API describes it; ``digest`` is "sha256:..." or, on older servers, None."""

    name: str
    url: str
    download_url: str
    size: int
    digest: str | None
    created: datetime
    handle: GitReleaseAsset

    def has_content(self, digest: str, size: int) -> bool:
        """Whether it is complete and has this SHA-256 (64 hex digits) and size, as far as the server says."""
        is_same = self.digest in (None, f"sha256:{digest}")
        return self.handle.state == "uploaded" and self.size == size and is_same


class Assets:
    """The files of the releases of one repository: list, download, upload."""

    def __init__(self, repository: Repository, transfer: Transfer, retries: Retries) -> None:
        self._repository = repository
        self._transfer = transfer
        self._retries = retries

    def assets(self, release: GitRelease) -> dict[str, Asset]:
        """The uploaded assets by name; what an aborted upload left behind does not count. Raises StorageError."""

        def look() -> dict[str, Asset]:
            with visible_soon():
                return {name: asset for name, asset in self._all(release).items() if asset.handle.state == "uploaded"}

        return self._retries(look, f"listing the assets of the release {release.tag_name}")

    def reload(self, asset: Asset) -> Asset:
        """What the API says of an asset now, by its id. Raises StorageError."""

        def look() -> Asset:
            with visible_soon():
                return asset_of(self._repository.get_release_asset(asset.handle.id))

        return self._retries(look, f"reading what is known of {asset.name}")

    def download(self, asset: Asset, path: Path) -> None:
        """Fetch an asset, its SHA-256 checked. Raises StorageError."""

        def fetch() -> None:
            self._transfer.download(asset.url, path, digest=asset.digest, size=asset.size)

        self._retries(fetch, f"downloading {asset.name}")

    def add(self, release: GitRelease, path: Path, name: str) -> Asset | None:
        """Upload a file under a name that says what is in it; one that is there already is as good.

        Returns:
            The asset; None where GitHub says that it is there, and does not show it for so long.

        Raises:
            StorageError: the API refuses, or cannot be reached.
        """
        _check_size(path, name)

        def send() -> Asset:
            try:
                return self._sent(release, path, name)
            except ReplyError as error:
                if not is_taken(error):
                    raise
            present = self._all(release).get(name)
            if present is None:
                raise NotListedError(f"{name} exists, and is not listed yet")
            if present.handle.state == "uploaded":
                return present
            _delete(present)  # an upload that was interrupted keeps the name taken
            raise CorruptTransferError(f"an earlier upload of {name} was interrupted")

        try:
            return self._retries(send, f"uploading {name}")
        except StorageError as error:
            if isinstance(error.__cause__, NotListedError):
                return None
            raise

    def put(self, release: GitRelease, path: Path, name: str, run: str) -> Asset:
        """Upload a file, in place of the asset of that name if there is one, which is missing only for a moment.

        Args:
            run: a word of this run alone, for the temporary name.

        Raises:
            StorageError: the API refuses, or cannot be reached.
        """
        _check_size(path, name)
        digest, size = sha256(path), path.stat().st_size
        temporary = temporary_name(run, name)

        def send() -> Asset:
            with visible_soon():
                there = self._all(release)
            present, spare = there.get(name), there.get(temporary)
            if present is not None and present.digest is not None and present.has_content(digest, size):
                _delete(spare)
                return present
            if present is None or present.handle.state != "uploaded":
                _delete(present)
                return self._sent_soon(release, path, name)
            if spare is None or not spare.has_content(digest, size):
                _delete(spare)
                spare = self._sent_soon(release, path, temporary)
            _delete(present)
            return _renamed(spare, name)

        return self._retries(send, f"uploading {name}")

    def delete(self, asset: Asset) -> None:
        """Delete an asset; one that is gone is as good. Raises StorageError."""
        self._retries(lambda: _delete(asset), f"deleting {asset.name}")

    def _all(self, release: GitRelease) -> Mapping[str, Asset]:
        return {asset.name: asset_of(asset) for asset in release.get_assets()}

    def _sent(self, release: GitRelease, path: Path, name: str) -> Asset:
        """Upload, and compare what GitHub says it received."""
        with visible_soon():
            reply = self._transfer.upload(release.upload_url, path, name)
        sent = asset_of(GitReleaseAsset(self._repository.requester, {}, reply, completed=True))
        if not sent.has_content(sha256(path), path.stat().st_size):
            _delete(sent)
            raise CorruptTransferError("GitHub received different bytes than were sent")
        return sent

    def _sent_soon(self, release: GitRelease, path: Path, name: str) -> Asset:
        try:
            return self._sent(release, path, name)
        except ReplyError as error:
            if is_taken(error):  # it is listed soon, and compared then
                raise NotListedError(f"{name} exists, and is not listed yet") from error
            raise


def asset_of(handle: GitReleaseAsset) -> Asset:
    """What the API says of an asset, as a value."""
    return Asset(
        name=handle.name,
        url=handle.url,
        download_url=handle.browser_download_url,
        size=handle.size,
        digest=handle.digest,
        created=handle.created_at,
        handle=handle,
    )


def _renamed(asset: Asset, name: str) -> Asset:
    try:
        with visible_soon():
            return asset_of(asset.handle.update_asset(name))
    except GithubException as error:
        if is_taken(error):  # another run was faster: its file is replaced in the next round
            raise CorruptTransferError(f"another run wrote {name} at the same time") from error
        raise


def _check_size(path: Path, name: str) -> None:
    size = path.stat().st_size
    if size >= MAX_ASSET:
        raise StorageError(
            f"{name} has {size / (1 << 30):.1f} GiB; GitHub takes release assets of less than {MAX_ASSET >> 30} GiB.",
            fix="Make the model smaller: layers, dimensions, or max_ngram of a CountVectorsFeaturizer.",
        )


def _delete(asset: Asset | None) -> None:
    with suppress(UnknownObjectException):
        if asset is not None:
            asset.handle.delete_asset()
