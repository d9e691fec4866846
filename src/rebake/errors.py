"""The errors that a person can cause, each with one message, a place and a fix.

Exit codes below 64 belong to the verdict of ``rebake check`` (1 core, 2 nlu, 4 nlg, 8 forced), so every error
maps to one of the codes of BSD's sysexits: 64 usage, 65 data, 70 internal, 74 input/output.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rebake.base.location import Location
    from rebake.base.notice_kinds import NoticeKind

EXIT_USAGE = 64
EXIT_DATA = 65
EXIT_INTERNAL = 70
EXIT_IO = 74

MOST_SHOWN = 20  # errors found together that a message lists; a report has them all
RETRAIN = "Train the model again with --force."  # the fix of a broken model


class RebakeError(Exception):
    """Base class of all errors whose message is meant for the user; the command line prints it without a traceback.

    Args:
        message: what is wrong, one sentence, naming the key or the name at fault.
        location: file and line at fault, printed in front of the message.
        fix: what to do about it, one sentence, printed after the message.
        kind: its code as a finding; None where it has none more exact than that of its class.

    Attributes:
        others: what was found together with this error, printed below it.
    """

    exit_code = EXIT_INTERNAL
    others: tuple[RebakeError, ...] = ()

    def __init__(
        self,
        message: str,
        *,
        location: Location | None = None,
        fix: str | None = None,
        kind: NoticeKind | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.location = location
        self.fix = fix
        self.kind = kind

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location is not None else ""
        fix = f" {self.fix}" if self.fix else ""
        lines = [f"{place}{self.message}{fix}", *map(str, self.others[: MOST_SHOWN - 1])]
        if len(self.others) >= MOST_SHOWN:
            lines.append(f"... and {len(self.others) - MOST_SHOWN + 1} more errors.")
        return "\n".join(lines)


class UsageError(RebakeError):
    """The command line, an action input or an argument of the API is wrong."""

    exit_code = EXIT_USAGE


class DataError(RebakeError):
    """A file of the assistant contains something that cannot be trained."""

    exit_code = EXIT_DATA


class UnsupportedError(DataError):
    """Something that Rasa can train and rebake cannot."""


class ModelError(RebakeError):
    """A model archive is broken, incomplete or not one that rebake reads."""

    exit_code = EXIT_DATA


class FinetuningError(DataError):
    """A model cannot be fine-tuned with this assistant; the message says why."""


class StorageError(RebakeError):
    """Reading or writing failed: a missing file, no permission, a network or API failure."""

    exit_code = EXIT_IO


class AccessDeniedError(StorageError):
    """GitHub does not let this token do that; the fix names the permission."""


class RateLimitError(StorageError):
    """GitHub takes no more requests of this token for longer than a run waits."""


class ImmutableReleaseError(StorageError):
    """The release is published and immutable: it takes no files any more."""


@contextmanager
def errors_of(kind: NoticeKind) -> Iterator[None]:
    """Give errors of the block that have no code this one."""
    try:
        yield
    except DataError as error:
        for each in (error, *error.others):
            each.kind = each.kind or kind
        raise


class DataErrors:
    """Collects the errors of several items, so that a person sees all of them at once."""

    def __init__(self) -> None:
        self._found: list[DataError] = []

    def add(self, error: DataError) -> None:
        self._found += [error, *(other for other in error.others if isinstance(other, DataError))]
        error.others = ()

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Collect an error of the block instead of raising it."""
        try:
            yield
        except DataError as error:
            self.add(error)

    def __iter__(self) -> Iterator[DataError]:
        return iter(self._found)

    def finish(self) -> None:
        """Raise the first of the errors with all others, if there are any; what is unsupported comes last."""
        if self._found:
            first, *others = sorted(self._found, key=lambda error: isinstance(error, UnsupportedError))
            first.others = tuple(others)
            raise first
