"""A project of Rasa 2 -> its files in Rasa 3's format, and writing them."""

from __future__ import annotations

import codecs
import difflib
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rebake.assistant.domain.reader import DOMAIN_KEYS, read_domain_mapping
from rebake.assistant.files import Paths, as_paths, data_files, domain_files, require
from rebake.assistant.importer import ProjectImporter
from rebake.assistant.imports import ImportedProjects, repository_root
from rebake.assistant.keys import DATA_KEYS, unreadable_notice
from rebake.assistant.reading import LATEST_VERSION, OLDEST_VERSION, FileSource, check_version, format_version
from rebake.assistant.yaml.values import YamlMap
from rebake.assistant.yaml.yaml12 import Document, parse_yaml, read_text
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.errors import DataError, StorageError, UnsupportedError, errors_of
from rebake.migration.domain_text import migrated_text
from rebake.migration.nodes import comments
from rebake.migration.rasa2 import DomainMigration, migrate_domain
from rebake.migration.source import Source

RASA_3 = (3, 0)


@dataclass(frozen=True, slots=True)
class MigratedFile:
    """A file that changes: its content before and after, with the byte order mark and the line ends that it has."""

    path: str
    old: bytes
    new: bytes

    def diff(self) -> str:
        """Return the change as ``git apply`` and ``patch -p1`` take it."""
        name = Path(self.path).as_posix().lstrip("/")
        old, new = (_lines(content.decode("utf-8")) for content in (self.old, self.new))
        lines = difflib.unified_diff(old, new, _quoted(f"a/{name}"), _quoted(f"b/{name}"))
        end = "\n\\ No newline at end of file\n"
        return "".join(line if line.endswith("\n") else line + end for line in lines)


def _quoted(name: str) -> str:
    """A file's name as git writes it: with escapes where it contains line breaks or other control characters."""
    if name.isprintable() and not set(name) & {'"', "\\"}:
        return name
    return '"{}"'.format(name.encode("unicode_escape").decode().replace('"', '\\"'))


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


@dataclass(frozen=True, slots=True)
class ProjectMigration:
    """What changes in a project. ``notices`` say what a person should look at."""

    files: tuple[MigratedFile, ...]
    notices: tuple[Notice, ...] = ()


def migrate_project(config: str | Path | None, domain: Paths, data: Paths) -> ProjectMigration:
    """Return what changes, and write nothing.

    Args:
        config: config.yml, or None; its ``version:`` changes, if it has an old one.
        domain: file or directory of domain files, or several.
        data: files and directories of training data.

    Raises:
        DataError: a file is wrong, or cannot be migrated; the message names file and line.
        StorageError: a path that is missing or unreadable.
    """
    notices: list[Notice] = []
    files: dict[str, _File] = {}  # by the file itself, whatever links lead to it
    imports = _imports(config, notices)
    named = {*map(str, as_paths(domain)), *imports.domain_files}
    domains = []
    for path in (*_domain_paths(domain, notices), *imports.domain_files):
        try:
            domains.append(_add(files, path))
        except DataError as error:
            if path in named:
                raise
            notices.append(unreadable_notice(path, error, DOMAIN_KEYS))
    domains = [file for file in dict.fromkeys(domains) if file.content is not None]
    for path in (*data_files(data, notices), *imports.data_files):
        if not path.endswith(".json"):
            try:
                _add(files, path)
            except DataError as error:
                notices.append(unreadable_notice(path, error))
    if config is not None:
        _add(files, str(Path(config))).is_config = True
    migration = migrate_domain([file.document for file in domains])
    sources = {file.path: file.source for file in domains}
    allowed = [repository_root(config or "config.yml"), *map(os.path.realpath, (*as_paths(domain), *as_paths(data)))]
    changed = []
    for file in files.values():
        is_domain = file in domains
        new = _migrated(file, sources, migration if is_domain else None, is_domain=is_domain)
        if new != file.source.text:
            _refuse_outside(file.path, allowed)
            changed.append((file, new))
            notices += _still_wrong(file.path, new) if is_domain else []
    notices += [*(migration.notices if migration is not None else ()), *_lost_comments(changed)]
    return ProjectMigration(tuple(file.changed(new) for file, new in changed), tuple(notices))


def _imports(config: str | Path | None, notices: list[Notice]) -> ImportedProjects:
    """The projects that are imported; a custom importer keeps nobody from migrating what is there as files."""
    if config is None:
        return ImportedProjects()
    try:
        return ProjectImporter(config).get_imports()
    except UnsupportedError as error:
        notices.append(Notice(f"{error.message} {error.fix or ''}".strip(), error.location))
        return ImportedProjects()


