"""The process in which Rasa trains: what it is given, what becomes of what it prints, and how it may end."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rebake.errors import DataError, UsageError
from rebake.own_rasa import training_script
from rebake.own_rasa.training import train_with_rasa
from support.own_rasa import own_rasa, write_environment

pytestmark = pytest.mark.slow


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def environment(behaviour: str) -> Path:
    directory = write_environment(Path("env").absolute(), behaviour=behaviour)
    (directory / "nlu.tar.gz").write_bytes(b"a model")
    return directory


def job_of(directory: Path) -> dict[str, Any]:
    [line] = (directory / "jobs").read_text().splitlines()
    return json.loads(line)  # type: ignore[no-any-return]


def test_the_job_names_what_rasa_is_to_read(scratch: Path) -> None:
    directory = environment("train()")
    model = train_with_rasa(own_rasa(directory), "nlu", scratch, arguments={"num_threads": 2})
    assert model.read_bytes() == b"a model"
    said = job_of(directory)
    assert said["job"] == {
        "part": "nlu",
        "config": "config.yml",
        "domain": "domain.yml",
        "data": ["data"],
        "output": str(scratch / "models"),
        "arguments": {"num_threads": 2},
    }
    assert said["cwd"] == str(scratch.parent)


def test_the_process_gets_no_variable_but_those_it_needs_and_those_that_are_allowed(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = ("GITHUB_TOKEN", "INPUT_TOKEN", "ACTIONS_RUNTIME_TOKEN", "TF_VAR_password", "HTTPS_PROXY", "PYTHONPATH")
    for name in (*secrets, "ALLOWED", "LC_ALL", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.setenv(name, "value")
    directory = environment("train()")
    train_with_rasa(own_rasa(directory, {"ALLOWED"}), "nlu", scratch)
    given = job_of(directory)["environment"]
    assert not given.keys() & set(secrets)
    assert {name: given[name] for name in ("ALLOWED", "LC_ALL", "CUDA_VISIBLE_DEVICES")} == {
        "ALLOWED": "value",
        "LC_ALL": "value",
        "CUDA_VISIBLE_DEVICES": "value",
    }
    assert given["RASA_TELEMETRY_ENABLED"] == "false"
    assert Path(given["RASA_CACHE_DIRECTORY"]).is_relative_to(scratch)


def test_what_rasa_prints_is_logged_line_by_line(scratch: Path) -> None:
    directory = environment(
        "print('to stdout', flush=True); print('\\x1b[92mgreen\\x1b[0m', file=sys.stderr, flush=True)\n"
        "sys.stdout.buffer.write(b'10%\\r50%\\r100%\\n  \\xff in Latin-1\\n\\n'); sys.stdout.flush(); train()"
    )
    lines: list[str] = []
    train_with_rasa(own_rasa(directory), "nlu", scratch, log=lines.append)
    assert lines == ["to stdout", "green", "100%", "  \ufffd in Latin-1"]


def test_an_error_of_rasa_is_one_message(scratch: Path) -> None:
    directory = environment("answer(error='The pipeline\\nis ##[error] odd.\\x1b[2J'); sys.exit(1)")
    with pytest.raises(DataError) as raised:
        train_with_rasa(own_rasa(directory), "nlu", scratch)
    assert str(raised.value) == "Rasa 3.6.21 cannot train NLU: The pipeline is ## [error] odd.\ufffd[2J"


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("sys.exit(3)", "its process ended with exit code 3."),
        ("os.kill(os.getpid(), 9)", "its process was ended by signal 9."),
        ("sys.exit(0)", "its process ended with exit code 0."),
        ("answer(model='/etc/passwd')", "its process ended with exit code 0."),
        ("answer(model=job['output'] + '/none.tar.gz')", "its process ended with exit code 0."),
        ("Path(sys.argv[3]).write_text('[1]')", "its process ended with exit code 0."),
        ("Path(sys.argv[3]).write_text('{')", "its process ended with exit code 0."),
        ("train(); sys.exit(1)", "its process ended with exit code 1."),
    ],
)
def test_a_process_without_an_answer_is_one_message(behaviour: str, message: str, scratch: Path) -> None:
    with pytest.raises(DataError) as raised:
        train_with_rasa(own_rasa(environment(behaviour)), "nlu", scratch)
    assert raised.value.message == f"Rasa 3.6.21 did not train NLU: {message}"


def test_the_last_lines_say_why_it_ended(scratch: Path) -> None:
    directory = environment("for n in range(9): print('line', n)\nprint('::error::x ' + 'y' * 999)\nsys.exit(1)")
    with pytest.raises(DataError) as raised:
        train_with_rasa(own_rasa(directory), "nlu", scratch)
    lines = raised.value.message.split("\n")
    assert lines[0] == "Rasa 3.6.21 did not train NLU: its process ended with exit code 1. Its last lines:"
    assert lines[1:5] == [f"  line {n}" for n in range(5, 9)]
    assert lines[5].startswith("  ::error::x yyy")  # not at the start of the line, where GitHub would obey it
    assert len(lines[5]) < 410


def test_a_program_that_is_none_is_an_error(scratch: Path) -> None:
    directory = environment("")
    (directory / "bin" / "python").write_bytes(b"\x00")
    with pytest.raises(UsageError, match="cannot be started"):
        train_with_rasa(own_rasa(directory), "nlu", scratch)


def test_code_of_a_pull_request_is_not_run_with_a_token_that_may_write(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request_target")
    directory = environment("train()")
    with pytest.raises(UsageError, match="pull_request_target does not train with --rasa"):
        train_with_rasa(own_rasa(directory), "nlu", scratch)
    assert not (directory / "jobs").exists()


STARTS_ANOTHER = (
    "import subprocess\nother = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "(here / 'pids').write_text(f'{os.getpid()} {other.pid}')\n"
)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(condition: Any) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc which processes run")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_ends_rasa_and_what_it_started(sent: signal.Signals, code: int, scratch: Path) -> None:
    directory = environment(f"{STARTS_ANOTHER}time.sleep(600)")
    run = (
        "import signal, sys\nfrom pathlib import Path\nfrom rebake.cli import main as cli\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a job in a shell's background ignores it
        "from rebake.own_rasa.training import train_with_rasa\nfrom support.own_rasa import own_rasa\n"
        "cli.main = lambda: train_with_rasa(own_rasa(Path('env')), 'nlu', Path('scratch'))\ncli.run()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", run], stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    wait_until(lambda: (directory / "pids").exists() and (directory / "pids").read_text().count(" ") == 1)
    pids = [int(pid) for pid in (directory / "pids").read_text().split()]
    assert all(map(is_running, pids))
    process.send_signal(sent)
    process.communicate(timeout=60)
    assert process.returncode == code
    wait_until(lambda: not any(map(is_running, pids)))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc which processes run")
def test_what_rasa_leaves_running_ends_with_it(scratch: Path) -> None:
    directory = environment(f"{STARTS_ANOTHER}train()")
    train_with_rasa(own_rasa(directory), "nlu", scratch)
    _, other = (directory / "pids").read_text().split()
    wait_until(lambda: not is_running(int(other)))


class RasaError(Exception):
    """Of a module of Rasa, as the script knows them."""


RasaError.__module__ = "rasa.shared.exceptions"


def raised(first: Exception, cause: Exception | None) -> Exception:
    try:
        raise first from cause
    except Exception as error:
        return error


@pytest.mark.parametrize(
    ("first", "cause", "text"),
    [
        (RasaError("Install\n  mitie."), None, "Install mitie."),
        (ValueError("no value"), None, "ValueError: no value"),
        (RasaError("A node failed."), KeyError("word"), "A node failed. KeyError: 'word'"),
        (RasaError("A node failed."), RasaError("The data is odd."), "A node failed. The data is odd."),
        (RasaError(""), KeyError("word"), "KeyError: 'word'"),
        (ValueError(), None, "ValueError"),
    ],
)
def test_an_exception_and_its_cause_are_one_line(first: Exception, cause: Exception | None, text: str) -> None:
    assert training_script.describe(raised(first, cause)) == text


def test_only_an_exception_of_rasas_own_needs_no_traceback() -> None:
    assert training_script.is_expected(raised(RasaError("x"), None))
    assert not training_script.is_expected(raised(RasaError("x"), KeyError("y")))
    assert not training_script.is_expected(raised(KeyError("y"), None))


def test_the_script_is_understood_by_python_3_8() -> None:
    ast.parse(Path(training_script.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))
