"""The directory that a model is made in: what killed runs left is removed, and nothing else."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from rebake.archive.scratch import LEFTOVER_SECONDS, remove_leftovers, scratch_directory, temporary_directory


def aged(path: Path) -> Path:
    past = time.time() - LEFTOVER_SECONDS - 60
    os.utime(path, (past, past), follow_symlinks=False)
    return path


def directory(path: Path) -> Path:
    path.mkdir()
    (path / "file").write_text("x")
    return path


def test_leftovers_of_killed_runs_are_removed_by_the_next_one(tmp_path: Path) -> None:
    gone = [aged(directory(tmp_path / ".rebake-abc")), tmp_path / ".m.tar.gz.123.tmp"]
    gone[1].write_text("half")
    aged(gone[1])
    with scratch_directory(tmp_path) as scratch:
        assert scratch.is_dir()
        assert not any(path.exists() for path in gone)
    assert list(tmp_path.iterdir()) == []


def test_leftovers_in_the_directory_of_temporary_files_go_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone, kept = aged(directory(tmp_path / ".rebake-abc")), aged(directory(tmp_path / "rebake-of-somebody"))
    with temporary_directory() as place:
        assert place.parent == tmp_path
        assert not gone.exists()
    assert list(tmp_path.iterdir()) == [kept]


def test_what_is_young_linked_or_of_another_name_stays(tmp_path: Path) -> None:
    elsewhere = directory(tmp_path / "elsewhere")
    kept = [
        directory(tmp_path / ".rebake-young"),
        aged(directory(tmp_path / ".other-old")),
        aged(directory(tmp_path / "rebake-old")),
        tmp_path / "model.tar.gz",
        tmp_path / ".rebake-link",
        tmp_path / ".rebake-file",
    ]
    kept[3].write_text("model")
    kept[4].symlink_to(elsewhere)
    kept[5].write_text("a file")
    for path in kept[3:]:
        aged(path)
    remove_leftovers(tmp_path)
    assert all(path.exists() for path in kept)
    assert (elsewhere / "file").exists()


HOLD = """
import sys
from pathlib import Path
from rebake.archive.scratch import scratch_directory
with scratch_directory(Path(sys.argv[1])) as scratch:
    print(scratch, flush=True)
    sys.stdin.read()
"""


def test_what_a_living_run_uses_stays_however_old_until_the_run_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        held = Path(run.stdout.readline().strip())
        aged(held)
        remove_leftovers(tmp_path)
        assert held.is_dir()
        run.kill()
        run.wait()
        assert held.is_dir()
        aged(held)
        remove_leftovers(tmp_path)
        assert not held.exists()


def test_a_directory_that_cannot_be_listed_stops_nothing(tmp_path: Path) -> None:
    remove_leftovers(tmp_path / "missing")
