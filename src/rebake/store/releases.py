"""One repository's releases and their assets, written so that two runs at once do no harm.

GitHub's lists lag behind its writes by seconds. So what a reply says (ids, sizes, digests) is used instead of a list
where there is a reply, and what exists without being listed yet is waited for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from github import GithubException, UnknownObjectException
from github.GitRelease import GitRelease
from github.GitReleaseAsset import GitReleaseAsset
from github.Repository import Repository

from rebake.errors import RateLimitError, StorageError
from rebake.store.retries import (
    LONGEST_WAIT,
    CorruptTransferError,
    NotListedError,
    NotYetVisibleError,
    ReplyError,
    Retries,
    is_taken,
)
from rebake.store.transfer import Transfer, sha256

MAX_ASSET = 2 << 30  # bytes; GitHub takes files below that

REQUESTS_OF_A_RUN = 50  # more than publishing, commenting and setting the status take

MakeLatest = Literal["true", "false", "legacy"]  # "legacy": GitHub decides by version and date


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


@dataclass(frozen=True, slots=True)
class NewRelease:
    """What a release is created with.

    Attributes:
        title, text: its name, and its notes.
        generate_notes: whether GitHub adds notes made of the merged pull requests.
        commit: that the tag is created on, should it be gone; "" leaves it to GitHub.
    """

    title: str
    text: str = ""
    generate_notes: bool = False
    prerelease: bool = False
    commit: str = ""


class TagIsTakenError(Exception):
    """The tag got a public release while its draft was filled."""


class Releases:
    """The releases of one repository: find, create, publish, and put files on them."""

    def __init__(self, repository: Repository, transfer: Transfer, retries: Retries) -> None:
        self._repository = repository
        self._transfer = transfer
        self._retries = retries

    def find(self, tag: str) -> GitRelease | None:
        """Find the published release of a tag. Raises StorageError."""

        def look() -> GitRelease | None:
            try:
                return self._published(tag)
            except UnknownObjectException:
                return None

        return self._retries(look, f"looking for the release {tag}")

    def find_soon(self, tag: str) -> GitRelease:
        """Return the published release of a tag, which is known to exist. Raises StorageError."""

        def look() -> GitRelease:
            with _visible_soon():
                return self._published(tag)

        return self._retries(look, f"looking for the release {tag}")

    def find_draft(self, tag: str) -> GitRelease | None:
        """Find the draft of a tag: a person's rather than a program's, the oldest of several. Raises StorageError."""
        return self._retries(lambda: self._draft_of(tag), f"looking for a draft of the release {tag}")

    def assets_below(self, prefix: str) -> dict[str, Asset]:
        """The assets of all published releases whose tags start with ``prefix``; of one name, that of the newest.

        Of what the list of releases says, without a request for each of them. Raises StorageError.
        """

        def look() -> dict[str, Asset]:
            found = [r for r in self._repository.get_releases() if r.tag_name.startswith(prefix) and not r.draft]
            found.sort(key=lambda release: (release.published_at or release.created_at, release.id))
            assets = [asset for release in found for asset in release.assets if asset.state == "uploaded"]
            return {asset.name: asset_of(asset) for asset in assets}

        return self._retries(look, "listing the releases")

    def require_budget(self) -> None:
        """Raise RateLimitError if GitHub would take too few requests for a publication, for longer than a run waits."""
        requester = self._repository.requester
        remaining, _limit = requester.rate_limiting
        wait = requester.rate_limiting_resettime - self._retries.clock()
        if 0 <= remaining < REQUESTS_OF_A_RUN and wait > LONGEST_WAIT:
            raise RateLimitError(
                f"GitHub takes only {remaining} more requests of this token in the next {wait / 60:.0f} minutes.",
                fix="Run the job again later.",
            )

    def ensure(self, tag: str, *, title: str, text: str) -> GitRelease:
        """Return the published release of a tag; if it is missing, create a prerelease that is never the latest one.

        Raises:
            StorageError: the API refuses, or cannot be reached.
        """

        def look_and_create() -> GitRelease:
            try:
                return self._published(tag)
            except UnknownObjectException:
                pass
            try:
                return self._repository.create_git_release(tag, title, text, prerelease=True, make_latest="false")
            except GithubException as error:
                if not is_taken(error):
                    raise
            with _visible_soon():  # another run was faster
                return self._published(tag)

        return self._retries(look_and_create, f"creating the release {tag}")

    def create_draft(self, tag: str, new: NewRelease) -> GitRelease:
        """Create the draft of a tag's release, unless there is one already. Raises StorageError."""

        def look_and_create() -> GitRelease:
            present = self._draft_of(tag)  # of an earlier try, whose answer was lost
            if present is not None:
                return present
            return self._repository.create_git_release(
                tag,
                new.title,
                new.text,
                draft=True,
                prerelease=new.prerelease,
                generate_release_notes=new.generate_notes,
                make_latest="false",  # of a draft, nothing else is taken; publishing decides
                **({"target_commitish": new.commit} if new.commit else {}),
            )

        return self._retries(look_and_create, f"creating a draft of the release {tag}")

    def publish(self, release: GitRelease, make_latest: MakeLatest) -> GitRelease:
        """Make a draft public; name, notes and prerelease flag stay as they are.

        Raises:
            TagIsTakenError: the tag has a public release by now.
            StorageError: the API refuses, or cannot be reached.
        """
        url = f"{self._repository.url}/releases/{release.id}"

        def send() -> GitRelease:
            requester = self._repository.requester
            with _visible_soon():
                headers, state = requester.requestJsonAndCheck("GET", url)
                if state["draft"]:
                    values = {"draft": False, "make_latest": "false" if state["prerelease"] else make_latest}
                    headers, state = requester.requestJsonAndCheck("PATCH", url, input=values)
            return GitRelease(requester, headers, state, completed=True)

        try:
            return self._retries(send, f"publishing the release {release.tag_name}")
        except StorageError as error:
            if isinstance(error.__cause__, GithubException) and is_taken(error.__cause__):
                raise TagIsTakenError from error
            raise

    def delete_draft(self, release: GitRelease) -> None:
        """Delete a draft; one that is gone is as good. Raises StorageError."""

        def send() -> None:
            with suppress(UnknownObjectException):
                release.delete_release()

        self._retries(send, f"deleting a draft of the release {release.tag_name}")

    def assets(self, release: GitRelease) -> dict[str, Asset]:
        """The uploaded assets by name; what an aborted upload left behind does not count. Raises StorageError."""

        def look() -> dict[str, Asset]:
            with _visible_soon():
                return {name: asset for name, asset in self._all(release).items() if asset.handle.state == "uploaded"}

        return self._retries(look, f"listing the assets of the release {release.tag_name}")

    def reload(self, asset: Asset) -> Asset:
        """What the API says of an asset now, by its id. Raises StorageError."""

        def look() -> Asset:
            with _visible_soon():
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
            _delete(present)  # an upload that broke off keeps the name taken
            raise CorruptTransferError(f"an earlier upload of {name} broke off")

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
        temporary = f"upload-{run}-{name}"

        def send() -> Asset:
            with _visible_soon():
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

    def _published(self, tag: str) -> GitRelease:
        release = self._repository.get_release(tag)
        if not isinstance(release.raw_data.get("id"), int):
            raise TypeError(f"{tag} is no release")  # a page of a proxy, say
        return release

    def _draft_of(self, tag: str) -> GitRelease | None:
        drafts = [release for release in self._repository.get_releases() if release.draft and release.tag_name == tag]
        return min(drafts, key=lambda draft: (_is_of_a_program(draft), draft.id), default=None)

    def _all(self, release: GitRelease) -> Mapping[str, Asset]:
        return {asset.name: asset_of(asset) for asset in release.get_assets()}

    def _sent(self, release: GitRelease, path: Path, name: str) -> Asset:
        """Upload, and compare what GitHub says it received."""
        with _visible_soon():
            reply = self._transfer.upload(release.upload_url, path, name)
        sent = asset_of(GitReleaseAsset(self._repository.requester, {}, reply, completed=True))
        if not sent.has_content(sha256(path), path.stat().st_size):
            _delete(sent)
            raise CorruptTransferError("GitHub received other bytes than were sent")
        return sent

    def _sent_soon(self, release: GitRelease, path: Path, name: str) -> Asset:
        try:
            return self._sent(release, path, name)
        except ReplyError as error:
            if is_taken(error):  # it is listed soon, and compared then
                raise NotListedError(f"{name} exists, and is not listed yet") from error
            raise


@contextmanager
def _visible_soon() -> Iterator[None]:
    """A 404 for what we hold the id of means that it is not visible yet: worth another try."""
    try:
        yield
    except (GithubException, ReplyError) as error:
        if error.status == 404:
            raise NotYetVisibleError("404 Not Found") from error
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


def _is_of_a_program(release: GitRelease) -> bool:
    return release.author is None or release.author.type == "Bot"


def _renamed(asset: Asset, name: str) -> Asset:
    try:
        with _visible_soon():
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
