"""The command line: runs the command that is named; ``rebake COMMAND`` is the function of that name in its module.

Exit codes below 16 are verdicts of a check (0 fresh, 1 core, 2 nlu, 4 nlg, 8 forced, bits added); errors use 64 and
up, so that neither argparse's 2 nor a traceback's 1 is ever taken for "NLU is stale".
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

from rebake.cli.console import Look, looking
from rebake.cli.parser import parse_arguments
from rebake.errors import EXIT_INTERNAL, EXIT_IO, RebakeError

EXIT_TERMINATED = 128 + signal.SIGTERM
_terminated = threading.Event()  # SIGTERM came; libraries may turn the exception that it raises into one of theirs


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors are printed, never raised."""
    options = parse_arguments(arguments)
    level = logging.ERROR if options.quiet else logging.INFO if options.verbose else logging.WARNING
    logging.basicConfig(format="rebake: %(message)s", level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("rebake").setLevel(level)
    try:
        command: Callable[[argparse.Namespace], int]
        command = getattr(import_module(f"rebake.cli.{options.command}"), options.command)  # loaded when it is run
        with looking(Look(options.color, options.quiet, options.verbose)):
            return command(options)
    except Exception as error:
        return EXIT_TERMINATED if _terminated.is_set() else _print_error(error, traceback=options.traceback)


def _print_error(error: Exception, *, traceback: bool) -> int:
    """Print the error that is being handled, or with ``traceback`` raise an internal one; the exit code."""
    if isinstance(error, RebakeError):
        _say(str(error))
        return error.exit_code
    if isinstance(error, BrokenPipeError):
        # The reader of our stdout went away (`rebake parse ... | head`): there is nobody to print to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_IO
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        _say(f"{place}{error.strerror or error}.")
        return EXIT_IO
    if traceback:
        raise error
    _say(
        f"internal error: {type(error).__name__}: {error}\nThis is a bug in rebake, not in your assistant. "
        "Run it again with --traceback, and report what it prints."
    )
    return EXIT_INTERNAL


def _say(message: str) -> None:
    sys.stderr.write(f"rebake: {message}\n")


def run() -> NoReturn:
    """Run the command line; the console entry point."""

    def stop(_signal: int, _frame: object) -> NoReturn:
        # As an exception, so that temporary files are removed on the way out.
        _terminated.set()
        raise SystemExit(EXIT_TERMINATED)

    signal.signal(signal.SIGTERM, stop)
    for name in ("stdout", "stderr"):  # None where the caller closed it (`rebake check >&-`)
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (open until the process ends)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # a path need not be UTF-8, and is printed as it is
    try:
        code = main()
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
        sys.stderr.write("rebake: interrupted\n")
    except SystemExit:
        raise
    except BaseException:
        # Only with --traceback: show it, but keep Python's exit code 1 from being read as "Core is stale".
        sys.excepthook(*sys.exc_info())
        code = EXIT_INTERNAL
    gc.freeze()  # at its end Python would look through everything for garbage once more: with TensorFlow 0.7 s
    sys.exit(code)
