"""Archives: reproducible bytes, and no archive that does harm or misleads is unpacked."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from rebake.archive.pack import MAX_MEMBERS, pack, read_member, unpack
from rebake.errors import ModelError, StorageError, UsageError
from support.shared import need


def model_files(directory: Path) -> Path:
    (directory / "components" / "train_X0").mkdir(parents=True)
    (directory / "components" / "train_X0" / "weights").write_bytes(os.urandom(50_000))
    (directory / "components" / "train_X0" / ("long" * 40)).write_text("a name that needs an extended header")
    (directory / "metadata.json").write_text('{"a": 1}')
    (directory / "rebake.json").write_text("{}")
    return directory


def listing(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def tree(directory: Path) -> dict[str, bytes]:
    return {p.relative_to(directory).as_posix(): p.read_bytes() for p in directory.rglob("*") if p.is_file()}


def test_packing_and_unpacking_gives_the_files_back_and_cleans_up(tmp_path: Path) -> None:
    source = model_files(tmp_path / "source")
    path = pack(source, tmp_path / "models" / "m.tar.gz")
    with unpack(path) as directory:
        assert tree(directory) == tree(source)
    assert not directory.exists()
    assert listing(path.parent) == ["m.tar.gz"]


def test_the_same_files_give_the_same_bytes_whatever_their_times_modes_and_the_archives_name(tmp_path: Path) -> None:
    source = model_files(tmp_path / "source")
    first = pack(source, tmp_path / "first.tar.gz").read_bytes()
    for file in source.rglob("*"):
        os.utime(file, (1, 1))
        file.chmod(0o755)
    assert pack(source, tmp_path / "second.tar.gz").read_bytes() == first


def test_the_manifest_and_the_metadata_come_first(tmp_path: Path) -> None:
    path = pack(model_files(tmp_path / "source"), tmp_path / "m.tar.gz")
    with tarfile.open(path) as tar:
        names = tar.getnames()
    assert names[:2] == ["rebake.json", "metadata.json"]
    assert names[2:] == sorted(names[2:])


def test_a_member_is_read_from_the_beginning_of_an_archive_whose_end_is_missing(tmp_path: Path) -> None:
    path = pack(model_files(tmp_path / "source"), tmp_path / "m.tar.gz")
    path.write_bytes(path.read_bytes()[:20_000])
    assert read_member(path, "metadata.json") == b'{"a": 1}'
    with pytest.raises(ModelError, match="truncated"):
        read_member(path, "components/train_X0/weights")


def test_a_missing_member_is_none_in_archives_and_in_directories(tmp_path: Path) -> None:
    source = model_files(tmp_path / "source")
    assert read_member(pack(source, tmp_path / "m.tar.gz"), "other.json") is None
    assert read_member(source, "other.json") is None
    assert read_member(source, "metadata.json") == b'{"a": 1}'


def test_only_names_that_rasa_takes_for_models_are_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.tar\.gz"):
        pack(model_files(tmp_path / "source"), tmp_path / "model.tgz")


def test_a_failed_write_leaves_the_old_model_and_nothing_else(tmp_path: Path) -> None:
    source = model_files(tmp_path / "source")
    models = tmp_path / "models"
    old = pack(source, models / "m.tar.gz").read_bytes()
    (source / "components" / "unreadable").symlink_to(tmp_path / "nowhere")  # not a file: left out
    (models / "sub.tar.gz").mkdir()  # a directory cannot be replaced by a file
    with pytest.raises(StorageError):
        pack(source, models / "sub.tar.gz")
    assert listing(models) == ["m.tar.gz", "sub.tar.gz"]
    assert (models / "m.tar.gz").read_bytes() == old


@pytest.mark.parametrize("keep", [0, 1, 9, 10, 100, 0.3, 0.9, 0.999])
def test_truncated_archives_are_refused(keep: float, tmp_path: Path) -> None:
    path = pack(model_files(tmp_path / "source"), tmp_path / "m.tar.gz")
    data = path.read_bytes()
    path.write_bytes(data[: keep if isinstance(keep, int) else int(len(data) * keep)])
    with pytest.raises(ModelError, match="truncated or no"), unpack(path):
        pass


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04" * 50, gzip.compress(b"no tar" * 500, mtime=0)])
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.tar.gz"
    path.write_bytes(content)
    with pytest.raises(ModelError), unpack(path):
        pass


def test_an_archive_with_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    path = pack(model_files(tmp_path / "source"), tmp_path / "m.tar.gz")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError), unpack(path):
        pass


def test_a_missing_archive_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file"), unpack(tmp_path / "none.tar.gz"):
        pass


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> Callable[[tarfile.TarFile], None]:
    def add(tar: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        info.size = 3 if kind == tarfile.REGTYPE else 0
        tar.addfile(info, io.BytesIO(b"abc"))

    return add


def bomb(tar: tarfile.TarFile) -> None:
    info = tarfile.TarInfo("zeros")
    info.size = 70 << 20
    tar.addfile(info, io.BytesIO(bytes(info.size)))


def twice(tar: tarfile.TarFile) -> None:
    member("metadata.json")(tar)
    member("./metadata.json")(tar)


@pytest.mark.parametrize(
    "evil",
    [
        member("../outside"),
        member("components/../../outside"),
        member("/tmp/outside"),
        member("..\\outside"),
        member("link", tarfile.SYMTYPE, "/etc/passwd"),
        member("hard", tarfile.LNKTYPE, "metadata.json"),
        member("device", tarfile.CHRTYPE),
        member("pipe", tarfile.FIFOTYPE),
        twice,
        bomb,
    ],
)
def test_harmful_archives_are_refused_before_anything_is_written_outside(
    evil: Callable[[tarfile.TarFile], None], tmp_path: Path
) -> None:
    path = tmp_path / "sub" / "m.tar.gz"
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as tar:
        evil(tar)
    with pytest.raises(ModelError), unpack(path):
        pass
    assert listing(tmp_path) == ["sub"]


@pytest.mark.shared
def test_archives_of_rasa_with_their_directory_entries_are_unpacked() -> None:
    path = need("reference/moodbot/model.tar.gz")
    with unpack(path) as directory:
        assert (directory / "components" / "train_DIETClassifier5").is_dir()
    assert read_member(path, "metadata.json") is not None


@pytest.mark.slow
def test_an_archive_of_very_many_files_is_refused_before_it_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "many.tar.gz"
    empty = tarfile.TarInfo("components/x").tobuf() * (MAX_MEMBERS + 1)
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"".join(tarfile.TarInfo(f"x{number}").tobuf() for number in range(MAX_MEMBERS + 1)))
        file.write(empty)  # names that come twice: an error of another kind, if anything read on
    with pytest.raises(ModelError, match="10,000 files"), unpack(path):
        pass
