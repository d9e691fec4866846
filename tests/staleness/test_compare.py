"""The plan: every part's state, and reasons that a person understands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from rebake.archive.lineage import FinetunedFrom
from rebake.archive.manifest import (
    PARTS,
    ComponentRecord,
    Item,
    Manifest,
    PartRecord,
    format_manifest,
    parse_manifest,
    read_manifest,
    write_manifest,
)
from rebake.archive.pack import pack
from rebake.assistant.importer import load_assistant
from rebake.errors import ModelError
from rebake.staleness.compare import NO_MODEL, compare
from rebake.staleness.dry_run import FingerprintComparisonResult, comparison_of, dry_run_result
from rebake.staleness.fingerprints import Fingerprints, fingerprint
from rebake.staleness.verdict import Verdict
from support.full_project import FULL, write_project

Files = dict[str, str]
ALL = frozenset(PARTS)


@pytest.fixture(autouse=True)
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def prints(files: Mapping[str, str], augmentation_factor: int | None = None) -> Fingerprints:
    """Of a project in the working directory."""
    shutil.rmtree("data", ignore_errors=True)
    write_project(Path(), dict(files))
    assistant = load_assistant("config.yml", "domain.yml", "data")
    return fingerprint(assistant, augmentation_factor=augmentation_factor, parts=ALL)


def manifest(found: Fingerprints) -> Manifest:
    """As it comes back from a model's rebake.json."""
    return parse_manifest(format_manifest(Manifest(found.parts, found.components, "0.1.0")).encode(), "rebake.json")


def edited(file: str, old: str, new: str) -> Files:
    assert old in FULL[file], old
    return {**FULL, file: FULL[file].replace(old, new, 1)}


def reasons(files: Files, **core_arguments: int) -> dict[str, tuple[str, ...]]:
    plan = compare(prints(files, **core_arguments), manifest(prints(FULL)))
    return {verdict.part: verdict.reasons for verdict in plan.parts if verdict.state == "stale"}


def test_an_unchanged_assistant_is_fresh() -> None:
    plan = compare(prints(FULL), manifest(prints(FULL)))
    assert [verdict.state for verdict in plan.parts] == ["fresh", "fresh", "fresh"]
    assert (plan.code, plan.is_fresh, plan.stale_parts) == (0, True, ())
    assert dry_run_result(comparison_of(plan)) == (0, ["No training required."])


