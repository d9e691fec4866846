"""Other projects that a configuration imports: ``importers:`` with Rasa's MultiProjectImporter, and ``imports:``.

An imported project is a directory, all of whose files count, or a configuration that imports more projects. What leads
out of the repository is refused: the files of a pull request must not decide what is read elsewhere on the machine.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rebake.assistant.domain.reader import DOMAIN_KEYS
from rebake.assistant.files import DATA_SUFFIXES, walk
from rebake.assistant.reading import describe
from rebake.assistant.stories.reader import is_test_file
from rebake.assistant.yaml.values import YamlList, YamlMap
from rebake.assistant.yaml.yaml12 import Document, read_text
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.errors import DataError, UnsupportedError

FILE_IMPORTERS = ("RasaFileImporter", "rasa.shared.importers.rasa.RasaFileImporter")
PROJECT_IMPORTERS = ("MultiProjectImporter", "rasa.shared.importers.multi_project.MultiProjectImporter")
CONFIG_NAMES = ("config.yml", "config.yaml")
STORY_KEYS = ("stories", "rules")


@dataclass(slots=True)
class ImportedProjects:
    """What a configuration imports, in the order in which it is read.

    Attributes:
        roots: the imported directories and configurations.
        domain_files: domain files.
        data_files: training data -> the keys that are read of it.
        importers: for each entry of ``importers:``, whether it reads imported projects.
    """

    roots: list[str] = field(default_factory=list)
    domain_files: list[str] = field(default_factory=list)
    data_files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    importers: tuple[bool, ...] = (False,)


def read_importers(document: Document, content: YamlMap) -> tuple[bool, ...]:
    """Return, for each entry of ``importers:``, whether it reads imported projects. Raises UnsupportedError."""
    importers = content.get("importers")
    found = []
    for importer in importers if isinstance(importers, list) else [importers] if importers else []:
        name = importer.get("name") if isinstance(importer, YamlMap) else importer
        location = document.at(content.line_of("importers"))
        if name not in (*FILE_IMPORTERS, *PROJECT_IMPORTERS):
            raise UnsupportedError(
                f"The importer {describe(name)} cannot be run: rebake runs no code of an assistant.",
                location=location,
                fix="Write the data that it makes into files, and remove the importer.",
            )
        if isinstance(importer, YamlMap) and "project_directory" in importer:
            raise UnsupportedError(
                "The setting 'project_directory' of an importer is not supported.",
                location=document.at(importer.line_of("project_directory")),
                fix="Write the paths under 'imports:' relative to the configuration.",
            )
        found.append(name in PROJECT_IMPORTERS)
    return tuple(found) or (False,)


def imported_projects(document: Document, read: Callable[[str], Document], notices: list[Notice]) -> ImportedProjects:
    """Find the projects that a configuration imports, those that they import, and their files.

    Args:
        document: the configuration.
        read: reads a YAML file.
        notices: gets what is odd.

    Raises:
        DataError: an import that is missing, is no project, or leads out of the repository; UnsupportedError for an
            importer that is not Rasa's.
        StorageError: a file that is unreadable.
    """
    content = document.value
    if not isinstance(content, YamlMap):
        return ImportedProjects()
    projects = ImportedProjects(importers=read_importers(document, content))
    if any(projects.importers):
        _ImportSearch(document, read, notices, projects).add(document)
    return projects


def repository_root(config: str | Path) -> str:
    """The work tree that the configuration is in; without one the working directory, or the configuration's own."""
    directory = Path(os.path.realpath(config)).parent
    for place in (directory, *directory.parents):
        if (place / ".git").exists():
            return str(place)
    working_directory = Path(os.path.realpath("."))
    return str(working_directory if directory.is_relative_to(working_directory) else directory)


