"""The stores of ``rebake check`` and ``rebake train``: the cache of this machine, and what ``--store`` names."""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rebake.archive.integrity import inspect_model
from rebake.archive.lineage import finetuned_key
from rebake.archive.manifest import Part, format_manifest
from rebake.archive.pack import MANIFEST_NAME
from rebake.base.location import Notice
from rebake.base.notices import NoticeSink
from rebake.build.fetching import TRAINED_PARTS, fetch_parts
from rebake.build.plan import Baseline, Plan
from rebake.build.store_verdict import StoreVerdict, newest_published, verdict_of_store
from rebake.cli.keys import given_keys, trust_name, trust_of
from rebake.errors import AccessDeniedError, ModelError, StorageError, UsageError
from rebake.report.model import PartReport, Report
from rebake.staleness.git.history import work_tree
from rebake.staleness.verdict import bit_code
from rebake.store.addresses import open_store
from rebake.store.cache import Cache, open_cache
from rebake.store.directory import models
from rebake.store.names import asset_slug
from rebake.store.protocol import Store, part_name
from rebake.store.trust import Trust

if TYPE_CHECKING:
    from rebake.build.build import BuildResult


def newest_of_store(options: argparse.Namespace, store: Store) -> Baseline:
    """Return the newest model of a store, to compare with where there is no model here; it only explains."""
    return newest_published(store, f"rebake{assistant_slug(options.config)}.json")


def assistant_slug(config: str) -> str:
    """Return what the action calls the assistant in names of files: by its directory in the repository."""
    directory = Path(config).resolve().parent
    root = work_tree(directory)
    below = "." if root is None else directory.relative_to(root).as_posix()
    return asset_slug("" if below == "." else below)


class Stores:
    """Takes parts from the stores before a training, and keeps new ones afterwards.

    Args:
        options: of the command.
        notices: receives what went wrong with the cache, which is no error.
        with_cache: whether the command trains.

    Raises:
        UsageError: the address of the store, or a setting of the cache, is wrong.
    """

    def __init__(self, options: argparse.Namespace, notices: NoticeSink, *, with_cache: bool) -> None:
        self._notices = notices
        self.store = None if options.store is None else open_store(options.store, os.environ)
        self._trust = _trust(options)
        if self.store is not None:
            self.store.trust = self._trust
        scope = "" if self._trust is None else trust_name(self._trust)  # others may have taken what nobody signed
        self._cache: Cache | None = open_cache(os.environ, scope) if with_cache and not options.no_cache else None
        self._verdict: StoreVerdict | None = None
        self._in_cache: set[Part] = set()
        self._broken_in_cache: set[Part] = set()

    @property
    def is_any(self) -> bool:
        """Whether there is one, which new parts are kept in."""
        return self.store is not None or self._cache is not None

    def local_models(self, plan: Plan) -> Sequence[Path]:
        """Return the models here that parts may be taken from: with a key none, as nobody has signed them."""
        return models(plan.request.output) if self._trust is None else ()

    def judged(self, plan: Plan, report: Report) -> Report:
        """Return the report of a check, in which a part that the store has is fresh as well.

        Raises:
            StorageError: the store cannot be read.
        """
        if self.store is None:
            return report
        self._verdict = verdict_of_store(plan, self.store)
        if self._verdict.error is not None:
            raise self._verdict.error
        in_store = {part.part: part for part in self._verdict.parts}

        def best(here: PartReport) -> PartReport:
            there = in_store[here.part]
            if plan.baseline.path is not None and not here.is_stale:
                return here
            if here.part not in self._stored:
                return there
            return replace(there, reasons=(f"{self._label} has it", *there.reasons))

        parts = tuple(map(best, report.parts))
        code = bit_code((part.part for part in parts if part.is_stale), report.forced)
        return replace(report, parts=parts, code=code)

    def fetched(self, plan: Plan, scratch: Path) -> list[Path]:
        """Copy the parts that no model here has into ``scratch``.

        Raises:
            StorageError: the store cannot be read.
        """
        if plan.request.force:
            return []
        missing = missing_parts(plan) if self._trust is None else _wanted_parts(plan)
        archives = []
        for part in missing:
            archive = self._from_cache(plan, part, scratch)
            if archive is not None:
                archives.append(archive)
        if self.store is not None and self._verdict is not None:
            wanted = [part for part in missing if part not in self._in_cache]
            found = fetch_parts(self.store, plan, self._verdict, scratch, parts=wanted)
            for notice in found.notices:
                self._notices.add(notice)
            archives += found.archives
            self.store.close()
        return archives

    def keep(self, plan: Plan, result: BuildResult, scratch: Path) -> None:
        """Keep the parts of a new model in the cache, and those that the store does not have in the store.

        A store that this user may only read is no error.

        Args:
            plan: of the run.
            result: of the training.
            scratch: as :meth:`fetched` filled it.

        Raises:
            StorageError: the store cannot be written.
        """
        archives = dict(self._archives_of_wanted(plan, result, scratch))
        for part, (key, archive) in archives.items():
            if part not in self._in_cache and archive != result.model:
                self._to_cache(part, key, archive)
        self._trim_cache()
        if self.store is None:
            return
        try:
            self._to_store(self.store, result, archives, scratch)
        except AccessDeniedError as error:
            self._notices.add(Notice(f"New parts stay on this machine. {error.message}"))
        finally:
            self.store.close()

    def _archives_of_wanted(
        self, plan: Plan, result: BuildResult, scratch: Path
    ) -> Iterator[tuple[Part, tuple[str, Path]]]:
        """Part -> its key and an archive that has it: of the part alone if there is one, else the whole model."""
        for part in TRAINED_PARTS:
            record, wanted = result.manifest.parts.get(part), plan.fingerprints.parts.get(part)
            if record is not None and wanted is not None and record.fingerprint == wanted.fingerprint:
                fetched = scratch / part_name(part, record.key)
                alone = result.single_parts.get(part) or (fetched if fetched.is_file() else result.model)
                yield part, (record.key, alone)

    def _from_cache(self, plan: Plan, part: Part, scratch: Path) -> Path | None:
        record = plan.fingerprints.parts[part]
        if self._cache is None:
            return None
        try:
            stored = self._cache.find(part, record.fingerprint)
            if stored is None and plan.request.accept_finetuned:
                stored = self._cache.find(part, finetuned_key(record.fingerprint))
            if stored is None:
                return None
            archive = self._cache.fetch(stored, scratch)
        except ModelError:
            self._broken_in_cache.add(part)
            return None
        except StorageError as error:
            self._give_up_cache(error)
            return None
        self._in_cache.add(part)
        return archive

    def _to_cache(self, part: Part, key: str, archive: Path) -> None:
        if self._cache is not None:
            try:
                self._cache.publish_part(part, key, archive, replace=part in self._broken_in_cache)
            except StorageError as error:
                self._give_up_cache(error)

    def _trim_cache(self) -> None:
        if self._cache is not None:
            try:
                self._cache.finish()
            except StorageError as error:
                self._give_up_cache(error)

    def _give_up_cache(self, error: StorageError) -> None:
        self._cache = None
        self._notices.add(Notice(f"The cache is not used. {error.message}"))

    def _to_store(
        self, store: Store, result: BuildResult, archives: Mapping[Part, tuple[str, Path]], scratch: Path
    ) -> None:
        for part, (key, archive) in archives.items():
            if part in result.single_parts or part not in self._stored:
                store.publish_part(part, key, archive, replace=part in self._stored)
        responses = result.manifest.parts.get("nlg")
        if responses is not None and "nlg" not in self._stored:
            manifest = scratch / MANIFEST_NAME
            manifest.write_bytes(format_manifest(result.manifest).encode())
            store.publish_part("nlg", responses.key, manifest)
        store.finish()

    @property
    def _stored(self) -> Collection[Part]:
        """The parts that the store has."""
        return () if self._verdict is None else self._verdict.stored

    @property
    def _label(self) -> str:
        return "" if self.store is None else self.store.label


