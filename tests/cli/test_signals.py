"""SIGTERM, which a cancelled job of GitHub's gets: one exit code, whatever becomes of the exception on its way."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

RUN = """
import os, signal, sys
from rebake.cli import main as cli
from rebake.cli import check

def run(options):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        while True:
            pass
    except SystemExit as stopped:
        {then}

check.check = run
sys.argv = ["rebake", {arguments}"check"]
cli.run()
"""


@pytest.mark.parametrize(
    ("then", "arguments"),
    [
        ("raise", ""),
        ("raise RuntimeError('a callback failed') from stopped", ""),  # as TensorFlow does
        ("raise RuntimeError('a callback failed') from stopped", "'--traceback', "),
        ("raise OSError(5, 'a callback failed') from stopped", ""),
    ],
)
def test_being_ended_is_no_internal_error(then: str, arguments: str) -> None:
    code = RUN.format(then=then, arguments=arguments)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (143, "")
