"""A tag's model on the tag's release: draft, upload, verify, publish.

Nothing is public before all of it is there. What breaks off leaves a draft, which the next run goes on with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from github.GitRelease import GitRelease

from rebake.base.files import sha256
from rebake.errors import ImmutableReleaseError, StorageError
from rebake.store.assets import Asset
from rebake.store.releases import MakeLatest, NewRelease, Releases, TagIsTakenError

ROUNDS = 3  # of publishing while another run does the same


@dataclass(frozen=True, slots=True)
class Publication:
    """How to publish.

    Attributes:
        tag: whose release it is.
        new: what the release is created with, where neither it nor a draft of it is there.
        make_latest: whether it becomes the latest release, once it is public.
        keep_draft: leave a draft as one, for a person or a later job to publish.
    """

    tag: str
    new: NewRelease
    make_latest: MakeLatest = "legacy"
    keep_draft: bool = False


@dataclass(frozen=True, slots=True)
class PublishedRelease:
    """A release with the files that were put on it."""

    id: int
    url: str
    assets: Mapping[str, Asset]


@dataclass(frozen=True, slots=True)
class _Upload:
    """A file to be on a release; ``is_of_run`` if every run writes it again, since it has the time of the run."""

    path: Path
    name: str
    digest: str
    is_of_run: bool = False

    @classmethod
    def of(cls, path: Path, name: str, *, is_of_run: bool = False) -> _Upload:
        return cls(path, name, sha256(path), is_of_run)

    def is_in(self, asset: Asset | None) -> bool:
        return asset is not None and asset.has_content(self.digest, self.path.stat().st_size)


def publish_model(
    releases: Releases,
    publication: Publication,
    files: Sequence[tuple[Path, str]],
    sums_name: str,
    run: str,
    attestations: Sequence[tuple[Path, str]] = (),
) -> PublishedRelease:
    """Put a model's files on the release of its tag, with a file of their checksums.

    The published release is used where there is one, else its draft, else a new draft. A release that is there keeps
    its name, its notes and its flags. A tag that is pushed with its release starts two runs, whose models may differ in
    their bytes: what lies there in the end is all of one run.

    Args:
        releases: of the repository.
        publication: which release, and how.
        files: path and asset name.
        attestations: likewise, of what is said about the files; an immutable release that has them keeps its own.
        sums_name: asset name of the checksums, in the form that ``sha256sum --check`` reads.
        run: a word of this run alone.

    Raises:
        StorageError: the API refuses, or cannot be reached; what is public stays as it is.
    """
    with TemporaryDirectory(prefix="rebake-") as directory:
        sums = Path(directory) / "SHA256SUMS"
        ours = {name: sha256(path) for path, name in (*files, *attestations)}
        sums.write_text("".join(f"{ours[name]}  {name}\n" for name in sorted(ours)), encoding="ascii")
        return publish_files(releases, publication, files, run, of_run=(*attestations, (sums, sums_name)))


def publish_files(
    releases: Releases,
    publication: Publication,
    files: Sequence[tuple[Path, str]],
    run: str,
    of_run: Sequence[tuple[Path, str]] = (),
) -> PublishedRelease:
    """Put files on a release, compare all of them with what the API says, then publish it. Raises StorageError.

    ``of_run`` are those that every run writes again; an immutable release keeps those of the run that published it.
    """
    wanted = [_Upload.of(path, name) for path, name in files]
    wanted += [_Upload.of(path, name, is_of_run=True) for path, name in of_run]
    tag = publication.tag
    release = releases.find(tag) or releases.find_draft(tag)
    is_ours = False
    if release is None:
        release, is_ours = releases.create_draft(tag, publication.new)
    for _ in range(ROUNDS):
        sent = _put(releases, release, wanted, run)
        there = _verified(releases, release, wanted, sent)
        if there is None:
            continue
        if release.draft and not publication.keep_draft:
            try:
                release = releases.publish(release, publication.make_latest)
            except TagIsTakenError:
                release, is_ours = _the_others(releases, release, is_ours), False
                continue
            there = _verified(releases, release, wanted, sent)
        if there is not None:
            return PublishedRelease(release.id, release.html_url, there)
    raise StorageError(
        f"Another run writes the files of the release {tag} at the same time.", fix="Run the job again later."
    )


def _put(releases: Releases, release: GitRelease, wanted: Sequence[_Upload], run: str) -> dict[str, Asset]:
    there = releases.assets(release) if release.immutable else {}
    kept = {file.name: there[file.name] for file in wanted if file.is_of_run and file.name in there}
    try:
        sent = {file.name: releases.put(release, file.path, file.name, run) for file in wanted if file.name not in kept}
        return {**sent, **kept}
    except ImmutableReleaseError as error:
        raise ImmutableReleaseError(
            f"The release {release.tag_name} is immutable and was published without these files.",
            fix=(
                "Push the tag without a release, or with a draft of it: the action uploads the files and publishes it. "
                "A release that is published already can only be replaced by one of another tag."
            ),
        ) from error


def _verified(
    releases: Releases, release: GitRelease, wanted: Sequence[_Upload], sent: Mapping[str, Asset]
) -> dict[str, Asset] | None:
    """What the API lists, if it is what was sent; what is not listed yet is asked for by its id."""
    listed = releases.assets(release)
    there = {file.name: listed.get(file.name) or releases.reload(sent[file.name]) for file in wanted}
    compared = [file for file in wanted if not (release.immutable and file.is_of_run)]
    return there if all(file.is_in(there[file.name]) for file in compared) else None


def _the_others(releases: Releases, draft: GitRelease, is_ours: bool) -> GitRelease:
    """The release that another run published under the tag meanwhile; our own draft is of no use any more."""
    other = releases.find_soon(draft.tag_name)
    if is_ours:
        releases.delete_draft(draft)
    return other
