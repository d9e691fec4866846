"""The table of dependencies names what pyproject.toml asks for; a person measures its figures."""

from __future__ import annotations

import re

from documentation.dependencies import PAGE, REASONS, declared


def test_every_dependency_has_its_reason_and_its_row() -> None:
    assert declared().keys() == REASONS.keys()
    rows = re.findall(r"^\| `([\w-]+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == sorted(REASONS)