def _refuse_outside(path: str, allowed: Sequence[str]) -> None:
    """Refuse to change what a link leads to outside of the repository, unless the caller named it."""
    real = Path(os.path.realpath(path))
    if not any(real.is_relative_to(place) for place in allowed):
        raise DataError(
            f"The file is a link to '{real}', which is outside of the repository.",
            location=Location(path, 1),
            fix="Migrate that file where it is, or leave it out.",
        )


class _File:
    """One YAML file of the project, read once."""

    def __init__(self, path: str) -> None:
        self.path = path
        text = read_text(path)
        self.bytes = Path(path).read_bytes()
        self.is_crlf = "\r\n" in text and text.count("\r\n") == text.count("\n")
        with errors_of(NoticeKind.INVALID_YAML):
            self.document: Document = parse_yaml(text, path)
        self.source = Source.of(text.replace("\r\n", "\n") if self.is_crlf else text)
        self.is_config = False

    @property
    def content(self) -> YamlMap | None:
        return self.document.value if isinstance(self.document.value, YamlMap) else None

    def changed(self, text: str) -> MigratedFile:
        mark = codecs.BOM_UTF8 if self.bytes.startswith(codecs.BOM_UTF8) else b""
        return MigratedFile(
            self.path, self.bytes, mark + (text.replace("\n", "\r\n") if self.is_crlf else text).encode("utf-8")
        )


def _add(files: dict[str, _File], path: str) -> _File:
    identity = os.path.realpath(path)
    if identity not in files:
        files[identity] = _File(path)
    return files[identity]


def _domain_paths(domain: Paths, notices: list[Notice]) -> list[str]:
    paths = []
    for path in as_paths(domain):
        require(path)
        paths += domain_files(path, notices) if Path(path).is_dir() else [path]
    return paths


def _migrated(file: _File, sources: dict[str, Source], migration: DomainMigration | None, *, is_domain: bool) -> str:
    """The text of a file in Rasa 3's format; its own where nothing changes, or where it is no file of Rasa's."""
    content = file.content
    known = DATA_KEYS if not is_domain else (*DATA_KEYS, *DOMAIN_KEYS)
    if content is None or not (file.is_config or any(key in content for key in known)):
        return file.source.text
    new_version = "version" in content and _is_old(file.document, content["version"])
    if not new_version and (migration is None or not any(content.get(key) for key in ("slots", "forms"))):
        return file.source.text
    own = {file.path: file.source}
    return migrated_text(file.path, own if migration is None else sources, migration, new_version=new_version)


def _is_old(document: Document, version: object) -> bool:
    number = format_version(version)
    if number is None or not OLDEST_VERSION <= number <= LATEST_VERSION:
        check_version(document)
    return number is not None and (number < RASA_3 or not isinstance(version, str))


def _still_wrong(path: str, text: str) -> list[Notice]:
    """What Rasa 3 refuses in a migrated domain file, such as a type of slots that it does not have."""
    try:
        read_domain_mapping(parse_yaml(text, path).value, FileSource(path))
    except DataError as error:
        message = f"Rasa 3 does not accept the migrated file yet: {error.message}{' ' + error.fix if error.fix else ''}"
        return [Notice(message, error.location)]
    return []


def _lost_comments(changed: Sequence[tuple[_File, str]]) -> list[Notice]:
    left = Counter(comment for _, new in changed for _, comment in comments(new, Source.of(new).root))
    notices = []
    for file, _ in changed:
        for line, comment in comments(file.source.text, file.source.root):
            left[comment] -= 1
            if left[comment] < 0:
                notices.append(Notice(f"The comment '{comment}' is lost.", Location(file.path, line)))
    return notices


def write_files(files: Sequence[MigratedFile]) -> None:
    """Write all files or none: each under a temporary name beside it, then all are renamed.

    Raises StorageError where a file cannot be written or has changed since it was read.
    """
    ready: list[tuple[Path, Path, bytes]] = []
    replaced: list[tuple[Path, bytes]] = []
    try:
        for file in files:
            target = Path(os.path.realpath(file.path))
            if target.read_bytes() != file.old:
                raise StorageError(f"'{file.path}' has changed while it was migrated.", fix="Run the command again.")
            ready.append((_temporary(target, file.new), target, file.old))
        for temporary, target, old in ready:
            temporary.replace(target)
            replaced.append((target, old))
    except OSError as error:
        for target, old in replaced:
            with suppress(OSError):
                _temporary(target, old).replace(target)
        raise StorageError(
            f"'{error.filename}' cannot be written: {error.strerror}. No file is changed.", fix="Check its permissions."
        ) from None
    finally:
        for temporary, _, _ in ready:
            temporary.unlink(missing_ok=True)


def _temporary(target: Path, content: bytes) -> Path:
    """A file beside the target with its permissions, so that a rename puts it in its place."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
        shutil.copymode(target, temporary)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
