"""The command line as a family: usage errors, options that every command has, and help."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rebake.cli.main import main
from rebake.cli.options import Parser
from rebake.cli.parser import build_parser, parse_arguments
from rebake.errors import EXIT_USAGE
from support.assistants import append, write_tiny

# With a value or default of its own in some command.
DIFFERENT = {"--config", "--model", "--out", "--seed", "--fail-on"}


def leaves(parser: Parser) -> Iterator[Parser]:
    if not parser.commands:
        yield parser
    for inner in parser.commands.values():
        yield from leaves(inner)


COMMANDS = {parser.prog: parser for parser in leaves(build_parser())}


@pytest.mark.parametrize(
    ("line", "message", "usage"),
    [
        ("chek", "rebake: error: command 'chek' does not exist. Did you mean 'check'? Choose from init, ", "rebake"),
        ("check --explian", "check: error: there is no option --explian. Did you mean '--explain'?", "rebake check"),
        ("train --dryrun", "there is no option --dryrun. Did you mean '--dry-run'?", "rebake train"),
        ("train --dry", "there is no option --dry.", "rebake train"),
        ("train --polcy core", "there is no option --polcy.", "rebake train"),
        ("--colour always check", "there is no option --colour. Did you mean '--color'?", "rebake"),
        ("--color never check --nope=5", "there is no option --nope.", "rebake check"),
        ("train nlp", "part 'nlp' does not exist. Choose from core, nlu.", "rebake train"),
        ("train nlu core", "unexpected argument 'core'.", "rebake train"),
        ("check -x", "unexpected argument '-x'.", "rebake check"),
        ("validate --fail-on eror", "--fail-on 'eror' does not exist. Did you mean 'error'?", "rebake validate"),
        ("check --config", "--config/-c: expected one argument.", "rebake check"),
        ("check --num-threads abc", "--num-threads: 'abc' is not a whole number of 1 or more.", "rebake check"),
        ("check --num-threads 0", "--num-threads: '0' is not a whole number of 1 or more.", "rebake check"),
        ("completion tcsh", "shell 'tcsh' does not exist.", "rebake completion"),
    ],
)  # fmt: skip
def test_a_usage_error_names_what_is_close_and_shows_that_commands_usage(
    capsys: pytest.CaptureFixture[str], line: str, message: str, usage: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(shlex.split(line))
    printed = capsys.readouterr()
    assert (caught.value.code, printed.out) == (64, "")
    assert message in printed.err
    assert printed.err.startswith(f"usage: {usage} [-h]")


def test_no_command_shows_what_there_is_and_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 64
    assert "report which parts of the model are stale, and why" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_that_parse_and_says_its_defaults(name: str) -> None:
    parser = COMMANDS[name]
    text = parser.format_help()
    examples = text.partition("\nexamples:\n")[2].partition("\n\n")[0].splitlines()
    lines = [shlex.split(line, comments=True) for line in examples]
    assert lines
    for line in lines:
        substituted = line[0] != "rebake"  # eval "$(rebake completion bash)"
        arguments = shlex.split(line[1].removeprefix("$(").removesuffix(")")) if substituted else line
        end = next((index for index, word in enumerate(arguments) if word in ("|", ">", "<")), None)
        assert parse_arguments(arguments[1:end]).command == name.split()[1]
    for action in parser._actions:
        if action.default not in (None, False, "", (), [], "==SUPPRESS==") and action.option_strings:
            assert "default" in str(action.help), action.option_strings


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_the_same_options_for_messages(name: str) -> None:
    assert {"--quiet", "-q", "--verbose", "-v", "--color", "--traceback"} <= COMMANDS[name].options.keys()


def test_options_of_one_name_mean_one_thing() -> None:
    """The same short form, and the same kind of value; a description of its own only where it says more."""
    seen: dict[str, tuple[str, object, frozenset[str], object]] = {}
    for name, parser in COMMANDS.items():
        for option, action in parser.options.items():
            if option.startswith("--") and option not in DIFFERENT:
                has = (name, type(action), frozenset(action.option_strings), action.type)
                assert seen.setdefault(option, has)[1:] == has[1:], (option, name, seen[option][0])


def test_messages_may_be_turned_off_before_and_after_the_command() -> None:
    for line in ("-q check", "check -q", "--color never check --quiet"):
        options = parse_arguments(shlex.split(line))
        assert options.quiet
        assert options.color == ("never" if "never" in line else "auto")
    assert not parse_arguments(["check"]).quiet


@pytest.mark.parametrize(
    "line",
    [
        "train --data data --config config.yml --domain domain.yml --out models",
        "train -c config.yml -d domain.yml --data data more --force --augmentation 20 --num-threads 2",
        "train nlu -u data/nlu.yml -c config.yml -d domain.yml --fixed-model-name bot --persist-nlu-data",
        "train core -s data/stories.yml data/rules.yml -c config.yml -d domain.yml",
        "train --dry-run",
        "test -m models -s tests -u data --out results --fail-on-prediction-errors",
        "test nlu --nlu data -c a.yml b.yml -r 2 -p 0 50",
        "test nlu --cross-validation -f 3",
        "test core --stories tests --e2e",
    ],
)
def test_rasas_spellings_are_understood(line: str) -> None:
    assert parse_arguments(shlex.split(line)).command == line.split(maxsplit=1)[0]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(write_tiny(tmp_path))
    return tmp_path


def test_the_data_of_one_part_is_named_as_in_rasa(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nlu, stories = "data/nlu.yml", "data/stories.yml"
    assert main(["train", "nlu", "--nlu", nlu, "--dry-run"]) == 2
    assert main(["train", "core", "--stories", stories, "data/rules.yml", "--dry-run"]) & 1
    assert main(["train", "--nlu", nlu, "--stories", stories, "data/rules.yml", "--dry-run"]) == 7
    capsys.readouterr()
    for arguments, why in (
        (["core", "--nlu", nlu], "--nlu changes nothing for `train core`. Use --stories."),
        (["--nlu", nlu], "--stories is missing. Give both --nlu and --stories, or use --data."),
        (["nlu", "--nlu", nlu, "--data", "data"], "--nlu and --stories replace --data."),
    ):
        assert main(["train", *arguments, "--dry-run"]) == 64
        assert why in capsys.readouterr().err


def test_quiet_keeps_the_verdict_and_errors_alone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(project / "data" / "nlu.yml", "  - intent: unknown_intent\n    examples: |\n      - who\n")
    assert main(["check", "-q"]) == 7
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.startswith("Core      stale")
    assert main(["check", "-v"]) == 7
    printed = capsys.readouterr()
    assert "rebake: no model in models to compare with" in printed.err
    assert "warning: " in printed.err


def test_colours_are_the_users_choice(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "--color", "always"])
    assert "\x1b[33mstale\x1b[0m" in capsys.readouterr().out
    main(["check"])
    assert "\x1b[" not in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_a_script(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "rebake" in script
    assert "_ARGCOMPLETE" in script


@pytest.mark.slow
def test_the_script_completes_commands_and_options(tmp_path: Path) -> None:
    for line, expected in (
        ("rebake ch", "check"),
        ("rebake check --expl", "--explain"),
        ("rebake completion f", "fish"),
    ):
        environment = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_IFS": "\n"}
        answer = tmp_path / "answer"
        environment |= {"_ARGCOMPLETE_STDOUT_FILENAME": str(answer), "PATH": "/usr/bin:/bin"}
        subprocess.run([sys.executable, "-m", "rebake"], env=environment, check=True, capture_output=True)
        assert expected in answer.read_text(encoding="utf-8").split()


@pytest.mark.parametrize("option", ["--domain", "--config", "--out", "--data", "--model"])
def test_an_empty_value_is_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        build_parser().parse_args(["check", option, ""])
    assert ended.value.code == EXIT_USAGE
    assert f"{option}" in (printed := capsys.readouterr().err)
    assert "its value is empty" in printed
