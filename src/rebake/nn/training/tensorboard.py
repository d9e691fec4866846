"""Event files for TensorBoard, under the names that Rasa 3.6 has through Keras."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import tensorflow as tf

from rebake.errors import StorageError
from rebake.nn.training.fit import Losses


class TensorBoardLog:
    """Writes scalars while training runs: a :class:`rebake.nn.training.fit.Watcher`.

    ``<directory>/train`` gets the losses of every epoch as ``epoch_<name>``, and with level "batch" those of every step
    as ``batch_<name>``; ``<directory>/validation`` gets the figures given to :meth:`evaluated`, as ``epoch_<name>``.

    Args:
        names: figure -> its name in the files; others keep theirs.

    Raises:
        StorageError: the directory cannot be written, now or later.
    """

    def __init__(self, directory: str, level: Literal["epoch", "batch"], names: Mapping[str, str]) -> None:
        self.level = level
        self.names = names
        self.directory = Path(directory)
        self._writers: dict[str, tf.summary.SummaryWriter] = {}
        self._train = self._open("train")
        self._validation: tf.summary.SummaryWriter | None = None

    def _open(self, name: str) -> tf.summary.SummaryWriter:
        place = self.directory / name
        with self._errors():
            place.mkdir(parents=True, exist_ok=True)
            return tf.summary.create_file_writer(str(place))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise StorageError, naming the directory, where it cannot be written to."""
        try:
            yield
        except (OSError, tf.errors.OpError) as error:
            raise StorageError(
                f"TensorBoard's files cannot be written to {self.directory}: {error}.",
                fix="Change tensorboard_log_directory.",
            ) from error

    def step_done(self, number: int, losses: Losses) -> None:
        """Write the losses of a step, with level "batch"."""
        if self.level == "batch":
            self._write(self._train, "batch_", number, {name: float(value) for name, value in losses.items()})

    def epoch_done(self, epoch: int, means: Mapping[str, float]) -> dict[str, float]:
        """Write the mean losses of an epoch."""
        self._write(self._train, "epoch_", epoch, means)
        return {}

    def evaluated(self, epoch: int, figures: Mapping[str, float]) -> None:
        """Write the figures of the held-out examples after an epoch."""
        if self._validation is None:
            self._validation = self._open("validation")
        self._write(self._validation, "epoch_", epoch, figures)

    def _write(self, writer: tf.summary.SummaryWriter, prefix: str, step: int, figures: Mapping[str, float]) -> None:
        kind = tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars")
        metadata = tf.compat.v1.SummaryMetadata(plugin_data=kind, data_class=1)  # a scalar
        with self._errors():
            with writer.as_default():
                for name, value in figures.items():
                    tag = prefix + self.names.get(name, name)
                    tf.summary.write(tag, tf.constant(value, tf.float32), step=step, metadata=metadata)
            writer.flush()
