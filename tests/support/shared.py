"""The data beside the checkout: real assistants, reference archives, benchmark data (never committed)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.tiers import is_marked

SHARED = Path(__file__).resolve().parents[3] / "shared"


def need(name: str) -> Path:
    """Return ``../shared/<name>``. If it is missing, skip the test, or fail it if REBAKE_REQUIRE_TEST_DATA says so."""
    assert is_marked("shared"), "a test that needs ../shared has the marker `shared`"
    path = SHARED / name
    if not path.exists():
        message = f"{path} is missing: this test needs the data that lies beside the checkout"
        if os.environ.get("REBAKE_REQUIRE_TEST_DATA") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return path
