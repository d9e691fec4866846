"""`rebake check --explain` as a person uses it, on whole assistants, without TensorFlow."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rebake.archive.manifest import PARTS, Manifest, format_manifest
from rebake.assistant.importer import load_assistant
from rebake.cli.main import main
from rebake.staleness.fingerprints import fingerprint
from support.assistants import edit
from support.paths import ROOT
from support.shared import need

ASSISTANTS = ("breakoutbot", "concertbot", "e2ebot", "formbot", "helpdesk", "moodbot", "travelbot")
EXPLAIN = ["check", "--model", "rebake.json", "--explain"]
STORY = """\
version: "3.1"
stories:
  - story: nothing but a restart
    steps:
      - intent: {intent}
      - action: action_restart
"""


@pytest.fixture(autouse=True)
def unlimited_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest-xdist sets the width of its own terminal, at which causes are wrapped."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def cafe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The bundled example, with the manifest of a fresh model of it."""
    shutil.copytree(ROOT / "examples" / "cafe", tmp_path / "cafe")
    monkeypatch.chdir(tmp_path / "cafe")
    record()
    return tmp_path / "cafe"


def record() -> None:
    """Write the rebake.json that a model of the assistant in the working directory has."""
    found = fingerprint(load_assistant("config.yml", "domain.yml", "data"), parts=frozenset(PARTS))
    text = format_manifest(Manifest(found.parts, found.components, "0.1.0"))
    Path("rebake.json").write_text(text, encoding="utf-8")


def explain(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "rebake", *EXPLAIN, *arguments],
        capture_output=True, text=True, check=False, timeout=60, encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )  # fmt: skip


def tree(text: str) -> dict[str, dict[str, tuple[str, list[str]]]]:
    """Part -> component -> its state and its causes, as a reader takes them from the tree."""
    parts: dict[str, dict[str, tuple[str, list[str]]]] = {}
    for line in text.splitlines():
        if re.match(r"(Core|NLU|Responses) +\w", line):
            components = parts.setdefault(line.split()[0], {})
        elif found := re.match(r"[├└]─ (\w+\d) +(fresh|reused|stale|unknown|removed)$", line):
            causes: list[str] = []
            components[found[1]] = (found[2], causes)
        elif re.match(r"[├└]─", line):
            causes = []
        elif found := re.match(r"(?:│  |   )[├└]─ (.*)$", line):
            causes.append(found[1])
    return parts


def states(text: str, part: str) -> dict[str, str]:
    return {component: state for component, (state, _) in tree(text)[part].items()}


def test_a_fresh_model_is_explained_component_by_component(cafe: Path) -> None:
    run = explain()
    assert (run.returncode, run.stderr) == (0, "")
    assert set(states(run.stdout, "NLU").values()) == set(states(run.stdout, "Core").values()) == {"fresh"}
    assert run.stdout.endswith(" is up to date.\n")


def test_the_causes_stand_below_the_components_that_they_concern(cafe: Path) -> None:
    edit(Path("config.yml"), "max_ngram: 4", "max_ngram: 3")
    Path("data/zz.yml").write_text(STORY.format(intent="greet"), encoding="utf-8")
    run = explain("--report", "report.json")
    assert run.returncode == 3
    found = tree(run.stdout)
    assert found["NLU"]["CountVectorsFeaturizer4"] == ("stale", ["config.yml:13: max_ngram 4 -> 3"])
    assert found["NLU"]["DIETClassifier5"][0] == "stale"
    assert found["NLU"]["DIETClassifier5"][1] == ["config.yml:10: CountVectorsFeaturizer4, which it works on, is stale"]
    assert states(run.stdout, "NLU")["CountVectorsFeaturizer3"] == "reused"
    assert found["Core"]["TEDPolicy2"] == ("stale", ['data/zz.yml:3: story "nothing but a restart" added'])
    report: dict[str, Any] = json.loads(Path("report.json").read_text(encoding="utf-8"))
    for part, name in (("nlu", "NLU"), ("core", "Core")):
        components = report["parts"][part]["explanation"]["components"]
        assert {c["id"]: c["state"] for c in components} == states(run.stdout, name)


@pytest.mark.slow
def test_the_tree_keeps_to_the_width_and_to_the_encoding(cafe: Path) -> None:
    Path("data/zz.yml").write_text(STORY.format(intent="greet"), encoding="utf-8")
    assert max(map(len, explain(COLUMNS="48").stdout.splitlines())) <= 48
    assert max(map(len, explain().stdout.splitlines())) > 48
    run = explain(PYTHONIOENCODING="ascii")
    assert run.returncode == 1
    assert run.stdout.isascii()
    assert "|- " in run.stdout


def test_a_forced_check_says_so(cafe: Path) -> None:
    run = explain("--force")
    assert run.returncode == 8
    assert "Training is forced" in run.stdout


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("name", ASSISTANTS)
def test_a_story_more_in_a_real_assistant_concerns_its_policies_alone(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(need(f"assistants/{name}"), tmp_path / name)
    monkeypatch.chdir(tmp_path / name)
    record()
    assert main(EXPLAIN) == 0
    capsys.readouterr()
    intent = load_assistant("config.yml", "domain.yml", "data").domain.intents[0].name
    Path("data/zz.yml").write_text(STORY.format(intent=intent), encoding="utf-8")
    assert main(EXPLAIN) == 1
    shown = capsys.readouterr().out
    core = tree(shown)["Core"]
    assert core
    for state, causes in core.values():
        assert state == "stale"
        assert 'data/zz.yml:3: story "nothing but a restart" added' in causes
    assert set(states(shown, "NLU").values()) == {"fresh"}


@pytest.mark.shared
def test_a_text_in_a_story_concerns_the_featurizers_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(need("assistants/e2ebot"), tmp_path / "e2ebot")
    monkeypatch.chdir(tmp_path / "e2ebot")
    record()
    story = STORY.replace("intent: {intent}", 'user: "words that nobody has said before"')
    Path("data/zz.yml").write_text(story, encoding="utf-8")
    assert main(EXPLAIN) == 3
    shown = capsys.readouterr().out
    vocabularies = "what end-to-end stories add to the featurizers' vocabularies changed"
    featurizers = [node for node in tree(shown)["NLU"] if node.startswith("CountVectorsFeaturizer")]
    assert featurizers
    assert all(tree(shown)["NLU"][node] == ("stale", [vocabularies]) for node in featurizers)
    seen = "what end-to-end stories see of texts changed with the tokenizers and featurizers of NLU"
    assert all(seen in causes for _, causes in tree(shown)["Core"].values())
