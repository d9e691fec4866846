"""A release has the version of its tag, and the section of the changelog as its notes."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from rebake import __version__
from support.paths import ROOT
from support.scripts import load_script

release = load_script("scripts/release_notes")
CHANGELOG = """\
# Changelog

## [Unreleased]

## [1.1.0] - 2026-12-01

### Added

- New.

## [1.0.0] - 2026-11-01

- Old.

[1.1.0]: https://example.org
"""


def test_the_notes_are_the_section_of_the_version_alone() -> None:
    assert release.notes("v1.1.0", CHANGELOG) == "### Added\n\n- New.\n"
    assert release.notes("v1.0.0", CHANGELOG) == "- Old.\n"


@pytest.mark.parametrize(
    ("changelog", "message"),
    [
        (CHANGELOG.replace("2026-12-01", "not yet released"), r"\[1.1.0\] is dated 'not yet released'"),
        (CHANGELOG.replace("### Added\n\n- New.\n", ""), r"\[1.1.0\] is empty"),
        (CHANGELOG.replace("[1.1.0] - ", "[1.2.0] - "), r"no section \[1.1.0\]"),
    ],
)
def test_a_section_that_is_not_ready_is_refused(changelog: str, message: str) -> None:
    with pytest.raises(release.MistakeError, match=message):
        release.notes("v1.1.0", changelog)


def test_a_tag_of_another_version_is_refused() -> None:
    release.require_version("v1.1.0", '__version__ = "1.1.0"\n')
    release.require_version("v1.1.0-rc.1", '__version__ = "1.1.0rc1"\n')
    with pytest.raises(release.MistakeError, match=r"has the version 1\.1\.0, and the tag is v1\.1\.1"):
        release.require_version("v1.1.1", '__version__ = "1.1.0"\n')
    with pytest.raises(release.MistakeError, match="is no version tag"):
        release.require_version("1.1", '__version__ = "1.1.0"\n')


def test_the_changelog_has_a_section_for_the_version_of_the_package() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    dated = re.sub(r"not yet released", "2026-12-01", text)
    notes = release.notes(f"v{__version__}", dated)
    assert notes.startswith("The first release.") or "### " in notes
    assert "]: https://" not in notes


def test_the_release_workflow_checks_the_version_before_it_builds_and_publishes_last() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))["jobs"]

    def before(name: str) -> set[str]:
        needed = jobs[name].get("needs", [])
        direct = {needed} if isinstance(needed, str) else set(needed)
        return direct.union(*map(before, direct))

    assert all("version" in before(name) for name in jobs if name != "version")
    assert before("index") >= {"package", "commit"}
    assert before("release") >= {"index", "commit"}
    assert [name for name in jobs if jobs[name].get("environment") == "release"] == ["commit", "index"]
    assert jobs["index"]["permissions"] == {"id-token": "write"}


def test_the_package_is_built_by_tools_of_one_version() -> None:
    tools = load_script("scripts/package").TOOLS
    assert all(re.fullmatch(r"(build|twine)==[0-9.]+", tool) for tool in tools)
    assert len(tools) == 2


@pytest.mark.parametrize(
    ("version", "is_there", "moves"),
    [
        ("v0.2.0", True, "--method PATCH repos/acme/bot/git/refs/tags/v0 --raw-field sha=c0ffee --field force=true"),
        ("v1.0.0", False, "repos/acme/bot/git/refs --raw-field ref=refs/tags/v1 --raw-field sha=c0ffee"),
        ("v0.3.0-rc.1", True, ""),
    ],
)
def test_the_last_step_of_a_release_moves_the_tag_of_its_major_version(
    tmp_path: Path, version: str, is_there: bool, moves: str
) -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))["jobs"]
    scripts = [(name, step["run"]) for name, job in jobs.items() for step in job["steps"] if "run" in step]
    [(job, script)] = [(name, run) for name, run in scripts if "%%.*" in run]
    assert (job, script) == ("release", scripts[-1][1])
    gh = tmp_path / "gh"
    gh.write_text(
        f"""#!/bin/sh
echo "$*" >> {tmp_path}/calls
case "$*" in
  *git/ref/tags/{version}*) echo c0ffee ;;
  *git/ref/tags/*) exit {int(not is_there)} ;;
esac
""",
        encoding="utf-8",
    )
    gh.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "GH_REPO": "acme/bot", "SOURCE": f"release/{version}"}
    subprocess.run(["bash", "-e", "-o", "pipefail", "-c", script], env=environment, check=True)
    calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines() if (tmp_path / "calls").exists() else [""]
    assert calls[-1].removeprefix("api --silent ") == moves
