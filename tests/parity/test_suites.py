"""The comparison of rebake with Rasa must be able to fail: it finds one changed number, name or offset."""

from __future__ import annotations

import ast
import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parity import __main__ as command
from parity import rasa
from parity.command_lines import reports
from parity.compare import compare
from parity.migrate.suite import Case, differences
from parity.pipelines import variants
from parity.suites import SUITES
from rebake.registry.lookup import COMPONENTS
from support.paths import ROOT
from support.shared import need


def answer() -> dict[str, Any]:
    parse = {
        "text": "two cups",
        "intent": {"name": "order", "confidence": 0.75},
        "entities": [{"entity": "count", "start": 0, "end": 3, "value": "two", "confidence_entity": 0.9}],
        "intent_ranking": [{"name": "order", "confidence": 0.75}, {"name": "deny", "confidence": 0.25}],
    }
    decision = {
        "policy": "TEDPolicy",
        "action": "utter_greet",
        "confidence": 0.8,
        "policies": {"run_TEDPolicy1": {"utter_greet": 0.8, "action_listen": 0.2}},
    }
    events = [{"event": "action", "name": "action_listen"}, {"event": "user", "intent": "greet", "entities": []}]
    return {"texts": ["two cups"], "parses": [parse], "points": [{"events": events}], "decisions": [decision]}


def test_equal_answers_have_no_differences() -> None:
    assert compare(answer(), answer()) == []


def test_numbers_within_the_tolerance_are_no_difference() -> None:
    ours = answer()
    ours["parses"][0]["intent"]["confidence"] += 9e-5
    ours["decisions"][0]["policies"]["run_TEDPolicy1"]["utter_greet"] -= 9e-5
    assert compare(answer(), ours) == []


PERTURBATIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "intent confidence": lambda answers: answers["parses"][0]["intent"].update(confidence=0.7502),
    "intent name": lambda answers: answers["parses"][0]["intent"].update(name="deny"),
    "ranking confidence": lambda answers: answers["parses"][0]["intent_ranking"][1].update(confidence=0.2502),
    "ranking order": lambda answers: answers["parses"][0]["intent_ranking"].reverse(),
    "ranking length": lambda answers: answers["parses"][0]["intent_ranking"].pop(),
    "entity offset": lambda answers: answers["parses"][0]["entities"][0].update(end=4),
    "entity confidence": lambda answers: answers["parses"][0]["entities"][0].update(confidence_entity=0.8998),
    "entity role": lambda answers: answers["parses"][0]["entities"][0].update(role="from"),
    "no entity": lambda answers: answers["parses"][0]["entities"].clear(),
    "probability": lambda answers: answers["decisions"][0]["policies"]["run_TEDPolicy1"].update(action_listen=0.2002),
    "missing action": lambda answers: answers["decisions"][0]["policies"]["run_TEDPolicy1"].pop("action_listen"),
    "missing policy": lambda answers: answers["decisions"][0]["policies"].clear(),
    "action": lambda answers: answers["decisions"][0].update(action="action_listen"),
    "policy": lambda answers: answers["decisions"][0].update(policy="RulePolicy"),
    "a parse too few": lambda answers: answers["parses"].clear(),
    "a decision too few": lambda answers: answers["decisions"].clear(),
    "another question": lambda answers: answers["texts"].__setitem__(0, "three cups"),
}


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_a_perturbed_answer_differs(name: str) -> None:
    ours = answer()
    PERTURBATIONS[name](ours)
    assert compare(answer(), ours)
    assert compare(ours, answer())


@pytest.mark.shared
def test_one_changed_number_in_what_rasa_answers_is_found() -> None:
    lines = need("reference/helpdesk/parse.jsonl").read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    answers = {"texts": [row["text"] for row in rows], "parses": [row["parse"] for row in rows]}
    answers |= {"points": [], "decisions": []}
    changed = copy.deepcopy(answers)
    changed["parses"][-1]["intent_ranking"][0]["confidence"] += 2e-4
    assert compare(answers, answers) == []
    assert len(compare(answers, changed)) == 1


