"""A project on disk -> one Assistant."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from rebake.assistant.config import default_config, read_config
from rebake.assistant.data_file import DataFile, ReadData, read_data_file
from rebake.assistant.domain.merge import complete_domain, merge_domains
from rebake.assistant.domain.reader import DOMAIN_KEYS
from rebake.assistant.domain_file import read_domain_file
from rebake.assistant.file_cache.cache import FileCache
from rebake.assistant.files import AnyPath, Paths, as_paths, data_files, domain_files, require
from rebake.assistant.imports import ImportedProjects, imported_projects
from rebake.assistant.keys import DATA_KEYS, has_key, misspelt_domain, unknown_codes, unreadable_notice
from rebake.assistant.model import Assistant, Config, Domain, NluData, Story
from rebake.assistant.nlu_data.json_formats.reader import read_json_nlu
from rebake.assistant.nlu_data.reader import NluFile, combine_nlu
from rebake.assistant.yaml.yaml12 import Document, parse_yaml, read_yaml, text_of
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.base.notices import NoticeSink
from rebake.base.silenced import SilencedLines
from rebake.errors import DataError, DataErrors, RebakeError, errors_of


def load_assistant(
    config: AnyPath | None,
    domain: Paths,
    data: Paths,
    *,
    env: frozenset[str] = frozenset(),
    notices: NoticeSink | None = None,
    use_cache: bool = False,
) -> Assistant:
    """Read a project.

    Args:
        config: config.yml; None means Rasa's defaults.
        domain: file or directory of domain files, or several; None means no domain.
        data: files and directories of training data; None means none.
        env: names of environment variables that ``${NAME}`` in a file may expand to.
        notices: receives what deserves attention in the files, also if one of them says something wrong.
        use_cache: keep what large files say in the user's cache directory, and take it from there
            (:mod:`rebake.assistant.file_cache.cache`).

    Raises:
        DataError: a file says something wrong; the message names file and line. UnsupportedError for what is right but
            not read here.
        StorageError: a path that is missing or unreadable.
    """
    importer = ProjectImporter(config, domain, data, env=env, use_cache=use_cache)
    try:
        return importer.load()
    finally:
        if notices is not None:
            for notice in importer.notices:
                notices.add(notice)


def imported_roots(config: str | Path) -> list[str]:
    """Return the directories and configurations that a configuration imports; none where they cannot be found.

    Reading the assistant says why not.
    """
    try:
        return list(ProjectImporter(config).get_imports().roots)
    except RebakeError:
        return []


NOT_KEPT: Any = object()  # stands for the values of a file that came from the cache


class ProjectImporter:
    """Reads an assistant's files: the ``file_importer`` of :mod:`rebake.model_training`.

    Each ``get_*`` reads only what it needs, once. All of them raise as :func:`load_assistant` does.

    Args:
        config_file: config.yml, or None for Rasa's defaults.
        domain_path: file or directory of domain files, or several of them, or a domain; None for no domain.
        training_data_paths: files and directories of training data.
        env: names of environment variables that ``${NAME}`` in a file may expand to.
        use_cache: keep what large files say in the user's cache directory, and take it from there.

    Attributes:
        cached_files: the data files that were read and are in the cache, with the keys of what they said.
    """

    def __init__(
        self,
        config_file: AnyPath | None = None,
        domain_path: Paths | Domain = None,
        training_data_paths: Paths = None,
        *,
        env: frozenset[str] = frozenset(),
        use_cache: bool = False,
    ) -> None:
        self.config_file = config_file
        self.domain_path = domain_path
        self.training_data_paths = training_data_paths
        self.env = env
        self._uses_cache = use_cache
        self._cache: FileCache | None = None
        self.cached_files: dict[str, str] = {}
        self._documents: dict[str, Document] = {}
        self._other_files: list[str] = []
        self._config_notices: tuple[Notice, ...] = ()
        self._import_notices: list[Notice] = []
        self._domain_notices: list[Notice] = []
        self._data_notices: list[Notice] = []

    def get_config(self) -> Config:
        """Return the configuration, with Rasa's defaults where the file leaves parts empty."""
        return self._config

    def get_domain(self) -> Domain:
        """Return the merged domain, completed by responses, retrieval intents and bot texts of the data files."""
        data = self._data
        return complete_domain(self._domain, data.nlu, data.responses, data.stories)

    def get_domain_of_files(self) -> Domain:
        """Return the merged domain of the domain files alone."""
        return self._domain

    def get_nlu_data(self) -> NluData:
        """Return the NLU data of all data files."""
        return self._data.nlu

    def get_stories(self) -> tuple[Story, ...]:
        """Return stories and rules of all data files but test files."""
        return tuple(self._data.stories)

    def get_imports(self) -> ImportedProjects:
        """Return the projects that the configuration imports, with their files."""
        return self._imports

    def read_all(self, errors: DataErrors) -> None:
        """Read every file, and collect what is wrong with them. Raises StorageError."""
        for read in (lambda: self._config, lambda: self._imports, lambda: self._domain, lambda: self._data):
            with errors.collecting():
                read()

    def load(self) -> Assistant:
        """Load everything as one value.

        The domain is read before the data, so that notices come in the same order where it had to be read already.
        """
        config, _ = self.get_config(), self.get_imports()
        self.get_domain_of_files()
        data = self._data
        return Assistant(
            config=config,
            domain=self.get_domain(),
            nlu=data.nlu,
            stories=self.get_stories(),
            notices=self.notices,
            files=(*self._documents, *self._other_files),
            test_stories=tuple(data.test_stories),
            silenced=self.silenced,
        )

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What deserves attention in the files that were read so far, also if reading them failed."""
        found = [notice for document in self._documents.values() for notice in document.notices]
        found += unknown_codes(self._documents.values())
        found += [*self._config_notices, *self._import_notices, *self._domain_notices, *self._data_notices]
        read = {os.path.realpath(path) for path in self._other_files}  # lookup tables are no data files of themselves

        def is_lookup_table(notice: Notice) -> bool:
            place = notice.location if notice.kind is NoticeKind.UNREAD_FILE else None
            return place is not None and os.path.realpath(place.file) in read

        return tuple(notice for notice in dict.fromkeys(self.silenced.without(found)) if not is_lookup_table(notice))

    @property
    def texts_of_duplicates(self) -> list[str]:
        """The texts of the examples that were left out, since others say the same."""
        kind = NoticeKind.DUPLICATE_EXAMPLE
        return [notice.subject or "" for notice in self._data_notices if notice.kind is kind]

    @property
    def silenced(self) -> SilencedLines:
        """The lines with a comment that silences findings, of the files that were read so far."""
        return SilencedLines({file: document.silenced for file, document in self._documents.items()})

    def _read(self, path: str) -> Document:
        if path not in self._documents or self._documents[path].value is NOT_KEPT:
            with errors_of(NoticeKind.INVALID_YAML):
                self._documents[path] = read_yaml(path, env=self.env)
        return self._documents[path]

    @cached_property
    def _config(self) -> Config:
        if self.config_file is None:
            return default_config(Location("config.yml", 1))
        config, self._config_notices = read_config(self._read(str(Path(self.config_file))))
        return config

    @cached_property
    def _imports(self) -> ImportedProjects:
        if self.config_file is None:
            return ImportedProjects()
        return imported_projects(self._read(str(Path(self.config_file))), self._read, self._import_notices)

    @cached_property
    def _domain(self) -> Domain:
        notices = self._domain_notices
        domains: list[Domain] = [self.domain_path] if isinstance(self.domain_path, Domain) else []
        errors = DataErrors()
        for path in self._domain_paths:
            require(path)
            documents = self._read_domains(path, errors) if Path(path).is_dir() else [self._read(path)]
            if not documents and not list(errors):
                message = f"The directory '{path}' contains no domain file."
                notices.append(Notice(message, kind=NoticeKind.EMPTY_DOMAIN))
            for document in documents:
                with errors.collecting():
                    domains.append(read_domain_file(document, notices))
        own = {os.path.realpath(path) for path in self._domain_files()}
        imported = [path for path in self._imports.domain_files if os.path.realpath(path) not in own]
        everything = list(domains)
        for path in imported:
            with errors.collecting():
                everything.append(read_domain_file(self._read(path), notices))
        errors.finish()
        merged, merge_notices = merge_domains(everything)
        importers = self._imports.importers
        if len(importers) > 1:  # several read the own files, each again, which decides the order of the actions
            parts = [merged if reads_projects else merge_domains(domains)[0] for reads_projects in importers]
            merged, _ = merge_domains(parts)
        notices += merge_notices
        return merged

    def _read_domains(self, directory: str, errors: DataErrors) -> list[Document]:
        """Read the domain files of a directory, which may contain other YAML files, too."""
        documents, notices = [], self._domain_notices
        for file in domain_files(directory, notices):
            with errors.collecting():
                try:
                    documents.append(self._read(file))
                except DataError as error:
                    notices.append(unreadable_notice(file, error, DOMAIN_KEYS))
        notices += [notice for document in documents if (notice := misspelt_domain(document)) is not None]
        return [document for document in documents if has_key(document, DOMAIN_KEYS)]

    @cached_property
    def _data(self) -> ReadData:
        data = ReadData(self._data_notices)
        nlu_files: list[NluFile] = []
        domain_paths = {*self._domain_files(), *self._imports.domain_files}
        errors = DataErrors()
        files = self.list_data_files(data.notices)
        self._cache = FileCache.of_user([path for path, _ in files]) if self._uses_cache else None
        for path, keys in files:
            with errors.collecting():
                if path.endswith(".json"):
                    nlu_files.append(read_json_nlu(path, self.get_config().language))
                    self._other_files += [path, *nlu_files[-1].lookup_files]
                    continue
                found, is_domain = DataFile(), path in domain_paths
                try:
                    self._read_data_file(path, keys, found, is_domain=is_domain)
                except DataError as error:
                    if is_domain:
                        raise
                    data.notices.append(unreadable_notice(path, error))
                finally:  # what it says beside an error
                    data.add(found, path, is_domain=is_domain)
                    nlu_files += [found.nlu] if found.nlu is not None else []
        if self._cache is not None:
            self._cache.prune()
        errors.finish()
        data.nlu, notices = combine_nlu(nlu_files)
        data.notices += notices
        return data

    def list_data_files(self, notices: list[Notice]) -> list[tuple[str, tuple[str, ...]]]:
        """Return all data files with the keys that are read of them, in the order of the importers, each file once.

        They are looked for once: a file that comes or goes afterwards makes no difference. ``notices`` receives what is
        odd about the files.
        """
        files, found = self._listed
        notices += found
        return list(files)

    @cached_property
    def _listed(self) -> tuple[list[tuple[str, tuple[str, ...]]], list[Notice]]:
        """The data files, and what is odd about them."""
        notices: list[Notice] = []
        own = dict.fromkeys(data_files(self.training_data_paths, notices), DATA_KEYS)
        files: dict[str, tuple[str, tuple[str, ...]]] = {}
        for reads_projects in self._imports.importers:
            for path, keys in {**(self._imports.data_files if reads_projects else {}), **own}.items():
                files.setdefault(os.path.realpath(path), (path, own.get(path, keys)))
        return list(files.values()), notices

    @property
    def _domain_paths(self) -> list[str]:
        return [] if isinstance(self.domain_path, Domain) else as_paths(self.domain_path)

    def _domain_files(self) -> list[str]:
        files: list[str] = []
        for path in self._domain_paths:
            files += domain_files(path, []) if Path(path).is_dir() else [path]
        return files

    def _read_data_file(self, path: str, keys: Sequence[str], found: DataFile, *, is_domain: bool) -> None:
        """Read a YAML file, or take from the cache what it said when it was last read."""
        cache = None if is_domain or path in self._documents else self._cache
        cached = None if cache is None else cache.find(path, keys)
        if cache is None or cached is None:
            read_data_file(self._read(path), keys, found, is_domain=is_domain)
            return
        if cached.kept is not None:
            self.cached_files[path] = cached.key
            self._documents[path] = Document(path, NOT_KEPT, cached.kept.notices, cached.kept.silenced)
            found.take(cached.kept.data)
            return
        with errors_of(NoticeKind.INVALID_YAML):
            document = parse_yaml(text_of(cached.content, path), path, env=self.env)
        self._documents[path] = document
        read_data_file(document, keys, found, is_domain=is_domain)
        if cache.keep(cached, document, found) is not None:
            self.cached_files[path] = cached.key
