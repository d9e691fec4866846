"""One run of the action: verdict, fetch, train, publish, announce. The services that it uses are passed in."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rebake.action.announce import Announcement, fails_check
from rebake.action.cancellation import CancelledError
from rebake.action.event import Event
from rebake.action.names import earlier_slug
from rebake.action.run_plan import RunPlan
from rebake.action.services import Services
from rebake.action.settings import DEFAULTS, Settings
from rebake.action.since_base import differences_since_base, links
from rebake.action.tags import is_prerelease as is_prerelease_tag
from rebake.action.verdict import StoreVerdict, newest_published, verdict_of_store
from rebake.archive.manifest import Part, format_manifest
from rebake.archive.pack import MANIFEST_NAME
from rebake.assistant.importer import imported_roots, load_assistant
from rebake.assistant.model import Assistant
from rebake.base.confinement import confined_to, require_inside
from rebake.base.location import Location, Notice
from rebake.base.notices import Notices
from rebake.build.build import BuildResult, build
from rebake.build.plan import Plan, make_plan
from rebake.build.request import Request
from rebake.errors import AccessDeniedError, DataError, ModelError, RateLimitError, RebakeError, StorageError
from rebake.report.model import PART_NAMES, Differences, Failure, Release, ReleaseAsset, Report, with_origins
from rebake.report.redaction import Redaction
from rebake.staleness.git.changes import find_changes
from rebake.staleness.git.checkout import require_commit, require_committed
from rebake.staleness.verdict import CODES
from rebake.store.publication import Publication, publish_model
from rebake.store.releases import NewRelease

logger = logging.getLogger("rebake")

TRAINED_PARTS: tuple[Part, ...] = ("core", "nlu")
DEFAULT_DOMAIN = DEFAULTS["domain"]


class Run:
    """One run; ``report`` grows with it, so that a failure reports what was reached."""

    def __init__(self, settings: Settings, event: Event, run_plan: RunPlan, services: Services) -> None:
        self._settings = settings
        self._event = event
        self._run_plan = run_plan
        self._services = services
        self._started = services.clock()
        redaction = Redaction.of(os.environ.get(name, "") for name in settings.env)
        self._announcement = Announcement(settings, event, run_plan, services, redaction)
        self.report = Report(
            mode=settings.mode,
            notices=tuple(Notice(note) for note in run_plan.notes),
            commit=run_plan.commit,
            run_url=event.run_url,
            name=settings.name,
        )

    def execute(self) -> int:
        """Run all steps. Returns 0, the verdict's code if a check is to fail, or 64 and more for an error."""
        try:
            with confined_to(self._event.workspace):
                self._work()
        except CancelledError:
            self._failed(self._cancelled())
        except RebakeError as error:
            self._failed(Failure.of(error))
        except Exception as error:
            logger.exception("internal error")
            self._failed(
                Failure(
                    f"Internal error: {type(error).__name__}: {error}",
                    fix="Please report it with the traceback in the log.",
                )
            )
        if self._services.cancellation.signal is not None:  # whatever became of the exception on its way
            self._failed(self._cancelled())
        self.report = replace(self.report, seconds=self._services.clock() - self._started)
        try:
            self.report = self._announcement.announce(self.report)
        except CancelledError:
            self._failed(self._cancelled())
            self.report = self._announcement.announce(self.report)
        if self.report.failure is not None:
            return self.report.failure.exit_code
        return self.report.code if fails_check(self._settings, self.report) else 0

    def _cancelled(self) -> Failure:
        fix = "Run the job again; what it had published by then is complete, and stays."
        return Failure("The job was cancelled.", None, fix, self._services.cancellation.exit_code, is_cancelled=True)

    def _work(self) -> None:
        settings = self._settings
        require_inside(settings.out)
        if self._run_plan.can_write:
            require_commit(Path(), (self._run_plan.commit, *self._run_plan.checked_out))
        with tempfile.TemporaryDirectory(prefix="rebake-base-") as base_files:
            plan = self._planned(Path(base_files))
        store = self._services.store
        verdict = verdict_of_store(plan, store)
        self._require_access(verdict)
        if verdict.problem:
            self._note(Notice(f"GitHub could not be asked for everything: {verdict.problem}."))
        self.report = replace(
            self.report,
            parts=verdict.parts,
            code=verdict.code,
            forced=verdict.forced,
            compared_with=f"the newest model of {settings.store_tag}" if plan.baseline.manifest is not None else None,
        )
        for part in self.report.parts:
            logger.info("%s: %s", PART_NAMES[part.part], "; ".join((part.state, *part.reasons)))
        if settings.mode == "train":
            if verdict.code:
                self._announcement.pending(self.report)
            with tempfile.TemporaryDirectory(prefix="rebake-") as scratch:
                self._train(plan, verdict, Path(scratch))

    def _planned(self, base_files: Path) -> Plan:
        """Read the assistant, find out what changed since the base, and plan the run."""
        settings = self._settings
        changes = find_changes(
            Path(),
            self._run_plan.base,
            [settings.config, *settings.domain, *settings.data, *imported_roots(settings.config)],
            remote=self._services.remote,
            base_files=base_files,
        )
        self.report = replace(self.report, changes=changes)
        newest = newest_published(
            self._services.store, self._manifest_name, f"rebake{earlier_slug(settings.name)}.json"
        )
        found = Notices()
        try:
            plan = make_plan(self._request(found), newest, notices=found)
        finally:  # also beside an error, which a warning may explain
            self._note(*found)
        if self._run_plan.can_write:
            files = plan.request.assistant.files
            require_committed(Path(), files, [settings.config, *settings.domain, *settings.data])
        self._note(*self._notices_of_default_domain(plan))
        if changes.base is not None:
            below = self._services.runner.in_repository(".")
            link = links(self._event, below, changes, self._run_plan.commit)
            assistant = plan.request.assistant
            differences = (
                differences_since_base(settings, self._domain, base_files, below, assistant, link)
                if changes.files
                else Differences((), link)
            )
            self.report = replace(self.report, differences=differences)
        return plan

    def _require_access(self, verdict: StoreVerdict) -> None:
        """End the run where it has no verdict to give, or could not publish what it would train."""
        if self._settings.mode == "check" and isinstance(verdict.error, AccessDeniedError):
            raise verdict.error
        if self._settings.mode == "train" and self._run_plan.can_write and verdict.code:
            if isinstance(verdict.error, RateLimitError):
                raise verdict.error
            self._services.releases.require_budget()

    def _request(self, notices: Notices) -> Request:
        """What the workflow asks for."""
        settings = self._settings
        return Request(
            assistant=self._assistant(self._domain, notices),
            to_train=settings.mode == "train",
            force=settings.force,
            output=Path(settings.out),
            model_name=self._model_name,
            augmentation_factor=settings.augmentation_factor,
            num_threads=settings.threads,
        )

    @property
    def _domain(self) -> tuple[str, ...] | None:
        """The domain's files; one that only the default names may be missing."""
        settings = self._settings
        return settings.domain if settings.domain != (DEFAULT_DOMAIN,) or Path(DEFAULT_DOMAIN).exists() else None

    def _assistant(self, domain: Sequence[str] | None, notices: Notices) -> Assistant:
        settings = self._settings
        try:
            return load_assistant(settings.config, domain, settings.data, env=settings.env, notices=notices)
        except StorageError as error:  # a file that is missing is a mistake in the data, and no failure of GitHub's
            raise DataError(error.message, location=error.location, fix=error.fix) from None

    def _notices_of_default_domain(self, plan: Plan) -> tuple[Notice, ...]:
        settings = self._settings
        is_missing = settings.domain == (DEFAULT_DOMAIN,) and not Path(DEFAULT_DOMAIN).exists()
        if not is_missing or not plan.request.assistant.stories:
            return ()
        message = f"There is no {DEFAULT_DOMAIN}, so Core is left out; the input domain names it where it is elsewhere."
        return (Notice(message, Location(settings.config, 1)),)

    def _train(self, plan: Plan, verdict: StoreVerdict, scratch: Path) -> None:
        can_write = self._run_plan.can_write
        sources = [] if verdict.forced else self._fetch(plan, verdict, scratch)
        single_parts = scratch / "parts"
        single_parts.mkdir()
        notices = Notices()
        try:
            result = build(
                plan,
                sources,
                progress=self._services.progress,
                single_parts=single_parts if can_write else None,
                notices=notices,
            )
        finally:
            self._note(*plan.request.assistant.silenced.without(notices))
        self.report = replace(
            self.report,
            parts=with_origins(
                self.report.parts,
                trained=result.trained,
                reused=result.reused,
                rebuilt=result.rebuilt,
                seconds=result.seconds,
            ),
            model_path=self._services.runner.in_repository(result.model.as_posix()),
            model_written=result.written,
            metrics=result.metrics,
        )
        if can_write:
            self._publish(result, verdict, scratch)

    def _fetch(self, plan: Plan, verdict: StoreVerdict, scratch: Path) -> list[Path]:
        """The archives that parts (or, of the newest model's parts, single components) can be taken from."""
        archives: list[Path] = []
        for part in TRAINED_PARTS:
            stored = verdict.stored.get(part)
            if stored is not None:
                try:
                    archives.append(self._services.store.fetch(stored, scratch))
                    continue
                except (StorageError, ModelError) as error:
                    self._note(Notice(str(error)))
                    self._set_unknown(part, f"{error.message.rstrip('.')}, so this part will be trained again")
            newest = plan.baseline.manifest
            record = newest.parts.get(part) if newest is not None else None
            if record is not None and (stored is None or record.fingerprint != stored.fingerprint):
                archives += self._fetch_newest(part, record.fingerprint, scratch)
        return archives

    def _fetch_newest(self, part: Part, fingerprint: str, scratch: Path) -> list[Path]:
        """The newest model's part, from which single components can be taken. It may be missing."""
        store = self._services.store
        try:
            stored = store.find(part, fingerprint)
        except StorageError:  # the verdict says so already
            return []
        try:
            return [] if stored is None else [store.fetch(stored, scratch)]
        except (StorageError, ModelError) as error:
            self._note(Notice(str(error)))
            return []

    def _set_unknown(self, part: Part, reason: str) -> None:
        self.report = replace(
            self.report,
            parts=tuple(
                replace(known, state="unknown", reasons=(reason, *known.reasons)) if known.part == part else known
                for known in self.report.parts
            ),
            code=self.report.code | CODES[part],
        )

    def _publish(self, result: BuildResult, verdict: StoreVerdict, scratch: Path) -> None:
        """Parts first: what is named later (the newest model, a tag's model) is then complete."""
        store = self._services.store
        for part, archive in result.single_parts.items():
            record = result.manifest.parts[part]
            store.publish_part(part, record.fingerprint, archive, replace=part in verdict.stored)
        manifest = scratch / MANIFEST_NAME
        manifest.write_bytes(format_manifest(result.manifest).encode())
        responses = result.manifest.parts.get("nlg")
        if responses is not None and "nlg" not in verdict.stored:
            store.publish_part("nlg", responses.fingerprint, manifest)
        if self._run_plan.is_newest:
            store.publish_manifest(manifest, self._manifest_name)
        store.finish()
        if self._run_plan.tag is not None:
            files = [(result.model, result.model.name), (manifest, self._manifest_name)]
            sums = f"SHA256SUMS{self._settings.slug}"
            publication = self._publication(self._run_plan.tag)
            published = publish_model(self._services.releases, publication, files, sums, self._services.run_word)
            assets = tuple(
                ReleaseAsset(asset.name, asset.download_url, asset.size, asset.digest)
                for asset in published.assets.values()
            )
            self.report = replace(
                self.report,
                model_url=published.assets[result.model.name].download_url,
                release=Release(published.id, published.url, assets),
            )

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

    @property
    def _manifest_name(self) -> str:
        return f"rebake{self._settings.slug}.json"

    @property
    def _model_name(self) -> str | None:
        """The name of a tag's model; rebake names all others."""
        if self._run_plan.tag is None:
            return None
        safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in self._run_plan.tag)
        return f"{self._event.repository.split('/')[1]}{self._settings.slug}-{safe}"

    def _note(self, *notices: Notice) -> None:
        self.report = replace(self.report, notices=(*self.report.notices, *notices))

    def _failed(self, failure: Failure) -> None:
        self.report = replace(self.report, failure=failure)
