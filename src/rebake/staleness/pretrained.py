"""Which language model a name in config.yml stands for here: an installed package, or a snapshot in the hub's cache.

Both are upgraded in place, without a word in config.yml. Nothing is imported that would load a model.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from rebake.registry.entry import HubCommit, PackageVersion


def pretrained_versions(
    pretrained: PackageVersion | HubCommit | None,
    options: Mapping[str, Any],
    packages: Sequence[Path] | None = None,
) -> dict[str, str]:
    """Return what a component's record says besides its options; nothing of what is not on this machine.

    Args:
        pretrained: how the component finds its language model.
        options: merged with the defaults.
        packages: directories of installed packages; None = this environment's.

    Returns:
        of an installed package "version of <option>", of weights in the cache of the Hugging Face hub "commit of
        <option>".
    """
    match pretrained:
        case PackageVersion(option):
            found = {f"version of {option}": _package_version(options[option], packages)}
        case HubCommit():
            weights = options[pretrained.weights] or pretrained.defaults.get(str(options[pretrained.kind]))
            found = {f"commit of {pretrained.weights}": _hub_commit(weights, options[pretrained.cache])}
        case None:
            found = {}
    return {name: version for name, version in found.items() if version is not None}


def _package_version(name: object, packages: Sequence[Path] | None) -> str | None:
    if not isinstance(name, str) or not name.isidentifier():
        return None
    places = sys.path if packages is None else [str(place) for place in packages]
    return next((found.version for found in distributions(name=name, path=places)), None)


def _hub_commit(repository: object, cache: object) -> str | None:
    """The commit that the cache's branch ``main`` is at. A directory of that name comes before the hub."""
    if not isinstance(repository, str) or not repository or Path(repository).is_dir():
        return None
    folder = Path(cache) if isinstance(cache, str) and cache else _default_cache()
    try:
        commit = (folder / f"models--{repository.replace('/', '--')}" / "refs" / "main").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    return commit.strip() or None


def _default_cache() -> Path:
    """As the library huggingface_hub finds it."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if value := os.environ.get(name):
            return _expanded(value)
    if home := os.environ.get("HF_HOME"):
        return _expanded(home) / "hub"
    return _expanded(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface" / "hub"


def _expanded(path: str) -> Path:
    return Path(os.path.expandvars(path)).expanduser()
