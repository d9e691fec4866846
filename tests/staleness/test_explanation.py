"""Why each component is fresh or stale: its own causes, at their places, and none that it does not depend on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from rebake.archive.integrity import Damage
from rebake.archive.manifest import PARTS, Manifest, Part, format_manifest, parse_manifest
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant
from rebake.staleness.compare import compare
from rebake.staleness.explanation import (
    UNKNOWN_CAUSE,
    UNRECORDED,
    ComponentExplanation,
    PartExplanation,
    explain,
)
from rebake.staleness.fingerprints import fingerprint
from support.full_project import FULL, write_project

Files = Mapping[str, str]


@pytest.fixture(autouse=True)
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(files: Files) -> Assistant:
    shutil.rmtree("data", ignore_errors=True)
    write_project(Path(), dict(files))
    return load_assistant("config.yml", "domain.yml", "data")


def manifest(files: Files) -> Manifest:
    """As it comes back from a model's rebake.json."""
    found = fingerprint(read(files), parts=frozenset(PARTS))
    return parse_manifest(format_manifest(Manifest(found.parts, found.components, "0.1.0")).encode(), "rebake.json")


def of_earlier_version(model: Manifest) -> Manifest:
    """The manifest as it was before it recorded what components learn from."""
    return replace(model, components={node: replace(r, inputs=None) for node, r in model.components.items()})


def edited(file: str, old: str, new: str) -> Files:
    assert old in FULL[file], old
    return {**FULL, file: FULL[file].replace(old, new, 1)}


def explained(
    files: Files, old: Manifest | None = None, *, damages: tuple[Damage, ...] = ()
) -> dict[Part, PartExplanation]:
    before = manifest(FULL) if old is None else old
    assistant = read(files)
    wanted = fingerprint(assistant, parts=frozenset(PARTS))
    verdict = compare(wanted, before, damages=damages)
    return {part.part: part for part in explain(verdict, wanted, before, assistant.config, damages=damages)}


def stale(explanation: PartExplanation) -> dict[str, list[str]]:
    """Component -> its causes with their places, where it is stale; the others must be reused."""
    assert {c.state for c in explanation.components} <= {"stale", "reused", "removed"}
    return {c.id: [str(cause) for cause in c.causes] for c in explanation.components if c.state != "reused"}


def component(explanation: PartExplanation, node: str) -> ComponentExplanation:
    return next(component for component in explanation.components if component.id == node)


def line_of(file: str, text: str) -> str:
    """The place of a text in the working directory's files."""
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    return f"{file}:{next(number for number, line in enumerate(lines, 1) if text in line)}"


def test_every_component_of_a_fresh_part_is_fresh() -> None:
    found = explained(FULL)
    assert {c.state for part in found.values() for c in part.components} == {"fresh"}
    assert [(part.changes, part.causes, part.note) for part in found.values()] == [((), (), "")] * 3
    assert [c.id for c in found["core"].components] == ["MemoizationPolicy0", "RulePolicy1", "TEDPolicy2"]
    assert str(found["core"].components[0].location) == line_of("config.yml", "MemoizationPolicy")


def test_an_option_makes_its_component_stale_and_no_other() -> None:
    found = explained(
        edited("config.yml", "- name: DIETClassifier\n  epochs: 5", "- name: DIETClassifier\n  epochs: 7")
    )
    assert stale(found["nlu"]) == {"DIETClassifier5": [f"{line_of('config.yml', 'epochs: 7')}: epochs 5 -> 7"]}
    assert found["core"].state == "fresh"


def test_an_option_inside_of_another_stands_at_its_own_line() -> None:
    more = "- name: TEDPolicy\n  dense_dimension:\n    text: 64"
    found = explained(edited("config.yml", "- name: TEDPolicy", more))
    place = line_of("config.yml", "text: 64")
    assert stale(found["core"]) == {"TEDPolicy2": [f"{place}: dense_dimension.text 128 -> 64"]}


def test_an_option_that_was_removed_stands_at_its_component() -> None:
    found = explained(edited("config.yml", "  max_history: 5\n", ""))
    place = line_of("config.yml", "name: TEDPolicy")
    assert stale(found["core"]) == {"TEDPolicy2": [f"{place}: max_history 5 -> null"]}


