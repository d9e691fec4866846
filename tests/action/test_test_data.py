"""The test data of a run: what cannot be tested is left out, and the report says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebake.action.settings import Settings
from rebake.action.test_data import GivenTests, read_test_data
from rebake.archive.manifest import Part
from rebake.assistant.importer import load_assistant
from rebake.errors import UsageError
from support.action_run import write_tested


def read(by_rasa: frozenset[Part], **inputs: str) -> GivenTests:
    given = {"token": "t", **inputs}
    settings = Settings.read(lambda name: given.get(name, ""))
    assistant = load_assistant("config.yml", ["domain.yml"], ["data"])
    return read_test_data(settings, {"core", "nlu"}, assistant, by_rasa)


@pytest.fixture(autouse=True)
def _assistant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tested(tmp_path / "bot")
    monkeypatch.chdir(tmp_path / "bot")


def test_what_the_users_own_rasa_trains_is_not_tested_since_it_cannot_be_loaded() -> None:
    nlu: frozenset[Part] = frozenset({"nlu"})
    found = read(nlu, **{"test-nlu": "held-out.yml"})
    assert found.data.examples is None
    assert found.data.stories is None
    assert [notice.message for notice in found.notices] == [
        "The NLU examples are not tested: your own Rasa trains NLU.",
        "The test stories are not tested: your own Rasa trains NLU.",
    ]
    assert read(frozenset()).data.stories is not None


def test_a_condition_on_what_the_users_own_rasa_trains_is_refused() -> None:
    with pytest.raises(UsageError, match="needs a test of NLU, but your own Rasa trains NLU"):
        read(frozenset({"nlu"}), **{"test-nlu": "held-out.yml", "min-intent-f1": "0.5"})
