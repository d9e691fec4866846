"""The flavours of the action (root, check, host) are one: inputs, outputs, and what they run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import partial
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from rebake.action import installed
from rebake.action.settings import DEFAULTS, ON_THE_HOST, Settings
from rebake.errors import UsageError
from support.full_project import FULL
from support.github_job import Project
from support.paths import ROOT, TESTS
from support.scripts import load_script

actions = load_script("scripts/action_files")

SOURCE = (ROOT / "action.yml").read_text(encoding="utf-8")
ACTION = yaml.safe_load(SOURCE)
CHECK = yaml.safe_load((ROOT / "check" / "action.yml").read_text(encoding="utf-8"))
HOST = yaml.safe_load((ROOT / "host" / "action.yml").read_text(encoding="utf-8"))
ACTION_DIGEST, CHECK_DIGEST = "sha256:" + "a1" * 32, "sha256:" + "b2" * 32
DIGESTS = {"action": ACTION_DIGEST, "check": CHECK_DIGEST}
IMAGES = "ghcr.io/rebake/rebake"


def test_the_flavours_are_written_from_action_yml() -> None:
    assert actions.outdated() == [], "run scripts/action_files"


def test_a_flavour_that_was_changed_by_hand_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("action.yml", "check/action.yml", "host/action.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(actions, "ROOT", tmp_path)
    assert actions.main(["--verify"]) == 0
    host = tmp_path / "host" / "action.yml"
    host.write_text(host.read_text(encoding="utf-8").replace("INPUT_FORCE", "INPUT_FORCED"), encoding="utf-8")
    assert actions.outdated() == ["host/action.yml"]
    assert actions.main(["--verify"]) == 65


def test_the_check_has_the_inputs_and_outputs_of_the_action_but_only_checks_by_default() -> None:
    assert CHECK["inputs"].pop("mode") == ACTION["inputs"]["mode"] | {"default": "check"}
    assert CHECK["inputs"] == {name: about for name, about in ACTION["inputs"].items() if name != "mode"}
    assert CHECK["outputs"] == ACTION["outputs"]


def test_the_host_has_those_of_the_action_and_what_only_a_host_can_have() -> None:
    own = {name: about for name, about in HOST["inputs"].items() if name not in ACTION["inputs"]}
    assert set(own) == {"extras", *ON_THE_HOST}
    assert {name: HOST["inputs"][name] for name in ACTION["inputs"]} == ACTION["inputs"]
    assert {name: about["description"] for name, about in HOST["outputs"].items()} == {
        name: about["description"] for name, about in ACTION["outputs"].items()
    }


def test_every_input_reaches_the_entry_point_of_the_host_and_none_stands_in_a_script() -> None:
    *_, run = HOST["runs"]["steps"]
    for name in DEFAULTS:
        assert run["env"][actions.variable(name)] == f"${{{{ inputs.{name} }}}}"
    for name, about in HOST["outputs"].items():
        assert about["value"] == f"${{{{ steps.{run['id']}.outputs.{name} }}}}"
    assert [step["run"] for step in HOST["runs"]["steps"] if "${{" in step.get("run", "")] == []


def _value(given: dict[str, str], name: str) -> str:
    return given.get(name, "")


def test_the_host_has_what_judges_tests_wherever_a_check_without_it_would_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, step, _ = HOST["runs"]["steps"]
    monkeypatch.setattr(installed, "can_compute", lambda: False)
    values = {name: "0.5" for name in ACTION["inputs"] if name.startswith("min-")}
    values |= {"test-nlu": "a.yml", "cross-validation": "5", "fail-on": "worse"}
    for name, value in values.items():
        given = {"token": "t", "mode": "check", "test-nlu": "a.yml" if name.startswith("min-") else "", name: value}
        with pytest.raises(UsageError, match="only checks"):
            installed.require_installed(Settings.read(partial(_value, given)))
        assert f"inputs.{name}" in step["env"]["REBAKE_TESTS"]


@pytest.mark.parametrize("name", ["action.yml", "check/action.yml", "publish/action.yml"])
def test_a_released_action_names_the_published_image_and_is_otherwise_the_same(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    released = yaml.safe_load(actions.released(text, IMAGES, DIGESTS))
    image, digest = ("action", ACTION_DIGEST) if name == "action.yml" else ("check", CHECK_DIGEST)
    assert released["runs"].pop("image") == f"docker://{IMAGES}-{image}@{digest}"
    before = yaml.safe_load(text)
    dockerfile = ROOT / Path(name).parent / before["runs"].pop("image")
    assert dockerfile.is_file()
    assert released == before


@pytest.mark.parametrize(
    ("repository", "digests"),
    [
        ("ghcr.io/Rebake/rebake", DIGESTS),
        ("rebake", DIGESTS),
        (IMAGES, {"action": ACTION_DIGEST}),
        (IMAGES, DIGESTS | {"other": CHECK_DIGEST}),
        (IMAGES, DIGESTS | {"check": "latest"}),
        (IMAGES, DIGESTS | {"check": CHECK_DIGEST[:-1]}),
        (IMAGES, DIGESTS | {"check": f"{CHECK_DIGEST}\n  args: [x]"}),
    ],
)
def test_a_release_is_refused_without_the_digests_of_all_images(repository: str, digests: dict[str, str]) -> None:
    with pytest.raises(actions.MistakeError):
        actions.released(SOURCE, repository, digests)


def test_a_release_is_made_once() -> None:
    with pytest.raises(actions.MistakeError, match="no line `image:`"):
        actions.released(actions.released(SOURCE, IMAGES, DIGESTS), IMAGES, DIGESTS)


def test_a_release_that_fails_changes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in actions.ACTIONS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    last = tmp_path / actions.ACTIONS[-1]
    last.write_text(last.read_text(encoding="utf-8").replace("  image: ", "  picture: "), encoding="utf-8")
    monkeypatch.setattr(actions, "ROOT", tmp_path)
    arguments = ["--release", IMAGES, f"action={ACTION_DIGEST}", f"check={CHECK_DIGEST}"]
    assert actions.main(arguments) == 65
    assert (tmp_path / "action.yml").read_text(encoding="utf-8") == SOURCE
    last.write_text(last.read_text(encoding="utf-8").replace("  picture: ", "  image: "), encoding="utf-8")
    assert actions.main(arguments) == 0
    assert all("docker://" in (tmp_path / name).read_text(encoding="utf-8") for name in actions.ACTIONS)


def test_the_base_of_every_image_is_pinned_and_the_same() -> None:
    bases = [
        base
        for name in actions.IMAGES
        for base in re.findall(r"(?m)^FROM (\S+)", (ROOT / name).read_text(encoding="utf-8"))
    ]
    [base] = set(bases) - {"scratch"}
    assert re.fullmatch(r"debian:\w+-slim@sha256:[0-9a-f]{64}", base)


class TestHostInstallation:
    install = load_script("host/install.py")

    def test_unknown_extras_are_refused_by_name(self) -> None:
        with pytest.raises(self.install.UsageError, match=r"'spacey'.*jieba, spacy"):
            self.install.chosen_extras("jieba, spacey", ["jieba", "spacy"])
        assert self.install.chosen_extras(" spacy,jieba\nspacy ", ["jieba", "spacy"]) == ["jieba", "spacy"]

    def test_versions_of_the_lock_become_constraints_with_their_markers(self) -> None:
        lock = (ROOT / "requirements-image.lock").read_text(encoding="utf-8")
        lines = self.install.constraints(lock).splitlines()
        assert len(lines) == len(re.findall(r"(?m)^[a-z]", lock))
        assert not [line for line in lines if "--hash" in line or line.endswith("\\")]
        assert [line for line in lines if line.startswith("tensorflow==") and " ; " in line]

    @pytest.mark.parametrize(
        ("mode", "extras", "tests", "lock"),
        [
            ("check", "", "false", "requirements-check.lock"),
            ("plan", "", "false", "requirements-check.lock"),
            ("check", "", "true", "requirements-image.lock"),
            ("train", "", "false", "requirements-image.lock"),
            ("check", "jieba", "false", None),
            ("train", "jieba,spacy", "false", None),
        ],
    )
    def test_uv_is_called_outside_the_workspaces_reach(
        self, tmp_path: Path, mode: str, extras: str, tests: str, lock: str | None
    ) -> None:
        """A stand-in for uv writes down what it is called with, and makes the folders of an environment."""
        calls = tmp_path / "calls"
        uv = tmp_path / "bin" / "uv"
        uv.parent.mkdir()
        uv.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$*" >>{calls}\n'
            'for last; do :; done\n[ "$3" != venv ] || mkdir -p "$last/lib/python3.13/site-packages"\n',
            encoding="utf-8",
        )
        uv.chmod(0o755)
        output = tmp_path / "output"
        environment = {
            "PATH": f"{uv.parent}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_OUTPUT": str(output),
            "REBAKE_MODE": mode,
            "REBAKE_TESTS": tests,
            "REBAKE_EXTRAS": extras,
        }
        done = subprocess.run(
            [sys.executable, ROOT / "host" / "install.py"], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        made, installed = calls.read_text(encoding="utf-8").splitlines()
        assert made.startswith("--quiet --no-config venv ")
        assert installed.startswith("--quiet --no-config pip install --python ")
        if lock is None:
            asked = (tmp_path / "rebake-requirements.txt").read_text(encoding="utf-8")
            assert ("spacy>=" in asked) == ("spacy" in extras)
            assert "jieba>=" in asked
            assert "jinja2>=" in asked, "with extras there is no less than without"
            assert load_script("scripts/lock").EXTRAS == self.install.IMAGE_EXTRAS
            assert "--constraint" in installed
        else:
            assert installed.endswith(f"--no-deps --require-hashes --requirement {ROOT / lock}")
        python = Path(output.read_text(encoding="utf-8").strip().removeprefix("python="))
        [link] = python.parents[1].glob("lib/python3*/site-packages/rebake.pth")
        assert link.read_text(encoding="utf-8").strip() == str(ROOT / "src")


@pytest.mark.slow
def test_the_check_imports_nothing_that_its_image_does_not_have(project: Project) -> None:
    """Installed packages that requirements-check.lock does not name cannot be imported in this job."""
    for name, text in FULL.items():
        (project.clone / name).parent.mkdir(parents=True, exist_ok=True)
        (project.clone / name).write_text(text, encoding="utf-8")
    project.commit("Something of everything")
    lock = (ROOT / "requirements-check.lock").read_text(encoding="utf-8")
    there = {name.lower() for name in re.findall(r"(?m)^([\w.-]+)==", lock)} | {"rebake"}
    refused = [
        package
        for package, names in packages_distributions().items()
        if not {name.lower().replace("_", "-") for name in names} & there and package not in ("pip", "setuptools")
    ]
    environment = {"PYTHONPATH": str(TESTS / "support" / "refused_packages"), "REFUSED_PACKAGES": json.dumps(refused)}
    assert "tensorflow" in refused
    assert "numpy" in refused
    job = project.run(project.push(), {"mode": "check", "fail-on": "never"}, environment=environment)
    assert job.code == 0, job.log
    assert job.outputs["result"] == "stale"
    assert job.outputs["report-html"] == ""
    assert "HTML" not in json.dumps(job.report["notices"]), "that is how this image is, and nothing to warn of"


@pytest.mark.slow
def test_an_image_that_only_checks_says_so_when_it_is_to_train(project: Project) -> None:
    environment = {
        "PYTHONPATH": str(TESTS / "support" / "refused_packages"),
        "REFUSED_PACKAGES": json.dumps(["tensorflow", "numpy"]),
    }
    job = project.run(project.push(), {"mode": "train"}, environment=environment)
    assert job.code == 64
    assert "it has nothing that trains" in job.log
    assert "rebake/rebake/host" in job.log
    assert "mode: check" in job.log


@pytest.mark.slow
def test_inputs_reach_a_run_under_the_names_that_the_host_gives_them(project: Project) -> None:
    (project.clone / "bot").mkdir()
    for entry in list(project.clone.iterdir()):
        if entry.name not in (".git", "bot"):
            entry.rename(project.clone / "bot" / entry.name)
    project.commit("In a folder")
    job = project.run(
        project.push(),
        {"mode": "check", "working-directory": "", "fail-on": ""},
        environment={"INPUT_WORKING_DIRECTORY": "bot", "INPUT_FAIL_ON": "never"},
    )
    assert job.code == 0, job.log
    assert job.outputs["report"] == "bot/models/rebake-report.json"


def test_the_documents_list_the_inputs_that_only_the_host_has() -> None:
    text = (ROOT / "docs" / "reference" / "action.md").read_text(encoding="utf-8")
    [rows] = re.findall(r"(?m)^\| input of the host \|.*\n\| ---.*\n((?:\|.*\n)+)", text)
    assert set(re.findall(r"(?m)^\| `([\w-]+)` \|", rows)) == set(HOST["inputs"]) - set(ACTION["inputs"])


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("workflow*.yml")), ids=lambda path: path.stem)
def test_workflows_to_copy_pin_others_actions_by_commit_and_run_once_at_a_time(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert "cancel-in-progress" in workflow["concurrency"]
    assert "permissions" in workflow
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            uses = step.get("uses", "rebake/rebake@v0")
            assert re.fullmatch(r"rebake/rebake(/check|/host|/publish)?@v0|[\w./-]+@[0-9a-f]{40}", uses)
            folder = uses.partition("@")[0].removeprefix("rebake/rebake").strip("/")
            if uses.startswith("rebake/"):
                flavour = yaml.safe_load((ROOT / folder / "action.yml").read_text(encoding="utf-8"))
                assert set(step.get("with", {})) <= set(flavour["inputs"])


def test_the_how_to_lists_the_inputs_and_outputs_of_publish() -> None:
    text = (ROOT / "docs" / "how-to" / "forks.md").read_text(encoding="utf-8")
    publish = yaml.safe_load((ROOT / "publish" / "action.yml").read_text(encoding="utf-8"))
    for what in ("input", "output"):
        [rows] = re.findall(rf"(?m)^\| {what} of publish \|.*\n\| ---.*\n((?:\|.*\n)+)", text)
        assert re.findall(r"(?m)^\| `([\w-]+)` \|", rows) == list(publish[f"{what}s"])