# Of the components that the variants are made of, the options that no variant sets, and why.
NOT_VARIED = {
    "DIETClassifier": {
        # refused; held by the tests of the component
        "share_hidden_layers",
        # change what is learned, not how a model is read: travelbot, helpdesk and the tests of the network have them
        "epochs", "concat_dimension", "maximum_positive_similarity", "maximum_negative_similarity",
        "negative_margin_scale", "number_of_negative_examples", "regularization_constant", "drop_rate",
        "use_sparse_input_dropout", "use_dense_input_dropout", "drop_small_last_batch", "number_of_attention_heads",
        # about files beside the model
        "tensorboard_log_directory", "tensorboard_log_level",
    },
    "CRFEntityExtractor": {"featurizers"},  # dense ones, which need downloaded weights
    "RegexFeaturizer": {"case_sensitive", "use_lookup_tables", "use_regexes", "use_word_boundaries"},  # in `features`
    "RegexEntityExtractor": {"use_regexes"},
    "WhitespaceTokenizer": {"prefix_separator_symbol"},  # in `features`
    "LexicalSyntacticFeaturizer": {"alias"},
}  # fmt: skip


NAMED = {entry["name"] for pipeline in variants.VARIANTS.values() for entry in pipeline}


@pytest.mark.parametrize("name", sorted(NAMED - {"ResponseSelector"}))  # a selector's options are DIETClassifier's
def test_every_option_is_set_in_a_variant_or_said_to_be_left_out(name: str) -> None:
    entries = [entry for pipeline in variants.VARIANTS.values() for entry in pipeline if entry["name"] == name]
    defaults = COMPONENTS[name].defaults
    varied = {key for entry in entries for key, value in entry.items() if key in defaults and value != defaults[key]}
    assert varied | NOT_VARIED.get(name, set()) == defaults.keys()


def test_the_variants_have_every_component_that_trains_without_a_server_or_downloads() -> None:
    elsewhere = {"JiebaTokenizer", "DucklingEntityExtractor", "LanguageModelFeaturizer", "SklearnIntentClassifier"}
    trained = {name for name, entry in COMPONENTS.items() if entry.implementation and "Spacy" not in name}
    assert trained - elsewhere == NAMED


@pytest.mark.slow
def test_report_figures_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import classification_report  # takes longer to import than all of these tests

    gold = ["a", "a", "b", "c", "c", "no_entity", "b"]
    predicted = ["a", "b", "b", "no_entity", "c", "c", "d"]
    expected = classification_report(
        gold, predicted, labels=["a", "b", "c", "d"], output_dict=True, zero_division=0
    )  # with labels left out, it gives micro averages
    found = reports.figures(gold, predicted, without="no_entity")
    assert found.keys() == expected.keys()
    for label, row in found.items():
        assert row == pytest.approx(expected[label])


def parsed(intent: str, *entities: dict[str, Any]) -> dict[str, Any]:
    return {"intent": {"name": intent}, "entities": list(entities), "text_tokens": [[0, 3], [4, 8]]}


def test_an_entity_counts_for_the_token_that_it_shares_most_with_and_for_its_extractor_alone() -> None:
    drink = {"entity": "drink", "start": 4, "end": 8, "extractor": "A"}
    other = {"entity": "size", "start": 0, "end": 8, "extractor": "B"}
    report = reports.entity_report([[drink]], [parsed("order", drink, other)], "A")
    assert report["drink"]["support"] == report["drink"]["f1-score"] == 1
    assert reports.entity_report([[drink]], [parsed("order", other)], "A")["drink"]["recall"] == 0


@pytest.mark.parametrize("key", ["precision", "support", "accuracy", "label"])
def test_a_report_that_is_not_rasas_differs(key: str) -> None:
    ours = reports.intent_report(["order", "greet"], [parsed("order"), parsed("order")])
    rasa: dict[str, Any] = {label: {**row, "confused_with": {}} for label, row in ours.items() if label != "micro avg"}
    rasa["accuracy"] = 0.5
    assert reports.report_differences("intent_report", rasa, ours) == []
    if key == "accuracy":
        rasa["accuracy"] = 0.6
    elif key == "label":
        del rasa["greet"]
    else:
        rasa["order"][key] += 1e-3
    assert reports.report_differences("intent_report", rasa, ours)


