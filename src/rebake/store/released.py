"""The model on the release of a tag: found by its name, downloaded, and verified before it has that name here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rebake.archive.integrity import describe, inspect_model
from rebake.archive.pack import SUFFIX
from rebake.base.files import sha256
from rebake.base.visible import one_line
from rebake.errors import ModelError, StorageError
from rebake.store.assets import Asset
from rebake.store.envelope import MAX_SIZE
from rebake.store.keys import PublicKey
from rebake.store.names import model_name, sums_name
from rebake.store.releases import Releases
from rebake.store.verification import signed_provenance_name, verify_model

_SUM = re.compile(r"([0-9a-f]{64}) [ *](\S+)")


@dataclass(frozen=True)
class ReleasedModel:
    """A model on a release.

    Attributes:
        tag: of the release.
        repository: "owner/name".
        asset: the archive.
        digest: its SHA-256 by the release's checksums, 64 hex digits.
        provenance: what is signed about it; None where nothing is.
    """

    tag: str
    repository: str
    asset: Asset
    digest: str
    provenance: Asset | None

    @property
    def name(self) -> str:
        """The file name of the archive."""
        return self.asset.name


def find_released(releases: Releases, repository: str, tag: str, slug: str, scratch: Path) -> ReleasedModel | None:
    """Find the model of an assistant on the published release of a tag; None where there is no such release.

    Args:
        releases: of the repository.
        repository: "owner/name".
        tag: of the release.
        slug: of the assistant, as :func:`rebake.store.names.asset_slug` makes it.
        scratch: a directory for the checksums.

    Raises:
        StorageError: the API refuses or cannot be reached, or the release has no model of this assistant.
        ModelError: the checksums do not name the model.
    """
    release = releases.find(tag)
    if release is None:
        return None
    assets = releases.assets(release)
    model = _named(assets, model_name(repository, slug, tag) + SUFFIX)
    sums = assets.get(sums_name(slug))
    if model is None or sums is None:
        wanted = f"{model_name(repository, slug, tag)}{SUFFIX}" if model is None else sums_name(slug)
        there = one_line(", ".join(sorted(name for name in assets if name.endswith(SUFFIX))) or "none")
        raise StorageError(
            f"The release {tag} of {repository} has no file {wanted}. Its models: {there}.",
            fix="Name the assistant with --name if it is another one.",
        )
    digests = _digests(releases, sums, scratch)
    if model.name not in digests:
        raise ModelError(f"{sums.name} of the release {tag} does not name {model.name}.")
    provenance = assets.get(signed_provenance_name(model.name))
    return ReleasedModel(tag, repository, model, digests[model.name], provenance)


def download_released(
    releases: Releases, model: ReleasedModel, directory: Path, keys: Sequence[PublicKey], scratch: Path
) -> tuple[Path, bool, str]:
    """Have a released model in a directory, verified; one that is there already is not downloaded again.

    Args:
        releases: of the repository.
        model: what was found there.
        directory: of models.
        keys: that must have signed where the model is from; none = its checksum is compared alone.
        scratch: a directory on the same file system, for what is not verified yet.

    Returns:
        the archive, whether it is new, and with keys where it is from, in words.

    Raises:
        StorageError: the API refuses or cannot be reached; or another file has the model's name.
        ModelError: the model is not the one of the checksums, not whole, or not signed.
    """
    target = directory / model.name
    is_new = not (target.exists() or target.is_symlink())
    if is_new:
        path = scratch / model.name
        releases.download(model.asset, path)
    else:
        path = target
    if not path.is_file() or sha256(path) != model.digest:
        if not is_new:
            raise StorageError(
                f"{target} exists, and is not the model of the release {model.tag}.",
                fix="Move it away, or name another directory with --out.",
            )
        raise ModelError(f"{model.name} does not match the checksums of the release {model.tag}.")
    origin = _verified(releases, model, path, keys, scratch) if keys else ""
    damages = describe(inspect_model(path).damages)
    if damages:
        raise ModelError(f"{model.name} of the release {model.tag} is damaged: {'; '.join(damages)}.")
    if is_new:
        path.rename(target)
    else:
        target.touch()  # the newest model of a directory is the one that is served
    return target, is_new, origin


def _verified(releases: Releases, model: ReleasedModel, path: Path, keys: Sequence[PublicKey], scratch: Path) -> str:
    if model.provenance is None or model.provenance.size > MAX_SIZE:
        raise ModelError(f"{model.name} is not trusted: the release {model.tag} has no signed provenance of it.")
    provenance = scratch / model.provenance.name
    releases.download(model.provenance, provenance)
    return verify_model(path, keys, model.repository, tag=model.tag, provenance=provenance)


def _named(assets: Mapping[str, Asset], name: str) -> Asset | None:
    """The asset of this name; a person may write the repository's in capitals, or not."""
    alike = (asset for asset in assets.values() if asset.name.lower() == name.lower())
    return assets.get(name) or next(alike, None)


def _digests(releases: Releases, sums: Asset, scratch: Path) -> dict[str, str]:
    """File name -> SHA-256, as sha256sum writes them."""
    if sums.size > MAX_SIZE:
        raise ModelError(f"{sums.name} has {sums.size} bytes, more than such a file can have.")
    path = scratch / sums.name
    releases.download(sums, path)
    found = map(_SUM.fullmatch, path.read_text(encoding="ascii", errors="replace").splitlines())
    return {line[2]: line[1] for line in found if line is not None}
