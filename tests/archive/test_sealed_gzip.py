"""Sealed archives: ordinary gzip files to everybody else, and known to be whole without being unzipped."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from rebake.archive.integrity import inspect_model
from rebake.archive.manifest import Manifest, PartRecord, write_manifest
from rebake.archive.pack import pack, read_files, read_member, unpack
from rebake.archive.sealed_gzip import SealedGzip, is_sealed


def sealed(directory: Path, content: bytes) -> Path:
    path = directory / "sealed.gz"
    with path.open("wb") as raw, SealedGzip(raw) as zipped:
        for start in range(0, len(content), 1000):
            zipped.write(content[start : start + 1000])
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A sealed archive."""
    directory = tmp_path / "model"
    (directory / "components").mkdir(parents=True)
    (directory / "components" / "weights").write_bytes(os.urandom(50_000) + bytes(500_000))
    (directory / "metadata.json").write_text("{}", encoding="utf-8")
    write_manifest(Manifest({"nlu": PartRecord("f" * 64)}), directory)
    return pack(directory, tmp_path / "model.tar.gz", seal=True)


@pytest.mark.parametrize("content", [b"", b"x", os.urandom(5000) * 20])
def test_a_sealed_file_unzips_as_any_other(content: bytes, tmp_path: Path) -> None:
    path = sealed(tmp_path, content)
    assert gzip.decompress(path.read_bytes()) == content
    assert is_sealed(path)
    done = subprocess.run(["gzip", "--test", path], check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_seal_breaks_with_any_bit(model: Path) -> None:
    whole = model.read_bytes()
    assert is_sealed(model)
    for place in (*range(60), len(whole) // 2, len(whole) - 1):
        broken = bytearray(whole)
        broken[place] ^= 1
        model.write_bytes(broken)
        assert not is_sealed(model), place
    for other in (whole[:-1], whole + b"\0", whole[:20], b""):
        model.write_bytes(other)
        assert not is_sealed(model)


def test_other_archives_are_not_sealed(model: Path, tmp_path: Path) -> None:
    with unpack(model) as directory:
        assert not is_sealed(pack(directory, tmp_path / "plain.tar.gz"))
        with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as tar:
            tar.add(directory, ".")
        assert not is_sealed(tmp_path / "other.tar.gz")
        assert inspect_model(tmp_path / "other.tar.gz").damages == ()


def test_a_sealed_archive_is_read_as_any_other(model: Path, tmp_path: Path) -> None:
    assert read_member(model, "metadata.json") == b"{}"
    with tarfile.open(model) as tar, unpack(model) as directory:
        weights = tar.extractfile("components/weights")
        assert weights is not None
        assert weights.read() == (directory / "components" / "weights").read_bytes()


def test_the_same_files_give_the_same_sealed_bytes(model: Path, tmp_path: Path) -> None:
    again = pack(tmp_path / "model", tmp_path / "again.tar.gz", seal=True)
    assert again.read_bytes() == model.read_bytes()


def test_a_sealed_archive_is_not_unzipped_to_be_inspected_and_a_changed_one_is(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def noted(path: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
        read.append(path)
        return read_files(path)

    monkeypatch.setattr("rebake.archive.integrity.read_files", noted)
    assert inspect_model(model).damages == ()
    assert read == []
    with unpack(model) as directory:
        (directory / "components" / "weights").write_bytes(b"")
        pack(directory, model)
    (damage,) = inspect_model(model).damages
    assert damage.problem == "is empty"
    assert read == [model]


def test_what_is_written_is_counted(tmp_path: Path) -> None:
    with SealedGzip(io.BytesIO()) as zipped:
        assert zipped.write(b"abc") == 3
        assert zipped.write(memoryview(b"de")) == 2
        assert zipped.tell() == 5
