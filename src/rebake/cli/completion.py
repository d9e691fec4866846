"""``rebake completion``: a script for a shell, which asks rebake itself what it can complete."""

from __future__ import annotations

import argparse
import os

from rebake.cli.options import Parser

ASKED = "_ARGCOMPLETE"  # set by the script


def completion(options: argparse.Namespace) -> int:
    """Print the script."""
    from argcomplete.shell_integration import shellcode

    print(shellcode(["rebake"], shell=options.shell))
    return 0


def answer_shell(parser: Parser) -> None:
    """Answer and exit if it is a shell's script that started this process."""
    if ASKED in os.environ:
        from argcomplete import autocomplete

        autocomplete(parser)
