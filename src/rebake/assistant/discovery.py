"""Which assistants a repository has, and which of their files are where the action does not look by default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rebake.assistant.files import YAML_SUFFIXES
from rebake.assistant.imports import CONFIG_NAMES
from rebake.assistant.keys import DATA_KEYS, has_key
from rebake.assistant.stories.reader import is_test_file
from rebake.assistant.yaml.yaml12 import read_yaml
from rebake.errors import RebakeError

_CONFIG_KEYS = ("recipe", "pipeline", "policies")
_IMPORT_KEYS = ("imports", "importers")
_DOMAINS = ("domain.yml", "domain.yaml", "domain")


@dataclass(frozen=True, slots=True)
class FoundAssistant:
    """An assistant; all paths but its directory's are relative to the directory.

    Attributes:
        directory: relative to the root of the repository; "." is the root.
        config: its configuration.
        domain: file or directory; None for an assistant without a domain.
        data: files and directories of training data.
        tests: files and directories of test stories that are not in ``tests``.
    """

    directory: PurePosixPath
    config: str
    domain: str | None
    data: tuple[str, ...]
    tests: tuple[str, ...] = ()


def find_assistants(root: Path, files: Sequence[PurePosixPath]) -> list[FoundAssistant]:
    """Find the assistants among the files of a repository.

    A project that another one above it imports is a part of that one. A file that cannot be read counts as none of an
    assistant.
    """
    found: list[FoundAssistant] = []
    importing: list[PurePosixPath] = []
    for config in sorted((path for path in files if path.name in CONFIG_NAMES), key=lambda path: len(path.parts)):
        directory = config.parent
        if any(directory.is_relative_to(above) for above in importing):
            continue
        if any(assistant.directory == directory for assistant in found) or not _has_key(root / config, _CONFIG_KEYS):
            continue
        assistant = _assistant(root, config, [path for path in files if path.is_relative_to(directory)])
        if assistant is None:
            continue
        found.append(assistant)
        if _has_key(root / config, _IMPORT_KEYS):
            importing.append(directory)
    return sorted(found, key=lambda assistant: assistant.directory)


def _assistant(root: Path, config: PurePosixPath, files: Sequence[PurePosixPath]) -> FoundAssistant | None:
    """None where there is neither training data nor a domain beside the configuration."""
    directory = config.parent
    inside = [path.relative_to(directory) for path in files]
    top = {path.parts[0] for path in inside}
    yaml = [path for path in inside if path.suffix in YAML_SUFFIXES]
    domain = next((name for name in _DOMAINS if name in top), None)
    data: tuple[str, ...] = ("data",)
    if "data" not in top:
        beside = [path for path in yaml if len(path.parts) == 1 and path.name not in (config.name, domain)]
        data = tuple(path.name for path in beside if _has_key(root / directory / path, DATA_KEYS))
    if not data or (domain is None and "data" not in top):
        return None
    tests: Mapping[str, None] = {}
    if "tests" not in top:
        tests = dict.fromkeys(_test_places(root / directory, yaml, data))
    return FoundAssistant(directory, config.name, domain, data, tuple(tests))


def _test_places(directory: Path, files: Iterable[PurePosixPath], data: Sequence[str]) -> Iterable[str]:
    """Files named test_* with stories: their directories, or themselves where other data is beside them."""
    for path in files:
        if is_test_file(str(path)) and _has_key(directory / path, ("stories",)):
            is_mixed = len(path.parts) == 1 or path.parts[0] in data
            yield str(path if is_mixed else path.parent)


def _has_key(path: Path, keys: Sequence[str]) -> bool:
    try:
        return has_key(read_yaml(path), keys)
    except RebakeError:
        return False
