"""The models directory."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from rebake.errors import StorageError
from rebake.store.directory import models, newest_model
from rebake.store.directory_store import DirectoryStore


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


def test_what_another_run_writes_during_an_upload_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, path = tmp_path / "store", tmp_path / "x.json"
    path.write_text("ours", encoding="utf-8")
    copy = shutil.copyfile

    def race(source: Path, target: Path) -> Path:
        (place / "x.json").write_text("theirs", encoding="utf-8")
        return copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", race)
    DirectoryStore(place).upload(path, "x.json", replace=False)
    assert [file.read_text(encoding="utf-8") for file in place.iterdir()] == ["theirs"]
