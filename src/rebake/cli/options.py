"""Options that several commands have, so that they have one name, one order and one description everywhere."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

from rebake.assistant.reading import did_you_mean
from rebake.cli import numbers
from rebake.errors import EXIT_USAGE

ERRORS = "64 wrong command line, 65 wrong data or model, 70 internal error, 74 reading or writing failed"
VERDICTS = {
    "0": "nothing is stale",
    "1, 2, 4": "Core, NLU, responses are stale; the sum, if several are",
    "8": "training was forced",
}

DEFAULT_MODELS = "models"
HTML = "write the report as one HTML page with charts; `-` is standard output (needs rebake[report])"

Add = Callable[..., argparse.Action]


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose usage errors exit with 64 (argparse's own 2 means "NLU is stale" here).

    An error names what is close to what was typed, and shows the usage of the command that it is about.
    """

    def __init__(self, **settings: Any) -> None:
        # No abbreviations: one that works today would be ambiguous as soon as there is another option.
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawTextHelpFormatter, **settings)

    @property
    def commands(self) -> Mapping[str, Parser]:
        """The commands below this one."""
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                return action.choices
        return {}

    @property
    def options(self) -> Mapping[str, argparse.Action]:
        """The options as they are typed, long and short."""
        return self._option_string_actions

    def refuse_unknown_options(self, arguments: Sequence[str]) -> None:
        """Exit if an option does not exist: argparse might take what follows it for another argument, and name that."""
        takes_value = False
        for number, argument in enumerate(arguments):
            if argument == "--":
                return
            name = argument.split("=", 1)[0]
            if name.startswith("--"):
                if name not in self.options:
                    self.error(f"there is no option {name}.{did_you_mean(name, self.options)}")
                takes_value = name == argument and self.options[name].nargs is None
            elif argument in self.commands and not takes_value:
                self.commands[argument].refuse_unknown_options(arguments[number + 1 :])
                return
            else:
                takes_value = False

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        """Refuse an empty value, such as that of a shell variable that is not set: it would silently mean something."""
        if not arg_string and action.option_strings and "" not in (action.const, action.default):
            raise argparse.ArgumentError(action, "its value is empty")
        return super()._get_value(action, arg_string)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        known = [str(choice) for choice in action.choices]
        what = "command" if isinstance(action, argparse._SubParsersAction) else "/".join(action.option_strings)
        what = what or str(action.dest)
        self.error(f"{what} '{value}' does not exist.{did_you_mean(str(value), known)} Choose from {', '.join(known)}.")

    def error(self, message: str) -> NoReturn:
        text = message.removeprefix("argument ").replace("the following arguments are required:", "missing:")
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: error: {text}{'' if text.endswith(('.', '?')) else '.'}\n")


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


def add_command(
    commands: Commands, name: str, summary: str, *, examples: Sequence[str], exit_codes: Mapping[str, str] | None = None
) -> Parser:
    """Add a command; its options are added to the parser that is returned.

    Args:
        commands: those of ``rebake``, or of a command that has commands itself.
        name: as typed.
        summary: one line that starts with a verb.
        examples: commands as a user types them, each with a comment where its purpose is not obvious.
        exit_codes: what its exit codes mean; those of errors, and 0 for "done", need not be named.
    """
    codes = {**(exit_codes or {}), "errors": ERRORS}
    width = max(map(len, codes))
    epilog = "examples:\n" + "".join(f"  {example}\n" for example in examples)
    epilog += "\nexit codes:\n" + "".join(f"  {code:<{width}}  {meaning}\n" for code, meaning in codes.items())
    return commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", epilog=epilog)


def add_files(parser: Parser) -> Add:
    """Add the options that name the assistant's files, and return what adds more to their group."""
    add = parser.add_argument_group("the assistant").add_argument
    add("--config", "-c", metavar="FILE", default="config.yml", help="configuration (default: %(default)s)")
    domain = "domain file, or directory of domain files (default: domain.yml, if there is one)"
    add("--domain", "-d", metavar="PATH", help=domain)
    data = "files and directories with NLU data, stories and rules (default: data)"
    add("--data", metavar="PATH", nargs="+", action="extend", help=data)
    return add


