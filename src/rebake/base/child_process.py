"""Work in a child process: Core trains beside NLU, folds beside each other, each with its own TensorFlow.

The child inherits what is in memory and writes into the same directories. It sends lines of JSON through a pipe:
its progress and its notices, and at the end its answer or the error that a person should read.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, NoReturn, TextIO

from rebake import errors
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.base.notices import Notices, NoticeSink
from rebake.base.processors import processors
from rebake.base.progress import STDERR, Progress, Task
from rebake.errors import RebakeError

_PR_SET_PDEATHSIG = 1

Answer = Mapping[str, Any]
Work = Callable[[Progress, NoticeSink], Answer]


def can_fork() -> bool:
    """Return whether a second process pays and is safe: two processors, and neither threads nor TensorFlow started yet.

    Not on macOS, whose own libraries may crash in a forked process.
    """
    return (
        hasattr(os, "fork")
        and sys.platform != "darwin"
        and processors() > 1
        and threading.active_count() == 1
        and "tensorflow" not in sys.modules
    )


class ChildProcess:
    """A piece of work that runs in a separate process from now on.

    Args:
        work: called there with a progress and what receives its notices; returns what JSON can express.
        progress: of this process, where the child's tasks are shown.
        name: of the work, for the message that it was ended from outside ("The training of Core").
        fix: what to do then.
        listen: start to listen to it at once. Listening needs a thread, after which no further process may start: where
            several are to run side by side, call :meth:`listen` when all of them have started.

    Attributes:
        notices: of the work; complete once it has ended.
    """

    def __init__(self, work: Work, progress: Progress, *, name: str, fix: str, listen: bool = True) -> None:
        self._name = name
        self._fix = fix
        self.notices = Notices()
        reader, writer = os.pipe()
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        with warnings.catch_warnings():
            # From Python 3.12 on it counts the threads of numpy's library as well, which gives the child new ones.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._child = os.fork()
        if self._child == 0:
            _die_with(parent)
            _run_child(work, reader, writer)
        os.close(writer)
        self._last: dict[str, Any] = {}
        self._listener = threading.Thread(target=self._listen, args=(reader, progress), daemon=True)
        if listen:
            self.listen()

    def listen(self) -> None:
        """Start to receive what the work reports."""
        self._listener.start()

    def _listen(self, reader: int, progress: Progress) -> None:
        with suppress(_UnfinishedError), ExitStack() as tasks, os.fdopen(reader, encoding="utf-8") as lines:
            task: Task | None = None
            for line in lines:
                if not line.endswith("\n"):  # killed while it wrote this
                    break
                message = json.loads(line)
                if "notice" in message:
                    self.notices.add(_read_notice(message["notice"]))
                    continue
                with STDERR:  # silenced while the parent imports TensorFlow
                    if "task" in message:
                        task = tasks.enter_context(progress.task(message["task"], message["total"], message["unit"]))
                    elif "done" in message:
                        tasks.close()
                        task = None
                    elif "advance" in message and task is not None:
                        task.advance(message["advance"], **message["figures"])
                    else:
                        self._last = message
            if task is not None:
                raise _UnfinishedError

    def answer(self) -> Answer:
        """Wait for the end.

        Raises:
            RebakeError: what the work raised, or that the process was killed.
            OSError: what the work raised.
            RuntimeError: any other error, with the child's traceback.
        """
        self._listener.join()
        status = self._wait()
        if "answer" in self._last:
            answer: Answer = self._last["answer"]
            return answer
        if "error" in self._last:
            raise _error(self._last["error"])
        if "os_error" in self._last:
            raise OSError(*self._last["os_error"])
        if "crash" in self._last:
            raise RuntimeError(f"in the child process:\n{self._last['crash']}")
        raise RebakeError(
            f"{self._name} was ended from outside (wait status {status}), most often because memory ran out.",
            fix=self._fix,
        )

    def poll(self) -> None:
        """Raise ChildFailedError if the work has failed already, without waiting; :meth:`answer` raises why."""
        if not self._listener.is_alive() and "answer" not in self._last:
            raise ChildFailedError

    def stop(self) -> None:
        """End the work, wherever it is."""
        if self._child:
            os.kill(self._child, signal.SIGKILL)
            if self._listener.ident is not None:
                self._listener.join()
            self._wait()

    def _wait(self) -> int:
        status = os.waitpid(self._child, 0)[1] if self._child else 0
        self._child = 0
        return status


class ChildFailedError(Exception):
    """The work in the other process has failed."""


class Polling:
    """A progress that checks, at every task and step, whether the work in another process has failed."""

    def __init__(self, progress: Progress, child: ChildProcess) -> None:
        self._progress = progress
        self._process = child

    @contextmanager
    def task(self, name: str, total: int, unit: str = "epoch") -> Iterator[Task]:
        """Start a task of the progress. It raises ChildFailedError, and so does each step."""
        self._process.poll()
        with self._progress.task(name, total, unit) as task:
            yield _PollingTask(task, self._process)


class _PollingTask:
    def __init__(self, task: Task, child: ChildProcess) -> None:
        self._task = task
        self._process = child

    def advance(self, steps: int = 1, **figures: float) -> None:
        self._process.poll()
        self._task.advance(steps, **figures)


class _UnfinishedError(Exception):
    """Ends the tasks that the child left open, so that none of them is reported as done."""


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however that happens; on Linux alone."""
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):  # a C library without it; then the child ends at its next report
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before
        os._exit(1)


