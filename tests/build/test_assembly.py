"""Models that are put together, and never trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebake.assistant.importer import load_assistant
from rebake.errors import ModelError
from support.assistants import write_tiny
from support.building import build


def test_what_no_archive_has_is_an_error_where_parts_are_only_reused(tmp_path: Path) -> None:
    place = write_tiny(tmp_path / "bot")
    assistant = load_assistant(str(place / "config.yml"), str(place / "domain.yml"), [str(place / "data")])
    with pytest.raises(ModelError, match="No archive has NLU and Core"):
        build(assistant, output=tmp_path / "models", reuse_only=True)
    assert not (tmp_path / "models").exists()
