"""What is written over, and what never is."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rebake.base.confinement import confined_to
from rebake.base.files import descriptor_of, replacing, require_output, write_output
from rebake.errors import DataError


def test_the_target_of_a_link_is_written_and_keeps_its_permissions(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o600)
    link.symlink_to("target")
    write_output(link, "new")
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "target"]


def test_a_link_to_nothing_makes_its_target(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    write_output(tmp_path / "link", "new")
    assert (tmp_path / "target").read_text(encoding="utf-8") == "new"


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    require_output(pipe)
    write_output(pipe, "new")
    reader.join()
    assert read == ["new"]
    assert stat.S_ISFIFO(pipe.lstat().st_mode)


def test_a_device_is_written_to_and_stays_a_device(tmp_path: Path) -> None:
    (tmp_path / "null").symlink_to(os.devnull)
    write_output(tmp_path / "null", "new")
    assert (tmp_path / "null").is_symlink()
    assert stat.S_ISCHR(os.lstat(os.devnull).st_mode)


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir])
def test_nothing_but_a_file_or_link_is_replaced(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "there")
    with pytest.raises(OSError, match=r"directory|no file may replace"), replacing(tmp_path / "there"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@pytest.mark.parametrize("path", ["missing/file", "directory"])
def test_what_cannot_be_written_is_known_before(tmp_path: Path, path: str) -> None:
    (tmp_path / "directory").mkdir()
    with pytest.raises(OSError, match=r"does not exist|[Dd]irectory"):
        require_output(tmp_path / path)
    with pytest.raises(OSError, match=r"No such file|[Dd]irectory"):
        write_output(tmp_path / path, "new")
    assert not (tmp_path / "missing").exists()


def test_an_open_descriptor_is_written_to_at_its_end(tmp_path: Path) -> None:
    """By its path, the text that a shell's `> file` has already received would be lost."""
    for name in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"):
        (tmp_path / "link").unlink(missing_ok=True)
        (tmp_path / "link").symlink_to("/dev/stdout")
        script = (
            "import sys; from pathlib import Path; from rebake.base.files import write_output\n"
            f"print('first'); write_output(Path({name!r}), 'second\\n'); print('third')"
        )
        with (tmp_path / "out").open("wb") as out:
            subprocess.run([sys.executable, "-c", script], stdout=out, check=True, cwd=tmp_path)
        assert (tmp_path / "out").read_text(encoding="utf-8") == "first\nsecond\nthird\n"


def test_a_path_that_only_looks_like_a_descriptor_is_a_file(tmp_path: Path) -> None:
    assert descriptor_of(tmp_path / "dev" / "stdout") is None
    assert descriptor_of(Path("/dev/null")) is None


def test_a_link_out_of_a_repository_that_others_write_is_refused(tmp_path: Path) -> None:
    victim, workspace = tmp_path / "victim", tmp_path / "workspace"
    victim.write_text("untouched", encoding="utf-8")
    workspace.mkdir()
    (workspace / "link").symlink_to(victim)
    with confined_to(workspace), pytest.raises(DataError, match="leads out of the repository"):
        write_output(workspace / "link", "new")
    assert victim.read_text(encoding="utf-8") == "untouched"
