"""The user's own Rasa: where its environment is, and which version is installed there. Nothing of it is run.

Accepted is Rasa 3.6.21 alone (a local version such as 3.6.21+acme, too): archives of rebake are of that version, and
what earlier releases write for scikit-learn's estimators does not load in it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from rebake.archive.metadata import RASA_VERSION
from rebake.errors import UsageError

_FIX = f"Give --rasa the directory of a virtual environment with Rasa {RASA_VERSION}, its bin/python or its bin/rasa."
_PACKAGES = ("lib/python3*/site-packages", "lib/python3*/dist-packages", "Lib/site-packages")


@dataclass(frozen=True, slots=True)
class RasaEnvironment:
    """An environment in which Rasa is installed.

    Attributes:
        python: its interpreter. A link is not followed: its own path is how Python finds the environment.
        version: of Rasa.
        packages: the directories that packages are installed in.
    """

    python: Path
    version: str
    packages: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class OwnRasa:
    """Rasa as the user asks for it (``--rasa``), with the files that it is to read by itself.

    Attributes:
        config: config.yml.
        domain: file or directory; None: there is none.
        data: files and directories of training data.
        env: names of environment variables that it is given besides those that it needs to run.
    """

    environment: RasaEnvironment
    config: str
    domain: str | None
    data: tuple[str, ...]
    env: frozenset[str] = frozenset()


def find_environment(path: str | Path) -> RasaEnvironment:
    """Find the environment that a path names: its directory, its interpreter, or its command ``rasa``.

    Raises:
        UsageError: there is no Python there, no Rasa, or one of another version.
    """
    given = Path(path)
    if not given.exists():
        raise UsageError(f"{given}, which --rasa names, does not exist.", fix=_FIX)
    for directory in _directories(given):
        python = next((file for file in _interpreters(directory) if file.is_file()), None)
        packages = tuple(place for pattern in _PACKAGES for place in sorted(directory.glob(pattern)))
        version = _version(packages)
        if python is None or version is None:
            continue
        if version.partition("+")[0] != RASA_VERSION:
            raise UsageError(
                f"{given} has Rasa {version}, and rebake writes models of Rasa {RASA_VERSION}.",
                fix=f"Install rasa=={RASA_VERSION} there, or name another environment.",
            )
        if not os.access(python, os.X_OK):
            raise UsageError(f"{python}, which --rasa names, cannot be executed.", fix=_FIX)
        return RasaEnvironment(python, version, packages)
    raise UsageError(f"{given} is no environment in which Rasa is installed.", fix=_FIX)


def _directories(given: Path) -> Iterator[Path]:
    """Where the environment may be; a command outside of it is a link into it, as pipx makes them."""
    if given.is_dir():
        yield given.absolute()
        return
    yield given.absolute().parent.parent
    yield given.resolve().parent.parent


def _interpreters(directory: Path) -> tuple[Path, ...]:
    if sys.platform == "win32":
        return directory / "Scripts" / "python.exe", directory / "python.exe"
    return directory / "bin" / "python", directory / "bin" / "python3"


def _version(packages: tuple[Path, ...]) -> str | None:
    """Of the installed Rasa, from its metadata."""
    found = distributions(name="rasa", path=[str(place) for place in packages])
    return next((distribution.version for distribution in found if distribution.metadata["Name"]), None)
