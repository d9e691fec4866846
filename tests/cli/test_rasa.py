"""`--rasa` on the command line; a stand-in is the user's own Rasa."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.assistant_files import load, write
from support.own_rasa import prepare_model, write_environment

pytestmark = pytest.mark.slow

FILES = {
    "config.yml": "assistant_id: own\nlanguage: en\npipeline:\n- name: own.Tokenizer\npolicies: []\n",
    "own.py": "raise SystemExit('it was imported')\n",
    "data/nlu.yml": 'version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - hello\n',
}


def rebake(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "rebake", *arguments],
        capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment beside the assistant in the working directory."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, FILES)
    environment = write_environment(tmp_path / "env")
    prepare_model(environment, "nlu", load(Path()), {"train_own.Tokenizer0/words.json": b"{}"})
    return environment


def test_a_check_runs_nothing_and_agrees_with_the_training(environment: Path) -> None:
    first = rebake("check", "--rasa", "env")
    assert first.returncode == 2, first.stderr
    assert not (environment / "jobs").exists()
    trained = rebake("train", "--rasa", "env/bin/rasa")
    assert trained.returncode == 0, trained.stderr
    assert Path(trained.stdout.strip()).is_file()
    again = rebake("check", "--rasa", "env/bin/python")
    assert again.returncode == 0, again.stdout


def test_an_explanation_names_the_module_that_changed(environment: Path) -> None:
    assert rebake("train", "--rasa", "env").returncode == 0
    with Path("own.py").open("a") as module:
        module.write("# more\n")
    explained = rebake("check", "--rasa", "env", "--explain")
    assert explained.returncode == 2
    assert 'module "own.py" changed' in explained.stdout


def test_what_rasa_prints_goes_to_stderr_and_commands_nobody(environment: Path) -> None:
    (environment / "behaviour.py").write_text(
        "print('::set-output name=x::y'); print('  ##[add-mask]x \\x1b]0;title\\x07', flush=True); train()"
    )
    trained = rebake("train", "--rasa", "env")
    assert trained.returncode == 0
    lines = [line for line in trained.stderr.splitlines() if line.startswith("rasa: ")]
    assert lines == ["rasa: ::set-output name=x::y", "rasa:   ## [add-mask]x \ufffd]0;title\ufffd"]
    assert not any(line.startswith("::") for line in trained.stderr.splitlines())


def test_quiet_leaves_out_what_rasa_prints(environment: Path) -> None:
    (environment / "behaviour.py").write_text("print('much', flush=True); train()")
    trained = rebake("train", "--quiet", "--rasa", "env")
    assert (trained.returncode, trained.stderr) == (0, "")


def test_the_report_has_what_rasa_says_when_it_fails(environment: Path) -> None:
    (environment / "behaviour.py").write_text("answer(error='There are no words.'); sys.exit(1)")
    trained = rebake("train", "--rasa", "env", "--report", "report.json")
    assert trained.returncode == 65
    assert trained.stderr.endswith("rebake: Rasa 3.6.21 cannot train NLU: There are no words.\n")
    assert json.loads(Path("report.json").read_text())["error"]["message"].endswith("There are no words.")


@pytest.mark.parametrize("command", ["check", "train"])
def test_a_path_that_is_no_environment_is_a_usage_error(command: str, environment: Path) -> None:
    done = rebake(command, "--rasa", "data")
    assert done.returncode == 64
    assert "data is no environment in which Rasa is installed. Give --rasa the directory" in done.stderr


def test_a_module_that_is_missing_is_an_error_of_a_check_too(environment: Path) -> None:
    Path("own.py").unlink()
    done = rebake("check", "--rasa", "env")
    assert done.returncode == 65
    assert "config.yml:4: There is no module 'own' for 'own.Tokenizer'" in done.stderr


def test_modules_are_found_on_a_python_path_that_is_allowed(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("lib").mkdir()
    Path("own.py").rename("lib/own.py")
    monkeypatch.setenv("PYTHONPATH", "lib")
    assert rebake("check", "--rasa", "env").returncode == 65
    assert rebake("check", "--rasa", "env", "--env", "PYTHONPATH").returncode == 2
