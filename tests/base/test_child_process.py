"""Work in a child process: what comes back, and that nothing else is different for it."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from rebake.base.child_process import ChildFailedError, ChildProcess, Polling, Work
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.base.notices import NoticeSink
from rebake.base.progress import STDERR, Progress, Silent, Task
from rebake.errors import DataError, DataErrors, RebakeError

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),  # TensorFlow of other tests
]


class Noted:
    """A progress that keeps its calls."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    @contextmanager
    def task(self, name: str, total: int, unit: str = "epoch") -> Iterator[Task]:
        self.calls.append((name, total, unit))
        yield self
        self.calls.append("done")  # as with progress on a console, not reached after an error

    def advance(self, steps: int = 1, **figures: float) -> None:
        self.calls.append((steps, figures))


def started(work: Work, progress: Progress) -> ChildProcess:
    return ChildProcess(work, progress, name="The training of Core", fix="Train `rebake train nlu` first.")


def test_answer_and_progress_come_back_from_another_process() -> None:
    def work(progress: Progress, notices: NoticeSink) -> Mapping[str, Any]:
        with progress.task("TEDPolicy1", 2) as task:
            task.advance(1, loss=0.5)
            task.advance(1)
        return {"process": os.getpid()}

    noted = Noted()
    answer = started(work, noted).answer()
    assert answer["process"] != os.getpid()
    assert noted.calls == [("TEDPolicy1", 2, "epoch"), (1, {"loss": 0.5}), (1, {}), "done"]


NOTICES = (
    Notice("Not of any file.\n::error::\u202e\x1b[31m\ud800"),
    Notice("A checkpoint.", Location("data/stories.yml", 7), NoticeKind.UNREACHED_CHECKPOINT),
)


def test_notices_come_back_whole_from_work_that_ends_and_from_work_that_fails() -> None:
    def end(progress: Progress, notices: NoticeSink) -> Mapping[str, Any]:
        for notice in NOTICES:
            notices.add(notice)
        return {}

    def fail(progress: Progress, notices: NoticeSink) -> Mapping[str, Any]:
        end(progress, notices)
        raise DataError("The rule contradicts itself.")

    def die(progress: Progress, notices: NoticeSink) -> Mapping[str, Any]:
        end(progress, notices)
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    for work in (end, fail, die):
        child = started(work, Silent())
        with suppress(RebakeError):
            child.answer()
        assert tuple(child.notices) == NOTICES


def test_an_error_for_a_person_keeps_its_kind_place_and_fix() -> None:
    def work(progress: Progress, notices: NoticeSink) -> Mapping[str, Any]:
        raise DataError("The rule contradicts itself.", location=Location("rules.yml", 7), fix="Change it.")

    with pytest.raises(DataError) as raised:
        started(work, Silent()).answer()
    assert str(raised.value) == "rules.yml:7: The rule contradicts itself. Change it."


def test_errors_that_were_found_together_stay_together() -> None:
    def work(progress: Progress, notices: NoticeSink) -> Mapping[str, Any]:
        errors = DataErrors()
        for line in (7, 9):
            errors.add(DataError("The rule contradicts itself.", location=Location("rules.yml", line)))
        errors.finish()
        return {}

    with pytest.raises(DataError) as raised:
        started(work, Silent()).answer()
    assert str(raised.value).splitlines() == [f"rules.yml:{line}: The rule contradicts itself." for line in (7, 9)]


def test_an_error_of_the_operating_system_stays_one() -> None:
    def work(progress: Progress, notices: NoticeSink) -> Mapping[str, Any]:
        raise OSError(errno.ENOSPC, "No space left on device", "a.st")

    with pytest.raises(OSError, match="No space left") as raised:
        started(work, Silent()).answer()
    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, "a.st")


