"""The directory of models while one is written into it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from rebake.archive.scratch import scratch_directory
from rebake.errors import StorageError


@contextmanager
def working_directory(output: Path) -> Iterator[Path]:
    """A temporary directory beside the models, so that the finished archive is renamed within one file system.

    After an error it is gone, and so is ``output`` if it was made for this.

    Raises:
        StorageError: for every OSError, also of what is done in the context.
    """
    is_new = not output.exists()
    try:
        output.mkdir(parents=True, exist_ok=True)
        stack = ExitStack()
        scratch = stack.enter_context(scratch_directory(output))
    except OSError as error:
        raise StorageError(
            f"cannot write models to {output}: {error.strerror}.", fix="Choose a directory you may write to (--out)."
        ) from error
    try:
        with stack:
            yield scratch
    except BaseException as error:
        if is_new:
            with suppress(OSError):  # another training may have written a model there meanwhile
                output.rmdir()
        if isinstance(error, OSError):  # a full disk names no file, and then it is the one of the models
            name = None if error.filename is None else Path(error.filename)
            elsewhere = name is not None and name.is_absolute() and not name.is_relative_to(output.resolve())
            where = f"{name} cannot be used" if elsewhere else f"the model could not be written below {output}"
            raise StorageError(f"{where}: {error.strerror or error}.") from error
        raise
