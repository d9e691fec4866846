"""Only what was committed is published: the commit that is checked out, and the files as they are in it."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from rebake.errors import DataError
from rebake.staleness.git.checkout import require_commit, require_committed
from support.git import Repository

pytestmark = pytest.mark.slow  # several processes each


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path)
    repository.commit({"bot/config.yml": "language: en\n", "bot/data/nlu.yml": "a: 1\n", "README.md": "x"})
    return repository


def check(repository: Repository, files: tuple[str, ...] = ("config.yml", "data/nlu.yml")) -> None:
    require_committed(repository.clone / "bot", files, ["config.yml", "data"])


def test_the_commit_of_the_event_must_be_checked_out(repository: Repository, tmp_path: Path) -> None:
    first = repository.git("rev-parse", "HEAD")
    second = repository.commit({"README.md": "y"})
    repository.git("tag", "-a", "v1", "-m", "first")
    tag = repository.git("rev-parse", "v1")
    for commits in ((second,), (first, second), (tag,)):
        require_commit(repository.clone / "bot", commits)
    with pytest.raises(DataError, match=f"Commit {second[:12]} is checked out.*{first[:12]}") as caught:
        require_commit(repository.clone / "bot", (first,))
    assert "ref" in (caught.value.fix or "")
    with pytest.raises(DataError, match="not in a git work tree"):
        require_commit(tmp_path, (second,))


def test_files_must_be_as_committed(repository: Repository) -> None:
    check(repository)
    nlu = repository.clone / "bot" / "data" / "nlu.yml"
    nlu.write_bytes(b"a: 1\r\n")  # as a checkout with autocrlf writes it
    check(repository)
    nlu.write_text("a: 2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"data/nlu\.yml:1: The file is not as it was committed"):
        check(repository)
    nlu.unlink()
    with pytest.raises(DataError, match=r"data/nlu\.yml:1: The file was deleted"):
        check(repository, ("config.yml",))
    repository.git("checkout", "--", ".")
    (repository.clone / "bot" / "data" / "new.yml").write_text("b: 1\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"data/new\.yml:1: The file is not committed"):
        check(repository, ("config.yml", "data/nlu.yml", "data/new.yml"))


def test_links_within_the_repository_and_large_files_are_as_committed(repository: Repository) -> None:
    words = b"pizza\n" * 1000
    oid = hashlib.sha256(words).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(words)}\n"
    repository.commit({"shared/more.yml": "c: 1\n", "bot/data/words.txt": pointer})
    (repository.clone / "bot" / "data" / "more").symlink_to("../../shared")
    repository.commit({})
    (repository.clone / "bot" / "data" / "words.txt").write_bytes(words)  # as Git LFS checks it out
    files = ("data/nlu.yml", "data/more/more.yml", "data/words.txt")
    check(repository, files)
    (repository.clone / "bot" / "data" / "words.txt").write_bytes(words + b"x")
    with pytest.raises(DataError, match=r"words\.txt:1: The file is not as it was committed"):
        check(repository, files)


def test_no_filter_of_the_clone_is_run(repository: Repository, tmp_path: Path) -> None:
    repository.commit({".gitattributes": "* filter=odd\n"})
    trace = tmp_path / "trace"
    subprocess.run(["git", "config", "filter.odd.clean", f"touch {trace}"], cwd=repository.clone, check=True)
    (repository.clone / "bot" / "config.yml").write_text("language: de\n", encoding="utf-8")
    with pytest.raises(DataError, match="not as it was committed"):
        check(repository)
    assert not trace.exists()
