"""One repository's releases and their assets, written so that two runs at once do no harm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from github import GithubException, UnknownObjectException
from github.GitRelease import GitRelease
from github.GitReleaseAsset import GitReleaseAsset
from github.Repository import Repository

from rebake.errors import StorageError
from rebake.store.retries import CorruptTransferError, ReplyError, Retries
from rebake.store.transfer import Transfer, sha256

MAX_ASSET = 2 << 30  # bytes; GitHub takes files below that
ROUNDS = 3  # of publishing a tag's model while another run does the same


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset as the API describes it."""

    name: str
    url: str
    size: int
    created: datetime
    handle: GitReleaseAsset


class Releases:
    """The releases of one repository: find, create, and put files on them so that two runs at once do no harm."""

    def __init__(self, repository: Repository, transfer: Transfer, retries: Retries) -> None:
        self._repository = repository
        self._transfer = transfer
        self._retries = retries

    def find(self, tag: str) -> GitRelease | None:
        """Find the published release of a tag. Raises StorageError."""

        def look() -> GitRelease | None:
            try:
                return self._repository.get_release(tag)
            except UnknownObjectException:
                return None

        return self._retries(look, f"looking for the release {tag}")

    def ensure(self, tag: str, *, title: str, text: str, prerelease: bool, make_latest: bool) -> GitRelease:
        """Return the release of a tag, created if it is missing, even while another run creates it.

        Raises:
            StorageError: the API refuses, or cannot be reached.
        """

        def look_and_create() -> GitRelease:
            try:
                return self._repository.get_release(tag)
            except UnknownObjectException:
                pass
            try:
                return self._repository.create_git_release(
                    tag, title, text, prerelease=prerelease, make_latest="legacy" if make_latest else "false"
                )
            except GithubException as error:
                if error.status == 422 and "already_exists" in str(error.data):
                    return self._repository.get_release(tag)
                raise

        return self._retries(look_and_create, f"creating the release {tag}")

    def assets(self, release: GitRelease) -> dict[str, Asset]:
        """The uploaded assets by name; what an aborted upload left behind does not count. Raises StorageError."""

        def look() -> dict[str, Asset]:
            return {asset.name: _value(asset) for asset in release.get_assets() if asset.state == "uploaded"}

        return self._retries(look, f"listing the assets of the release {release.tag_name}")

    def download(self, asset: Asset, path: Path) -> None:
        """Fetch an asset, its SHA-256 checked. Raises StorageError."""

        def fetch() -> None:
            self._transfer.download(asset.url, path, digest=asset.handle.digest, size=asset.size)

        self._retries(fetch, f"downloading {asset.name}")

    def add(self, release: GitRelease, path: Path, name: str) -> str:
        """Upload a file under a name that says what is in it; one that is there already is as good. Its URL.

        Raises:
            StorageError: the API refuses, or cannot be reached.
        """

        _check_size(path, name)

        def send() -> str:
            try:
                return str(self._transfer.upload(release.upload_url, path, name)["browser_download_url"])
            except ReplyError as error:
                if error.status != 422 or "already_exists" not in error.message:
                    raise
            present = self._named(release, name)
            if present is not None and present.state == "uploaded":
                return present.browser_download_url
            if present is not None:  # an upload that broke off keeps the name taken
                _delete(present)
            raise CorruptTransferError(f"an earlier upload of {name} broke off")

        return self._retries(send, f"uploading {name}")

    def replace(self, release: GitRelease, path: Path, name: str, run: str) -> str:
        """Upload a file in place of the asset of that name, which is missing only for a moment. Its URL.

        Args:
            run: a word of this run alone, for the temporary name.

        Raises:
            StorageError: the API refuses, or cannot be reached.
        """
        _check_size(path, name)
        digest = f"sha256:{sha256(path)}"
        temporary = f"upload-{run}-{name}"

        def swap() -> str:
            present = self._named(release, name)
            if present is not None and present.state == "uploaded" and present.digest == digest:
                self._discard(release, temporary)
                return present.browser_download_url
            if self._named(release, temporary) is None:
                self._transfer.upload(release.upload_url, path, temporary)
            fresh = self._named(release, temporary)
            if fresh is None or fresh.state != "uploaded":
                self._discard(release, temporary)
                raise CorruptTransferError(f"the upload of {name} broke off")
            if present is not None:
                _delete(present)
            try:
                return fresh.update_asset(name).browser_download_url
            except GithubException as error:
                if error.status == 422:  # another run was faster: its file is replaced in the next round
                    raise CorruptTransferError(f"another run wrote {name} at the same time") from error
                raise

        return self._retries(swap, f"replacing {name}")

    def delete(self, asset: Asset) -> None:
        """Delete an asset; one that is gone is as good. Raises StorageError."""
        self._retries(lambda: _delete(asset.handle), f"deleting {asset.name}")

    def _named(self, release: GitRelease, name: str) -> GitReleaseAsset | None:
        return next((asset for asset in release.get_assets() if asset.name == name), None)

    def _discard(self, release: GitRelease, name: str) -> None:
        asset = self._named(release, name)
        if asset is not None:
            _delete(asset)


def publish_model(
    releases: Releases, tag: str, files: Sequence[tuple[Path, str]], sums_name: str, run: str
) -> Mapping[str, str]:
    """Put a model's files on the release of its tag, with a file of their checksums; a re-run replaces them.

    A tag that is pushed with its release starts two runs, whose models may differ in their bytes: what lies there in
    the end is all of one run.

    Args:
        releases: of the repository.
        tag: the tag that the model is of.
        files: path and asset name.
        sums_name: asset name of the checksums, in the form that ``sha256sum --check`` reads.
        run: a word of this run alone.

    Returns:
        asset name -> URL.

    Raises:
        StorageError: the API refuses, or cannot be reached; what is there already stays.
    """
    release = releases.ensure(tag, title=tag, text="", prerelease=False, make_latest=True)
    with TemporaryDirectory(prefix="rebake-") as directory:
        sums = Path(directory) / "SHA256SUMS"
        ours = {name: sha256(path) for path, name in files}
        sums.write_text("".join(f"{ours[name]}  {name}\n" for name in sorted(ours)), encoding="ascii")
        wanted = {**ours, sums_name: sha256(sums)}
        for _ in range(ROUNDS):
            urls = {name: releases.replace(release, path, name, run) for path, name in (*files, (sums, sums_name))}
            there = releases.assets(release)
            if all(name in there and _holds(there[name], digest) for name, digest in wanted.items()):
                return urls
    raise StorageError(
        f"Another run writes the files of the release {tag} at the same time.", fix="Run the job again later."
    )


def _check_size(path: Path, name: str) -> None:
    size = path.stat().st_size
    if size >= MAX_ASSET:
        raise StorageError(
            f"{name} has {size / (1 << 30):.1f} GiB; GitHub takes release assets of less than {MAX_ASSET >> 30} GiB.",
            fix="Make the model smaller: layers, dimensions, or max_ngram of a CountVectorsFeaturizer.",
        )


def _holds(asset: Asset, digest: str) -> bool:
    """Whether it has this SHA-256, as far as the server says (older ones do not)."""
    return asset.handle.digest in (None, f"sha256:{digest}")


def _delete(asset: GitReleaseAsset) -> None:
    with suppress(UnknownObjectException):
        asset.delete_asset()


def _value(asset: GitReleaseAsset) -> Asset:
    return Asset(
        name=asset.name,
        url=asset.url,
        size=asset.size,
        created=asset.created_at,
        handle=asset,
    )
