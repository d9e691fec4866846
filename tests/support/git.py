"""A repository and its clones, made by git itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


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
