"""One run of the action: verdict, fetch, train, publish, announce. Everything that it talks to is given to it."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import replace
from pathlib import Path

from rebake.action.announce import Announcement, fails_check
from rebake.action.event import Event
from rebake.action.run_plan import RunPlan
from rebake.action.services import Services
from rebake.action.settings import DEFAULTS, Settings
from rebake.action.verdict import StoreVerdict, verdict_of_store
from rebake.archive.manifest import PARTS, Part
from rebake.archive.pack import MANIFEST_NAME, read_member
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant
from rebake.base.location import Location, Notice
from rebake.build.build import BuildResult, build
from rebake.build.job import nothing_to_train
from rebake.errors import ModelError, RebakeError, StorageError
from rebake.report.model import PART_NAMES, Failure, Report, with_origins
from rebake.staleness.fingerprints import fingerprint
from rebake.staleness.git.changes import find_changes
from rebake.store.release_store import StoredPart
from rebake.store.releases import publish_model
from rebake.validation.assistant import check_assistant

logger = logging.getLogger("rebake")

TRAINED_PARTS: tuple[Part, ...] = ("core", "nlu")


class Run:
    """One run; ``report`` grows with it, so that a failure tells what was reached."""

    def __init__(self, settings: Settings, event: Event, run_plan: RunPlan, services: Services) -> None:
        self._settings = settings
        self._event = event
        self._run_plan = run_plan
        self._services = services
        self._started = services.clock()
        self.report = Report(
            mode=settings.mode,
            notices=tuple(Notice(note) for note in run_plan.notes),
            commit=run_plan.commit,
            run_url=event.run_url,
            name=settings.name,
        )

    def execute(self) -> int:
        """Do all of it. The exit code: 0; the verdict's code where a check is to fail; 64 and more for an error."""
        try:
            self._work()
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
        self.report = replace(self.report, seconds=self._services.clock() - self._started)
        self.report = Announcement(self._settings, self._event, self._run_plan, self._services).announce(self.report)
        if self.report.failure is not None:
            return self.report.failure.exit_code
        return self.report.code if fails_check(self._settings, self.report) else 0

    def _work(self) -> None:
        settings = self._settings
        changes = find_changes(
            Path(),
            self._run_plan.base,
            [settings.config, *settings.domain, *settings.data],
            credentials=self._services.git_credentials,
        )
        self.report = replace(self.report, changes=changes)
        assistant = self._read()
        wanted = fingerprint(
            assistant,
            core_arguments=settings.core_arguments,
            nlu_arguments=settings.nlu_arguments,
            parts=frozenset(PARTS),
        )
        if not wanted.parts.keys() & set(TRAINED_PARTS):
            raise nothing_to_train(assistant, frozenset(PARTS))
        verdict = verdict_of_store(wanted, self._services.store, self._manifest_name, force=settings.force)
        if verdict.problem:
            self._note(Notice(f"GitHub could not be asked for everything: {verdict.problem}."))
        self.report = replace(
            self.report,
            parts=verdict.parts,
            code=verdict.code,
            forced=verdict.forced,
            compared_with=f"the newest model of {settings.store_tag}" if verdict.newest is not None else None,
        )
        for part in self.report.parts:
            logger.info("%s: %s", PART_NAMES[part.part], "; ".join((part.state, *part.reasons)))
        if settings.mode == "train":
            with tempfile.TemporaryDirectory(prefix="rebake-") as scratch:
                self._train(assistant, verdict, Path(scratch))

    def _read(self) -> Assistant:
        """The assistant, checked as before training. A domain that only the default names may be missing."""
        settings = self._settings
        default = DEFAULTS["domain"]
        has_domain = settings.domain != (default,) or Path(default).exists()
        domain = settings.domain if has_domain else None
        assistant = load_assistant(settings.config, domain, settings.data, env=settings.env)
        to_train = settings.mode == "train"
        self._note(*assistant.notices, *check_assistant(assistant, frozenset(PARTS), to_train=to_train))
        if not has_domain and assistant.stories:
            message = f"There is no {default}, so Core is left out; the input domain names it where it is elsewhere."
            self._note(Notice(message, Location(settings.config, 1)))
        return assistant

    def _train(self, assistant: Assistant, verdict: StoreVerdict, scratch: Path) -> None:
        sources = [] if verdict.forced else self._fetch(verdict, scratch)
        result = self._build(assistant, Path(self._settings.out), sources, force=verdict.forced, name=self._model_name)
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
        if self._run_plan.can_write:
            self._publish(assistant, result, verdict, scratch)

    def _build(
        self,
        assistant: Assistant,
        output: Path,
        sources: list[Path],
        *,
        parts: frozenset[Part] = frozenset(PARTS),
        force: bool = False,
        name: str | None = None,
    ) -> BuildResult:
        return build(
            assistant,
            output=output,
            sources=sources,
            parts=parts,
            force=force,
            fixed_model_name=name,
            core_arguments=self._settings.core_arguments,
            nlu_arguments=self._settings.nlu_arguments,
            progress=self._services.progress,
        )

    def _fetch(self, verdict: StoreVerdict, scratch: Path) -> list[Path]:
        """The archives that parts (or, of the newest model's parts, single components) can be taken from."""
        archives: list[Path] = []
        for part in TRAINED_PARTS:
            stored = verdict.stored.get(part)
            if stored is not None:
                archive = self._fetch_one(stored, scratch)
                if archive is not None:
                    archives.append(archive)
                    continue
                self._set_unknown(part, f"the published part {stored.name} cannot be used")
            archives += self._fetch_newest(part, verdict, scratch)
        return archives

    def _fetch_newest(self, part: Part, verdict: StoreVerdict, scratch: Path) -> list[Path]:
        record = verdict.newest.parts.get(part) if verdict.newest is not None else None
        try:
            stored = self._services.store.find(part, record.fingerprint) if record is not None else None
        except StorageError:
            return []
        archive = self._fetch_one(stored, scratch) if stored is not None else None
        return [archive] if archive is not None else []

    def _fetch_one(self, stored: StoredPart, scratch: Path) -> Path | None:
        try:
            return self._services.store.fetch(stored, scratch)
        except (StorageError, ModelError) as error:
            self._note(Notice(str(error)))
            return None

    def _set_unknown(self, part: Part, reason: str) -> None:
        self.report = replace(
            self.report,
            parts=tuple(
                replace(known, state="unknown", reasons=(reason, *known.reasons)) if known.part == part else known
                for known in self.report.parts
            ),
        )

    def _publish(self, assistant: Assistant, result: BuildResult, verdict: StoreVerdict, scratch: Path) -> None:
        """Parts first: what is named later (the newest model, a tag's model) is then complete."""
        store = self._services.store
        for part in result.new:
            record = result.manifest.parts[part]
            single = self._build(assistant, scratch / part, [result.model], parts=frozenset({part})).model
            store.publish_part(part, record.fingerprint, single, replace=part in verdict.stored)
        manifest = _manifest_of(result.model, scratch)
        responses = result.manifest.parts.get("nlg")
        if responses is not None and "nlg" not in verdict.stored:
            store.publish_part("nlg", responses.fingerprint, manifest)
        if self._run_plan.is_newest:
            store.publish_manifest(manifest, self._manifest_name)
        if self._run_plan.tag is not None:
            files = [(result.model, result.model.name), (manifest, self._manifest_name)]
            sums = f"SHA256SUMS{self._settings.slug}"
            urls = publish_model(self._services.releases, self._run_plan.tag, files, sums, self._services.run_word)
            self.report = replace(self.report, model_url=urls[result.model.name])

    @property
    def _manifest_name(self) -> str:
        return f"rebake{self._settings.slug}.json"

    @property
    def _model_name(self) -> str | None:
        """A tag's model has a name of its own; others are named by rebake."""
        if self._run_plan.tag is None:
            return None
        safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in self._run_plan.tag)
        return f"{self._event.repository.split('/')[1]}{self._settings.slug}-{safe}"

    def _note(self, *notices: Notice) -> None:
        self.report = replace(self.report, notices=(*self.report.notices, *notices))

    def _failed(self, failure: Failure) -> None:
        self.report = replace(self.report, failure=failure)


def _manifest_of(model: Path, directory: Path) -> Path:
    """A model's own rebake.json as a file in the directory. Raises ModelError."""
    content = read_member(model, MANIFEST_NAME)
    if content is None:
        raise ModelError(f"{model} holds no {MANIFEST_NAME}.")
    path = directory / MANIFEST_NAME
    path.write_bytes(content)
    return path
