"""Evaluations in the store of parts, each as one file under its key."""

from __future__ import annotations

from pathlib import Path

from rebake.errors import ModelError
from rebake.evaluation.kept import pack_evaluation, unpack_evaluation
from rebake.evaluation.result import ModelTest
from rebake.store.protocol import Store


def evaluation_name(key: str) -> str:
    """The asset name of an evaluation."""
    return f"evaluation-{key}.json.gz"


class Evaluations:
    """The evaluations of one repository."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, ModelTest] = {}
        self._asked: set[str] = set()  # keys that are not read a second time, which may take minutes
        self._broken: set[str] = set()

    def find(self, key: str) -> ModelTest | None:
        """Return the evaluation with this key; None where there is none that can be read.

        Raises:
            StorageError: the download failed; this is not tried again.
        """
        if key not in self._known and key not in self._asked:
            self._asked.add(key)
            try:
                content = self._store.read(evaluation_name(key))
            except ModelError:  # too large to be one
                content = b""
            found = None if content is None else unpack_evaluation(content, key)
            if found is not None:
                self._known[key] = found
            elif content is not None:
                self._broken.add(key)
        return self._known.get(key)

    def remember(self, key: str, test: ModelTest) -> None:
        """Find it from now on in this run, whether or not it can be kept."""
        self._known[key] = test

    def keep(self, key: str, directory: Path) -> None:
        """Keep what is remembered for later runs; what was broken is replaced.

        Args:
            key: of the evaluation.
            directory: for the file, which must be there until the store is finished.

        Raises:
            StorageError: the API refuses, or cannot be reached.
        """
        path = directory / evaluation_name(key)
        path.write_bytes(pack_evaluation(self._known[key], key))
        self._store.publish(path, path.name, replace=key in self._broken)
