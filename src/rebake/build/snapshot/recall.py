"""A check that reads the files that changed since the last one, and takes the rest from a snapshot of that.

A snapshot counts only where it is certain to give what reading everything gives: the configuration, the domain, the
list of files and rebake itself are as they were, few files changed, and their changes are ordinary
(:mod:`rebake.build.snapshot.change`). Fingerprints are then computed anew, from the snapshot and the changes. In all
other cases everything is read.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import rebake
from rebake.archive.manifest import Part
from rebake.assistant.data_file import DataFile, read_data_file
from rebake.assistant.domain.merge import complete_domain
from rebake.assistant.file_cache.cache import CachedFile, FileCache, is_switched_off, users_directory
from rebake.assistant.file_cache.codec import KeptFile
from rebake.assistant.importer import ProjectImporter
from rebake.assistant.model import Assistant, Config, Domain
from rebake.assistant.yaml.yaml12 import parse_yaml, text_of
from rebake.base.location import Notice
from rebake.build.plan import NO_BASELINE, Baseline, Plan
from rebake.build.request import Request
from rebake.build.snapshot.change import ordinary_change
from rebake.build.snapshot.codec import from_parts, to_parts
from rebake.build.snapshot.compared_part import ComparedPart, compared_parts
from rebake.build.snapshot.differences import with_differences
from rebake.build.snapshot.known_model import known_model
from rebake.build.snapshot.recalled_data import RecalledData
from rebake.build.snapshot.snapshot import Snapshot, make_snapshot, stand_in
from rebake.build.snapshot.storage import read_file, write_file
from rebake.errors import RebakeError
from rebake.registry.lookup import known_or_assumed
from rebake.staleness.compare import compare
from rebake.staleness.fingerprints import fingerprint

MAX_CHANGED = 24  # files; where more changed, everything is read

_Keys = tuple[str, ...]


@dataclass(frozen=True)
class CheckMemory:
    """Where the last check of an assistant is kept, and what it must have depended on to count.

    Attributes:
        cache: of the data files.
        file: of the snapshot.
        context: digest over all but the data files.
        data_files: the data files with the keys that are read of them.
        config: the configuration.
        domain: of the domain files alone.
        env: names of environment variables that files may expand.
    """

    cache: FileCache
    file: Path
    context: str
    data_files: Sequence[tuple[str, _Keys]]
    config: Config
    domain: Domain
    env: frozenset[str]

    @classmethod
    def of(cls, importer: ProjectImporter, parts: frozenset[Part], augmentation: int | None) -> CheckMemory | None:
        """Return the memory of an assistant; None where there cannot be one.

        Args:
            importer: of the assistant; reads its configuration and its domain.
            parts: that are asked about.
            augmentation: as a request has it.
        """
        if is_switched_off():
            return None
        notices: list[Notice] = []
        try:
            config, imports = importer.get_config(), importer.get_imports()
            data_files = importer.list_data_files(notices)
            cache = FileCache.of_user([path for path, _ in data_files])
            directory = users_directory()
            if cache is None or directory is None or any(imports.importers) or not _is_fit(config):
                return None
            domain = importer.get_domain_of_files()
        except RebakeError:  # whoever reads everything says what is wrong
            return None
        name = _digest([_code(), str(Path.cwd()), config.location.file, [path for path, _ in data_files[:1]]])
        settled = (
            name,
            list(data_files),
            sorted(parts),
            augmentation,
            config,
            [sorted(spec.places.items(), key=repr) for spec in (*config.pipeline, *config.policies)],
            domain,
            [response.places for response in domain.responses],
            (importer.notices, tuple(notices)),
            [(file, sorted((line, sorted(codes)) for line, codes in of_file.items()))
             for file, of_file in importer.silenced.codes.items()],
        )  # fmt: skip
        file = directory / "checks" / f"{name[:32]}.snapshot"
        return cls(cache, file, _digest(settled), data_files, config, domain, importer.env)

    def plan(self, request_for: Callable[[Assistant], Request], model: Path | None) -> Plan | None:
        """Make the plan of a check; None where everything has to be read.

        Args:
            request_for: what is asked for, given an assistant.
            model: to compare with; None where there is none.

        Raises:
            RebakeError: something is wrong, which reading everything reports as well.
        """
        try:
            return self._plan(request_for, model)
        except (ValueError, LookupError, TypeError, AttributeError):  # a kept file is not what rebake wrote
            return None

    def _plan(self, request_for: Callable[[Assistant], Request], model: Path | None) -> Plan | None:
        snapshot = self._snapshot()
        if snapshot is None:
            return None
        data = stand_in(snapshot)
        assistant = Assistant(self.config, complete_domain(self.domain, data, (), ()), data, ())
        changed = self._changed(snapshot)
        change = None if changed is None else ordinary_change(snapshot, changed, assistant)
        if changed is None or change is None:
            return None
        request = request_for(assistant)
        wanted = fingerprint(
            assistant,
            parts=request.parts,
            augmentation_factor=request.augmentation_factor,
            data=RecalledData(assistant, snapshot, change),
        )
        baseline = NO_BASELINE
        if model is not None:
            known = known_model(model, self._model_file)
            if known is None:
                return None
            found = with_differences(wanted.parts, known, _compared(snapshot), change, changed)
            if found is None:
                return None
            wanted, baseline = replace(wanted, parts=found[0]), Baseline(model, found[1])
        verdict = compare(
            wanted,
            baseline.manifest,
            model=baseline.path.name if baseline.path is not None else None,
            force=request.force,
            accept_finetuned=request.accept_finetuned,
        )
        return Plan(request, baseline, (), (), wanted, verdict, snapshot.notices)

    def remember(self, importer: ProjectImporter, plan: Plan) -> None:
        """Keep what a check found after it read everything, if the next one can make use of it."""
        assistant = plan.request.assistant
        files = list(importer.cached_files.items())
        if [path for path, _ in files] != [path for path, _ in self.data_files] or assistant.is_end_to_end:
            return
        prints = {part: record.fingerprint for part, record in plan.fingerprints.parts.items()}
        compared = compared_parts(plan.fingerprints.parts, plan.baseline.manifest)
        duplicates = importer.texts_of_duplicates
        snapshot = make_snapshot(assistant, self.context, files, plan.notices, prints, compared, duplicates)
        try:
            values, sections = to_parts(snapshot)
        except (UnicodeError, OverflowError):
            return
        write_file(self.file, values, sections)
        if plan.baseline.path is not None:
            known_model(plan.baseline.path, self._model_file)

    @property
    def _model_file(self) -> Path:
        return self.file.with_suffix(".model")

    def _snapshot(self) -> Snapshot | None:
        found = read_file(self.file)
        try:
            snapshot = None if found is None else from_parts(*found)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        return snapshot if snapshot is not None and snapshot.context == self.context else None

    def _changed(self, snapshot: Snapshot) -> list[tuple[str, KeptFile, KeptFile]] | None:
        """The files that changed since the snapshot, with what they said and say; None if that is too much."""
        changed: list[tuple[str, KeptFile, KeptFile]] = []
        if len(self.data_files) != len(snapshot.files):
            return None
        for (path, keys), (known_path, key) in zip(self.data_files, snapshot.files, strict=True):
            file = self.cache.identify(path, keys)
            if file is None or path != known_path:
                return None
            if file.key == key:
                continue
            before, now = self.cache.kept_under(key, path), self._read(file, keys)
            if before is None or now is None or len(changed) == MAX_CHANGED:
                return None
            changed.append((path, before, now))
        return changed

    def _read(self, file: CachedFile, keys: _Keys) -> KeptFile | None:
        """What a file says that changed; None where it says something wrong, or cannot be kept."""
        if (kept := self.cache.kept_under(file.key, file.path)) is not None:
            return kept
        found = DataFile()
        try:
            document = parse_yaml(text_of(file.content, file.path), file.path, env=self.env)
            read_data_file(document, keys, found, is_domain=False)
        except RebakeError:
            return None
        return self.cache.keep(file, document, found)


def _compared(snapshot: Snapshot) -> dict[Part, list[ComparedPart]]:
    """With which parts of models the snapshot was compared; each part is equal to itself."""
    found = {part: [ComparedPart(fingerprint)] for part, fingerprint in snapshot.fingerprints.items()}
    for part, compared in snapshot.compared.items():
        found[part].append(compared)
    return found


def _is_fit(config: Config) -> bool:
    """Whether no component depends on the order of all examples, or on how many there are."""
    for spec in config.pipeline:
        try:
            entry = known_or_assumed(spec, "pipeline")
        except RebakeError:
            return False
        held_out = None if entry.demands is None else entry.demands.held_out
        if "keywords" in entry.reads or (held_out is not None and entry.merged(spec.options)[held_out] != 0):
            return False
    return True


def _digest(value: Any) -> str:
    return hashlib.sha256(repr(value).encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _code() -> str:
    """A digest over everything that decides what a check finds: no number that somebody forgets to raise."""
    package = Path(rebake.__file__).parent
    digest = hashlib.sha256(repr((sys.version, sys.byteorder, yaml.__version__, hasattr(yaml, "CSafeLoader"))).encode())
    for directory, directories, names in os.walk(package):
        directories.sort()
        for name in sorted(names):
            if name.endswith(".py"):
                file = Path(directory, name)
                digest.update(str(file).encode("utf-8", "surrogateescape") + b"\0" + file.read_bytes())
    return digest.hexdigest()
