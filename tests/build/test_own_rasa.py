"""The user's own Rasa, whose place a stand-in takes, trains a part with custom classes, and rebake the rest."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rebake.archive.manifest import Manifest, Part, read_manifest
from rebake.assistant.model import Assistant
from rebake.build import build as building
from rebake.build.build import BuildResult
from rebake.build.plan import make_plan
from rebake.build.request import Request
from rebake.errors import DataError, ModelError, UnsupportedError
from rebake.model import load_model
from support.assistant_files import load, write
from support.building import build, verdict_on
from support.own_rasa import own_rasa, prepare_model, write_environment

pytestmark = pytest.mark.slow

CONFIG = """\
recipe: default.v1
assistant_id: own
language: en
pipeline:
- name: own.tokenizer.Tokenizer
  strict: true
- name: KeywordIntentClassifier
policies:
- name: MemoizationPolicy
- name: RulePolicy
"""
POLICIES = """\
pipeline:
- name: WhitespaceTokenizer
- name: KeywordIntentClassifier
policies:
- name: own.policy.Policy
- name: MemoizationPolicy
"""
PLAIN = CONFIG.replace("own.tokenizer.Tokenizer\n  strict: true", "WhitespaceTokenizer")
FILES = {
    "config.yml": CONFIG,
    "own/tokenizer.py": "from helpers import words\n",
    "own/policy.py": "",
    "helpers.py": "words = 1\n",
    "domain.yml": 'version: "3.1"\nintents: [greet, bye]\nresponses:\n  utter_greet: [{text: Hello}]\n',
    "data/nlu.yml": 'version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - hello\n    - hi\n'
    "- intent: bye\n  examples: |\n    - good-bye\n",
    "data/stories.yml": 'version: "3.1"\nstories:\n- story: s\n  steps:\n  - intent: greet\n  - action: utter_greet\n',
}
LEARNED = {"train_own.tokenizer.Tokenizer0/words.json": b"{}", "train_KeywordIntentClassifier1/keywords.json": b"{}"}


class Project:
    """An assistant in the working directory, with an environment of "Rasa" beside it."""

    def __init__(self, directory: Path) -> None:
        write(directory, FILES)
        self.environment = write_environment(directory / "env")

    def assistant(self) -> Assistant:
        return load(Path())

    def build(self, part: Part = "nlu", learned: Mapping[str, bytes] = LEARNED, **request: Any) -> BuildResult:
        prepare_model(self.environment, part, self.assistant(), learned)
        return build(self.assistant(), output=Path("models"), rasa=own_rasa(self.environment), **request)

    def check(self, old: Path, **request: Any) -> dict[str, tuple[str, ...]]:
        """The stale parts, each with its reasons; nothing is run."""
        jobs = self.jobs()
        verdict = verdict_on(self.assistant(), old=old, **{"rasa": own_rasa(self.environment), **request})
        assert self.jobs() == jobs
        return {part.part: part.reasons for part in verdict.parts if part.is_stale}

    def jobs(self) -> list[str]:
        jobs = self.environment / "jobs"
        return [json.loads(line)["job"]["part"] for line in jobs.read_text().splitlines()] if jobs.exists() else []


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


def edit(name: str, old: str, new: str) -> None:
    text = Path(name).read_text()
    assert old in text
    Path(name).write_text(text.replace(old, new))


def manifest(archive: Path) -> Manifest:
    found = read_manifest(archive)
    assert found is not None
    return found


def content(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {member.name: file.read() for member in tar if (file := tar.extractfile(member)) is not None}


def test_the_archive_has_both_parts_and_says_who_trained_what(project: Project) -> None:
    result = project.build()
    assert project.jobs() == ["nlu"]
    assert set(result.trained) == {"core", "nlu"}
    found = manifest(result.model)
    assert found.parts["nlu"].trained_by == "rasa 3.6.21"
    assert (found.parts["nlu"].seed, found.parts["nlu"].metrics) == (None, {})
    assert found.parts["core"].trained_by.startswith("rebake ")
    assert {record.version for record in found.components.values() if record.part == "nlu"} == {0}
    members = content(result.model)
    assert members["components/train_own.tokenizer.Tokenizer0/words.json"] == b"{}"
    assert "components/train_MemoizationPolicy0/memorized_turns.json" in members
    assert not any(name.startswith(("rasa-", "components/finetuning_validator")) for name in members)


def test_the_graph_runs_rasas_nodes_of_the_part_and_ours_of_the_other(project: Project) -> None:
    metadata = json.loads(content(project.build().model)["metadata.json"])
    predict, train = metadata["predict_schema"]["nodes"], metadata["train_schema"]["nodes"]
    own = predict["run_own.tokenizer.Tokenizer0"]
    assert (own["uses"], own["config"]) == ("own.tokenizer.Tokenizer", {"strict": True})
    assert own["resource"] == {"name": "train_own.tokenizer.Tokenizer0"}
    assert predict["run_RegexMessageHandler"]["needs"] == {
        "messages": "run_KeywordIntentClassifier1",
        "domain": "domain_provider",
    }
    assert predict["select_prediction"]["needs"]["policy1"] == "run_RulePolicy1"
    assert train["finetuning_validator"]["config"] == {"validate_core": True, "validate_nlu": True}
    for graph in (predict, train):
        needed = {need for node in graph.values() for need in node["needs"].values() if not need.startswith("__")}
        assert needed <= graph.keys()
    assert metadata["training_type"] == 3


def test_core_with_a_custom_policy_is_trained_by_rasa(project: Project) -> None:
    Path("config.yml").write_text(CONFIG[: CONFIG.index("pipeline")] + POLICIES)
    result = project.build("core", {"train_own.policy.Policy0/p.json": b"{}"}, augmentation_factor=0)
    assert project.jobs() == ["core"]
    found = manifest(result.model)
    assert found.parts["core"].trained_by == "rasa 3.6.21"
    assert found.parts["nlu"].trained_by.startswith("rebake ")
    predict = json.loads(content(result.model)["metadata.json"])["predict_schema"]["nodes"]
    assert predict["select_prediction"]["needs"]["policy0"] == "run_own.policy.Policy0"
    assert predict["run_RegexMessageHandler"]["needs"]["messages"] == "run_KeywordIntentClassifier1"


def test_what_rasa_trained_is_carried_over_with_its_nodes(project: Project) -> None:
    first = project.build()
    edit("data/stories.yml", "- story: s", "- story: t\n  steps:\n  - intent: bye\n  - action: utter_greet\n- story: s")
    second = project.build(old=first.model)
    assert project.jobs() == ["nlu"]
    assert second.trained == ("core",)
    assert manifest(second.model).parts["nlu"].trained_by == "rasa 3.6.21"
    one, two = content(first.model), content(second.model)
    learned = "components/train_own.tokenizer.Tokenizer0/words.json"
    assert one[learned] == two[learned]
    before, after = (json.loads(members["metadata.json"])["predict_schema"]["nodes"] for members in (one, two))
    assert before["run_own.tokenizer.Tokenizer0"] == after["run_own.tokenizer.Tokenizer0"]


def test_an_archive_of_the_part_alone_is_complete(project: Project) -> None:
    """The store keeps parts by themselves."""
    prepare_model(project.environment, "nlu", project.assistant(), LEARNED)
    request = Request(project.assistant(), output=Path("models"), rasa=own_rasa(project.environment))
    Path("parts").mkdir()
    single = building.build(make_plan(request), single_parts=Path("parts")).single_parts["nlu"]
    again = project.build(sources=[single])
    assert project.jobs() == ["nlu"]
    assert again.reused["nlu"] == single.name
    assert set(json.loads(content(single)["metadata.json"])["predict_schema"]["nodes"]) == {
        "nlu_message_converter",
        "run_own.tokenizer.Tokenizer0",
        "run_KeywordIntentClassifier1",
        "run_RegexMessageHandler",
    }


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("helpers.py", "1", "2", "module helpers.py changed"),
        ("own/tokenizer.py", "words\n", "words  # a comment\n", "module own/tokenizer.py changed"),
        ("own/tokenizer.py", "from", "import more\nfrom", "module more.py added"),
        ("config.yml", "true", "false", "strict of own.tokenizer.Tokenizer true -> false"),
        ("data/nlu.yml", "    - hello\n    - hi\n", "    - hi\n    - hello\n", "order or names of what Rasa is"),
    ],
)
def test_a_change_of_what_rasa_is_given_makes_the_part_stale(
    name: str, old: str, new: str, reason: str, project: Project
) -> None:
    Path("more.py").write_text("")
    model = project.build().model
    assert project.check(model) == {}
    edit(name, old, new)
    stale = project.check(model)
    assert list(stale) == ["nlu"]
    assert any(found.startswith(reason) for found in stale["nlu"]), stale


def test_the_domain_does_not_count_for_nlu_which_rasa_trains_without_it(project: Project) -> None:
    model = project.build().model
    edit("domain.yml", "responses:", "slots:\n  s: {type: text, mappings: [{type: custom}]}\nresponses:")
    assert list(project.check(model)) == ["core"]


def test_another_rasa_makes_the_part_stale_and_no_other(project: Project) -> None:
    model = project.build().model
    other = own_rasa(write_environment(Path("other").absolute(), version="3.6.21+acme"))
    assert project.check(model, rasa=other) == {"nlu": ("Rasa 3.6.21 -> 3.6.21+acme",)}


def test_language_models_count_as_they_are_where_rasa_trains(project: Project) -> None:
    """A package of rebake's own environment has no part in this, and MITIE's model is a file."""
    Path("words.dat").write_bytes(b"1")
    edit(
        "config.yml",
        "- name: Key",
        "- name: SpacyNLP\n  model: en_words\n- name: MitieNLP\n  model: words.dat\n- name: Key",
    )
    [packages] = own_rasa(project.environment).environment.packages
    spacy_model = packages / "en_words-3.5.0.dist-info"
    spacy_model.mkdir()
    (spacy_model / "METADATA").write_text("Metadata-Version: 2.1\nName: en-words\nVersion: 3.5.0\n")
    model = project.build(learned={}).model
    (spacy_model / "METADATA").write_text("Metadata-Version: 2.1\nName: en-words\nVersion: 3.5.1\n")
    assert project.check(model) == {"nlu": ("version of model of SpacyNLP 3.5.0 -> 3.5.1",)}
    (spacy_model / "METADATA").write_text("Metadata-Version: 2.1\nName: en-words\nVersion: 3.5.0\n")
    assert project.check(model) == {}
    Path("words.dat").write_bytes(b"2")
    [reason] = project.check(model)["nlu"]
    assert reason.startswith("content of model of MitieNLP ")


def test_a_check_without_rasa_says_that_the_option_is_missing(project: Project) -> None:
    model = project.build().model
    reasons = project.check(model, rasa=None)
    assert reasons == {"nlu": ("the part in the model was trained by Rasa 3.6.21, and --rasa is not given",)}


def test_where_rebake_trains_everything_the_option_changes_nothing(project: Project) -> None:
    Path("config.yml").write_text(PLAIN)
    without = build(project.assistant(), output=Path("models"))
    assert project.check(without.model) == {}
    assert project.check(without.model, rasa=None) == {}
    build(project.assistant(), output=Path("models"), rasa=own_rasa(project.environment), force=True)
    assert project.jobs() == []


def test_nothing_that_rasa_trained_is_taken_for_rebakes(project: Project) -> None:
    """Rasa's weights come from its own seed: a component may be the same by options and data, and is not."""
    model = project.build().model
    Path("config.yml").write_text(PLAIN)
    result = build(project.assistant(), old=model, output=Path("models"))
    assert result.trained == ("nlu",)


