"""``--html``: the report as one HTML page."""

from __future__ import annotations

import argparse
from pathlib import Path

from rebake.cli.outputs import is_stdout, require_writable, write
from rebake.errors import UsageError
from rebake.report.html.page import render_html, require_libraries
from rebake.report.model import Report


def require_page(options: argparse.Namespace) -> None:
    """Check that the page can be made and written, before anything else is done.

    Raises:
        UsageError: what makes it is not installed, or another output goes to standard output as well.
        StorageError: it cannot be written.
    """
    if options.html is None:
        return
    require_libraries()
    if is_stdout(options.html) and _has_other_output(options):
        raise UsageError("Standard output cannot take --html and JSON at once.", fix="Name a file for --html.")
    require_writable(options.html, "--html")
    report = getattr(options, "report", None)
    if report is not None and _is_one_file(report, options.html):
        raise UsageError("--report and --html name the same file.", fix="Name two files.")


def _is_one_file(first: str, second: str) -> bool:
    """Whether what is written to the second would replace what was written to the first; no device is replaced."""
    place = Path(second).resolve()
    return place == Path(first).resolve() and (place.is_file() or not place.exists())


def _has_other_output(options: argparse.Namespace) -> bool:
    report = getattr(options, "report", None)
    return getattr(options, "format", None) == "json" or (report is not None and is_stdout(report))


def write_page(options: argparse.Namespace, report: Report) -> None:
    """Write the page where ``--html`` asks for one. Raises StorageError."""
    if options.html is not None:
        write(options.html, render_html(report), "--html")
