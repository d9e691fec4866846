"""Which training files changed, found in real repositories, shallow ones too."""

from __future__ import annotations

import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rebake.staleness.git.changes import Base, Changes, FileChange, find_changes
from rebake.staleness.git.environment import git_environment

pytestmark = pytest.mark.slow

PATHS = ("config.yml", "domain.yml", "data")


class Repository:
    """A bare origin and a person's clone of it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.origin = place / "origin.git"
        self.clone = place / "clone"
        self.run(place, "init", "-q", "--bare", "-b", "main", str(self.origin))
        self.run(self.origin, "config", "uploadpack.allowAnySHA1InWant", "true")
        self.run(place, "init", "-q", "-b", "main", str(self.clone))
        self.git("remote", "add", "origin", str(self.origin))

    def run(self, directory: Path, *arguments: str) -> str:
        who = {f"GIT_{role}_{what}": "x@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.place), "GIT_CONFIG_NOSYSTEM": "1", **who}
        done = subprocess.run(
            ["git", *arguments], cwd=directory, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def git(self, *arguments: str) -> str:
        return self.run(self.clone, *arguments)

    def commit(self, files: dict[str, str | None], message: str = "m") -> str:
        """Write (None: delete) files and commit; the commit's id."""
        for name, text in files.items():
            path = self.clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def push(self) -> None:
        self.git("push", "-q", "--force", "--all", "origin")
        self.git("push", "-q", "--force", "--tags", "origin")

    def shallow(self, ref: str, depth: int = 1) -> Path:
        """A clone as actions/checkout makes it."""
        place = self.place / f"shallow{len(list(self.place.iterdir()))}"
        place.mkdir()
        self.run(place, "init", "-q")
        self.run(place, "remote", "add", "origin", f"file://{self.origin}")
        self.run(place, "fetch", "-q", "--no-tags", f"--depth={depth}", "origin", ref)
        self.run(place, "checkout", "-q", "FETCH_HEAD")
        return place


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
    changes = find_changes(repository.clone, Base("commit", base=base), PATHS)
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
        changes = find_changes(place, base, PATHS)
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
    assert [f.path for f in find_changes(repository.shallow("main"), base, PATHS).files] == ["data/f.yml"]


def test_a_new_branch_is_compared_with_the_default_branch(repository: Repository) -> None:
    repository.git("checkout", "-q", "-b", "feature")
    repository.commit({"data/f.yml": "x: 1"})
    repository.push()
    changes = find_changes(repository.shallow("feature"), Base("merge-base", name="main"), PATHS)
    assert changes.base_name == "main"
    assert [file.path for file in changes.files] == ["data/f.yml"]


def test_a_push_is_compared_with_the_commit_before_it_even_after_a_forced_one(repository: Repository) -> None:
    before = repository.commit({"data/lost.yml": "x: 1"})
    repository.push()
    repository.git("reset", "-q", "--hard", "HEAD~1")
    repository.commit({"data/kept.yml": "y: 2\nz: 1"})
    repository.push()
    changes = find_changes(repository.shallow("main"), Base("commit", base=before), PATHS)
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
        changes = find_changes(place, base, PATHS)
        assert changes.base_name == "v1"
        assert [file.path for file in changes.files] == ["data/f.yml", "data/g.yml"]


def test_the_first_tag_has_nothing_to_compare_with(repository: Repository) -> None:
    repository.git("tag", "v1")
    repository.push()
    head = repository.git("rev-parse", "HEAD")
    changes = find_changes(repository.shallow("refs/tags/v1"), Base("previous-tag", head=head, name="v1"), PATHS)
    assert changes.problem == "there is no earlier tag"


def test_what_cannot_be_found_is_a_problem_and_no_error(repository: Repository, tmp_path: Path) -> None:
    repository.push()
    lonely = repository.shallow("main")
    repository.origin.rename(tmp_path / "gone")
    problem = find_changes(lonely, Base("commit", base="1" * 40), PATHS).problem
    assert problem is not None
    assert "could not be fetched" in problem
    assert (
        find_changes(tmp_path, Base("commit", base="1" * 40), PATHS).problem == f"{tmp_path} is not in a git work tree"
    )
    assert find_changes(lonely, Base("none", reason="because"), PATHS).problem == "because"
    bad = find_changes(lonely, Base("commit", base="--output=/tmp/x"), PATHS).problem
    assert bad == "'--output=/tmp/x' is no commit id"


def test_credentials_in_an_address_are_not_repeated(repository: Repository) -> None:
    repository.git("remote", "set-url", "origin", "http://user:s3cret@127.0.0.1:9/x.git")
    problem = find_changes(repository.clone, Base("commit", base="1" * 40), PATHS).problem
    assert problem is not None
    assert "s3cret" not in problem


def test_credentials_are_sent_only_where_it_fails_without(repository: Repository) -> None:
    seen: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("Authorization"))
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        repository.git("remote", "set-url", "origin", f"{address}/acme/bot.git")
        secret = {f"http.{address}/.extraheader": "Authorization: basic abc"}
        changes = find_changes(repository.clone, Base("commit", base="1" * 40), PATHS, credentials=secret)
        server.shutdown()
    assert changes.problem is not None
    assert "abc" not in changes.problem
    assert (seen[0], seen[-1]) == (None, "basic abc")


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
    assert [f.path for f in find_changes(repository.clone, Base("commit", base=base), PATHS).files] == ["data/f.yml"]
    assert list(home.iterdir()) == []


def test_configuration_already_in_the_environment_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    environment = git_environment(tmp_path, {"a.b": "c"})
    count = int(environment["GIT_CONFIG_COUNT"])
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
    changes = find_changes(place, Base("previous-tag", head=head, name="v2"), PATHS)
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
    changes = find_changes(place, Base("previous-tag", head=head, name="v2"), PATHS)  # fetching tags writes refs
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
    changes = find_changes(planted, Base("commit", base=base), ("data",))
    assert (changes.problem, [file.path for file in changes.files]) == (None, ["bot/data/f.yml"])
    (repository.clone / ".git").rename(tmp_path / "away")
    (repository.clone / ".git").write_text("gitdir: nowhere", encoding="utf-8")
    assert find_changes(planted, Base("commit", base=base), ("data",)).problem == f"{planted} is not in a git work tree"
    assert not trace.exists()


def test_odd_file_names_hide_no_change(repository: Repository) -> None:
    base = repository.git("rev-parse", "HEAD")
    latin = os.fsdecode(b"data/caf\xe9.yml")
    repository.commit({latin: "a: 7\nz: 1", "data/two\nlines.yml": "b: 8\ny: 2", "data/z.yml": "c: 9\nx: 3"})
    changes = find_changes(repository.clone, Base("commit", base=base), PATHS)
    assert [file.path for file in changes.files] == [latin, "data/two\nlines.yml", "data/z.yml"]


def test_paths_count_from_the_directory_however_it_is_reached(repository: Repository, tmp_path: Path) -> None:
    base = repository.git("rev-parse", "HEAD")
    repository.commit({"data/f.yml": "x: 1"})
    link = tmp_path / "link"
    link.symlink_to(repository.clone)
    cases = ((link, "data"), (repository.clone / "data", "."), (link / "data", "../data"))
    for place, path in (*cases, (repository.clone, str(repository.clone / "data"))):
        changes = find_changes(place, Base("commit", base=base), (path,))
        assert (changes.problem, [file.path for file in changes.files]) == (None, ["data/f.yml"])
