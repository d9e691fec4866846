"""One run of the action: verdict, fetch, train, publish, announce. The services that it uses are passed in."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rebake.action.announce import Announcement
from rebake.action.base import BaseAssistant, read_base
from rebake.action.cancellation import CancelledError
from rebake.action.evaluation import RunEvaluation
from rebake.action.event import Event
from rebake.action.housekeeping import prune, record
from rebake.action.installed import NOT_TESTED, can_compute
from rebake.action.outcome import exit_code, failing_gates
from rebake.action.past_models import recorded, with_history
from rebake.action.publishing import Publisher
from rebake.action.request import domain_of, notices_of_default_domain, read_request
from rebake.action.run_plan import RunPlan
from rebake.action.services import Services
from rebake.action.settings import Settings
from rebake.action.since_base import differences_since_base, links
from rebake.action.test_data import read_test_data
from rebake.archive.manifest import finetuned_parts
from rebake.archive.scratch import temporary_directory
from rebake.assistant.importer import imported_roots
from rebake.base.confinement import confined_to, require_inside
from rebake.base.location import Notice
from rebake.base.notice_kinds import Severity
from rebake.base.notices import Notices
from rebake.build.fetching import fetch_parts
from rebake.build.plan import Plan, make_plan
from rebake.build.request import Finetune
from rebake.build.store_verdict import StoreVerdict, newest_published, require_access, verdict_of_store
from rebake.errors import DataError, RebakeError, StorageError
from rebake.evaluation.data import EvaluationData
from rebake.report.gates import judge_findings
from rebake.report.model import PART_NAMES, Differences, Failure, Report, with_origins
from rebake.report.redaction import Redaction
from rebake.staleness.git.changes import find_changes
from rebake.staleness.git.checkout import require_commit, require_committed
from rebake.staleness.verdict import CODES
from rebake.store.names import earlier_slug
from rebake.store.protocol import is_part_name, part_name

if TYPE_CHECKING:
    from rebake.build.build import BuildResult

logger = logging.getLogger("rebake")

UNSIGNED = (
    "What this run trained is stored without a signature, since the input signing-key is empty; other runs with "
    "trust: signed train it again."
)


class Run:
    """One run; ``report`` grows with it, so that a failure reports what was reached."""

    def __init__(self, settings: Settings, event: Event, run_plan: RunPlan, services: Services) -> None:
        self._settings = settings
        self._event = event
        self._run_plan = run_plan
        self._services = services
        self._started = services.clock()
        self._publisher = Publisher(settings, run_plan, event, services)
        redaction = Redaction.of(os.environ.get(name, "") for name in settings.env)
        self._announcement = Announcement(settings, event, run_plan, services, redaction)
        self.report = Report(
            mode=settings.report_mode,
            notices=tuple(Notice(note) for note in run_plan.notes),
            commit=run_plan.commit,
            run_url=event.run_url,
            name=settings.name,
        )

    def execute(self) -> int:
        """Run all steps. Returns 0, or why it fails: see :mod:`rebake.action.outcome`; 64 and more for an error."""
        try:
            with confined_to(self._event.workspace), closing(self._services.store):
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
        return exit_code(self._settings, self.report)

    def _cancelled(self) -> Failure:
        fix = "Run the job again; what it had published by then is complete, and stays."
        return Failure("The job was cancelled.", None, fix, self._services.cancellation.exit_code, is_cancelled=True)

    def _work(self) -> None:
        settings = self._settings
        require_inside(settings.out)
        if self._run_plan.can_write:
            require_commit(Path(), (self._run_plan.commit, *self._run_plan.checked_out))
        with temporary_directory() as name:
            scratch, base_files = Path(name), Path(name, "base")
            plan = self._planned(base_files)
            evaluation = self._planned_evaluation(plan, base_files)
            self._carry_out(plan, evaluation, scratch)
        self._judge_findings()

    def _carry_out(self, plan: Plan, evaluation: RunEvaluation, scratch: Path) -> None:
        settings, store = self._settings, self._services.store
        verdict = verdict_of_store(plan, store)
        require_access(verdict, settings.report_mode, self._services.releases if self._run_plan.can_write else None)
        if verdict.problem:
            asked = store.label if settings.store else "GitHub"
            self._note(Notice(f"Some requests to {asked} failed: {verdict.problem}."))
        self.report = replace(
            self.report,
            parts=verdict.parts,
            code=verdict.code,
            forced=verdict.forced,
            compared_with=f"the newest model of {store.label}" if plan.baseline.manifest is not None else None,
        )
        for part in self.report.parts:
            logger.info("%s: %s", PART_NAMES[part.part], "; ".join((part.state, *part.reasons)))
        if settings.mode == "train":
            if verdict.code:
                self._announcement.pending(self.report)
            self._train(plan, verdict, evaluation, scratch)
        elif evaluation.is_wanted and not can_compute():
            self._note(Notice(NOT_TESTED, level=Severity.INFO))
        elif evaluation.is_wanted:
            quality = evaluation.of_kept(scratch)  # it adds notices to the report
            if quality is not None:
                quality = with_history(quality, self._services.store, settings.slug, self._note)
            self.report = replace(self.report, quality=quality)

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
            self._services.store, self._publisher.manifest_name, f"rebake{earlier_slug(settings.name)}.json"
        )
        found = Notices()
        try:
            request = read_request(settings, self._event.workspace, self._publisher.model_name, found)
            plan = make_plan(request, newest, notices=found)
        finally:  # also beside an error, which a warning may explain
            self._note(*found)
        if len(settings.parts) == 1 and plan.request.assistant.is_end_to_end:
            raise DataError(
                "There are stories with texts, which Core sees as the NLU pipeline does, so both are trained together.",
                fix="Set the input parts to core,nlu.",
            )
        if self._run_plan.can_write:
            files = plan.request.assistant.files
            require_committed(Path(), files, [settings.config, *settings.domain, *settings.data])
        self._note(*notices_of_default_domain(settings, plan.request.assistant))
        if changes.base is not None:
            below = self._services.runner.in_repository(".")
            link = links(self._event, below, changes, self._run_plan.commit)
            differences: Differences | None = Differences((), link)
            if changes.files:
                head = plan.request.assistant
                differences = differences_since_base(settings, domain_of(settings), base_files, below, head, link)
            self.report = replace(self.report, differences=differences)
        return plan

    def _planned_evaluation(self, plan: Plan, base_files: Path) -> RunEvaluation:
        """Read the test data, and the base's assistant if there is something to compare it in."""
        settings, parts = self._settings, plan.fingerprints.parts
        given = read_test_data(settings, parts.keys(), plan.request.assistant, plan.by_rasa)
        self._note(*given.notices)
        base = BaseAssistant()
        is_wanted = given.data != EvaluationData() or settings.cross_validation is not None
        if self.report.changes is not None and is_wanted:
            below = self._services.runner.in_repository(".")
            head = {part: record.fingerprint for part, record in parts.items()}
            base = read_base(settings, self.report.changes, domain_of(settings), base_files, below, head)
        return RunEvaluation(settings, self._services, plan, given, base, self._note)

    def _train(self, plan: Plan, verdict: StoreVerdict, evaluation: RunEvaluation, scratch: Path) -> None:
        settings, can_write = self._settings, self._run_plan.can_write
        from rebake.build.build import build  # mode check has nothing that trains installed

        names = [part_name(part, record.fingerprint) for part, record in plan.fingerprints.parts.items()]
        self._record(names, scratch)  # before what it found is downloaded: another run may prune the store
        sources = [] if verdict.forced else self._fetch(plan, verdict, scratch)
        evaluation.cross_validate()
        self._services.store.close()  # the training may fork
        single_parts = scratch / "parts"
        single_parts.mkdir()
        notices = Notices()
        try:
            with self._services.runner.group("Training"):
                result = build(
                    self._finetuning(plan, sources),
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
                saved=result.saved,
                finetuned=finetuned_parts(result.manifest),
            ),
            model_path=self._services.runner.in_repository(result.model.as_posix()),
            model_written=result.written,
            metrics=result.metrics,
        )
        if can_write and result.single_parts and settings.trust == "signed" and settings.signing_key is None:
            self._note(Notice(UNSIGNED))
        if can_write:  # before the tests: whatever becomes of them, nothing is trained again
            self._publisher.publish_parts(result, verdict.stored, scratch)
            self._offer(result, scratch)
        self._evaluate(evaluation, result, scratch)
        tag = self._run_plan.tag
        if can_write and tag is not None:
            self._release(tag, result, sources, scratch)
        note, slug = self._note, self._settings.slug
        quality = recorded(self.report, self._run_plan, self._services.store, slug, scratch, note)
        self.report = replace(self.report, quality=quality)
        tests = sorted(name for name in self._services.store.used if not is_part_name(name))
        parts = [part_name(part, record.key) for part, record in result.manifest.parts.items()]
        self._record([*parts, *tests], scratch)
        if settings.retention_days is not None and self._run_plan.is_newest and tag is None:
            self._note(*prune(self._services, self._event, settings, settings.retention_days))

    def _offer(self, result: BuildResult, scratch: Path) -> None:
        """A link for reviewers: without it the run has done all that it is for."""
        number = self._run_plan.pull_request
        if number is None:
            return
        try:
            self.report = replace(self.report, model_url=self._publisher.offer(number, result.model, scratch))
        except StorageError as error:
            self._note(Notice(f"The model of the pull request cannot be downloaded from the comment. {error}"))

    def _record(self, names: Sequence[str], scratch: Path) -> None:
        if self._run_plan.can_write:
            record(self._services, self._event, self._run_plan, self._publisher.manifest_name, names, scratch)

    def _evaluate(self, evaluation: RunEvaluation, result: BuildResult, scratch: Path) -> None:
        if not evaluation.is_wanted:
            return
        if self._run_plan.can_write:  # a cross-validation, whatever becomes of the tests
            evaluation.keep(scratch)
        quality = evaluation.of_model(result.model, scratch)  # it adds notices to the report
        self.report = replace(self.report, quality=quality)
        if self._run_plan.can_write:
            evaluation.keep(scratch)

    def _release(self, tag: str, result: BuildResult, sources: Sequence[Path], scratch: Path) -> None:
        self._judge_findings()
        if failing_gates(self._settings, self.report):
            self._note(Notice(f"The model is not put on the release of {tag}, as it fails a condition of fail-on."))
            return
        release, model_url, statement = self._publisher.release(tag, result, sources, scratch)
        path = self._services.runner.in_repository(statement.as_posix())
        self.report = replace(self.report, model_url=model_url, release=release, provenance_path=path)
        bucket = self._services.remote_storage
        if bucket is not None and self._settings.draft:
            self._note(Notice(f"The release of {tag} is a draft, so the model is not put into remote-storage."))
        elif bucket is not None:
            try:
                bucket.upload(result.model, result.model.name, replace=True)
            finally:
                bucket.close()
            logger.info("%s is the model of %s for `rasa run`.", bucket.where(result.model.name), tag)

    def _finetuning(self, plan: Plan, sources: Sequence[Path]) -> Plan:
        """The plan, with what stale parts can be fine-tuned from: the newest model's parts, which were fetched."""
        settings = self._settings
        if settings.finetune == "never" or plan.request.force:
            return plan
        finetune = Finetune(tuple(sources), settings.epoch_fraction, only_where_possible=True)
        return replace(plan, request=replace(plan.request, finetune=finetune))

    def _fetch(self, plan: Plan, verdict: StoreVerdict, scratch: Path) -> list[Path]:
        fetched = fetch_parts(self._services.store, plan, verdict, scratch)
        self._note(*fetched.notices)
        code = self.report.code | sum(CODES[part] for part in fetched.unknown)
        self.report = replace(self.report, parts=fetched.unknown_in(self.report.parts), code=code)
        return fetched.archives

    def _judge_findings(self) -> None:
        self.report = replace(self.report, gates=judge_findings(self._settings.fail_on, self.report.notices))

    def _note(self, *notices: Notice) -> None:
        self.report = replace(self.report, notices=(*self.report.notices, *notices))

    def _failed(self, failure: Failure) -> None:
        self.report = replace(self.report, failure=failure)
