"""Install what host/action.yml runs: an environment of rebake's dependencies, in the runner's temporary folder.

rebake itself is the checkout that this file is in. Versions are those of the images' lock files. Its own Python is the
one that uv chose; the runner has to have nothing.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXIT_USAGE = 64
PYTHON = "3.13"
IMAGE_EXTRAS = ("report", "s3", "gs", "azure", "oci")  # that requirements-image.lock has, as scripts/lock says


class UsageError(Exception):
    """An input is wrong."""


def chosen_extras(given: str, known: Sequence[str]) -> list[str]:
    """The extras that an input names, separated by commas or spaces. Raises UsageError."""
    extras = sorted(set(given.replace(",", " ").split()))
    unknown = [name for name in extras if name not in known]
    if unknown:
        raise UsageError(f"The input extras names {unknown[0]!r}. Known are {', '.join(known)}.")
    return extras


def constraints(lock: str) -> str:
    """The versions of a lock file, without hashes: for what has extras beside it."""
    return "".join(f"{line}\n" for line in re.findall(r"^(\S+==[^\\\n]+?) *\\?$", lock, re.MULTILINE))


def requirements(project: Mapping[str, object], extras: Sequence[str]) -> list[str]:
    """What rebake with these extras asks for."""
    dependencies, optional = project["dependencies"], project["optional-dependencies"]
    if not isinstance(dependencies, list) or not isinstance(optional, dict):
        raise TypeError("pyproject.toml")
    return [*dependencies, *(one for extra in extras for one in optional[extra])]


def install(
    mode: str, extras: Sequence[str], place: Path, project: Mapping[str, object], *, judges_tests: bool = False
) -> Path:
    """Make the environment, or complete the one that an earlier step of the job made; its Python."""
    only_checks = mode in ("check", "plan") and not extras and not judges_tests
    environment = place / "-".join(["rebake", "check" if only_checks else "train", *extras])
    python = environment / "bin" / "python"
    _uv("venv", "--allow-existing", "--python", PYTHON, str(environment))
    into = ("pip", "install", "--python", str(python), "--only-binary", ":all:")
    if extras:
        wanted, versions = place / "rebake-requirements.txt", place / "rebake-versions.txt"
        wanted.write_text("\n".join(requirements(project, [*IMAGE_EXTRAS, *extras])), encoding="utf-8")
        lock = (ROOT / "requirements-image.lock").read_text(encoding="utf-8")
        versions.write_text(constraints(lock), encoding="utf-8")
        _uv(*into, "--requirement", str(wanted), "--constraint", str(versions))
    else:
        lock_file = ROOT / f"requirements-{'check' if only_checks else 'image'}.lock"
        _uv(*into, "--no-deps", "--require-hashes", "--requirement", str(lock_file))
    [packages] = environment.glob("lib/python3*/site-packages")
    (packages / "rebake.pth").write_text(f"{ROOT / 'src'}\n", encoding="utf-8")
    return python


def _uv(*arguments: str) -> None:
    subprocess.run(["uv", "--quiet", "--no-config", *arguments], check=True, stdin=subprocess.DEVNULL)


def main() -> int:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    try:
        extras = chosen_extras(os.environ.get("REBAKE_EXTRAS", ""), sorted(project["optional-dependencies"]))
    except UsageError as error:
        print(f"::error title=rebake::{error}")
        return EXIT_USAGE
    mode = os.environ.get("REBAKE_MODE", "").strip()
    judges_tests = os.environ.get("REBAKE_TESTS", "").strip() not in ("", "false")
    place = Path(os.environ["RUNNER_TEMP"])
    try:
        python = install(mode, extras, place, project, judges_tests=judges_tests)
    except subprocess.CalledProcessError as error:
        print(f"::error title=rebake::uv could not install rebake's dependencies (exit code {error.returncode}).")
        return 74
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.write(f"python={python}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
