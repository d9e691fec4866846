"""Ways in which a model gets damaged: in a file of it, or the archive as a whole."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from rebake.archive.manifest import Part
from rebake.archive.pack import pack, unpack

Parts = frozenset[Part]
NLU: Parts = frozenset({"nlu"})
CORE: Parts = frozenset({"core"})
SERVED: Parts = frozenset({"core", "nlg"})
EVERY: Parts = frozenset({"core", "nlu", "nlg"})


class FileDamage(NamedTuple):
    """Something done to one file (or directory) of a model.

    Attributes:
        file: its path in the model.
        do: what is done to it.
        parts: those that are affected.
        problem: what a reason says about it.
        is_seen_without_list: whether it shows in a model of an earlier version, without digests.
    """

    file: str
    do: Callable[[Path], object]
    parts: Parts
    problem: str
    is_seen_without_list: bool = True


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" ")


def add(path: Path) -> None:
    path.write_text("something else", encoding="utf-8")


def break_json(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8")[:-5], encoding="utf-8")


def rename_nodes(path: Path) -> None:
    """Take the policies out of the graph."""
    metadata = json.loads(path.read_text(encoding="utf-8"))
    nodes = metadata["predict_schema"]["nodes"]
    metadata["predict_schema"]["nodes"] = {name: node for name, node in nodes.items() if "Policy" not in name}
    path.write_text(json.dumps(metadata), encoding="utf-8")


def damaged(model: Path, target: Path, damage: FileDamage) -> Path:
    """A copy of a model, an archive if ``target`` is named like one, else unpacked, with this damage."""
    with unpack(model) as directory:
        if not target.name.endswith(".tar.gz"):
            shutil.copytree(directory, target)
            damage.do(target / damage.file)
            return target
        damage.do(directory / damage.file)
        return pack(directory, target)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_off_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-6])


def write_text(path: Path) -> None:
    path.write_text("no archive", encoding="utf-8")


def add_twice(path: Path) -> None:
    _repack(path, _member("metadata.json"))


def add_link(path: Path) -> None:
    member = _member("components/link")
    member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/passwd", 0
    _repack(path, member)


def break_manifest(path: Path) -> None:
    with unpack(path) as directory:
        empty(directory / "rebake.json")
        pack(directory, path)


ARCHIVE_DAMAGES: tuple[Callable[[Path], None], ...] = (
    empty,
    flip,
    cut,
    cut_off_end,
    write_text,
    add_twice,
    add_link,
    break_manifest,
)


def _member(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = 3
    return member


def _repack(path: Path, more: tarfile.TarInfo) -> None:
    """The same members and one more."""
    with tarfile.open(path) as tar:
        members = [(member, tar.extractfile(member)) for member in tar.getmembers()]
        contents = [(member, file.read() if file is not None else b"") for member, file in members]
    with tarfile.open(path, "w:gz") as tar:
        for member, content in (*contents, (more, b"abc")):
            tar.addfile(member, io.BytesIO(content))
