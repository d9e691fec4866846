"""Jobs as GitHub runs them: real git repositories, a fresh workspace each, environment, event file, output files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from support.github_api import GitHubApi
from support.paths import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STORE = "rebake-models"
ZEROS = "0" * 40
OTHER_USER = 12345
IS_ROOT = os.geteuid() == 0
AS_OTHER_USER = ("setpriv", f"--reuid={OTHER_USER}", f"--regid={OTHER_USER}", "--clear-groups")


@dataclass
class Job:
    """What a job left behind."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str
    workspace: Path
    seconds_of_training: float = 0.0

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self.workspace / self.outputs["report"]).read_text(encoding="utf-8"))
        return report

    @property
    def model(self) -> Path:
        return self.workspace / self.outputs["model-path"]

    @property
    def annotations(self) -> list[str]:
        return [line for line in self.log.splitlines() if line.startswith(("::error", "::warning"))]


class Project:
    """A repository on "GitHub" (a bare one), a person's clone of it, and the jobs that its events start."""

    def __init__(self, place: Path, api: GitHubApi) -> None:
        self.place = place
        self.api = api
        self.origin = place / "origin.git"
        self.clone = place / "clone"
        self.home = place / "home"
        self.home.mkdir()
        self._jobs = 0
        self._git(place, "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        for allow in ("uploadpack.allowAnySHA1InWant", "uploadpack.allowFilter"):
            self._git(self.origin, "config", allow, "true")
        self._git(place, "init", "--quiet", "--initial-branch=main", str(self.clone))
        self.git("remote", "add", "origin", str(self.origin))

    def git(self, *arguments: str) -> str:
        """Git as the person runs it."""
        return self._git(self.clone, *arguments)

    def branch(self, name: str = "feature") -> None:
        """Work on a new branch from here on."""
        self.git("checkout", "--quiet", "-b", name)

    def commit(self, message: str) -> str:
        """Commit everything; the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    # Events

    def push(self, ref: str = "refs/heads/main", *, force: bool = False) -> tuple[str, dict[str, Any], str, str]:
        """Push HEAD to a ref; event name, payload, ref and commit of the job."""
        old = self.git("ls-remote", "origin", ref).split()
        head = self.git("rev-parse", "HEAD")
        self.git("push", "--quiet", *(["--force"] if force else []), "origin", f"HEAD:{ref}")
        payload = {"before": old[0] if old else ZEROS, "after": head, "deleted": False, "forced": force, "ref": ref}
        return "push", payload, ref, head

    def pull_request(
        self, number: int, action: str = "opened", *, fork: bool = False
    ) -> tuple[str, dict[str, Any], str, str]:
        """Open (or update) a pull request from HEAD to main, with the merge that GitHub makes for the job."""
        head = self.git("rev-parse", "HEAD")
        base = self.git("ls-remote", "origin", "refs/heads/main").split()[0]
        self.git("fetch", "--quiet", "origin", "main")
        branch = self.git("rev-parse", "--abbrev-ref", "HEAD")
        self.git("checkout", "--quiet", "--detach", base)
        self.git("merge", "--quiet", "--no-ff", "--message", "merge", head)
        merge = self.git("rev-parse", "HEAD")
        self.git("push", "--quiet", "--force", "origin", f"{head}:refs/pull/{number}/head")
        self.git("push", "--quiet", "--force", "origin", f"{merge}:refs/pull/{number}/merge")
        self.git("checkout", "--quiet", branch)
        owner = "somebody/bot" if fork else self.api.repository
        request = {
            "number": number,
            "head": {"sha": head, "ref": branch, "repo": {"full_name": owner}},
            "base": {"sha": base, "ref": "main", "repo": {"full_name": self.api.repository}},
        }
        return (
            "pull_request",
            {"action": action, "number": number, "pull_request": request},
            f"refs/pull/{number}/merge",
            merge,
        )

    def run(
        self,
        event: tuple[str, Mapping[str, Any], str, str],
        inputs: Mapping[str, str] | None = None,
        *,
        depth: int | None = 1,
        environment: Mapping[str, str] | None = None,
        is_foreign: bool = IS_ROOT,
        as_other_user: bool = False,
        prepare: Callable[[Path], None] = lambda _: None,
        started: Callable[[int], None] = lambda _: None,
    ) -> Job:
        """Run the action on an event in an empty workspace, as a container that belongs to root does.

        ``is_foreign``: the workspace belongs to another user. ``prepare`` is what steps before the action do with the
        workspace; ``started`` gets the id of the action's process. ``as_other_user``: root lets another user run it,
        who then owns all of the project.
        """
        name, payload, ref, sha = event
        self._jobs += 1
        place = self.place / f"job{self._jobs}"
        workspace = place / "workspace"
        workspace.mkdir(parents=True)
        self._check_out(workspace, ref, sha, depth)
        prepare(workspace)
        if is_foreign and IS_ROOT:
            subprocess.run(["chown", "-hR", str(OTHER_USER), str(workspace)], check=True)
        files = {key: place / key.lower() for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH")}
        for file in files.values():
            file.touch()
        repository = {
            "full_name": self.api.repository,
            "default_branch": "main",
            "clone_url": f"file://{self.origin}",
        }
        full = {"repository": repository, **payload}
        files["GITHUB_EVENT_PATH"].write_text(json.dumps(full), encoding="utf-8")
        given = {key: str(value.get("default", "")) for key, value in ACTION["inputs"].items()}
        given |= {"token": self.api.token, **(inputs or {})}
        if as_other_user and IS_ROOT:
            subprocess.run(["chown", "-hR", f"{OTHER_USER}:{OTHER_USER}", str(self.place)], check=True)
        process = subprocess.Popen(
            [*(AS_OTHER_USER if as_other_user and IS_ROOT else ()), sys.executable, ROOT / "entrypoint"],
            cwd=workspace,
            env={
                **{key: os.environ[key] for key in ("PATH", "PYTHONPATH") if key in os.environ},
                "HOME": str(self.home),
                "CI": "true",
                "TF_CPP_MIN_LOG_LEVEL": "2",
                "GITHUB_ACTIONS": "true",
                "GITHUB_EVENT_NAME": name,
                "GITHUB_REPOSITORY": self.api.repository,
                "GITHUB_SHA": sha,
                "GITHUB_REF": ref,
                "GITHUB_API_URL": self.api.url,
                "GITHUB_SERVER_URL": "https://github.example",
                "GITHUB_RUN_ID": str(self._jobs),
                "GITHUB_WORKSPACE": str(workspace),
                **{key: str(file) for key, file in files.items()},
                **{f"INPUT_{key.upper()}": value for key, value in given.items()},
                **(environment or {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started(process.pid)
        try:
            log, _ = process.communicate(timeout=300)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert not (self.home / ".gitconfig").exists(), "the global configuration was touched"
        assert self.api.problems == [], self.api.problems
        if is_foreign and IS_ROOT:
            kept = [path for path in workspace.rglob("*") if path.lstat().st_uid != OTHER_USER]
            assert kept == [], "later steps could not change or delete these"
        self._assert_secret(log)
        outputs = _outputs(files["GITHUB_OUTPUT"].read_text(encoding="utf-8"))
        summary = files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        assert self.api.token not in summary + json.dumps(outputs)
        return Job(process.returncode, log, outputs, summary, workspace)

    def _assert_secret(self, log: str) -> None:
        """The token is in the log only where the runner is asked to hide it."""
        shown = [line for line in log.splitlines() if self.api.token in line and not line.startswith("::add-mask::")]
        assert shown == []

    def _check_out(self, workspace: Path, ref: str, sha: str, depth: int | None) -> None:
        """As actions/checkout does: fetch the one commit, check it out."""
        self._git(workspace, "init", "--quiet")
        self._git(workspace, "remote", "add", "origin", f"file://{self.origin}")
        local = ref.replace("refs/heads/", "refs/remotes/origin/").replace("refs/pull/", "refs/remotes/pull/")
        options = [f"--depth={depth}", "--no-tags"] if depth else ["--tags"]
        self._git(workspace, "fetch", "--quiet", *options, "origin", f"+{sha}:{local}")
        self._git(workspace, "checkout", "--quiet", "--force", sha)

    def _git(self, directory: Path, *arguments: str) -> str:
        who = {
            f"GIT_{role}_{what}": f"{what}@example.org"
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.place), "GIT_CONFIG_NOSYSTEM": "1", **who}
        done = subprocess.run(
            ["git", *arguments], cwd=directory, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
        return done.stdout.strip()


def _outputs(text: str) -> dict[str, str]:
    """Read GITHUB_OUTPUT as the runner does: ``name<<word``, lines, ``word``."""
    return {
        match["name"]: match["value"]
        for match in re.finditer(r"(?P<name>[^\n]+?)<<(?P<word>\S+)\n(?P<value>.*?)\n(?P=word)\n", text, re.DOTALL)
    }