def test_without_the_option_the_error_names_it(project: Project) -> None:
    with pytest.raises(UnsupportedError, match=r"config\.yml:5: .*rebake train --rasa PATH"):
        build(project.assistant(), output=Path("models"))
    edit("config.yml", "own.tokenizer.Tokenizer", "MitieTokenizer")
    with pytest.raises(UnsupportedError, match=r"config\.yml:5: .*rebake train --rasa PATH"):
        build(project.assistant(), output=Path("models"))


def test_what_rebake_refuses_is_left_to_rasa(project: Project) -> None:
    """MITIE, and options that Rasa takes and rebake does not, such as a tokenizer's beside a custom classifier."""
    edit("config.yml", "own.tokenizer.Tokenizer\n  strict: true", "MitieNLP\n- name: MitieTokenizer")
    project.build(learned={"train_KeywordIntentClassifier2/keywords.json": b"{}"})
    assert project.jobs() == ["nlu"]


def test_mistakes_in_the_other_components_are_still_errors(project: Project) -> None:
    edit("config.yml", "- name: KeywordIntentClassifier", "- name: KeywordIntentClassifier\n  case_sensitive: 5")
    with pytest.raises(DataError, match=r"config\.yml:8: The option case_sensitive"):
        project.build()
    assert project.jobs() == []


