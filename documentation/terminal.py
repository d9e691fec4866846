"""Run a command in a terminal, and draw what it shows as an SVG."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROWS, COLUMNS = 50, 116
_PROMPT = "> "  # of a program that reads a line
_TOKEN = re.compile(r"\x1b\[(?P<argument>[?\d;]*)(?P<final>[A-Za-z])|(?P<control>[\r\n])|(?P<text>[^\x1b\r\n]+)")
_FONT_FACE = re.compile(r"\s*@font-face \{\{.*?\}\}", re.DOTALL)  # fonts from another server
_FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_DARK, _RED, _GREEN, _YELLOW = (72, 79, 88), (255, 123, 114), (63, 185, 80), (210, 153, 34)
_BLUE, _MAGENTA, _CYAN, _WHITE = (88, 166, 255), (188, 140, 255), (57, 197, 207), (177, 186, 196)
_COLOURS = [_DARK, _RED, _GREEN, _YELLOW, _BLUE, _MAGENTA, _CYAN, _WHITE]
_THEME = TerminalTheme((22, 27, 34), (201, 209, 217), _COLOURS)


class Screen:
    """What a terminal shows after the output of a program that only rewrites whole lines, as rich does."""

    def __init__(self) -> None:
        self._lines = [""]
        self._row = 0

    def write(self, output: str) -> None:
        """Add output.

        Raises:
            ValueError: it has a control sequence that this terminal does not know.
        """
        position = 0
        while position < len(output):
            found = _TOKEN.match(output, position)
            if found is None:
                raise ValueError(f"unknown control sequence: {output[position : position + 20]!r}")
            position = found.end()
            if found["text"] is not None:
                self._lines[self._row] += found["text"]
            elif found["control"] == "\n":
                self._row += 1
                self._lines += [""] * (self._row + 1 - len(self._lines))
            elif found["final"] is not None:
                self._control(found["argument"], found["final"], found[0])

    def _control(self, argument: str, final: str, sequence: str) -> None:
        if final == "m":
            self._lines[self._row] += sequence
        elif (argument, final) == ("2", "K"):
            self._lines[self._row] = ""
        elif final == "A":
            self._row = max(self._row - int(argument or 1), 0)
        elif not (argument.startswith("?") and final in "hl"):  # the cursor is shown, a paste is marked
            raise ValueError(f"unknown control sequence: {sequence!r}")

    def text(self) -> str:
        """The lines, with their colours, without blank ones at the end."""
        return "\n".join(self._lines).rstrip()


def shown_by(
    command: Sequence[str],
    directory: Path,
    environment: Mapping[str, str],
    *,
    columns: int = COLUMNS,
    typed: Sequence[str] = (),
    timeout: float = 300,
) -> str:
    """Run a command in a terminal, and return what is on the screen at its end, with escape sequences of colours.

    The arguments and errors are those of :func:`printed`.
    """
    screen = Screen()
    screen.write(printed(command, directory, environment, columns=columns, typed=typed, timeout=timeout))
    return screen.text()


def printed(
    command: Sequence[str],
    directory: Path,
    environment: Mapping[str, str],
    *,
    columns: int = COLUMNS,
    typed: Sequence[str] = (),
    timeout: float = 300,
) -> str:
    """Run a command in a terminal, and return all that it printed there, with all escape sequences.

    Args:
        command: program and arguments.
        directory: where it runs.
        environment: all of its variables.
        columns: width of the terminal.
        typed: lines that are typed, one at each prompt; then the input ends.
        timeout: seconds.

    Raises:
        TimeoutError: the command has not ended.
    """
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    process = subprocess.Popen(  # noqa: S603 # a command of the pages
        list(command),
        cwd=directory,
        env={**environment, "TERM": "xterm-256color", "COLUMNS": str(columns)},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    try:
        output = _conversation(master, [f"{line}\n" for line in typed] + ["\x04"], time.monotonic() + timeout)
        process.wait(timeout=timeout)
    finally:
        process.kill()
        process.wait()
        os.close(master)
    return output.decode()


def _conversation(master: int, typed: list[str], deadline: float) -> bytes:
    output, answered = b"", 0
    while True:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the command has not ended; it printed {output[-500:]!r}")
        if select.select([master], [], [], 0.2)[0]:
            try:
                output += os.read(master, 65536)
            except OSError:  # the other side is closed
                return output
            continue
        if typed and len(output) > answered and output.endswith(_PROMPT.encode()):
            answered = len(output)
            os.write(master, typed.pop(0).encode())


def svg(command: str, shown: str, *, columns: int = COLUMNS) -> str:
    """Draw a terminal window: the command at a prompt, and below it what it shows.

    Nothing in the picture is loaded from anywhere.
    """
    console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
    for line in shown.splitlines():
        text = Text.from_ansi(line)
        for row in text.divide(range(columns, max(len(text), 1), columns)):
            console.print(row, no_wrap=True, overflow="crop")
    form = _FONT_FACE.sub("", CONSOLE_SVG_FORMAT).replace("Fira Code, monospace", _FONTS)
    picture = console.export_svg(title="", theme=_THEME, code_format=form, unique_id="terminal")
    return "\n".join(line.rstrip() for line in picture.splitlines()) + "\n"
