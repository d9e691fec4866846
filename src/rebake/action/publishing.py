"""What a run publishes: parts in the store, and the model on the release of a tag."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rebake.action.event import Event
from rebake.action.provenance import Build, StoreArchive, provenance, write_attestations
from rebake.action.run_plan import RunPlan
from rebake.action.services import Services
from rebake.action.settings import Settings
from rebake.action.tags import is_prerelease as is_prerelease_tag
from rebake.archive.manifest import Part, format_manifest
from rebake.archive.pack import MANIFEST_NAME
from rebake.base.files import sha256
from rebake.errors import StorageError
from rebake.report.model import Release, ReleaseAsset
from rebake.store.names import model_name, pull_request_model_name, sums_name
from rebake.store.publication import Publication, publish_model
from rebake.store.releases import NewRelease

if TYPE_CHECKING:
    from rebake.build.build import BuildResult


class Publisher:
    """Publishes the model of one run.

    Args:
        settings: the inputs.
        run_plan: what the run is for.
        event: that started it.
        services: the store and the releases.
    """

    def __init__(self, settings: Settings, run_plan: RunPlan, event: Event, services: Services) -> None:
        self._settings = settings
        self._run_plan = run_plan
        self._event = event
        self._services = services
        self._started = datetime.now(UTC)

    @property
    def manifest_name(self) -> str:
        """Of the newest model's manifest in the store."""
        return f"rebake{self._settings.slug}.json"

    @property
    def model_name(self) -> str | None:
        """The name of a tag's model; rebake names all others."""
        if self._run_plan.tag is None:
            return None
        return model_name(self._event.repository, self._settings.slug, self._run_plan.tag)

    def publish_parts(self, result: BuildResult, stored: Collection[Part], scratch: Path) -> None:
        """Parts first: what is named later (the newest model, a tag's model) is then complete.

        Args:
            result: of the training.
            stored: the parts that were found in the store; of these, new ones are replaced.
            scratch: for the manifest, which must stay until the store is finished.

        Raises:
            StorageError: the API refuses, or cannot be reached.
        """
        store = self._services.store
        for part, archive in result.single_parts.items():
            record = result.manifest.parts[part]
            is_known = part in stored and store.find(part, record.key) is not None
            store.publish_part(part, record.key, archive, replace=is_known)
        manifest = self._manifest(result, scratch)
        responses = result.manifest.parts.get("nlg")
        if responses is not None and "nlg" not in stored:
            store.publish_part("nlg", responses.fingerprint, manifest)
        if self._run_plan.is_newest:
            store.publish_manifest(manifest, self.manifest_name)
        store.finish()

    def offer(self, pull_request: int, model: Path, scratch: Path) -> str | None:
        """Keep the model of a pull request in the store, in place of its last one, for people to try it.

        No run takes anything from it. What reviewers download is signed like every entry, if the run has a key.

        Args:
            pull_request: its number.
            model: the archive.
            scratch: for a copy with the entry's name, and its signature; it must stay until the store is finished.

        Returns:
            Where it can be downloaded; None where the store gives no addresses, or takes nothing that is not signed.

        Raises:
            StorageError: the API refuses, or cannot be reached.
        """
        store, trust = self._services.store, self._services.store.trust
        if not store.has_addresses or (trust is not None and trust.signing_key is None):
            return None
        name = pull_request_model_name(pull_request, self._settings.slug)
        try:
            shutil.copyfile(model, scratch / name)
        except OSError as error:
            raise StorageError(f"The model cannot be copied ({error.strerror or error}).") from error
        store.publish(scratch / name, name)
        store.finish()
        return store.address(name)

    def release(
        self, tag: str, result: BuildResult, sources: Sequence[Path], scratch: Path
    ) -> tuple[Release, str, Path]:
        """Put the model on the release of a tag.

        Args:
            tag: of the release.
            result: of the training.
            sources: archives of the store that parts or components could be taken from.
            scratch: for the manifest.

        Returns:
            The release, the address of the model, and the file that says where the model is from.

        Raises:
            StorageError: the API refuses, or cannot be reached.
        """
        manifest = self._manifest(result, scratch)
        files = [(result.model, result.model.name), (manifest, self.manifest_name)]
        services = self._services
        statements = self._attest(result, files, sources)
        published = publish_model(
            services.releases,
            self._publication(tag),
            files,
            sums_name(self._settings.slug),
            services.run_word,
            [(path, path.name) for path in statements],
        )
        assets = tuple(
            ReleaseAsset(asset.name, asset.download_url, asset.size, asset.digest)
            for asset in published.assets.values()
        )
        address = published.assets[result.model.name].download_url
        return Release(published.id, published.url, assets), address, statements[0]

    def _attest(
        self, result: BuildResult, files: Sequence[tuple[Path, str]], sources: Sequence[Path]
    ) -> Sequence[Path]:
        """Write where the model is from; first the statement as it is, then, with a key, the signed one."""
        store = self._services.store
        build = Build(
            manifest=result.manifest,
            subjects={name: sha256(path) for path, name in files},
            commit=self._run_plan.commit,
            sources=[StoreArchive(path.name, sha256(path), store.address(path.name)) for path in sources],
            started=self._started,
            finished=datetime.now(UTC),
        )
        statement = provenance(self._settings, self._event, build)
        return write_attestations(statement, result.model, self._settings.signing_key)

    def _manifest(self, result: BuildResult, scratch: Path) -> Path:
        manifest = scratch / MANIFEST_NAME
        manifest.write_bytes(format_manifest(result.manifest).encode())
        return manifest

    def _publication(self, tag: str) -> Publication:
        settings = self._settings
        is_generated = settings.release_notes == "generated"
        is_prerelease = is_prerelease_tag(tag) if settings.prerelease is None else settings.prerelease
        return Publication(
            tag,
            NewRelease(
                title=settings.release_name or tag,
                text="" if is_generated else settings.release_notes,
                generate_notes=is_generated,
                prerelease=is_prerelease,
                commit=self._run_plan.commit,
            ),
            make_latest="legacy" if settings.make_latest is None else "true" if settings.make_latest else "false",
            keep_draft=settings.draft,
        )
