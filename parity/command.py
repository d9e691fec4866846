"""Run one module of a package as a command: ``python -m PACKAGE NAME [OPTIONS]``.

Both Pythons run this: it imports neither Rasa nor rebake.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Protocol, cast


class Command(Protocol):
    """What such a module defines; its docstring is the command's help."""

    __doc__: str | None

    def add_options(self, parser: ArgumentParser) -> None:
        """Define the command's options."""

    def run(self, given: Namespace) -> int:
        """Do it; return 0, or how many differences there are."""


def run(program: str, module: str, arguments: Sequence[str]) -> int:
    command = cast(Command, import_module(module))
    parser = ArgumentParser(prog=program, description=command.__doc__, formatter_class=RawDescriptionHelpFormatter)
    command.add_options(parser)
    return command.run(parser.parse_args(arguments))


def overview(text: str | None, summaries: Mapping[str, str]) -> str:
    """Return a package's help: its text, and a line about each command."""
    width = max(map(len, summaries))
    return "\n".join([(text or "").strip(), "", *(f"  {name:{width}}  {line}" for name, line in summaries.items())])
