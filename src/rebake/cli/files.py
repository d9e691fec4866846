"""Which files a command reads: those that its options name, or the defaults."""

from __future__ import annotations

import argparse
from pathlib import Path

from rebake.archive.manifest import read_manifest
from rebake.errors import ModelError, StorageError, UsageError
from rebake.store.directory import newest_model

DEFAULT_CONFIG = "config.yml"
DEFAULT_DOMAIN = "domain.yml"
DEFAULT_DATA = "data"
GZIP = b"\x1f\x8b"  # the first bytes of an archive


def files_of(options: argparse.Namespace) -> tuple[str | None, list[str]]:
    """Return the path of the domain and those of the data; the domain that only the default names may be missing."""
    domain: str | None = options.domain
    if domain is None:
        domain = DEFAULT_DOMAIN if Path(DEFAULT_DOMAIN).exists() else None
    return domain, _data(options)


def _data(options: argparse.Namespace) -> list[str]:
    """The paths of --data, or those of --nlu and --stories, which `rasa train nlu` and `rasa train core` have.

    Raises UsageError where they do not go together.
    """
    nlu, stories = getattr(options, "nlu", None), getattr(options, "stories", None)
    if nlu is None and stories is None:
        return options.data or [DEFAULT_DATA]
    if options.data is not None:
        raise UsageError("--nlu and --stories replace --data.", fix="Leave out one or the other.")
    needed = {"nlu": ["--nlu"], "core": ["--stories"], None: ["--nlu", "--stories"]}[options.part]
    for option, paths in (("--nlu", nlu), ("--stories", stories)):
        if paths is not None and option not in needed:
            raise UsageError(f"{option} changes nothing for `train {options.part}`.", fix=f"Use {needed[0]}.")
        if paths is None and option in needed:
            raise UsageError(f"{option} is missing.", fix="Give both --nlu and --stories, or use --data.")
    return [*(nlu or ()), *(stories or ())]


def require_assistant(options: argparse.Namespace) -> None:
    """Raise StorageError where nothing that the defaults name is there: most likely it is the wrong directory."""
    named = options.config != DEFAULT_CONFIG or options.domain is not None or options.data is not None
    named = named or getattr(options, "nlu", None) is not None or getattr(options, "stories", None) is not None
    if named or any(Path(name).exists() for name in (DEFAULT_CONFIG, DEFAULT_DOMAIN, DEFAULT_DATA)):
        return
    raise StorageError(
        f"There is no assistant in {Path.cwd()}: neither {DEFAULT_CONFIG} nor {DEFAULT_DOMAIN} nor {DEFAULT_DATA}.",
        fix="Run the command in the assistant's directory, or name its files with --config, --domain and --data.",
    )


def model_path(given: str, option: str) -> Path:
    """Return the path that an option names, in place of a directory its newest model. Raises StorageError."""
    path = Path(given)
    if path.is_file():
        return path
    newest = newest_model(path) if path.is_dir() else None
    if newest is None:
        state = "contains no model" if path.is_dir() else "does not exist"
        if path.exists() and not path.is_dir():
            state = "is neither a model archive nor a directory"
        raise StorageError(f"{path} {state}.", fix=f"Train a model with `rebake train`, or name one with {option}.")
    return newest


def named_model(given: str, option: str) -> Path:
    """As :func:`model_path`, of a model to compare with. It may be broken: then nothing is known of its parts.

    Raises:
        StorageError: it is not there, or cannot be read.
        ModelError: it is neither an archive nor a rebake.json, so most likely another file was meant.
    """
    path = model_path(given, option)
    if path.suffix == ".json":
        read_manifest(path)
        return path
    try:
        with path.open("rb") as file:
            is_archive = file.read(len(GZIP)) == GZIP
    except OSError as error:
        raise StorageError(f"{path} cannot be read ({error.strerror or error}).") from error
    if not is_archive:
        raise ModelError(f"{path} is no model archive.", fix=f"Name a model (.tar.gz) or a directory with {option}.")
    return path