def test_a_featurizer_makes_those_stale_that_work_on_it() -> None:
    found = explained(edited("config.yml", "  max_ngram: 4", "  max_ngram: 3"))
    place = line_of("config.yml", "analyzer: char_wb").rpartition(":")[0]
    causes = stale(found["nlu"])
    assert causes["CountVectorsFeaturizer4"] == [f"{line_of('config.yml', 'max_ngram: 3')}: max_ngram 4 -> 3"]
    for node in ("DIETClassifier5", "ResponseSelector8"):
        (cause,) = causes[node]
        assert cause.startswith(f"{place}:")
        assert cause.endswith("CountVectorsFeaturizer4, which it works on, is stale")
    assert causes.keys() == {"CountVectorsFeaturizer4", "DIETClassifier5", "ResponseSelector8"}


def test_an_annotation_concerns_those_alone_that_learn_entities() -> None:
    example = next(line for line in FULL["data/nlu.yml"].splitlines() if "](drink)" in line)
    found = explained(edited("data/nlu.yml", example, example.replace("](drink)", "](size)", 1)))
    (change,) = found["nlu"].changes
    assert (change.verb, change.item.kind) == ("changed", "example")
    place = f"{change.item.file}:{change.item.line}"
    assert place == line_of("data/nlu.yml", example.replace("](drink)", "](size)", 1))
    causes = stale(found["nlu"])
    assert "CountVectorsFeaturizer3" not in causes
    assert causes["DIETClassifier5"] == [f"{place}: example of intent {change.item.name} changed"]


def test_a_story_concerns_policies_and_a_rule_those_that_learn_rules() -> None:
    story = "- story: short\n  steps:\n  - intent: bye\n  - action: utter_bye\n"
    found = explained({**FULL, "data/more.yml": f'version: "3.1"\nstories:\n{story}'})
    place = line_of("data/more.yml", "story: short")
    assert set(stale(found["core"])) == {"MemoizationPolicy0", "RulePolicy1", "TEDPolicy2"}
    assert stale(found["core"])["TEDPolicy2"] == [f'{place}: story "short" added']
    rule = f'version: "3.1"\nrules:\n{story.replace("- story", "- rule")}'
    found = explained({**FULL, "data/more.yml": rule})
    assert stale(found["core"]) == {"RulePolicy1": [f'{line_of("data/more.yml", "rule: short")}: rule "short" added']}


def test_many_changes_are_listed_once_and_summed_up_in_each_component() -> None:
    more = "".join(f"    - please number {n}\n" for n in range(9))
    found = explained({**FULL, "data/more.yml": f'version: "3.1"\nnlu:\n- intent: bye\n  examples: |\n{more}'})
    changes = found["nlu"].changes
    first = int(line_of("data/more.yml", "please number 0").rpartition(":")[2])
    assert [change.item.line for change in changes] == list(range(first, first + 9))
    assert "9 examples of intent bye added in data/more.yml" in stale(found["nlu"])["DIETClassifier5"]


def test_components_that_come_and_go_are_said_to() -> None:
    found = explained(edited("config.yml", "- name: RegexFeaturizer\n", ""))
    causes = stale(found["nlu"])
    assert component(found["nlu"], "RegexFeaturizer1").state == "removed"
    assert causes["DIETClassifier4"] == ["RegexFeaturizer1, which it worked on, was removed"]
    found = explained(edited("config.yml", "- name: TEDPolicy\n  max_history: 5\n  epochs: 5\n", ""))
    assert stale(found["core"]) == {"TEDPolicy2": ["policy TEDPolicy removed"]}
    found = explained(edited("config.yml", "- name: MemoizationPolicy\n", "- name: AugmentedMemoizationPolicy\n"))
    (cause,) = stale(found["core"])["AugmentedMemoizationPolicy0"]
    assert cause.endswith("policy AugmentedMemoizationPolicy added")


def test_a_setting_that_a_component_learns_with_is_its_cause_and_one_that_is_served_is_the_parts() -> None:
    found = explained(edited("config.yml", "language: en", "language: de"))
    assert stale(found["nlu"])["WhitespaceTokenizer0"] == ["language en -> de"]
    found = explained(edited("config.yml", "assistant_id: full", "assistant_id: other"))
    assert stale(found["nlu"]) == {}
    assert [str(cause) for cause in found["nlu"].causes] == ["assistant_id full -> other"]


