"""What --rasa may name, and which versions of Rasa are accepted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rebake.errors import UsageError
from rebake.own_rasa.environment import find_environment
from support.own_rasa import write_environment

UNUSABLE = "raise SystemExit('it was run')"


@pytest.mark.parametrize("name", ["", "bin/python", "bin/rasa"])
def test_the_environment_is_named_by_its_directory_or_a_program_in_it(name: str, tmp_path: Path) -> None:
    environment = write_environment(tmp_path / "env", behaviour=UNUSABLE)
    found = find_environment(environment / name)
    assert found.python == environment / "bin" / "python"
    assert found.version == "3.6.21"
    assert found.packages == (environment / "lib" / "python3.10" / "site-packages",)


def test_a_link_to_the_command_leads_to_its_environment(tmp_path: Path) -> None:
    environment = write_environment(tmp_path / "env")
    (tmp_path / "bin").mkdir()
    link = tmp_path / "bin" / "rasa"
    link.symlink_to(environment / "bin" / "rasa")
    assert find_environment(link).python == environment / "bin" / "python"


def test_a_linked_python_is_run_by_the_environments_own_path(tmp_path: Path) -> None:
    """By the path of what the link leads to, Python would find another environment's packages."""
    environment = write_environment(tmp_path / "env")
    python = environment / "bin" / "python"
    python.rename(tmp_path / "python3.10")
    python.symlink_to(tmp_path / "python3.10")
    assert find_environment(environment).python == python


def test_a_relative_path_still_leads_there_from_another_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_environment(tmp_path / "env")
    monkeypatch.chdir(tmp_path)
    assert find_environment("env").python == tmp_path / "env" / "bin" / "python"


@pytest.mark.parametrize("version", ["3.6.20", "3.6.2", "3.6.22", "3.5.17", "2.8.34", "3.6.21rc1"])
def test_other_versions_are_refused(version: str, tmp_path: Path) -> None:
    environment = write_environment(tmp_path / "env", version=version)
    with pytest.raises(UsageError, match=re.escape(f"has Rasa {version}, and rebake writes models of Rasa 3.6.21.")):
        find_environment(environment)


def test_a_build_of_ones_own_of_that_version_is_accepted(tmp_path: Path) -> None:
    assert find_environment(write_environment(tmp_path / "env", version="3.6.21+acme.1")).version == "3.6.21+acme.1"


def test_what_is_no_environment_with_rasa_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        find_environment(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="no environment in which Rasa is installed"):
        find_environment(tmp_path)
    environment = write_environment(tmp_path / "env")
    (environment / "bin" / "python").unlink()
    with pytest.raises(UsageError, match="no environment in which Rasa is installed"):
        find_environment(environment)


def test_a_python_that_cannot_be_executed_is_refused(tmp_path: Path) -> None:
    environment = write_environment(tmp_path / "env")
    (environment / "bin" / "python").chmod(0o644)
    with pytest.raises(UsageError, match=r"bin/python, which --rasa names, cannot be executed\."):
        find_environment(environment)
