"""Which training files changed, found in real repositories, shallow ones too."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rebake.staleness.git.changes import Base, Changes, FileChange, find_changes
from rebake.staleness.git.environment import git_environment
from rebake.staleness.git.history import Remote
from support.git import Repository

pytestmark = pytest.mark.slow

PATHS = ("config.yml", "domain.yml", "data")


def changes_of(repository: Repository, place: Path, base: Base, paths: Sequence[str]) -> Changes:
    """What changed in a clone, whose missing history comes from the origin."""
    return find_changes(place, base, paths, remote=Remote(f"file://{repository.origin}"))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path)
    repository.commit({"data/nlu.yml": "a: 1\nb: 2\nc: 3\n", "data/old.yml": "x: 1\n", "README.md": "x"})
    return repository


def test_the_changed_training_files_have_their_status(repository: Repository) -> None:
    base = repository.git("rev-parse", "HEAD")
    repository.commit(
        {
            "data/nlu.yml": None,
            "data/deep/nlu2.yml": "a: 1\nb: 2\nc: 3\n",
            "data/old.yml": None,
            "data/new.yml": "entirely: different\nthings: here\n",
            "config.yml": "language: en\n",
            "README.md": "y",
            "other.yml": "not: data",
        }
    )
    changes = changes_of(repository, repository.clone, Base("commit", base=base), PATHS)
    assert changes == Changes(
        (
            FileChange("A", "config.yml"),
            FileChange("R", "data/deep/nlu2.yml", "data/nlu.yml"),
            FileChange("A", "data/new.yml"),
            FileChange("D", "data/old.yml"),
        ),
        base,
    )


def test_a_pull_request_is_compared_with_its_merge_base_at_any_depth(repository: Repository) -> None:
    fork_point = repository.git("rev-parse", "HEAD")
    repository.git("checkout", "-q", "-b", "feature")
    for number in range(3):
        head = repository.commit({f"data/f{number}.yml": "x: 1"})
    repository.git("checkout", "-q", "main")
    tip = repository.commit({"data/main.yml": "y: 1"})
    repository.push()
    base = Base("merge-base", base=tip, head=head, name="main", refs=("refs/heads/main", "refs/heads/feature"))
    for place in (repository.clone, repository.shallow("feature"), repository.shallow("main")):
        changes = changes_of(repository, place, base, PATHS)
        assert changes.problem is None
        assert changes.base == fork_point
        assert [file.path for file in changes.files] == ["data/f0.yml", "data/f1.yml", "data/f2.yml"]


def test_where_commits_are_not_given_out_by_id_the_refs_are_fetched(repository: Repository) -> None:
    repository.run(repository.origin, "config", "uploadpack.allowAnySHA1InWant", "false")
    repository.git("checkout", "-q", "-b", "feature")
    first = repository.commit({"data/f.yml": "x: 1"})
    repository.commit({"data/g.yml": "x: 1"})
    repository.push()
    tip = repository.git("rev-parse", "main")
    base = Base("merge-base", base=tip, head=first, refs=("refs/heads/main", "refs/heads/feature"))
    assert [f.path for f in changes_of(repository, repository.shallow("main"), base, PATHS).files] == ["data/f.yml"]


def test_a_new_branch_is_compared_with_the_default_branch(repository: Repository) -> None:
    repository.git("checkout", "-q", "-b", "feature")
    repository.commit({"data/f.yml": "x: 1"})
    repository.push()
    changes = changes_of(repository, repository.shallow("feature"), Base("merge-base", name="main"), PATHS)
    assert changes.base_name == "main"
    assert [file.path for file in changes.files] == ["data/f.yml"]


def test_a_push_is_compared_with_the_commit_before_it_even_after_a_forced_one(repository: Repository) -> None:
    before = repository.commit({"data/lost.yml": "x: 1"})
    repository.push()
    repository.git("reset", "-q", "--hard", "HEAD~1")
    repository.commit({"data/kept.yml": "y: 2\nz: 1"})
    repository.push()
    changes = changes_of(repository, repository.shallow("main"), Base("commit", base=before), PATHS)
    assert [(file.status, file.path) for file in changes.files] == [("A", "data/kept.yml"), ("D", "data/lost.yml")]


def test_a_tag_is_compared_with_the_previous_one_but_not_with_the_stores(repository: Repository) -> None:
    repository.git("tag", "v1")
    repository.commit({"data/f.yml": "x: 1"})
    repository.git("tag", "rebake-models")
    head = repository.commit({"data/g.yml": "x: 1"})
    repository.git("tag", "-a", "v2", "-m", "second")
    repository.push()
    base = Base("previous-tag", head=head, name="v2", ignored_tag="rebake-models")
    for place in (repository.clone, repository.shallow("refs/tags/v2")):
        changes = changes_of(repository, place, base, PATHS)
        assert changes.base_name == "v1"
        assert [file.path for file in changes.files] == ["data/f.yml", "data/g.yml"]


def test_the_first_tag_has_nothing_to_compare_with(repository: Repository) -> None:
    repository.git("tag", "v1")
    repository.push()
    head = repository.git("rev-parse", "HEAD")
    changes = changes_of(
        repository, repository.shallow("refs/tags/v1"), Base("previous-tag", head=head, name="v1"), PATHS
    )
    assert changes.problem == "there is no earlier tag"


def test_what_cannot_be_found_is_a_problem_and_no_error(repository: Repository, tmp_path: Path) -> None:
    repository.push()
    lonely = repository.shallow("main")
    repository.origin.rename(tmp_path / "gone")
    problem = changes_of(repository, lonely, Base("commit", base="1" * 40), PATHS).problem
    assert problem is not None
    assert "could not be fetched" in problem
    assert (
        changes_of(repository, tmp_path, Base("commit", base="1" * 40), PATHS).problem
        == f"{tmp_path} is not in a git work tree"
    )
    assert changes_of(repository, lonely, Base("none", reason="because"), PATHS).problem == "because"
    bad = changes_of(repository, lonely, Base("commit", base="--output=/tmp/x"), PATHS).problem
    assert bad == "'--output=/tmp/x' is not a commit ID"


def test_credentials_in_an_address_are_not_repeated(repository: Repository) -> None:
    remote = Remote("http://user:s3cret@127.0.0.1:9/x.git", {"a.b": "t0ken"})
    problem = find_changes(repository.clone, Base("commit", base="1" * 40), PATHS, remote=remote).problem
    assert problem is not None
    assert "could not be fetched" in problem
    assert "s3cret" not in problem + repr(remote.config)
    assert "t0ken" not in repr(remote)


def test_history_is_fetched_from_the_named_address_with_the_credentials_for_it_alone(repository: Repository) -> None:
    seen: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.path.split("?")[0], self.headers.get("Authorization")))
            self.send_response(302 if self.path.startswith("/acme") else 404)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        repository.git("remote", "set-url", "origin", f"{address}/origin.git")
        remote = Remote(f"{address}/acme/bot.git", {f"http.{address}/.extraheader": "Authorization: basic abc"})
        changes = find_changes(repository.clone, Base("commit", base="1" * 40), PATHS, remote=remote)
        server.shutdown()
    assert changes.problem is not None
    assert "abc" not in changes.problem
    assert seen == [("/acme/bot.git/info/refs", "basic abc")]


def test_nothing_in_the_configuration_of_the_clone_is_run_or_asked(repository: Repository, tmp_path: Path) -> None:
    repository.git("tag", "v1")
    head = repository.commit({"data/f.yml": "x: 1"})
    repository.git("tag", "v2")
    repository.push()
    place = repository.shallow("refs/tags/v2")
    trace = tmp_path / "trace"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $0 >> {trace}\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    elsewhere = f"ext::{program}"
    configuration = {
        "core.sshCommand": str(program),
        "core.gitProxy": str(program),
        "core.askPass": str(program),
        "core.pager": str(program),
        "core.alternateRefsCommand": str(program),
        "credential.helper": f"!{program}",
        "remote.origin.url": elsewhere,
        "remote.origin.uploadpack": str(program),
        "remote.origin.promisor": "true",
        "remote.origin.vcs": "odd",
        f"url.{elsewhere}.insteadOf": "file://",
        "protocol.ext.allow": "always",
        "uploadpack.packObjectsHook": str(program),
    }
    for key, value in configuration.items():
        repository.run(place, "config", key, value)
    before = sorted(path.relative_to(place) for path in place.rglob("*"))
    changes = changes_of(repository, place, Base("previous-tag", head=head, name="v2"), PATHS)
    assert (changes.problem, changes.base_name) == (None, "v1")
    assert [file.path for file in changes.files] == ["data/f.yml"]
    assert not trace.exists()
    assert sorted(path.relative_to(place) for path in place.rglob("*")) == before, "the clone was written to"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_work_tree_of_another_user_is_read_without_touching_any_configuration(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    base = repository.git("rev-parse", "HEAD")
    repository.commit({"data/f.yml": "x: 1"})
    subprocess.run(["chown", "-R", "12345", str(repository.clone)], check=True)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in [name for name in os.environ if name.startswith("GIT_CONFIG_COUNT")]:
        monkeypatch.delenv(name)
    refused = subprocess.run(["git", "status"], cwd=repository.clone, capture_output=True, text=True, check=False)
    assert "dubious ownership" in refused.stderr
    assert [f.path for f in changes_of(repository, repository.clone, Base("commit", base=base), PATHS).files] == [
        "data/f.yml"
    ]
    assert list(home.iterdir()) == []


def test_configuration_already_in_the_environment_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    environment = git_environment(tmp_path, {"a.b": "c"})
    count = int(environment["GIT_CONFIG_COUNT"])
    assert environment["GIT_DIR"] == str(tmp_path)
    assert environment["GIT_CONFIG_KEY_2"] == "safe.directory"
    assert environment[f"GIT_CONFIG_VALUE_{count - 1}"] == "c"
    assert "GIT_CONFIG_KEY_1" not in environment


def test_an_annotated_tag_that_checkout_made_a_lightweight_one_is_no_obstacle(repository: Repository) -> None:
    repository.git("tag", "v1")
    head = repository.commit({"data/g.yml": "x: 1"})
    repository.git("tag", "-a", "v2", "-m", "second")
    repository.push()
    place = repository.shallow("refs/tags/v2")
    repository.run(place, "update-ref", "refs/tags/v2", head)
    changes = changes_of(repository, place, Base("previous-tag", head=head, name="v2"), PATHS)
    assert (changes.problem, changes.base_name) == (None, "v1")


def test_hooks_and_helpers_of_the_work_tree_are_not_run(repository: Repository, tmp_path: Path) -> None:
    repository.git("tag", "v1")
    head = repository.commit({"data/f.yml": "x: 1", ".gitattributes": "* diff=odd filter=odd\n"})
    repository.git("tag", "v2")
    repository.push()
    place = repository.shallow("refs/tags/v2")
    trace = tmp_path / "trace"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {trace}\n", encoding="utf-8")
    program.chmod(0o755)
    (place / ".git" / "hooks").mkdir(exist_ok=True)
    for hook in ("reference-transaction", "post-index-change", "pre-auto-gc"):
        (place / ".git" / "hooks" / hook).symlink_to(program)
    keys = ("core.fsmonitor", "core.askPass", "diff.external", "diff.odd.textconv", "diff.odd.command")
    for key in (*keys, "filter.odd.clean"):
        repository.run(place, "config", key, str(program))
    trace.unlink(missing_ok=True)
    changes = changes_of(
        repository, place, Base("previous-tag", head=head, name="v2"), PATHS
    )  # fetching tags writes refs
    assert (changes.problem, [file.path for file in changes.files]) == (None, ["data/f.yml"])
    assert not trace.exists()


def test_a_directory_that_looks_like_a_repository_is_not_taken_for_one(repository: Repository, tmp_path: Path) -> None:
    base = repository.git("rev-parse", "HEAD")
    repository.commit({"bot/data/f.yml": "x: 1"})
    planted = repository.clone / "bot"
    repository.run(planted, "init", "-q", "--bare", ".")
    trace = tmp_path / "trace"
    for key, value in {"core.fsmonitor": f"touch {trace}", "remote.origin.url": f"ext::touch {trace}"}.items():
        repository.run(planted, "--git-dir", ".", "config", key, value)
    changes = changes_of(repository, planted, Base("commit", base=base), ("data",))
    assert (changes.problem, [file.path for file in changes.files]) == (None, ["bot/data/f.yml"])
    (repository.clone / ".git").rename(tmp_path / "away")
    (repository.clone / ".git").write_text("gitdir: nowhere", encoding="utf-8")
    assert (
        changes_of(repository, planted, Base("commit", base=base), ("data",)).problem
        == f"{planted} is not in a git work tree"
    )
    assert not trace.exists()


def test_odd_file_names_hide_no_change(repository: Repository) -> None:
    base = repository.git("rev-parse", "HEAD")
    latin = os.fsdecode(b"data/caf\xe9.yml")
    repository.commit({latin: "a: 7\nz: 1", "data/two\nlines.yml": "b: 8\ny: 2", "data/z.yml": "c: 9\nx: 3"})
    changes = changes_of(repository, repository.clone, Base("commit", base=base), PATHS)
    assert [file.path for file in changes.files] == [latin, "data/two\nlines.yml", "data/z.yml"]


def test_paths_count_from_the_directory_however_it_is_reached(repository: Repository, tmp_path: Path) -> None:
    base = repository.git("rev-parse", "HEAD")
    repository.commit({"data/f.yml": "x: 1"})
    link = tmp_path / "link"
    link.symlink_to(repository.clone)
    cases = ((link, "data"), (repository.clone / "data", "."), (link / "data", "../data"))
    for place, path in (*cases, (repository.clone, str(repository.clone / "data"))):
        changes = changes_of(repository, place, Base("commit", base=base), (path,))
        assert (changes.problem, [file.path for file in changes.files]) == (None, ["data/f.yml"])


def test_of_the_base_only_the_assistants_files_are_written(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({"other/big.json": "{}", "config.yml": "language: en\n"})
    repository.commit({"data/new.yml": "x: 1"})
    place = tmp_path / "base"
    find_changes(repository.clone, Base("commit", base=base), PATHS, base_files=place)
    written = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    assert written == {"config.yml", "data/nlu.yml", "data/old.yml"}
