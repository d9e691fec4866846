"""The history of models in the store: what is kept, in which order, and what two runs at once do to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rebake.errors import DataError
from rebake.evaluation.history import MOST, PastQuality, history_json, read_history, with_model
from rebake.store.model_history import add_model, find_history
from rebake.store.release_store import ReleaseStore
from rebake.store.releases import Releases
from support.github_api import GitHubApi

NAME = "history.json"


def model(number: int, name: str = "", f1: float = 0.5) -> PastQuality:
    day, hour = divmod(number, 24)
    return PastQuality(f"{number:040x}", f"2026-01-{day % 28 + 1:02}T{hour:02}:00:00+01:00", name, {"intents.f1": f1})


def test_models_are_in_the_order_of_their_commits_and_the_oldest_are_left_out() -> None:
    models: tuple[PastQuality, ...] = ()
    for number in (3, 1, 2):
        models = with_model(models, model(number))
    assert models == (model(1), model(2), model(3))
    earlier = PastQuality("f" * 40, "2026-01-01T02:30:00+00:00", "", {})  # half past three by the clock of the others
    assert with_model(models, earlier) == (model(1), model(2), model(3), earlier)
    many = [model(number) for number in range(MOST)]
    assert with_model(many, model(MOST)) == (*many[1:], model(MOST))


def test_a_model_that_is_tested_again_replaces_its_figures_and_a_release_stands_beside_it() -> None:
    models = with_model(with_model((), model(1)), model(1, "v1"))
    assert with_model(models, model(1, f1=1 / 3)) == (model(1, f1=0.333333), model(1, "v1"))


def test_what_is_written_is_read_back() -> None:
    models = (model(1), model(2, "v1.0"))
    assert read_history(history_json(models).encode()) == models


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"format": 2, "models": []}',
        b'{"format": 1, "models": [{}]}',
        history_json([PastQuality("x", "2026-01-01T00:00:00Z", "", {})]).encode(),
        history_json([PastQuality("a" * 40, "yesterday", "", {})]).encode(),
        history_json([PastQuality("a" * 40, "2026-01-01T00:00:00", "", {})]).encode(),
        history_json([PastQuality("a" * 40, "2026-01-01T00:00:00Z", "", {"intents": 7})]).encode(),
        history_json([PastQuality("a" * 40, "2026-01-01T00:00:00Z", 7, {})]).encode(),  # type: ignore[arg-type]
    ],
)
def test_anything_else_is_refused(store: ReleaseStore, api: GitHubApi, content: bytes) -> None:
    api.add_asset(api.add_release("store")["id"], NAME, content)
    with pytest.raises(DataError, match="of the release store cannot be read"):
        find_history(store, NAME)


def test_of_two_runs_at_once_both_models_are_kept(
    store: ReleaseStore, connect: Callable[[], Releases], api: GitHubApi, tmp_path: Path
) -> None:
    """The other run has read the history before this one writes, and writes after it."""
    add_model(store, NAME, model(1), tmp_path)
    other = ReleaseStore(connect(), "store", "run2")
    theirs = (model(1), model(3))
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / NAME).write_text(history_json(theirs), encoding="utf-8")
    publish = store.publish

    def publish_and_lose(path: Path, name: str, *, replace: bool = True) -> None:
        publish(path, name, replace=replace)
        store.publish = publish  # type: ignore[method-assign]
        other.publish(tmp_path / "theirs" / NAME, NAME)

    store.publish = publish_and_lose  # type: ignore[method-assign]
    assert add_model(store, NAME, model(2), tmp_path) == (model(1), model(2), model(3))
    assert find_history(ReleaseStore(connect(), "store", "x"), NAME) == (model(1), model(2), model(3))
