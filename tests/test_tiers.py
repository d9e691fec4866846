"""The fast tier notices a test that does not belong to it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import ROOT
from support.tiers import is_slow_module

CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import tensorflow'], check=True)"


def after(forbid: str, code: str) -> str:
    """What Python writes to stderr for code that runs after one of the functions that forbid."""
    run = subprocess.run(
        [sys.executable, "-c", f"from support.tiers import {forbid}\n{forbid}()\n{code}"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stderr


@pytest.mark.parametrize("code", ["import tensorflow", CHILD], ids=["here", "in a child process"])
def test_an_import_of_tensorflow_fails(code: str) -> None:
    assert "TensorFlow was imported" in after("forbid_tensorflow", code)


@pytest.mark.parametrize("ask", ["create_connection(('192.0.2.1', 80), 1)", "getaddrinfo('rebake.example', 80)"])
def test_another_machine_cannot_be_asked(ask: str) -> None:
    assert "which is another machine" in after("forbid_network", f"import socket\nsocket.{ask}")


def test_this_machine_can_be_asked() -> None:
    code = "import socket\nserver = socket.create_server(('127.0.0.1', 0))\n"
    assert (
        after("forbid_network", f"{code}socket.create_connection(server.getsockname()).close()\nserver.close()") == ""
    )


@pytest.mark.parametrize(
    ("line", "is_slow"),
    [
        ("pytestmark = pytest.mark.slow", True),
        ("pytestmark = [pytest.mark.slow, pytest.mark.shared]", True),
        ("pytestmark = [\n    pytest.mark.slow,\n]", True),
        ("pytestmark = pytest.mark.shared", False),
        ("@pytest.mark.slow", False),
    ],
)
def test_a_module_says_itself_that_it_is_slow(line: str, is_slow: bool, tmp_path: Path) -> None:
    module = tmp_path / "test_x.py"
    module.write_text(f"import tensorflow\nimport pytest\n\n{line}\n", encoding="utf-8")
    assert is_slow_module(module) == is_slow