def test_a_higher_version_of_a_training_is_a_cause() -> None:
    old = manifest(FULL)
    ted = old.components["TEDPolicy2"]
    parts = {**old.parts, "core": replace(old.parts["core"], fingerprint="0" * 64)}
    older = replace(ted, version=ted.version - 1, fingerprint="0" * 64)
    found = explained(FULL, replace(old, parts=parts, components={**old.components, "TEDPolicy2": older}))
    assert stale(found["core"]) == {"TEDPolicy2": [f"version of its training {ted.version - 1} -> {ted.version}"]}


def test_responses_have_changes_and_no_components() -> None:
    found = explained(edited("domain.yml", "Hi!", "Good day!"))["nlg"]
    (change,) = found.changes
    assert str(change) == 'response "utter_greet" changed'
    assert found.components == ()


def test_a_removed_item_is_where_it_was() -> None:
    example = next(line for line in FULL["data/nlu.yml"].splitlines() if line.startswith("    - "))
    was = FULL["data/nlu.yml"].splitlines().index(example) + 1
    found = explained(edited("data/nlu.yml", f"{example}\n", ""))
    assert [(c.verb, c.item.file, c.item.line) for c in found["nlu"].changes] == [("removed", "data/nlu.yml", was)]


def test_with_a_model_of_an_earlier_version_the_explanation_says_what_it_cannot_know() -> None:
    old = of_earlier_version(manifest(FULL))
    found = explained(edited("data/nlu.yml", "    - hello\n", "    - hello\n    - hello there you\n"), old)
    assert found["nlu"].note == UNRECORDED
    place = line_of("data/nlu.yml", "hello there you")
    assert f"{place}: example of intent greet added" in stale(found["nlu"])["CountVectorsFeaturizer3"]
    assert explained(FULL, old)["nlu"].note == ""
    stranger = replace(old.components["RulePolicy1"], fingerprint="0" * 64)
    parts = {**old.parts, "core": replace(old.parts["core"], fingerprint="0" * 64)}
    unknown = replace(old, parts=parts, components={**old.components, "RulePolicy1": stranger})
    assert stale(explained(FULL, unknown)["core"]) == {"RulePolicy1": [UNKNOWN_CAUSE]}


def test_a_damaged_component_is_unknown_and_those_beside_it_are_reused() -> None:
    file = "components/train_RulePolicy1/rule_policy.json"
    damage = Damage(file, "is missing", frozenset({"core"}), "RulePolicy1")
    core = explained(FULL, damages=(damage,))["core"]
    assert core.state == "unknown"
    assert {c.id: c.state for c in core.components} == {
        "MemoizationPolicy0": "reused",
        "RulePolicy1": "unknown",
        "TEDPolicy2": "reused",
    }
    assert [str(cause) for cause in component(core, "RulePolicy1").causes] == [f"{file} of the model is missing"]
    lost = Damage("metadata.json", "is empty", frozenset(PARTS))
    assert {c.state for part in explained(FULL, damages=(lost,)).values() for c in part.components} == {"unknown"}


def test_without_a_model_every_component_is_stale() -> None:
    assistant = read(FULL)
    wanted = fingerprint(assistant, parts=frozenset(PARTS))
    found = explain(compare(wanted, None), wanted, None, assistant.config)
    assert {c.state for part in found for c in part.components} == {"stale"}
    assert [str(part.causes[0]) for part in found] == ["there is no model yet"] * 3
    unreadable = explain(compare(wanted, None, problem="it is broken"), wanted, None, assistant.config)
    assert {c.state for part in unreadable for c in part.components} == {"unknown"}


def test_a_part_that_the_assistant_no_longer_has_is_removed_with_its_components() -> None:
    found = explained({name: text for name, text in FULL.items() if "stories" not in name and "rules" not in name})
    assert found["core"].state == "stale"
    assert {c.state for c in found["core"].components} == {"removed"}


def test_what_a_component_learns_from_is_recorded_as_digests_alone() -> None:
    content = json.loads(format_manifest(manifest(FULL)))
    inputs = content["components"]["DIETClassifier5"]["inputs"]
    assert inputs.keys() == {"language", "upstream", "texts", "intents", "entities"}
    assert all(len(value) == 16 for value in inputs.values())