class _ImportSearch:
    """Follows imports from configuration to configuration, each project once."""

    def __init__(
        self, config: Document, read: Callable[[str], Document], notices: list[Notice], found: ImportedProjects
    ) -> None:
        self.config = config
        self.read = read
        self.notices = notices
        self.found = found
        self.root = repository_root(config.file)
        self.own = str(Path(os.path.realpath(config.file)).parent)
        self.seen: set[str] = {os.path.realpath(config.file)}  # files
        self.imported: list[str] = []  # directories and configurations, without links

    def add(self, document: Document) -> None:
        """Add what a configuration imports."""
        content = document.value
        imports = content.get("imports") if isinstance(content, YamlMap) else None
        if imports is None:
            return
        if not isinstance(imports, YamlList):
            raise DataError(
                f"'imports' must be a list, not {describe(imports)}.",
                location=document.at(content.line_of("imports")),
                fix="Start the path of each project with '- '.",
            )
        places = [(item, document.at(line)) for line, item in imports.numbered()]
        new = [(self.new_project(document, item, location), location) for item, location in places]
        for path, location in new:
            if path is None:
                continue
            if Path(path).is_dir():
                self.add_directory(path, location)
            else:
                self.add(self.read(path))

    def new_project(self, document: Document, item: object, location: Location) -> str | None:
        """The path of an import; None where it is imported already."""
        if not isinstance(item, str) or not item.isprintable() or not item:
            raise DataError(f"An import is {describe(item)}.", location=location, fix="Write the path of a project.")
        path = os.path.normpath(Path(document.file).parent / item)
        real = os.path.realpath(path)
        if Path(item).is_absolute() and not Path(document.file).is_absolute():
            path = os.path.relpath(real)
        self.refuse_outside(path, real, location)
        if not _exists(real):
            raise DataError(
                f"The imported project '{item}' does not exist.",
                location=location,
                fix=f"Correct the path, which is relative to '{document.file}', or check its submodule out.",
            )
        is_back = document is not self.config and real == self.own  # from a project that this one imports
        if is_back or any(_is_in(real, known) for known in self.imported):
            return None
        if not Path(real).is_dir() and Path(path).name not in CONFIG_NAMES:
            raise DataError(
                f"The import '{item}' is not a project.",
                location=location,
                fix=f"Name its directory, or its {' or '.join(CONFIG_NAMES)}.",
            )
        self.imported.append(real)
        self.found.roots.append(path)
        return path

    def refuse_outside(self, path: str, real: str, location: Location) -> None:
        if not _is_in(real, self.root):
            raise DataError(
                f"The import leads to '{path}', which is outside of the repository '{self.root}'.",
                location=location,
                fix="Move the project into the repository, or give its files with --domain and --data.",
            )

    def add_directory(self, directory: str, location: Location) -> None:
        for path in walk(directory, DATA_SUFFIXES, self.notices):
            real = os.path.realpath(path)
            self.refuse_outside(path, real, location)
            if real not in self.seen:
                self.seen.add(real)
                self.add_file(path)

    def add_file(self, path: str) -> None:
        """Sort a file by the first kind that Rasa takes it for, and name what Rasa does not read of it then."""
        if path.endswith(".json"):
            self.found.data_files[path] = ("nlu",)
            return
        document = self.document(path)
        content = document.value if document is not None else None
        if document is None or not isinstance(content, YamlMap):
            return
        keys: tuple[str, ...]
        has_stories = any(key in content for key in STORY_KEYS)
        if has_stories and is_test_file(path):
            kind, keys = "test stories", STORY_KEYS
            self.found.data_files[path] = keys
        elif any(key in content for key in DOMAIN_KEYS):
            kind, keys = "domain", DOMAIN_KEYS
            self.found.domain_files.append(path)
        elif "nlu" in content:
            kind, keys = "NLU data", ("nlu",)
            self.found.data_files[path] = keys
        elif has_stories:
            self.found.data_files[path] = STORY_KEYS
            return
        else:
            if Path(path).name in CONFIG_NAMES:
                self.add(document)
            return
        for key in ("nlu", *STORY_KEYS):
            if key in content and key not in keys:
                message = (
                    f"'{key}' is skipped. As in Rasa, a file of an imported project that has "
                    f"'{next(key for key in keys if key in content)}' is read as {kind} alone. "
                    f"Move '{key}' into a separate file."
                )
                self.notices.append(Notice(message, document.at(content.line_of(key)), NoticeKind.SKIPPED_DATA))

    def document(self, path: str) -> Document | None:
        """Read a file; None for one that is broken and nothing of Rasa's, as a project may contain others."""
        try:
            return self.read(path)
        except DataError as error:
            if _looks_like_rasa(path):
                raise
            message = f"Skipped: {error.message}"
            self.notices.append(Notice(message, error.location, NoticeKind.SKIPPED_FILE))
            return None


def _looks_like_rasa(path: str) -> bool:
    starts = tuple(f"{key}:" for key in ("nlu", *STORY_KEYS, *DOMAIN_KEYS))
    try:
        lines = read_text(path).splitlines()
    except DataError:  # not UTF-8
        return False
    return Path(path).name in CONFIG_NAMES or any(line.startswith(starts) for line in lines)


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:  # a name that is too long
        return False


def _is_in(path: str, directory: str) -> bool:
    return Path(path).is_relative_to(directory)