def _trust(options: argparse.Namespace) -> Trust | None:
    """Whose parts are taken; None for those of whoever may write to the store."""
    keys = given_keys(options.verify_key)
    if not options.verify_key:
        if options.repository is not None:
            raise UsageError("--repository changes nothing without --verify-key.", fix="Leave it out, or add a key.")
        return None
    if options.store is None:
        raise UsageError("--verify-key is about the parts of a store.", fix="Add --store URL.")
    if options.model is not None:
        raise UsageError("--verify-key does not go with --model, which nobody has signed.", fix="Leave one out.")
    if getattr(options, "finetune", None) is not None:
        raise UsageError(
            "--verify-key does not go with --finetune, which continues from a model that nobody has signed.",
            fix="Leave one out.",
        )
    return trust_of(keys, options.repository)


def _wanted_parts(plan: Plan) -> list[Part]:
    """The parts that are to be trained, or taken from elsewhere since no model here was compared with."""
    return [
        verdict.part
        for verdict in plan.verdict.parts
        if verdict.part in TRAINED_PARTS and verdict.fingerprint is not None
        if verdict.is_stale or plan.baseline.path is None
    ]


def missing_parts(plan: Plan) -> list[Part]:
    """Return the parts that are to be trained, unless a whole one is in an archive of the models directory."""
    wanted = {part: plan.fingerprints.parts[part].fingerprint for part in _wanted_parts(plan)}
    for model in models(plan.request.output) if wanted else ():
        try:
            found = inspect_model(model)
        except (ModelError, StorageError):
            continue
        for part, record in found.manifest.parts.items() if found.manifest is not None else ():
            if wanted.get(part) == record.fingerprint and not found.of_part(part):
                del wanted[part]
    return list(wanted)
