"""The history of a repository's models in its store: one file, which each run that adds a model reads and replaces.

One file and not one for each model: a report shows all of them, which is one download then, and a release takes only a
thousand files. Two runs that add a model in the same moment may each replace the other's file; so each looks once more
whether its model is there.
"""

from __future__ import annotations

from pathlib import Path

from rebake.errors import DataError
from rebake.evaluation.history import PastQuality, history_json, read_history, with_model
from rebake.store.protocol import Store

ROUNDS = 2  # of adding a model


def history_name(slug: str) -> str:
    """The asset name of the history of the assistant with this slug."""
    return f"history{slug}.json"


def find_history(store: Store, name: str) -> tuple[PastQuality, ...]:
    """Return the models of a history, oldest first; none where there is no history.

    Args:
        store: of the repository.
        name: of the asset.

    Raises:
        StorageError: the store refuses, or cannot be reached.
        ModelError: the file is larger than a history can be.
        DataError: the file is no history, or one of a later version of rebake.
    """
    content = store.read(name)
    if content is None:
        return ()
    try:
        return read_history(content)
    except ValueError as error:
        raise DataError(
            f"{store.where(name)} cannot be read: {error}.",
            fix="Delete it to begin a new history, or use a newer version of rebake.",
        ) from error


def add_model(store: Store, name: str, model: PastQuality, directory: Path) -> tuple[PastQuality, ...]:
    """Add a model to a history; returns all its models, oldest first.

    Args:
        store: of the repository.
        name: of the asset.
        model: to add.
        directory: for the file, which must be there until the store is finished.

    Raises: as :func:`find_history`.
    """
    path = directory / name
    models: tuple[PastQuality, ...] = ()
    for _ in range(ROUNDS):
        store.refresh()
        known = find_history(store, name)
        models = with_model(known, model)
        if models == known:
            break
        path.write_text(history_json(models), encoding="utf-8")
        store.publish(path, name)
    return models
