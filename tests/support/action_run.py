"""Runs of the action in this process, on an assistant whose base is a copy of an earlier state, without git."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rebake.action import past_models
from rebake.action import run as run_module
from rebake.action.event import Event
from rebake.action.run import Run
from rebake.action.run_plan import RunPlan
from rebake.action.runner import Runner
from rebake.action.services import Services
from rebake.action.settings import Settings
from rebake.base.progress import Silent
from rebake.staleness.git.changes import Base, Changes, FileChange
from rebake.store.release_store import ReleaseStore
from rebake.store.releases import Releases
from support.assistant_files import write
from support.assistants import write_tiny

HEAD, BASE = "a" * 40, "b" * 40
STORE_TAG = "rebake-models"

# Learns in a moment, without scikit-learn: an example is a keyword.
CONFIG = """\
recipe: default.v1
assistant_id: tiny
language: en
pipeline: [{name: WhitespaceTokenizer}, {name: KeywordIntentClassifier}]
policies: [{name: MemoizationPolicy}, {name: RulePolicy}]
"""
KEYWORDS = {"order": "bring", "cancel": "cancel", "price": "cost", "goodbye": "bye", "greet": "hello"}
THINGS = ("tea", "coffee", "a latte", "some water", "one mocha", "juice", "an espresso", "milk")
HELD_OUT = {
    "order": [f"please bring {thing}" for thing in THINGS],
    "cancel": [f"cancel {thing}" for thing in THINGS],
    "price": [f"what does {thing} cost" for thing in THINGS],
}
STORIES = """\
version: "3.1"
stories:
- story: leaving
  steps:
  - user: bye
    intent: goodbye
  - action: utter_goodbye
"""


def nlu_text(examples: dict[str, list[str]]) -> str:
    """NLU data as YAML."""
    blocks = (
        f"- intent: {intent}\n  examples: |\n" + "".join(f"    - {text}\n" for text in texts)
        for intent, texts in examples.items()
    )
    return 'version: "3.1"\nnlu:\n' + "".join(blocks)


def write_tested(directory: Path, keywords: dict[str, str] = KEYWORDS) -> Path:
    """Write an assistant with held-out examples and a test story, all of which it gets right."""
    if not directory.exists():
        write_tiny(directory)
    domain = (directory / "domain.yml").read_text(encoding="utf-8")
    return write(
        directory,
        {
            "config.yml": CONFIG,
            "domain.yml": domain.replace("[greet, order, goodbye]", "[greet, order, goodbye, cancel, price]"),
            "data/nlu.yml": nlu_text({intent: [word] for intent, word in keywords.items()}),
            "held-out.yml": nlu_text(HELD_OUT),
            "tests/test_stories.yml": STORIES,
        },
    )


@dataclass
class RecordedPullRequests:
    """Records what is written."""

    statuses: list[tuple[str, str]] = field(default_factory=list)

    def write_comment(
        self, number: int, text: str, earlier_start: tuple[str, str] | None = None, *, recreate: bool = False
    ) -> str:
        return f"https://github.example/{number}"

    def set_status(self, commit: str, state: str, description: str, context: str, url: str) -> None:
        self.statuses.append((state, description))


class Bench:
    """An assistant in ``bot``, its base in ``base``, and runs of the action on them.

    Attributes:
        bot: the working directory.
        code: of the last run.
        statuses: (state, description) of all runs.
    """

    def __init__(self, place: Path, connect: Callable[[], Releases], monkeypatch: pytest.MonkeyPatch) -> None:
        self.bot = write_tested(place / "bot")
        self.code = 0
        self.statuses: list[tuple[str, str]] = []
        self._base = place / "base"
        self._place = place
        self._connect = connect
        self._runs = 0
        monkeypatch.chdir(self.bot)
        for name in ("require_commit", "require_committed"):  # there is no git repository
            monkeypatch.setattr(run_module, name, lambda *_: None)
        monkeypatch.setattr(run_module, "find_changes", self._find_changes)
        monkeypatch.setattr(past_models, "commit_time", lambda *_: "2026-11-30T12:00:00+00:00")
        for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
            (place / name).touch()
            monkeypatch.setenv(name, str(place / name))

    def branch(self) -> None:
        """Let what is there now be the base of later runs."""
        shutil.copytree(self.bot, self._base, dirs_exist_ok=True)

    def run(self, run_plan: RunPlan | None = None, /, **inputs: str) -> Run:
        """Run the action as a job of its own would; ``run_plan`` is that of a pull request by default."""
        self._runs += 1
        given = {"token": "t", **{key.replace("_", "-"): value for key, value in inputs.items()}}
        settings = Settings.read(lambda name: given.get(name, ""))
        event = Event("push", {}, "acme/bot", HEAD, "refs/heads/main", "https://a", "https://s", "1", self._place)
        releases = self._connect()
        pull_requests: Any = RecordedPullRequests(self.statuses)
        services = Services(
            store=ReleaseStore(releases, STORE_TAG, f"run{self._runs}"),
            releases=releases,
            pull_requests=pull_requests,
            runner=Runner(),
            progress=Silent(),
            run_word=f"w{self._runs}",
            remote=None,
        )
        run = Run(settings, event, run_plan or RunPlan(HEAD, Base("merge-base"), pull_request=7), services)
        self.code = run.execute()
        return run

    def _find_changes(self, _directory: Path, base: Base, _paths: list[str], *, base_files: Path, **_: Any) -> Changes:
        if base.kind == "none":
            return Changes(problem="this is the first push to main")
        if not self._base.exists():
            return Changes((), BASE, "main")
        shutil.copytree(self._base, base_files)
        return Changes((FileChange("M", "data/nlu.yml"),), BASE, "main")
