"""Training of a part by the user's own Rasa, in a process of its own: the one place where the assistant's code runs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from rebake.archive.manifest import Part
from rebake.base.visible import one_line
from rebake.errors import DataError, UsageError
from rebake.own_rasa import training_script
from rebake.own_rasa.environment import OwnRasa

Log = Callable[[str], object]

LAST_LINES = 5  # of the log, in the message about a process that ended without an answer
_LINE = 400  # most characters of one of them
_COLOR = re.compile(r"\x1b\[[0-9;]*m")  # Rasa colours what it prints wherever that goes
_NAMES: Mapping[Part, str] = {"nlu": "NLU", "core": "Core", "nlg": "responses"}

# What a process needs to run, and nothing that might be a secret: no token, no proxy with a password.
PASSED = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP"),
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "CUDA_HOME", "NVIDIA_VISIBLE_DEVICES"),
        *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_CPP_MIN_LOG_LEVEL"),
        *("TF_INTER_OP_PARALLELISM_THREADS", "TF_INTRA_OP_PARALLELISM_THREADS", "TF_FORCE_GPU_ALLOW_GROWTH"),
        *("TF_GPU_MEMORY_ALLOC", "TF_DETERMINISTIC_OPS", "TF_ENABLE_ONEDNN_OPTS", "PYTHONHASHSEED"),
        *("HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_CACHE", "TRANSFORMERS_OFFLINE", "XDG_CACHE_HOME"),
        "RUNNER_TRACKING_ID",  # by which GitHub's runner finds what a cancelled job left running
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
        *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "APPDATA", "LOCALAPPDATA", "USERPROFILE"),
    }
)


def train_with_rasa(
    rasa: OwnRasa, part: Part, scratch: Path, *, arguments: Mapping[str, Any] | None = None, log: Log | None = None
) -> Path:
    """Let Rasa train one part; return its archive, which is below ``scratch``.

    Args:
        rasa: the environment and the assistant's files. They are read in the working directory.
        part: "nlu" or "core".
        scratch: an existing directory for everything that Rasa writes.
        arguments: what the training takes besides, by Rasa's names.
        log: receives each line that Rasa prints, as it is.

    Raises:
        DataError: Rasa did not train it; the message has what it said.
        UsageError: the environment's Python cannot be started, or the workflow gives the code of a pull request more
            rights than its author has.
    """
    _refuse_privileged_workflow()
    job, answer = scratch / "job.json", scratch / "answer.json"
    output, cache = scratch / "models", scratch / "cache"
    output.mkdir()
    content = {
        "part": part,
        "config": rasa.config,
        "domain": rasa.domain,
        "data": list(rasa.data),
        "output": str(output.resolve()),
        "arguments": dict(arguments or {}),
    }
    job.write_text(json.dumps(content), encoding="utf-8")
    command = [str(rasa.environment.python), training_script.__file__, str(job.resolve()), str(answer.resolve())]
    code, last = _run(command, _environment(rasa.env, cache.resolve()), log)
    return _archive(answer, output, rasa, part, code, last)


def _refuse_privileged_workflow() -> None:
    if os.environ.get("GITHUB_EVENT_NAME") == "pull_request_target":
        raise UsageError(
            "A workflow for pull_request_target does not train with --rasa: code of the pull request would run with a "
            "token that may write.",
            fix="Use the event pull_request.",
        )


def _environment(names: frozenset[str], cache: Path) -> dict[str, str]:
    """The variables of the process: those that are safe and those that the user allows."""
    given = {name: value for name, value in os.environ.items() if _is_passed(name) or name in names}
    return {
        "TF_CPP_MIN_LOG_LEVEL": "2",
        **given,
        "RASA_TELEMETRY_ENABLED": "false",
        "RASA_CACHE_DIRECTORY": str(cache),
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "PYTHONDONTWRITEBYTECODE": "1",  # leaves the assistant's directories as they are
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }


def _is_passed(name: str) -> bool:
    return name.upper() in PASSED or name.startswith("LC_")


def _run(command: list[str], environment: Mapping[str, str], log: Log | None) -> tuple[int, list[str]]:
    """Run it to its end; return its exit code and the last lines that it printed. An interruption ends its group."""
    last: deque[str] = deque(maxlen=LAST_LINES)
    try:
        process = subprocess.Popen(  # noqa: S603 # the user names the program, and no shell reads the arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )
    except OSError as error:
        raise UsageError(f"{command[0]} cannot be started: {error.strerror}.") from error
    ending = threading.Thread(target=_end_followers, args=(process,), daemon=True)
    ending.start()
    try:
        assert process.stdout is not None
        with process.stdout:
            _follow(process.stdout, last, log)
        code = process.wait()
    except BaseException:
        _end_group(process)
        raise
    finally:
        ending.join()
    return code, list(last)


def _end_followers(process: subprocess.Popen[bytes]) -> None:
    """End what the process started and left running: it would keep the pipe open, and go on after the training."""
    process.wait()
    _end_group(process)


def _follow(stream: IO[bytes], last: deque[str], log: Log | None) -> None:
    for raw in stream:
        # A progress bar overwrites its line again and again: the last state is what is left of it.
        text = _COLOR.sub("", raw.decode("utf-8", "replace"))
        states = [state for state in text.rstrip("\r\n").split("\r") if state.strip()]
        if states:
            last.append(states[-1])
            if log is not None:
                log(states[-1])


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def _archive(answer: Path, output: Path, rasa: OwnRasa, part: Part, code: int, last: list[str]) -> Path:
    who = f"Rasa {rasa.environment.version}"
    try:
        given = json.loads(answer.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        given = {}
    if isinstance(given, dict) and "error" in given:
        raise DataError(f"{who} cannot train {_NAMES[part]}: {one_line(str(given['error']))}")
    model = Path(str(given.get("model"))) if isinstance(given, dict) else Path()
    if code == 0 and model.parent == output.resolve() and model.is_file():
        return model
    ended = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    printed = "".join(f"\n  {_cut(one_line(line))}" for line in last)
    raise DataError(
        f"{who} did not train {_NAMES[part]}: its process {ended}" + (f". Its last lines:{printed}" if last else "."),
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LINE else f"{text[: _LINE - 1]}…"