def test_rasa_processes_at_a_time_share_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rasa keeps its cache in a database in the directory it runs in; two that make its tables at a time fail."""
    package = tmp_path / "parity" / "rasa_side"
    package.mkdir(parents=True)
    (package / "side.py").write_text(
        "import json, os, sys\n"
        "os.mkdir(os.environ['RASA_CACHE_DIRECTORY'])\n"
        "json.dump({'cache': os.path.realpath(os.environ['RASA_CACHE_DIRECTORY'])}, open(sys.argv[2], 'w'))\n"
    )
    monkeypatch.setattr(rasa, "ROOT", tmp_path)
    monkeypatch.setattr(rasa, "rasa_python", lambda: Path(sys.executable))
    work = tmp_path / "work"
    work.mkdir()
    caches = {answer["cache"] for answer in rasa.ask_at_once("side", [{}, {}, {}], work)}
    assert len(caches) == 3
    assert {Path(cache).parent for cache in caches} == {work.resolve()}


def test_a_side_that_fails_ends_the_suite_with_what_it_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "parity" / "rasa_side"
    package.mkdir(parents=True)
    (package / "side.py").write_text("print('just before')\nraise SystemExit(3)\n")
    monkeypatch.setattr(rasa, "ROOT", tmp_path)
    with pytest.raises(SystemExit, match="exit code 3:\njust before"):
        rasa.ask("side", {}, tmp_path, Path(sys.executable))


@pytest.mark.parametrize("name", SUITES)
def test_every_suite_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main([name, "--help"])
    assert ended.value.code == 0
    assert f"python -m parity {name}" in capsys.readouterr().out


def test_the_list_has_a_line_for_every_suite_and_refuses_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    listed = capsys.readouterr().out
    assert all(f"  {name} " in listed and suite.summary in listed for name, suite in SUITES.items())
    assert command.main(["nothing"]) == 64


def test_every_module_that_is_a_suite_is_in_the_list() -> None:
    package = ROOT / "parity"
    suites = {
        str(file.relative_to(package).with_suffix("")).replace("/", ".")
        for file in package.rglob("*.py")
        if "def add_options(parser: ArgumentParser)" in file.read_text(encoding="utf-8")
    }
    assert suites == {suite.module for suite in SUITES.values()}


def test_a_suite_says_which_data_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "SHARED", tmp_path / "shared")
    assert command.main(["archives"]) == command.NO_INPUT
    assert f"{tmp_path / 'shared'} is missing" in capsys.readouterr().err


def test_rasas_side_imports_nothing_of_rebake() -> None:
    """Its Python has no rebake; what the modules there share with rebake's side imports neither."""
    side = ROOT / "parity" / "rasa_side"
    shared = {ROOT / "parity" / "__init__.py", ROOT / "parity" / "dialogues" / "records.py"}
    seen = set()
    waiting = [*side.glob("*.py"), *shared]
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for name in imported(file):
            assert not name.startswith("rebake"), f"{file.name} imports {name}"
            if name.startswith("parity."):
                waiting.append(ROOT.joinpath(*name.split(".")).with_suffix(".py"))
                waiting.append(ROOT.joinpath(*name.split(".")[:-1]) / "__init__.py")
    assert len(seen) > len(shared)


def imported(file: Path) -> list[str]:
    """Modules that a file imports (`from package import module` as package.module, where there is such a file)."""
    names = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 10))):
        if isinstance(node, ast.Import):
            names += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{name.name}" for name in node.names]
            files = [name for name in inner if ROOT.joinpath(*name.split(".")).with_suffix(".py").is_file()]
            names += files or [node.module]
    return names


def migrated(slots: list[Any]) -> dict[str, Any]:
    return {"slots": slots, "forms": [["f", {"required_slots": ["a"], "ignored_intents": []}]], "version": "3.1"}


def test_one_changed_mapping_of_a_migrated_domain_is_found(tmp_path: Path) -> None:
    (tmp_path / "domain.yml").write_text("slots: {a: {mappings: [{type: from_text}]}}\n", encoding="utf-8")
    case = Case("x", tmp_path / "domain.yml", tmp_path / "domain.yml")
    slots = {"a": {"mappings": [{"type": "from_text"}]}}
    read = migrated(list(slots.items()))
    answer: dict[str, Any] = {"rasa": read, "rebake": read, "written": {"domain.yml": {"slots": slots}}}
    assert differences(case, [], copy.deepcopy(answer)) == []
    for place in ("rasa", "rebake", "written"):
        changed = copy.deepcopy(answer)
        of_file = changed[place]["domain.yml"] if place == "written" else changed[place]
        dict(of_file["slots"])["a"]["mappings"][0]["type"] = "custom"
        assert len(differences(case, [], changed)) == 1, place
    assert differences(case, ["rebake does not read it"], answer) == ["rebake does not read it"]
    assert differences(case, [], {"error": "no", "rebake": read}) == ["Rasa fails: no"]
