"""A run makes one plan: what is read, checked, fingerprinted, compared and packed in it is so once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rebake.action import run as run_module
from rebake.action.event import Event
from rebake.action.run import Run
from rebake.action.run_plan import RunPlan
from rebake.action.runner import Runner
from rebake.action.services import Services
from rebake.action.settings import Settings
from rebake.base.progress import Silent
from rebake.staleness.git.changes import Base
from rebake.store.release_store import ReleaseStore
from rebake.store.releases import Releases
from support.assistants import write_tiny

pytestmark = pytest.mark.slow

SHA = "a" * 40


class UnreadPullRequests:
    """Pull requests that nobody reads."""

    def write_comment(self, number: int, text: str, earlier_start: tuple[str, str] | None = None) -> str:
        return f"https://github.example/{number}"

    def set_status(self, commit: str, state: str, description: str, context: str, url: str) -> None:
        return


class Calls:
    """Counts the calls of functions, wherever they were imported to; ``argument`` picks what to count by."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.counts: Counter[tuple[str, Any]] = Counter()
        self._monkeypatch = monkeypatch

    def watch(self, places: str, name: str, by: Callable[..., Any] = lambda *_, **__: None) -> None:
        for place in places.split():
            module = __import__(place, fromlist=["x"])
            original = getattr(module, name)

            def counted(*given: Any, original: Callable[..., Any] = original, **named: Any) -> Any:
                self.counts[name, by(*given, **named)] += 1
                return original(*given, **named)

            self._monkeypatch.setattr(module, name, counted)

    def of(self, name: str) -> dict[Any, int]:
        return {what: count for (called, what), count in self.counts.items() if called == name}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, releases: Releases, store: ReleaseStore) -> Run:
    write_tiny(tmp_path / "bot")
    monkeypatch.chdir(tmp_path / "bot")
    for name in ("require_commit", "require_committed"):  # there is no git repository
        monkeypatch.setattr(run_module, name, lambda *_: None)
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        (tmp_path / name).touch()
        monkeypatch.setenv(name, str(tmp_path / name))
    settings = Settings.read(lambda name: {"token": "t"}.get(name, ""))
    event = Event("push", {}, "acme/bot", SHA, "refs/heads/main", "https://a", "https://s", "1", tmp_path)
    pull_requests: Any = UnreadPullRequests()
    services = Services(
        store=store,
        releases=releases,
        pull_requests=pull_requests,
        runner=Runner(),
        progress=Silent(),
        run_word="w",
        remote=None,
    )
    return Run(settings, event, RunPlan(SHA, Base("none", reason="because"), is_newest=True), services)


@pytest.mark.usefixtures("api")
def test_with_both_parts_stale_everything_is_done_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch)
    calls.watch("rebake.action.request", "load_assistant")
    calls.watch("rebake.build.plan", "check_assistant")
    calls.watch("rebake.validation.assistant", "check_names")
    calls.watch("rebake.build.plan", "fingerprint")
    calls.watch("rebake.build.plan", "compare")
    calls.watch("rebake.validation.assistant", "check_options", by=lambda spec, *_: spec.name)
    calls.watch("rebake.build.build", "pack", by=lambda _, path, **__: path.name)
    calls.watch("rebake.archive.part_sources", "unpack", by=str)
    calls.watch("rebake.archive.pack", "_members", by=lambda path, **_: str(path))

    assert run.execute() == 0
    assert run.report.trained == ("core", "nlu")

    for name in ("load_assistant", "check_assistant", "check_names", "fingerprint", "compare"):
        assert calls.of(name) == {None: 1}, name
    components = ("WhitespaceTokenizer", "CountVectorsFeaturizer", "DIETClassifier", "EntitySynonymMapper")
    assert calls.of("check_options") == dict.fromkeys(
        (*components, "FallbackClassifier", "MemoizationPolicy", "RulePolicy"), 1
    )
    model = Path(run.report.model_path or "").name
    assert calls.of("pack") == {model: 1, "nlu.tar.gz": 1, "core.tar.gz": 1}
    assert calls.of("unpack") == {}
    assert calls.of("_members") == {}, "an archive that was just packed is read again"