MORE_GREETINGS = "    - hello\n    - hey\n    - hi\n"
CASES: dict[str, tuple[Callable[[], Files], dict[str, tuple[str, ...]]]] = {
    "one story added": (
        lambda: {
            **FULL,
            "data/new.yml": "stories:\n- story: thanks\n  steps:\n  - intent: greet\n  - action: utter_bye\n",
        },
        {"core": ('story "thanks" added in data/new.yml:2',)},
    ),
    "two stories added": (
        lambda: {
            **FULL,
            "data/new.yml": "stories:\n- story: a\n  steps:\n  - intent: greet\n  - action: utter_bye\n"
            "- story: b\n  steps:\n  - intent: bye\n  - action: utter_bye\n",
        },
        {"core": ("2 stories added in data/new.yml",)},
    ),
    "story changed": (
        lambda: edited("data/stories.yml", "  - action: utter_greet\n", "  - action: utter_bye\n"),
        {"core": ('story "hello and goodbye" changed in data/stories.yml:3',)},
    ),
    "rule removed": (
        lambda: edited("data/rules.yml", "- rule: say goodbye\n  steps:\n  - intent: bye\n  - action: utter_bye\n", ""),
        {"core": ('rule "say goodbye" removed from data/rules.yml',)},
    ),
    "example changed": (
        lambda: edited("data/nlu.yml", "    - hello\n", "    - hello there\n"),
        {"nlu": ("1 example of intent greet changed in data/nlu.yml:5",)},
    ),
    "example's intent changed": (
        lambda: edited("data/nlu.yml", "- intent: bye\n", "- intent: greet\n"),
        {"nlu": ("2 examples of intent greet changed in data/nlu.yml",)},
    ),
    "examples added": (
        lambda: edited("data/nlu.yml", "    - hello\n", MORE_GREETINGS),
        {"nlu": ("2 examples of intent greet added in data/nlu.yml",)},
    ),
    "example removed": (
        lambda: edited("data/nlu.yml", "    - see you\n", ""),
        {"nlu": ("1 example of intent bye removed from data/nlu.yml",)},
    ),
    "examples added to many intents": (
        lambda: {
            **FULL,
            "data/nlu.yml": FULL["data/nlu.yml"].replace("  examples: |\n    -", "  examples: |\n    - x\n    -"),
        },
        {
            "nlu": (
                "5 examples added to 5 intents (greet, bye, order, ...)",
                'lookup table "drink" changed in data/nlu.yml:38',
                'regex "number" added in data/nlu.yml:36',
                'synonym "coffee" added in data/nlu.yml:31',
            )
        },
    ),
    "response changed": (
        lambda: edited("domain.yml", "- text: Hi!", "- text: Hello!"),
        {"nlg": ("response utter_greet changed",)},
    ),
    "response added": (
        lambda: edited("domain.yml", "responses:\n", "responses:\n  utter_new:\n  - text: New\n"),
        {"core": ("action utter_new added",), "nlg": ("response utter_new added",)},
    ),
    "many responses changed": (
        lambda: {**FULL, "domain.yml": FULL["domain.yml"].replace("  - text: ", "  - text: Oh, ")},
        {"nlg": ("6 responses changed (utter_greet, utter_bye, utter_ask_drink, ...)",)},
    ),
    "action order": (
        lambda: edited("domain.yml", "[action_brew, action_count]", "[action_count, action_brew]"),
        {"core": ("order of actions changed",)},
    ),
    "slot changed": (
        lambda: edited("domain.yml", "values: [small, large]", "values: [small, large, huge]"),
        {"core": ("slot size changed",)},
    ),
    "session": (
        lambda: edited("domain.yml", "forms:", "session_config:\n  session_expiration_time: 5\nforms:"),
        {"core": ("session_expiration_time 60.0 -> 5.0",)},
    ),
    "language": (lambda: edited("config.yml", "language: en", "language: de"), {"nlu": ("language en -> de",)}),
    "option changed": (
        lambda: edited("config.yml", "max_history: 5", "max_history: 8"),
        {"core": ("max_history of TEDPolicy 5 -> 8",)},
    ),
    "inner option changed": (
        lambda: edited("config.yml", "max_history: 5", "max_history: 5\n  transformer_size:\n    dialogue: 64"),
        {"core": ("transformer_size.dialogue of TEDPolicy 128 -> 64",)},
    ),
    "option added that has no default": (
        lambda: edited("config.yml", "  threshold: 0.3", "  threshold: 0.3\n  other: ${SECRET}"),
        {"nlu": ("other of FallbackClassifier unset -> ${SECRET}",)},
    ),
    "component removed": (
        lambda: edited("config.yml", "- name: RegexFeaturizer\n", ""),
        {"nlu": ("component RegexFeaturizer removed",)},
    ),
    "one of two of a kind changed": (
        lambda: edited("config.yml", "max_ngram: 4", "max_ngram: 5"),
        {"nlu": ("max_ngram of CountVectorsFeaturizer 4 -> 5",)},
    ),
    "policy replaced": (
        lambda: edited("config.yml", "- name: MemoizationPolicy", "- name: AugmentedMemoizationPolicy"),
        {"core": ("policy MemoizationPolicy removed", "policy AugmentedMemoizationPolicy added")},
    ),
    "order of policies": (
        lambda: edited(
            "config.yml",
            "- name: MemoizationPolicy\n- name: RulePolicy\n",
            "- name: RulePolicy\n- name: MemoizationPolicy\n",
        ),
        {"core": ("order of policies changed",)},
    ),
    "no stories any more": (
        lambda: {**FULL, "data/stories.yml": "", "data/rules.yml": ""},
        {"core": ("the assistant has no stories or rules any more, but the model was trained on some",)},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_change_is_described_in_words(case: str) -> None:
    files, expected = CASES[case]
    assert reasons(files()) == expected


def test_arguments_are_reported_with_their_values() -> None:
    assert reasons(dict(FULL), augmentation_factor=20) == {"core": ("augmentation_factor 50 -> 20",)}


def test_a_new_version_of_a_training_is_reported() -> None:
    old = prints(FULL)
    record = old.components["DIETClassifier5"]
    components = {**old.components, "DIETClassifier5": replace(record, version=record.version + 1, fingerprint="x")}
    new = replace(old, components=components, parts={**old.parts, "nlu": replace(old.parts["nlu"], fingerprint="x")})
    (verdict,) = (v for v in compare(new, manifest(old)).parts if v.state == "stale")
    assert verdict.reasons == (f"version of DIETClassifier's training {record.version} -> {record.version + 1}",)


@pytest.mark.slow
def test_a_part_whose_every_example_is_new_is_reported_in_one_clause() -> None:
    def record(name: str) -> PartRecord:
        return PartRecord(
            name, tuple(Item("example", f"i{n % 9}", f"{name}{n}", f"{name}.yml", n) for n in range(20_000))
        )

    old = Manifest({"nlu": record("a")})
    (verdict,) = compare(Fingerprints(frozenset({"nlu"}), {"nlu": record("b")}, {}), old).parts
    assert verdict.reasons == (
        "20000 examples added to 9 intents (i0, i1, i2, ...)",
        "20000 examples removed from 9 intents (i0, i1, i2, ...)",
    )


def test_without_a_model_everything_that_the_assistant_has_is_stale() -> None:
    plan = compare(prints(FULL), None)
    assert [(v.state, v.reasons) for v in plan.parts] == [("stale", (NO_MODEL,))] * 3
    assert plan.code == 7


def test_a_model_without_a_manifest_is_stale_in_every_part_and_says_why() -> None:
    plan = compare(prints(FULL), None, model="models/rasa.tar.gz")
    assert plan.code == 7
    assert all("models/rasa.tar.gz has no rebake.json" in v.reasons[0] for v in plan.parts)


def test_a_model_that_cannot_be_read_is_unknown_and_counts_as_stale() -> None:
    plan = compare(prints(FULL), None, problem="it is truncated")
    assert [(v.state, v.reasons) for v in plan.parts] == [("unknown", ("it is truncated",))] * 3
    assert (plan.code, plan.is_fresh) == (7, False)


def test_parts_that_neither_side_has_are_absent_and_count_as_fresh() -> None:
    files = {**FULL, "data/stories.yml": "", "data/rules.yml": ""}
    plan = compare(prints(files), None)
    assert {v.part: v.state for v in plan.parts} == {"core": "absent", "nlu": "stale", "nlg": "stale"}
    assert compare(prints(files), manifest(prints(files))).is_fresh
    assert compare(prints(files), None, problem="broken").code == 6


def test_a_model_that_lacks_a_part_is_stale_in_it() -> None:
    old = manifest(prints(FULL))
    only_nlu = replace(old, parts={"nlu": old.parts["nlu"]})
    plan = compare(prints(FULL), only_nlu)
    assert {v.part: (v.state, v.reasons) for v in plan.parts} == {
        "core": ("stale", ("the model has no Core model",)),
        "nlu": ("fresh", ()),
        "nlg": ("stale", ("the model has no responses",)),
    }


def test_only_the_parts_that_were_asked_for_get_a_verdict() -> None:
    new = replace(prints(FULL), asked=frozenset({"nlu"}))
    plan = compare(new, None)
    assert [v.part for v in plan.parts] == ["nlu"]
    assert plan.verdict("core") is None


@pytest.mark.parametrize("old", [True, False])
def test_forced_is_code_8_with_and_without_a_model(old: bool) -> None:
    plan = compare(prints(FULL), manifest(prints(FULL)) if old else None, force=True)
    assert (plan.code, plan.is_fresh) == (8, False)
    assert dry_run_result(comparison_of(plan)) == (8, ["The training was forced."])


@pytest.mark.parametrize(
    ("flags", "code", "texts"),
    [
        ((False, False, False), 0, ["No training required."]),
        ((True, False, False), 2, ["NLU model should be retrained."]),
        ((False, False, True), 4, ["Responses in the domain should be updated."]),
        ((False, True, False), 1, ["Core model should be retrained."]),
        ((True, False, True), 6, ["NLU model should be retrained.", "Responses in the domain should be updated."]),
    ],
)
def test_dry_run_result_gives_the_sentences_of_rasa_2_8_and_adds_the_bits(
    flags: tuple[bool, bool, bool], code: int, texts: list[str]
) -> None:
    nlu, core, nlg = flags
    assert dry_run_result(FingerprintComparisonResult(nlu, core, nlg)) == (code, texts)


def test_a_comparison_result_is_stale_in_everything_by_default() -> None:
    result = FingerprintComparisonResult()
    assert result.is_training_required()
    assert (result.should_retrain_core(), result.should_retrain_nlu(), result.should_retrain_nlg()) == (True,) * 3
    forced = FingerprintComparisonResult(nlu=False, core=False, nlg=False, force_training=True)
    assert (forced.should_retrain_core(), forced.should_retrain_nlu(), forced.should_retrain_nlg()) == (True,) * 3
    assert forced.is_training_required()


def test_a_plan_counts_responses_only_where_they_changed() -> None:
    plan: Verdict = compare(prints(edited("config.yml", "max_history: 5", "max_history: 8")), manifest(prints(FULL)))
    assert plan.code == 1
    assert dry_run_result(comparison_of(plan)) == (1, ["Core model should be retrained."])


# rebake.json


def test_a_manifest_is_the_same_after_writing_and_reading(tmp_path: Path) -> None:
    found = prints(FULL)
    records = {
        **found.parts,
        "nlu": replace(
            found.parts["nlu"], seed=42, trained_by="rebake 0.1.0", reused_from="a.tar.gz", metrics={"f": 0.5}
        ),
    }
    written = Manifest(records, found.components, "0.1.0")
    directory = tmp_path / "model"
    directory.mkdir()
    write_manifest(written, directory)
    path = directory / "rebake.json"
    read = read_manifest(path)
    assert read is not None
    assert read.components == written.components
    assert list(read.components) == list(written.components)
    assert {p: replace(r, items=()) for p, r in read.parts.items()} == {
        p: replace(r, items=()) for p, r in records.items()
    }
    assert all(set(read.parts[p].items) == set(records[p].items) for p in records)
    assert read_manifest(directory) == read == read_manifest(pack(directory, tmp_path / "m.tar.gz"))
    first = path.read_bytes()
    assert write_manifest(read, directory) == read
    assert path.read_bytes() == first


def test_a_model_of_rasa_has_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "metadata.json").write_text("{}")
    assert read_manifest(tmp_path / "model") is None


def test_a_manifest_of_a_later_format_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "rebake.json"
    path.write_text('{"format": 3, "parts": {}}')
    with pytest.raises(ModelError, match=r"format 3.*Update rebake"):
        read_manifest(path)


def test_only_a_fine_tuned_part_raises_the_format_that_earlier_versions_read() -> None:
    """They would take its components for ordinary ones, and mix vocabularies."""
    ordinary = Manifest({"nlu": PartRecord("0" * 64)})
    tuned = Manifest({"nlu": PartRecord("0" * 64, finetuned=FinetunedFrom("a.tar.gz", 2, 0.5))})
    assert [json.loads(format_manifest(manifest))["format"] for manifest in (ordinary, tuned)] == [1, 2]
    assert parse_manifest(format_manifest(tuned).encode(), "x").parts == tuned.parts


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"format": 1}',
        '{"format": 1, "tool": {"version": 1}, "parts": [], "components": {"a": 1}}',
        "[" * 100_000,
    ],
)
def test_a_broken_manifest_is_a_model_error(content: str) -> None:
    with pytest.raises(ModelError, match="broken"):
        parse_manifest(content.encode(), "rebake.json")


def test_an_unknown_part_in_a_component_is_a_model_error() -> None:
    text = format_manifest(Manifest({}, {"A0": ComponentRecord("nlu", "A", 1, {}, "f")}))
    with pytest.raises(ModelError, match="unknown part"):
        parse_manifest(text.replace('"nlu"', '"other"').encode(), "rebake.json")
