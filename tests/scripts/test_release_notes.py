"""A release has the version of its tag, and the section of the changelog as its notes."""

from __future__ import annotations

import re

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
