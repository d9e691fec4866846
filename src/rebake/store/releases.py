"""One repository's releases: find, create and publish them, even while another run does the same."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from github import GithubException, UnknownObjectException
from github.GitRelease import GitRelease

from rebake.errors import RateLimitError, StorageError
from rebake.store.assets import Asset, Assets, asset_of
from rebake.store.retries import LONGEST_WAIT, is_taken, visible_soon

REQUESTS_OF_A_RUN = 50  # more than publishing, commenting and setting the status take

MakeLatest = Literal["true", "false", "legacy"]  # "legacy": GitHub decides by version and date


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


class Releases(Assets):
    """The releases of one repository, and their files."""

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
            with visible_soon():
                return self._published(tag)

        return self._retries(look, f"looking for the release {tag}")

    def find_draft(self, tag: str) -> GitRelease | None:
        """Find the draft of a tag: a person's rather than a program's, the oldest of several. Raises StorageError."""
        return self._retries(lambda: self._draft_of(tag), f"looking for a draft of the release {tag}")

    def all(self) -> list[GitRelease]:
        """All releases, with their assets. Raises StorageError."""
        return self._retries(lambda: list(self._repository.get_releases()), "listing the releases")

    def open_pull_requests(self) -> frozenset[int]:
        """The numbers of the open pull requests. Raises StorageError."""

        def look() -> frozenset[int]:
            return frozenset(pull.number for pull in self._repository.get_pulls(state="open"))

        return self._retries(look, "listing the open pull requests")

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
            with visible_soon():  # another run was faster
                return self._published(tag)

        return self._retries(look_and_create, f"creating the release {tag}")

    def create_draft(self, tag: str, new: NewRelease) -> tuple[GitRelease, bool]:
        """Create the draft of a tag's release, unless there is one already.

        Returns:
            the draft, and whether it is new: of two runs that create one at once, both use the older.

        Raises:
            StorageError: the API refuses, or cannot be reached.
        """

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

        draft = self._retries(look_and_create, f"creating a draft of the release {tag}")
        other = self.find_draft(tag)
        if other is None or other.id == draft.id:
            return draft, True
        self.delete_draft(draft)
        return other, False

    def publish(self, release: GitRelease, make_latest: MakeLatest) -> GitRelease:
        """Make a draft public; name, notes and prerelease flag stay as they are.

        Raises:
            TagIsTakenError: the tag has a public release by now.
            StorageError: the API refuses, or cannot be reached.
        """
        url = f"{self._repository.url}/releases/{release.id}"

        def send() -> GitRelease:
            requester = self._repository.requester
            with visible_soon():
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

    def _published(self, tag: str) -> GitRelease:
        release = self._repository.get_release(tag)
        if not isinstance(release.raw_data.get("id"), int):
            raise TypeError(f"{tag} is no release")  # a page of a proxy, say
        return release

    def _draft_of(self, tag: str) -> GitRelease | None:
        drafts = [release for release in self._repository.get_releases() if release.draft and release.tag_name == tag]
        return min(drafts, key=lambda draft: (_is_of_a_program(draft), draft.id), default=None)


def _is_of_a_program(release: GitRelease) -> bool:
    return release.author is None or release.author.type == "Bot"