def test_a_module_that_is_missing_is_an_error_before_anything_runs(project: Project) -> None:
    Path("own/tokenizer.py").unlink()
    with pytest.raises(DataError, match=r"config\.yml:5: There is no module 'own\.tokenizer'"):
        project.build()
    assert project.jobs() == []


def test_end_to_end_stories_are_refused_with_the_story(project: Project) -> None:
    edit("data/stories.yml", "- intent: greet", "- user: hello there")
    with pytest.raises(UnsupportedError, match=r"data/stories\.yml:3: 's' contains texts.*own\.tokenizer\.Tokenizer"):
        project.build()
    assert project.jobs() == []
    alone = project.build(parts=frozenset({"nlu"}))  # which has no part in the stories
    assert alone.trained == ("nlu",)
    assert set(project.check(alone.model)) == {"core", "nlu", "nlg"}


def test_a_model_of_other_components_is_refused(project: Project) -> None:
    prepare_model(project.environment, "nlu", project.assistant(), LEARNED)
    edit(
        "config.yml",
        "- name: KeywordIntentClassifier\n",
        "- name: KeywordIntentClassifier\n- name: EntitySynonymMapper\n",
    )
    with pytest.raises(ModelError, match=r"where config\.yml lists"):
        build(project.assistant(), output=Path("models"), rasa=own_rasa(project.environment))


def test_core_that_learned_another_order_of_actions_is_refused(project: Project) -> None:
    Path("config.yml").write_text(CONFIG[: CONFIG.index("pipeline")] + POLICIES)
    edit("domain.yml", "responses:", "actions: [action_a, action_b]\nresponses:")
    prepare_model(project.environment, "core", project.assistant(), {})
    edit("domain.yml", "action_a, action_b", "action_b, action_a")
    with pytest.raises(ModelError, match="other actions"):
        build(project.assistant(), output=Path("models"), rasa=own_rasa(project.environment))


def test_a_failed_training_leaves_nothing_behind(project: Project) -> None:
    (project.environment / "behaviour.py").write_text("answer(error='No.'); sys.exit(1)")
    with pytest.raises(DataError, match=r"Rasa 3\.6\.21 cannot train NLU: No\."):
        project.build()
    assert not Path("models").exists()


def test_rebake_does_not_run_a_model_with_custom_classes(project: Project) -> None:
    archive = project.build().model
    with (
        load_model(archive) as model,
        pytest.raises(UnsupportedError, match=r"custom class 'own\.tokenizer\.Tokenizer', whose code rebake does not"),
    ):
        model.parse("hello")
