"""An assistant that is worth the cache, in the working directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rebake.assistant.file_cache import cache
from support.checked_assistant import write_assistant, write_model


@pytest.fixture(scope="module", autouse=True)
def worth_it() -> Any:
    """Every assistant is worth the cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "WORTH_IT", 0)
        patch.delenv(cache.SWITCH, raising=False)
        yield


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = write_assistant(tmp_path / "bot")
    monkeypatch.chdir(made)
    write_model(made)
    return made