def _run_child(work: Work, reader: int, writer: int) -> NoReturn:
    """Never returns: nothing of what the parent would do at its end, such as removing directories, is done twice."""
    try:
        os.close(reader)
        pipe = os.fdopen(writer, "w", encoding="utf-8")
        try:
            message: dict[str, Any] = {"answer": dict(work(_Piped(pipe), _PipedNotices(pipe)))}
        except RebakeError as error:
            message = {"error": _describe(error)}
        except OSError as error:
            message = {"os_error": [error.errno, error.strerror or str(error), error.filename and str(error.filename)]}
        except Exception:  # shown by the parent
            message = {"crash": traceback.format_exc()}
        _send(pipe, message)
        sys.stderr.flush()
    finally:
        os._exit(0)


def _send(pipe: TextIO, message: Mapping[str, Any]) -> None:
    pipe.write(json.dumps(message) + "\n")
    pipe.flush()


class _PipedTask:
    def __init__(self, pipe: TextIO) -> None:
        self._pipe = pipe

    def advance(self, steps: int = 1, **figures: float) -> None:
        _send(self._pipe, {"advance": steps, "figures": {name: float(value) for name, value in figures.items()}})


class _Piped:
    """The child's progress."""

    def __init__(self, pipe: TextIO) -> None:
        self._pipe = pipe

    @contextmanager
    def task(self, name: str, total: int, unit: str = "epoch") -> Iterator[Task]:
        _send(self._pipe, {"task": name, "total": total, "unit": unit})
        yield _PipedTask(self._pipe)
        _send(self._pipe, {"done": name})


class _PipedNotices:
    """The child's notices."""

    def __init__(self, pipe: TextIO) -> None:
        self._pipe = pipe

    def add(self, notice: Notice) -> None:
        fields = {
            "message": notice.message,
            "location": _place(notice.location),
            "kind": None if notice.kind is None else notice.kind.name,
            "level": notice.level,
            "subject": notice.subject,
        }
        _send(self._pipe, {"notice": fields})


def _read_notice(fields: Mapping[str, Any]) -> Notice:
    level = fields["level"]
    return Notice(
        fields["message"],
        _location(fields["location"]),
        _kind(fields["kind"]),
        None if level is None else Severity(level),
        fields["subject"],
    )


def _kind(name: str | None) -> NoticeKind | None:
    return None if name is None else NoticeKind[name]


def _place(location: Location | None) -> list[Any] | None:
    return None if location is None else [location.file, location.line]


def _location(place: list[Any] | None) -> Location | None:
    return None if place is None else Location(*place)


def _describe(error: RebakeError) -> dict[str, Any]:
    return {
        "class": type(error).__name__,
        "kind": None if error.kind is None else error.kind.name,
        "message": error.message,
        "fix": error.fix,
        "location": _place(error.location),
        "others": list(map(_describe, error.others)),
    }


def _error(fields: Mapping[str, Any]) -> RebakeError:
    error_class = getattr(errors, fields["class"], RebakeError)
    error: RebakeError = error_class(
        fields["message"], location=_location(fields["location"]), fix=fields["fix"], kind=_kind(fields["kind"])
    )
    error.others = tuple(map(_error, fields["others"]))
    return error
