"""The sources of the assistant's own classes: what Python would read to import them, found without importing anything.

Followed are the ``import`` statements of every module of the assistant, wherever they stand in it. Of the package that
a class is in, every module counts, imported or not. What code imports by a name that it computes, or reads from other
files, cannot be seen.
"""

from __future__ import annotations

import ast
import hashlib
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rebake.archive.manifest import Item
from rebake.assistant.model import ComponentSpec
from rebake.errors import DataError, StorageError

KIND = "module"
_DIGITS = 16
_EXTENSIONS = ("*.so", "*.pyd")  # compiled modules


class ModuleSources:
    """Finds the files of classes.

    Args:
        roots: directories in which Python looks for the assistant's modules, in order.
        packages: directories of installed packages, where it looks next. An installed package counts as a whole, and
            its imports are not followed.
    """

    def __init__(self, roots: Sequence[Path], packages: Sequence[Path]) -> None:
        self._roots = tuple(dict.fromkeys(roots))
        self._packages = tuple(packages)

    def items(self, spec: ComponentSpec) -> tuple[Item, ...]:
        """The files of the class that an entry of config.yml names by its dotted path, sorted.

        Raises:
            DataError: its module is nowhere.
            StorageError: a file cannot be read.
        """
        module = spec.name.rpartition(".")[0]
        own = _find(module, self._roots)
        if own:
            start = [*own, *_siblings(own[-1], is_top_level="." not in module)]
            return self._described(self._closure(start), self._roots)
        installed = _find(module, self._packages)
        if installed:
            return self._described([*installed, *_siblings(installed[0], is_top_level=True)], self._packages)
        where = ", ".join(map(str, self._roots))
        raise DataError(
            f"There is no module '{module}' for '{spec.name}', neither in {where} nor among the packages of --rasa.",
            location=spec.location,
            fix="Run rebake in the directory in which `rasa train` finds it, or name its directory in the environment "
            "variable PYTHONPATH and allow that with --env PYTHONPATH.",
        )

    def _closure(self, start: Iterable[Path]) -> set[Path]:
        found: set[Path] = set()
        waiting = list(start)
        while waiting:
            file = waiting.pop()
            if file not in found:
                found.add(file)
                waiting += self._imported(file)
        return found

    def _imported(self, file: Path) -> Iterator[Path]:
        if file.suffix != ".py":
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of odd escapes; that is between Rasa's Python and the module
                tree = ast.parse(_read(file))
        except (SyntaxError, ValueError, RecursionError):  # it cannot be imported, which Rasa will say
            return
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for name in node.names:
                    yield from _find_most(name.name, self._roots)
            elif isinstance(node, ast.ImportFrom):
                places = file.parents[node.level - 1 : node.level] if node.level else self._roots
                package = [place / "__init__.py" for place in places if node.level and not node.module]
                yield from (init for init in package if init.is_file())
                for name in node.names:
                    yield from _find_most(".".join(filter(None, (node.module, name.name))), places)

    def _described(self, files: Iterable[Path], roots: Sequence[Path]) -> tuple[Item, ...]:
        items = []
        for file in dict.fromkeys(files):
            root = next((root for root in roots if file.is_relative_to(root)), file.parent)
            name = file.relative_to(root).as_posix()
            digest = hashlib.sha256(f"{name}\0".encode("utf-8", "surrogateescape") + _read(file)).hexdigest()
            items.append(Item(KIND, name, digest[:_DIGITS], name, 1))
        return tuple(sorted(items, key=lambda item: item.name))


def search_path(directory: Path, python_path: str | None) -> tuple[Path, ...]:
    """Where Python looks for the assistant's modules when it runs in a directory with this PYTHONPATH."""
    more = [directory / entry for entry in (python_path or "").split(os.pathsep) if entry]
    return (directory, *(Path(os.path.normpath(place)) for place in more))


def _find(module: str, places: Sequence[Path]) -> list[Path]:
    """The files that Python runs to import a module: those of the packages it is in, then its own; [] if it is nowhere.

    A package with ``__init__.py`` comes before directories without, whatever their order, as for Python.
    """
    files: list[Path] = []
    for name in module.split("."):
        if not name.isidentifier():  # no path that leads elsewhere
            return []
        regular = next(filter(None, (_regular(place, name) for place in places)), None)
        if regular is not None:
            files.append(regular)
            places = [regular.parent] if regular.name == "__init__.py" else []
        else:
            places = [place / name for place in places if (place / name).is_dir()]
            if not places:
                return []
    return files


def _find_most(module: str, places: Sequence[Path]) -> list[Path]:
    """As :func:`_find`, of the longest beginning of the dotted name that is a module."""
    names = module.split(".")
    found = (_find(".".join(names[:length]), places) for length in range(len(names), 0, -1))
    return next(filter(None, found), [])


def _regular(place: Path, name: str) -> Path | None:
    candidates = (place / name / "__init__.py", place / f"{name}.py")
    found = next((file for file in candidates if file.is_file()), None)
    if found is None:
        found = next((file for kind in _EXTENSIONS for file in place.glob(f"{name}.{kind}") if file.is_file()), None)
    return found


def _siblings(file: Path, *, is_top_level: bool) -> list[Path]:
    """Every module of the package that a module is in; none of one that is in no package."""
    if is_top_level and file.name != "__init__.py":
        return []
    found = [other for pattern in ("*.py", *_EXTENSIONS) for other in file.parent.rglob(pattern) if other.is_file()]
    return [other for other in found if not _is_hidden(other.relative_to(file.parent))]


def _is_hidden(path: Path) -> bool:
    return any(name.startswith((".", "__pycache__")) for name in path.parts)


def _read(file: Path) -> bytes:
    """Line ends do not count, which git may turn into others."""
    try:
        return file.read_bytes().replace(b"\r\n", b"\n")
    except OSError as error:
        raise StorageError(f"{file} cannot be read: {error.strerror}.") from error