def test_any_other_error_brings_its_traceback() -> None:
    def work(progress: Progress, notices: NoticeSink) -> Mapping[str, Any]:
        return {"one": 1 // 0}

    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        started(work, Silent()).answer()


def test_a_killed_process_is_reported_with_what_to_do() -> None:
    def work(progress: Progress, notices: NoticeSink) -> Mapping[str, Any]:
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    with pytest.raises(RebakeError, match="ended from outside") as raised:
        started(work, Silent()).answer()
    assert raised.value.fix is not None
    assert "rebake train nlu" in raised.value.fix


def test_nothing_is_reported_while_stderr_is_silenced_and_nothing_is_lost_by_it() -> None:
    def work(progress: Progress, notices: NoticeSink) -> Mapping[str, Any]:
        with progress.task("TEDPolicy1", 1):
            return {}

    noted = Noted()
    with STDERR:
        child = started(work, noted)
        time.sleep(0.5)
        assert noted.calls == []
    child.answer()
    assert noted.calls == [("TEDPolicy1", 1, "epoch"), "done"]


def test_a_task_that_an_error_ended_is_not_reported_as_done() -> None:
    def work(progress: Progress, notices: NoticeSink) -> Mapping[str, Any]:
        with progress.task("TEDPolicy1", 2) as task:
            task.advance(1)
            raise DataError("There is nothing to learn.")

    noted = Noted()
    with pytest.raises(DataError):
        started(work, noted).answer()
    assert noted.calls == [("TEDPolicy1", 2, "epoch"), (1, {})]


def test_a_process_that_is_killed_while_it_writes_leaves_no_broken_line_behind() -> None:
    def work(progress: Progress, notices: NoticeSink) -> Mapping[str, Any]:
        with progress.task("TEDPolicy1", 2) as task:
            task._pipe.write('{"advance": 1, "fig')  # type: ignore[attr-defined]
            task._pipe.flush()  # type: ignore[attr-defined]
            os.kill(os.getpid(), signal.SIGKILL)
        return {}

    noted = Noted()  # an error in the thread that listens would be a warning, and those are errors here
    with pytest.raises(RebakeError, match="ended from outside"):
        started(work, noted).answer()
    assert noted.calls == [("TEDPolicy1", 2, "epoch")]


def test_stopping_ends_the_process_at_once() -> None:
    def work(progress: Progress, notices: NoticeSink) -> Mapping[str, Any]:
        time.sleep(60)
        return {}

    began = time.monotonic()
    child = started(work, Silent())
    child.stop()
    child.stop()
    assert time.monotonic() - began < 30


def test_polling_reports_a_failure_and_nothing_else() -> None:
    def fail(progress: Progress, notices: NoticeSink) -> Mapping[str, Any]:
        raise DataError("The rule contradicts itself.")

    def end(progress: Progress, notices: NoticeSink) -> Mapping[str, Any]:
        return {}

    def go_on(progress: Progress, notices: NoticeSink) -> Mapping[str, Any]:
        time.sleep(60)
        return {}

    noted = Noted()
    failed, ended, running = (started(work, Silent()) for work in (fail, end, go_on))
    for child in (failed, ended):
        child._listener.join()
    for child in (ended, running):
        with Polling(noted, child).task("DIETClassifier2", 1) as task:
            task.advance(1, loss=0.5)
    assert noted.calls == 2 * [("DIETClassifier2", 1, "epoch"), (1, {"loss": 0.5}), "done"]
    with pytest.raises(ChildFailedError), Polling(noted, failed).task("DIETClassifier2", 1):
        pass
    with pytest.raises(DataError, match="contradicts"):
        failed.answer()
    running.stop()


def test_a_step_after_a_failure_ends_the_task() -> None:
    reader, writer = os.pipe()

    def fail(progress: Progress, notices: NoticeSink) -> Mapping[str, Any]:
        os.read(reader, 1)
        raise DataError("The rule contradicts itself.")

    child = started(fail, Silent())
    with Polling(Silent(), child).task("DIETClassifier2", 2) as task:
        task.advance(1)
        os.write(writer, b".")
        child._listener.join()
        with pytest.raises(ChildFailedError):
            task.advance(1)
    child.stop()
    os.close(reader)
    os.close(writer)


PROJECT = {
    "config.yml": """
language: en
pipeline:
  - name: WhitespaceTokenizer
  - name: CountVectorsFeaturizer
  - {name: DIETClassifier, epochs: 2, transformer_size: 16, number_of_transformer_layers: 1}
policies:
  - name: RulePolicy
  - {name: TEDPolicy, epochs: 2, max_history: 3}
""",
    "domain.yml": """
version: "3.1"
intents: [greet, bye]
responses:
  utter_greet: [{text: Hi}]
  utter_bye: [{text: Bye}]
""",
    "data/all.yml": """
version: "3.1"
nlu:
  - intent: greet
    examples: |
      - hi
      - hello there
  - intent: bye
    examples: |
      - bye
      - see you
stories:
  - story: both
    steps: [{intent: greet}, {action: utter_greet}, {intent: bye}, {action: utter_bye}]
rules:
  - rule: bye
    steps: [{intent: bye}, {action: utter_bye}]
""",
}
TRAIN = """
import json, sys
from rebake.build import core_process
from rebake.base.child_process import ChildProcess

child = []
if sys.argv[1] == "alone":
    core_process.can_fork = lambda: False
else:
    core_process.can_fork = lambda: True
    start = ChildProcess.__init__
    ChildProcess.__init__ = lambda self, *given, **named: (child.append(True), start(self, *given, **named))[1]
from rebake.model_training import train

print(json.dumps({"model": train("domain.yml", "config.yml", "data", output=sys.argv[1]).model, "child": child}))
"""


def weights(model: Path) -> dict[str, bytes]:
    with tarfile.open(model) as archive:
        return {
            member.name: file.read()
            for member in archive.getmembers()
            if "components/train_" in member.name and (file := archive.extractfile(member)) is not None
        }


@pytest.mark.long
@pytest.mark.slow
def test_both_ways_of_training_give_the_same_weights(tmp_path: Path) -> None:
    for name, text in PROJECT.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    results = {}
    for way in ("alone", "beside"):
        done = subprocess.run(
            [sys.executable, "-c", TRAIN, way], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        results[way] = json.loads(done.stdout.splitlines()[-1])
    assert [results["alone"]["child"], results["beside"]["child"]] == [[], [True]]
    alone, beside = (weights(tmp_path / results[way]["model"]) for way in ("alone", "beside"))
    assert alone == beside
    assert {name.split("/")[1] for name in alone} >= {"train_DIETClassifier2", "train_TEDPolicy1", "train_RulePolicy0"}


@pytest.mark.slow
def test_an_error_of_core_ends_the_training_of_nlu_at_once(tmp_path: Path) -> None:
    for name, text in PROJECT.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text.replace("DIETClassifier, epochs: 2", "DIETClassifier, epochs: 100000"))
    rule = "  - rule: bye again\n    steps: [{intent: bye}, {action: utter_greet}]\n"
    (tmp_path / "data/all.yml").write_text(PROJECT["data/all.yml"] + rule)
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, "beside"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert "rebake.errors.DataError" in done.stderr
    assert "utter_greet" in done.stderr.splitlines()[-1]
    assert "config.yml" not in done.stderr.splitlines()[-1]  # of the component that NLU was training