def add_project(parser: Parser) -> Add:
    """Add the options that name the assistant's files and how they are read."""
    add = add_files(parser)
    add_env(add)
    return add


def add_env(add: Add) -> None:
    """Add ``--env`` to a group."""
    env = "replace ${NAME} in the assistant's files by the value of this environment variable; may be repeated"
    add("--env", metavar="NAME", action="append", default=[], help=env)


def add_comparison(parser: Parser) -> Add:
    """Add the options that name models."""
    add = parser.add_argument_group("models").add_argument
    add("--out", metavar="DIR", default="models", help="directory of models (default: %(default)s)")
    add("--model", "-m", metavar="PATH", help="compare with this model (default: the newest in --out)")
    add_store(add)
    return add


def add_store(add: Add) -> None:
    """Add ``--store`` to the group of models."""
    store = (
        "store of trained parts, which are not trained again: an s3://, gs:// or abfs:// URL,\n"
        "oci://ghcr.io/owner/name, github://owner/name (its releases), or a directory"
    )
    add("--store", metavar="URL", help=store)
    key = (
        "public key that must have signed the parts of the store, in base64, or a file with keys; may be repeated;\n"
        "models in --out do not count then"
    )
    add("--verify-key", metavar="KEY", action="append", default=[], help=key)
    repository = "with --verify-key: repository that the parts must be signed for (default: the remote called origin)"
    add("--repository", "-R", metavar="OWNER/NAME", help=repository)


def add_trained_model(add: Add) -> None:
    """Add the option that names the model which a command uses."""
    model = "model archive, or a directory whose newest model is used (default: %(default)s)"
    add("--model", "-m", metavar="PATH", default=DEFAULT_MODELS, help=model)


def add_training(parser: Parser) -> Add:
    """Add the options that say how to train."""
    add = parser.add_argument_group("training").add_argument
    add("--force", action="store_true", help="train every part, stale or not")
    augmentation = "number of longer stories to generate by concatenating others (default: 50)"
    add("--augmentation", metavar="N", type=numbers.count, help=augmentation)
    rasa = (
        "environment with Rasa 3.6.21 (its directory, bin/python or bin/rasa), which trains the parts that have\n"
        "components rebake cannot train, such as your own classes; this runs your code (default: never)"
    )
    add("--rasa", metavar="PATH", help=rasa)
    threads = "number of threads for training; the model does not depend on it (default: one per processor)"
    add("--num-threads", metavar="N", type=numbers.positive, help=threads)
    return add


def add_report(parser: Parser) -> Add:
    """Add the options that say how the verdict is reported."""
    add = parser.add_argument_group("report").add_argument
    add_format(add, "text", "json")
    add("--report", metavar="FILE", help="write the verdict and the report as JSON; `-` is standard output")
    add("--html", metavar="FILE", help=HTML)
    return add


def add_messages(parser: Parser, *, is_outermost: bool = False) -> None:
    """Add the options that say what is printed beside the result; they work before and after the command.

    Only the outermost parser has their defaults: those of a command would undo what was given before it.
    """
    add = parser.add_argument_group("messages").add_argument

    def flag(*names: str, text: str) -> None:
        add(*names, action="store_true", default=False if is_outermost else argparse.SUPPRESS, help=text)

    flag("--quiet", "-q", text="print errors and the result, but no progress, warnings or summaries")
    flag("--verbose", "-v", text="print every warning on its own line, information too, and what is read and compared")
    default = "auto" if is_outermost else argparse.SUPPRESS
    color = "colours: auto (in a terminal, unless NO_COLOR is set), always or never (default: auto)"
    add("--color", metavar="WHEN", choices=["auto", "always", "never"], default=default, help=color)
    flag("--traceback", text="show the traceback of an internal error")


def add_format(add: Add, *formats: str) -> None:
    """Add ``--format``, whose first value is the default."""
    add("--format", choices=formats, default=formats[0], help="output format (default: %(default)s)")
