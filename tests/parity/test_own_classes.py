"""The suite about custom classes notices what it is for."""

from __future__ import annotations

import shutil
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from parity.own_classes import suite

REFUSAL = "rebake: Rasa 3.6.21 cannot train NLU: it needs mitie."


def done(code: int, out: str = "", err: str = "") -> CompletedProcess[str]:
    return CompletedProcess([], code, out, err)


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        (done(0), done(2, "module own.py changed"), 0),
        (done(2), done(2, "module own.py changed"), 1),  # stale at once
        (done(0), done(0), 1),  # false fresh
        (done(0), done(3, "module own.py changed"), 1),  # the other part, too
        (done(0), done(2, "something changed"), 1),
    ],
)
def test_a_wrong_verdict_is_a_difference(
    first: CompletedProcess[str],
    second: CompletedProcess[str],
    count: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = iter((first, second))
    monkeypatch.setattr(suite, "rebake", lambda *_: next(runs))
    (tmp_path / "own.py").write_text("")
    assert len(suite.staleness_differences(tmp_path, "own.py", 2)) == count


@pytest.mark.parametrize(
    ("code", "err", "count"),
    [
        (65, f"rasa: loading\n{REFUSAL}\n", 0),
        (70, REFUSAL, 1),
        (65, "rebake: mitie", 1),
        (65, f"{REFUSAL}\n{REFUSAL}", 1),
        (65, f"Traceback\n{REFUSAL.replace('mitie', 'it')}", 1),
    ],
)
def test_a_refusal_that_is_not_one_message_is_a_difference(
    code: int, err: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "rebake", lambda *_: done(code, err=err))
    assert len(suite.refusal_differences(tmp_path)) == count


@pytest.mark.parametrize("name", suite.IMPORTED)
def test_the_module_that_is_changed_is_imported_by_the_class(name: str, tmp_path: Path) -> None:
    shutil.copytree(suite.DATA / name, tmp_path / name)
    module = Path(suite.IMPORTED[name][0])
    assert (tmp_path / name / module).is_file()
    others = [file.read_text() for file in (tmp_path / name).rglob("*.py") if file.name != module.name]
    assert any(f"{module.stem} import" in text for text in others)
