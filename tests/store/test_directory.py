"""The models directory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rebake.errors import StorageError
from rebake.store.directory import models, newest_model


def test_the_newest_model_is_the_one_written_last(tmp_path: Path) -> None:
    assert newest_model(tmp_path / "none") is None
    assert newest_model(tmp_path) is None
    for name, time in {"b.tar.gz": 10, "a.tar.gz": 20, "c.tar.gz": 10, ".d.tar.gz": 30, "e.zip": 40}.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time, time))
    (tmp_path / "f.tar.gz").mkdir()
    assert newest_model(tmp_path) == tmp_path / "a.tar.gz"
    assert [file.name for file in models(tmp_path)] == ["a.tar.gz", "c.tar.gz", "b.tar.gz"]


def test_a_file_is_no_models_directory(tmp_path: Path) -> None:
    (tmp_path / "models").touch()
    with pytest.raises(StorageError, match="is a file"):
        newest_model(tmp_path / "models")
